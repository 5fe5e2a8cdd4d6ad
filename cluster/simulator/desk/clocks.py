"""Desk time of one simulated process: the world's clock, off by so much, and never going back."""

from __future__ import annotations

from cluster.simulator.ports import VirtualClock


class SkewedClock:
    """As `cluster.host.clocks.PacedClock` on a machine whose clock is ahead by `offset` ns: set back, it stands."""

    __slots__ = ("_base", "_last", "offset")

    def __init__(self, base: VirtualClock, offset: int = 0) -> None:
        self._base = base
        self._last = 0
        self.offset = offset

    @property
    def now(self) -> int:
        """Desk time, ns UTC."""
        self._last = max(self._last, self._base.now + self.offset)
        return self._last
