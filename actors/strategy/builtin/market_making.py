"""Market making: rest orders on both sides of the spread, leaning against what is held."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from pydantic import Field

from actors.strategy.strategy import Strategy, StrategyParameters
from actors.strategy.view import SymbolView
from config.duration import SECOND, PositiveDuration
from messages.decisions import Decision
from messages.intents import Side
from messages.reasons import Reason

if TYPE_CHECKING:
    from actors.strategy.desk import Desk

_TOLERANCE = 0.1


class MarketMaking(Strategy):
    """Rests an order that never takes on one side of the spread, then on the other, and so earns the spread.

    A strategy works one entry at a time, so the two sides take turns of `turn` each, the one that reduces what is held
    first; at `max_orders` held it alone. What is held shifts both: by `skew_ticks` per order, the reducing side towards
    the market, the other away from it. It bets that buyers and sellers come in turns and pay the spread. It loses to
    those who know more: in a move it is filled on the wrong side, and what it holds loses more than spreads earn. Fees
    of makers must be well below half the spread; give it a stop.
    """

    class Parameters(StrategyParameters):
        """How it quotes, and how much it may come to hold."""

        turn: PositiveDuration = Field(
            2 * SECOND, description="Time that an order rests before it is the other side's turn."
        )
        offset_ticks: int = Field(
            0, description="Ticks from the best price of a side; positive is further away."
        )
        skew_ticks: int = Field(1, ge=0, description="Ticks by which each order held shifts the quotes.")
        max_orders: int = Field(3, ge=1, description="Largest position, in orders of the configured size.")
        min_spread_ticks: int = Field(2, ge=1, description="Narrowest spread that is worth quoting.")

    parameters: Parameters

    def on_start(self) -> None:
        self._turn = -1

    def on_quote(self, view: SymbolView) -> bool:
        """Due once in each turn, at its first quote."""
        turn = view.quote_time // self.parameters.turn
        if turn == self._turn:
            return False
        self._turn = turn
        return True

    def decide(self, desk: Desk) -> None:
        chosen, view, position = self.parameters, desk.view, desk.position
        if desk.waiting:
            desk.cancel()
            return
        if view.spread < (chosen.min_spread_ticks - 0.5) * float(desk.instrument.tick):
            desk.decline(Decision.NO_TRADE, Reason.NARROW_SPREAD)
            return
        held = self._orders_held(desk)
        reducing = held >= chosen.max_orders or self._turn % 2 == 0
        if position.direction:
            side = Side.SELL if (position.direction > 0) is reducing else Side.BUY
        else:
            side = Side.BUY if reducing else Side.SELL
        shift = chosen.skew_ticks * held
        offset = chosen.offset_ticks + (-shift if reducing else shift)
        desk.explain(held_orders=held, offset_ticks=offset)
        quantity = position.size if position.direction and reducing and held <= 1 else None
        desk.rest(side, offset_ticks=offset, time_to_live=chosen.turn, quantity=quantity)

    @staticmethod
    def _orders_held(desk: Desk) -> int:
        """How many orders of the configured size the position is worth, rounded up; 0 when flat."""
        position, view = desk.position, desk.view
        if not position.direction:
            return 0
        worth = float(position.size * desk.instrument.multiplier * desk.instrument.rate) * view.mid
        # an order that was filled is worth a little more or less than it was meant to be
        return max(ceil(worth / float(desk.order_notional) - _TOLERANCE), 1)
