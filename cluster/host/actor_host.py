"""The host of one actor on the real desk: drives its step machine over Redis, feeds, timers and the outside.

Everything here runs on one event loop. What the actor decides is a function of the inputs this host hands to the
step machine; the host decides only when to hand them over.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from cluster.host.clocks import DeskClock, GrantedClock
from cluster.host.failpoints import Failpoint, failpoints_for
from cluster.host.intake import Intake
from cluster.host.lanes import Lanes
from cluster.host.lease import Lease
from cluster.steps import requests as ask
from cluster.steps.machine import StepMachine
from cluster.steps.requests import Taken
from cluster.store.port import Claimed, CommitStatus, Loaded, Where
from cluster.store.redis_store import RedisStore
from messages import codec
from messages.base import CONTROL, Effect, Envelope, Message
from messages.control import StoreRenewed
from messages.errors import FencedError, StoreLostError, StoreUnavailableError
from messages.reasons import Reason
from messages.supervision import ExitReason

if TYPE_CHECKING:
    from cluster.feeds.grouped import Cursor


class HostSettings(msgspec.Struct, frozen=True):
    """Machine-time settings in seconds, how many inputs a step takes at most, and the age (ns) of a stale quote."""

    heartbeat_s: float = 0.5
    lease_s: float = 3.0
    on_store_loss_s: float = 5.0
    batch: int = 64
    stale_after: int = 2_000_000_000


_TURNS_TO_THE_SOCKET = 2
"""Turns of the loop until a request is written that nothing holds back: the lane's task, and that of the request."""


class Outside(Protocol):
    """Who performs an actor's effects: a venue's port, or a supervisor's executor."""

    async def perform(self, effect: Effect, now: Callable[[], int]) -> Message | None:
        """Carry the effect out; its result becomes an input. None: there is none."""

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """The result of an effect that must not be performed now; None when it is harmless to perform anyway."""

    def store_away(self) -> list[Effect]:
        """What should be done without write-ahead once the store has been away for long."""


class NoOutside:
    """The outside of actors that have none."""

    async def perform(self, effect: Effect, now: Callable[[], int]) -> Message | None:
        """There is nothing to perform."""
        raise NotImplementedError(f"{type(effect).__name__} has no performer")

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """There is nothing to withhold."""
        return None

    def store_away(self) -> list[Effect]:
        """Nothing to do."""
        return []


class Permit:
    """Leave to take one step at a desk time, given by the replay clock in lockstep."""

    def __init__(self, time: int, venue: int, observe: bool) -> None:
        self.time = time
        self.venue = venue
        self.observe = observe
        self.stepped: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(self, stepped: bool) -> None:
        """Tell the clock whether a step was taken."""
        if not self.stepped.done():
            self.stepped.set_result(stepped)


class ActorHost:
    """See the module docstring. In `lockstep` every step waits for a permit of the replay clock."""

    def __init__(
        self,
        machine: StepMachine,
        store: RedisStore,
        *,
        clock: DeskClock,
        outside: Outside | None = None,
        feed: Cursor | None = None,
        lockstep: bool = False,
        settings: HostSettings | None = None,
        report: Callable[[ask.Report], None] = lambda report: None,
        failpoint: Failpoint | None = None,
    ) -> None:
        self.machine = machine
        self.store = store
        self.clock = clock
        self.outside: Outside = outside or NoOutside()
        self.lockstep = lockstep
        self.settings = settings or HostSettings()
        self.report = report
        self.failpoint = failpoint or failpoints_for(machine.address)
        self.lease = Lease(self.settings.lease_s)
        self.wake = asyncio.Event()
        self.intake = Intake(machine, store, self.wake, feed, self.settings.stale_after)
        self.lanes = Lanes(self._perform_one)
        self.ready = asyncio.Event()
        self.background: list[Callable[[], Awaitable[None]]] = []
        self.follow: Callable[[], Awaitable[None]] | None = None
        """Reads the outside's own stream of events; begun anew whenever the state was loaded."""
        self._following: asyncio.Future[None] | None = None
        self._stop: ExitReason | None = None
        self._trouble: Exception | None = None
        self._permits: deque[Permit] = deque()
        self._permit: Permit | None = None
        self._answers: dict[type, Callable[[Any], Awaitable[Any]]] = {
            ask.Claim: self._claim,
            ask.Load: self._load,
            ask.Rebuild: self._rebuild,
            ask.Take: self._take,
            ask.Commit: self._commit,
            ask.Locate: self._locate,
            ask.Perform: self._perform,
            ask.Owe: lambda r: self.store.owe(r.address, r.epoch, r.outstanding),
            ask.SaveSnapshot: self._save_snapshot,
            ask.CountAttempt: lambda r: self.store.count_attempt(r.address, r.key),
            ask.PutAside: lambda r: self.store.put_aside(r.address, r.key, r.data, r.error),
            ask.RenewStore: self._renew_store,
            ask.Leave: self._leave,
            ask.Report: self._report,
        }

    # ------------------------------------------------------------------ the loop

    async def run(self) -> ExitReason:
        """Live until told to stop; returns why. Raises what ended the actor otherwise."""
        works = [self._keep_alive, *self.background]
        if not self.lockstep:
            works.append(lambda: self.intake.inbox.follow(lambda: self.machine.position))
        background = [self._in_background(work) for work in works]
        try:
            return await self._drive()
        finally:
            self.lanes.cancel()
            for task in (*background, self._following):
                if task is not None:
                    task.cancel()
            if self._permit is not None:
                self._permit.settle(True)

    def _in_background(self, work: Callable[[], Awaitable[None]]) -> asyncio.Future[None]:
        """Start a chore that is to go on for ever; one that fails ends the actor, instead of being missed."""
        task = asyncio.ensure_future(work())
        task.add_done_callback(self._chore_ended)
        return task

    def _chore_ended(self, task: asyncio.Future[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception) and self._trouble is None:
            self._trouble = error
            self.wake.set()

    async def _drive(self) -> ExitReason:
        steps = self.machine.run()
        try:
            request = next(steps)
            while True:
                try:
                    answer = await self._answers[type(request)](request)
                except (StoreUnavailableError, StoreLostError, FencedError) as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(answer)
        except StopIteration as end:
            reason: ExitReason = end.value
            return reason

    @property
    def epoch(self) -> int:
        """The epoch this incarnation has claimed; 0 before."""
        return self.machine.epoch

    def stop(self, reason: ExitReason = ExitReason.SHUTDOWN) -> None:
        """End after the current step: snapshot, write the reason, return from `run`."""
        self._stop = reason
        self.wake.set()

    # ------------------------------------------------------------------ claims and recovery

    async def _claim(self, request: ask.Claim) -> Claimed:
        asked_at = time.monotonic()
        claimed = await self.store.claim(
            request.address, request.incarnation, request.parent, request.at_least
        )
        self.failpoint("in_claim")
        self.lease.begin(claimed, asked_at)
        self._trouble = None
        return claimed

    async def _load(self, request: ask.Load) -> Loaded:
        loaded = await self.store.load(request.address)
        self.failpoint("in_recovery")
        self.lanes.cancel()
        self.intake.restart(loaded.position)
        self._grant(loaded.position.now)  # what is owed is performed at the time it was promised at, or later
        return loaded

    async def _rebuild(self, request: ask.Rebuild) -> None:
        self.intake.rebuild(request.feed)
        if self._following is not None:
            self._following.cancel()
        if (
            self.follow is not None
        ):  # from where the state stands now: what had been read ahead was dropped with it
            self._following = self._in_background(self.follow)
        self.ready.set()

    # ------------------------------------------------------------------ taking

    async def _take(self, request: ask.Take) -> Taken:
        if self._permit is not None:
            permit, self._permit = self._permit, None
            await self.lanes.settle()
            permit.settle(True)
        limit = 1 if request.single else self.settings.batch
        while True:
            if self._trouble is not None:
                raise self._trouble
            if self._stop is not None and self.lanes.idle and self.intake.answered:
                return Taken(self.clock.now(), (), self.intake.feed_position, self._stop)
            taken = await (self._take_permitted(limit) if self.lockstep else self._take_free(limit))
            if taken is not None:
                return taken

    async def _take_free(self, limit: int) -> Taken | None:
        self.wake.clear()
        now = self.clock.now()
        inputs = self.intake.gather(now, limit)
        if inputs:
            return Taken(now, inputs, self.intake.feed_position)
        upcoming = self.intake.next_time()
        patience = self.clock.wait_s(upcoming) if upcoming is not None else None
        if patience is None:
            await self.wake.wait()
            return None
        # a timer of the loop, not `wait_for`: that makes a task of every wait, on the way of every message
        alarm = asyncio.get_running_loop().call_later(patience, self.wake.set)
        try:
            await self.wake.wait()
        finally:
            alarm.cancel()
        return None

    async def _take_permitted(self, limit: int) -> Taken | None:
        if not self._permits:
            self.wake.clear()
            await self.wake.wait()
            return None
        permit = self._permits.popleft()
        self._grant(permit.time)  # the last gate before the socket judges deadlines by this clock
        if permit.observe:
            inputs = self.intake.observation()
        else:
            await self._catch_up(permit)
            inputs = self.intake.gather(permit.time, limit)
        if not inputs:
            permit.settle(False)
            return None
        self._permit = permit
        return Taken(permit.time, inputs, self.intake.feed_position)

    async def _catch_up(self, permit: Permit) -> None:
        """Have everything at hand that was sent before the permit: answers, mail, the venue's events."""
        await self.lanes.settle()
        await self.intake.inbox.fetch()
        while self.intake.venue_seen < permit.venue and self._trouble is None and self._stop is None:
            self.wake.clear()
            await self.wake.wait()

    # ------------------------------------------------------------------ the replay clock's calls

    async def advance(self, until: int) -> int | None:
        """Move desk time to `until` and fold the feed that far.

        In lockstep it stops at the first row on which a decision is due and returns its time; else it returns None
        once every decision on the way is taken.
        """
        await self.ready.wait()
        if self.lockstep:
            due = self.intake.advance(until)
            if due is None:
                self._grant(until)
            return due
        self._grant(until)
        while self.intake.feed is not None and self.intake.folded_to < until and self._trouble is None:
            await asyncio.sleep(0)
            if self.intake.folded_to < until:
                await asyncio.sleep(0.0005)
        return None

    async def probe(self, symbol: str, strategy: str | None = None) -> bytes:
        """What the strategies of this actor would do on a symbol now, as `ProbeAnswer`s; nothing comes of it."""
        await self.ready.wait()
        actor: Any = self.machine.actor
        return codec.pack(codec.to_plain(actor.probe(self.clock.now(), symbol, strategy)))

    async def permit(self, time: int, venue: int, observe: bool) -> bool:
        """Allow one step at `time`, with the venue's events up to sequence `venue`; True when one was taken."""
        await self.ready.wait()
        permit = Permit(time, venue, observe)
        self._permits.append(permit)
        self.wake.set()
        return await permit.stepped

    def _grant(self, until: int) -> None:
        if isinstance(self.clock, GrantedClock):
            self.clock.grant(until)
        self.wake.set()

    # ------------------------------------------------------------------ committing

    async def _commit(self, request: ask.Commit) -> CommitStatus:
        self.failpoint("before_commit")
        asked_at = time.monotonic()
        status = (await self.store.commit([request.section]))[0]
        if status is CommitStatus.COMMITTED:
            self.lease.renew(asked_at)
        self.failpoint("after_commit")
        return status

    async def _locate(self, request: ask.Locate) -> Where:
        await asyncio.sleep(min(1.0, 0.02 * 2 ** min(request.attempt, 6)) * random.uniform(0.5, 1.0))
        return await self.store.where(request.address)

    async def _save_snapshot(self, request: ask.SaveSnapshot) -> bool:
        self.failpoint("in_snapshot")
        return await self.store.save_snapshot(request.address, request.epoch, request.snapshot)

    async def _renew_store(self, request: ask.RenewStore) -> str:
        generation = secrets.token_hex(4)
        notice = Envelope("store", 0, CONTROL, "", "", self.clock.now(), StoreRenewed(generation=generation))
        while True:
            try:
                return await self.store.renew(request.generation, generation, notice)
            except StoreUnavailableError:
                await asyncio.sleep(0.2)

    async def _leave(self, request: ask.Leave) -> None:
        with suppress(StoreUnavailableError):
            await self.store.leave(request.address, request.epoch, request.reason)

    async def _report(self, report: ask.Report) -> None:
        self.report(report)

    # ------------------------------------------------------------------ effects

    async def _perform(self, request: ask.Perform) -> None:
        self.lanes.start(request.effects)
        for _ in range(_TURNS_TO_THE_SOCKET):  # an order is written before anything else is looked for
            await asyncio.sleep(0)

    async def _perform_one(self, effect: Effect, ordinal: int) -> None:
        self.failpoint("before_effect")
        if not type(effect).harmless and (wait := self.lease.wait_s()) > 0:
            await asyncio.sleep(wait)
        result: Message | None = None
        if not type(effect).harmless and not self.lease.may_act():
            result = self.outside.withheld(effect, Reason.LEASE_LOST)
        if result is None:
            result = await self.outside.perform(effect, self.clock.now)
        self.failpoint("after_effect")
        if result is not None:
            self.intake.answer(ordinal, effect, result)
        self.wake.set()

    # ------------------------------------------------------------------ life signs

    async def _keep_alive(self) -> None:
        """Renew the lease, notice a newer incarnation or a lost store, and act when the store stays away."""
        answered, away = time.monotonic(), False
        while True:
            await asyncio.sleep(self.settings.heartbeat_s)
            if not self.machine.epoch:
                continue
            epoch, step, asked_at = self.machine.epoch, self.machine.position.step, time.monotonic()
            try:
                where = await self.store.heartbeat(self.machine.address, epoch)
            except StoreUnavailableError:
                if not away and time.monotonic() - answered > self.settings.on_store_loss_s:
                    away = True
                    await self._act_without_store()
                continue
            answered, away = time.monotonic(), False
            self._judge(where, epoch, step, asked_at)

    def _judge(self, where: Where, epoch: int, step: int, asked_at: float) -> None:
        machine = self.machine
        if epoch != machine.epoch or self._trouble is not None:
            return
        if (
            where.epoch > epoch
        ):  # first: a replaced host must not claim again because the store was renewed, too
            self._trouble = FencedError(
                "a newer incarnation has claimed this actor",
                field=machine.address,
                value=f"epoch {where.epoch} over {epoch}",
            )
        elif where.generation != machine.generation or where.step < step or where.epoch < epoch:
            self._trouble = StoreLostError(
                "the store has lost acknowledged history",
                field=machine.address,
                value=f"step {where.step} of {step}",
            )
        else:
            self.lease.renew(asked_at)
            return
        self.wake.set()

    async def _act_without_store(self) -> None:
        """Fail closed: cancel at the venue what may be cancelled. The answers are found again by reconciliation."""
        for effect in self.outside.store_away():
            await self.outside.perform(effect, self.clock.now)
