"""Live prices and venues as people and programs are shown them: the part of a status document, and its lines."""

from __future__ import annotations

import msgspec

from cluster.cli.output import shown, span
from cluster.observe.connections import Connections, Venue


class FeedsEntry(msgspec.Struct, frozen=True):
    """All live prices. Counts are of symbols; `unknown` ones, of which no process has told lately, count as nothing
    else. `worst_age` is in ns by the venue's clock, null while none is known; `cold` says by symbol what kept its
    history from being read at the start.
    """

    symbols: int
    up: int
    stale: int
    polled: int
    unknown: int
    worst_age: int | None
    shed_ratio: float
    reconnects: int
    storms: int
    cold: dict[str, str]


class VenueEntry(msgspec.Struct, frozen=True):
    """The way to one venue. `known` is false when its process has told nothing lately; the rest is then null.

    `clock_offset_ns` is the venue's clock minus ours, `clock_error_ns` how far that may be off; `rates_used` the part
    of each request limit that is spent.
    """

    known: bool
    stream_up: bool | None
    reconnects: int | None
    clock_offset_ns: int | None
    clock_error_ns: int | None
    rates_used: dict[str, float] | None
    circuit_open: bool | None


def feeds_entry(told: Connections) -> FeedsEntry | None:
    """All live prices in figures; None for a desk that has none."""
    if not told.feeds:
        return None
    known = told.known
    return FeedsEntry(
        symbols=len(told.feeds),
        up=sum(note.up for note in known),
        stale=sum(note.stale for note in known),
        polled=sum(note.polled for note in known),
        unknown=len(told.feeds) - len(known),
        worst_age=told.oldest,
        shed_ratio=round(told.shed_ratio, 6),
        reconnects=sum(note.reconnects for note in known),
        storms=sum(note.storm for note in known),
        cold=told.cold,
    )


def venue_entries(told: Connections) -> dict[str, VenueEntry]:
    """Each venue with a protocol of its own, by name."""
    return {each.venue: _entry(each, told.time) for each in told.venues}


def _entry(venue: Venue, now: int) -> VenueEntry:
    note = venue.note
    if note is None:
        return VenueEntry(False, None, None, None, None, None, None)
    return VenueEntry(
        known=True,
        stream_up=note.stream_up,
        reconnects=note.reconnects,
        clock_offset_ns=note.clock_offset,
        clock_error_ns=note.clock_error,
        rates_used={limit: round(part, 6) for limit, part in note.rates.items()},
        circuit_open=venue.circuit_open(now),
    )


def feeds_line(feeds: FeedsEntry) -> str:
    """All live prices in one line; what is wrong stands out."""
    parts = [
        f"{feeds.up} of {feeds.symbols} up",
        _loud(feeds.stale, "stale"),
        f"{feeds.polled} polled",
        *([_loud(feeds.unknown, "unknown")] if feeds.unknown else []),
        f"worst age {span(feeds.worst_age)}",
        f"shed {feeds.shed_ratio:.2%}",
        f"{feeds.reconnects} reconnects",
        *([_loud(feeds.storms, "in a storm of reconnects")] if feeds.storms else []),
        *([f"[yellow]warm-up incomplete: {shown(', '.join(feeds.cold))}[/]"] if feeds.cold else []),
    ]
    return ", ".join(parts)


def venue_line(venue: VenueEntry) -> str:
    """One venue in a line; what is wrong stands out."""
    if not venue.known:
        return "[bold red]unknown: its process has told nothing lately[/]"
    stream = {True: "stream up", False: "[bold red]stream down[/]", None: "no stream"}[venue.stream_up]
    budget = max((venue.rates_used or {}).values(), default=None)
    parts = [
        stream,
        f"{venue.reconnects} reconnects",
        f"clock {_offset(venue)}",
        f"budget {'-' if budget is None else f'{budget:.0%}'} used",
        *(["[bold red]circuit open[/]"] if venue.circuit_open else []),
    ]
    return ", ".join(parts)


def _offset(venue: VenueEntry) -> str:
    if venue.clock_offset_ns is None:
        return "not known"
    sign = "+" if venue.clock_offset_ns >= 0 else ""
    return f"{sign}{span(venue.clock_offset_ns)} ± {span(venue.clock_error_ns)}"


def _loud(count: int, what: str) -> str:
    return f"[bold red]{count} {what}[/]" if count else f"0 {what}"
