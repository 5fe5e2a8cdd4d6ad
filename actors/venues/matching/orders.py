"""Orders: the commands that come in, and the engine's own record of an order that is alive.

Commands are frozen and speak Decimal; the record is the one mutable object per order and speaks ticks and lots.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.intents import OrderType, Side, TimeInForce

UNKNOWN_QUEUE = 1e300
"""A queue of unknown length, in lots: longer than any volume. Finite, so that it survives JSON."""

VENUE_ORDER_ID_SEPARATOR = ":"


class _Command(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag=True):
    """Base of commands. They have an order, so that two with the same key arrive in one order whoever was first."""

    def __lt__(self, other: _Command) -> bool:
        return msgspec.msgpack.encode(self) < msgspec.msgpack.encode(other)


class NewOrder(_Command, frozen=True):
    """Place one order. `client_order_id` must never have been used by the account before.

    Quantity in base units, prices in quote currency per base unit, exactly on lot and tick. A market order with
    GTC waits for the next market update when the displayed liquidity ends; with IOC its rest expires.
    """

    account: str
    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False


class CancelRequest(_Command, frozen=True):
    """Cancel what is left of one order, named by our id or the venue's; our id counts when both are given."""

    account: str
    client_order_id: str | None = None
    venue_order_id: str | None = None


Command = NewOrder | CancelRequest


def venue_order_id(account: str, client_order_id: str) -> str:
    """The venue's id of an order: derived, so that it depends on nothing but the order itself."""
    return f"{account}{VENUE_ORDER_ID_SEPARATOR}{client_order_id}"


def cancelled_client_order_id(request: CancelRequest) -> str:
    """The client order id a cancel is about; empty when it names none."""
    if request.client_order_id is not None:
        return request.client_order_id
    head = request.account + VENUE_ORDER_ID_SEPARATOR
    named = request.venue_order_id or ""
    return named[len(head) :] if named.startswith(head) else ""


class Order(msgspec.Struct, gc=False, eq=False):
    """The engine's record of one accepted order that is still alive.

    `sign` is +1 for a buy and -1 for a sell. Prices are in ticks, quantities in lots, both exact. `number` counts
    acceptances and is the order's time priority. `queue_ahead` is the outside volume (lots, may be fractional)
    that must trade at our price before us; below zero it is volume that has traded for us but is less than a lot.
    `queue_forgiven` is the part of the queue that the last market update took away and no print has reported yet.
    `reserve_ticks` is the price at which its open quantity is held against the account's funds, `reserved` whether
    it is. `bounded` orders may only reduce the position: reduce-only ones, and sells where shorts are not allowed.
    In a market of bars `since` is when the order arrived (ns UTC) and `rested` whether it has met an open and rests.
    """

    account: str
    client_order_id: str
    venue_order_id: str
    symbol: str
    number: int
    sign: int
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    bounded: bool
    lots: int
    limit_ticks: int | None
    stop_ticks: int | None
    reserve_ticks: int
    leaves: int
    fills: int = 0
    triggered: bool = False
    reserved: bool = False
    queue_ahead: float = 0.0
    queue_forgiven: float = 0.0
    since: int = 0
    rested: bool = False


class OpenOrder(msgspec.Struct, frozen=True, gc=False):
    """An order alive at the venue, as an account is shown it. Quantities in base units; `filled` is cumulative."""

    account: str
    symbol: str
    client_order_id: str
    venue_order_id: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    triggered: bool
