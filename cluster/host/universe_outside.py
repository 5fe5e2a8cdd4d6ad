"""The universe's outside: asks the venues for the figures of the candidates. What is not told stays unknown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from actors.operations.universe.figures import BAR, HISTORY, figures_of
from actors.venues.market_port import Bar, BookLevels, MarketDataPort
from messages.base import Effect, Message
from messages.errors import DataProviderError, VenueConnectionError
from messages.reasons import Reason
from messages.universe import MarketObserved, ObserveMarket, SymbolFigures

LOG = logging.getLogger("raydesk.universe")

LEVELS = 500
"""How many levels of each side are asked for."""

_AT_A_TIME = 4


class UniverseOutside:
    """See the module docstring and `cluster.host.actor_host.Outside`.

    `ports` are the public sides of the venues of the symbols, by symbol: one that has none is not known anything of.
    `units` are what one unit of a symbol counts at a price of 1, in base currency.
    """

    def __init__(self, ports: Mapping[str, MarketDataPort], units: Mapping[str, float]) -> None:
        self._ports = ports
        self._units = units
        self._few = asyncio.Semaphore(_AT_A_TIME)

    async def perform(self, effect: Effect, now: Callable[[], int]) -> Message | None:
        """Answer one question with whatever the venues tell."""
        assert isinstance(effect, ObserveMarket), effect
        found = await asyncio.gather(*(self._look(symbol, now) for symbol in effect.symbols))
        return MarketObserved(cycle=effect.cycle, figures=tuple(found))

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """A question is harmless."""
        return None

    def store_away(self) -> list[Effect]:
        """There is nothing to do."""
        return []

    async def _look(self, symbol: str, now: Callable[[], int]) -> SymbolFigures:
        port = self._ports.get(symbol)
        if port is None:
            return SymbolFigures(symbol)
        async with self._few:
            book, bars = await self._book(port, symbol), await self._bars(port, symbol, now())
        return figures_of(symbol, book, bars, now(), self._units[symbol])

    async def _book(self, port: MarketDataPort, symbol: str) -> BookLevels | None:
        try:
            return await port.book(symbol, LEVELS)
        except (VenueConnectionError, DataProviderError) as error:
            LOG.warning("no book: %s", error, extra={"symbol": symbol})
            return None

    async def _bars(self, port: MarketDataPort, symbol: str, now: int) -> tuple[Bar, ...] | None:
        try:
            return await port.bars(symbol, BAR, now - HISTORY, now)
        except (VenueConnectionError, DataProviderError) as error:
            LOG.warning("no bars: %s", error, extra={"symbol": symbol})
            return None
