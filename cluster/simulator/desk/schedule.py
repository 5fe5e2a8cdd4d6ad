"""Whose turn it is, and what happens when: drawn where real processes would race, in order of time where not."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from cluster.simulator.desk.host import DeskHost
from cluster.simulator.faults import MILLISECOND
from cluster.simulator.ports import VirtualClock
from cluster.steps import requests as ask

_BACKOFF = 10 * MILLISECOND
_MOST_PASSED = MILLISECOND // 2
_TIME_PASSES = 0.05
"""How often time passes though somebody could work."""


class Schedule:
    """The processes that may have something to do, and the agenda of what is to happen; moves the clock."""

    def __init__(self, clock: VirtualClock, chance: Random) -> None:
        self._clock = clock
        self._chance = chance
        self._ready: dict[int, DeskHost] = {}
        self._alarms: dict[int, int] = {}
        self._agenda: list[tuple[int, int, Callable[[], object]]] = []
        self._arranged = 0

    @property
    def idle(self) -> bool:
        """Whether no process has anything to do at this moment."""
        return not self._ready

    def at(self, time: int, act: Callable[[], object]) -> None:
        """Do something when the clock reaches `time`."""
        self._arranged += 1
        heappush(self._agenda, (time, self._arranged, act))

    def wake(self, host: DeskHost) -> None:
        """There may be something to take for this process."""
        if host.request is not None and not host.paused:
            self._ready[host.machine.incarnation.pid] = host

    def doze(self, host: DeskHost) -> None:
        """This process has nothing to do, or stands still."""
        self._ready.pop(host.machine.incarnation.pid, None)

    def forget(self, host: DeskHost) -> None:
        """This process has ended."""
        self.doze(host)
        self._alarms.pop(host.machine.incarnation.pid, None)

    def back_off(self, host: DeskHost) -> None:
        """The store did not answer this process: it waits a little before it asks again."""
        self.doze(host)
        self.at(self._clock.now + _BACKOFF, lambda: self.wake(host))

    def wait(self, host: DeskHost) -> None:
        """This process found nothing to take: it is woken by its next timer, or by somebody else."""
        self.doze(host)
        if type(host.request) is ask.RenewStore:
            self.back_off(host)
            return
        timers = host.machine.timers
        if not timers:
            return
        due = min(timer.due for timer in timers.values()) - host.skew.offset
        pid = host.machine.incarnation.pid
        known = self._alarms.get(pid)
        if known is None or due < known or known <= self._clock.now:
            self._alarms[pid] = due
            self.at(max(due, self._clock.now + 1), lambda: self.wake(host))

    def next_turn(self) -> DeskHost | None:
        """The process whose turn it is; None when time has passed instead."""
        if self._ready and self._chance.random() >= _TIME_PASSES:
            hosts = list(self._ready.values())
            return hosts[0] if len(hosts) == 1 else hosts[self._chance.randrange(len(hosts))]
        self._move_on()
        return None

    def _move_on(self) -> None:
        """Let time pass: a little while somebody works, up to the next thing that is to happen when nobody does."""
        time = self._agenda[0][0]
        if self._ready:
            until = self._clock.now + self._chance.randrange(_MOST_PASSED)
            if time > until:
                self._clock.now = until
                return
        time, _, act = heappop(self._agenda)
        self._clock.now = max(self._clock.now, time)
        act()
