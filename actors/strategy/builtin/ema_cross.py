"""EMA cross: long when the fast average of the price crosses above the slow one, short when it crosses below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from actors.strategy.bars import Bar
from actors.strategy.indicators import Ema
from actors.strategy.strategy import Strategy, StrategyParameters
from actors.strategy.view import SymbolView
from config.duration import SECOND, Duration
from config.ratio import SignalRatio

if TYPE_CHECKING:
    from actors.strategy.desk import Desk

_NEVER = 2**63 - 1
"""A desk time that no quote has."""


class EmaCross(Strategy):
    """Follows the trend that two averages of the price agree on. A cross is acted on once.

    It bets that a trend outlasts the averages that show it. It loses in a market that goes sideways, where each cross
    comes when the move is over.
    """

    class Parameters(StrategyParameters):
        """Periods are in samples: of the mid price one per `sampling_interval`, or every quote when that is 0s; `on`
        bars, the close of every bar that the feed brings."""

        fast: int = Field(12, ge=1, description="Period of the fast average, in samples.")
        slow: int = Field(26, ge=2, description="Period of the slow average, in samples.")
        on: Literal["quotes", "bars"] = Field(
            "quotes", description="What is sampled: quotes, or the feed's own bars."
        )
        sampling_interval: Duration = Field(
            SECOND, description="Time between samples of the mid price; 0s takes every quote."
        )
        gap: SignalRatio = Field(
            0.0, ge=0, description="By how much the averages must differ, part of the slow one."
        )
        allow_short: bool = Field(True, description="Whether a cross below goes short or only closes.")

        @model_validator(mode="after")
        def _ordered(self) -> Self:
            if self.fast >= self.slow:
                raise ValueError(f"fast ({self.fast}) must be below slow ({self.slow})")
            return self

    parameters: Parameters

    def on_start(self) -> None:
        self.fast = Ema(self.parameters.fast)
        self.slow = Ema(self.parameters.slow)
        self.direction = 0
        self._gap = self.parameters.gap
        self._interval = self.parameters.sampling_interval
        self._next_sample = 0
        if self.parameters.on == "bars":
            self._next_sample = _NEVER
            self.bars_only = True
            self.subscribe_feed_bars()

    def on_bar(self, bar: Bar, view: SymbolView) -> bool:
        return self._sample(bar.close)

    def on_quote(self, view: SymbolView) -> bool:
        time = view.quote_time
        if time < self._next_sample:
            return False
        interval = self._interval
        if interval:
            self._next_sample = time - time % interval + interval
        return self._sample((view.bid + view.ask) * 0.5)

    def _sample(self, price: float) -> bool:
        """Take one sample; True when the averages cross."""
        average = self.slow
        fast, slow = self.fast.update(price), average.update(price)
        if average.updates < average.period:
            return False
        band = slow * self._gap
        direction = 1 if fast > slow + band else -1 if fast < slow - band else self.direction
        if direction == self.direction:
            return False
        crossed = self.direction != 0  # the first direction is where we came in, not a cross
        self.direction = direction
        return crossed

    def decide(self, desk: Desk) -> None:
        desk.explain(fast=self.fast.value, slow=self.slow.value)
        desk.target(self.direction if self.parameters.allow_short else max(self.direction, 0))
