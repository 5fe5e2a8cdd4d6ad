"""How the way to a venue is, judged by execution's process: a change that lasts becomes an input of the actor.

Apart from `connection_notes`, which tells watchers how it is at the moment; what is told here moves the desk's mode.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.execution.health import CIRCUIT_OPEN, CLOCK_SKEW, STREAM_DOWN
from messages.account_events import WayJudged

if TYPE_CHECKING:
    from actors.venues.port import PortHealth, VenuePort
    from messages.base import Message

LOOK_S = 0.5
LASTS_S = 5.0
"""How long a trouble must last before it is told, and be gone before that is: a reconnection is no trouble."""


class WayJudge:
    """Turns looks at a port's health into what is told: a pure function of them and the times passed in."""

    def __init__(self, clock_bound_ns: int, lasts_s: float = LASTS_S) -> None:
        self._bound = clock_bound_ns
        self._lasts_s = lasts_s
        self._told: dict[str, str] | None = None
        self._other_since: dict[str, float] = {}
        self._began_s: float | None = None

    def look(self, health: PortHealth, now_s: float, now_ns: int) -> WayJudged | None:
        """What is to be told after this look, at monotonic `now_s` and machine time `now_ns`; None: nothing new.

        After a start it is told in any case, once that has lasted as well: what was found before may be over, or not.
        """
        if self._began_s is None:
            self._began_s = now_s
        seen, told = _troubles(health, self._bound, now_ns), self._told or {}
        for cause in (STREAM_DOWN, CIRCUIT_OPEN, CLOCK_SKEW):
            if (cause in seen) is (cause in told):
                self._other_since.pop(cause, None)
            else:
                self._other_since.setdefault(cause, now_s)
        lasting = [cause for cause, since in self._other_since.items() if now_s - since >= self._lasts_s]
        if not lasting and (self._told is not None or now_s - self._began_s < self._lasts_s):
            return None
        after = {cause: text for cause, text in told.items() if cause not in lasting}
        after |= {cause: seen[cause] for cause in lasting if cause in seen}
        for cause in lasting:
            del self._other_since[cause]
        self._told = after
        return WayJudged(after)


def _troubles(health: PortHealth, bound_ns: int, now_ns: int) -> dict[str, str]:
    found = {}
    if health.stream_up is False:
        found[STREAM_DOWN] = "the private stream is down: fills are not heard of"
    if (health.circuit_open_until or 0) > now_ns:
        found[CIRCUIT_OPEN] = "the venue has not been answering: nothing is sent to it"
    error = health.clock_error_ns
    if error is not None and error > bound_ns:
        found[CLOCK_SKEW] = f"its clock is known to {error / 1e9:.1f} s only, beyond {bound_ns / 1e9:.1f} s"
    return found


async def keep_judging(port: VenuePort, clock_bound_ns: int, tell: Callable[[Message], None]) -> None:
    """Look again and again, until cancelled."""
    judge = WayJudge(clock_bound_ns)
    while True:
        judged = judge.look(port.health(), time.monotonic(), time.time_ns())
        if judged is not None:
            tell(judged)
        await asyncio.sleep(LOOK_S)
