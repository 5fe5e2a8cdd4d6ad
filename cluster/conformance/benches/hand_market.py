"""The outside market of the local exchange, set by hand; it keeps its books over a restart."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from decimal import Decimal

from cluster.conformance.bench import Level
from cluster.exchange.api import Rules
from cluster.exchange.core.market import Fair, Levels, Print, Step
from messages.intents import Side


class HandMarket:
    """A `MarketSource`. `mark` by listing takes the place of the middle; `rate` is that of funding.

    Every listing begins with the same book.
    """

    def __init__(
        self, listings: Sequence[Rules], rate: float, *, bids: Sequence[Level], asks: Sequence[Level]
    ) -> None:
        self.mark: dict[str, float] = {}
        self._rules = {rules.listing: rules for rules in listings}
        self._books = {name: (self._levels(name, bids), self._levels(name, asks)) for name in self._rules}
        self._steps: deque[Step] = deque()
        self._rate = rate

    def show(self, time: int, listing: str, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """The whole book from `time` (ns UTC) on."""
        self._books[listing] = self._levels(listing, bids), self._levels(listing, asks)
        self._steps.append(Step(time, listing, [], *self._books[listing], True))

    def print_trade(self, time: int, listing: str, price: str, quantity: str, aggressor: Side) -> None:
        """A trade of outsiders."""
        ((ticks, lots),) = self._levels(listing, [(price, quantity)])
        self._steps.append(Step(time, listing, [Print(ticks, lots, aggressor.sign)], [], []))

    def enter(self, time: int) -> list[Step]:
        """The books as they are."""
        return [Step(time, name, [], bids, asks, True) for name, (bids, asks) in self._books.items()]

    def resume(self, time: int) -> None:
        """There is nothing to catch up with."""

    def state(self) -> object:
        """It keeps its state itself."""
        return None

    def load(self, state: object) -> None:
        """It keeps its state itself."""

    @property
    def next_time(self) -> int | None:
        """When the next step is; None while nothing waits."""
        return self._steps[0].time if self._steps else None

    def pop(self) -> Step:
        """The next step."""
        return self._steps.popleft()

    def fair(self, listing: str) -> Fair | None:
        """What was set, else the middle."""
        bids, asks = self._books[listing]
        mark = self.mark.get(listing)
        if mark is None:
            if not bids or not asks:
                return None
            tick = float(self._rules[listing].tick)
            mark = (max(bids)[0] + min(asks)[0]) / 2 * tick
        return Fair(mark, mark, self._rate)

    def _levels(self, listing: str, levels: Sequence[Level]) -> Levels:
        rules = self._rules[listing]
        return [(int(Decimal(price) / rules.tick), int(Decimal(size) / rules.lot)) for price, size in levels]
