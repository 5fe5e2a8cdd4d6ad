"""The lease on virtual time: the rule of `cluster.host.lease`, on a clock that a test can move.

A host acts only while it has renewed within half the lease; a successor only when its predecessor is gone for
certain, or cannot have a lease any more.
"""

from __future__ import annotations


class VirtualLease:
    """One incarnation's permission to act; all times in ns of the virtual clock."""

    def __init__(self, duration: int) -> None:
        self.duration = duration
        self.free_from = 0
        self._renewed = 0

    def begin(self, asked_at: int, now: int, predecessor_gone: bool) -> None:
        """Start with a claim that was sent at `asked_at`; waits out the predecessor unless it is gone."""
        self._renewed = asked_at
        self.free_from = asked_at if predecessor_gone else now + self.duration

    def renew(self, asked_at: int) -> None:
        """A commit or heartbeat sent at `asked_at` was answered for our epoch."""
        self._renewed = max(self._renewed, asked_at)

    def may_act(self, now: int) -> bool:
        """Whether an effect may be performed at this moment."""
        return now >= self.free_from and now - self._renewed < self.duration // 2
