"""Profit taking: enter after a small move against, and sell what is held in parts as it gains."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from actors.strategy.indicators import RollingWindow
from actors.strategy.strategy import Strategy, StrategyParameters
from actors.strategy.view import SymbolView
from config.duration import HOUR, SECOND, PositiveDuration
from config.ratio import SignalRatio
from messages.decisions import Decision
from messages.orders import Fill
from messages.reasons import Reason

if TYPE_CHECKING:
    from actors.strategy.desk import Desk

_ENTERED = "entered"
"""The value under which it remembers how large the position was when it was whole."""


class ProfitTaking(Strategy):
    """Buys a dip and sells an equal part of it at each `gain` above the average price, the last part at the last gain.

    `side: short` is the mirror: it sells a rise, and buys back in parts as the price falls. It bets that prices move to
    and fro by more than a round trip costs. It has many small gains and lets losses run: in a long move against it,
    it loses whatever the strategy's `stop` allows, so that it should have one.
    """

    class Parameters(StrategyParameters):
        """When it enters, and at which gains it takes which part."""

        side: Literal["long", "short"] = Field("long", description="Whether it buys dips or sells rises.")
        lookback: PositiveDuration = Field(HOUR, description="Time within which the dip or rise is measured.")
        move: SignalRatio = Field(
            0.003,
            ge=0,
            description="Move against from the best price of the lookback that it enters at; 0 at once.",
        )
        gain: SignalRatio = Field(0.003, gt=0, description="Gain above the average price for each part.")
        parts: int = Field(4, ge=1, le=100, description="In how many parts a position is closed.")
        max_spread: SignalRatio = Field(0.01, gt=0, description="Widest spread at which it enters.")
        every: PositiveDuration = Field(SECOND, description="Time between two looks at the price.")

    parameters: Parameters

    def on_start(self) -> None:
        self.sign = 1 if self.parameters.side == "long" else -1
        self.window = RollingWindow(self.parameters.lookback, items=120)
        self.move = 0.0
        self._next_look = 0

    def on_quote(self, view: SymbolView) -> bool:
        time = view.quote_time
        if time < self._next_look:
            return False
        self._next_look = time + self.parameters.every
        mid = (view.bid + view.ask) * 0.5
        self.window.push(time, mid)
        best = self.window.high if self.sign > 0 else self.window.low
        self.move = 0.0 if best is None else (best / mid - 1.0) * self.sign
        return True

    def decide(self, desk: Desk) -> None:
        if desk.waiting:
            return
        if desk.position.direction:
            self._take(desk)
        else:
            self._enter(desk)

    def _enter(self, desk: Desk) -> None:
        chosen, view = self.parameters, desk.view
        if self.move < chosen.move:
            return
        if view.spread > chosen.max_spread * view.mid:
            desk.decline(Decision.BLOCKED, Reason.WIDE_SPREAD)
            return
        desk.explain(move=self.move)
        desk.target(self.sign)

    def _take(self, desk: Desk) -> None:
        """Close the next part when the price it could be closed at has gained enough."""
        position, view, chosen = desk.position, desk.view, self.parameters
        average = position.average_price
        if average is None or position.direction != self.sign:
            return
        price = view.bid if self.sign > 0 else view.ask
        gain = (price / float(average) - 1.0) * self.sign
        part = max(self._entered(desk), position.size) / chosen.parts
        # to the nearest: parts are rounded to the lot
        left = max(int((position.size / part).to_integral_value(ROUND_HALF_UP)), 1)
        if gain < chosen.gain * (chosen.parts - left + 1):
            return
        desk.explain(gain=gain, parts_left=left)
        instrument = desk.instrument
        small = part < max(instrument.min_quantity, instrument.lot) or (
            part * average * instrument.multiplier < instrument.min_notional
        )
        if left <= 1 or small:
            desk.close()
        elif self.sign > 0:
            desk.sell(quantity=part)
        else:
            desk.buy(quantity=part)

    def _entered(self, desk: Desk) -> Decimal:
        kept = desk.recall(_ENTERED)
        return Decimal(kept) if isinstance(kept, str) else desk.position.size

    def on_fill(self, fill: Fill, desk: Desk) -> None:
        """Remember how large the position was at its largest; forget it when it is closed."""
        position = desk.position
        if not position.direction:
            desk.remember(_ENTERED, None)
        elif fill.side.sign == position.direction:
            desk.remember(_ENTERED, str(position.size))
