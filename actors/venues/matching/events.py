"""What the engine reports: the life of an order as events, and funding.

Each account has its own `sequence` of order events, strictly increasing by one from 1. `time` is when it happened in
the book, `report_time` when the account can know (ns UTC). The class name is the tag of the stored form.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.intents import Side
from messages.orders import Liquidity
from messages.reasons import Reason


class OrderEvent(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What all events have. `venue_order_id` is None where the venue has no such order."""

    account: str
    sequence: int
    time: int
    report_time: int
    symbol: str
    client_order_id: str
    venue_order_id: str | None


class OrderAccepted(OrderEvent, frozen=True):
    """The order is in the book's hands; whatever becomes of it is reported."""


class OrderRejected(OrderEvent, frozen=True):
    """The order was never in the book.

    With `DUPLICATE_CLIENT_ORDER_ID` the id was used before: the event is about the second command, and says
    nothing about the order that used the id first.
    """

    reason: Reason


class OrderTriggered(OrderEvent, frozen=True):
    """A stop's price was reached: it is a market or limit order from now on."""

    stop_price: Decimal


class OrderFilled(OrderEvent, frozen=True):
    """One execution. `cumulative` and `leaves` (base units) are the order's after it; leaves 0 ends the order.

    `fee` is in `fee_currency`, quantised to 8 digits, negative for a rebate. `fill_id` is unique in the engine.
    """

    fill_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    cumulative: Decimal
    leaves: Decimal


class OrderCancelled(OrderEvent, frozen=True):
    """What was left of the order was taken out: on request, or by a rule of the venue (`reason`)."""

    reason: Reason
    cumulative: Decimal


class OrderExpired(OrderEvent, frozen=True):
    """What was left of the order ended because its time in force did, or no liquidity can come."""

    reason: Reason
    cumulative: Decimal


class CancelRejected(OrderEvent, frozen=True):
    """There is no such order alive: never was, not yet, or no more. `symbol` is empty."""

    reason: Reason


class FundingPaid(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A position of a perpetual was charged or credited funding; the event of no order.

    `amount` is the change of cash in `currency`: negative when the account paid, so for a long at a positive
    `rate`. `position` is signed, in base units; `mark_price` in quote currency. `payment` counts the account's
    funding events from 1: they have no `sequence`, as venues tell of funding beside the stream of orders.
    """

    account: str
    payment: int
    time: int
    report_time: int
    symbol: str
    amount: Decimal
    currency: str
    rate: Decimal
    mark_price: Decimal
    position: Decimal


OrderEvents = (
    OrderAccepted
    | OrderRejected
    | OrderTriggered
    | OrderFilled
    | OrderCancelled
    | OrderExpired
    | CancelRejected
)
"""Any event in the life of an order."""

Event = OrderEvents | FundingPaid
"""Any event; decode stored ones with `msgspec.msgpack.decode(data, type=Event)`."""
