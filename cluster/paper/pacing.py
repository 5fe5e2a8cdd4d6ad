"""The venue's own clock in paced mode: desk time as a function of the machine's, also while nobody is connected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from cluster.paper.settings import TimeSettings
from cluster.paper.venue import PaperVenue

_LONGEST_PAUSE_S = 0.05
_SHORTEST_PAUSE_S = 0.001


class PacedClock:
    """Desk time = start + (machine time - `wall_start`) x speed. `wall_start` is in ns UTC."""

    def __init__(self, settings: TimeSettings, wall_start: int) -> None:
        self._start = settings.start
        self._speed = settings.speed
        self._wall_start = wall_start

    def now(self) -> int:
        """Desk time at this moment, ns UTC."""
        return self._start + round((time.time_ns() - self._wall_start) * self._speed)

    def seconds_until(self, desk_time: int) -> float:
        """How long the machine has to wait for a desk time, in seconds."""
        return (desk_time - self.now()) / self._speed / 1e9


async def keep_pace(venue: PaperVenue, clock: PacedClock, told: Callable[[], None]) -> None:
    """Let the venue follow the clock for ever; `told` is called when there may be new events."""
    while True:
        published = venue.published
        reached = venue.advance(clock.now())
        if venue.published != published:
            told()
        await asyncio.sleep(_pause(venue, clock) if reached else 0)


def _pause(venue: PaperVenue, clock: PacedClock) -> float:
    """Seconds until something is due; short enough that a command just taken is not kept waiting."""
    known = [due for due in (venue.next_time, venue.next_market_time) if due is not None]
    wait = clock.seconds_until(min(known)) if known else _LONGEST_PAUSE_S
    return min(max(wait, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)
