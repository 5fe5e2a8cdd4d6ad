"""The universe on a desk: its settings, its place in the tree, and how it asks the venues."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.operations.universe.settings import TIERS, UniverseMode
from actors.venues.market_port import Bar, BookLevels
from cluster.host.clocks import PaceAnchor
from cluster.host.launch import ChildLaunch, Launch, UniversePart
from cluster.host.process_spec import process_spec
from cluster.host.tree_plan import tree_of
from cluster.host.universe_map import has_universe, universe_settings
from cluster.host.universe_outside import UniverseOutside
from cluster.session_feed import FeedPlan
from config.loader import LoadedConfig
from messages.child_specs import ChildKind
from messages.errors import ConfigurationError, DataProviderError, VenueConnectionError
from messages.reasons import Reason
from messages.universe import MarketObserved, ObserveMarket, SymbolFigures, Tier
from supervisors.tree import OPERATIONS, STRATEGIES
from tests.chaos.desks import PROFILE, settings
from tests.chaos.strategies import STRONGEST

pytestmark = pytest.mark.unit

BTC, ETH = "BTC-USDT", "ETH-USDT"
PACED = FeedPlan(start=5, anchor=PaceAnchor(5, 5, 1.0))
HOUR = 3_600_000_000_000
NOW = 50_000 * HOUR


def desk(folder: Path, **universe: Any) -> LoadedConfig:
    strategies = {**PROFILE["strategies"], "strongest": STRONGEST}
    return settings(folder, "universe", universe={"mode": "static", **universe}, strategies=strategies)


def test_the_universe_brings_strategies_of_one_symbol_and_groups_are_there_from_the_start(
    tmp_path: Path,
) -> None:
    loaded = desk(tmp_path)
    tree = tree_of(loaded.config, PACED)
    assert [each.id for each in tree[STRATEGIES].children] == ["strategy/strongest"]
    [universe] = [each for each in tree[OPERATIONS].children if each.id == "universe"]
    assert universe.kind is ChildKind.ACTOR
    chosen = universe_settings(loaded.config)
    assert [each.symbol for each in chosen.candidates] == [BTC, ETH]
    assert chosen.candidates[0].actors == ("strategy/BTC-USDT", "strategy/strongest")
    off = settings(tmp_path, "off", strategies={**PROFILE["strategies"], "strongest": STRONGEST})
    wanted = {each.id: each for each in tree_of(off.config, PACED)[STRATEGIES].children}
    brought = [each.child for each in chosen.candidates if each.child is not None]
    assert [each.id for each in brought] == ["strategy/BTC-USDT", "strategy/ETH-USDT"]
    for child in brought:
        without, order = wanted[child.id], child.on_give_up
        assert order is not None
        assert without.on_give_up is not None
        assert order.executors == (*without.on_give_up.executors, "universe"), "it hears who is given up"
        assert msgspec.structs.replace(child, on_give_up=without.on_give_up) == without


def test_where_time_is_granted_there_is_none(tmp_path: Path) -> None:
    granted = FeedPlan(start=5, end=10, speed="lockstep")
    loaded = desk(tmp_path)
    assert granted.granted
    assert has_universe(loaded.config, PACED)
    assert not has_universe(loaded.config, granted)
    assert [each.id for each in tree_of(loaded.config, granted)[STRATEGIES].children] == [
        "strategy/BTC-USDT",
        "strategy/ETH-USDT",
        "strategy/strongest",
    ]


def test_what_the_settings_leave_open_is_as_the_actor_has_it(tmp_path: Path) -> None:
    chosen = universe_settings(desk(tmp_path).config)
    assert (chosen.mode, chosen.start, chosen.tiers) == (UniverseMode.STATIC, (BTC, ETH), TIERS)
    assert chosen.steadiness == type(chosen.steadiness)()
    assert (chosen.near, chosen.weights) == (type(chosen.near)(), type(chosen.weights)())
    assert (chosen.every, chosen.ban, chosen.size) == (HOUR, 168 * HOUR, 30)


def test_what_is_set_reaches_the_actor(tmp_path: Path) -> None:
    chosen = universe_settings(
        desk(
            tmp_path,
            start=[ETH],
            whitelist=[BTC],
            core={"max_spread": "5bps"},
            overrides={ETH: {"tier": "tactical", "min_volume": 5, "max_spread": "1%", "min_depth": 7}},
        ).config
    )
    assert chosen.start == (ETH,)
    assert chosen.whitelist == {BTC}
    assert chosen.tiers[0].floors.spread_bps == pytest.approx(5.0)
    assert chosen.tiers[0].floors.volume == 10e6
    own = chosen.overrides[ETH]
    assert (own.tier, own.volume, own.spread_bps, own.depth) == (Tier.TACTICAL, 5.0, 100.0, 7.0)


@pytest.mark.parametrize(
    ("universe", "told"),
    [
        ({"start": ["SOL-USDT"]}, "traded by no enabled strategy"),
        ({"blacklist": [BTC], "whitelist": [BTC]}, "is on the blacklist too"),
        ({"mode": "dynamic"}, "has no figures in feed mode synthetic"),
        ({"weights": {"liquidity": "60%"}}, "is the sum of the parts"),
        ({"exit_slack": "120%"}, "would make leaving easier"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    universe: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        desk(tmp_path, **universe)


def test_a_backtest_trades_what_the_strategies_name(tmp_path: Path) -> None:
    assert desk(tmp_path).config.simulated.universe.mode == "off"


def test_its_process_asks_nobody_unless_it_goes_by_figures(tmp_path: Path) -> None:
    loaded = desk(tmp_path)
    launch = Launch("u", "u", loaded.config, "hash", "code", "redis://", str(tmp_path), PACED)
    spec = process_spec(ChildLaunch(launch, "universe", "actor", {}, None))
    assert isinstance(spec.part, UniversePart)
    assert spec.part.access == {}
    assert spec.about == "static, 2 candidates"


class Port:
    """A venue's public side that knows a market, or fails."""

    venue = "paper"

    def __init__(self, book: BookLevels | Exception, bars: Sequence[Bar] | Exception) -> None:
        self._book = book
        self._bars = bars

    async def book(self, symbol: str, levels: int) -> BookLevels:
        if isinstance(self._book, Exception):
            raise self._book
        return self._book

    async def bars(self, symbol: str, length: int, start: int, end: int) -> Sequence[Bar]:
        if isinstance(self._bars, Exception):
            raise self._bars
        return self._bars


BOOK = BookLevels(BTC, NOW, 1, ((99.99, 1.0),), ((100.01, 1.0),))
BARS = [Bar(BTC, NOW - back * HOUR, HOUR, 100.0, 100.0, 100.0, 100.0, 3.0) for back in range(48, 0, -1)]


def asked(ports: dict[str, Any]) -> dict[str, SymbolFigures]:
    outside = UniverseOutside(ports, {BTC: 1.0, ETH: 1.0})
    answer = asyncio.run(outside.perform(ObserveMarket(7, (BTC, ETH)), lambda: NOW))
    assert isinstance(answer, MarketObserved)
    assert answer.cycle == 7
    return {each.symbol: each for each in answer.figures}


def test_figures_are_made_of_book_and_bars() -> None:
    found = asked({BTC: Port(BOOK, BARS)})
    assert found[BTC].volume == pytest.approx(24 * 300.0)
    assert found[BTC].spread_bps == pytest.approx(2.0)
    assert found[BTC].volatility == 0.0
    assert found[ETH] == SymbolFigures(ETH)


@pytest.mark.parametrize("error", [VenueConnectionError("away"), DataProviderError("nonsense")])
def test_what_a_venue_does_not_tell_stays_unknown(error: Exception) -> None:
    found = asked({BTC: Port(error, BARS), ETH: Port(BOOK, error)})
    assert (found[BTC].spread_bps, found[BTC].depth) == (None, None)
    assert found[BTC].volume is not None
    assert (found[ETH].volume, found[ETH].volatility) == (None, None)
    assert found[ETH].depth is not None


def test_a_question_is_never_withheld_and_costs_nothing_without_the_store() -> None:
    outside = UniverseOutside({}, {})
    assert outside.withheld(ObserveMarket(1, ()), Reason.LEASE_LOST) is None
    assert outside.store_away() == []
