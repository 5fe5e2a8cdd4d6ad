"""Payments of funding. The stream says only that money moved; for which position, the list of payments says."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from actors.venues.binance_usdm import endpoints as at
from actors.venues.binance_usdm.bodies import IncomeBody
from actors.venues.binance_usdm.listings import Listings
from actors.venues.binance_usdm.rest import BinanceRest, decoded
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from actors.venues.transport.budget import Priority
from messages.errors import DataProviderError
from messages.venue import VenueFunding

_MILLISECOND = 1_000_000
_SECOND = 1_000_000_000
_PAGE = 1_000
_KEPT = 10_000
_OVERLAP_NS = 60 * _SECOND
LOOKS_S = (1.0, 5.0, 30.0)
"""How long after an announcement the list is looked at: it may lag behind the stream."""


class FundingReader:
    """Hands over each payment once, in the order of the list; `take` gets them with sequence 0."""

    def __init__(
        self,
        settings: BinanceUsdmSettings,
        rest: BinanceRest,
        listings: Listings,
        take: Callable[[VenueFunding], None],
    ) -> None:
        self._settings = settings
        self._rest = rest
        self._listings = listings
        self._take = take
        self._told: OrderedDict[str, None] = OrderedDict()
        self._latest: int | None = None
        self._wake = asyncio.Event()
        self._at_once = False

    def announced(self) -> None:
        """The stream said that funding was paid."""
        self._wake.set()

    def catch_up(self) -> None:
        """The stream begins: payments may have been missed."""
        self._at_once = True
        self._wake.set()

    async def run(self) -> None:
        """Look whenever there is a reason to, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._at_once:
                self._at_once = not await self.look()
            for pause_s in LOOKS_S:
                # A new announcement begins the looks anew. `wait_for` would lose a cancel that comes with one.
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._wake.wait()
                    break
                self._at_once = not await self.look() and self._at_once

    async def look(self) -> bool:
        """Ask for the payments since the last one; whether the venue answered."""
        start = self._since()
        if start is None:
            return False
        while True:
            page = await self._page(start)
            if page is None:
                return False
            for body in page:
                self._hand_over(body)
            if len(page) < _PAGE or page[-1].time * _MILLISECOND <= start:
                return True
            start = page[-1].time * _MILLISECOND

    def _since(self) -> int | None:
        if self._latest is not None:
            return self._latest - _OVERLAP_NS
        now = self._rest.venue_now()
        return None if now is None else now - int(self._settings.funding_lookback_s * _SECOND)

    async def _page(self, start: int) -> list[IncomeBody] | None:
        answer = await self._rest.call(
            at.INCOME,
            {"incomeType": "FUNDING_FEE", "startTime": start // _MILLISECOND, "limit": _PAGE},
            priority=Priority.BACKGROUND,
            patience_s=self._settings.query_patience_s,
        )
        if answer.failure is not None:
            return None
        try:
            return sorted(decoded(answer, list[IncomeBody]), key=lambda body: body.time)
        except DataProviderError:
            return None

    def _hand_over(self, body: IncomeBody) -> None:
        payment_id = str(body.tran_id)
        if body.income_type != "FUNDING_FEE" or payment_id in self._told:
            return
        self._told[payment_id] = None
        if len(self._told) > _KEPT:
            self._told.popitem(last=False)
        time = body.time * _MILLISECOND
        self._latest = max(time, self._latest or time)
        symbol = self._listings.symbol(body.symbol)
        self._take(
            VenueFunding(self._settings.venue, 0, time, payment_id, symbol, body.asset, body.income, None)
        )
