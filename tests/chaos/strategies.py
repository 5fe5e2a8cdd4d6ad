"""Strategies that misbehave on a real desk, and one that decides on a group of symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.strategy import Desk, RollingWindow, Strategy, SymbolView
from actors.strategy.bars import Bar
from actors.strategy.pipeline.strategy import Pipeline
from config.duration import SECOND


class BuysThenRaises(Strategy):
    """Takes a position with its first decision, and raises on every decision once it has one."""

    def on_quote(self, view: SymbolView) -> bool:
        return True

    def decide(self, desk: Desk) -> None:
        if desk.position.quantity:
            raise RuntimeError("this strategy raises as soon as it holds something")
        desk.buy()


STRONGEST: Mapping[str, Any] = {
    "kind": "tests.chaos.strategies:Strongest",
    "group": True,
    "order": {"style": "market", "notional": 1000, "deadline": "2s"},
    "cooldown": "200ms",
    "stop": "50bps",
}
"""Settings of `Strongest`."""


class Strongest(Strategy):
    """Long what has risen most within a second, short what has risen least; turned around with every change."""

    decides_for_groups = True

    def on_start(self) -> None:
        self.mids = {symbol: RollingWindow(SECOND, items=200) for symbol in self.symbols}
        self.gains: dict[str, float] = {}
        self.ranking: list[str] = []

    def on_quote(self, view: SymbolView) -> bool:
        window = self.mids[view.symbol]
        first = window.first(view.quote_time)
        window.push(view.quote_time, view.mid)
        if first is None:
            return False
        self.gains[view.symbol] = view.mid / first - 1
        before, self.ranking = self.ranking, sorted(self.gains, key=lambda symbol: self.gains[symbol])
        return len(self.ranking) == len(self.symbols) and self.ranking != before

    def decide(self, desk: Desk) -> None:
        desk.of(self.ranking[-1]).target(+1)
        desk.of(self.ranking[0]).target(-1)


class Swings(Pipeline):
    """A pipeline whose own alpha changes sides every seven bars: it enters, turns, is paid or not, and learns."""

    def on_start(self) -> None:
        super().on_start()
        self.seen = 0

    def on_bar(self, bar: Bar, view: SymbolView) -> bool:
        self.seen += 1
        return super().on_bar(bar, view)

    def alpha(self, view: SymbolView) -> Mapping[str, float]:
        return {"1m": 0.02 if self.seen // 7 % 2 else -0.02}


class Rises(Pipeline):
    """A pipeline that always expects the price to rise."""

    def alpha(self, view: SymbolView) -> Mapping[str, float]:
        return {"1m": 0.02}


PIPELINE: Mapping[str, Any] = {
    "symbols": ["BTC-USDT"],
    "budget": 20_000,
    "order": {"style": "market", "notional": 1000, "deadline": "2s"},
    "cooldown": "200ms",
    "stop": "1%",
    "parameters": {
        "interval": "1s",
        "bars": "quotes",
        "horizons": ["1m"],
        "costs": {"impact_weight": 0},
        "gates": {
            "bad_tick": {"enabled": False},  # bars of quotes have no volume
            "chop": {"enabled": False},
            "barrier": {"enabled": False},
            "churn": {"enabled": False},
        },
        "sizing": {"full_weight": 0.2},
        "volatility_bars": 5,
        "learning": {"returns": {"overlap": 6}},
    },
}
"""Settings of these two, but for their `kind`."""


class Rests(Strategy):
    """Always wants to buy: where its orders rest far below the market, one of them works at any time."""

    def on_quote(self, view: SymbolView) -> bool:
        return True

    def decide(self, desk: Desk) -> None:
        desk.buy()
