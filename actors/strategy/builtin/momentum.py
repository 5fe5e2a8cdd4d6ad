"""Momentum: go with a price that has moved by more than a threshold within a short time, up or down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from actors.strategy.indicators import RollingWindow
from actors.strategy.strategy import Strategy, StrategyParameters
from actors.strategy.view import SymbolView
from config.duration import SECOND, PositiveDuration
from config.ratio import SignalRatio

if TYPE_CHECKING:
    from actors.strategy.desk import Desk


class Momentum(Strategy):
    """Buys a rise and sells a fall of the mid price; the sign of the move is the sign of the trade.

    It bets that a quick move goes on. It loses where moves are followed by their opposite, and to costs when the
    threshold is near the spread. A move is acted on once; the next one counts when this one has faded to less than half
    the threshold or turned.
    """

    class Parameters(StrategyParameters):
        """How far the price must move in which time."""

        lookback: PositiveDuration = Field(5 * SECOND, description="Time over which the move is measured.")
        threshold: SignalRatio = Field(0.0002, gt=0, description="Size of the move, part of the price.")
        samples: int = Field(50, ge=2, le=10_000, description="Cells that the lookback is divided into.")
        allow_short: bool = Field(True, description="Whether a fall goes short or only closes.")

    parameters: Parameters

    def on_start(self) -> None:
        self.window = RollingWindow(self.parameters.lookback, self.parameters.samples)
        self.move: float | None = None
        self.direction = 0

    def on_quote(self, view: SymbolView) -> bool:
        time = view.quote_time
        mid = (view.bid + view.ask) * 0.5
        self.window.push(time, mid)
        before = self.window.first(time)
        if before is None:
            return False
        move = self.move = mid / before - 1.0
        threshold = self.parameters.threshold
        if -threshold < move < threshold:
            if -threshold < 2.0 * move < threshold:
                self.direction = 0
            return False
        direction = 1 if move > 0.0 else -1
        if direction == self.direction:
            return False
        self.direction = direction
        return True

    def decide(self, desk: Desk) -> None:
        desk.explain(move=self.move, threshold=self.parameters.threshold)
        desk.target(self.direction if self.parameters.allow_short else max(self.direction, 0))
