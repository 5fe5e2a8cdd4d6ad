"""Features against an independent computation in pandas, and what must hold of each whatever the bars are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.pipeline.features import (
    FEATURES,
    bars_needed,
    feature_columns,
    feature_history,
    features,
)
from messages.errors import ConfigurationError, DataProviderError

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.unit

LENGTH = 253
RECORDED = Path(__file__).parents[5] / "shared" / "data" / "freqtrade" / "ETH_BTC-5m.feather"


def walk(seed: int, bars: int = LENGTH, symbols: int = 1, scale: float = 2e-3) -> np.ndarray:
    """float64[S,L,5] of bars as a market could write them."""
    rng = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(rng.normal(0, scale, (symbols, bars)), axis=1))
    opened = np.concatenate([close[:, :1], close[:, :-1]], axis=1)
    high = np.maximum(opened, close) * (1 + rng.exponential(scale, close.shape))
    low = np.minimum(opened, close) / (1 + rng.exponential(scale, close.shape))
    return np.stack([opened, high, low, close, rng.lognormal(3, 1, close.shape)], axis=2)


def by_pandas(bars: np.ndarray) -> pd.DataFrame:
    """The same features written once more, from the formulas of the table."""
    frame = pd.DataFrame(bars, columns=["open", "high", "low", "close", "volume"])
    close, volume = frame.close, frame.volume
    change, before = close.pct_change(), close.shift(1)
    out = {f"return_{n}": close.pct_change(n) for n in (1, 5, 10, 20, 60)}
    out |= {f"volatility_{n}": change.rolling(n).std() for n in (5, 10, 20, 60)}
    for n in (7, 14, 21):
        up = close.diff().clip(lower=0).rolling(n).mean()
        down = (-close.diff()).clip(lower=0).rolling(n).mean()
        out[f"rsi_{n}"] = 100 - 100 / (1 + up / down)
    out |= {f"ma_ratio_{n}": close / before.rolling(n).mean() - 1 for n in (10, 20, 50)}
    middle, deviation = before.rolling(20).mean(), before.rolling(20).std(ddof=0)
    lower, upper = middle - 2 * deviation, middle + 2 * deviation
    out |= {
        "bollinger_position": (close - lower) / (upper - lower),
        "bollinger_width": (upper - lower) / middle,
    }

    def average(period: int, bars: int):
        return lambda values: values.rolling(bars).apply(lambda x: x.ewm(span=period).mean().iloc[-1])

    line = average(12, 104)(close) - average(26, 104)(close)
    signal = average(9, 36)(line)
    out |= {"macd": line / close, "macd_signal": signal / close, "macd_histogram": (line - signal) / close}
    for n in (5, 10, 20):
        out[f"momentum_{n}"] = (
            np.log(close).rolling(n + 1).apply(lambda y, n=n: np.polyfit(np.arange(n + 1), y, 1)[0] * n)
        )
    true_range = pd.concat(
        [frame.high - frame.low, (frame.high - before).abs(), (frame.low - before).abs()], axis=1
    ).max(axis=1, skipna=False)
    out |= {"atr_14": true_range.rolling(14).mean() / close, "range": (frame.high - frame.low) / close}
    out |= {
        "volume_ratio": volume / volume.shift(1).rolling(20).mean(),
        "volume_change": volume.pct_change(),
        "year_high_distance": close / frame.high.shift(1).rolling(252).max() - 1,
        "year_low_distance": close / frame.low.shift(1).rolling(252).min() - 1,
    }
    return pd.DataFrame(out)


def test_there_are_29_of_them() -> None:
    assert len(FEATURES) == len(set(FEATURES)) == 29


@pytest.mark.parametrize("seed", [1, 2])
def test_they_are_what_pandas_finds(seed: int) -> None:
    bars = walk(seed, bars=300)[0]
    expected = by_pandas(bars)
    assert tuple(expected) == FEATURES
    np.testing.assert_allclose(feature_history(bars), expected.to_numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.integration
def test_they_are_what_pandas_finds_on_recorded_bars() -> None:
    if not RECORDED.exists():
        pytest.skip("skipped: no recorded data")
    frame = pd.read_feather(RECORDED, columns=["open", "high", "low", "close", "volume"])
    bars = frame.to_numpy(dtype=np.float64)[5_000:5_400]
    found, expected = feature_history(bars), by_pandas(bars).to_numpy(copy=True)
    # a volume of zero before this one gives no change here, an infinite one there
    expected[~np.isfinite(expected)] = np.nan
    # rolling sums of pandas carry the rounding of what has left them
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", FEATURES)
def test_each_needs_as_many_bars_as_it_says_and_looks_no_further(name: str) -> None:
    column = feature_columns([name])
    bars, needed = walk(3), bars_needed([name])
    whole = features(bars)[:, column]
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(features(bars[:, -needed:])[:, column], whole)
    if needed > 1:
        assert np.isnan(features(bars[:, 1 - needed :])[:, column]).all()
    changed = bars.copy()
    changed[:, :-needed] = walk(4)[:, :-needed]
    np.testing.assert_array_equal(features(changed)[:, column], whole)


def test_one_more_bar_folded_is_the_same_as_all_anew() -> None:
    bars = walk(5, bars=400)[0]
    history = feature_history(bars)
    for end in (1, 61, 139, 252, 253, 254, 400):
        np.testing.assert_array_equal(features(bars[None, max(0, end - LENGTH) : end])[0], history[end - 1])


def test_nothing_after_a_bar_changes_its_features() -> None:
    bars = walk(6, bars=320)[0]
    later = bars.copy()
    later[300:] = walk(7, bars=20)[0]
    np.testing.assert_array_equal(feature_history(bars)[:300], feature_history(later)[:300])


@pytest.mark.property
@pytest.mark.parametrize("symbols", [2, 7, 64])
def test_one_symbol_alone_has_the_bits_it_has_among_many(symbols: int) -> None:
    bars = walk(8, symbols=symbols)
    bars[1, :200] = np.nan
    together = features(bars)
    for symbol in range(symbols):
        np.testing.assert_array_equal(features(bars[symbol : symbol + 1])[0], together[symbol])
    order = np.random.default_rng(1).permutation(symbols)
    np.testing.assert_array_equal(features(bars[order]), together[order])


def test_the_layout_of_the_bars_in_memory_does_not_matter() -> None:
    bars = walk(9, symbols=64)
    expected = features(bars)
    for layout in (np.asfortranarray(bars), np.ascontiguousarray(bars.transpose(2, 0, 1)).transpose(1, 2, 0)):
        np.testing.assert_array_equal(features(layout), expected)


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-6, 1e6), volume=st.floats(1e-6, 1e6))
def test_the_level_of_prices_and_volumes_does_not_matter(seed: int, factor: float, volume: float) -> None:
    bars = walk(seed)
    scaled = bars * np.array([factor] * 4 + [volume])
    np.testing.assert_allclose(features(scaled), features(bars), rtol=1e-7, atol=1e-12)


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000), holes=st.lists(st.tuples(st.integers(0, 252), st.integers(0, 4)), max_size=6)
)
def test_a_missing_bar_blanks_what_needs_it_and_nothing_else(seed: int, holes: list[tuple[int, int]]) -> None:
    bars = walk(seed)
    expected = features(bars)[0]
    for bar, channel in holes:
        bars[0, bar, channel] = np.nan
    found = features(bars)[0]
    present = np.isfinite(found)
    np.testing.assert_array_equal(found[present], expected[present])
    closes = [LENGTH - bar for bar, channel in holes if channel == 3]
    for index, name in enumerate(FEATURES[:23]):
        assert present[index] == all(age > bars_needed([name]) for age in closes), name


def test_a_market_that_does_not_move_has_no_rsi_bands_or_ratio() -> None:
    bars = np.tile([7.3, 7.3, 7.3, 7.3, 0.0], (1, LENGTH, 1))
    found = dict(zip(FEATURES, features(bars)[0], strict=True))
    undefined = {name for name, value in found.items() if np.isnan(value)}
    assert undefined == {
        "rsi_7",
        "rsi_14",
        "rsi_21",
        "bollinger_position",
        "bollinger_width",
        "volume_ratio",
        "volume_change",
    }
    assert all(value == 0.0 for name, value in found.items() if name not in undefined)


def test_a_bar_is_not_compared_with_itself() -> None:
    """A new high is above the high of the year before it; a burst is many times the volume before it."""
    bars = np.tile([10.0, 10.0, 10.0, 10.0, 5.0], (1, LENGTH, 1))
    bars[0, -1] = [10.0, 12.0, 10.0, 12.0, 500.0]
    found = dict(zip(FEATURES, features(bars)[0], strict=True))
    for name in ("year_high_distance", "year_low_distance", "ma_ratio_10", "ma_ratio_20", "ma_ratio_50"):
        assert found[name] == pytest.approx(0.2, rel=1e-12), name
    assert found["volume_ratio"] == 100.0
    assert found["volume_change"] == 99.0


def test_prices_that_are_none_have_no_features() -> None:
    bars = walk(10)
    bars[0, -1, :4] = 0.0
    found = features(bars)[0]
    assert np.isnan(found[FEATURES.index("return_1")])
    assert not np.isinf(found).any()


@pytest.mark.parametrize("shape", [(5,), (10, 5), (1, 10, 4), (1, 1, 10, 5)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataProviderError, match="open, high, low, close, volume"):
        features(np.ones(shape))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="return_1"):
        feature_columns(["return_1", "return_2"])
