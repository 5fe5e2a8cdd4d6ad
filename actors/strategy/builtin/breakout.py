"""Breakout: go with a price that leaves the range of the bars before it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from pydantic import Field

from actors.strategy.bars import Bar, BarSource
from actors.strategy.strategy import Strategy, StrategyParameters
from actors.strategy.view import SymbolView
from config.duration import HOUR, PositiveDuration
from config.ratio import SignalRatio

if TYPE_CHECKING:
    from actors.strategy.desk import Desk


class Breakout(Strategy):
    """Buys a close above the highest high of the bars before it, sells one below their lowest low.

    It leaves when a close is beyond the shorter range on the other side. It bets that a market that leaves its range
    goes on: few large gains pay for many small losses. It loses where prices go to and fro: each false break is
    entered at its extreme and left at the other end of the shorter range.
    """

    class Parameters(StrategyParameters):
        """The range is of whole bars, the one that breaks it not among them."""

        interval: PositiveDuration = Field(
            HOUR, description="Interval of its bars; bars of the feed have their own."
        )
        bars: BarSource = Field(BarSource.QUOTES, description="What bars are made of.")
        lookback: int = Field(20, ge=2, le=10_000, description="Bars whose range is to be broken.")
        exit_lookback: int = Field(10, ge=1, le=10_000, description="Bars whose other end ends the trade.")
        margin: SignalRatio = Field(
            0.0, ge=0, description="By how much the close must be beyond, part of the price."
        )
        allow_short: bool = Field(True, description="Whether a break below goes short or only closes.")

    parameters: Parameters

    def on_start(self) -> None:
        chosen = self.parameters
        most = max(chosen.lookback, chosen.exit_lookback)
        self.highs: deque[float] = deque(maxlen=most)
        self.lows: deque[float] = deque(maxlen=most)
        self.direction = 0
        self.level: float | None = None
        self.bars_only = True
        if chosen.bars is BarSource.FEED:
            self.subscribe_feed_bars()
        else:
            self.subscribe_bars(chosen.interval, chosen.bars)

    def on_bar(self, bar: Bar, view: SymbolView) -> bool:
        before = self.direction
        if len(self.highs) == self.highs.maxlen:
            self._judge(bar.close)
        self.highs.append(bar.high)
        self.lows.append(bar.low)
        return self.direction != before

    def _judge(self, close: float) -> None:
        chosen = self.parameters
        high, low = max(_last(self.highs, chosen.lookback)), min(_last(self.lows, chosen.lookback))
        if close > high * (1.0 + chosen.margin):
            self.direction, self.level = 1, high
        elif close < low * (1.0 - chosen.margin):
            self.direction, self.level = -1, low
        elif self.direction > 0 and close < min(_last(self.lows, chosen.exit_lookback)):
            self.direction, self.level = 0, min(_last(self.lows, chosen.exit_lookback))
        elif self.direction < 0 and close > max(_last(self.highs, chosen.exit_lookback)):
            self.direction, self.level = 0, max(_last(self.highs, chosen.exit_lookback))

    def decide(self, desk: Desk) -> None:
        desk.explain(level=self.level)
        desk.target(self.direction if self.parameters.allow_short else max(self.direction, 0))


def _last(values: deque[float], count: int) -> list[float]:
    return list(values)[-count:]
