"""Which streams are subscribed for what is wanted, and how they are spread over connections. Pure.

The venue serves best quotes and books under one path and everything else under another; a connection belongs to one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from actors.venues.market_port import Subscription
from messages.errors import ConfigurationError

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR

INTERVALS: Final = {
    _MINUTE: "1m",
    3 * _MINUTE: "3m",
    5 * _MINUTE: "5m",
    15 * _MINUTE: "15m",
    30 * _MINUTE: "30m",
    _HOUR: "1h",
    2 * _HOUR: "2h",
    4 * _HOUR: "4h",
    6 * _HOUR: "6h",
    8 * _HOUR: "8h",
    12 * _HOUR: "12h",
    _DAY: "1d",
}
"""The venue's bars of fixed length, by length in ns."""

PUBLIC: Final = "public"
MARKET: Final = "market"

DEPTH_STREAM: Final = "depth@100ms"


class LinePlan(msgspec.Struct, frozen=True):
    """What one connection carries: its path, its streams, and the symbols they are of."""

    path: str
    streams: tuple[str, ...]
    symbols: tuple[str, ...]


def interval_of(length: int) -> str:
    """The venue's name of bars of `length` ns. Raises `ConfigurationError` when it has none such."""
    name = INTERVALS.get(length)
    if name is None:
        raise ConfigurationError(
            "Binance has no bars of this length",
            field="bar_ns",
            value=length,
            remedy=f"choose of {', '.join(INTERVALS.values())}, or build them from trades",
        )
    return name


def plan_lines(subscriptions: Sequence[Subscription], most_streams: int) -> tuple[LinePlan, ...]:
    """The connections for these subscriptions, each with at most `most_streams` streams.

    Raises `ConfigurationError` for bars the venue does not have, and for a symbol that is wanted twice.
    """
    _refuse_twice(subscriptions)
    return tuple(
        line
        for path, pick in ((PUBLIC, _public), (MARKET, _market))
        for line in _spread(path, [(each.symbol, tuple(pick(each))) for each in subscriptions], most_streams)
    )


def _public(wanted: Subscription) -> Iterator[str]:
    listing = wanted.listing.lower()
    if wanted.quotes:
        yield f"{listing}@bookTicker"
    if wanted.depth:
        yield f"{listing}@{DEPTH_STREAM}"


def _market(wanted: Subscription) -> Iterator[str]:
    listing = wanted.listing.lower()
    if wanted.trades:
        yield f"{listing}@aggTrade"
    if wanted.bar_ns is not None:
        yield f"{listing}@kline_{interval_of(wanted.bar_ns)}"


def _spread(
    path: str, wanted: Sequence[tuple[str, tuple[str, ...]]], most_streams: int
) -> Iterator[LinePlan]:
    """Fill one connection after the other; the streams of a symbol stay together."""
    streams: list[str] = []
    symbols: list[str] = []
    for symbol, names in wanted:
        if not names:
            continue
        if streams and len(streams) + len(names) > most_streams:
            yield LinePlan(path, tuple(streams), tuple(symbols))
            streams, symbols = [], []
        streams += names
        symbols.append(symbol)
    if streams:
        yield LinePlan(path, tuple(streams), tuple(symbols))


def _refuse_twice(subscriptions: Sequence[Subscription]) -> None:
    seen: set[str] = set()
    for wanted in subscriptions:
        if wanted.symbol in seen or wanted.listing in seen:
            raise ConfigurationError(
                "the symbol is subscribed twice",
                field="subscriptions",
                value=wanted.symbol,
                remedy="ask for everything of a symbol in one subscription",
            )
        seen |= {wanted.symbol, wanted.listing}
