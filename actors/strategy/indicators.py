"""Indicators a strategy folds quotes, trades or bars into. Each has a fixed memory, declared when it is made."""

from __future__ import annotations

from messages.errors import ConfigurationError


def _positive(name: str, value: int) -> int:
    if value <= 0:
        raise ConfigurationError(
            "must be above zero", field=name, value=value, remedy="an indicator needs a memory"
        )
    return value


class Ema:
    """Exponential moving average over `period` updates: weight 2 / (period + 1), started at the first value.

    `value` is None before the first update; `ready` after `period` of them. Keeps one number.
    """

    __slots__ = ("_weight", "period", "updates", "value")

    def __init__(self, period: int) -> None:
        self.period = _positive("period", period)
        self._weight = 2.0 / (period + 1)
        self.updates = 0
        self.value: float | None = None

    @property
    def ready(self) -> bool:
        """Whether enough was seen for the start value to have faded."""
        return self.updates >= self.period

    def update(self, value: float) -> float:
        """Fold `value` in and return the average."""
        self.updates += 1
        before = self.value
        if before is not None:
            value = before + self._weight * (value - before)
        self.value = value
        return value


class RollingWindow:
    """Values of the last `span` ns in at most `items` cells: within span / items of a cell's first value, later
    values replace its last, so that a burst can't push the past out.

    `first` is the value that was in force one span ago, None until the window reaches back that far.
    """

    __slots__ = ("_cell", "_head", "_length", "_times", "_values", "items", "span")

    def __init__(self, span: int, items: int) -> None:
        self.span = _positive("span", span)
        self.items = _positive("items", items)
        self._cell = -(-span // items)
        # one cell beyond the span (the value in force when it began), one for a cell just begun
        self._times = [0] * (items + 2)
        self._values = [0.0] * (items + 2)
        self._head = 0
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, time: int, value: float) -> None:
        """Fold in the value at `time` (ns, not decreasing)."""
        times, size = self._times, len(self._times)
        tail = (self._head + self._length - 1) % size
        if self._length and time - times[tail] < self._cell:
            self._values[tail] = value
        else:
            tail = (self._head + self._length) % size
            times[tail] = time
            self._values[tail] = value
            self._length += 1
        since = time - self.span
        while self._length > 1 and times[(self._head + 1) % size] <= since:
            self._drop()

    def _drop(self) -> None:
        self._head = (self._head + 1) % len(self._times)
        self._length -= 1

    @property
    def last(self) -> float | None:
        """The latest value; None when there is none."""
        if not self._length:
            return None
        return self._values[(self._head + self._length - 1) % len(self._values)]

    def first(self, now: int) -> float | None:
        """The value in force at `now` - span, to within a cell; None when the window does not reach back to it."""
        if not self._length or self._times[self._head] > now - self.span:
            return None
        return self._values[self._head]

    def values(self) -> list[float]:
        """All values kept, oldest first."""
        size = len(self._values)
        return [self._values[(self._head + index) % size] for index in range(self._length)]

    @property
    def mean(self) -> float | None:
        """The mean of the values kept; None when there is none."""
        return sum(self.values()) / self._length if self._length else None

    @property
    def low(self) -> float | None:
        """The lowest value kept; None when there is none."""
        return min(self.values(), default=None)

    @property
    def high(self) -> float | None:
        """The highest value kept; None when there is none."""
        return max(self.values(), default=None)
