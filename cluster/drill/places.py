"""Where a fault hurts: looked up in the run without it, which is the same until the fault."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from cluster.drill.arrangement import SECOND, Span
from cluster.drill.evidence import ZERO, Evidence


class Held(NamedTuple):
    """A position at desk time `time`; `value` is its size at the price of its last fill, in quote currency."""

    time: int
    symbol: str
    quantity: Decimal
    value: Decimal


def after(run: Evidence, seconds: int) -> int:
    """The desk time so long after the beginning."""
    return run.span.begin + seconds * SECOND


def busiest(times: Iterable[int], within: Span, length: int) -> int | None:
    """Where to begin a span of `length` (ns) inside of `within`, on a full second, to have the most of `times` in it.

    The first of equals; None when none has any.
    """
    known = [time for time in times if time in within]
    begins = range(within.begin, within.end - length + 1, SECOND)
    best = max(begins, key=lambda begin: (_count(known, begin, length), -begin), default=None)
    return best if best is not None and _count(known, best, length) else None


def busiest_working(run: Evidence, within: Span, lasting: int) -> int | None:
    """The beginning of a slice in which most orders work and go on working for `lasting` (ns); None without any."""
    spans = [span for _, span in run.working()]
    step = run.desk.plan.slice_ns
    begins = range(within.begin - within.begin % step + step, within.end, step)

    def working(begin: int) -> int:
        return sum(1 for span in spans if span.begin < begin and begin + lasting <= span.end)

    best = max(begins, key=lambda begin: (working(begin), -begin), default=None)
    return best if best is not None and working(best) else None


def largest_position(run: Evidence, within: Span) -> Held | None:
    """The most valuable position at the end of any slice, held for a slice more; None when there was none."""
    step, best = run.desk.plan.slice_ns, None
    for symbol in run.symbols:
        fills = run.positions(symbol)
        prices = [event.fill.price for event in run.venue_events() if event.symbol == symbol and event.fill]
        for index, (time, quantity) in enumerate(fills):
            begin = max(time, within.begin)
            begin += step - begin % step
            until = fills[index + 1][0] if index + 1 < len(fills) else within.end
            if quantity == ZERO or begin not in within or until < begin + step:
                continue
            value = abs(quantity) * prices[index]
            if best is None or value > best.value:
                best = Held(begin, symbol, quantity, value)
    return best


def _count(times: list[int], begin: int, length: int) -> int:
    return sum(1 for time in times if begin <= time < begin + length)
