"""Who is fit for which tier, row by row; scores; and how slowly anything follows from it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.operations.universe.eligibility import CHECKS, fitness
from actors.operations.universe.scoring import ranked, scores
from actors.operations.universe.selecting import Before, judge, moves
from actors.operations.universe.settings import (
    TIERS,
    Candidate,
    NearMiss,
    Override,
    Steadiness,
    TierRule,
    UniverseMode,
    UniverseSettings,
    Weights,
)
from messages.reasons import Reason
from messages.universe import SymbolFigures, Tier
from tests.actors.operations.universe.market import BTC, ETH, SOL, XRP, candidate, market, settings

pytestmark = pytest.mark.unit

CORE, SATELLITE, TACTICAL = Tier
WIDE_OPEN = tuple(msgspec.structs.replace(rule, most=10) for rule in TIERS)
NOBODY = Before(frozenset(), {}, {}, ())
DYNAMIC = UniverseMode.DYNAMIC


@pytest.mark.parametrize(
    ("changes", "tiers", "reason", "detail"),
    [
        ({}, (CORE, SATELLITE, TACTICAL), Reason.ELIGIBLE, ""),
        ({"volume": 10e6, "spread_bps": 20.0, "depth": 100e3}, tuple(Tier), Reason.ELIGIBLE, ""),
        ({"volume": 9.99e6}, (SATELLITE, TACTICAL), Reason.ELIGIBLE, ""),
        ({"volume": 7.99e6}, (), Reason.LOW_VOLUME, "volume 7,990,000 < 8,000,000 (tactical)"),
        ({"spread_bps": 20.1}, (SATELLITE, TACTICAL), Reason.ELIGIBLE, ""),
        ({"spread_bps": 36.0}, (TACTICAL,), Reason.ELIGIBLE, ""),
        ({"spread_bps": 60.5}, (), Reason.WIDE_SPREAD, "spread 60.5 bps > 60.0 bps (tactical)"),
        ({"depth": 99e3}, (SATELLITE, TACTICAL), Reason.ELIGIBLE, ""),
        ({"depth": 9e3}, (), Reason.LOW_DEPTH, "depth 9,000 < 10,000 (tactical)"),
        ({"volume": 1e6, "spread_bps": 99.0, "depth": 1.0}, (), Reason.LOW_VOLUME, None),
        ({"volume": None}, (), Reason.MISSING, "missing: volume"),
        ({"spread_bps": None}, (), Reason.MISSING, "missing: spread_bps"),
        ({"depth": float("nan")}, (), Reason.MISSING, "missing: depth"),
        ({"volatility": -1.0}, (), Reason.MISSING, "missing: volatility"),
    ],
)
def test_a_market_is_judged_by_the_floors_of_each_tier(
    changes: dict[str, Any], tiers: tuple[Tier, ...], reason: Reason, detail: str | None
) -> None:
    found = fitness(market(BTC, **changes), TIERS, NearMiss())
    assert (found.tiers, found.reason) == (tiers, reason)
    assert detail is None or found.detail == detail


def test_the_checks_are_asked_in_their_order() -> None:
    assert [check.figure for check in CHECKS] == ["volume", "spread_bps", "depth"]


@pytest.mark.parametrize(
    ("changes", "near"),
    [
        ({"volume": 7.3e6}, {SATELLITE: Reason.OVERRIDE_VOLUME, TACTICAL: Reason.OVERRIDE_VOLUME}),
        ({"volume": 7.1e6}, {}),
        ({"volume": 7.9e6, "spread_bps": 31.0}, {}),
        ({"depth": 9.1e3}, {TACTICAL: Reason.OVERRIDE_DEPTH}),
        ({"depth": 8.9e3}, {}),
        ({"volume": 7.9e6, "depth": 9.5e3}, {}),
        ({"spread_bps": 60.1}, {}),
    ],
)
def test_a_near_miss_is_one_figure_short_by_little(changes: dict[str, Any], near: dict[Tier, Reason]) -> None:
    assert dict(fitness(market(BTC, **changes), TIERS, NearMiss()).near) == near


def test_a_symbol_may_have_floors_and_a_tier_of_its_own() -> None:
    thin = market(BTC, volume=2e6, depth=500.0)
    own = Override(SATELLITE, volume=1e6, depth=400.0)
    assert fitness(thin, TIERS, NearMiss()).tiers == ()
    assert fitness(thin, TIERS, NearMiss(), override=own).tiers == (SATELLITE,)
    assert fitness(market(BTC), TIERS, NearMiss(), override=Override(TACTICAL)).tiers == (TACTICAL,)


def test_who_is_in_is_judged_by_less() -> None:
    thin = market(BTC, volume=7.7e6, spread_bps=62.0)
    assert fitness(thin, TIERS, NearMiss(most=0)).tiers == ()
    assert fitness(thin, TIERS, NearMiss(most=0), slack=0.95).tiers == (TACTICAL,)


def test_scores_are_half_liquidity_then_spread_then_volatility() -> None:
    found = scores(
        [
            market(BTC, volume=100.0, spread_bps=1.0, volatility=0.2),
            market(ETH, volume=0.0, spread_bps=3.0, volatility=0.4),
            market(SOL, volume=50.0, spread_bps=2.0, volatility=0.3),
            market(XRP, volume=None, spread_bps=None, volatility=None),
        ],
        Weights(),
    )
    assert found == pytest.approx({BTC: 0.8, ETH: 0.2, SOL: 0.5, XRP: -1.0})


def test_equals_are_ordered_by_volume_then_by_name() -> None:
    figures = [market(SOL, volume=5.0), market(ETH, volume=7.0), market(BTC, volume=5.0)]
    assert [each.symbol for each in ranked(figures, dict.fromkeys((BTC, ETH, SOL), 0.5))] == [ETH, BTC, SOL]
    assert scores([market(BTC)], Weights()) == pytest.approx({BTC: 1.0})


def standings(*figures: SymbolFigures, before: Before = NOBODY, **changes: Any) -> dict[str, Any]:
    chosen = settings(DYNAMIC, **changes)
    return {each.symbol: each for each in judge(chosen, figures, {}, before)}


def test_a_full_tier_sends_the_next_best_one_down() -> None:
    small = (msgspec.structs.replace(TIERS[0], most=1), msgspec.structs.replace(TIERS[1], most=1))
    volumes = zip((BTC, ETH, SOL), (300e6, 200e6, 100e6), strict=True)
    found = standings(*(market(symbol, volume=volume) for symbol, volume in volumes), tiers=small)
    assert [found[each].tier for each in (BTC, ETH, SOL)] == [CORE, SATELLITE, None]
    assert found[SOL].reason is Reason.TIER_FULL
    assert found[XRP].reason is Reason.MISSING


def test_only_so_many_near_misses_have_a_place_and_no_more_symbols_than_the_size() -> None:
    short = [market(symbol, volume=7.9e6 - place) for place, symbol in enumerate((BTC, ETH, SOL))]
    found = standings(*short)
    assert [found[each].reason for each in (BTC, ETH)] == [Reason.OVERRIDE_VOLUME] * 2
    assert not found[SOL].fit
    few = standings(*(market(each) for each in (BTC, ETH, SOL)), size=1)
    assert [each for each in few if few[each].fit] == [BTC]


def test_what_is_excluded_has_no_place_and_takes_none() -> None:
    small = (msgspec.structs.replace(TIERS[0], most=1),)
    chosen = settings(DYNAMIC, tiers=small)
    found = judge(chosen, [market(BTC, volume=200e6), market(ETH)], {BTC: Reason.BANNED}, NOBODY)
    assert {each.symbol: each.reason for each in found if each.symbol in (BTC, ETH)} == {
        BTC: Reason.BANNED,
        ETH: Reason.ELIGIBLE,
    }


def test_a_venue_that_tells_nothing_freezes_its_symbols() -> None:
    two = (candidate(BTC), candidate(ETH, "other"))
    found = standings(market(BTC), SymbolFigures(ETH), candidates=two)
    assert list(found) == [BTC]


STEADY = Steadiness(enter_cycles=3, exit_cycles=2, changes_a_day=2, reentry=100)
DAY = 24 * 3_600_000_000_000


@pytest.mark.parametrize(
    ("streaks", "members", "changes", "left_at", "enter", "leave"),
    [
        ({BTC: 2}, (), (), {}, (), ()),
        ({BTC: 3}, (), (), {}, (BTC,), ()),
        ({BTC: 3}, (), (), {BTC: 10}, (), ()),
        ({BTC: 3}, (), (), {BTC: 0}, (BTC,), ()),
        ({BTC: -1}, (BTC,), (), {}, (), ()),
        ({BTC: -2}, (BTC,), (), {}, (), (BTC,)),
        ({BTC: 9, ETH: -9, SOL: 9}, (ETH,), (), {}, (BTC,), (ETH,)),
        ({BTC: 9, ETH: -9}, (ETH,), (50,), {}, (), (ETH,)),
        ({BTC: 9, ETH: -9}, (ETH,), (50, 60), {}, (), ()),
        ({BTC: 9, ETH: -9}, (ETH,), (100 - DAY, 60), {}, (), (ETH,)),
    ],
)
def test_nothing_happens_before_its_cycles_or_beyond_the_day(
    streaks: dict[str, int],
    members: tuple[str, ...],
    changes: tuple[int, ...],
    left_at: dict[str, int],
    enter: tuple[str, ...],
    leave: tuple[str, ...],
) -> None:
    before = Before(frozenset(members), {}, left_at, changes)
    found = [
        msgspec.structs.replace(each, streak=streaks.get(each.symbol, 0))
        for each in judge(settings(DYNAMIC), [market(each) for each in (BTC, ETH, SOL)], {}, NOBODY)
    ]
    moved = moves(settings(DYNAMIC, steadiness=STEADY), found, before, 100)
    assert (moved.enter, moved.leave) == (enter, leave)


FIGURE = st.none() | st.floats(allow_nan=True) | st.floats(0, 1e9)
MARKETS = st.lists(st.tuples(FIGURE, FIGURE, FIGURE, FIGURE), min_size=1, max_size=12)


@given(MARKETS, st.integers(1, 5), st.data())
def test_whatever_the_figures_places_are_kept_and_the_order_of_candidates_means_nothing(
    drawn: list[tuple[float | None, ...]], size: int, data: st.DataObject
) -> None:
    figures = [SymbolFigures(f"S{place}-USDT", *values) for place, values in enumerate(drawn)]
    candidates: list[Candidate] = [candidate(each.symbol) for each in figures]
    chosen = UniverseSettings(tuple(candidates), DYNAMIC, size=size, tiers=WIDE_OPEN)
    found = judge(chosen, figures, {}, NOBODY)
    fit = [each for each in found if each.fit]
    assert len(fit) <= size
    rules: dict[Tier, TierRule] = {rule.tier: rule for rule in WIDE_OPEN}
    told = {each.symbol: each for each in figures}
    for each in fit:
        assert each.tier is not None
        own = told[each.symbol]
        assert own.volume is not None
        assert own.volume >= 0.9 * rules[each.tier].floors.volume
        assert own.spread_bps is not None
        assert own.spread_bps <= rules[each.tier].floors.spread_bps
    shuffled = data.draw(st.permutations(candidates))
    assert judge(msgspec.structs.replace(chosen, candidates=tuple(shuffled)), figures, {}, NOBODY) == found


@given(st.floats(1e3, 1e9), st.floats(1.0, 3.0))
def test_a_better_market_is_fit_for_at_least_the_same_tiers(volume: float, better: float) -> None:
    worse = fitness(market(BTC, volume=volume), TIERS, NearMiss())
    best = fitness(market(BTC, volume=volume * better), TIERS, NearMiss())
    assert set(worse.tiers) <= set(best.tiers)
