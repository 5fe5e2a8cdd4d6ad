"""The simulated host: drives one step machine over the memory store, without threads, sockets or a real clock.

The counterpart of `cluster.host.actor_host`. `turn()` answers one request of the machine, so that a scheduler can
put anything between a commit and what follows it; `settle()` goes on until there is nothing left to take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.feeds.cursor import FeedCursor
from cluster.simulator.intake import SimulatedIntake
from cluster.simulator.lanes import SimulatedLanes
from cluster.simulator.lease import VirtualLease
from cluster.simulator.ports import (
    Clock,
    Crash,
    HostSettings,
    Mail,
    Outside,
    Surroundings,
    SyncStore,
    Turn,
    VirtualClock,
)
from cluster.steps import requests as ask
from cluster.steps.inputs import CommitRefusedError, InputFailedError
from cluster.steps.journal import InputKind
from cluster.steps.machine import StepMachine
from cluster.steps.requests import Input, Taken
from cluster.store.memory import MemoryStore
from cluster.store.port import Claimed, CommitStatus, Loaded, StreamName, Where
from messages.base import CONTROL, Address, Effect, Envelope, Message
from messages.control import StoreRenewed
from messages.errors import DeskError, FencedError, InvariantError, StoreLostError, StoreUnavailableError
from messages.reasons import Reason
from messages.supervision import ExitReason

_KINDS = {
    StreamName.URGENT: InputKind.URGENT,
    StreamName.CONTROL: InputKind.CONTROL,
    StreamName.MAILBOX: InputKind.MAILBOX,
}
_STORE_ERRORS = (StoreUnavailableError, StoreLostError, FencedError)
_CONTROL, _COMMITTED = StreamName.CONTROL, CommitStatus.COMMITTED
_WORKED, _WAITING, _ENDED = Turn.WORKED, Turn.WAITING, Turn.ENDED
"""Bound once: to look a member up on its enum class costs 0.2 µs, which counts where every turn passes."""


class MemoryMail:
    """Reads the memory store's streams straight into inputs, with no entry in between."""

    __slots__ = ("_store",)

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def heads(self, address: Address) -> tuple[int, int, int]:
        """See `Mail.heads`."""
        store = self._store
        actor, control = store.actors.get(address), store.control.last
        return (0, control, 0) if actor is None else (actor.urgent.last, control, actor.mailbox.last)

    def read_inputs(self, address: Address, stream: StreamName, cursor: int, count: int) -> list[Input]:
        """See `cluster.simulator.intake.Mail`."""
        store = self._store
        source = store.control if stream is _CONTROL else store.actors[address].streams[stream]
        kind, first, entries = _KINDS[stream], source.first, source.entries
        start, stop = cursor + 1 - first, len(entries)
        if stop - start == 1 and start >= 0 < count:  # the rule, and cheaper than a loop
            return [Input(kind, f"{first + start}-0", entries[start])]
        start = max(0, start)
        return [
            Input(kind, f"{first + index}-0", entries[index])
            for index in range(start, min(start + count, stop))
        ]


class SimulatedHost:
    """See the module docstring.

    `mail` is where its streams are read, `outside` performs effects; without `surroundings` that answers at once and
    nothing ever goes wrong. `trouble` is raised in the machine at its next take; `stop` ends it in order; `paused` is
    for whoever schedules turns. `clock` is machine time, `desk_clock` desk time where that is another.
    """

    def __init__(
        self,
        machine: StepMachine,
        store: SyncStore,
        clock: VirtualClock,
        *,
        mail: Mail,
        outside: Outside | None = None,
        feed: FeedCursor | None = None,
        settings: HostSettings | None = None,
        surroundings: Surroundings | None = None,
        report: Callable[[ask.Report], None] | None = None,
        desk_clock: Clock | None = None,
    ) -> None:
        self.machine = machine
        self.address = machine.address
        self.store = store
        self.clock = clock
        self.desk_clock: Clock = desk_clock or clock
        self.outside = outside
        self.settings = settings or HostSettings()
        self.surroundings = surroundings
        self.report = report
        self.intake = SimulatedIntake(machine, mail, feed)
        self.lanes = SimulatedLanes(self._begin_effect)
        self.lease = VirtualLease(self.settings.lease) if self.settings.lease is not None else None
        self.trouble: DeskError | None = None
        self.stop: ExitReason | None = None
        self.paused = False
        self._tells_steps = report is not None and machine.settings.report_steps
        self.ended: ExitReason | BaseException | None = None
        self._missed: list[Callable[[], None]] = []
        self._steps = machine.run()
        self.request: ask.Request | None = next(self._steps)
        self._answers: dict[type, Callable[[Any], Any]] = {
            ask.Take: self._take,
            ask.Commit: self._commit,
            ask.Report: self._report,
            ask.Perform: self._perform,
            ask.Claim: self._claim,
            ask.Load: self._load,
            ask.Rebuild: self._rebuild,
            ask.Locate: self._locate,
            ask.Owe: lambda r: self.store.owe(r.address, r.epoch, r.outstanding),
            ask.SaveSnapshot: self._save_snapshot,
            ask.CountAttempt: lambda r: self.store.count_attempt(r.address, r.key),
            ask.PutAside: lambda r: self.store.put_aside(r.address, r.key, r.data, r.error),
            ask.RenewStore: self._renew_store,
            ask.Leave: self._leave,
        }

    # ------------------------------------------------------------------ turns

    def turn(self) -> Turn:
        """Answer the machine's pending request and let it go on to the next."""
        return self._go(once=True)

    def settle(self) -> Turn:
        """Take turns until there is nothing left to take."""
        if self.surroundings is None and self.trouble is None and self.stop is None:
            return self._settle_undisturbed()
        return self._go(once=False)

    def begin(self) -> None:
        """Claim and recover, up to the first look for something to take."""
        while self.request is not None and type(self.request) is not ask.Take:
            self.turn()

    def step(self, now: int, *, observe: bool = False) -> bool:
        """Take one step at desk time `now`, as a permit of the replay clock allows it; False when there is none.

        With `observe` only the observation that is due is taken, whatever else waits.
        """
        self.clock.now = now
        self.intake.observing = observe
        if self.turn() is not _WORKED:
            return False
        self.begin()
        self.intake.observing = False
        return True

    def _go(self, *, once: bool) -> Turn:
        answers, steps = self._answers, self._steps
        send, take = steps.send, ask.Take
        try:
            while (request := self.request) is not None:
                kind = type(request)
                try:
                    answer = answers[kind](request)
                except _STORE_ERRORS as error:
                    if kind is ask.RenewStore:
                        return _WAITING  # there is nothing to fall back to: it is asked again
                    self.request = steps.throw(error)
                else:
                    if answer is None and kind is take:
                        return _WAITING
                    self.request = send(answer)
                if once:
                    return _WORKED
        except StopIteration as end:
            return self._end(end.value)
        except (Crash, DeskError) as error:
            return self._end(error)
        return _ENDED

    def _settle_undisturbed(self) -> Turn:
        """`settle` where nothing can come between a step and the next: steps are taken from the machine straight into
        the store, and nothing is looked for where nothing can be. All a backtest does passes through this loop.
        """
        machine, intake, store, clock = self.machine, self.intake, self.store, self.desk_clock
        take, limit = ask.Take, self.settings.batch
        try:
            while (request := self.request) is not None:
                if type(request) is not take or request.single or self._tells_steps:
                    if (turn := self._go(once=True)) is not _WORKED:
                        return turn
                    continue
                now = clock.now
                inputs = intake.gather(now, limit)
                if not inputs:
                    return _WAITING
                try:
                    section = machine.decide(now, inputs, intake.feed_position)
                except InputFailedError as failed:
                    self.request = self._steps.throw(failed)
                    continue
                if section is None:
                    continue
                status = store.commit((section,))[0]
                if status is not _COMMITTED:
                    self.request = self._steps.throw(CommitRefusedError(section, status))
                    continue
                effects = machine.committed(section)
                if effects:
                    self.lanes.start(effects)
                if machine.is_snapshot_due:  # it sees to that before it asks for more
                    self.request = self._steps.send(Taken(now, (), intake.feed_position))
                elif not effects and intake.is_exhausted(section, now, len(inputs) < limit):
                    return _WAITING
        except StopIteration as end:
            return self._end(end.value)
        except (Crash, DeskError) as error:
            return self._end(error)
        return _ENDED

    def die(self, cause: BaseException) -> None:
        """End at once, as a killed process does: nothing is written, nothing more is done."""
        self._end(cause)

    def resume(self) -> None:
        """Go on after a pause; what came in meanwhile is handled now."""
        self.paused = False
        missed, self._missed = self._missed, []
        for act in missed:
            self._guarded(act)

    def _end(self, outcome: ExitReason | BaseException) -> Turn:
        if self.request is not None:
            self.request = None
            self.ended = outcome
            self.lanes.cancel()
            self._steps.close()
        return _ENDED

    def _guarded(self, act: Callable[[], None]) -> None:
        """Do something that comes from without: later when paused, never when dead, and with its own deaths."""
        if self.request is None:
            return
        if self.paused:
            self._missed.append(act)
            return
        try:
            act()
        except Crash as crash:
            self._end(crash)

    def _pass(self, name: str) -> None:
        if self.surroundings is not None:
            self.surroundings.failpoint(name, self.address)

    # ------------------------------------------------------------------ taking and committing

    def _take(self, request: ask.Take) -> Taken | None:
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble
        intake, now = self.intake, self.desk_clock.now
        if self.stop is not None and self.lanes.idle and intake.answered:
            return Taken(now, (), intake.feed_position, self.stop)
        inputs = intake.gather(now, 1 if request.single else self.settings.batch)
        return Taken(now, inputs, intake.feed_position) if inputs else None

    def _commit(self, request: ask.Commit) -> CommitStatus:
        if self.surroundings is None:
            return self.store.commit((request.section,))[0]
        self._pass("before_commit")
        asked_at = self.clock.now
        status = self.store.commit((request.section,))[0]
        if status is _COMMITTED and self.lease is not None:
            self.lease.renew(asked_at)
        self._pass("after_commit")
        return status

    def _locate(self, request: ask.Locate) -> Where:
        return self.store.where(request.address)

    def _report(self, request: ask.Report) -> None:
        if self.report is not None:
            self.report(request)

    # ------------------------------------------------------------------ claims, recovery, leaving

    def _claim(self, request: ask.Claim) -> Claimed:
        asked_at = self.clock.now
        claimed = self.store.claim(request.address, request.incarnation, request.parent, request.at_least)
        self._pass("in_claim")
        if self.lease is not None:
            around = self.surroundings
            gone = all(around is not None and around.is_gone(each) for each in claimed.before)
            self.lease.begin(asked_at, self.clock.now, gone)
        self.trouble = None
        return claimed

    def _load(self, request: ask.Load) -> Loaded:
        loaded = self.store.load(request.address)
        self._pass("in_recovery")
        self.lanes.cancel()
        self.intake.restart(loaded.position)
        return loaded

    def _rebuild(self, request: ask.Rebuild) -> None:
        self.intake.rebuild(request.feed)

    def _save_snapshot(self, request: ask.SaveSnapshot) -> bool:
        self._pass("in_snapshot")
        return self.store.save_snapshot(request.address, request.epoch, request.snapshot)

    def _renew_store(self, request: ask.RenewStore) -> str:
        assert self.surroundings is not None, "a store that loses history has surroundings"
        generation = self.surroundings.generation()
        notice = Envelope("store", 0, CONTROL, "", "", self.clock.now, StoreRenewed(generation=generation))
        return self.store.renew(request.generation, generation, notice)

    def _leave(self, request: ask.Leave) -> None:
        try:
            self.store.leave(request.address, request.epoch, request.reason)
        except StoreUnavailableError:
            return  # no written reason counts as a crash, which is what it then is

    # ------------------------------------------------------------------ life signs

    def beat(self) -> None:
        """Renew the lease; notice a newer incarnation or a lost store, and stop or start over at the next take."""
        machine = self.machine
        if self.request is None or self.paused or not machine.epoch or self.trouble is not None:
            return
        epoch, asked_at = machine.epoch, self.clock.now
        try:
            where = self.store.heartbeat(self.address, epoch)
        except StoreUnavailableError:
            return
        if where.epoch > epoch:
            self.trouble = FencedError(
                "a newer incarnation has claimed this actor", field=self.address, value=where
            )
        elif (
            where.generation != machine.generation
            or where.step < machine.position.step
            or where.epoch < epoch
        ):
            self.trouble = StoreLostError(
                "the store has lost acknowledged history", field=self.address, value=where
            )
        elif self.lease is not None:
            self.lease.renew(asked_at)

    # ------------------------------------------------------------------ effects

    def _perform(self, request: ask.Perform) -> None:
        self.lanes.start(request.effects)

    def _begin_effect(self, effect: Effect, ordinal: int) -> None:
        """An effect's turn in its lane has come."""
        if self.outside is None:
            raise InvariantError(
                "this actor has nobody to perform its effects",
                field=self.address,
                value=type(effect).__name__,
                remedy="give its host an outside",
            )
        if self.surroundings is None:
            self._answered(effect, ordinal, self.outside.perform(effect, self.clock.now))
            return
        self._pass("before_effect")
        now = self.clock.now
        if self.lease is not None and not type(effect).harmless:
            if now < self.lease.free_from:
                again = self.lanes.bound(lambda: self._begin_effect(effect, ordinal))
                self.surroundings.at(self.lease.free_from, lambda: self._guarded(again))
                return
            if not self.lease.may_act(now):
                withheld = self.outside.withheld(effect, Reason.LEASE_LOST)
                if withheld is not None:
                    self._answered(effect, ordinal, withheld)
                    return
        self._send(effect, ordinal, self.outside, self.surroundings)

    def _send(self, effect: Effect, ordinal: int, outside: Outside, surroundings: Surroundings) -> None:
        """The request is written: it arrives, whatever becomes of this host meanwhile; its answer may not."""
        written_at, epoch = self.clock.now, self.machine.epoch
        there, back = outside.latency(effect)
        arrived: list[Message | None] = []
        answer = self.lanes.bound(lambda: self._answered(effect, ordinal, arrived[0]))
        during = self.lanes.bound(lambda: self._pass("during_effect"))

        def arrive() -> None:
            surroundings.acts(self.machine, epoch, effect, written_at)
            arrived.append(outside.perform(effect, self.clock.now))
            self._guarded(during)
            surroundings.at(self.clock.now + back, lambda: self._guarded(answer))

        surroundings.at(written_at + there, arrive)

    def _answered(self, effect: Effect, ordinal: int, result: Message | None) -> None:
        self._pass("after_effect")
        if result is not None:
            self.intake.answer(ordinal, effect, result)
        self.lanes.finish(effect.lane)
