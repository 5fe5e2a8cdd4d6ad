"""The venue's answers about an account, as far as they are used; unknown fields are ignored. Times are ms UTC."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.intents import Side
from messages.orders import OrderState
from messages.venue import VenueOrder

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}

ORDER_STATES = {
    "NEW": OrderState.WORKING,
    "PENDING_NEW": OrderState.WORKING,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELLED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
    "REJECTED": OrderState.REJECTED,
}
"""Statuses of plain orders. One that is not here can't be weighed: the answer then counts as none."""

CONDITIONAL_STATES = {
    "NEW": OrderState.WORKING,
    "TRIGGERING": OrderState.WORKING,
    "CANCELED": OrderState.CANCELLED,
    "EXPIRED": OrderState.EXPIRED,
    "REJECTED": OrderState.REJECTED,
}
"""Statuses of conditional orders; TRIGGERED and FINISHED ones go on as plain orders."""

BECAME_PLAIN = frozenset({"TRIGGERED", "FINISHED"})
FINISHED = "FINISHED"
"""What a stop became is over."""


class OrderBody(msgspec.Struct, frozen=True, rename="camel"):
    """A plain order. `price` is 0 where it has none, `time` (when it was placed) where the answer does not tell."""

    symbol: str
    client_order_id: str
    order_id: int
    side: str
    status: str
    orig_qty: Decimal
    executed_qty: Decimal
    price: Decimal
    type: str = "LIMIT"
    time: int = 0


class ConditionalBody(msgspec.Struct, frozen=True, rename="camel"):
    """A conditional order; numbers may be empty text. `actual_order_id` is the plain order it became, `actual_qty` how
    much of that was filled."""

    algo_id: int
    client_algo_id: str
    symbol: str = ""
    side: str = ""
    quantity: str | None = None
    algo_status: str = ""
    trigger_price: str | None = None
    price: str | None = None
    actual_order_id: str | int | None = None
    actual_qty: str | None = None


class BalanceBody(msgspec.Struct, frozen=True):
    """Cash of one currency; `balance` is without the unrealised profit of positions."""

    asset: str
    balance: Decimal


class PositionBody(msgspec.Struct, frozen=True, rename="camel"):
    """One leg of a position, signed: shorts are negative in either mode. Where none liquidates it the price is 0."""

    symbol: str
    position_amt: Decimal
    maint_margin: Decimal = Decimal(0)
    liquidation_price: Decimal = Decimal(0)


class TradeBody(msgspec.Struct, frozen=True, rename="camel"):
    """One execution."""

    id: int
    order_id: int
    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    maker: bool
    time: int


class IncomeBody(msgspec.Struct, frozen=True, rename="camel"):
    """One change of a balance that is no trade."""

    symbol: str
    income_type: str
    income: Decimal
    asset: str
    time: int
    tran_id: int | str


class FeeBody(msgspec.Struct, frozen=True, rename="camel"):
    """The account's fees on a listing, as ratios of the notional."""

    maker_commission_rate: Decimal
    taker_commission_rate: Decimal


def came_to_nothing(body: ConditionalBody) -> bool:
    """Whether a stop was set off and is over without an execution, as one that was refused when it triggered."""
    return body.algo_status == FINISHED and bool(body.actual_qty) and not number(body.actual_qty)


def number(text: str | None) -> Decimal:
    """A number that may be missing or empty text: then 0, which stands for "none" in the venue's orders."""
    return Decimal(text) if text else Decimal(0)


def plain_order(body: OrderBody, symbol: str) -> VenueOrder | None:
    """A plain order as the desk knows orders; None for a status or side that is not known."""
    state, side = ORDER_STATES.get(body.status), SIDES.get(body.side)
    if state is None or side is None:
        return None
    return VenueOrder(
        body.client_order_id,
        str(body.order_id),
        symbol,
        side,
        state,
        body.orig_qty,
        body.executed_qty,
        body.price or None,
    )


def conditional_order(body: ConditionalBody, symbol: str) -> VenueOrder | None:
    """A conditional order that no plain one stands for; None for a status or side that is not known."""
    state, side = CONDITIONAL_STATES.get(body.algo_status), SIDES.get(body.side)
    if came_to_nothing(body):
        state = OrderState.EXPIRED
    if state is None or side is None:
        return None
    return VenueOrder(
        body.client_algo_id,
        str(body.algo_id),
        symbol,
        side,
        state,
        number(body.quantity),
        Decimal(0),
        number(body.price) or None,
        conditional=True,
    )
