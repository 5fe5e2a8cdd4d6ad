"""What a relay and its clients say to each other: MessagePack in frames with their length before them.

Client first: `Hello`. The relay answers `Welcome` or `Refusal`, then sends `Batch` after `Batch`, at least one per
second. Rows name their symbol by its place in the client's hello; kinds are those of `TickKind`, and two of its own
for the stream's being down and whole again, which so keep their place among the rows.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from actors.venues.market_port import StreamHealth
from messages.errors import VenueConnectionError

VERSION: Final = 1
DOWN: Final = 100
WHOLE: Final = 101

LARGEST_FRAME: Final = 16 * 1024 * 1024
_LENGTH: Final = 4

WireRow = tuple[int, int, int, float, float, float, float, float]
"""Place of the symbol, kind, event time, and the five values."""


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """What a client wants: rows of these symbols, with or without trades."""

    version: int
    symbols: tuple[str, ...]
    trades: tuple[bool, ...]


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The relay has all of it."""

    venue: str


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """The relay can't serve this client; it need not come again."""

    detail: str


class Batch(msgspec.Struct, frozen=True, tag="batch"):
    """Rows in order (none is a sign of life), the quotes let go so far for this client, and how the stream is."""

    rows: list[WireRow]
    shed: int
    health: StreamHealth | None = None


FromRelay = Welcome | Refusal | Batch

encode = msgspec.msgpack.Encoder().encode
decode_hello = msgspec.msgpack.Decoder(Hello).decode
decode_from_relay = msgspec.msgpack.Decoder(FromRelay).decode


def framed(message: Any) -> bytes:
    """A message as it goes over the socket."""
    body = encode(message)
    return len(body).to_bytes(_LENGTH, "big") + body


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The next frame's body. Raises `VenueConnectionError` when the other side is gone or is no relay."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
        if length > LARGEST_FRAME:
            raise VenueConnectionError("a frame is too large", field="relay", value=length)
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError) as error:
        raise VenueConnectionError("the other side is gone", field="relay") from error
