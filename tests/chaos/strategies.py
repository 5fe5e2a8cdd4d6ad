"""Strategies that misbehave on a real desk."""

from __future__ import annotations

from actors.strategy import Desk, Strategy, SymbolView


class BuysThenRaises(Strategy):
    """Takes a position with its first decision, and raises on every decision once it has one."""

    def on_quote(self, view: SymbolView) -> bool:
        return True

    def decide(self, desk: Desk) -> None:
        if desk.position.quantity:
            raise RuntimeError("this strategy raises as soon as it holds something")
        desk.buy()
