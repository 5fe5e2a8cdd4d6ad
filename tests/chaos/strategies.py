"""Strategies that misbehave on a real desk, and one that decides on a group of symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.strategy import Desk, RollingWindow, Strategy, SymbolView
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
