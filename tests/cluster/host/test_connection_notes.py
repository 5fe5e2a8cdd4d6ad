"""The notes that processes leave of their way to a venue: written again and again, and nobody dies of them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from actors.venues.market_port import StreamHealth
from actors.venues.port import PortHealth
from cluster.feeds.live.health import FeedHealth, SymbolHealth
from cluster.feeds.live.settings import FeedMode
from cluster.host import connection_notes
from cluster.host.connection_notes import (
    FeedNote,
    PortNote,
    feed_note,
    keep_noting_feed,
    keep_noting_port,
    port_note,
)
from cluster.store.noticeboard import Noticeboard
from messages.errors import StoreUnavailableError

pytestmark = pytest.mark.unit

HEALTH = FeedHealth(
    mode=FeedMode.STREAM,
    stream=StreamHealth(connections=1, connected=1, reconnects=3, storm=True, shed=4),
    symbols={"X": SymbolHealth(up=True, polled=False, age=7, stale=False, waiting=0)},
    received=100,
    shed=10,
    outdated=0,
    polls=0,
    polls_failed=0,
    switches=0,
    clock_offset=5,
    clock_error=6,
    clock_refused=False,
    warm_up="complete",
)
PORT = PortHealth(
    clock_offset_ns=1,
    clock_error_ns=2,
    rate_used=0.5,
    rates_used={"weight": 0.5},
    stream_up=True,
    reconnects=4,
    circuit_open_until=9,
)


class Told:
    """A feed or a port that tells of its health."""

    venue = "v"

    def __init__(self, health: object) -> None:
        self._health = health

    def health(self) -> Any:
        return self._health


class Flaky(Noticeboard):
    """A store that is away at first."""

    def __init__(self, away: int) -> None:
        self.away = away
        self.kept: list[tuple[str, bytes]] = []

    async def set_note(self, name: str, data: bytes) -> None:
        if self.away:
            self.away -= 1
            raise StoreUnavailableError("Redis did not answer")
        self.kept.append((name, data))


def test_a_feeds_note_has_what_its_health_says() -> None:
    note = feed_note(HEALTH, "X", 11)

    assert (note.time, note.up, note.polled, note.stale, note.age) == (11, True, False, False, 7)
    assert (note.received, note.shed, note.reconnects, note.storm) == (100, 10, 3, True)
    assert (note.clock_offset, note.clock_error, note.warm_up) == (5, 6, "complete")


def test_a_ports_note_has_what_its_health_says() -> None:
    note = port_note(PORT, 11)

    assert (note.time, note.stream_up, note.reconnects, note.clock_offset, note.clock_error) == (
        11,
        True,
        4,
        1,
        2,
    )
    assert (note.rates, note.circuit_open_until) == ({"weight": 0.5}, 9)


def test_notes_are_written_again_and_again_also_after_the_store_was_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_notes, "NOTE_EVERY_S", 0.0)
    store = Flaky(away=3)

    async def work() -> None:
        feed: Any = Told(HEALTH)
        port: Any = Told(PORT)
        chores = [
            asyncio.create_task(keep_noting_feed(store, feed, "X")),
            asyncio.create_task(keep_noting_port(store, port)),
        ]
        while len(store.kept) < 6:
            await asyncio.sleep(0)
            assert not any(chore.done() for chore in chores)
        for chore in chores:
            chore.cancel()

    asyncio.run(work())
    kinds: dict[str, type[msgspec.Struct]] = {"feed/X": FeedNote, "port/v": PortNote}
    notes = {name: msgspec.json.decode(data, type=kinds[name]) for name, data in store.kept}
    assert notes.keys() == kinds.keys()
    assert store.away == 0
