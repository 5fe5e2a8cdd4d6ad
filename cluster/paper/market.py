"""The market at the venue: the feeds of all its symbols, folded into the matching engine in exact time order."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heapreplace
from typing import TYPE_CHECKING

from actors.venues.matching.instruments import Instrument
from cluster.feeds.columns import Feed
from cluster.feeds.cursor import FeedCursor
from cluster.paper.funding import FundingTimes
from cluster.paper.settings import MarketSource, RecordedSource, SyntheticSource
from messages.errors import ConfigurationError
from messages.market import TickKind

if TYPE_CHECKING:  # a strategy opens its feed here, and matches nothing
    from actors.venues.matching.engine import MatchingEngine

_NEVER = 2**63 - 1


def open_feeds(source: MarketSource, instruments: tuple[Instrument, ...]) -> dict[str, Feed]:
    """The feed of each instrument; where it trades on bars or prints alone, with the quotes that a backtest sees too.

    Raises `ConfigurationError` or `DataProviderError` where one is missing.
    """
    if isinstance(source, RecordedSource):
        from cluster.feeds.recording import RecordedFeed, Recording  # with the readers of all formats
        from cluster.feeds.window import priced

        recording = Recording(
            source.paths,
            source.listings,
            cache_folder=source.cache_folder,
            include_depth=source.include_depth,
            bar_time=source.bar_time,
            one_sided=source.one_sided,
        )
        return {
            each.symbol: priced(RecordedFeed.of(recording, each.symbol), each.market.kind)
            for each in instruments
        }
    return {each.symbol: _synthetic_feed(source, each) for each in instruments}


def _synthetic_feed(source: SyntheticSource, instrument: Instrument) -> Feed:
    from cluster.feeds.synthetic import MarketShape, SyntheticMarket  # a recorded market needs none

    shape = source.shapes.get(instrument.symbol)
    if shape is None:
        raise ConfigurationError(
            "there is no market for this symbol",
            field="paper.source.shapes",
            value=instrument.symbol,
            remedy="give it a start price",
        )
    return SyntheticMarket(
        instrument.symbol,
        source.seed,
        source.start_time,
        source.duration,
        MarketShape(
            start_price=shape.start_price,
            tick=instrument.tick,
            lot=instrument.lot,
            quotes_per_second=shape.quotes_per_second,
            volatility=shape.volatility,
            minimum_spread_ticks=shape.minimum_spread_ticks,
            median_size=shape.median_size,
        ),
    )


class Market:
    """Folds several feeds into one engine. At one instant the symbols come in the order they were given."""

    def __init__(
        self,
        feeds: Mapping[str, Feed],
        positions: Mapping[str, int],
        engine: MatchingEngine,
        funding: FundingTimes | None = None,
    ) -> None:
        """`positions` are the rows folded before, by symbol; `funding` what is paid from where these rows end."""
        self._funding = funding or FundingTimes(engine, after=0)
        self._rows = MarketRows(engine)
        self._cursors = [FeedCursor(feed, positions.get(symbol, 0)) for symbol, feed in feeds.items()]
        self._heap = [(_due(cursor), index) for index, cursor in enumerate(self._cursors)]
        heapify(self._heap)
        self.rows = sum(cursor.position for cursor in self._cursors)
        """Rows folded so far, over all symbols."""

    @property
    def positions(self) -> dict[str, int]:
        """Rows folded so far, by symbol."""
        return {cursor.symbol: cursor.position for cursor in self._cursors}

    @property
    def next_time(self) -> int | None:
        """The time of the next row, ns UTC; None when all feeds have ended."""
        due = self._heap[0][0]
        return None if due == _NEVER else due

    def look_again(self) -> None:
        """Feeds that had ended have grown."""
        self._heap = [(_due(cursor), index) for index, cursor in enumerate(self._cursors)]
        heapify(self._heap)

    def fold(self, until: int) -> None:
        """Give the engine all rows up to and including `until` (ns UTC); funding comes behind the rows of its time."""
        while (due := self._funding.next_time) <= until:
            self._fold_rows(due)
            self._funding.pay(due)
        self._fold_rows(until)

    def _fold_rows(self, until: int) -> None:
        heap = self._heap
        while heap[0][0] <= until:
            index = heap[0][1]
            cursor = self._cursors[index]
            before = cursor.position
            cursor.fold(self._rows.observe, min(until, self._bound(index)))
            self.rows += cursor.position - before
            heapreplace(heap, (_due(cursor), index))

    def _bound(self, index: int) -> int:
        """How far the first cursor of the heap may go before another one's turn comes."""
        others = self._heap[1:3]
        if not others:
            return _NEVER
        time, other = min(others)
        return time if index < other else time - 1


class MarketRows:
    """Hands rows of market data to one engine, each in the way its kind wants; see `messages.market`."""

    __slots__ = ("_asks", "_bids", "_engine")

    def __init__(self, engine: MatchingEngine) -> None:
        self._engine = engine
        self._bids: list[tuple[float, float]] = []
        self._asks: list[tuple[float, float]] = []

    def observe(
        self,
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
        """One row, as `Observe`; never says that a decision is due."""
        if kind == TickKind.QUOTE:
            self._engine.on_quote(symbol, time, v0, v1, v2, v3)
        elif kind == TickKind.TRADE:
            self._engine.on_trade(symbol, time, v0, v1, int(v2) if v2 == v2 else 0)
        elif kind == TickKind.BAR:
            self._engine.on_bar(symbol, time, v0, v1, v2, v3, v4)
        elif kind == TickKind.DEPTH:
            (self._bids if v0 > 0 else self._asks).append((v1, v2))
            if v4 == 1.0:
                self._engine.on_depth(symbol, time, self._bids, self._asks, v3 == 1.0)
                self._bids, self._asks = [], []
        return False


def _due(cursor: FeedCursor) -> int:
    due = cursor.next_time
    return _NEVER if due is None else due
