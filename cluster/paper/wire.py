"""What the paper venue's HTTP front end reads and writes: the bodies of its requests and answers, as JSON.

The desk's adapter has its own declarations of the same bodies, so that a misunderstanding can't confirm itself.
"""

from __future__ import annotations

from decimal import Decimal
from http import HTTPStatus

import msgspec

from actors.venues.matching.account import AccountView
from actors.venues.matching.instruments import Instrument
from cluster.paper.faults import Fault, FaultSettings
from cluster.paper.records import OrderRecord, Time
from messages.intents import OrderType, Side, TimeInForce
from messages.orders import OrderState
from messages.reasons import Reason

STATUSES: dict[Reason, HTTPStatus] = {
    Reason.DUPLICATE_CLIENT_ORDER_ID: HTTPStatus.CONFLICT,
    Reason.UNKNOWN_ORDER: HTTPStatus.NOT_FOUND,
}
"""HTTP status of a refusal by reason; 400 for the others."""


class RefusalBody(msgspec.Struct, frozen=True):
    """Why a request was not carried out."""

    reason: str
    detail: str


class OrderBody(msgspec.Struct, frozen=True):
    """An order as the venue tells it when it is asked."""

    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    filled: Decimal
    state: OrderState
    arrival: int
    cancel_wanted: bool


class PositionBody(msgspec.Struct, frozen=True):
    """A position: signed base units and their average price."""

    quantity: Decimal
    average_price: Decimal


class AccountBody(msgspec.Struct, frozen=True):
    """The account at one instant: `time`, after the events up to `sequence`."""

    account: str
    time: int
    sequence: int
    balances: dict[str, Decimal]
    positions: dict[str, PositionBody]
    open_orders: list[OrderBody]


class InstrumentBody(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one symbol; see `actors.venues.matching.instruments.Instrument` for units."""

    symbol: str
    base_currency: str
    quote_currency: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    multiplier: Decimal
    maker_fee: Decimal
    taker_fee: Decimal


class ClockBody(msgspec.Struct, frozen=True, kw_only=True):
    """Where the venue stands and how its time passes; see `TimeSettings`."""

    venue: str
    time: int
    sequence: int
    next_time: int | None
    mode: str
    start: int
    wall_start: int
    speed: float


class AdvanceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A grant of time: the venue may go on to `time`, ns UTC."""

    time: Time


class FaultsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of the misbehaviour: new shares, faults for the next requests, streams to be cut.

    `forget`: faults that were ordered before and met no request yet are taken back.
    """

    settings: FaultSettings | None = None
    next: list[Fault] = []
    disconnect_streams: bool = False
    forget: bool = False


def order_body(order: OrderRecord) -> OrderBody:
    """An order for an answer."""
    request = order.request
    return OrderBody(
        client_order_id=request.client_order_id,
        venue_order_id=order.venue_order_id,
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        filled=order.filled,
        state=order.state,
        arrival=order.arrival,
        cancel_wanted=order.cancel_wanted,
    )


def instrument_body(instrument: Instrument) -> InstrumentBody:
    """The rules of a symbol for an answer."""
    return InstrumentBody(
        symbol=instrument.symbol,
        base_currency=instrument.symbol.partition("-")[0],
        quote_currency=instrument.quote_currency,
        tick=instrument.tick,
        lot=instrument.lot,
        min_quantity=instrument.min_quantity,
        min_notional=instrument.min_notional,
        multiplier=instrument.multiplier,
        maker_fee=instrument.maker_fee,
        taker_fee=instrument.taker_fee,
    )


def account_body(
    view: AccountView, open_orders: tuple[OrderRecord, ...], time: int, sequence: int
) -> AccountBody:
    """An account for an answer."""
    return AccountBody(
        account=view.account,
        time=time,
        sequence=sequence,
        balances=view.balances,
        positions={
            symbol: PositionBody(position.quantity, position.average_price)
            for symbol, position in view.positions.items()
        },
        open_orders=[order_body(order) for order in open_orders],
    )
