"""Liquidity outside our own book, as one protocol, and its simple kinds: quotes, prints, nothing.

A market knows two things for each side: what a taker can still get (`offer`, `take`, `reach`), and how much is
queued at a price (`queue`). What was taken stays taken until an update of the market shows new liquidity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from actors.venues.matching.grid import Grid, whole
from actors.venues.matching.instruments import MarketModel
from actors.venues.matching.orders import UNKNOWN_QUEUE

Levels = Sequence[tuple[float, float]]
"""Depth levels as (price, size), in quote currency and base units."""


class SideState(msgspec.Struct, frozen=True, gc=False):
    """One side of a market in a snapshot: levels as (ticks, lots), and the lots taken by (ticks or 0, lots)."""

    levels: tuple[tuple[int, float], ...] = ()
    taken: tuple[tuple[int, int], ...] = ()


class MarketState(msgspec.Struct, frozen=True, gc=False):
    """The outside market of one symbol in a snapshot."""

    bids: SideState = SideState()
    asks: SideState = SideState()


class OutsideMarket(Protocol):
    """What the engine asks of the liquidity outside our own book. `sign` is +1 for a buyer, -1 for a seller."""

    def quote(self, bid: float, bid_size: float, ask: float, ask_size: float) -> bool:
        """Take in a quote; whether it changed anything."""

    def depth(self, bids: Levels, asks: Levels, snapshot: bool) -> bool:
        """Take in depth levels; whether they changed anything."""

    def printed(self, ticks_down: int, ticks_up: int, lots: float, aggressor: int) -> None:
        """Take in what is left of a print after our own orders had their part of it."""

    def aggressor(self, ticks_down: int, ticks_up: int) -> int:
        """Who must have been the aggressor of a print that does not say: +1, -1, or 0 for either."""

    def touch(self, sign: int) -> int | None:
        """The best price (ticks) that side `sign` shows, taken or not: +1 the best bid, -1 the best ask."""

    def offer(self, sign: int) -> tuple[int, int] | None:
        """The best (ticks, lots) that a taker of `sign` can get now; None when there is nothing."""

    def take(self, sign: int, lots: int) -> None:
        """Take lots, at most those of the present `offer`."""

    def reach(self, sign: int, limit_ticks: int | None, lots: int) -> tuple[int, int | None]:
        """How many of `lots` a taker could get up to its limit, and the worst price (ticks) it would pay."""

    def available(self, sign: int, ticks: int) -> int:
        """The whole lots that side `sign` shows at one price and nobody has taken."""

    def queue(self, sign: int, ticks: int) -> float:
        """The lots displayed on side `sign` at a price; 0 inside the spread, UNKNOWN_QUEUE when not visible."""

    def state(self) -> MarketState:
        """The market for a snapshot."""

    def load(self, state: MarketState) -> None:
        """Take over a snapshot's market."""


def aggressor_by_touch(bid: int | None, ask: int | None, ticks_down: int, ticks_up: int) -> int:
    """Who crossed the spread: a print at or above the ask was a buyer's, at or below the bid a seller's."""
    if ask is not None and ticks_down >= ask:
        return 1
    if bid is not None and ticks_up <= bid:
        return -1
    return 0


class _Touch:
    """The best price of one side, what is displayed there, and how much of the side has been taken."""

    __slots__ = ("displayed", "offered", "step", "taken", "ticks")

    def __init__(self) -> None:
        self.ticks: int | None = None
        self.displayed = UNKNOWN_QUEUE
        self.offered = 0
        self.step = 0
        self.taken = 0

    def show(self, ticks: int | None, lots: float, slippage: float) -> None:
        """New liquidity: nothing of it has been taken yet. An unknown size offers nothing."""
        self.ticks = ticks
        self.taken = 0
        if ticks is None or not lots < UNKNOWN_QUEUE:
            self.displayed, self.offered = UNKNOWN_QUEUE, 0
            return
        self.displayed, self.offered = lots, whole(lots)
        self.step = max(1, -int(-ticks * slippage // 1)) if slippage > 0 else 1

    def state(self) -> SideState:
        if self.ticks is None:
            return SideState()
        return SideState(((self.ticks, self.displayed),), ((0, self.taken),))

    def load(self, state: SideState, slippage: float) -> None:
        ticks, lots = state.levels[0] if state.levels else (None, UNKNOWN_QUEUE)
        self.show(ticks, lots, slippage)
        self.taken = state.taken[0][1] if state.taken else 0


_STALE_BID, _STALE_ASK, _STALE = 1, 2, 3


class TopMarket:
    """A market of which the best bid and ask are displayed.

    With slippage configured, level k behind the touch (k = 1, 2, ...) offers the displayed size again, k steps
    worse. Quotes are kept as floats and a side is brought onto the grid only when somebody asks for it.
    """

    __slots__ = ("_ask", "_bid", "_depth", "_grid", "_raw", "_slippage", "_stale")

    def __init__(self, grid: Grid, model: MarketModel) -> None:
        self._grid = grid
        self._bid = _Touch()
        self._ask = _Touch()
        self._raw = (0.0, 0.0, 0.0, 0.0)
        self._stale = 0
        self._slippage = float(model.slippage or 0)
        self._depth = 1 if model.slippage is None else 1 + model.slippage_levels

    def quote(self, bid: float, bid_size: float, ask: float, ask_size: float) -> bool:
        self._raw = (bid, bid_size, ask, ask_size)
        self._stale = _STALE
        return True

    def depth(self, bids: Levels, asks: Levels, snapshot: bool) -> bool:
        return False

    def printed(self, ticks_down: int, ticks_up: int, lots: float, aggressor: int) -> None:
        """The next quote will show what a print did to the touch."""

    def aggressor(self, ticks_down: int, ticks_up: int) -> int:
        return aggressor_by_touch(self.touch(1), self.touch(-1), ticks_down, ticks_up)

    def touch(self, sign: int) -> int | None:
        return self._side(sign).ticks

    def offer(self, sign: int) -> tuple[int, int] | None:
        side = self._side(-sign)
        if side.ticks is None or side.offered == 0:
            return None
        level, used = divmod(side.taken, side.offered)
        ticks = side.ticks + sign * level * side.step
        return (ticks, side.offered - used) if level < self._depth and ticks > 0 else None

    def take(self, sign: int, lots: int) -> None:
        self._side(-sign).taken += lots

    def reach(self, sign: int, limit_ticks: int | None, lots: int) -> tuple[int, int | None]:
        side = self._side(-sign)
        before, found, worst = side.taken, 0, None
        while found < lots:
            offer = self.offer(sign)
            if offer is None or (limit_ticks is not None and sign * offer[0] > sign * limit_ticks):
                break
            worst = offer[0]
            found += offer[1]
            side.taken += offer[1]
        side.taken = before
        return min(found, lots), worst

    def available(self, sign: int, ticks: int) -> int:
        offer = self.offer(-sign)
        return offer[1] if offer is not None and offer[0] == ticks else 0

    def queue(self, sign: int, ticks: int) -> float:
        side = self._side(sign)
        if side.ticks is None:
            return UNKNOWN_QUEUE
        better = sign * (ticks - side.ticks)
        if better > 0:
            return 0.0
        return side.displayed if better == 0 else UNKNOWN_QUEUE

    def state(self) -> MarketState:
        return MarketState(self._side(1).state(), self._side(-1).state())

    def load(self, state: MarketState) -> None:
        self._stale = 0
        self._bid.load(state.bids, self._slippage)
        self._ask.load(state.asks, self._slippage)

    def _side(self, sign: int) -> _Touch:
        if sign > 0:
            if self._stale & _STALE_BID:
                self._stale &= ~_STALE_BID
                price, size, _, _ = self._raw
                self._bid.show(self._grid.ticks_down(price), self._grid.size(size), self._slippage)
            return self._bid
        if self._stale & _STALE_ASK:
            self._stale &= ~_STALE_ASK
            _, _, price, size = self._raw
            self._ask.show(self._grid.ticks_up(price), self._grid.size(size), self._slippage)
        return self._ask


class PrintMarket(TopMarket):
    """A market of which only the prints are known.

    A buyer's print shows the ask, a seller's the bid, each until the next one; a side that a print has run past
    is moved to that print. A print of an unknown aggressor shows both, a tick worse. Queues are never visible.
    """

    __slots__ = ()

    def quote(self, bid: float, bid_size: float, ask: float, ask_size: float) -> bool:
        return False

    def printed(self, ticks_down: int, ticks_up: int, lots: float, aggressor: int) -> None:
        margin = 0 if aggressor else 1
        bid, ask = self._bid.ticks, self._ask.ticks
        if aggressor >= 0 or (ask is not None and ask < ticks_up):
            self._ask.show(ticks_up + margin, lots, self._slippage)
        if aggressor <= 0 or (bid is not None and bid > ticks_down):
            self._bid.show(max(1, ticks_down - margin), lots, self._slippage)

    def aggressor(self, ticks_down: int, ticks_up: int) -> int:
        return 0

    def queue(self, sign: int, ticks: int) -> float:
        return UNKNOWN_QUEUE


class NoMarket:
    """Nobody outside: the accounts trade with each other."""

    __slots__ = ()

    def quote(self, bid: float, bid_size: float, ask: float, ask_size: float) -> bool:
        return False

    def depth(self, bids: Levels, asks: Levels, snapshot: bool) -> bool:
        return False

    def printed(self, ticks_down: int, ticks_up: int, lots: float, aggressor: int) -> None:
        """There are no prints to show anything."""

    def aggressor(self, ticks_down: int, ticks_up: int) -> int:
        return 0

    def touch(self, sign: int) -> int | None:
        return None

    def offer(self, sign: int) -> tuple[int, int] | None:
        return None

    def take(self, sign: int, lots: int) -> None:
        """Nothing was offered, nothing can be taken."""

    def reach(self, sign: int, limit_ticks: int | None, lots: int) -> tuple[int, int | None]:
        return 0, None

    def available(self, sign: int, ticks: int) -> int:
        return 0

    def queue(self, sign: int, ticks: int) -> float:
        return 0.0

    def state(self) -> MarketState:
        return MarketState()

    def load(self, state: MarketState) -> None:
        """There is nothing to take over."""
