"""Bars of a live feed, made of its trades or quotes and closed by the venue's time. Pure."""

from __future__ import annotations

from actors.strategy.bars import Bar, BarBuilder, BarSource
from cluster.feeds.live.settings import BarsFrom
from messages.market import TickKind

_SOURCES = {BarsFrom.TRADES: BarSource.TRADES, BarsFrom.QUOTES: BarSource.QUOTES}


class BarMaker:
    """The bars of one symbol and length (ns). A bar that an interruption falls into is not told: it is not whole."""

    def __init__(self, length: int, made_of: BarsFrom) -> None:
        self._length = length
        self._made_of = made_of
        self._kind = TickKind.TRADE if made_of is BarsFrom.TRADES else TickKind.QUOTE
        self._latest = 0
        self._builder = BarBuilder(length, _SOURCES[made_of])

    def take(self, kind: int, event_time: int, v0: float, v1: float, v2: float) -> Bar | None:
        """Fold one row; returns the bar that ended before it.

        Rows that are late by the venue's time belong to the bar in the making; quotes without both sides to none.
        """
        if kind != self._kind or not event_time > 0:
            return None
        time = self._latest = max(self._latest, event_time)
        closed = self._builder.close_before(time)
        if kind == TickKind.TRADE:
            self._builder.add(time, v0, v1)
        elif 0.0 < v0 <= v2:
            self._builder.add(time, (v0 + v2) / 2, 0.0)
        return closed

    def close_before(self, venue_time: int) -> Bar | None:
        """The bar that has ended by the venue's clock, though no row came since."""
        if venue_time <= self._latest:
            return None
        closed = self._builder.close_before(venue_time)
        if closed is not None:
            self._latest = venue_time
        return closed

    def interrupted(self) -> None:
        """Something may be missing from now on: the bar in the making is given up."""
        self._builder = BarBuilder(self._length, _SOURCES[self._made_of])
