"""A venue's stream that begins anew, and fills as it lists them when it is asked."""

from __future__ import annotations

from decimal import Decimal

from actors.execution.order import Order
from messages.intents import Side
from messages.orders import Liquidity
from messages.venue import FillsResult, Outcome, VenueFill, VenueTrade
from messages.venue_stream import StreamOpened
from tests.actors.execution.rig import DOUR, START, SYMBOL, Rig

OVERLAP = DOUR.fills_overlap_ns


def trade(
    fill_id: str,
    quantity: str = "1",
    *,
    venue_order_id: str = "v1",
    time: int = START + 5,
    side: Side = Side.BUY,
) -> VenueTrade:
    fill = VenueFill(fill_id, Decimal(100), Decimal(quantity), Decimal(0), "USDT", Liquidity.MAKER)
    return VenueTrade(venue_order_id, None, SYMBOL, side, time, fill)


def opened(rig: Rig, time: int = START + 10) -> Rig:
    """The stream begins anew."""
    return rig.take(StreamOpened("paper", rig.state.stream_sequence + 1, time))


def listed(rig: Rig, *trades: VenueTrade, outcome: Outcome = Outcome.ACCEPTED) -> Rig:
    """The answer to the symbol's question."""
    since = rig.state.at_venue.fills_due[SYMBOL].since
    return rig.take(FillsResult("paper", SYMBOL, outcome, trades, since))


def of_order(rig: Rig, order: Order, *trades: VenueTrade, outcome: Outcome = Outcome.ACCEPTED) -> Rig:
    """The answer to an order's own question."""
    name = order.client_order_id
    return rig.take(FillsResult("paper", SYMBOL, outcome, trades, None, name, order.venue_order_id))
