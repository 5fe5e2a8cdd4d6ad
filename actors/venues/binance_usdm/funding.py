"""Payments of funding, and transfers. The stream says only that money moved; the list of payments says which, and for
which position."""

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
from messages.venue_stream import VenueFunding, VenueTransfer

_MILLISECOND = 1_000_000
_SECOND = 1_000_000_000
_PAGE = 1_000
_KEPT = 10_000
_OVERLAP_NS = 60 * _SECOND
LOOKS_S = (1.0, 5.0, 30.0)
"""How long after an announcement the list is looked at: it may lag behind the stream."""


FUNDING_KINDS = ("FUNDING_FEE",)
TRANSFER_KINDS = ("TRANSFER", "INTERNAL_TRANSFER", "STRATEGY_UMFUTURES_TRANSFER")
"""What the list calls what. An id is unique within one kind."""


class IncomeReader:
    """Hands over each entry of its kinds once, in the order of the list; `take` gets them with sequence 0."""

    def __init__(
        self,
        settings: BinanceUsdmSettings,
        rest: BinanceRest,
        listings: Listings,
        take: Callable[[VenueFunding | VenueTransfer], None],
        kinds: tuple[str, ...] = FUNDING_KINDS,
    ) -> None:
        self._settings = settings
        self._rest = rest
        self._listings = listings
        self._take = take
        self._kinds = kinds
        is_funding = kinds == FUNDING_KINDS
        self._lookback_s = settings.funding_lookback_s if is_funding else settings.transfer_lookback_s
        self._told: OrderedDict[str, None] = OrderedDict()
        self._latest: int | None = None
        self._wake = asyncio.Event()
        self._at_once = False

    def announced(self) -> None:
        """The stream said that such an entry was made."""
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
        """Ask for what came since the last entry; whether the venue answered."""
        start = self._since()
        if start is None:
            return False
        for kind in self._kinds:
            if not await self._look_for(kind, start):
                return False
        return True

    async def _look_for(self, kind: str, start: int) -> bool:
        while True:
            page = await self._page(kind, start)
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
        return None if now is None else now - int(self._lookback_s * _SECOND)

    async def _page(self, kind: str, start: int) -> list[IncomeBody] | None:
        answer = await self._rest.call(
            at.INCOME,
            {"incomeType": kind, "startTime": start // _MILLISECOND, "limit": _PAGE},
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
        kind, entry_id = body.income_type, str(body.tran_id)
        if kind not in self._kinds or f"{kind}/{entry_id}" in self._told:
            return
        self._told[f"{kind}/{entry_id}"] = None
        if len(self._told) > _KEPT:
            self._told.popitem(last=False)
        time = body.time * _MILLISECOND
        self._latest = max(time, self._latest or time)
        venue, asset, amount = self._settings.venue, body.asset, body.income
        if kind in FUNDING_KINDS:
            symbol = self._listings.symbol(body.symbol)
            self._take(VenueFunding(venue, 0, time, entry_id, symbol, asset, amount, None))
        else:
            name = entry_id if kind == TRANSFER_KINDS[0] else f"{kind}/{entry_id}"
            self._take(VenueTransfer(venue, 0, time, name, asset, amount, kind))
