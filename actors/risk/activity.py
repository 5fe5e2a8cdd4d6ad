"""What risk remembers of the desk's pace: entries, fills, how positions ended, orders that were refused. Bounded.

It is kept by the events of `messages.pace`, which are written only where a limit asks for them: a desk without such
limits pays nothing, and counting begins when the first of them is set. Hours and cycles are windows of UTC, days the
desk's own; a window that is over counts nothing, whatever stands in it.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.pace import EntryCounted, ErrorCounted, FillCounted, Outcome

__all__ = [
    "HOUR",
    "Activity",
    "Outcome",
    "SymbolActivity",
    "Window",
    "count_entry",
    "count_error",
    "count_fill",
    "cycle_start",
]

ZERO = Decimal(0)
HOUR = 3_600_000_000_000
RECENT_KEPT = 1_000
"""Times of the latest entries: as many as a burst may be limited to."""
ERRORS_KEPT = 100
"""Times of a symbol's latest refused orders: as many as an error circuit may be limited to."""
_CENT = Decimal("0.00000001")
_WEIGHT = Decimal("0.1")
"""What the latest entry counts in the average of a symbol's entries, once there were ten."""


class Window(msgspec.Struct):
    """A count and a sum since `began`, by which the window is known (ns UTC)."""

    began: int = 0
    count: int = 0
    value: Decimal = ZERO

    def count_in(self, began: int) -> int:
        """The count of the window that began then: 0 where it is another that was counted."""
        return self.count if self.began == began else 0

    def value_in(self, began: int) -> Decimal:
        """The sum of the window that began then."""
        return self.value if self.began == began else ZERO

    def add(self, began: int, value: Decimal) -> None:
        """Count one more of `value` in the window that began then."""
        if self.began != began:
            self.began, self.count, self.value = began, 0, ZERO
        self.count += 1
        self.value += value


class SymbolActivity(msgspec.Struct):
    """One symbol: times in ns UTC, None for what never happened.

    `average` is what its entries are usually worth (base currency), of `entries` so far; `trip` the profit so far,
    after fees, of the position that is being closed; `outcome` how the last one ended, at `outcome_at`. `errors` are
    the times of refused orders.
    """

    entered_at: int | None = None
    filled_at: int | None = None
    outcome: Outcome | None = None
    outcome_at: int | None = None
    trip: Decimal = ZERO
    entries: int = 0
    average: Decimal = ZERO
    hour: Window = msgspec.field(default_factory=Window)
    errors: list[int] = []


class Activity(msgspec.Struct):
    """The desk: `recent` are the times of the latest entries, `losses` positions lost in a row, the last `lost_at`."""

    entered_at: int | None = None
    recent: list[int] = []
    hour: Window = msgspec.field(default_factory=Window)
    day: Window = msgspec.field(default_factory=Window)
    cycle: Window = msgspec.field(default_factory=Window)
    losses: int = 0
    lost_at: int | None = None
    symbols: dict[str, SymbolActivity] = {}

    def of(self, symbol: str) -> SymbolActivity:
        """A symbol's own; begun when there was none."""
        found = self.symbols.get(symbol)
        if found is None:
            found = self.symbols[symbol] = SymbolActivity()
        return found


def cycle_start(now: int, cycle: int) -> int:
    """When the cycle that `now` belongs to began: cycles follow one another from the beginning of UTC."""
    return now // cycle * cycle


def count_entry(activity: Activity, event: EntryCounted, day: int) -> None:
    """An approval that may increase exposure. `day` is what the desk's present day is known by."""
    time, symbol = event.time, activity.of(event.symbol)
    hour = time // HOUR * HOUR
    activity.entered_at = symbol.entered_at = time
    activity.recent.append(time)
    del activity.recent[:-RECENT_KEPT]
    activity.hour.add(hour, event.value)
    activity.day.add(day, event.value)
    activity.cycle.add(event.cycle, event.value)
    symbol.hour.add(hour, event.value)
    symbol.entries += 1
    weight = max(_WEIGHT, 1 / Decimal(symbol.entries))
    symbol.average = (symbol.average + weight * (event.value - symbol.average)).quantize(_CENT)


def count_fill(activity: Activity, event: FillCounted) -> None:
    """A fill, and what it made of the position."""
    symbol = activity.of(event.symbol)
    symbol.filled_at, symbol.trip = event.time, event.trip
    if event.outcome is None:
        return
    symbol.outcome, symbol.outcome_at = event.outcome, event.time
    if event.outcome in (Outcome.LOSS, Outcome.STOP):
        activity.losses, activity.lost_at = activity.losses + 1, event.time
    elif event.outcome is Outcome.WIN:
        activity.losses = 0


def count_error(activity: Activity, event: ErrorCounted) -> None:
    """An order was refused by its venue."""
    errors = activity.of(event.symbol).errors
    errors.append(event.time)
    del errors[:-ERRORS_KEPT]
