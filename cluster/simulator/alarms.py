"""When the first timer of each actor is due, over all actors: who has to be woken next."""

from __future__ import annotations

from heapq import heappop, heappush

from messages.base import Address

NEVER = 2**63 - 1
"""Far beyond all desk time."""


class Alarms:
    """One alarm per actor, set to its first timer and moved as often as that changes.

    `first` is the desk time at which the first timer of any actor is due, ns UTC; `NEVER` for none.
    """

    __slots__ = ("_queue", "_set", "first")

    def __init__(self) -> None:
        self.first = NEVER
        self._queue: list[tuple[int, Address]] = []
        self._set: dict[Address, int] = {}

    def move(self, address: Address, due: int | None) -> None:
        """The actor's first timer is due at `due`, ns UTC; None when it has none."""
        if due == self._set.get(address):
            return
        if due is None:
            del self._set[address]
        else:
            self._set[address] = due
            heappush(self._queue, (due, address))
        self._look()

    def take(self, now: int) -> list[Address]:
        """The actors whose first timer is due by `now`, each once, in order of the time."""
        due: list[Address] = []
        while self.first <= now:
            _, address = heappop(self._queue)
            del self._set[address]
            due.append(address)
            self._look()
        return due

    def _look(self) -> None:
        queue, alarms = self._queue, self._set
        while queue and alarms.get(queue[0][1]) != queue[0][0]:
            heappop(queue)  # moved or cancelled since
        self.first = queue[0][0] if queue else NEVER
