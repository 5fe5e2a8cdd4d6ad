"""What the paper venue remembers: its orders, the records of its journal and its snapshot.

These are the stored forms (MessagePack); a field may be added with a default, never changed in meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import msgspec

from actors.venues.matching.orders import NewOrder
from actors.venues.matching.snapshot import EngineSnapshot
from cluster.paper.journal import read_frames
from messages.errors import JournalCorruptError
from messages.intents import OrderType, Side, TimeInForce
from messages.orders import TERMINAL, OrderState

Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A time as others may send it: ns UTC in 64 bits."""

FORMAT = 1
"""Version of the stored form; raised when older stores can't be read any more."""


class OrderRequest(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order as it was asked for. Quantity in base units, prices in quote currency; `sent_at` in ns UTC."""

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
    sent_at: Time


class OrderRecord(msgspec.Struct, gc=False, kw_only=True):
    """One order as the venue knows it, from the moment its gateway took it.

    `arrival` is when it reaches (or reached) the book; `cancel_wanted` says that a cancel is under way.
    """

    request: OrderRequest
    venue_order_id: str
    arrival: int
    state: OrderState = OrderState.WORKING
    filled: Decimal = Decimal(0)
    cancel_wanted: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing can come of it any more."""
        return self.state in TERMINAL


class OrderTaken(msgspec.Struct, frozen=True, gc=False, tag="order"):
    """The gateway took an order: the `number`-th command, when the market was folded up to `time`."""

    number: int
    time: int
    arrival: int
    request: OrderRequest


class CancelTaken(msgspec.Struct, frozen=True, gc=False, tag="cancel"):
    """The gateway took a cancel; see `OrderTaken`."""

    number: int
    time: int
    arrival: int
    client_order_id: str
    sent_at: int


class TimePassed(msgspec.Struct, frozen=True, gc=False, tag="time"):
    """The venue has gone on to `time`; written before what happened by then is told to anybody."""

    time: int


JournalRecord = OrderTaken | CancelTaken | TimePassed


class Unreported(msgspec.Struct, frozen=True, gc=False):
    """An event that has happened in the book and can't be known before `report_time`."""

    sequence: int
    report_time: int


class VenueSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The whole venue at one instant: between two records of its journal.

    `positions` are rows folded per symbol, `commands` and `sequence` the last numbers given out, `published` the
    last sequence that may be known at `time`. `born_at` is machine time in ns UTC.
    """

    format: int
    market_digest: str
    born_at: int
    time: int
    positions: dict[str, int]
    commands: int
    sequence: int
    published: int
    unreported: tuple[Unreported, ...]
    orders: tuple[OrderRecord, ...]
    engine: EngineSnapshot


def new_order(account: str, request: OrderRequest) -> NewOrder:
    """The engine's command for a request."""
    return NewOrder(
        account,
        request.client_order_id,
        request.symbol,
        request.side,
        request.order_type,
        request.quantity,
        request.limit_price,
        request.stop_price,
        request.time_in_force,
        request.post_only,
        request.reduce_only,
    )


_encoder = msgspec.msgpack.Encoder()
_record_decoder = msgspec.msgpack.Decoder(JournalRecord)


def encode_record(record: JournalRecord) -> bytes:
    """The stored form of a journal record."""
    return _encoder.encode(record)


def read_journal(path: Path) -> Iterator[tuple[int, JournalRecord]]:
    """The records of a journal file, each with the offset behind it; none when there is no file.

    Raises `JournalCorruptError` for a damaged record.
    """
    if not path.exists():
        return
    for offset, payload in read_frames(path.read_bytes(), str(path)):
        try:
            yield offset, _record_decoder.decode(payload)
        except msgspec.DecodeError as error:
            raise JournalCorruptError(
                f"a record can't be decoded: {error}",
                field=str(path),
                value=f"before byte {offset}",
                remedy="the store was written by newer software; start that",
            ) from error
