"""Raw sequences, normalised by the formulas of sheet F 16.1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from actors.strategy.pipeline.sequences import Normalisation, normalisation, normalise, raw_bars
from messages.errors import ConfigurationError, DataProviderError

pytestmark = pytest.mark.unit

BARS = np.array([[[9.0, 12.0, 8.0, 10.0, 4.0], [10.0, 13.0, 9.0, 12.0, 2.0]]])


@pytest.mark.golden
def test_returns_are_relative_to_the_first_close_and_volume() -> None:
    found = normalise(BARS, Normalisation.RETURNS)
    price, volume = 10 + 1e-8, 4 + 1e-8
    expected = [[[p / price - 1 for p in row[:4]] + [row[4] / volume - 1] for row in BARS[0]]]
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@pytest.mark.golden
def test_log_returns() -> None:
    found = normalise(BARS, Normalisation.LOG_RETURNS)
    price, volume = 10 + 1e-8, 4 + 1e-8
    expected = [
        [
            [math.log(p / price + 1e-8) for p in row[:4]] + [math.log(row[4] / volume + 1e-8)]
            for row in BARS[0]
        ]
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.golden
def test_minmax_is_by_channel_within_the_window() -> None:
    bars = np.concatenate([BARS, [[[9.5, 12.5, 8.0, 11.0, 3.0]]]], axis=1)
    bars[:, :, 2] = 8.0
    found = normalise(bars, Normalisation.MINMAX)
    expected = [[[0, 0, 0, 0, 1], [1, 1, 0, 1, 0], [0.5, 0.5, 0, 0.5, 0.5]]]
    np.testing.assert_array_equal(found, expected)


def test_none_is_a_copy_of_any_number_of_channels() -> None:
    bars = np.arange(12.0).reshape(2, 2, 3)
    found = normalise(bars, Normalisation.NONE)
    np.testing.assert_array_equal(found, bars)
    assert not np.shares_memory(found, bars)


@pytest.mark.parametrize("method", list(Normalisation))
def test_a_window_is_normalised_by_itself(method: Normalisation) -> None:
    other = BARS * np.array([3.0, 3.0, 3.0, 3.0, 7.0])
    together = normalise(np.concatenate([BARS, other]), method)
    np.testing.assert_array_equal(together[:1], normalise(BARS, method))
    np.testing.assert_array_equal(together[1:], normalise(other, method))


@pytest.mark.parametrize("method", list(Normalisation))
@pytest.mark.parametrize(
    "bars", [BARS[:, :1], np.where(BARS == 13.0, np.nan, BARS)], ids=["one bar", "a missing value"]
)
def test_what_is_not_whole_gives_no_prediction(method: Normalisation, bars: np.ndarray) -> None:
    assert np.isnan(normalise(bars, method)).all()


@pytest.mark.parametrize("method", [Normalisation.RETURNS, Normalisation.LOG_RETURNS])
def test_a_first_volume_of_zero_gives_no_prediction(method: Normalisation) -> None:
    bars = BARS.copy()
    bars[0, 0, 4] = 0.0
    assert np.isnan(normalise(bars, method)).all()
    assert np.isfinite(normalise(bars, Normalisation.MINMAX)).all()


@pytest.mark.parametrize("shape", [(2, 5), (1, 2, 4)])
def test_five_channels_are_mandatory(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataProviderError, match="open, high, low, close, volume"):
        normalise(np.ones(shape), Normalisation.RETURNS)


def test_columns_are_found_in_any_case_and_order() -> None:
    columns = {"Volume": [5.0], "CLOSE": [4.0], "low": [3.0], "High": [2.0], "open": [1.0], "extra": [9.0]}
    found = raw_bars({name: np.array(values) for name, values in columns.items()})
    assert found.tolist() == [[1.0, 2.0, 3.0, 4.0, 5.0]]
    with pytest.raises(DataProviderError, match="add low"):
        raw_bars({name: np.array(values) for name, values in columns.items() if name != "low"})


def test_methods_by_name() -> None:
    assert normalisation("log_returns") is Normalisation.LOG_RETURNS
    with pytest.raises(ConfigurationError, match="minmax"):
        normalisation("zscore")
