"""Returns of all symbols at a fixed spacing, as the marks told them: what statistics of the portfolio are made of.

They are state, so that a risk actor that comes back judges as it did before; what is computed of them (`covariance`,
`value_at_risk`) is view. Each symbol has a column of int32, one for each sample, the latest last: all columns end
together, and a symbol that came later has a shorter one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from struct import Struct

import msgspec

from messages.statistics import ReturnsSampled

UNIT = 1_000_000
"""Returns are counted in millionths: whole numbers, so that sums of them are exact in any order."""

MISSING = -(2**31)
"""Stands for a return that nobody knows: the symbol was not marked in that time."""

GREATEST = 2 * UNIT
"""A log return beyond this (a price times or divided by seven) is cut to it."""

GAP = 2
"""Samples further apart than so many spacings say nothing about one."""

_packed = Struct("<i").pack
_MISSING = _packed(MISSING)
_WIDTH = len(_MISSING)


class ReturnSamples(msgspec.Struct):
    """The samples: when the latest was `taken_at` (desk time, ns UTC; 0 before the first), and the mids then."""

    taken_at: int = 0
    mids: dict[str, float] = {}
    columns: dict[str, bytes] = {}


def is_due(samples: ReturnSamples, spacing: int, now: int) -> bool:
    """Whether it is time for the next sample: spacings (ns) are counted from the epoch, so that they never drift."""
    return now // spacing > samples.taken_at // spacing


def sample(
    samples: ReturnSamples, mids: Mapping[str, float], spacing: int, lookback: int, now: int
) -> ReturnsSampled:
    """The event that takes a sample; `mids` are those of the symbols that were marked since the last one."""
    restarted = now - samples.taken_at > GAP * spacing
    returns: dict[str, int] = {}
    if not restarted:
        known = samples.mids
        for symbol, mid in mids.items():
            before = known.get(symbol)
            if before is not None:
                moved = round(math.log(mid / before) * UNIT)
                returns[symbol] = max(-GREATEST, min(GREATEST, moved))
    return ReturnsSampled(returns, lookback, spacing, restarted, now)


def keep(samples: ReturnSamples, event: ReturnsSampled, mids: Mapping[str, float]) -> None:
    """Take a sample over. A symbol of which no return is left in the columns is forgotten."""
    most, returns, columns = event.lookback * _WIDTH, event.returns, samples.columns
    for symbol in list(columns):
        moved = returns.get(symbol)
        column = (columns[symbol] + (_MISSING if moved is None else _packed(moved)))[-most:]
        if moved is None and column == _MISSING * (len(column) // _WIDTH):
            del columns[symbol]
        else:
            columns[symbol] = column
    for symbol, moved in returns.items():
        if symbol not in columns:
            columns[symbol] = _packed(moved)
    samples.mids = {**({} if event.restarted else samples.mids), **mids}
    samples.taken_at = event.time
