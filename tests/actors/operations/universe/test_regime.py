"""The market's regime in the universe: told by one symbol, and by it the places of the tiers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.operations.universe.figures import BAR, HISTORY, figures_of
from actors.operations.universe.regime import Regime, regime_of
from actors.operations.universe.selecting import places
from actors.operations.universe.settings import TIERS, Steadiness, TierRule, UniverseMode, check_settings
from actors.strategy.rules.regime import Regime as OfRules
from actors.strategy.rules.regime import classify
from actors.venues.market_port import Bar
from messages.errors import ConfigurationError
from messages.universe import SymbolFigures, Tier
from tests.actors.operations.universe.market import BTC, ETH, HOUR, SOL, SYMBOLS, XRP, Play, market, settings

pytestmark = pytest.mark.unit

CALM = {"trend": 0.01, "volatility": 0.5}
CRASHED = {"trend": -0.2, "volatility": 1.3}
STEADY = Steadiness(enter_cycles=1, exit_cycles=2, changes_a_day=100, reentry=0)


def dynamic(**changes: object) -> Play:
    return Play(settings(UniverseMode.DYNAMIC, regime_symbol=BTC, steadiness=STEADY, **changes))


def figures(**of_btc: float | None) -> tuple[SymbolFigures, ...]:
    return (market(BTC, **of_btc), *(market(each) for each in (ETH, SOL, XRP)))


@given(st.floats(-0.5, 0.5), st.floats(0.0, 2.0))
def test_it_is_the_regime_of_the_rules(trend: float, volatility: float) -> None:
    code = classify(np.array([trend * 100]), np.array([volatility * 100])).code[0]
    near = min(abs(trend - each) for each in (-0.1, -0.05, 0.1)) < 1e-9
    if not (near or min(abs(volatility - each) for each in (0.6, 1.0)) < 1e-9):  # where percents are rounded
        assert regime_of(trend, volatility) == OfRules(int(code)).word


@pytest.mark.parametrize(("trend", "volatility"), [(None, 0.5), (0.1, None), (None, None)])
def test_it_is_not_known_while_a_figure_is_missing(trend: float | None, volatility: float | None) -> None:
    assert regime_of(trend, volatility) is None


@pytest.mark.parametrize(
    ("tier", "most"),
    [
        (Tier.CORE, {None: 10, "bull": 10, "chop": 10, "bear": 10, "crash": 0}),
        (Tier.SATELLITE, {None: 20, "bull": 24, "chop": 16, "bear": 10, "crash": 0}),
    ],
)
def test_tiers_have_places_by_the_regime(tier: Tier, most: dict[str | None, int]) -> None:
    rule = next(each for each in TIERS if each.tier is tier)
    assert {name: places(settings(), rule, name) for name in most} == most


def test_in_a_crash_nobody_comes_and_who_is_in_leaves_as_slowly_as_ever() -> None:
    play = dynamic()
    play.cycle(*figures(**CALM))
    assert play.members == list(SYMBOLS)
    assert play.state.regime == Regime.CHOP
    play.cycle(*figures(**CRASHED))
    assert (play.state.regime, play.members) == ("crash", list(SYMBOLS))
    play.cycle(*figures(**CRASHED))
    assert play.members == []
    play.cycle(*figures(**CALM))
    assert play.members == list(SYMBOLS)


def test_a_symbol_on_the_whitelist_stays() -> None:
    play = dynamic(whitelist=frozenset({ETH}))
    play.cycles(3, *figures(**CRASHED))
    assert play.members == [ETH]


def test_fewer_places_go_to_the_best() -> None:
    tiers = (TierRule(Tier.SATELLITE, TIERS[1].floors, 4),)
    play = dynamic(tiers=tiers)
    by_volume = [market(each, volume=1e9 / (place + 1)) for place, each in enumerate((ETH, SOL, XRP))]
    play.cycles(3, market(BTC, volume=2e9, trend=-0.07, volatility=0.5), *by_volume)
    assert play.state.regime == "bear"
    assert set(play.members) == {BTC, ETH}


def test_while_it_was_never_known_nobody_comes_and_later_what_was_known_holds() -> None:
    play = dynamic()
    play.cycle(*figures(trend=None))
    assert play.members == []
    assert set(play.state.frozen) == set(SYMBOLS)
    play.cycle(*figures(**CALM))
    assert play.members == list(SYMBOLS)
    play.cycles(3, *figures(trend=None))
    assert (play.state.regime, play.members) == ("chop", list(SYMBOLS))


def test_without_a_symbol_that_tells_it_there_is_none() -> None:
    play = Play(settings(UniverseMode.DYNAMIC, steadiness=STEADY))
    play.cycles(3, *figures(**CRASHED))
    assert (play.state.regime, play.members) == (None, list(SYMBOLS))


def test_it_must_be_one_whose_figures_are_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="regime_symbol"):
        check_settings(settings(regime_symbol="DOGE-USDT"))


def _bars(first: int, count: int, now: int) -> list[Bar]:
    begin = now - HISTORY + first * BAR
    return [
        Bar(BTC, begin + i * BAR, BAR, 100.0 + i, 101.0 + i, 99.0 + i, 100.5 + i, 1.0) for i in range(count)
    ]


def test_the_trend_is_that_of_seven_days_of_closed_bars() -> None:
    now = 1_000 * HOUR
    week = figures_of(BTC, None, _bars(0, 167, now), now, 1.0)
    assert week.trend == pytest.approx(266.5 / 100.0 - 1)
    assert figures_of(BTC, None, _bars(24, 143, now), now, 1.0).trend is None, "it does not reach back"
    assert figures_of(BTC, None, _bars(0, 100, now), now, 1.0).trend is None, "it ends too early"
    assert figures_of(BTC, None, None, now, 1.0).trend is None
