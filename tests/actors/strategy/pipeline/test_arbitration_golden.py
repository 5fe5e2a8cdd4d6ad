"""Golden values of sheet F sections 4 and 15: costs, edges, scores, the choice of a horizon.

Two semantics were decided otherwise than in the sheet (16.10, 3 and 4), and the values follow:
- Volatility is daily and scaled to the horizon. The sheet's `vol` of 0.01 is that of five minutes: with a day of 390
  minutes it is a daily volatility of 0.01 x sqrt(78), and gives the sheet's figures to the last bit but rounding.
- Net edge keeps the sign of alpha and is never below 0. The sheet's negative scores are those of the edge before that,
  which is what the best horizon is chosen by.
"""

from __future__ import annotations

import numpy as np
import pytest

from actors.strategy.pipeline.arbitration import (
    ACCEPTED,
    BELOW_THRESHOLD,
    NO_ALPHAS,
    REASONS,
    Arbitration,
    ArbitrationSettings,
    Costs,
    arbitrate,
    cost_shares,
    trading_costs,
)
from actors.strategy.pipeline.horizons import minutes_of, parse_horizons

pytestmark = [pytest.mark.unit, pytest.mark.golden]

SESSION = ArbitrationSettings(day_minutes=390)
MINUTES = minutes_of(parse_horizons(day_minutes=390))
FIVE_MINUTES = np.sqrt(390 / 5)
"""What a volatility of five minutes is multiplied by to be one of a day."""


def costs(spread: float, vol: float, planned: float = 0.0, adv: float = np.nan) -> Costs:
    one = np.ones(1)
    return trading_costs(MINUTES, spread * one, vol * FIVE_MINUTES * one, adv * one, planned * one, SESSION)


def arbitrated(alphas_bps: list[float], spread: float, vol: float) -> Arbitration:
    alpha = np.full((1, len(MINUTES)), np.nan)
    alpha[0, : len(alphas_bps)] = np.array(alphas_bps) / 10_000
    return arbitrate(alpha, MINUTES, np.array([spread]), costs(spread, vol), SESSION)


def test_the_spread_alone() -> None:
    assert costs(5.0, 0.0).total.tolist() == [[5.0] * 6]


def test_costs_over_all_horizons() -> None:
    expected = [
        17,
        23.213203435596427,
        27.980762113533157,
        38.74234614174767,
        53.96152422706631,
        134.47641299491772,
    ]
    np.testing.assert_allclose(costs(2.0, 0.01).total[0], expected, rtol=1e-14)


def test_a_daily_volatility_is_scaled_to_the_horizon() -> None:
    found = trading_costs(MINUTES, np.array([2.0]), np.array([0.01]), np.ones(1), np.zeros(1), SESSION)
    # over the day itself 0.15 x 100 bps, over five minutes 1 / sqrt(78) of it
    assert found.timing[0, -1] == pytest.approx(15.0, rel=1e-15)
    assert found.timing[0, 0] == pytest.approx(15.0 / np.sqrt(78), rel=1e-14)


@pytest.mark.parametrize(
    ("planned", "expected"), [(100e3, 10.0), (1e6, 31.622776601683796), (-100e3, 10.0), (0.0, 0.0)]
)
def test_impact(planned: float, expected: float) -> None:
    assert costs(0.0, 0.0, planned, 10e6).impact[0].tolist() == [pytest.approx(expected, rel=1e-15)] * 6


def test_small_alphas_have_a_best_horizon_but_are_held() -> None:
    found = arbitrated([10.0, 20.0, 15.0], 2.0, 0.01)
    edge_scores = found.edge_bps[0, :3] / np.sqrt(MINUTES[:3] / 5)
    np.testing.assert_allclose(edge_scores, [-7, -2.272077938642145, -7.494446500534864], rtol=1e-12)
    assert found.score[0, :3].tolist() == [0.0, 0.0, 0.0]
    assert (found.best[0], found.chosen[0], found.direction[0]) == (1, -1, 0)
    assert found.threshold[0] == 3.0
    assert REASONS[found.reason[0]] == "score_below_threshold"


@pytest.mark.parametrize("sign", [1, -1])
def test_fifty_bps_are_traded_either_way(sign: int) -> None:
    found = arbitrated([sign * 50.0], 2.0, 0.01)
    assert found.score[0, 0] == pytest.approx(sign * 33.0, rel=1e-13)
    assert (found.chosen[0], found.direction[0], found.reason[0]) == (0, sign, ACCEPTED)


def test_a_tenth_of_a_bp_is_held() -> None:
    found = arbitrated([0.1], 10.0, 0.02)
    assert (found.chosen[0], found.reason[0]) == (-1, BELOW_THRESHOLD)


def test_no_alpha_is_said_so() -> None:
    found = arbitrated([], 2.0, 0.01)
    assert (found.best[0], found.chosen[0], found.direction[0], found.reason[0]) == (-1, -1, 0, NO_ALPHAS)
    assert REASONS[NO_ALPHAS] == "no_alphas"


@pytest.mark.parametrize(("alpha", "traded"), [(5.0, True), (4.999, False)])
def test_the_threshold_itself_is_enough(alpha: float, traded: bool) -> None:
    """Spread 2: a cost of 2 and a threshold of 3."""
    assert arbitrated([alpha], 2.0, 0.0).chosen[0] == (0 if traded else -1)


def test_a_cost_share_is_in_deviations_of_the_horizon() -> None:
    found = cost_shares(costs(2.0, 0.01))
    assert found[0, 0] == pytest.approx(17 / 100, rel=1e-14)
