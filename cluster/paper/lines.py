"""The venue's public record of what happened, as JSON lines: what its stream sends and `orders.jsonl` keeps.

One kind of line per thing that can happen; the first field of a line tells which it is. Amounts are decimal text.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.intents import OrderType, Side, TimeInForce
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason

EVENT_HEAD = b'{"sequence":'
"""How the line of an event begins."""

COMMAND_HEAD = b'{"command":'
"""How the line of a command that was taken begins."""


class FillLine(msgspec.Struct, frozen=True, gc=False):
    """One execution; see `messages.orders.Fill` for units."""

    fill_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity


class EventLine(msgspec.Struct, frozen=True, gc=False):
    """One event of an order's life. `state` and `filled` (cumulative, base units) are the order's after it.

    `time` is when it happened in the book, `report_time` when the account can know, both ns UTC.
    """

    sequence: int
    time: int
    report_time: int
    event: str
    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    state: OrderState
    quantity: Decimal
    filled: Decimal
    fill: FillLine | None
    reason: Reason


class FundingLine(msgspec.Struct, frozen=True, gc=False):
    """Funding of a position: `amount` is the change of the balance in `currency`, negative when the account paid.

    `rate` is a part of the value of `position` (signed base units) at `mark_price`. Times as in `EventLine`.
    """

    sequence: int
    time: int
    report_time: int
    event: str
    payment_id: str
    symbol: str
    currency: str
    amount: Decimal
    rate: Decimal
    mark_price: Decimal
    position: Decimal


StreamLine = EventLine | FundingLine
"""A line of the private stream; all of them count in one `sequence`."""

FUNDING = "funding"
"""The `event` of a line of funding."""


class OrderLine(msgspec.Struct, frozen=True, gc=False):
    """An order that the gateway took as its `command`-th command."""

    command: int
    event: str
    time: int
    arrival: int
    sent_at: int
    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool


class CancelLine(msgspec.Struct, frozen=True, gc=False):
    """A cancel that the gateway took as its `command`-th command."""

    command: int
    event: str
    time: int
    arrival: int
    sent_at: int
    client_order_id: str


class RefusedLine(msgspec.Struct, frozen=True, gc=False):
    """A request that the gateway did not take; the store keeps nothing else of it."""

    refused: str
    time: int
    client_order_id: str
    reason: Reason
    detail: str


_encoder = msgspec.json.Encoder()
_event_decoder = msgspec.json.Decoder(EventLine)
_funding_decoder = msgspec.json.Decoder(FundingLine)


class _Kind(msgspec.Struct, frozen=True, gc=False):
    """The part of a line that says what it tells."""

    event: str


_kind_decoder = msgspec.json.Decoder(_Kind)


def encode_line(line: StreamLine | OrderLine | CancelLine | RefusedLine) -> bytes:
    """The line's text, without the line feed."""
    return _encoder.encode(line)


def decode_event(data: bytes) -> StreamLine:
    """The event or funding in a line. Raises `msgspec.DecodeError`."""
    if _kind_decoder.decode(data).event == FUNDING:
        return _funding_decoder.decode(data)
    return _event_decoder.decode(data)
