"""The gates' golden values of the reference sheets F, H and T."""

from __future__ import annotations

import numpy as np
import pytest

from actors.strategy.pipeline.gating import (
    BarrierSettings,
    GateSettings,
    SpreadSettings,
    bad_tick_measures,
    barrier_probability,
    ensure_known,
    evaluate,
    texts,
)
from actors.strategy.pipeline.gating.gates import bad_tick, barrier, barrier_factor, fees, spread
from messages.errors import GatingError
from tests.actors.strategy.pipeline.gate_market import SECOND, filled, good

pytestmark = [pytest.mark.unit, pytest.mark.golden]

DEFAULT = GateSettings()


@pytest.mark.parametrize(
    ("p_peak", "p_valley", "factor"),
    [
        (0.1, 0.0, 0.6363961030678928),
        (0.5, 0.0, 0.3535533905932738),
        (0.3, 0.3, 0.5643580423808985),
        (0.1, 0.8, 0.8538149682454624),
        (0.6, 0.0, 0.28284271247461906),
        (0.0, 1.0, 1.0),
    ],
)
def test_the_barrier_factor_of_a_long(p_peak: float, p_valley: float, factor: float) -> None:
    verdict = barrier(good(p_peak=p_peak, p_valley=p_valley), DEFAULT)
    assert verdict.allowed[0]  # 0.6 is not above 0.6
    assert verdict.factor[0] == pytest.approx(factor, rel=1e-14)


def test_the_roles_are_swapped_for_a_short() -> None:
    verdict = barrier(good(direction=-1, p_peak=0.8, p_valley=0.1), DEFAULT)
    assert verdict.factor[0] == pytest.approx(0.8538149682454624, rel=1e-14)


def test_a_peak_of_0_7_blocks_a_long() -> None:
    verdict = barrier(good(p_peak=0.7), DEFAULT)
    assert (verdict.allowed[0], verdict.factor[0], texts(verdict.code)) == (False, 0.0, ["peak_prob"])


def test_the_reduction_is_linear_in_the_peak() -> None:
    reduction = barrier_factor(np.array([0.0, 0.5, 1.0]), np.ones(3), least=0.0)
    assert reduction.tolist() == [1.0, 0.5, 0.0]


def test_missing_barrier_models_are_unknown_and_not_the_0_3_that_scales_all_by_0_564() -> None:
    verdict = barrier(good(p_peak=np.nan, p_valley=np.nan), DEFAULT)
    assert (verdict.allowed[0], verdict.factor[0], texts(verdict.code)) == (False, 0.0, ["missing:p_peak"])


@pytest.mark.parametrize(
    ("raw", "probability"),
    [(0.0, 0.5), (0.1, 0.6224593312018546), (-0.1, 0.3775406687981454)],
)
def test_the_probability_of_a_raw_output(raw: float, probability: float) -> None:
    assert barrier_probability(filled(raw))[0] == pytest.approx(probability, rel=1e-14)


def test_the_raw_output_above_which_a_peak_blocks() -> None:
    edge = 0.08109302162163284
    found = barrier_probability(np.array([edge - 1e-9, edge + 1e-9]))
    assert (found > BarrierSettings().block_peak).tolist() == [False, True]


def test_a_spread_of_15_is_blocked_by_a_limit_of_10() -> None:
    limited = GateSettings(spread=SpreadSettings(max_spread_bps=10.0))
    assert texts(spread(good(spread_bps=15), limited).code) == ["wide_spread"]
    assert spread(good(spread_bps=10), limited).allowed[0]


def test_a_quote_of_a_second_is_too_old_for_a_limit_of_200_ms() -> None:
    limited = GateSettings(spread=SpreadSettings(max_quote_age_ns=200_000_000))
    assert texts(spread(good(quote_age_ns=SECOND), limited).code) == ["stale_quote"]
    assert spread(good(quote_age_ns=0.2 * SECOND), limited).allowed[0]


def test_strict_mode_raises_for_what_is_missing_and_not_for_what_is_refused() -> None:
    # the original raised for a wide spread as well; an answer that is known is an answer, not an error
    ensure_known(evaluate(good(spread_bps=15), DEFAULT), 0, "BTC-USDT")
    unknown = evaluate(good(spread_bps=np.nan), DEFAULT)
    with pytest.raises(GatingError, match=r"gates.spread.*BTC-USDT.*missing:spread"):
        ensure_known(unknown, 0, "BTC-USDT")


@pytest.mark.parametrize(
    ("edge", "allowed"),
    [(11.99, False), (12.0, True), (-40.0, False)],  # 2 x 1.5 x 4 bps
)
def test_the_edge_pays_for_one_and_a_half_round_trips(edge: float, allowed: bool) -> None:
    assert fees(good(edge_bps=edge), DEFAULT).allowed[0] == allowed


def ticks(close: float, volume: float, bars: int = 21) -> np.ndarray:
    """Bars at 100 with volume 1,000, and a last one."""
    flat = np.tile([100.0, 100.0, 100.0, 100.0, 1_000.0], (1, bars, 1))
    flat[0, -1] = [close, close, close, close, volume]
    return flat


@pytest.mark.parametrize(
    ("close", "volume", "said"),
    [
        (115.0, 50.0, "price_outlier"),
        (85.0, 50.0, "price_outlier"),
        (115.0, 5_000.0, "accepted"),
        (110.0, 50.0, "accepted"),
        (115.0, 100.0, "accepted"),
        (115.0, 99.0, "price_outlier"),
    ],
)
def test_a_jump_without_volume_is_a_bad_tick(close: float, volume: float, said: str) -> None:
    deviation, ratio = bad_tick_measures(ticks(close, volume))
    verdict = bad_tick(good(price_deviation=deviation, volume_ratio=ratio, bars=21), DEFAULT)
    assert texts(verdict.code) == [said]


def test_fewer_than_21_bars_are_not_judged() -> None:
    deviation, ratio = bad_tick_measures(ticks(200.0, 0.0, bars=20))
    verdict = bad_tick(good(price_deviation=deviation, volume_ratio=ratio, bars=20), DEFAULT)
    assert (verdict.allowed[0], texts(verdict.code)) == (True, ["too_few_bars"])
