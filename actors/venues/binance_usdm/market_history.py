"""The past of the market at Binance USD-M futures, by REST: bars, aggregate trades and paid funding rates."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.venues.binance_usdm.market_frames import MILLISECOND
from actors.venues.binance_usdm.market_rest import MarketRest
from actors.venues.history_port import PaidRate, PastTrade

TRADES: Final = "/fapi/v1/aggTrades"
RATES: Final = "/fapi/v1/fundingRate"

_PAGE: Final = 1000
_TRADES_WEIGHT: Final = 20
_RATES_WEIGHT: Final = 1
_LONGEST_SEARCH: Final = 3600 * 1_000_000_000
"""The venue refuses a longer span between `startTime` and `endTime` of aggregate trades."""


class _Aggregate(msgspec.Struct):
    a: int
    p: float
    q: float
    T: int
    m: bool


class _Paid(msgspec.Struct):
    fundingRate: float
    fundingTime: int


class MarketHistory(MarketRest):
    """See `HistoryPort`."""

    @property
    def longest_search(self) -> int:
        """See `HistoryPort.longest_search`."""
        return _LONGEST_SEARCH

    async def trades_between(self, symbol: str, start: int, end: int) -> tuple[PastTrade, ...]:
        """See `HistoryPort.trades_between`."""
        first, last = _milliseconds(start, end)
        return () if last < first else await self._trades(symbol, {"startTime": first, "endTime": last})

    async def trades_from(self, symbol: str, number: int) -> tuple[PastTrade, ...]:
        """See `HistoryPort.trades_from`."""
        return await self._trades(symbol, {"fromId": number})

    async def _trades(self, symbol: str, which: dict[str, int]) -> tuple[PastTrade, ...]:
        wanted: dict[str, str | int] = {"symbol": self._listing(symbol), "limit": _PAGE, **which}
        told = await self._ask(TRADES, wanted, _TRADES_WEIGHT, list[_Aggregate])
        return tuple(
            PastTrade(each.a, each.T * MILLISECOND, each.p, each.q, -1.0 if each.m else 1.0) for each in told
        )

    async def paid_rates(self, symbol: str, start: int, end: int) -> tuple[PaidRate, ...]:
        """See `HistoryPort.paid_rates`."""
        listing, found = self._listing(symbol), list[PaidRate]()
        first, last = _milliseconds(start, end)
        while first <= last:
            wanted: dict[str, str | int] = {"symbol": listing, "startTime": first, "endTime": last}
            wanted["limit"] = _PAGE
            told = await self._ask(RATES, wanted, _RATES_WEIGHT, list[_Paid])
            found += [PaidRate(each.fundingTime * MILLISECOND, each.fundingRate) for each in told]
            if len(told) < _PAGE:
                break
            first = told[-1].fundingTime + 1
        return tuple(found)


def _milliseconds(start: int, end: int) -> tuple[int, int]:
    """`start` <= time < `end` in ns as first and last whole ms."""
    return -(-start // MILLISECOND), -(-end // MILLISECOND) - 1
