"""The venues of a backtest, fed by its tape: which books want rows, and what becomes of commands and reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from actors.venues.matching.events import Event
from actors.venues.matching.instruments import MarketKind
from cluster.backtest.tape import Tape, Watch
from cluster.paper.funding import FundingTimes
from cluster.paper.market import MarketRows
from cluster.simulator.alarms import NEVER
from cluster.simulator.venue import SimulatedVenue
from messages.base import Address
from messages.market import TickKind
from messages.venue_stream import StreamEvent

_LATEST = frozenset({TickKind.QUOTE, TickKind.TRADE, TickKind.BAR})
_LATEST_ONLY = dict.fromkeys(MarketKind, _LATEST) | {MarketKind.TRADES: _LATEST - {TickKind.TRADE}}
"""Rows of which the last says it all, by what a book lives on: of prints alone, each tells one side; changes of
levels build on each other in any book."""


class Books:
    """All venues over one tape. `tell(address, event)` hands an event to the execution actor it belongs to."""

    def __init__(
        self,
        tape: Tape,
        venues: Mapping[Address, SimulatedVenue],
        symbols: Sequence[tuple[str, Address]],
        tell: Callable[[Address, StreamEvent], None],
        funding: Mapping[Address, FundingTimes] | None = None,
    ) -> None:
        """`symbols` names the symbol of each feed of the tape, in the tape's order, and its venue's address;
        `funding` is what positions at each venue pay."""
        self._funding = {key: each for key, each in (funding or {}).items() if each.next_time < NEVER}
        self._tape = tape
        self._venues = list(venues.items())
        self._tell = tell
        self._books = [(venues[address], symbol) for symbol, address in symbols]
        self._feeds = {symbol: feed for feed, (symbol, _) in enumerate(symbols)}
        self._watched = [False] * len(symbols)
        self._resting = False
        for venue, symbol in self._books:
            tape.latest_only.append(_LATEST_ONLY[venue.market_kind(symbol)])
            rows = MarketRows(venue.engine)
            tape.watches.append(_watch(venue, rows))
            tape.catch_ups.append(_catch_up(venue, rows))

    @property
    def watched(self) -> Sequence[bool] | None:
        """Which feeds' books have orders resting, None when none has; for `Tape.play`."""
        return self._watched if self._resting else None

    @property
    def next_time(self) -> int:
        """When the next command arrives, or the next report or funding is due at any venue, ns UTC."""
        first = NEVER
        for _, venue in self._venues:
            if venue.due < first:
                first = venue.due
        if self._funding:
            first = min(first, *[funding.next_time for funding in self._funding.values()])
        return first

    def advance(self, now: int) -> list[Address]:
        """Bring all venues that have something under way to `now`; returns whose execution actors have news."""
        news: list[Address] = []
        for address, venue in self._venues:
            arrival = venue.engine.next_arrival()
            arrives = arrival is not None and arrival <= now
            funding = self._funding.get(address) if self._funding else None
            payments = funding is not None and funding.next_time <= now
            if arrives or payments:
                self._tape.sync_all()
            if funding is not None and payments:
                funding.pay(now)
            if arrives or venue.engine.has_events:
                happened = venue.advance(now)
                if happened:  # an order rests from its arrival on, whoever knows of it
                    self._look(venue, happened)
            elif venue.due <= now:  # nothing reaches the book: what happened in it before may be known now
                venue.time = now
            else:
                continue
            told = venue.take()
            if told:
                news.append(address)
                for event in told:
                    self._tell(address, event)
        return news

    def end_funding(self) -> None:
        """The market is over: nothing more is paid on positions."""
        self._funding = {}

    def _look(self, venue: SimulatedVenue, happened: Sequence[Event]) -> None:
        """Where something has happened, orders may rest now, or no more."""
        watched, rests = self._watched, venue.engine.rests
        for event in happened:
            feed = self._feeds.get(event.symbol)
            if feed is not None:
                watched[feed] = rests(event.symbol)
        self._resting = True in watched


def _watch(venue: SimulatedVenue, rows: MarketRows) -> Watch:
    engine, observe = venue.engine, rows.observe

    def watch(
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)
        return engine.has_events

    return watch


def _catch_up(venue: SimulatedVenue, rows: MarketRows) -> Watch:
    engine, observe = venue.engine, rows.observe

    def catch_up(
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        now = max(time, engine.now)
        if kind == TickKind.BAR:
            # told late, it closed when it did: nobody may trade at an open before his decision
            engine.on_bar(symbol, now, v0, v1, v2, v3, v4, closed_at=time)
            return False
        return observe(symbol, kind, now, event_time, v0, v1, v2, v3, v4)

    return catch_up
