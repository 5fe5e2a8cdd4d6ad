"""What a venue tells of the past of its market, apart from what happens now: for downloads, in pages, by request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from actors.venues.market_port import Bar
from messages.venue_account import VenueInstrument


class PastTrade(msgspec.Struct, frozen=True, gc=False):
    """Trades of one instant and price, told as one. `number` counts them without gaps; `time` in ns UTC; `aggressor`
    +1 where the buyer took, -1 where the seller did.
    """

    number: int
    time: int
    price: float
    size: float
    aggressor: float


class PaidRate(msgspec.Struct, frozen=True, gc=False):
    """A funding rate (fraction; longs pay where positive) that was paid at `time` (ns UTC)."""

    time: int
    rate: float


class HistoryPort(Protocol):
    """One venue's past. Calls raise as those of `MarketDataPort` and are within the venue's request budget."""

    @property
    def longest_search(self) -> int:
        """The longest span (ns) that `trades_between` may be asked for."""

    async def server_time(self) -> int:
        """The venue's clock now, ns UTC."""

    async def instruments(self, symbols: Sequence[str]) -> tuple[VenueInstrument, ...]:
        """See `MarketDataPort.instruments`."""

    async def bars(self, symbol: str, length: int, start: int, end: int) -> tuple[Bar, ...]:
        """See `MarketDataPort.bars`."""

    async def trades_between(self, symbol: str, start: int, end: int) -> tuple[PastTrade, ...]:
        """The first page of trades with `start` <= time < `end` (ns UTC); empty when there are none."""

    async def trades_from(self, symbol: str, number: int) -> tuple[PastTrade, ...]:
        """The page of trades from this number on; empty when there are none yet."""

    async def paid_rates(self, symbol: str, start: int, end: int) -> tuple[PaidRate, ...]:
        """All funding rates paid at `start` <= time < `end` (ns UTC), oldest first."""
