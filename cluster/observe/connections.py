"""How a desk's live prices and its venues are, from the notes that their processes leave in the store.

What ought to be noted is known from the settings, so that a process that says nothing shows as unknown. A note older
than a few seconds counts as none: nothing is taken for fine because it once was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

import msgspec

from cluster.host.connection_notes import FeedNote, PortNote, feed_note_name, port_note_name
from cluster.host.settings_map import traded_symbols
from cluster.store.noticeboard import Noticeboard
from config import DeskConfig
from config.schema.venues import PaperVenueSettings

Note = TypeVar("Note", FeedNote, PortNote)

FRESH_NS = 5_000_000_000
"""How old a note may be, in machine time: five are left out before nothing is known any more."""


class Feed(msgspec.Struct, frozen=True):
    """One symbol's live prices; `note` is None when nothing fresh is known of them."""

    symbol: str
    note: FeedNote | None

    @property
    def up(self) -> bool:
        """Whether its stream is known to tell everything."""
        return self.note is not None and self.note.up

    @property
    def trouble(self) -> str:
        """Why nobody should decide on it; empty when it is known to be fine."""
        if self.note is None:
            return "unknown"
        if not self.note.stale:
            return ""
        return "no price yet" if self.note.age is None else f"{self.note.age / 1e9:.1f} s old"


class Venue(msgspec.Struct, frozen=True):
    """The way to one venue account; `note` is None when nothing fresh is known of it."""

    venue: str
    note: PortNote | None

    def circuit_open(self, now: int) -> bool:
        """Whether orders are held back at machine time `now` because the venue does not answer."""
        return self.note is not None and (self.note.circuit_open_until or 0) > now

    def trouble(self, now: int) -> str:
        """What is wrong with it at machine time `now`; empty when it is known to be fine."""
        if self.note is None:
            return "unknown: its process has told nothing lately"
        found = [] if self.note.stream_up is not False else ["private stream down"]
        if self.circuit_open(now):
            found.append("circuit open: it has not been answering")
        return ", ".join(found)


class Connections(msgspec.Struct, frozen=True):
    """All connections as of `time` (machine time, ns UTC). A desk on paper has none."""

    time: int = 0
    feeds: tuple[Feed, ...] = ()
    venues: tuple[Venue, ...] = ()

    def forgotten(self) -> Connections:
        """The same connections with nothing known of them: the store does not answer."""
        return Connections(
            self.time,
            tuple(Feed(each.symbol, None) for each in self.feeds),
            tuple(Venue(each.venue, None) for each in self.venues),
        )

    @property
    def known(self) -> list[FeedNote]:
        """The notes of the feeds of which something is known."""
        return [feed.note for feed in self.feeds if feed.note is not None]

    @property
    def oldest(self) -> int | None:
        """The greatest age of a price (ns); None while no age is known."""
        return max((note.age for note in self.known if note.age is not None), default=None)

    @property
    def shed_ratio(self) -> float:
        """The part of all rows that was conflated away."""
        received = sum(note.received for note in self.known)
        return sum(note.shed for note in self.known) / received if received else 0.0

    @property
    def cold(self) -> dict[str, str]:
        """By symbol: what kept its history from being read at the start."""
        return {
            feed.symbol: feed.note.warm_up
            for feed in self.feeds
            if feed.note is not None and feed.note.warm_up.startswith("incomplete")
        }


async def read_connections(
    store: Noticeboard, config: DeskConfig, now: int, *, running: Collection[str] | None = None
) -> Connections:
    """The connections of a desk at machine time `now`; `running` are the symbols in its universe, if it has one.

    Raises `StoreUnavailableError`.
    """
    traded = traded_symbols(config) if config.feed.live else []
    symbols = [each for each in traded if running is None or each in running]
    venues = [name for name, chosen in config.venues.items() if not isinstance(chosen, PaperVenueSettings)]
    names = [*map(feed_note_name, symbols), *map(port_note_name, venues)]
    notes = dict(zip(names, await store.notes(names), strict=True))
    return Connections(
        now,
        tuple(Feed(each, _fresh(FeedNote, notes, feed_note_name(each), now)) for each in symbols),
        tuple(Venue(each, _fresh(PortNote, notes, port_note_name(each), now)) for each in venues),
    )


def _fresh(kind: type[Note], notes: Mapping[str, bytes | None], name: str, now: int) -> Note | None:
    data = notes[name]
    if data is None:
        return None
    try:
        note = msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError:  # written by other code: who watches does not stop for it
        return None
    return note if abs(now - note.time) <= FRESH_NS else None
