"""The outside market of which only bars are known, and a bar in ticks and lots.

Between two bars nothing is offered; the last close is what admission, stops and margins look at.
"""

from __future__ import annotations

from math import inf, isnan

import msgspec

from actors.venues.matching.grid import NOISE, Grid, whole
from actors.venues.matching.instruments import MarketModel
from actors.venues.matching.market import Levels, MarketState, SideState
from actors.venues.matching.orders import UNKNOWN_QUEUE
from messages.errors import DataProviderError


class BarSide(msgspec.Struct, frozen=True, gc=False):
    """A bar as one side meets it, in ticks rounded against that side.

    `open` is the price before slippage, `adverse` the extreme that triggers its stops (high for buys, low for
    sells), `favourable` the one that its limit orders wait for. Each is the side's worse rounding of the price.
    """

    open: int
    adverse: int
    favourable: int


class Bar(msgspec.Struct, gc=False):
    """One bar on the grid. `capacity` is what is left of its volume for our orders in lots, None without a bound.

    `has_volume` tells whether anything is known to have traded.
    """

    buys: BarSide
    sells: BarSide
    has_volume: bool
    capacity: int | None

    def side(self, sign: int) -> BarSide:
        """The bar as buys (+1) or sells (-1) meet it."""
        return self.buys if sign > 0 else self.sells

    def available(self, lots: int) -> int:
        """How many of `lots` the bar's volume still has room for."""
        return lots if self.capacity is None else min(lots, self.capacity)

    def use(self, lots: int) -> None:
        """Take lots out of the bar's volume."""
        if self.capacity is not None:
            self.capacity -= lots


def is_bar(symbol: str, opened: float, high: float, low: float, close: float) -> bool:
    """Whether all prices of a bar are there; nan = absent.

    Raises `DataProviderError` when high and low do not span open and close, or a price can't be one.
    """
    if 0.0 < low <= opened <= high < inf and low <= close <= high:
        return True
    if isnan(opened) or isnan(high) or isnan(low) or isnan(close):
        return False
    raise DataProviderError(
        "not a bar: 0 < low <= open, close <= high must hold",
        field=f"{symbol}.bar",
        value=f"open {opened} high {high} low {low} close {close}",
        remedy="correct or drop this row of the data",
    )


def read_bar(grid: Grid, opened: float, high: float, low: float, volume: float) -> Bar:
    """A bar on the grid."""
    down = [_at_least_one(grid.ticks_down(price)) for price in (opened, high, low)]
    up = [_at_least_one(grid.ticks_up(price)) for price in (opened, high, low)]
    lots = grid.size(volume)
    if lots >= UNKNOWN_QUEUE:
        lots = 0.0
    ratio = grid.instrument.market.max_participation
    return Bar(
        BarSide(up[0], up[1], up[2]),
        BarSide(down[0], down[2], down[1]),
        lots > 0.0,
        None if ratio is None else whole(lots * float(ratio)),
    )


def _at_least_one(ticks: int | None) -> int:
    # A price below a tick is no price to the grid; the smallest price an order can have stands in for it.
    return ticks or 1


class BarMarket:
    """A market of which only bars are known: it shows the last close on both sides and offers nothing."""

    __slots__ = ("_ask", "_bid", "_grid", "_slippage")

    def __init__(self, grid: Grid, model: MarketModel) -> None:
        self._grid = grid
        self._slippage = float(model.slippage or 0)
        self._bid: int | None = None
        self._ask: int | None = None

    def show(self, close: float) -> None:
        """A bar is over: its close is what is known now."""
        self._bid = _at_least_one(self._grid.ticks_down(close))
        self._ask = _at_least_one(self._grid.ticks_up(close))

    def worsened(self, sign: int, ticks: int) -> int:
        """What a taker of `sign` pays or gets where the bar says `ticks`: slippage is rounded up to whole ticks."""
        return max(1, ticks + sign * int(ticks * self._slippage + (1.0 - NOISE)))

    def quote(self, bid: float, bid_size: float, ask: float, ask_size: float) -> bool:
        return False

    def depth(self, bids: Levels, asks: Levels, snapshot: bool) -> bool:
        return False

    def printed(self, ticks_down: int, ticks_up: int, lots: float, aggressor: int) -> None:
        """Prints are no part of this market."""

    def aggressor(self, ticks_down: int, ticks_up: int) -> int:
        return 0

    def touch(self, sign: int) -> int | None:
        return self._bid if sign > 0 else self._ask

    def offer(self, sign: int) -> tuple[int, int] | None:
        return None

    def take(self, sign: int, lots: int) -> None:
        """Nothing was offered, nothing can be taken."""

    def reach(self, sign: int, limit_ticks: int | None, lots: int) -> tuple[int, int | None]:
        # What the next bar has room for is not known yet, so nothing is refused for it: the bar itself decides.
        close = self.touch(-sign)
        return lots, None if close is None else self.worsened(sign, close)

    def available(self, sign: int, ticks: int) -> int:
        return 0

    def queue(self, sign: int, ticks: int) -> float:
        return UNKNOWN_QUEUE

    def state(self) -> MarketState:
        if self._bid is None or self._ask is None:
            return MarketState()
        return MarketState(SideState(((self._bid, 0.0),)), SideState(((self._ask, 0.0),)))

    def load(self, state: MarketState) -> None:
        self._bid = state.bids.levels[0][0] if state.bids.levels else None
        self._ask = state.asks.levels[0][0] if state.asks.levels else None
