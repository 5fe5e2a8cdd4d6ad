"""The seeded order flow: an outside market of many listings as a function of seed, listing and time.

Each listing's price runs along its own path and one that all share. Around it stands a book: the touch moves with
the price, behind it lie levels on a lattice, each of which keeps a size for a few seconds and then draws another
(arrivals and cancels). Where the touch shrinks or is passed, part of what went was traded: that is the tape.

Nothing is carried from step to step, so that the market can be entered at any time; steps come in chunks because
128 of them cost little more to draw than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from heapq import heapify, heapreplace
from typing import NamedTuple

import numpy as np

from cluster.exchange.api import Rules
from cluster.exchange.core.candles import Bar
from cluster.exchange.core.history import HistoryModel, bars
from cluster.exchange.core.listings import start_price
from cluster.exchange.core.market import Fair, Levels, Print, Step
from cluster.exchange.core.noise import Floats, Ints, bits, key_of, normal, uniform
from cluster.exchange.core.path import Path

CHUNK = 128
_GROUP = 8
"""The price of a group's first step always moves; that of the others with `_MOVES`. Chunks are whole groups."""
_MOVES = 0.3
_TRADED = 0.5
"""The part of what leaves the touch that was traded and not cancelled."""
_LEVEL_VALUE = 20_000.0
_SPACING = 5e-5
_SPREAD = 2e-5
_BASIS_SPELL = 3_600_000_000_000
_SECOND = 1_000_000_000
_DRAWS = ("time", "move", "level", "touch", "luck", "extremes", "volume")


class Side(NamedTuple):
    """One side of the outside book after a step: the touch, and the levels behind it (lots by ticks)."""

    ticks: int
    lots: int
    levels: dict[int, int]

    def book(self) -> dict[int, int]:
        """All of it."""
        return {**self.levels, self.ticks: self.lots}


class SideColumns(NamedTuple):
    """One side over a chunk, as lists: the touch, the levels behind it, whether those differ from the step before."""

    ticks: list[int]
    lots: list[int]
    levels: list[list[int]]
    sizes: list[list[int]]
    differs: list[bool]

    def at(self, step: int) -> Side:
        """The side after a step of the chunk (0 = the step before its first)."""
        levels = dict(zip(self.levels[step], self.sizes[step], strict=True))
        return Side(self.ticks[step], self.lots[step], levels)

    def after(self, before: Side, step: int) -> Side:
        """The side after a step, given what it was before."""
        if self.differs[step]:
            return self.at(step)
        return Side(self.ticks[step], self.lots[step], before.levels)


class Chunk(NamedTuple):
    """128 steps and the one before them: times, sides (bids, asks), fair price, and two random numbers per step."""

    times: list[int]
    sides: tuple[SideColumns, SideColumns]
    fair: list[float]
    luck: list[list[float]]


class MarketPath:
    """The path that all listings share."""

    def __init__(self, seed: int, volatility: float | None = None) -> None:
        """`volatility` is that of a listing's price as a whole, of which this path carries a part."""
        self.path = Path(6e-5 if volatility is None else 0.6 * volatility, seed, "market")
        self.at = lru_cache(maxsize=64)(self._at)

    def _at(self, first: int, last: int, spacing: int) -> Floats:
        return self.path.at(np.arange(first, last, dtype=np.int64) * spacing)


class ListingFlow:
    """The outside market of one listing."""

    def __init__(
        self,
        rules: Rules,
        seed: int,
        rate: float,
        levels: int,
        shared: MarketPath,
        *,
        start: float | None = None,
        volatility: float | None = None,
    ) -> None:
        """`rate` is steps per second, `levels` how many the book has on each side, the touch among them.

        `start` is the price it begins near (default: its profile's), `volatility` the standard deviation of its
        relative move over one second in quiet times (default: one of its own).
        """
        name = rules.listing
        self.listing = name
        self._spacing = round(_SECOND / rate)
        self._tick, self._depth = float(rules.tick), levels - 1
        self._keys = {what: key_of(seed, name, what) for what in _DRAWS}
        character = uniform(key_of(seed, name, "character"), np.arange(4, dtype=np.int64))
        self._start = start_price(rules) if start is None else start
        self._beta = 0.4 + 1.2 * float(character[0])
        own = 5e-5 + 7e-5 * float(character[1]) if volatility is None else 0.8 * volatility
        self._path = Path(own, seed, name)
        self._shared = shared
        self._spread = max(1.0, _SPREAD * (0.5 + float(character[2])) * self._start / self._tick)
        self._lattice = max(1, round(_SPACING * self._start / self._tick))
        self._base = max(3.0, _LEVEL_VALUE * (0.3 + float(character[3])) / self._start / float(rules.lot))
        self._basis = key_of(seed, name, "basis")

    def position_after(self, time: int) -> int:
        """The number of the first step later than `time`."""
        step = time // self._spacing - 1
        while self._times(np.array([step]))[0] <= time:
            step += 1
        return step

    def history(self, length: int, first: int, end: int) -> list[Bar]:
        """Bars of `length` ns that begin in [first, end); see `history.bars`."""
        model = HistoryModel(self._shared.path, self._path, self._beta, self._start, self._tick)
        keys = self._keys["extremes"], self._keys["volume"]
        return bars(model, keys, self._base * 0.15 * _SECOND / self._spacing, length, first, end)

    def fair(self, price: float, time: int) -> Fair:
        """Mark, index and funding rate where the fair price is `price`: the basis drifts from hour to hour."""
        spell, within = divmod(time, _BASIS_SPELL)
        ends = normal(self._basis, np.array([spell, spell + 1]))
        share = within / _BASIS_SPELL
        basis = 1.5e-4 * float(ends[0] * (1 - share) + ends[1] * share)
        rate = max(-0.0075, min(0.0075, 1e-4 + float(ends[0]) * 1.5e-4))
        return Fair(price * (1 + basis), price, rate)

    def chunk(self, index: int) -> Chunk:
        """The steps `index * CHUNK` and the 127 after it, and the step before them."""
        first = index * CHUNK
        steps = np.arange(first - _GROUP, first + CHUNK, dtype=np.int64)
        shared = self._shared.at(first - _GROUP, first + CHUNK, self._spacing)
        log_price = self._beta * shared + self._path.at(steps * self._spacing)
        price = (self._start * np.exp(self._held(steps, log_price)))[_GROUP - 1 :]
        steps = steps[_GROUP - 1 :]
        times = self._times(steps)
        bid, ask = self._touch(price / self._tick, steps)
        offsets = np.arange(self._depth, dtype=np.int64)
        below = ((bid - 1) // self._lattice)[:, None] - offsets
        above = ((ask + 1) // self._lattice)[:, None] + offsets
        bids, bid_lots = self._levels(below, times, 0)
        asks, ask_lots = self._levels(above, times, 1)
        bid_lots[(bids >= bid[:, None]) | (bids < 1)] = 0
        ask_lots[asks <= ask[:, None]] = 0
        luck = [uniform(self._keys["luck"], steps * 2 + side) for side in (0, 1)]
        return Chunk(
            times.tolist(),
            (
                _columns(bid, self._touch_lots(steps // 2, 0), bids, bid_lots),
                _columns(ask, self._touch_lots((steps + 1) // 2, 1), asks, ask_lots),
            ),
            price.tolist(),
            np.stack(luck, axis=1).tolist(),
        )

    def _times(self, steps: Ints) -> Ints:
        """Arrival times: a grid, each step delayed by up to 80 % of the spacing."""
        delays = uniform(self._keys["time"], steps) * 0.8 * self._spacing
        return steps * self._spacing + delays.astype(np.int64)

    def _held(self, steps: Ints, log_price: Floats) -> Floats:
        """The price holds still and then moves: of the last step that moved it."""
        moves = (steps % _GROUP == 0) | (uniform(self._keys["move"], steps) < _MOVES)
        last = np.maximum.accumulate(np.where(moves, np.arange(len(steps)), 0))
        return log_price[last]

    def _touch(self, middle: Floats, steps: Ints) -> tuple[Ints, Ints]:
        extra = -np.log1p(-uniform(self._keys["touch"], steps // _GROUP)) * self._spread
        spread = np.maximum(1, np.rint(extra)).astype(np.int64)
        bid = np.maximum(1, np.floor(middle - spread / 2.0 + 0.5).astype(np.int64))
        return bid, bid + spread

    def _touch_lots(self, draw: Ints, side: int) -> Ints:
        drawn = normal(self._keys["touch"], draw, np.full(len(draw), side + 2, dtype=np.int64))
        return 1 + (self._base * 0.6 * np.exp(0.9 * drawn)).astype(np.int64)

    def _levels(self, numbers: Ints, times: Ints, side: int) -> tuple[Ints, Ints]:
        """Ticks and lots of lattice levels: each level has its own place, life and phase."""
        own = bits(self._keys["level"], numbers * 2 + side)
        place = (own & np.uint64(0xFFFF)).astype(np.int64) % self._lattice
        life = _SECOND + (own >> np.uint64(16) & np.uint64(0xFFFF)).astype(np.int64) * 100_000
        phase = (own >> np.uint64(32)).astype(np.int64)
        spell = (times[:, None] + phase) // life
        drawn = normal(self._keys["level"], numbers * 2 + side, spell)
        lots = (self._base * 1.5 * np.exp(0.8 * drawn)).astype(np.int64)
        # One level in eight is empty at times.
        lots[drawn < -1.15] = 0
        return numbers * self._lattice + place, lots


class _Cursor:
    """One listing on its way through its steps."""

    __slots__ = ("_at", "_chunk", "_index", "_sides", "flow", "next_time")

    def __init__(self, flow: ListingFlow, time: int) -> None:
        self.flow = flow
        self._index, self._at = divmod(flow.position_after(time), CHUNK)
        self._chunk = flow.chunk(self._index)
        bids, asks = self._chunk.sides
        self._sides = bids.at(self._at), asks.at(self._at)
        self.next_time = self._chunk.times[self._at + 1]

    def snapshot(self, time: int) -> Step:
        bids, asks = (list(side.book().items()) for side in self._sides)
        return Step(time, self.flow.listing, [], _present(bids), _present(asks), True)

    def fair(self) -> Fair:
        return self.flow.fair(self._chunk.fair[self._at], self._chunk.times[self._at])

    def pop(self) -> Step:
        chunk, (bid_side, ask_side) = self._chunk, self._sides
        self._at = at = self._at + 1
        bids, asks = chunk.sides[0].after(bid_side, at), chunk.sides[1].after(ask_side, at)
        self._sides = bids, asks
        prints: list[Print] = []
        luck = chunk.luck[at]
        if luck[0] < _TRADED:
            _add_print(prints, bid_side, bids, luck[0], -1)
        if luck[1] < _TRADED:
            _add_print(prints, ask_side, asks, luck[1], 1)
        step = Step(
            chunk.times[at], self.flow.listing, prints, _changes(bid_side, bids), _changes(ask_side, asks)
        )
        if at == CHUNK:
            self._index, self._at = self._index + 1, 0
            self._chunk = self.flow.chunk(self._index)
        self.next_time = self._chunk.times[self._at + 1]
        return step


class FlowMarket:
    """The seeded market of all listings, merged in time order; a `MarketSource`."""

    def __init__(
        self,
        listings: Iterable[Rules],
        seed: int,
        rate: float,
        levels: int,
        *,
        start_prices: Mapping[str, float] | None = None,
        volatility: float | None = None,
    ) -> None:
        """`rate` is steps per second of each listing, `levels` those of one side of a book; see `ListingFlow`."""
        shared, starts = MarketPath(seed, volatility), start_prices or {}
        self.flows = {
            each.listing: ListingFlow(
                each, seed, rate, levels, shared, start=starts.get(each.listing), volatility=volatility
            )
            for each in listings
        }
        self._cursors: list[_Cursor] = []
        self._by_name: dict[str, _Cursor] = {}
        self._heap: list[tuple[int, int]] = []

    def enter(self, time: int) -> list[Step]:
        """Begin at `time`: the whole books as they are then."""
        self.resume(time)
        return [cursor.snapshot(time) for cursor in self._cursors]

    def resume(self, time: int) -> None:
        """Go on with the first step later than `time`."""
        self._cursors = [_Cursor(flow, time) for flow in self.flows.values()]
        self._by_name = {cursor.flow.listing: cursor for cursor in self._cursors}
        self._heap = [(cursor.next_time, number) for number, cursor in enumerate(self._cursors)]
        heapify(self._heap)

    def state(self) -> object:
        """Time is all that this market goes by."""
        return None

    def load(self, state: object) -> None:
        """There is nothing to take over."""

    @property
    def next_time(self) -> int | None:
        """When the next step is; this market has no end."""
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Step:
        """The next step of any listing."""
        number = self._heap[0][1]
        cursor = self._cursors[number]
        step = cursor.pop()
        heapreplace(self._heap, (cursor.next_time, number))
        return step

    def fair(self, listing: str) -> Fair | None:
        """What the listing is worth at its latest step."""
        cursor = self._by_name.get(listing)
        return None if cursor is None else cursor.fair()

    def history(self, listing: str, length: int, first: int, end: int) -> list[Bar]:
        """Bars from any time, out of the paths."""
        return self.flows[listing].history(length, first, end)


def _columns(ticks: Ints, lots: Ints, levels: Ints, sizes: Ints) -> SideColumns:
    differs = np.ones(len(ticks), dtype=np.bool_)
    differs[1:] = ((levels[1:] != levels[:-1]) | (sizes[1:] != sizes[:-1])).any(axis=1)
    return SideColumns(ticks.tolist(), lots.tolist(), levels.tolist(), sizes.tolist(), differs.tolist())


def _present(levels: Levels) -> Levels:
    return [(ticks, lots) for ticks, lots in levels if lots]


def _changes(before: Side, after: Side) -> Levels:
    """The levels of a side that differ, with their new sizes."""
    if after.levels is before.levels:
        if after.ticks == before.ticks:
            return [] if after.lots == before.lots else [(after.ticks, after.lots)]
        return [(before.ticks, 0), (after.ticks, after.lots)]
    old, new = before.book(), after.book()
    changed: Levels = [(ticks, lots) for ticks, lots in new.items() - old.items() if lots or old.get(ticks)]
    changed += [(ticks, 0) for ticks in old.keys() - new.keys() if old[ticks]]
    return changed


def _add_print(prints: list[Print], before: Side, after: Side, luck: float, aggressor: int) -> None:
    """Part of what left the best price of a side was traded: all of the luck's share of it, at least a lot.

    Nothing left it when the side has only got better.
    """
    if after.ticks == before.ticks:
        gone = before.lots - after.lots
    else:
        gone = before.lots if (after.ticks - before.ticks) * aggressor > 0 else 0
    if gone > 0:
        prints.append(Print(before.ticks, max(1, round(gone * luck / _TRADED)), aggressor))
