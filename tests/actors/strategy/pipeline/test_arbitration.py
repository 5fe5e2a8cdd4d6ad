"""Arbitration: costs only ever take from an edge, both sides are alike, and what is missing never trades."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.pipeline.arbitration import (
    ACCEPTED,
    MISSING_SPREAD,
    MISSING_VOLATILITY,
    MISSING_VOLUME,
    NO_ALPHAS,
    REASONS,
    Arbitration,
    ArbitrationSettings,
    arbitrate,
    horizon_preference,
    trading_costs,
)
from actors.strategy.pipeline.horizons import minutes_of, parse_horizons
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

MINUTES = minutes_of(parse_horizons())
ANY = st.one_of(st.floats(0, 1e4), st.sampled_from([np.nan, np.inf, -1.0, 0.0]))


def arbitrated(alpha: np.ndarray, market: np.ndarray) -> Arbitration:
    """Of alpha[S,H] and market[S,4]: spread, volatility, volume, planned."""
    spread, volatility, adv, planned = np.ascontiguousarray(market.T)
    return arbitrate(alpha, MINUTES, spread, trading_costs(MINUTES, spread, volatility, adv, planned))


def drawn(seed: int, symbols: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    alpha = rng.normal(0, 3e-3, (symbols, len(MINUTES)))
    alpha[rng.random(alpha.shape) < 0.3] = np.nan
    market = np.stack(
        [
            rng.uniform(0, 10, symbols),
            rng.uniform(0, 0.1, symbols),
            rng.uniform(1e5, 1e8, symbols),
            rng.uniform(0, 1e5, symbols),
        ],
        axis=1,
    )
    market[rng.random(market.shape) < 0.05] = np.nan
    return alpha, market


@pytest.mark.property
@settings(deadline=None)
@given(
    alpha=st.lists(
        st.one_of(st.floats(-0.5, 0.5), st.sampled_from([np.nan, np.inf, -np.inf])), min_size=6, max_size=6
    ),
    market=st.tuples(ANY, st.one_of(st.floats(0, 1), st.just(np.nan)), ANY, ANY),
)
def test_only_an_edge_above_costs_and_threshold_trades(alpha: list[float], market: tuple[float, ...]) -> None:
    found = arbitrated(np.array([alpha]), np.array([market]))
    chosen = found.chosen[0]
    assert (chosen >= 0) == (found.direction[0] != 0) == (found.reason[0] == ACCEPTED)
    if chosen < 0:
        return
    assert np.isfinite([alpha[chosen], *market[:2]]).all()
    assert min(market[:2]) >= 0.0
    assert found.direction[0] == np.sign(alpha[chosen])
    net = abs(alpha[chosen]) * 1e4 - found.costs.total[0, chosen]
    assert abs(found.net_bps[0, chosen]) == pytest.approx(net, rel=1e-12)
    assert net / np.sqrt(MINUTES[chosen] / 5) >= 2.0 + 0.5 * market[0] - 1e-9
    assert found.best[0] == chosen


@pytest.mark.property
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_shorts_are_treated_like_longs(seed: int) -> None:
    alpha, market = drawn(seed, 8)
    long, short = arbitrated(alpha, market), arbitrated(-alpha, market)
    np.testing.assert_array_equal(short.score, -long.score)
    np.testing.assert_array_equal(short.direction, -long.direction)
    np.testing.assert_array_equal(short.chosen, long.chosen)


@pytest.mark.property
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 100_000), column=st.integers(0, 3), factor=st.floats(1, 100))
def test_more_cost_never_makes_a_trade(seed: int, column: int, factor: float) -> None:
    """A wider spread, more volatility, less volume, a larger order."""
    alpha, market = drawn(seed, 8)
    dearer = market.copy()
    dearer[:, column] *= 1 / factor if column == 2 else factor
    before, after = arbitrated(alpha, market), arbitrated(alpha, dearer)
    assert (np.isnan(before.net_bps) | (np.abs(after.net_bps) <= np.abs(before.net_bps) + 1e-9)).all()
    assert not ((after.chosen >= 0) & (before.chosen < 0)).any()


@pytest.mark.property
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_one_symbol_alone_has_the_bits_it_has_among_many(seed: int) -> None:
    alpha, market = drawn(seed, 20)
    together = arbitrated(alpha, market)
    order = np.random.default_rng(seed).permutation(20)
    for symbols in [*(slice(symbol, symbol + 1) for symbol in range(20)), order]:
        found = arbitrated(alpha[symbols], market[symbols])
        for mine, theirs in zip(
            (*found.costs, *found[1:-1]), (*together.costs, *together[1:-1]), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs[symbols])


@pytest.mark.parametrize(
    ("market", "reason"),
    [
        ((np.nan, 0.02, 1e7, 1e4), MISSING_SPREAD),
        ((-1.0, 0.02, 1e7, 1e4), MISSING_SPREAD),
        ((np.inf, np.nan, 1e7, 1e4), MISSING_SPREAD),
        ((2.0, np.nan, 1e7, 1e4), MISSING_VOLATILITY),
        ((2.0, 0.02, np.nan, 1e4), MISSING_VOLUME),
        ((2.0, 0.02, 0.0, 1e4), MISSING_VOLUME),
        ((2.0, 0.02, np.inf, 1e4), MISSING_VOLUME),
        ((2.0, 0.02, 1e7, np.inf), MISSING_VOLUME),
        ((2.0, 0.02, 1e7, np.nan), MISSING_VOLUME),
        ((2.0, 0.02, np.nan, 0.0), ACCEPTED),
    ],
)
def test_what_is_not_known_is_named_and_does_not_trade(market: tuple[float, ...], reason: int) -> None:
    found = arbitrated(np.full((1, 6), 0.05), np.array([market]))
    assert REASONS[found.reason[0]] == REASONS[reason]
    assert found.chosen[0] == (0 if reason == ACCEPTED else -1)


def test_reasons_read_as_the_desk_writes_them() -> None:
    assert REASONS == (
        "accepted",
        "no_alphas",
        "missing:spread",
        "missing:volatility",
        "missing:volume",
        "score_below_threshold",
    )


@pytest.mark.parametrize("alpha", [np.inf, -np.inf, np.nan])
def test_an_alpha_that_is_no_number_is_none(alpha: float) -> None:
    found = arbitrated(np.full((1, 6), alpha), np.array([[2.0, 0.02, 1e7, 1e4]]))
    assert found.reason[0] == NO_ALPHAS
    assert np.isnan(found.score).all()


def test_no_alpha_comes_before_what_else_is_missing() -> None:
    assert arbitrated(np.full((1, 6), np.nan), np.full((1, 4), np.nan)).reason[0] == NO_ALPHAS


def test_the_shortest_of_equal_horizons_is_chosen() -> None:
    """Without costs, alphas that grow with the root of time have equal scores."""
    alpha = (10e-4 * np.sqrt(MINUTES[:2] / 5))[None]
    alpha[0, 1] = np.nextafter(alpha[0, 1], 0)
    free = trading_costs(MINUTES[:2], np.zeros(1), np.zeros(1), np.ones(1), np.zeros(1))
    found = arbitrate(alpha, MINUTES[:2], np.zeros(1), free)
    assert found.chosen[0] == 0
    assert arbitrate(np.zeros((1, 2)), MINUTES[:2], np.zeros(1), free).best[0] == 0


def test_a_threshold_of_zero_still_needs_an_edge() -> None:
    settings = ArbitrationSettings(threshold_bps=0.0, threshold_per_spread=0.0)
    costs = trading_costs(MINUTES, np.ones(1), np.zeros(1), np.ones(1), np.zeros(1), settings)
    assert arbitrate(np.full((1, 6), 1e-4), MINUTES, np.ones(1), costs, settings).chosen[0] == -1
    assert arbitrate(np.full((1, 6), 1.01e-4), MINUTES, np.ones(1), costs, settings).chosen[0] == 0


@pytest.mark.parametrize("name", ["spread_weight", "timing_weight", "impact_weight", "threshold_bps"])
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_settings_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"arbitration.{name}"):
        ArbitrationSettings(**{name: value})


def test_a_day_has_minutes() -> None:
    with pytest.raises(ConfigurationError, match="day has no minutes"):
        ArbitrationSettings(day_minutes=0)


@pytest.mark.property
@settings(deadline=None)
@given(seed=st.integers(0, 2**31), share=st.floats(0, 0.3))
def test_what_horizons_have_paid_chooses_among_trades_and_makes_none(seed: int, share: float) -> None:
    alpha, market = drawn(seed, 40)
    draw = np.random.default_rng(seed)
    weights = draw.dirichlet(np.ones(len(MINUTES)), 40)
    preference = horizon_preference(weights, np.full(40, share))
    assert np.all(preference >= 1.0 - share)
    assert np.all(preference <= 1.0 + share * (len(MINUTES) - 1) + 1e-12)
    spread, volatility, adv, planned = np.ascontiguousarray(market.T)
    costs = trading_costs(MINUTES, spread, volatility, adv, planned)
    plain = arbitrate(alpha, MINUTES, spread, costs)
    learned = arbitrate(alpha, MINUTES, spread, costs, preference=preference)
    np.testing.assert_array_equal(plain.chosen >= 0, learned.chosen >= 0)
    np.testing.assert_array_equal(plain.reason, learned.reason)
    np.testing.assert_array_equal(plain.score, learned.score)
    traded = learned.chosen >= 0
    np.testing.assert_array_equal(plain.best[~traded], learned.best[~traded])
    rows = np.flatnonzero(traded)
    chosen, best = learned.chosen[rows], plain.chosen[rows]
    score = np.abs(learned.score)
    assert np.all(score[rows, chosen] >= learned.threshold[rows])
    assert np.all(
        score[rows, chosen] * preference[rows, chosen] >= score[rows, best] * preference[rows, best] - 1e-12
    )


def test_of_two_horizons_worth_a_trade_the_one_that_has_paid_is_taken() -> None:
    minutes = np.array([5.0, 10.0])
    alpha = np.array([[10e-4, 13.6e-4]] * 3)  # scores 10 and 9.6: nearly alike
    spread, still = np.zeros(3), np.zeros(3)
    costs = trading_costs(minutes, spread, still, np.full(3, 1e6), still)
    weights = np.array([[0.5, 0.5], [0.2, 0.8], [0.0, 1.0]])
    chosen = arbitrate(
        alpha, minutes, spread, costs, preference=horizon_preference(weights, np.array([0.3, 0.3, 0.0]))
    )
    assert chosen.chosen.tolist() == [0, 1, 0], "equal weights and no share leave the choice to the score"
