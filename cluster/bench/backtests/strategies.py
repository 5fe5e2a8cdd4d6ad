"""Strategies that only a measurement has a use for: as many orders as can be. Named by import path, as a user's are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from actors.strategy.bars import Bar
from actors.strategy.indicators import Ema
from actors.strategy.strategy import Strategy, StrategyParameters
from actors.strategy.view import SymbolView

if TYPE_CHECKING:
    from actors.strategy.desk import Desk


class EveryQuote(Strategy):
    """Orders on every quote: buys what is not held, sells what is."""

    def on_start(self) -> None:
        self.callbacks = 0

    def on_quote(self, view: SymbolView) -> bool:
        self.callbacks += 1
        return True

    def decide(self, desk: Desk) -> None:
        if desk.position.direction > 0:
            desk.sell(quantity=desk.position.size)
        else:
            desk.buy()


class EveryQuoteAnew(Strategy):
    """Wants the other side on every quote: what rests is cancelled, and the next order follows its end."""

    def on_start(self) -> None:
        self.callbacks = 0

    def on_quote(self, view: SymbolView) -> bool:
        self.callbacks += 1
        return True

    def decide(self, desk: Desk) -> None:
        desk.target(1 if self.callbacks % 2 else -1)


class BarCross(Strategy):
    """The EMA cross on the closes of the feed's bars: always long or short after the first cross."""

    class Parameters(StrategyParameters):
        """Periods are in bars."""

        fast: int = Field(10, ge=1, description="Period of the fast average, in bars.")
        slow: int = Field(20, ge=2, description="Period of the slow average, in bars.")

    parameters: Parameters

    def on_start(self) -> None:
        self.subscribe_feed_bars()
        self.fast = Ema(self.parameters.fast)
        self.slow = Ema(self.parameters.slow)
        self.direction = 0
        self.callbacks = 0

    def on_bar(self, bar: Bar, view: SymbolView) -> bool:
        self.callbacks += 1
        fast, slow = self.fast.update(bar.close), self.slow.update(bar.close)
        if not self.slow.ready:
            return False
        direction = 1 if fast > slow else -1
        turned = direction != self.direction
        self.direction = direction
        return turned

    def decide(self, desk: Desk) -> None:
        desk.target(self.direction)
