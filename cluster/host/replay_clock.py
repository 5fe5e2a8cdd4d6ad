"""The replay clock: grants desk time to a replayed desk, slice by slice.

At full speed it only waits until every strategy has seen a slice. In lockstep it also grants every step, one actor at
a time in a fixed order, until the desk is at rest: then the real processes are as deterministic as the simulator.
A slice has three parts: strategies fold its market data and decide, in the order of the rows; the venues match up to
its end; then mail is worked off, urgent first. Nothing decided in a slice reaches a venue before its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from ray.exceptions import RayError

from cluster.host.handles import Handles
from cluster.session_feed import SETTLE_NS, FeedPlan
from cluster.store.port import ActorStatus
from cluster.store.redis_store import RedisStore
from messages.base import CONTROL, Address, Envelope
from messages.control import Drain
from messages.errors import StoreUnavailableError, VenueConnectionError

PARKED = frozenset({"given_up", "done", "stopped"})


class Progress(msgspec.Struct, frozen=True):
    """How far the replay has come, as stored and shown; times in ns UTC."""

    time: int
    start: int
    end: int
    draining: bool = False
    ended: bool = False


class Venue(Protocol):
    """A venue whose time is granted."""

    async def advance(self, time: int) -> int:
        """See `ReplayVenue.advance`."""


class ReplayClock:
    """A service of the tree; resumes after its own death at the slice it was granting."""

    def __init__(
        self,
        plan: FeedPlan,
        store: RedisStore,
        handles: Handles,
        *,
        strategies: Sequence[Address],
        venues: Mapping[Address, Venue],
    ) -> None:
        self.plan = plan
        self.store = store
        self.handles = handles
        self.venues = venues
        self.strategies = list(strategies)
        self.others: list[Address] = [*venues, "risk"]
        self.ready = asyncio.Event()
        self._sequences: dict[Address, int] = dict.fromkeys(venues, 0)
        self._epochs: dict[Address, int] = {}

    async def run(self) -> None:
        """Grant time from where the replay stands to its end, and then let the desk come to rest."""
        progress = await self._stored()
        self.ready.set()
        step = self.plan.slice_ns
        while not progress.ended:
            if not progress.draining and progress.time >= progress.end:
                progress = msgspec.structs.replace(progress, draining=True)
                await self._drain(progress.time)
                await self._store(progress)
            until = progress.time + step
            await (self._lockstep(until) if self.plan.lockstep else self._full_speed(until))
            ended = progress.draining and until >= progress.end + SETTLE_NS
            progress = msgspec.structs.replace(progress, time=until, ended=ended)
            await self._store(progress)
        await asyncio.Event().wait()  # its work is done, but a permanent child does not leave

    # ------------------------------------------------------------------ full speed

    async def _full_speed(self, until: int) -> None:
        await self._advance_venues(until)
        await asyncio.gather(
            *(self._call(address, "advance", until) for address in (*self.others, *self.strategies))
        )

    # ------------------------------------------------------------------ lockstep

    async def _lockstep(self, until: int) -> None:
        due = await self._fold(self.strategies, until)
        while due:
            row, address = min((time, address) for address, time in due.items())
            await self._call(address, "permit", row, 0, True)
            due.pop(address)
            due |= await self._fold([address], until)
        await self._advance_venues(until)
        await self._work_off(until)

    async def _fold(self, strategies: Sequence[Address], until: int) -> dict[Address, int]:
        times = await asyncio.gather(*(self._call(address, "advance", until) for address in strategies))
        return {address: row for address, row in zip(strategies, times, strict=True) if row is not None}

    async def _work_off(self, until: int) -> None:
        """Grant steps until one look at the store shows nobody with anything to take."""
        addresses = [*self.others, *self.strategies]
        idle: set[Address] = set()
        while True:
            statuses = await self._statuses(addresses)
            waiting = [status for status in statuses if self._has_work(status, until)]
            candidates = [status for status in waiting if status.address not in idle]
            if not candidates:
                if not any(await asyncio.gather(*(self._is_working(status.address) for status in waiting))):
                    return
                idle.clear()
                await asyncio.sleep(0.02)  # it is being replaced; its successor will find its mail
                continue
            chosen = min(candidates, key=_rank)
            stepped = await self._call(
                chosen.address, "permit", until, self._sequences.get(chosen.address, 0), False
            )
            self._epochs[chosen.address] = chosen.epoch
            if stepped:
                idle.clear()
            else:
                idle.add(chosen.address)

    def _has_work(self, status: ActorStatus, until: int) -> bool:
        timer_due = status.next_timer is not None and status.next_timer <= until
        venue_ahead = status.venue < self._sequences.get(status.address, 0)
        reborn = self._epochs.get(status.address) != status.epoch
        backlog = status.urgent_depth > 0 or status.mailbox_depth > 0 or status.control_behind
        return backlog or status.outstanding > 0 or timer_due or venue_ahead or reborn

    async def _is_working(self, address: Address) -> bool:
        """Whether mail that its owner did not take is still going to be taken: not if the owner is parked."""
        return address not in await self._parked()

    # ------------------------------------------------------------------ the desk's processes

    async def _call(self, address: Address, method: str, *arguments: Any) -> Any:
        """Call an actor's host, waiting for its successor when it dies; None when it is parked for good."""
        while True:
            handle = self.handles.find(address)
            if handle is not None:
                try:
                    return await handle.call.remote(method, *arguments)
                except RayError:
                    pass
            if address in await self._parked():
                return None
            await asyncio.sleep(0.02)

    async def _advance_venues(self, until: int) -> None:
        for address, venue in self.venues.items():
            while True:
                try:
                    self._sequences[address] = await venue.advance(until)
                    break
                except VenueConnectionError:
                    await asyncio.sleep(0.02)

    # ------------------------------------------------------------------ the store

    async def _statuses(self, addresses: Sequence[Address]) -> list[ActorStatus]:
        while True:
            try:
                return await self.store.status(addresses)
            except StoreUnavailableError:
                await asyncio.sleep(0.05)

    async def _parked(self) -> set[Address]:
        while True:
            try:
                tree = await self.store.tree()
                return {row["address"] for row in tree if row["status"] in PARKED}
            except StoreUnavailableError:
                await asyncio.sleep(0.05)

    async def _stored(self) -> Progress:
        while True:
            try:
                progress = await read_progress(self.store)
            except StoreUnavailableError:
                await asyncio.sleep(0.05)
                continue
            assert self.plan.end is not None
            return progress or Progress(self.plan.start, self.plan.start, self.plan.end)

    async def _store(self, progress: Progress) -> None:
        while True:
            try:
                await self.store.set_note("clock", msgspec.json.encode(progress))
                return
            except StoreUnavailableError:
                await asyncio.sleep(0.05)

    async def _drain(self, now: int) -> None:
        """Tell everyone that the session is over: no new orders, working ones are cancelled."""
        while True:
            try:
                notice = Drain(by="clock", reason="the recording has ended")
                await self.store.post(Envelope("clock", 0, CONTROL, "", "", now, notice))
                return
            except StoreUnavailableError:
                await asyncio.sleep(0.05)


async def read_progress(store: RedisStore) -> Progress | None:
    """How far the replay of this desk has come; None before its first slice."""
    data = await store.note("clock")
    return msgspec.json.decode(data, type=Progress) if data else None


def _rank(status: ActorStatus) -> tuple[bool, Address]:
    """Urgent things first, then by address: any fixed order will do, as long as it is always the same."""
    urgent = status.urgent_depth > 0 or status.outstanding > 0
    return (not urgent, status.address)


class PacedEnd:
    """The clock's part when desk time runs by itself: it grants nothing, but knows when the session is over."""

    def __init__(self, plan: FeedPlan, store: RedisStore) -> None:
        self.plan = plan
        self.store = store
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Publish progress; at the end of a bounded session let the desk come to rest."""
        self.ready.set()
        plan, clock, draining = self.plan, self.plan.clock(), False
        while True:
            now = clock.now()
            end = plan.end
            over = end is not None and now >= end
            try:
                if over and not draining:
                    notice = Drain(by="clock", reason="the session has ended")
                    await self.store.post(Envelope("clock", 0, CONTROL, "", "", now, notice))
                    draining = True
                ended = draining and end is not None and now >= end + SETTLE_NS
                progress = Progress(now, plan.start, end or 0, draining, ended)
                await self.store.set_note("clock", msgspec.json.encode(progress))
            except StoreUnavailableError:
                pass
            await asyncio.sleep(0.25)
