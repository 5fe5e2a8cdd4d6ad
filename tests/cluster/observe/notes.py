"""Notes of live feeds and venue ports as processes would leave them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from cluster.host.connection_notes import FeedNote, PortNote
from cluster.observe.connections import Connections, Feed, Venue
from cluster.store.noticeboard import Noticeboard

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND


def feed(**differs: Any) -> FeedNote:
    """A feed that is fine."""
    told: dict[str, Any] = {
        "time": NOW,
        "up": True,
        "polled": False,
        "stale": False,
        "age": SECOND // 10,
        "received": 200,
        "shed": 50,
        "reconnects": 2,
        "storm": False,
        "clock_offset": 0,
        "clock_error": 1_000_000,
        "warm_up": "complete",
    }
    return FeedNote(**(told | differs))


def port(**differs: Any) -> PortNote:
    """A port that is fine."""
    told: dict[str, Any] = {
        "time": NOW,
        "stream_up": True,
        "reconnects": 1,
        "clock_offset": 2_000_000,
        "clock_error": 500_000,
        "rates": {"weight_1m": 0.25, "orders_10s": 0.5},
        "circuit_open_until": None,
    }
    return PortNote(**(told | differs))


def connections(feeds: dict[str, FeedNote | None], ports: dict[str, PortNote | None]) -> Connections:
    """What a reader would have found."""
    return Connections(
        NOW,
        tuple(Feed(symbol, note) for symbol, note in feeds.items()),
        tuple(Venue(venue, note) for venue, note in ports.items()),
    )


class Board(Noticeboard):
    """A noticeboard without Redis."""

    def __init__(self, **notes: msgspec.Struct | bytes) -> None:
        self.kept = {
            name: note if isinstance(note, bytes) else msgspec.json.encode(note)
            for name, note in notes.items()
        }

    async def set_note(self, name: str, data: bytes) -> None:
        self.kept[name] = data

    async def notes(self, names: Sequence[str]) -> list[bytes | None]:
        return [self.kept.get(name) for name in names]
