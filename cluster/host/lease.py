"""The lease: what keeps a process that has been replaced from acting on the outside.

A commit of a zombie is refused by the store, but not a request it is about to write to a venue. So a host acts only
while it has renewed within half the lease, and a successor only when its predecessor is proven gone, or cannot have
a lease any more. All of it on this machine's monotonic clock.
"""

from __future__ import annotations

import os
import socket
import time
from functools import cache
from pathlib import Path

from cluster.store.port import Claimed, Incarnation


class Lease:
    """One incarnation's permission to act; `duration_s` is the lease in seconds of machine time."""

    def __init__(self, duration_s: float) -> None:
        self.duration_s = duration_s
        self._renewed = float("-inf")
        self._free_from = float("-inf")

    def begin(self, claimed: Claimed, asked_at: float) -> None:
        """Start with a claim that was sent at `asked_at`; waits out those before it unless all are gone."""
        self._renewed = asked_at
        gone = all(map(proven_gone, claimed.before))
        self._free_from = asked_at if gone else time.monotonic() + self.duration_s

    def renew(self, asked_at: float) -> None:
        """A commit or heartbeat sent at `asked_at` was answered for our epoch."""
        self._renewed = max(self._renewed, asked_at)

    def wait_s(self) -> float:
        """Seconds until the predecessor can't act any more; 0 when it can't now."""
        return max(0.0, self._free_from - time.monotonic())

    def may_act(self) -> bool:
        """Whether an effect may be performed at this moment."""
        now = time.monotonic()
        return now >= self._free_from and now - self._renewed < self.duration_s / 2


def this_incarnation(label: str = "") -> Incarnation:
    """The identity of this process."""
    return Incarnation(socket.gethostname(), _boot_id(), os.getpid(), _started(os.getpid()) or 0, label)


def is_here(incarnation: Incarnation) -> bool:
    """Whether that process would be one of this machine, as it is booted now."""
    return incarnation.node == socket.gethostname() and incarnation.boot == _boot_id()


def proven_gone(incarnation: Incarnation) -> bool:
    """Whether that process certainly does not run any more: looked for on its own machine, or of an older boot."""
    if is_here(incarnation):
        return _started(incarnation.pid) != incarnation.started
    return incarnation.node == socket.gethostname()


@cache
def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _started(pid: int) -> int | None:
    """Start time of a process in clock ticks since boot; None when there is no such process or it is a corpse."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rsplit(")", 1)[1].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])
