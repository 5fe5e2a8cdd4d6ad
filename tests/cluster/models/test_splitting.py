"""Walk-forward splits: what is tested was not known to what was learnt, whatever the data is like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cluster.models.splitting import LEAST_ROWS, walk_forward
from messages.errors import DataProviderError

pytestmark = [pytest.mark.unit, pytest.mark.property]


@given(
    rows=st.integers(300, 900),
    seed=st.integers(0, 1000),
    horizon=st.integers(1, 60),
    embargo=st.integers(0, 60),
    folds=st.integers(1, 4),
)
def test_no_label_reaches_into_what_is_tested(
    rows: int, seed: int, horizon: int, embargo: int, folds: int
) -> None:
    times = np.cumsum(np.random.default_rng(seed).integers(0, 6, rows))
    try:
        splits = walk_forward(times, times + horizon, folds, embargo)
    except DataProviderError:
        assume(False)
    assert len(splits) == folds
    tested = np.concatenate([split.test for split in splits])
    assert len(np.unique(tested)) == len(tested), "each row is tested at most once"
    assert (times[tested.min() :] >= times[tested].min()).all()
    assert len(tested) == (times >= times[tested].min()).sum(), "from the first test on all rows are tested"
    for split in splits:
        assert len(split.train) >= LEAST_ROWS
        begin = times[split.test].min()
        assert (times[split.train] + horizon + embargo <= begin).all()


def test_rows_of_one_moment_stay_together() -> None:
    times = np.repeat(np.arange(300, dtype=np.int64), 5)
    for split in walk_forward(times, times + 3, 4, 0):
        assert not set(times[split.test]) & set(times[split.train])
        assert len(split.test) % 5 == 0


def test_purging_takes_what_overlaps_and_nothing_more() -> None:
    times = np.arange(1000, dtype=np.int64)
    (split,) = walk_forward(times, times + 20, 1, 10)
    assert split.test[0] == 500
    assert split.train[-1] == 470


@pytest.mark.parametrize("count", [0, 1, 150])
def test_too_little_data_is_refused(count: int) -> None:
    times = np.arange(count, dtype=np.int64)
    with pytest.raises(DataProviderError, match="too little data for 4 folds"):
        walk_forward(times, times + 5, 4, 0)
