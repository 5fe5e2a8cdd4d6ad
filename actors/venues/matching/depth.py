"""The outside market with displayed levels on both sides (L2)."""

from __future__ import annotations

from bisect import bisect_left, insort

from actors.venues.matching.grid import Grid, whole
from actors.venues.matching.market import Levels, MarketState, SideState, aggressor_by_touch
from actors.venues.matching.orders import UNKNOWN_QUEUE


class _DepthSide:
    """Levels of one side. A level's rank is sign x ticks, so that the best level of either side is the last."""

    __slots__ = ("_grid", "levels", "ranks", "sign", "taken")

    def __init__(self, grid: Grid, sign: int) -> None:
        self._grid = grid
        self.sign = sign
        self.levels: dict[int, float] = {}
        self.ranks: list[int] = []
        self.taken: dict[int, int] = {}

    def update(self, rows: Levels) -> None:
        """Set levels; size 0 removes one. What was taken of a level that is set is there again."""
        to_ticks = self._grid.ticks_down if self.sign > 0 else self._grid.ticks_up
        lots_per_unit = self._grid.lots_per_unit
        levels, taken = self.levels, self.taken
        for price, size in rows:
            ticks = to_ticks(price)
            if ticks is None:
                continue
            if taken:
                taken.pop(ticks, None)
            if size > 0.0:
                if ticks not in levels:
                    insort(self.ranks, self.sign * ticks)
                levels[ticks] = size * lots_per_unit
            elif levels.pop(ticks, None) is not None:
                del self.ranks[bisect_left(self.ranks, self.sign * ticks)]

    def clear(self) -> None:
        """Forget all levels."""
        self.levels.clear()
        self.ranks.clear()
        self.taken.clear()

    def available(self, ticks: int) -> int:
        """The whole lots of a level that nobody has taken yet."""
        return whole(self.levels[ticks]) - self.taken.get(ticks, 0)

    def best_available(self) -> tuple[int, int] | None:
        """The best level that still has a lot, as (ticks, lots)."""
        for rank in reversed(self.ranks):
            ticks = self.sign * rank
            lots = self.available(ticks)
            if lots > 0:
                return ticks, lots
        return None

    def state(self) -> SideState:
        return SideState(tuple(sorted(self.levels.items())), tuple(sorted(self.taken.items())))

    def load(self, state: SideState) -> None:
        self.levels = dict(state.levels)
        self.ranks = sorted(self.sign * ticks for ticks in self.levels)
        self.taken = dict(state.taken)


class DepthMarket:
    """A market whose levels are displayed; deeper than the last displayed level nothing is known.

    The instrument's tick must be the venue's: levels closer together than a tick would hide each other.
    """

    __slots__ = ("_asks", "_bids")

    def __init__(self, grid: Grid) -> None:
        self._bids = _DepthSide(grid, 1)
        self._asks = _DepthSide(grid, -1)

    def quote(self, bid: float, bid_size: float, ask: float, ask_size: float) -> bool:
        return False

    def depth(self, bids: Levels, asks: Levels, snapshot: bool) -> bool:
        for side, rows in ((self._bids, bids), (self._asks, asks)):
            if snapshot:
                side.clear()
            side.update(rows)
        return True

    def printed(self, ticks_down: int, ticks_up: int, lots: float, aggressor: int) -> None:
        """The next update will show what a print did to the levels."""

    def aggressor(self, ticks_down: int, ticks_up: int) -> int:
        return aggressor_by_touch(self.touch(1), self.touch(-1), ticks_down, ticks_up)

    def touch(self, sign: int) -> int | None:
        side = self._side(sign)
        return side.ranks[-1] * sign if side.ranks else None

    def offer(self, sign: int) -> tuple[int, int] | None:
        return self._side(-sign).best_available()

    def take(self, sign: int, lots: int) -> None:
        side = self._side(-sign)
        best = side.best_available()
        if best is not None:
            side.taken[best[0]] = side.taken.get(best[0], 0) + lots

    def reach(self, sign: int, limit_ticks: int | None, lots: int) -> tuple[int, int | None]:
        side = self._side(-sign)
        found, worst = 0, None
        for rank in reversed(side.ranks):
            ticks = -sign * rank
            if found >= lots or (limit_ticks is not None and sign * ticks > sign * limit_ticks):
                break
            available = side.available(ticks)
            if available > 0:
                found += available
                worst = ticks
        return min(found, lots), worst

    def available(self, sign: int, ticks: int) -> int:
        side = self._side(sign)
        return side.available(ticks) if ticks in side.levels else 0

    def queue(self, sign: int, ticks: int) -> float:
        side = self._side(sign)
        if not side.ranks or sign * ticks < side.ranks[0]:
            return UNKNOWN_QUEUE
        return side.levels.get(ticks, 0.0)

    def state(self) -> MarketState:
        return MarketState(self._bids.state(), self._asks.state())

    def load(self, state: MarketState) -> None:
        self._bids.load(state.bids)
        self._asks.load(state.asks)

    def _side(self, sign: int) -> _DepthSide:
        return self._bids if sign > 0 else self._asks
