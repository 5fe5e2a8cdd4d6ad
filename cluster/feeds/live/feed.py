"""The live feed of a strategy process: takes what a source tells, and has it ready for the host's cursors.

One feed serves all symbols of the process. Its source is a venue's port or a relay, which have one face; questions
(history, best quotes while the stream is unhealthy, the venue's time) go to the venue's port. All on one event loop.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from math import nan
from operator import itemgetter
from typing import Final, Protocol

import msgspec

from actors.strategy.bars import Bar
from actors.venues.market_port import Bar as VenueBar
from actors.venues.market_port import MarketDataPort, MarketSink, StreamHealth, Subscription, TopOfBook
from actors.venues.transport.server_clock import ServerClock, clock_sample
from cluster.feeds.live.bars import BarMaker
from cluster.feeds.live.cursor import LiveCursor, Row
from cluster.feeds.live.health import FeedHealth, SymbolHealth
from cluster.feeds.live.settings import BarsFrom, FeedMode, LiveFeedSettings
from cluster.feeds.live.switching import Switch
from cluster.feeds.live.warm_up import bar_row, warm_up_rows
from messages.errors import DataProviderError, VenueConnectionError
from messages.market import TickKind

LOG = logging.getLogger("raydesk.feed")

_QUOTE: Final = TickKind.QUOTE
_CLOCK_RESOLUTION: Final = 1_000_000
"""No venue tells its time finer than ms."""
_JITTER: Final = 0.2
_BAR_CHECK_S: Final = 0.1
_MISSING = (VenueConnectionError, DataProviderError)


class MarketSource(Protocol):
    """What a live feed streams from: a `MarketDataPort`, or a relay's client."""

    async def stream(self, subscriptions: Sequence[Subscription], sink: MarketSink) -> None:
        """See `MarketDataPort.stream`."""

    def health(self) -> StreamHealth:
        """See `MarketDataPort.health`."""


class _Lane:
    """What is kept of one symbol."""

    __slots__ = ("bars", "cursor", "event_time", "quote_time")

    def __init__(self, cursor: LiveCursor, bars: BarMaker | None) -> None:
        self.cursor = cursor
        self.bars = bars
        self.event_time = 0
        """The venue's time of the last row; 0 before."""
        self.quote_time = 0
        """That of the last quote since the stream began anew: an older one is no news."""


class LiveFeed:
    """See the module docstring. `now` is the desk's clock (ns UTC, never decreasing)."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        source: MarketSource,
        market: MarketDataPort,
        settings: LiveFeedSettings,
        now: Callable[[], int],
    ) -> None:
        self.on_rows: Callable[[], None] = _nobody
        """Called when rows have come: the host wakes."""
        self._subscriptions = tuple(subscriptions)
        self._source = source
        self._market = market
        self._settings = settings
        self._now = now
        self._lanes = {each.symbol: self._lane(each) for each in subscriptions}
        self._switch = Switch(list(self._lanes), settings, time.monotonic())
        self._clock = ServerClock(bound_ns=settings.max_clock_offset)
        self._outdated = self._polls = self._polls_failed = 0
        self._warm_up = "none"

    def _lane(self, wanted: Subscription) -> _Lane:
        settings = self._settings
        cursor = LiveCursor(wanted.symbol, capacity=settings.capacity, recent=settings.recent)
        return _Lane(cursor, None if wanted.bar_ns is None else BarMaker(wanted.bar_ns, settings.bars_from))

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols it has, as they were subscribed."""
        return tuple(self._lanes)

    def cursor(self, symbol: str) -> LiveCursor:
        """The cursor for a host. Raises `DataProviderError` for a symbol the feed does not have."""
        lane = self._lanes.get(symbol)
        if lane is None:
            raise DataProviderError(
                "the live feed does not have this symbol",
                field="symbol",
                value=symbol,
                remedy=f"subscribe it; it has {', '.join(sorted(self._lanes)[:10])}",
            )
        return lane.cursor

    # ------------------------------------------------------------------ life

    async def begin(self) -> None:
        """Read the history that views are built from, before a host begins. A venue that does not answer in time is
        no reason not to start: the views are then cold, and `health` says so.
        """
        if not self._settings.warm_up:
            return
        try:
            async with asyncio.timeout(self._settings.warm_up_patience_s):
                await asyncio.gather(*(self._read_history(symbol) for symbol in self._lanes))
        except TimeoutError:
            self._warm_up = "incomplete: the venue did not answer in time"
        except _MISSING as error:
            self._warm_up = f"incomplete: {error}"
        else:
            self._warm_up = "complete"
            return
        LOG.warning("warm-up %s", self._warm_up, extra={"venue": self._market.venue})

    async def _read_history(self, symbol: str) -> None:
        settings, lane = self._settings, self._lanes[symbol]
        until = self._now()
        begin = split = until - settings.warm_up
        bars: list[VenueBar] = []
        if settings.history > settings.warm_up:
            begin, split = until - settings.history, split - split % settings.history_bar
            bars += await self._market.bars(symbol, settings.history_bar, begin, split)
        bars += await self._market.bars(symbol, settings.warm_up_bar, split, until)
        rows: Iterable[Row] = warm_up_rows(bars)
        as_bars = next(each.bar_ns for each in self._subscriptions if each.symbol == symbol)
        if as_bars is not None:
            told = [each for each in bars if each.length == as_bars]
            if len(told) < len(bars):
                told = list(await self._market.bars(symbol, as_bars, begin, until))
            # a bar is told before what happens at the moment of its end, as when it closes live
            rows = merge(map(bar_row, told), rows, key=itemgetter(0))
        lane.cursor.remember(row for row in rows if row[0] <= until)

    async def run(self) -> None:
        """Stream, poll, watch the venue's clock and close bars, until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self._settings.mode is not FeedMode.POLL:
                group.create_task(self._source.stream(self._wanted(), self))
            if self._settings.mode is not FeedMode.STREAM:
                group.create_task(self._keep_polling())
            group.create_task(self._watch_clock())
            if any(lane.bars is not None for lane in self._lanes.values()):
                group.create_task(self._close_bars())

    def _wanted(self) -> list[Subscription]:
        """What the source is asked for: bars are made here, so what they are made of must come."""
        trades = self._settings.bars_from is BarsFrom.TRADES
        return [
            each
            if each.bar_ns is None
            else msgspec.structs.replace(
                each, bar_ns=None, trades=each.trades or trades, quotes=each.quotes or not trades
            )
            for each in self._subscriptions
        ]

    # ------------------------------------------------------------------ the sink

    def tick(
        self, symbol: str, kind: int, event_time: int, v0: float, v1: float, v2: float, v3: float, v4: float
    ) -> None:
        """See `MarketSink.tick`."""
        self._switch.heard(symbol, time.monotonic())
        self._take(self._lanes[symbol], kind, event_time, v0, v1, v2, v3, v4)
        self.on_rows()

    def _take(
        self, lane: _Lane, kind: int, event_time: int, v0: float, v1: float, v2: float, v3: float, v4: float
    ) -> None:
        if kind == _QUOTE:
            if event_time < lane.quote_time:
                self._outdated += 1
                return
            lane.quote_time = event_time
        if event_time > lane.event_time:
            lane.event_time = event_time
        now = self._now()
        if lane.bars is not None:
            closed = lane.bars.take(kind, event_time, v0, v1, v2)
            if closed is not None:
                self._tell_bar(lane, closed, now)
        lane.cursor.push((now, kind, event_time, v0, v1, v2, v3, v4))

    def interrupted(self, symbols: Sequence[str], detail: str) -> None:
        """See `MarketSink.interrupted`."""
        self._switch.interrupted(symbols)
        for symbol in symbols:
            lane = self._lanes[symbol]
            lane.quote_time = 0  # the venue may have been restarted, with another clock
            if lane.bars is not None:
                lane.bars.interrupted()
        LOG.warning("stream interrupted: %s", detail, extra={"symbols": list(symbols)})

    def restored(self, symbols: Sequence[str]) -> None:
        """See `MarketSink.restored`."""
        self._switch.restored(symbols, time.monotonic())
        LOG.info("stream whole", extra={"symbols": list(symbols)})

    # ------------------------------------------------------------------ polling

    async def _keep_polling(self) -> None:
        while True:
            wanted = self._switch.polled(time.monotonic())
            if wanted:
                await self._poll(wanted)
            await asyncio.sleep(self._settings.poll_s * (1 + _JITTER * random.uniform(-1, 1)))

    async def _poll(self, symbols: Sequence[str]) -> None:
        self._polls += 1
        try:
            shown = await self._market.top_of_book(symbols)
        except _MISSING as error:
            self._polls_failed += 1
            LOG.warning("poll failed: %s", error, extra={"symbols": list(symbols)})
            return
        for top in shown:
            self._show(top)
        self.on_rows()

    def _show(self, top: TopOfBook) -> None:
        """A quote that was asked for; one that is known already is no news."""
        lane = self._lanes[top.symbol]
        if top.event_time <= lane.quote_time:
            return
        bid, bid_size, ask, ask_size = (
            nan if value is None else value for value in (top.bid, top.bid_size, top.ask, top.ask_size)
        )
        self._take(lane, _QUOTE, top.event_time, bid, bid_size, ask, ask_size, nan)

    # ------------------------------------------------------------------ clock and bars

    async def _watch_clock(self) -> None:
        """Estimate the venue's clock, soon again when it does not answer."""
        while True:
            sent = time.monotonic_ns()
            try:
                told = await self._market.server_time()
            except _MISSING:
                await asyncio.sleep(min(1.0, self._settings.clock_s))
                continue
            self._clock.take(clock_sample(sent, time.monotonic_ns(), told, _CLOCK_RESOLUTION))
            await asyncio.sleep(self._settings.clock_s)

    def venue_time(self) -> int | None:
        """The venue's clock now (ns UTC); None while it is not known."""
        offset = self._clock.offset(time.monotonic_ns())
        return None if offset is None else time.monotonic_ns() + offset

    async def _close_bars(self) -> None:
        """Close bars that no row ends, by the venue's clock."""
        while True:
            await asyncio.sleep(_BAR_CHECK_S)
            venue_time = self.venue_time()
            if venue_time is None:
                continue
            for lane in self._lanes.values():
                if lane.bars is not None:
                    closed = lane.bars.close_before(venue_time - self._settings.bar_grace)
                    if closed is not None:
                        self._tell_bar(lane, closed, self._now())
                        self.on_rows()

    def _tell_bar(self, lane: _Lane, bar: Bar, now: int) -> None:
        assert bar.interval is not None
        volume = nan if bar.volume is None else bar.volume
        end = bar.start + bar.interval
        lane.cursor.push((now, TickKind.BAR, end, bar.open, bar.high, bar.low, bar.close, volume))

    # ------------------------------------------------------------------ health

    def health(self) -> FeedHealth:
        """How the feed is now."""
        venue_time, now = self.venue_time(), self._now()
        stream = self._source.health()
        polled = set(self._switch.polling)
        cursors = [lane.cursor for lane in self._lanes.values()]
        offset = None if venue_time is None else venue_time - now
        return FeedHealth(
            mode=FeedMode.STREAM if not polled else FeedMode.POLL if len(polled) == len(cursors) else None,
            stream=stream,
            symbols={
                symbol: self._symbol_health(symbol, symbol in polled, venue_time) for symbol in self._lanes
            },
            received=sum(cursor.received for cursor in cursors) + stream.shed,
            shed=sum(cursor.shed for cursor in cursors) + stream.shed,
            outdated=self._outdated,
            polls=self._polls,
            polls_failed=self._polls_failed,
            switches=self._switch.switches,
            clock_offset=offset,
            clock_error=self._clock.error(time.monotonic_ns()),
            clock_refused=offset is None or abs(offset) > self._settings.max_clock_offset,
            warm_up=self._warm_up,
        )

    def _symbol_health(self, symbol: str, polled: bool, venue_time: int | None) -> SymbolHealth:
        lane = self._lanes[symbol]
        age = None if venue_time is None or not lane.event_time else venue_time - lane.event_time
        return SymbolHealth(
            up=self._switch.up(symbol),
            polled=polled,
            age=age,
            stale=age is None or age > self._settings.max_age,
            waiting=lane.cursor.waiting,
        )


def _nobody() -> None:
    """Nobody waits for rows yet."""
