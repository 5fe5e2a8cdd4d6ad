"""Calibration: the slope of returns on what the desk will call z, over predictions of the unseen."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.pipeline.arrays import Floats, Ints
from actors.strategy.pipeline.prediction import PredictionSettings, Standardiser
from actors.strategy.pipeline.ranking import rank_scores
from cluster.models.calibrating import calibration_of, rank_correlation

pytestmark = pytest.mark.unit


def drawn(rows: int, symbols: int = 1, seed: int = 5) -> tuple[Ints, Ints, Floats]:
    random = np.random.default_rng(seed)
    times = np.repeat(np.arange(rows, dtype=np.int64), symbols)
    return times, np.tile(np.arange(symbols, dtype=np.int64), rows), random.normal(size=rows * symbols)


def z_of(raw: Floats) -> Floats:
    standardiser = Standardiser((1, 1, 1))
    return np.array([standardiser.standardise(np.full((1, 1, 1), each))[0, 0, 0] for each in raw])


def test_the_slope_is_the_return_per_unit_of_the_desks_own_z() -> None:
    times, symbols, raw = drawn(300)
    found = calibration_of(times, symbols, raw, 0.0007 * z_of(raw), overlap=1)
    assert found is not None
    assert found.slope == pytest.approx(0.0007)
    assert found.rmse == pytest.approx(0.0, abs=1e-12)
    assert found.ic > 0.8
    assert found.pairs == 298, "the first two have no z yet"
    assert found.window == PredictionSettings().window


def test_a_model_that_is_wrong_has_a_slope_below_zero() -> None:
    times, symbols, raw = drawn(300)
    found = calibration_of(times, symbols, raw, -raw, overlap=1)
    assert found is not None
    assert found.slope < 0.0
    assert found.ic == pytest.approx(-1.0)


def test_labels_that_overlap_are_counted_once() -> None:
    times, symbols, raw = drawn(302)
    found = calibration_of(times, symbols, raw, raw, overlap=12)
    assert found is not None
    assert found.pairs == 25


def test_symbols_have_a_scale_of_their_own() -> None:
    times, symbols, raw = drawn(200, symbols=2)
    larger = np.where(symbols == 1, 1000.0 * raw, raw)
    returns = np.empty_like(raw)
    for symbol in (0, 1):
        returns[symbols == symbol] = 0.001 * z_of(raw[symbols == symbol])
    found = calibration_of(times, symbols, larger, returns, overlap=1)
    assert found is not None
    assert found.slope == pytest.approx(0.001)


def test_the_slope_of_ranked_models_is_per_rank_as_the_pipeline_ranks() -> None:
    times, symbols, raw = drawn(120, symbols=6)
    ranks = np.concatenate([rank_scores(each) for each in raw.reshape(120, 6)])
    drifting = raw + 1000.0 * times  # what all symbols share is no word on any of them
    found = calibration_of(times, symbols, drifting, 0.0006 * ranks, overlap=1, ranked=True)
    assert found is not None
    assert found.slope == pytest.approx(0.0006)
    assert found.ic == pytest.approx(1.0)
    assert (found.pairs, found.ranked) == (720, True)
    assert calibration_of(*drawn(120, symbols=4), drawn(120, symbols=4)[2], overlap=1, ranked=True) is None


@pytest.mark.parametrize(
    ("predictions", "returns"),
    [
        ([1.0] * 40, list(range(40))),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
        ([np.nan] * 40, list(range(40))),
        ([], []),
    ],
)
def test_where_nothing_can_be_told_nothing_is(predictions: list[float], returns: list[float]) -> None:
    times = np.arange(len(predictions), dtype=np.int64)
    symbols = np.zeros(len(predictions), np.int64)
    assert calibration_of(times, symbols, np.array(predictions), np.array(returns, float), overlap=1) is None


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=40))
def test_the_rank_correlation_is_spearmans(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, np.float64).T
    found = rank_correlation(first, second)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(scipy.stats.spearmanr(first, second).statistic, abs=1e-12)
