"""Hosts of services: processes of the tree that are no desk actors (a paper venue, the clock, the metrics page).

They claim an epoch and give life signs like actors do, so that they are fenced, watched and shown alike; they have
no journal here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Protocol

from cluster.host.launch import ProcessSpec
from cluster.host.lease import this_incarnation
from cluster.store.redis_store import RedisStore
from messages.errors import StoreUnavailableError
from messages.supervision import ExitReason


class Service(Protocol):
    """What a service must offer: `run` works until cancelled and sets `ready` once it serves."""

    ready: asyncio.Event

    def run(self) -> Awaitable[None]:
        """Serve until cancelled; returning means that the work is done."""


class ServiceHost:
    """Gives a service the life of a child; the same face as `ActorHost` shows to its process."""

    def __init__(self, spec: ProcessSpec, service: Service, store: RedisStore) -> None:
        self.spec = spec
        self.service = service
        self.store = store
        self.epoch = 0
        self.ready = service.ready
        self._stopping = asyncio.Event()
        self._reason = ExitReason.NORMAL

    async def run(self) -> ExitReason:
        """Claim, serve, and write why it ended."""
        claimed = await self._claim()
        self.epoch = claimed
        work = asyncio.ensure_future(self.service.run())
        watch = asyncio.create_task(self._keep_alive())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({work, stopping, watch}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            if watch.done():
                watch.result()
        finally:
            for task in (work, watch, stopping):
                task.cancel()
            await asyncio.gather(work, watch, stopping, return_exceptions=True)
        with suppress(StoreUnavailableError):
            await self.store.leave(self.spec.address, self.epoch, self._reason.value)
        return self._reason

    def stop(self, reason: ExitReason = ExitReason.SHUTDOWN) -> None:
        """End the service; `run` returns."""
        self._reason = reason
        self._stopping.set()

    async def _claim(self, at_least: int = 0) -> int:
        while True:
            try:
                claimed = await self.store.claim(
                    self.spec.address, this_incarnation(self.spec.address), self.spec.parent, at_least
                )
                return claimed.epoch
            except StoreUnavailableError:
                await asyncio.sleep(0.2)

    async def _keep_alive(self) -> None:
        """Give life signs; returns when a newer incarnation has taken over.

        A store that does not know of the claim any more has lost history: without a new one no life sign would count.
        """
        while True:
            await asyncio.sleep(self.spec.host.heartbeat_s)
            try:
                where = await self.store.heartbeat(self.spec.address, self.epoch)
            except StoreUnavailableError:
                continue
            if where.epoch > self.epoch:
                self._reason = ExitReason.FENCED
                return
            if where.epoch < self.epoch:
                self.epoch = await self._claim(at_least=self.epoch)
