"""The bodies of the paper venue's answers as the desk reads them, and what they say in the port's terms.

Declared apart from the venue's own front end, so that a misunderstanding can't confirm itself.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.intents import OrderType, Side, TimeInForce
from messages.orders import Liquidity, OrderState
from messages.venue import FillsResult, Outcome, QueryFills, VenueFill, VenueOrder, VenueTrade
from messages.venue_account import ListingStatus, VenueInstrument


class OrderBody(msgspec.Struct, frozen=True):
    """An order as the venue tells it."""

    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    state: OrderState
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal | None = None


class PositionBody(msgspec.Struct, frozen=True):
    """A position: signed base units."""

    quantity: Decimal


class AccountBody(msgspec.Struct, frozen=True):
    """The account at `time`, ns UTC."""

    time: int
    balances: dict[str, Decimal]
    positions: dict[str, PositionBody]
    open_orders: list[OrderBody]


class FillBody(msgspec.Struct, frozen=True):
    """One execution; see `messages.orders.Fill` for units."""

    fill_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity


class FillLine(msgspec.Struct, frozen=True):
    """A line of the list of fills; `time` in ns UTC."""

    time: int
    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    fill: FillBody


class FillsPage(msgspec.Struct, frozen=True):
    """A part of the list: the lines up to the event `after`, of `published` that there are."""

    published: int
    after: int
    events: list[FillLine]


class InstrumentBody(msgspec.Struct, frozen=True):
    """The rules of one symbol."""

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


class RefusalBody(msgspec.Struct, frozen=True):
    """Why a request was not carried out."""

    reason: str = ""
    detail: str = ""


class NewOrderBody(msgspec.Struct, frozen=True):
    """A request to place; `sent_at` in ns UTC."""

    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    sent_at: int


def venue_order(order: OrderBody) -> VenueOrder:
    """An order in the port's terms."""
    return VenueOrder(
        order.client_order_id,
        order.venue_order_id,
        order.symbol,
        order.side,
        order.state,
        order.quantity,
        order.filled,
        order.limit_price,
    )


def fills_result(
    query: QueryFills, outcome: Outcome, trades: tuple[VenueTrade, ...] = (), *, detail: str = ""
) -> FillsResult:
    """The end of this question."""
    return FillsResult(
        query.venue,
        query.symbol,
        outcome,
        trades,
        query.since,
        query.client_order_id,
        query.venue_order_id,
        detail,
    )


def is_wanted(line: FillLine, query: QueryFills) -> bool:
    """Whether a line of the list was asked for."""
    return (
        line.symbol == query.symbol
        and (query.since is None or line.time >= query.since)
        and query.client_order_id in (None, line.client_order_id)
        and query.venue_order_id in (None, line.venue_order_id)
    )


def venue_trade(line: FillLine) -> VenueTrade:
    """A line of the list in the port's terms."""
    fill = line.fill
    told = VenueFill(fill.fill_id, fill.price, fill.quantity, fill.fee, fill.fee_currency, fill.liquidity)
    return VenueTrade(line.venue_order_id, line.client_order_id, line.symbol, line.side, line.time, told)


def venue_instrument(told: InstrumentBody) -> VenueInstrument:
    """The rules of a symbol in the port's terms; no minimum is told as 0."""
    return VenueInstrument(
        symbol=told.symbol,
        listing=told.symbol,
        status=ListingStatus.TRADING,
        base_currency=told.base_currency,
        quote_currency=told.quote_currency,
        settle_currency=told.quote_currency,
        tick=told.tick,
        lot=told.lot,
        min_quantity=told.min_quantity,
        min_notional=told.min_notional or None,
        multiplier=told.multiplier,
        maker_fee=told.maker_fee,
        taker_fee=told.taker_fee,
    )
