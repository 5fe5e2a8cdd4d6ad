"""Lanes: effects about the same thing are performed one after the other, those about different things at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from messages.base import Effect

Performer = Callable[[Effect, int], Awaitable[None]]


class Lanes:
    """Runs effects through `perform(effect, ordinal)`; `ordinal` counts effects in the order they were promised."""

    def __init__(self, perform: Performer) -> None:
        self._perform = perform
        self._waiting: dict[str, deque[tuple[Effect, int]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ordinal = 0

    def start(self, effects: Sequence[Effect]) -> None:
        """Queue effects; none is waited for."""
        for effect in effects:
            self._ordinal += 1
            lane = effect.lane
            if lane in self._waiting:
                self._waiting[lane].append((effect, self._ordinal))
            else:
                self._waiting[lane] = deque([(effect, self._ordinal)])
                task = asyncio.create_task(self._run(lane))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    @property
    def idle(self) -> bool:
        """Whether nothing is being performed or queued."""
        return not self._waiting

    async def settle(self) -> None:
        """Wait until nothing is being performed. Raises what broke a performer."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def cancel(self) -> None:
        """Drop everything, as the end of the process would."""
        for task in self._tasks:
            task.cancel()
        self._waiting.clear()

    async def _run(self, lane: str) -> None:
        queue = self._waiting[lane]
        try:
            while queue:
                effect, ordinal = queue.popleft()
                await self._perform(effect, ordinal)
        finally:
            self._waiting.pop(lane, None)
