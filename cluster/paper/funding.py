"""When positions at a venue pay each other funding, and at which rate: a constant one, or those of a list.

The times are part of the market: a venue that starts again pays what it paid before, at the same moments.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from decimal import Decimal
from heapq import heapify, heappop, heapreplace
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:  # settings are made of this module in processes that have no venue
    from actors.venues.matching.engine import MatchingEngine
    from cluster.feeds.funding import FundingRates

NEVER = 2**63 - 1
"""A desk time that no market reaches."""


class ConstantFunding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One symbol pays `rate` of its value at every multiple of `interval` (ns) since 1970, as venues do."""

    symbol: str
    rate: Decimal
    interval: int


class FundingTimes:
    """The payments of one venue that lie after `after` (ns UTC), in order of time, then of the symbols given.

    A list of rates takes the place of a constant one.
    """

    def __init__(
        self,
        engine: MatchingEngine,
        constant: Iterable[ConstantFunding] = (),
        listed: Mapping[str, FundingRates] | None = None,
        *,
        after: int,
    ) -> None:
        self._engine = engine
        rates = dict(listed or {})
        self._sources: list[_Constant | _Listed] = [
            _Constant(each, after) for each in constant if each.symbol not in rates
        ]
        self._sources += [_Listed(symbol, found, after) for symbol, found in rates.items()]
        self._heap = [
            (source.time, index) for index, source in enumerate(self._sources) if source.time < NEVER
        ]
        heapify(self._heap)

    @property
    def next_time(self) -> int:
        """When the next payment is due, ns UTC; `NEVER` when there is none."""
        return self._heap[0][0] if self._heap else NEVER

    def pay(self, until: int) -> None:
        """Let all positions pay what is due up to and including `until` (ns UTC), at the mid of now as mark price.

        A symbol of which no price was ever seen pays nothing.
        """
        engine = self._engine
        while self._heap and self._heap[0][0] <= until:
            time, index = self._heap[0]
            source = self._sources[index]
            mark = engine.mark_price(source.symbol)
            if mark is not None and source.rate:
                engine.on_funding(source.symbol, max(time, engine.now), source.rate, mark)
            source.go_on()
            if source.time < NEVER:
                heapreplace(self._heap, (source.time, index))
            else:
                heappop(self._heap)


class _Constant:
    """A rate that does not change. `time` is when it is due next."""

    def __init__(self, funding: ConstantFunding, after: int) -> None:
        self.symbol = funding.symbol
        self.rate: Decimal | float = funding.rate
        self._interval = funding.interval
        self.time = after - after % funding.interval + funding.interval

    def go_on(self) -> None:
        """The next time comes."""
        self.time += self._interval


class _Listed:
    """Rates as they were. `time` is when the next is due."""

    def __init__(self, symbol: str, rates: FundingRates, after: int) -> None:
        self.symbol = symbol
        self._times: list[int] = rates.times.tolist()
        self._rates: list[float] = rates.rates.tolist()
        self._next = bisect_right(self._times, after)

    @property
    def time(self) -> int:
        return self._times[self._next] if self._next < len(self._times) else NEVER

    @property
    def rate(self) -> Decimal | float:
        return self._rates[self._next]

    def go_on(self) -> None:
        """The next time comes."""
        self._next += 1
