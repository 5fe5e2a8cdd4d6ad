"""Desk time: what drives actors and timers. Machine time (`time.monotonic`) drives leases, heartbeats and backoff."""

from __future__ import annotations

import time
from typing import Protocol

import msgspec


class DeskClock(Protocol):
    """Where desk time comes from. `paced` clocks run by themselves, granted ones are moved."""

    paced: bool

    def now(self) -> int:
        """Desk time in ns UTC, never decreasing."""

    def wait_s(self, until: int) -> float | None:
        """How many seconds of machine time until desk time reaches `until`; None when only a grant moves it."""


class PaceAnchor(msgspec.Struct, frozen=True):
    """Ties desk time to machine time: at `wall` (ns UTC) it was `desk`, and it runs `speed` times as fast."""

    wall: int
    desk: int
    speed: float


class PacedClock:
    """Desk time that runs by itself: live (an anchor that maps wall time to itself), or a replay at N x."""

    paced = True

    def __init__(self, anchor: PaceAnchor) -> None:
        self.anchor = anchor
        self._last = 0

    @classmethod
    def live(cls) -> PacedClock:
        """Wall time itself."""
        return cls(PaceAnchor(0, 0, 1.0))

    def now(self) -> int:
        """See `DeskClock.now`; holds still when the wall clock is set back."""
        anchor = self.anchor
        current = anchor.desk + int((time.time_ns() - anchor.wall) * anchor.speed)
        self._last = max(self._last, current)
        return self._last

    def wait_s(self, until: int) -> float | None:
        """See `DeskClock.wait_s`."""
        return max(0.0, (until - self.now()) / 1e9 / self.anchor.speed)


class GrantedClock:
    """Desk time that stands still until the replay clock grants more of it: lockstep and full speed."""

    paced = False

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        """See `DeskClock.now`."""
        return self._now

    def wait_s(self, until: int) -> float | None:
        """See `DeskClock.wait_s`."""
        return 0.0 if until <= self._now else None

    def grant(self, until: int) -> None:
        """Move desk time forward; an older grant changes nothing."""
        self._now = max(self._now, until)
