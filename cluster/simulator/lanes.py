"""Lanes of a simulated host: the counterpart of `cluster.host.lanes`, without tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from messages.base import Effect


class SimulatedLanes:
    """Effects about the same thing one after the other, those about different things at once."""

    __slots__ = ("_begin", "_life", "_ordinal", "_waiting")

    def __init__(self, begin: Callable[[Effect, int], None]) -> None:
        self._begin = begin
        self._waiting: dict[str, deque[tuple[Effect, int]]] = {}
        self._ordinal = 0
        self._life = 0

    def start(self, effects: Sequence[Effect]) -> None:
        """Queue effects, and begin those whose lane is free."""
        for effect in effects:
            self._ordinal += 1
            lane = effect.lane
            if lane in self._waiting:
                self._waiting[lane].append((effect, self._ordinal))
            else:
                self._waiting[lane] = deque(((effect, self._ordinal),))
                self._begin(effect, self._ordinal)

    def finish(self, lane: str) -> None:
        """The head of this lane is done: the next one begins."""
        queue = self._waiting.get(lane)
        if queue is None:
            return
        queue.popleft()
        if queue:
            self._begin(*queue[0])
        else:
            del self._waiting[lane]

    @property
    def idle(self) -> bool:
        """Whether nothing is being performed or queued."""
        return not self._waiting

    def cancel(self) -> None:
        """Drop everything, as the end of the process would."""
        self._waiting.clear()
        self._life += 1

    def bound(self, act: Callable[[], None]) -> Callable[[], None]:
        """`act`, unless the lanes were cancelled meanwhile."""
        life = self._life

        def unless_cancelled() -> None:
            if self._life == life:
                act()

        return unless_cancelled
