"""Marks: as they come from strategies, made fit for the books (newer, sound, on the symbol's tick); and their age."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from math import inf

from actors.risk.state import RiskState
from messages.market import Marks
from messages.portfolio import MarkTaken


def newer_marks(
    marks: Marks, state: RiskState, ticks: Mapping[str, Decimal], now: int
) -> tuple[MarkTaken, ...]:
    """The marks that are newer than those known, on their ticks; `ticks` by symbol.

    None is newer than `now` (desk time, ns UTC): a process whose clock is ahead would outdate everybody else's marks,
    and its last one would count as young for as long as the clock is ahead.

    A mark without a sound bid and ask is passed over, so that it grows stale and blocks what depends on it; so is
    one of a symbol that is neither configured nor held.
    """
    taken = []
    for mark in marks.marks:
        known = state.marks.get(mark.symbol)
        seen = mark.time if mark.time < now else now
        if known is not None and seen <= known.time:
            continue
        tick = ticks.get(mark.symbol)
        if not 0.0 < mark.bid <= mark.ask < inf or (tick is None and mark.symbol not in state.listings):
            continue
        bid, ask = on_tick(mark.bid, tick), on_tick(mark.ask, tick)
        if bid > 0:
            taken.append(MarkTaken(mark.symbol, bid, ask, seen))
    return tuple(taken)


def oldest_mark(state: RiskState) -> int | None:
    """When the oldest mark of anything held was seen (ns UTC): NAV is as old. 0: never was; None: nothing is held."""
    oldest: int | None = None
    for listing in state.totals.active:
        holding = state.holdings[listing]
        if holding.position:
            mark = state.marks.get(holding.symbol)
            seen = 0 if mark is None else mark.time
            if oldest is None or seen < oldest:
                oldest = seen
    return oldest


@lru_cache(maxsize=8192)
def on_tick(price: float, tick: Decimal | None) -> Decimal:
    """A float price as the multiple of `tick` nearest to it; as its shortest text when there is no tick.

    Prices come back again and again, and reading one costs more than all else about a mark.
    """
    exact = Decimal(repr(price))
    if tick is None:
        return exact
    return (exact / tick).to_integral_value() * tick
