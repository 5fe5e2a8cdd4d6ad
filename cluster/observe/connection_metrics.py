"""Metric families of live prices and venues.

What is not known is absent, but for `up`, which is then 0: an alert must not fall silent with what it watches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import Metric

from cluster.host.connection_notes import FeedNote, PortNote
from cluster.observe.connections import Connections
from cluster.observe.metric_families import Rows, counted, labelled

_SECOND = 1_000_000_000

_FEED: tuple[tuple[str, str, Callable[[FeedNote], float | None]], ...] = (
    ("raydesk_feed_age_seconds", "Age of the last price by the venue's clock", lambda it: _seconds(it.age)),
    ("raydesk_feed_stale", "Whether the last price is too old to decide on", lambda it: it.stale),
    ("raydesk_feed_polled", "Whether prices are asked for instead of streamed", lambda it: it.polled),
    (
        "raydesk_feed_shed_ratio",
        "Part of the prices that was conflated away",
        lambda it: it.shed / it.received if it.received else 0.0,
    ),
)
_VENUE: tuple[tuple[str, str, Callable[[PortNote], float | None]], ...] = (
    (
        "raydesk_venue_clock_offset_seconds",
        "The venue's clock minus ours",
        lambda it: _seconds(it.clock_offset),
    ),
    (
        "raydesk_venue_clock_error_seconds",
        "How far that offset may be off",
        lambda it: _seconds(it.clock_error),
    ),
)


def connection_families(told: Connections) -> Iterator[Metric]:
    """All of them; empty families where the desk has no live prices or no venue but paper."""
    yield from _feeds(told)
    yield from _venues(told)


def _feeds(told: Connections) -> Iterator[Metric]:
    label, known = ("symbol",), [(feed.symbol, feed.note) for feed in told.feeds if feed.note is not None]
    up: Rows = [((feed.symbol,), float(feed.up)) for feed in told.feeds]
    yield labelled("raydesk_feed_up", "Whether a symbol's stream is known to tell everything", label, up)
    for name, text, read in _FEED:
        yield labelled(name, text, label, _rows((symbol, read(note)) for symbol, note in known))
    reconnects: Rows = [((symbol,), note.reconnects) for symbol, note in known]
    yield counted("raydesk_feed_reconnects", "Market streams that failed or were lost", label, reconnects)


def _venues(told: Connections) -> Iterator[Metric]:
    label, known = ("venue",), [(each.venue, each.note) for each in told.venues if each.note is not None]
    up = [
        ((each.venue,), float(each.note is not None and bool(each.note.stream_up)))
        for each in told.venues
        if each.note is None or each.note.stream_up is not None
    ]
    yield labelled("raydesk_venue_stream_up", "Whether the private stream is known to be up", label, up)
    for name, text, read in _VENUE:
        yield labelled(name, text, label, _rows((venue, read(note)) for venue, note in known))
    spent: Rows = [((venue, limit), part) for venue, note in known for limit, part in note.rates.items()]
    yield labelled(
        "raydesk_venue_rate_used_ratio", "Part of a request limit that is spent", ("venue", "limit"), spent
    )
    circuits: Rows = [
        ((each.venue,), float(each.circuit_open(told.time))) for each in told.venues if each.note is not None
    ]
    yield labelled(
        "raydesk_venue_circuit_open", "Whether orders are held back: it has not answered", label, circuits
    )
    reconnects: Rows = [((venue,), note.reconnects) for venue, note in known]
    yield counted("raydesk_venue_reconnects", "Private streams opened again", label, reconnects)


def _rows(values: Iterator[tuple[str, float | None]]) -> Rows:
    return [((name,), float(value)) for name, value in values if value is not None]


def _seconds(span: int | None) -> float | None:
    return None if span is None else span / _SECOND
