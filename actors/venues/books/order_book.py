"""A book of price levels that is changed in place, fast, and knows its best levels at any time.

Sizes by price answer what a change needs; the sorted prices beside them are touched only when a level comes or goes.
Prices are float64 keys: the same text always decodes to the same float.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from itertools import islice

Levels = Iterable[tuple[float, float]]
"""(price, size) in any order; a size of 0 takes the level away."""


class BookSide:
    """One side of a book. `descending` says that the best price is the highest: bids."""

    __slots__ = ("_descending", "_prices", "sizes")

    def __init__(self, *, descending: bool) -> None:
        self._descending = descending
        self._prices: list[float] = []
        self.sizes: dict[float, float] = {}
        """The size at each price."""

    def __len__(self) -> int:
        return len(self._prices)

    def replace(self, levels: Levels) -> None:
        """Forget everything and begin with `levels`."""
        self.sizes = {price: size for price, size in dict(levels).items() if size > 0.0}
        self._prices = sorted(self.sizes)

    def change(self, levels: Levels) -> None:
        """Set the sizes of these prices; taking away what is not there changes nothing."""
        sizes, prices = self.sizes, self._prices
        for price, size in levels:
            if size > 0.0:
                if price not in sizes:
                    insort(prices, price)
                sizes[price] = size
            elif sizes.pop(price, None) is not None:
                del prices[bisect_left(prices, price)]

    @property
    def best(self) -> tuple[float, float] | None:
        """The best price and its size; None when the side is empty."""
        if not self._prices:
            return None
        price = self._prices[-1 if self._descending else 0]
        return price, self.sizes[price]

    def top(self, levels: int) -> tuple[tuple[float, float], ...]:
        """The best `levels` as (price, size), best first."""
        ordered = reversed(self._prices) if self._descending else iter(self._prices)
        return tuple((price, self.sizes[price]) for price in islice(ordered, levels))


class OrderBook:
    """Both sides of one symbol's book."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(descending=True)
        self.asks = BookSide(descending=False)

    def replace(self, bids: Levels, asks: Levels) -> None:
        """Begin anew with a snapshot."""
        self.bids.replace(bids)
        self.asks.replace(asks)

    def change(self, bids: Levels, asks: Levels) -> None:
        """Set the sizes at some prices."""
        self.bids.change(bids)
        self.asks.change(asks)

    @property
    def crossed(self) -> bool:
        """Whether the best bid is not below the best ask, which no venue shows: the book is not what it seems."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid[0] >= ask[0]
