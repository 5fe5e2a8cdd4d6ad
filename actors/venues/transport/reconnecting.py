"""When to open a stream again: growing pauses with jitter, and an alarm when it has to be done too often."""

from __future__ import annotations

import random
from collections import deque

_SECOND = 1_000_000_000


class Backoff:
    """Pauses that double from `first_s` to `longest_s`; each is drawn from the upper half, so that many clients
    who lost the same server do not come back at once."""

    def __init__(
        self, *, first_s: float = 0.5, longest_s: float = 30.0, draw: random.Random | None = None
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._draw = draw or random.Random()
        self._next_s = first_s

    def pause_s(self) -> float:
        """How long to wait before the next attempt."""
        pause = self._next_s
        self._next_s = min(2 * pause, self._longest_s)
        return pause * self._draw.uniform(0.5, 1.0)

    def reset(self) -> None:
        """An attempt succeeded and lasted."""
        self._next_s = self._first_s


class StormAlarm:
    """Raised while `count` reconnects or more fall within `window_ns`; `now` is any steady clock in ns."""

    def __init__(self, *, count: int = 6, window_ns: int = 120 * _SECOND) -> None:
        self._window_ns = window_ns
        self._count = count
        self._times: deque[int] = deque(maxlen=count)

    def reconnected(self, now: int) -> bool:
        """Note one; whether the alarm begins with it."""
        before = self.raised(now)
        self._times.append(now)
        return self.raised(now) and not before

    def raised(self, now: int) -> bool:
        """Whether it storms."""
        return len(self._times) == self._count and now - self._times[0] < self._window_ns
