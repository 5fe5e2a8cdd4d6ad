"""The small tools of the stages: they say what numpy says, for one symbol as for many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.pipeline.arrays import every, picked, some, sum_first
from actors.strategy.pipeline.rings import Rings

pytestmark = pytest.mark.unit

SHAPES = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)


@pytest.mark.property
@given(SHAPES, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_every_and_some_are_all_and_any(shape: tuple[int, ...], seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    for each in (mask, mask.T, mask[::-1]):
        assert every(each) is bool(each.all())
        assert some(each) is bool(each.any())


@pytest.mark.property
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_sum_along_the_first_axis_is_one_after_the_other_for_any_number_of_series(
    count: int, series: int, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=(count, series)) * 1e3
    together = sum_first(values)
    for column in range(series):
        total = 0.0
        for each in values[:, column].tolist():
            total += each
        assert together[column] == total
        assert sum_first(np.ascontiguousarray(values[:, column : column + 1])).tolist() == [total]


def test_a_column_is_picked_for_each_symbol_and_none_for_those_below_zero() -> None:
    values = np.arange(6.0).reshape(3, 2)
    assert picked(values, np.array([1, 0, 1])).tolist() == [1.0, 2.0, 5.0]
    found = picked(values, np.array([1, -1, 0]))
    assert found[[0, 2]].tolist() == [1.0, 4.0]
    assert np.isnan(found[1])


@pytest.mark.property
@given(
    st.integers(1, 4),
    st.lists(st.one_of(st.none(), st.lists(st.integers(0, 5), unique=True, max_size=6)), max_size=12),
)
def test_rings_pushed_as_a_whole_are_as_rings_pushed_one_by_one(
    length: int, pushes: list[list[int] | None]
) -> None:
    """None is a push of every series; a list one of these series alone. A copy from the state goes on alike."""
    whole, single = Rings(length, (2, 3)), Rings(length, (2, 3))
    random = np.random.default_rng(len(pushes))
    for each in pushes:
        values = random.normal(size=6)
        series = np.array(range(6) if each is None else each, dtype=np.int64)
        if each is None:
            replaced = whole.push_all(values.reshape(2, 3)).reshape(-1)
        else:
            replaced = whole.push(values[series], series)
        one_by_one = [single.push(values[[place]], np.array([place]))[0] for place in series]
        assert np.array_equal(replaced, one_by_one, equal_nan=True)
        assert whole.to_state() == single.to_state()
        assert whole.full == bool((whole.counts() == length).all())
        whole = Rings.from_state(whole.to_state())
