"""What a process tells of its way to a venue, about once a second: a note in the store for whoever watches.

Notes are no history: nothing is decided by them, a lost one is not missed, and one that grows old means that nobody
knows. They carry machine time, as heartbeats do, for a desk clock may stand still.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from messages.errors import StoreError

if TYPE_CHECKING:
    from actors.venues.port import PortHealth, VenuePort
    from cluster.feeds.live.feed import LiveFeed
    from cluster.feeds.live.health import FeedHealth
    from cluster.store.noticeboard import Noticeboard

NOTE_EVERY_S = 1.0


class FeedNote(msgspec.Struct, frozen=True, kw_only=True):
    """How one symbol's live prices were at `time` (machine time, ns UTC); see `cluster.feeds.live.health`.

    `age` (ns) is None where it is not known. `received`, `shed` and `reconnects` count since the process began.
    """

    time: int
    up: bool
    polled: bool
    stale: bool
    age: int | None
    received: int
    shed: int
    reconnects: int
    storm: bool
    clock_offset: int | None
    clock_error: int | None
    warm_up: str


class PortNote(msgspec.Struct, frozen=True, kw_only=True):
    """How the way to a venue account was at `time` (machine time, ns UTC); see `actors.venues.port.PortHealth`.

    `rates` is the part of each request limit that is spent (0..1), by the limit's name.
    """

    time: int
    stream_up: bool | None
    reconnects: int
    clock_offset: int | None
    clock_error: int | None
    rates: Mapping[str, float]
    circuit_open_until: int | None


def feed_note_name(symbol: str) -> str:
    """Under which name a symbol's feed is noted."""
    return f"feed/{symbol}"


def port_note_name(venue: str) -> str:
    """Under which name a venue's port is noted."""
    return f"port/{venue}"


def feed_note(health: FeedHealth, symbol: str, now: int) -> FeedNote:
    """The note of a symbol's feed at machine time `now`."""
    one = health.symbols[symbol]
    return FeedNote(
        time=now,
        up=one.up,
        polled=one.polled,
        stale=one.stale,
        age=one.age,
        received=health.received,
        shed=health.shed,
        reconnects=health.stream.reconnects,
        storm=health.stream.storm,
        clock_offset=health.clock_offset,
        clock_error=health.clock_error,
        warm_up=health.warm_up,
    )


def port_note(health: PortHealth, now: int) -> PortNote:
    """The note of a venue account's port at machine time `now`."""
    return PortNote(
        time=now,
        stream_up=health.stream_up,
        reconnects=health.reconnects,
        clock_offset=health.clock_offset_ns,
        clock_error=health.clock_error_ns,
        rates=health.rates_used,
        circuit_open_until=health.circuit_open_until,
    )


async def keep_noting_feed(store: Noticeboard, feed: LiveFeed, symbol: str) -> None:
    """Note how a symbol's prices come, until cancelled."""
    await _keep_noting(store, feed_note_name(symbol), lambda now: feed_note(feed.health(), symbol, now))


async def keep_noting_port(store: Noticeboard, port: VenuePort) -> None:
    """Note how the way to a venue account is, until cancelled."""
    await _keep_noting(store, port_note_name(port.venue), lambda now: port_note(port.health(), now))


async def _keep_noting(store: Noticeboard, name: str, note: Callable[[int], msgspec.Struct]) -> None:
    """While the store is away a note is left out: an actor does not die of it."""
    while True:
        with suppress(StoreError):
            await store.set_note(name, msgspec.json.encode(note(time.time_ns())))
        await asyncio.sleep(NOTE_EVERY_S)
