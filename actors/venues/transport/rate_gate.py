"""Where requests wait for the budget: the more important first, nobody longer than they can bear."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import msgspec

from actors.venues.transport.budget import NEVER, Budget, Limit, Priority

_SECOND = 1_000_000_000


class SharedBudget(Protocol):
    """The limits of an address that several processes use together."""

    async def take(self, costs: Mapping[Limit, int], priority: Priority) -> int:
        """Spend all of it: 0. Otherwise nothing is spent, and the ns to wait, or `NEVER`. Never raises for what the
        store does: without it, this process goes on with a share of its own."""

    async def pause(self, duration_ns: int) -> None:
        """Nobody takes anything for so long: the venue asked for it."""


class _Waiter(msgspec.Struct, eq=False):
    priority: Priority
    number: int
    costs: Mapping[str, int]
    granted: asyncio.Future[None]

    def __lt__(self, other: _Waiter) -> bool:
        return (self.priority, self.number) < (other.priority, other.number)


class RateGate:
    """One process's way through a budget. Belongs to the event loop it is first used on.

    `shared` is asked for what counts for the whole address, after this process's own count has allowed it.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        shared: SharedBudget | None = None,
        now: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.budget = budget
        self._shared = shared
        self._now = now
        self._waiting: list[_Waiter] = []
        self._number = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def enter(self, costs: Mapping[str, int], priority: Priority, patience_s: float) -> bool:
        """Wait at most `patience_s` until `costs` are granted; whether they were.

        Who would have to wait longer is told at once. Of those who wait, the higher priority goes first, then who
        came first; a request that fits does not overtake one that waits for the same limit.
        """
        until = self._now() + int(patience_s * _SECOND)
        return await self._enter_own(costs, priority, until) and await self._enter_shared(
            costs, priority, until
        )

    def pause(self, duration_s: float, names: Iterable[str] | None = None) -> None:
        """The venue wants to be left alone: with these limits, or (None) altogether, which all processes are told."""
        self.budget.pause(self._now() + int(duration_s * _SECOND), names)
        if self._shared is not None and names is None:
            task = asyncio.get_running_loop().create_task(self._shared.pause(int(duration_s * _SECOND)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def observed(self, name: str, used: int) -> None:
        """See `Budget.observed`."""
        self.budget.observed(name, used, self._now())

    def used(self) -> float:
        """See `Budget.used`."""
        return self.budget.used(self._now())

    def used_by_limit(self) -> dict[str, float]:
        """See `Budget.used_by_limit`."""
        return self.budget.used_by_limit(self._now())

    async def _enter_own(self, costs: Mapping[str, int], priority: Priority, until: int) -> bool:
        now = self._now()
        if not any(waiter.priority <= priority and _overlap(waiter, costs) for waiter in self._waiting):
            wait = self.budget.take(costs, priority, now)
            if wait == 0:
                return True
            if wait == NEVER or now + wait > until:
                return False
        if now >= until:
            return False
        self._number += 1
        waiter = _Waiter(priority, self._number, costs, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._pump()
        try:
            async with asyncio.timeout((until - now) / _SECOND):
                await waiter.granted
        except TimeoutError:
            return False
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
                self._pump()
        return True

    async def _enter_shared(self, costs: Mapping[str, int], priority: Priority, until: int) -> bool:
        if self._shared is None:
            return True
        limits = {
            limit: costs[limit.name] for limit in self.budget.limits if limit.shared and limit.name in costs
        }
        while limits:
            wait = await self._shared.take(limits, priority)
            if wait == 0:
                return True
            if wait == NEVER or self._now() + wait > until:
                return False
            await asyncio.sleep(wait / _SECOND)
        return True

    def _pump(self) -> None:
        """Grant what can be granted, in order, and come back when more may be."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        now = self._now()
        blocked: set[str] = set()
        soonest: int | None = None
        for waiter in sorted(self._waiting):
            if not blocked.isdisjoint(waiter.costs):
                continue
            wait = self.budget.take(waiter.costs, waiter.priority, now)
            if wait == 0:
                self._waiting.remove(waiter)
                if not waiter.granted.done():
                    waiter.granted.set_result(None)
                continue
            blocked.update(waiter.costs)
            if wait != NEVER:
                soonest = wait if soonest is None else min(soonest, wait)
        if soonest is not None:
            self._alarm = asyncio.get_running_loop().call_later(soonest / _SECOND, self._pump)


def _overlap(waiter: _Waiter, costs: Mapping[str, int]) -> bool:
    return not waiter.costs.keys().isdisjoint(costs)
