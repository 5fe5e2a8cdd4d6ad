"""The table models learn from: the desk's own features, and a planted leak that is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.models import Target
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.features import FEATURES, bars_needed, feature_history
from cluster.models.bars import Bars
from cluster.models.dataset import Dataset, build_dataset, window_features
from cluster.models.leaks import require_no_lookahead
from messages.errors import DataProviderError, ModelLoadError
from tests.cluster.models.making import INTERVAL, made_bars

pytestmark = pytest.mark.unit


def without(bars: Bars, rows: list[int]) -> Bars:
    kept = np.delete(np.arange(len(bars)), rows)
    return replace(bars, closes=bars.closes[kept], values=bars.values[kept])


def dataset(*series: Bars, names: tuple[str, ...] | None = None) -> Dataset:
    return build_dataset(series, [Target.FORWARD_RETURN], {"15m": 3 * INTERVAL}, barrier=1.0, names=names)


def test_without_gaps_the_features_are_those_of_the_pipeline_to_the_bit() -> None:
    bars = made_bars(count=1400)
    assert np.array_equal(window_features(bars), feature_history(bars.values), equal_nan=True)


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(1, 398), max_size=6))
def test_a_short_gap_is_filled_as_the_desk_fills_it(missing: set[int]) -> None:
    bars = made_bars(count=400)
    filled = bars.values.copy()
    for row in sorted(missing):
        filled[row] = (*[filled[row - 1, 3]] * 4, 0.0)
    # up to 5 in a row are filled
    assert np.array_equal(
        window_features(without(bars, sorted(missing))),
        np.delete(feature_history(filled), sorted(missing), axis=0),
        equal_nan=True,
    ) or any({first + step for step in range(6)} <= missing for first in missing)


def test_behind_a_wide_gap_features_begin_anew() -> None:
    bars = made_bars(count=700)
    found = window_features(without(bars, list(range(300, 310))))
    whole = np.isfinite(found).all(axis=1)
    needed = bars_needed()
    assert not whole[: needed - 1].any()
    assert whole[needed - 1 : 300].all()
    assert not whole[300 : 300 + needed - 1].any()
    assert whole[300 + needed - 1 :].all()


def test_rows_are_in_the_order_of_time_and_symbol_with_their_own_labels() -> None:
    first, second = made_bars("BTC-USDT", 400, 1), made_bars("ETH-USDT", 400, 2)
    found = dataset(first, second)
    count = 400 - bars_needed() + 1
    assert found.names == ("BTC-USDT", "ETH-USDT")
    assert found.symbols.tolist() == [0, 1] * count
    assert (np.diff(found.times) >= 0).all()
    of_second = found.symbols == 1
    rows = np.searchsorted(second.closes, found.times[of_second])
    assert np.array_equal(found.x[of_second], window_features(second)[rows])
    closes = second.values[:, 3]
    label = found.y[Target.FORWARD_RETURN, "15m"][of_second]
    np.testing.assert_allclose(label[:-3], closes[rows[:-3] + 3] / closes[rows[:-3]] - 1.0)
    assert np.isnan(label[-3:]).all()
    assert found.known_until == int(second.closes[-1])


def test_features_that_the_data_does_not_have_are_left_out_or_refused_when_wanted() -> None:
    bars = made_bars(count=400)
    bars.values[:, 4] = np.nan  # bars of quotes
    found = dataset(bars)
    assert found.features == tuple(name for name in FEATURES if not name.startswith("volume_"))
    assert np.isfinite(found.x).all()
    with pytest.raises(DataProviderError, match="the data does not have this feature"):
        dataset(bars, names=("range", "volume_ratio"))
    with pytest.raises(DataProviderError, match="there is no such feature"):
        dataset(bars, names=("moon",))
    assert dataset(bars, names=("atr_14", "return_1")).features == ("return_1", "atr_14")


def test_data_in_which_no_bar_has_all_features_is_refused() -> None:
    bars = made_bars(count=400)
    bars.values[100:, 4] = np.nan  # when the longest features are known, those of the volume are no more
    with pytest.raises(DataProviderError, match="253 bars in a row"):
        dataset(bars)


# ---------------------------------------------------------------------- leaks


def returns(bars: Bars) -> Floats:
    close = bars.values[:, 3]
    return np.column_stack([np.r_[np.nan, close[1:] / close[:-1] - 1.0], close])


def peeking(bars: Bars) -> Floats:
    """The second feature is the return to come."""
    close = bars.values[:, 3]
    return np.column_stack([returns(bars)[:, 0], np.r_[close[1:] / close[:-1] - 1.0, 0.0]])


def scaled_by_all(bars: Bars) -> Floats:
    """A leak that is easily made: scaled by the mean and deviation of all data."""
    found = returns(bars)
    return (found - np.nanmean(found, axis=0)) / np.nanstd(found, axis=0)


def test_a_feature_that_peeks_is_found_and_named() -> None:
    with pytest.raises(ModelLoadError, match="the feature tomorrow looks ahead"):
        require_no_lookahead(made_bars(), peeking, ["today", "tomorrow"])


def test_scaling_by_all_data_is_found() -> None:
    with pytest.raises(ModelLoadError, match="looks ahead"):
        require_no_lookahead(made_bars(), scaled_by_all, ["today", "close"])


def test_honest_features_pass() -> None:
    bars = made_bars()
    assert np.array_equal(
        require_no_lookahead(bars, returns, ["today", "close"]), returns(bars), equal_nan=True
    )
    assert np.isfinite(require_no_lookahead(bars, window_features, FEATURES)[-1]).all()
