"""What a venue's book and hourly bars say of a symbol's market. Where they say too little a figure is None."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, sqrt

from actors.operations.universe.settings import DAY, HOUR
from actors.venues.market_port import Bar, BookLevels
from messages.universe import SymbolFigures

DEPTH_BPS = 20.0
"""How far from the mid depth is counted."""

BAR = HOUR
HISTORY = 7 * DAY
"""How much of hourly bars is asked for."""

_BARS_A_DAY = DAY // BAR
_BARS_A_YEAR = 365 * _BARS_A_DAY


def figures_of(
    symbol: str, book: BookLevels | None, bars: Sequence[Bar] | None, now: int, unit: float
) -> SymbolFigures:
    """The figures at `now` (ns UTC); `unit` is what one unit of the symbol counts at a price of 1, in base currency.

    Volume is that of the last 24 hourly bars at their closes, None when one of them is missing. Depth sums price times
    size of both sides within 20 bps of the mid. Volatility is the population deviation of hourly returns times the
    root of the hours of a year, None with fewer than 24 of them. Trend is the last close over that of seven days
    before, None where the bars do not reach back so far.
    """
    mid = _mid(book)
    return SymbolFigures(
        symbol,
        volume=_volume(bars, now, unit),
        spread_bps=None if book is None or mid is None else (book.asks[0][0] - book.bids[0][0]) / mid * 1e4,
        depth=None if book is None or mid is None else _depth(book, mid) * unit,
        volatility=_volatility(bars),
        trend=_trend(bars, now),
    )


def _mid(book: BookLevels | None) -> float | None:
    if book is None or not book.bids or not book.asks:
        return None
    bid, ask = book.bids[0][0], book.asks[0][0]
    return (bid + ask) / 2 if isfinite(bid) and isfinite(ask) and 0 < bid <= ask else None


def _depth(book: BookLevels, mid: float) -> float:
    reach = mid * DEPTH_BPS / 1e4
    near = [(price, size) for price, size in (*book.bids, *book.asks) if abs(price - mid) <= reach]
    return sum(price * size for price, size in near)


def _volume(bars: Sequence[Bar] | None, now: int, unit: float) -> float | None:
    # a bar is closed, so the newest of them may have begun up to two hours ago
    day = [each for each in bars or () if each.time >= now - DAY - BAR][-_BARS_A_DAY:]
    if len(day) < _BARS_A_DAY or day[-1].time - day[0].time != (_BARS_A_DAY - 1) * BAR:
        return None
    return sum(each.volume * each.close for each in day) * unit


def _volatility(bars: Sequence[Bar] | None) -> float | None:
    known = bars or ()
    returns = [
        after.close / before.close - 1
        for before, after in pairwise(known)
        if after.time - before.time == BAR and before.close > 0
    ]
    if len(returns) < _BARS_A_DAY:
        return None
    mean = sum(returns) / len(returns)
    return sqrt(sum((each - mean) ** 2 for each in returns) / len(returns) * _BARS_A_YEAR)


def _trend(bars: Sequence[Bar] | None, now: int) -> float | None:
    # of seven days of closed bars the first may have begun an hour after that, and the newest two hours ago
    known = [each for each in bars or () if each.close > 0]
    if not known or known[0].time > now - HISTORY + 2 * BAR or known[-1].time < now - 2 * BAR:
        return None
    return known[-1].close / known[0].open - 1 if known[0].open > 0 else None
