"""Bars made of the trades: minutes and seconds as they happen, any longer length from the minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable

import msgspec

from cluster.exchange.api import Candle, Rules

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
WEEK = 7 * DAY
_FIRST_MONDAY = 4 * DAY
"""The epoch was a Thursday; weeks begin on Mondays."""


class Bar(msgspec.Struct):
    """A bar in ticks and lots from `start` (ns UTC); `value` is ticks x lots, `bought` what buyers took.

    Trade ids are -1 where there was no trade or it is not known.
    """

    start: int
    open: int
    high: int
    low: int
    close: int
    lots: int = 0
    value: int = 0
    trades: int = 0
    bought: int = 0
    bought_value: int = 0
    first_trade: int = -1
    last_trade: int = -1


def bar_start(time: int, length: int) -> int:
    """The beginning of the bar that holds a time: bars count from the epoch, weeks from a Monday."""
    shift = _FIRST_MONDAY if length % WEEK == 0 else 0
    return (time - shift) // length * length + shift


@runtime_checkable
class BarHistory(Protocol):
    """A market that knows bars from before the exchange opened."""

    def history(self, listing: str, length: int, first: int, end: int) -> list[Bar]:
        """Bars of `length` ns that begin in [first, end), both on its grid: whole minutes, or a second."""


class Bars:
    """The bars of one listing from its trades. A span without trades repeats the last price."""

    def __init__(self, minutes: int, seconds: int) -> None:
        self.minutes: deque[Bar] = deque(maxlen=minutes)
        self.seconds: deque[Bar] = deque(maxlen=seconds)

    def add(self, time: int, ticks: int, lots: int, trade_id: int, is_bought: bool) -> None:
        """Take in a trade; `is_bought` when the buyer was the aggressor."""
        for bars, length in ((self.minutes, MINUTE), (self.seconds, SECOND)):
            start = time // length * length
            if not bars or bars[-1].start != start:
                bars.append(Bar(start, ticks, ticks, ticks, ticks, first_trade=trade_id))
            _add(bars[-1], ticks, lots, trade_id, is_bought)

    def source(self, length: int) -> tuple[Sequence[Bar], int]:
        """The bars that bars of `length` are made of, and their own length."""
        return (self.minutes, MINUTE) if length % MINUTE == 0 else (self.seconds, SECOND)


def _add(bar: Bar, ticks: int, lots: int, trade_id: int, is_bought: bool) -> None:
    if ticks > bar.high:
        bar.high = ticks
    elif ticks < bar.low:
        bar.low = ticks
    bar.close = ticks
    bar.lots += lots
    bar.value += ticks * lots
    bar.trades += 1
    bar.last_trade = trade_id
    if is_bought:
        bar.bought += lots
        bar.bought_value += ticks * lots


def grouped(bars: Iterable[Bar], length: int) -> Iterator[Bar]:
    """Bars put together to longer ones; the bars come in order."""
    group: Bar | None = None
    for bar in bars:
        start = bar_start(bar.start, length)
        if group is not None and group.start == start:
            group.high, group.low = max(group.high, bar.high), min(group.low, bar.low)
            group.close = bar.close
            group.lots += bar.lots
            group.value += bar.value
            group.trades += bar.trades
            group.bought += bar.bought
            group.bought_value += bar.bought_value
            if bar.last_trade >= 0:
                group.last_trade = bar.last_trade
                group.first_trade = bar.first_trade if group.first_trade < 0 else group.first_trade
            continue
        if group is not None:
            yield group
        group = msgspec.structs.replace(bar, start=start)
    if group is not None:
        yield group


def filled(bars: Iterable[Bar], length: int, end: int) -> Iterator[Bar]:
    """The bars with a flat one for each span without trades, up to `end` (ns UTC, exclusive)."""
    last: Bar | None = None
    for bar in bars:
        if last is not None:
            yield from _flat(last, length, bar.start)
        yield bar
        last = bar
    if last is not None:
        yield from _flat(last, length, end)


def candle(listing: str, bar: Bar, length: int, now: int, tick: Decimal, lot: Decimal) -> Candle:
    """A bar as it is published."""
    return Candle(
        listing,
        bar.start,
        length,
        bar.open * tick,
        bar.high * tick,
        bar.low * tick,
        bar.close * tick,
        bar.lots * lot,
        bar.value * tick * lot,
        bar.trades,
        bar.start + length <= now,
        bar.bought * lot,
        bar.bought_value * tick * lot,
        bar.first_trade,
        bar.last_trade,
    )


def _flat(last: Bar, length: int, until: int) -> Iterator[Bar]:
    start = last.start + length
    while start < until:
        yield Bar(start, last.close, last.close, last.close, last.close)
        start += length


class ListingBars(Protocol):
    """What bars are asked of: a listing's rules and its trades' bars."""

    rules: Rules
    bars: Bars


def candles(
    listing: ListingBars,
    source: object,
    now: int,
    length: int,
    start: int | None,
    end: int | None,
    limit: int,
) -> list[Candle]:
    """Bars of a listing that begin in [start, end): with a start the first `limit` of them, else the last."""
    if limit < 1 or length % SECOND:
        return []
    stop = bar_start(min(now, now if end is None else end - 1), length) + length
    if start is None:
        first = stop - limit * length
    else:
        aligned = bar_start(start, length)
        first = aligned if aligned == start else aligned + length
        stop = min(stop, first + limit * length)
    if stop <= first:
        return []
    bars = list(
        grouped(_base_bars(listing.bars, source, listing.rules.listing, length, first, stop, now), length)
    )
    rules = listing.rules
    return [candle(rules.listing, bar, length, now, rules.tick, rules.lot) for bar in bars]


def _base_bars(
    bars: Bars, source: object, listing: str, length: int, first: int, stop: int, now: int
) -> Iterator[Bar]:
    """What the bars from `first` to `stop` are made of: bars from before the exchange's own, then its own.

    History comes in the length that is wanted, but for the bar in which the exchange's own begin.
    """
    own, base = bars.source(length)
    end = min(stop, now // base * base + base)
    begin = min(own[0].start, end) if own else end
    if first < begin and isinstance(source, BarHistory):
        whole = max(first, bar_start(begin, length))
        if length % base == 0:
            yield from source.history(listing, length, first, whole)
        yield from source.history(listing, base, whole, begin)
    kept = (bar for bar in own if bar.start < end)
    yield from (bar for bar in filled(kept, base, end) if bar.start >= first)
