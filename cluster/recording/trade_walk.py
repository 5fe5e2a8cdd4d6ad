"""All trades of one symbol in order of their numbers, page by page, cut at whatever time is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import takewhile
from typing import Protocol, TypeVar

from actors.venues.history_port import HistoryPort, PastTrade
from cluster.recording.manifest import Hole

T = TypeVar("T")


class Patience(Protocol):
    """Asks until there is an answer."""

    async def __call__(self, ask: Callable[[], Awaitable[T]], /) -> T:
        """The answer."""


class TradeWalk:
    """`next` is the number of the trade that comes next; None until the first was found, by its time before `end`."""

    def __init__(
        self, port: HistoryPort, symbol: str, patiently: Patience, number: int | None, *, end: int
    ) -> None:
        self.next = number
        self._port = port
        self._symbol = symbol
        self._patiently = patiently
        self._end = end
        self._searched = 0
        """Up to when there is no trade."""
        self._ahead: tuple[PastTrade, ...] = ()
        """Of the last page, what lies behind the time asked for."""
        self._found: list[tuple[int, int, str]] = []

    async def until(self, start: int, stop: int) -> list[PastTrade]:
        """The trades not told yet that are before `stop`; the first is looked for from `start` on (ns UTC)."""
        told: list[PastTrade] = []
        while True:
            page = self._ahead or await self._page(start, stop)
            inside = list(takewhile(lambda each: each.time < stop, page))
            self._take(inside, told[-1].time if told else start)
            told += inside
            self._ahead = page[len(inside) :]
            if self._ahead or not page:
                return told

    async def _page(self, start: int, stop: int) -> tuple[PastTrade, ...]:
        port, symbol, number = self._port, self._symbol, self.next
        if number is not None:
            return await self._patiently(lambda: port.trades_from(symbol, number))
        begin = max(start, self._searched)
        while begin < stop:
            self._searched = min(
                begin + port.longest_search, self._end
            )  # as a question costs the same, however long
            page = await self._patiently(
                lambda begin=begin: port.trades_between(symbol, begin, self._searched)  # type: ignore[misc]
            )
            if page:
                return page
            begin = self._searched
        return ()

    def _take(self, trades: list[PastTrade], since: int) -> None:
        """Count them, and note numbers that the venue leaves out."""
        for trade in trades:
            if self.next is not None and trade.number != self.next:
                detail = f"trades {self.next} to {trade.number - 1} are not told by the venue"
                self._found.append((since, trade.time, detail))
            self.next, since = trade.number + 1, trade.time

    def holes(self, listing: str) -> list[Hole]:
        """What was noted since the last call."""
        found, self._found = self._found, []
        return [Hole(listing=listing, start=start, end=end, detail=detail) for start, end, detail in found]
