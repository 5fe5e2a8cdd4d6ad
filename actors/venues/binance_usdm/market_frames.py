"""The public streams' frames: combined-stream JSON decoded in one pass into the few fields that are used.

Numbers come as text. msgspec's lenient decoder makes them floats without a Python string in between, which was
measured to be as fast as keeping the text; the event's name `e` picks the struct. Unknown fields are ignored, unknown
events are `None`. Times are ms UTC as sent.
"""

from __future__ import annotations

from typing import Final

import msgspec

from messages.errors import DataProviderError

MILLISECOND: Final = 1_000_000
"""Nanoseconds in the unit of the venue's times."""

FrameLevels = list[tuple[float, float]]


class BookTicker(msgspec.Struct, gc=False, tag_field="e", tag="bookTicker"):
    """Best bid and ask; `u` rises with every change of the book. An empty side is sent as zeros."""

    s: str
    u: int
    E: int
    b: float
    B: float
    a: float
    A: float


class DepthUpdate(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    """New absolute sizes at some prices (diff streams) or the best levels whole (partial ones).

    It covers the changes `U`..`u`; `pu` is the `u` of the event before.
    """

    s: str
    E: int
    U: int
    u: int
    pu: int
    b: FrameLevels
    a: FrameLevels


class AggTrade(msgspec.Struct, gc=False, tag_field="e", tag="aggTrade"):
    """Fills of one taker order at one price; `m`: the buyer was the maker. `a` rises by one per symbol."""

    s: str
    a: int
    E: int
    p: float
    q: float
    m: bool


class Trade(msgspec.Struct, gc=False, tag_field="e", tag="trade"):
    """One fill; `X` is MARKET, or names a transfer that never met the book. `t` rises by one per symbol."""

    s: str
    t: int
    E: int
    p: float
    q: float
    m: bool
    X: str = "MARKET"


class Candle(msgspec.Struct, gc=False):
    """A bar so far: `t` its open time, `T` the last ms in it, `x` whether it is closed."""

    t: int
    T: int
    i: str
    o: float
    h: float
    l: float  # noqa: E741
    c: float
    v: float
    x: bool


class Kline(msgspec.Struct, tag_field="e", tag="kline"):
    """A bar, told several times a second while it is made and once closed."""

    s: str
    E: int
    k: Candle


class MarkPrice(msgspec.Struct, gc=False, tag_field="e", tag="markPriceUpdate"):
    """Mark and index price, the funding rate so far and when it is next paid."""

    s: str
    E: int
    T: int
    p: float
    i: float
    r: float


class ServerShutdown(msgspec.Struct, gc=False, tag_field="e", tag="serverShutdown"):
    """The venue will soon close this connection."""

    E: int = 0


MarketEvent = BookTicker | DepthUpdate | AggTrade | Trade | Kline | MarkPrice | ServerShutdown


class _Frame(msgspec.Struct):
    data: MarketEvent


class CommandError(msgspec.Struct, frozen=True):
    """Why the venue refused a subscription."""

    code: int = 0
    msg: str = ""


class Answer(msgspec.Struct, frozen=True):
    """The venue's answer to a command of ours; `id` is the command's."""

    id: int | str | None
    error: CommandError | None = None


class _Unnamed(msgspec.Struct):
    """Any other frame: an answer, an event outside of an envelope, or an event we do not know."""

    id: int | str | msgspec.UnsetType | None = msgspec.UNSET
    error: CommandError | None = None
    e: str | None = None
    data: msgspec.Raw = msgspec.Raw()


class _Named(msgspec.Struct):
    e: str | None = None


_frame = msgspec.json.Decoder(_Frame, strict=False).decode
_bare = msgspec.json.Decoder(MarketEvent, strict=False).decode
_unnamed = msgspec.json.Decoder(_Unnamed).decode
_named = msgspec.json.Decoder(_Named).decode

KNOWN_EVENTS: Final = frozenset(
    ("bookTicker", "depthUpdate", "aggTrade", "trade", "kline", "markPriceUpdate", "serverShutdown")
)


def decode_frame(frame: bytes | str) -> MarketEvent | Answer | None:
    """The event in a frame, the answer to a command, or None for an event that is none of ours.

    Raises `DataProviderError` for what is no JSON, or is an event we know in a form we don't.
    """
    try:
        return _frame(frame).data
    except msgspec.ValidationError as error:
        return _other(frame, error)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(frame, str(error)) from error


def _other(frame: bytes | str, why: msgspec.ValidationError) -> MarketEvent | Answer | None:
    """What is left when a frame is no event in an envelope: rare, so it may cost."""
    try:
        other = _unnamed(frame)
        if other.e in KNOWN_EVENTS:
            bare: MarketEvent = _bare(frame)
            return bare
    except msgspec.ValidationError as error:
        raise _unreadable(frame, str(error)) from error
    if bytes(other.data):
        if _event_name(other.data) in KNOWN_EVENTS:
            raise _unreadable(frame, str(why)) from why
        return None
    if other.id is not msgspec.UNSET:
        return Answer(other.id, other.error)
    return None


def _event_name(data: msgspec.Raw) -> str | None:
    try:
        name: str | None = _named(data).e
    except msgspec.ValidationError:  # a list, or an event named by no text: none of ours
        return None
    return name


def _unreadable(frame: bytes | str, why: str) -> DataProviderError:
    return DataProviderError(
        f"a frame of the market stream can't be read: {why}",
        field="frame",
        value=frame[:200],
        remedy="the venue's protocol may have changed; see its change log",
    )
