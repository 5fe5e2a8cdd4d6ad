"""The recorded market: the books follow the rows of a recording, and the accounts' orders trade against them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heapreplace
from pathlib import Path

import msgspec

from actors.venues.matching.grid import NOISE, Grid
from cluster.exchange.api import Rules
from cluster.exchange.core.market import Fair, Print, Step
from cluster.exchange.core.public import instrument_of
from cluster.feeds.columns import Feed
from cluster.feeds.cursor import FeedCursor
from messages.errors import ConfigurationError, DataProviderError
from messages.market import TickKind

_NEVER = 2**63 - 1
FUNDING_RATE = 1e-4
"""Of every period: recordings do not tell the rate (Binance's interest component, 0.01 % in 8 hours)."""


class RecordedState(msgspec.Struct, frozen=True):
    """What a recorded market keeps: the exchange's time at which the recording began."""

    began: int


class _Replay:
    """One listing: its rows, and the outside book as they leave it."""

    def __init__(self, rules: Rules, feed: Feed, by_depth: bool) -> None:
        self.rules = rules
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self._middle: float | None = None
        self._grid = Grid(instrument_of(rules))
        self._cursor = FeedCursor(feed)
        self._by_depth = by_depth
        self._prints: list[Print] = []
        self._new_bids: dict[int, int] = {}
        self._new_asks: dict[int, int] = {}
        self._changed = (dict[int, int](), dict[int, int]())

    @property
    def next_time(self) -> int:
        """The recorded time of the next row; beyond all times at the end."""
        time = self._cursor.next_time
        return _NEVER if time is None else time

    def pop(self, time: int) -> Step:
        """All that the recording tells of its next moment, as a step at the exchange's `time`."""
        self._cursor.fold(self._observe, self.next_time)
        prints, self._prints = self._prints, []
        (bids, asks), self._changed = self._changed, ({}, {})
        return Step(time, self.rules.listing, prints, sorted(bids.items()), sorted(asks.items()))

    def snapshot(self, time: int) -> Step:
        """The whole outside book."""
        return Step(time, self.rules.listing, [], list(self.bids.items()), list(self.asks.items()), True)

    def skip(self, until: int) -> None:
        """Follow the rows up to a recorded time without telling of them."""
        while self.next_time <= until:
            self._cursor.fold(self._observe, until)
        self._prints.clear()
        self._changed = ({}, {})

    def middle(self) -> float | None:
        """The middle of the best prices, the last one known while a side is empty."""
        if self.bids and self.asks:
            self._middle = (max(self.bids) + min(self.asks)) / 2 * float(self.rules.tick)
        return self._middle

    def _observe(
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
        if kind == TickKind.TRADE:
            self._take_trade(v0, v1, v2)
        elif kind == TickKind.DEPTH and self._by_depth:
            self._take_level(v0, v1, v2)
            if v4 == 1.0:
                self._apply_levels(is_snapshot=v3 == 1.0)
        elif kind == TickKind.QUOTE and not self._by_depth:
            self._take_quote(v0, v1, v2, v3)
        elif kind == TickKind.BAR:
            raise DataProviderError(
                "bars have no book to trade against",
                field=f"{symbol}.kind",
                value="bar",
                remedy="give a recording of quotes or depth, with trades",
            )
        return False

    def _take_trade(self, price: float, size: float, aggressor: float) -> None:
        ticks, lots = self._grid.ticks_down(price), self._lots(size)
        if ticks is None or not lots:
            return
        if aggressor != aggressor or not aggressor:
            # The side that was nearer was taken.
            middle = self.middle()
            aggressor = 1.0 if middle is None or price >= middle else -1.0
        self._prints.append(Print(ticks, lots, int(aggressor)))

    def _take_level(self, side: float, price: float, size: float) -> None:
        ticks = self._grid.ticks_down(price) if side > 0 else self._grid.ticks_up(price)
        if ticks is not None:
            (self._new_bids if side > 0 else self._new_asks)[ticks] = self._lots(size)

    def _apply_levels(self, *, is_snapshot: bool) -> None:
        for side, new, changed in (
            (self.bids, self._new_bids, self._changed[0]),
            (self.asks, self._new_asks, self._changed[1]),
        ):
            if is_snapshot:
                changed.update((ticks, 0) for ticks in side.keys() - new.keys())
            changed.update(new)
            for ticks, lots in changed.items():
                if lots:
                    side[ticks] = lots
                else:
                    side.pop(ticks, None)
        self._new_bids, self._new_asks = {}, {}

    def _take_quote(self, bid: float, bid_size: float, ask: float, ask_size: float) -> None:
        """A quote is the whole book of a recording without depth."""
        bid_ticks, ask_ticks = self._grid.ticks_down(bid), self._grid.ticks_up(ask)
        self._new_bids = {} if bid_ticks is None else {bid_ticks: self._lots(bid_size) or 1}
        self._new_asks = {} if ask_ticks is None else {ask_ticks: self._lots(ask_size) or 1}
        self._apply_levels(is_snapshot=True)

    def _lots(self, size: float) -> int:
        """Whole lots; an unknown size is none."""
        return int(size * self._grid.lots_per_unit + NOISE) if size > 0.0 else 0


class RecordedMarket:
    """A recording as a `MarketSource`: its first row happens when the exchange first opens, at `speed` times its pace.

    Levels come from depth where `by_depth`, else from quotes, of which a book has one level each side; a size that is
    not known counts as one lot. The mark price is the middle. When the recording ends, the market stands still.
    """

    def __init__(
        self, feeds: Mapping[str, Feed], listings: Iterable[Rules], *, speed: float, by_depth: bool
    ) -> None:
        """`feeds` by listing. Raises `ConfigurationError` for a listing without a feed, or a speed not above 0."""
        if not speed > 0:
            raise ConfigurationError(
                "not a speed", field="exchange.speed", value=speed, remedy="give more than 0"
            )
        self._feeds, self._listings = dict(feeds), tuple(listings)
        for rules in self._listings:
            if rules.listing not in self._feeds:
                raise ConfigurationError(
                    "the recording has nothing of this listing",
                    field="exchange.listings",
                    value=rules.listing,
                    remedy="leave it out, or give a file that has it",
                )
        self._speed, self._by_depth = speed, by_depth
        self._first = min(feed.first_time for feed in self._feeds.values())
        self._began: int | None = None
        self._replays: list[_Replay] = []
        self._by_name: dict[str, _Replay] = {}
        self._heap: list[tuple[int, int]] = []

    @classmethod
    def open(
        cls,
        paths: Sequence[Path | str],
        listings: Sequence[Rules],
        *,
        cache_folder: Path | str,
        speed: float = 1.0,
        by_depth: bool = True,
    ) -> RecordedMarket:
        """Recorded files as the market of these listings. Raises `DataProviderError` for files that can't be read."""
        from cluster.feeds.recording import RecordedFeed, Recording  # with the readers of all formats

        names = {rules.listing: rules.listing for rules in listings}
        recording = Recording(paths, names, cache_folder=cache_folder, include_depth=by_depth)
        feeds: dict[str, Feed] = {name: RecordedFeed.of(recording, name) for name in names}
        return cls(feeds, listings, speed=speed, by_depth=by_depth)

    def enter(self, time: int) -> list[Step]:
        """Begin at `time`: the first row if this is the first time, else as far as the recording is by then."""
        self.resume(time)
        return [replay.snapshot(time) for replay in self._replays]

    def resume(self, time: int) -> None:
        """Go on with the first row later than `time`."""
        if self._began is None:
            self._began = time
        self._replays = [
            _Replay(rules, self._feeds[rules.listing], self._by_depth) for rules in self._listings
        ]
        self._by_name = {replay.rules.listing: replay for replay in self._replays}
        for replay in self._replays:
            replay.skip(self._recorded(time))
        self._heap = [(self._due(replay), number) for number, replay in enumerate(self._replays)]
        heapify(self._heap)

    def state(self) -> object:
        """When the recording began."""
        return None if self._began is None else RecordedState(self._began)

    def load(self, state: object) -> None:
        """Take over when the recording began. Raises `ConfigurationError` for another market's state."""
        try:
            self._began = msgspec.convert(state, RecordedState).began
        except msgspec.ValidationError as error:
            raise ConfigurationError(
                "the folder is of an exchange with another market",
                field="exchange.folder",
                value=state,
                remedy="give the data it was started with, or another folder",
            ) from error

    @property
    def next_time(self) -> int | None:
        """When the next row is, in the exchange's time; None at the end of the recording."""
        return None if not self._heap or self._heap[0][0] == _NEVER else self._heap[0][0]

    def pop(self) -> Step:
        """The next moment of any listing."""
        time, number = self._heap[0]
        replay = self._replays[number]
        step = replay.pop(time)
        heapreplace(self._heap, (self._due(replay), number))
        return step

    def fair(self, listing: str) -> Fair | None:
        """The middle of the outside's best prices."""
        replay = self._by_name.get(listing)
        middle = None if replay is None else replay.middle()
        return None if middle is None else Fair(middle, middle, FUNDING_RATE)

    def _due(self, replay: _Replay) -> int:
        time = replay.next_time
        if time == _NEVER or self._began is None:
            return _NEVER
        return self._began + round((time - self._first) / self._speed)

    def _recorded(self, time: int) -> int:
        """The recorded time of what has happened by the exchange's `time`."""
        began = time if self._began is None else self._began
        return self._first + int((time - began) * self._speed)
