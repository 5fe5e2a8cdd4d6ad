"""The key that opens the private stream: made, kept alive, made anew."""

from __future__ import annotations

from enum import Enum

import msgspec

from actors.venues.binance_usdm import endpoints as at
from actors.venues.binance_usdm.codes import UNKNOWN_LISTEN_KEY
from actors.venues.binance_usdm.rest import BinanceRest, decoded, unanswered
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from actors.venues.port import Failure
from actors.venues.transport.budget import Priority
from messages.errors import DataProviderError


class Kept(Enum):
    """How keeping a key alive ended."""

    ALIVE = "alive"
    GONE = "gone"
    UNSURE = "unsure"


class _Key(msgspec.Struct, rename="camel"):
    listen_key: str


class ListenKeys:
    """The listen keys of one account; the venue has at most one active at a time."""

    def __init__(self, settings: BinanceUsdmSettings, rest: BinanceRest) -> None:
        self._settings = settings
        self._rest = rest

    async def make(self) -> str | None:
        """A key that is good for an hour, the active one if there is one; None when the venue does not answer.

        Raises `VenueConnectionError` when it refuses our credentials.
        """
        answer = await self._rest.call(
            at.LISTEN_KEY_NEW, priority=Priority.QUERY, patience_s=self._settings.query_patience_s
        )
        if answer.failure is Failure.AUTH:
            raise unanswered(self._settings.venue, answer)
        if answer.failure is not None:
            return None
        try:
            return decoded(answer, _Key).listen_key
        except DataProviderError:
            return None

    async def keep(self) -> Kept:
        """Extend the active key by an hour."""
        answer = await self._rest.call(
            at.LISTEN_KEY_KEEP, priority=Priority.QUERY, patience_s=self._settings.query_patience_s
        )
        if answer.failure is None:
            return Kept.ALIVE
        return Kept.GONE if answer.code == UNKNOWN_LISTEN_KEY else Kept.UNSURE
