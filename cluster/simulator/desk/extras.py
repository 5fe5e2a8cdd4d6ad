"""What only some seeds' desks have: a strategy over a group of symbols, a universe, a treasury, conversions.

Each function draws whether the desk of a seed has its part, and changes the desk's document accordingly.
"""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from actors.operations.universe.settings import Steadiness, UniverseMode, UniverseSettings
from actors.strategy.strategy import Strategy
from actors.strategy.view import SymbolView
from cluster.simulator.desk.faults import SECOND
from cluster.simulator.faults import MILLISECOND

Document = dict[str, Any]

_MONEY = "USDC-USDT"
"""The symbol by which one currency is exchanged for the other where a desk converts."""


WATCHER = "watch"
"""The strategy that brings the marks of that symbol."""


class Watcher(Strategy):
    """Brings the marks of its symbol, and never trades."""

    def on_quote(self, view: SymbolView) -> bool:
        """See `Strategy.on_quote`: nothing is ever due."""
        return False

    def decide(self, desk: object) -> None:
        """See `Strategy.decide`. Raises `AssertionError`, as nothing is ever due."""
        raise AssertionError("it is never asked")


class UniverseShape(msgspec.Struct, frozen=True):
    """How symbols come and go: by figures as well as by people where it is `dynamic`.

    `every`: how often figures are judged, ns. `steadiness`: how slowly that follows. `ban`: how long one lasts, ns.
    """

    dynamic: bool
    every: int
    steadiness: Steadiness
    ban: int


def draw_group(chance: Random, document: Document) -> None:
    """One actor for several symbols, beside those of single symbols or instead of them."""
    symbols = list(document["symbols"])
    if len(symbols) < 2 or chance.random() >= 0.45:
        return
    own = {
        "group": True,
        "cooldown": f"{chance.randrange(20, 150)}ms",
        "stop": chance.choice((None, "50bps")),
        "on_give_up": chance.choice(("flatten", "hold_with_stop")),
    }
    order = {"style": "market", "notional": 1_000, "deadline": f"{chance.choice((300, 2_000))}ms"}
    pair = {
        "kind": "relative_value",
        "symbols": sorted(chance.sample(symbols, 2)),
        "parameters": {
            "sampling_interval": "50ms",
            "lookback": 6,
            "entry": 0.8,
            "leave": 0.3,
            "give_up": 6,
            "least": 0,
        },
        "budget": chance.choice((3_000, 12_000)),
        "order": order,
        **own,
    }
    basket = {
        "kind": "portfolio_rebalance",
        "parameters": {"band": 0.0002, "turnover": 0.5, "every": "150ms", "settle": "100ms"},
        "budget": chance.choice((3_000, 12_000)),
        "order": order,
        **own,
    }
    chosen = chance.choice(({"pair": pair}, {"basket": basket}))
    if chance.random() < 0.25:
        document["strategies"] = {}
    document["strategies"] |= chosen


def draw_budgets(chance: Random, document: Document) -> None:
    """Bounds of what strategies may hold, which people change while the desk trades."""
    for strategy in document["strategies"].values():
        strategy.setdefault("budget", chance.choice((None, None, 4_000, 20_000)))


def draw_universe(chance: Random, document: Document) -> UniverseShape | None:
    """Symbols that come and go; static and dynamic, with some of them traded from the start."""
    if chance.random() >= 0.35:
        return None
    traded = [
        symbol
        for symbol in document["symbols"]
        if any(
            each.get("symbols", "all") == "all" or symbol in each["symbols"]
            for each in document["strategies"].values()
        )
    ]
    start = [symbol for symbol in traded if chance.random() < 0.7]
    document["universe"] = {"mode": "static", "start": start or traded[:1]}
    document["strategies"] = {
        name: each for name, each in document["strategies"].items() if each.get("symbols") != []
    }
    return UniverseShape(
        dynamic=chance.random() < 0.4,
        every=chance.randrange(200, 900) * MILLISECOND,
        steadiness=Steadiness(
            enter_cycles=chance.choice((1, 2)),
            exit_cycles=chance.choice((1, 2)),
            changes_a_day=chance.choice((2, 1_000)),
            reentry=chance.choice((0, SECOND)),
        ),
        ban=chance.randrange(200, 3_000) * MILLISECOND,
    )


def universe_at(base: UniverseSettings, shape: UniverseShape) -> UniverseSettings:
    """Settings of the universe actor: as configured, with waits that fit into a history of seconds."""
    mode = UniverseMode.DYNAMIC if shape.dynamic else UniverseMode.STATIC
    return msgspec.structs.replace(
        base, mode=mode, every=shape.every, steadiness=shape.steadiness, ban=shape.ban
    )


def draw_treasury(chance: Random, document: Document) -> None:
    """Policies that purge and trim by themselves, and sweep where what is bought is owned."""
    if chance.random() >= 0.3:
        return
    symbols = list(document["symbols"])
    eligible = chance.choice((None, None, symbols[:1], []))
    purge = {"automatic": chance.random() < 0.5, "eligible": eligible}
    trim = {
        "automatic": chance.random() < 0.8,
        "tolerance": "0%",
        "below": chance.choice(("0%", "0.5%")),
    }
    treasury: Document = {"purge": purge, "trim": trim, "sweep": {"automatic": False}}
    owned = [symbol for symbol in symbols if _is_owned(document, symbol)]
    if owned:
        treasury["sweep"] = {
            "automatic": chance.random() < 0.5,
            "reserve": {"USDT": chance.choice((40_000, 49_500))},
            "into": owned,
        }
    if any(each["automatic"] for each in treasury.values()):
        treasury["every"] = f"{chance.randrange(200, 1_500)}ms"
    document["treasury"] = treasury


def _is_owned(document: Document, symbol: str) -> bool:
    return document["venues"][document["symbols"][symbol]["venue"]]["initial_margin"] == "100%"


def draw_conversions(chance: Random, document: Document) -> None:
    """A symbol that is quoted in a currency of which there is little: what is missing is bought before."""
    if chance.random() >= 0.1:
        return
    name = next(iter(document["venues"]))
    little = chance.choice(("300", "20"))
    money = {"starting_balances": {"USDT": "50000", "USDC": little}, "initial_margin": "100%"}
    document["venues"] = {name: {**document["venues"][name], **money, "protective_stop": None}}
    document["desk"]["rates"] = {"USDC": "1"}
    listed = {"venue": name, "min_notional": "5"}
    document["symbols"] = {
        "BTC-USDC": {**listed, "listing": "BTCUSDC", "tick": "0.1", "lot": "0.001"},
        _MONEY: {**listed, "listing": "USDCUSDT", "tick": "0.0001", "lot": "0.01", "converts": True},
    }
    document["feed"]["synthetic"]["start_prices"] = {"BTC-USDC": "60000", _MONEY: "1"}
    for strategy in document["strategies"].values():
        strategy["symbols"] = ["BTC-USDC"]
    document["strategies"][WATCHER] = {
        "kind": f"{__name__}:{Watcher.__name__}",
        "symbols": [_MONEY],
        "order": {"style": "market", "notional": "100"},
    }
    document["treasury"] = {"convert": {"enabled": True, "slippage": "1%"}}
    document["risk"] |= {"price_collar": "5%", "max_symbol_exposure": "50%", "max_gross_exposure": "100%"}
