"""The one step machine of the house: claim, recover, take, receive, commit, in doubt, dead-letter, stop.

It is sans-IO: `run()` is a generator that yields requests (`cluster.steps.requests`) and is sent the answers; a
store that does not answer is thrown in as `StoreUnavailableError`. The Ray host and the simulator both drive this
same code, so what the simulator tests is what trades.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from actors.base import Actor, Context, Mark, Timer
from cluster.steps.digests import is_digest_due
from cluster.steps.doubt import check_standing, disagreement, has_happened
from cluster.steps.inputs import (
    CommitRefusedError,
    InputFailedError,
    Progress,
    input_key,
    is_decision,
    kind_of,
    origin,
    stored_form,
)
from cluster.steps.journal import InputKind, JournalledInput, JournalRecord
from cluster.steps.recovery import recover, state_digest, take_snapshot
from cluster.steps.requests import (
    Claim,
    Commit,
    CountAttempt,
    Input,
    Leave,
    Load,
    Locate,
    Owe,
    Perform,
    PutAside,
    Rebuild,
    RenewStore,
    Report,
    Request,
    SaveSnapshot,
    Take,
    Taken,
)
from cluster.steps.settings import StepSettings as StepSettings
from cluster.store.port import Claimed, CommitStatus, Incarnation, Position, Section, Trim, Where
from messages import codec
from messages.base import Address, Effect, Envelope, Message
from messages.control import DeadLettered, DecisionFailed
from messages.errors import DeskError, StoreLostError, StoreUnavailableError
from messages.supervision import ExitReason

Steps = Generator[Request, Any, Any]

RISK: Address = "risk"
"""Who hears of dead letters: grave ones reduce what the desk may do."""

DEADLY = "the process died on it again and again"
"""The error of an input that was given up untried."""

_TAKE_MANY, _TAKE_ONE = Take(single=False), Take(single=True)
_LAST_OF_MAIL, _TIMER, _COMMITTED = InputKind.MAILBOX, InputKind.TIMER, CommitStatus.COMMITTED
"""Bound once, as in `cluster.steps.inputs`: every step passes here."""

_NO_TIMERS: Mapping[str, Timer] = MappingProxyType({})


class PoisonError(DeskError):
    """An input that `receive` or the decoder failed on; the actor leaves and its supervisor decides."""

    reason_code = "poison"


class StepMachine:
    """One actor's life in one process, from claim to exit; see the module docstring.

    `parent` is the supervisor's address and epoch: a claim under an older one is refused.
    """

    def __init__(
        self,
        actor: Actor[Any],
        incarnation: Incarnation,
        settings: StepSettings,
        *,
        parent: tuple[Address, int] | None = None,
        seed: int = 0,
    ) -> None:
        self.actor = actor
        self.address = actor.address
        self.incarnation = incarnation
        self.settings = settings
        self.parent = parent
        self.context = Context(actor, seed=seed)
        self.position = Position()
        self.timers: dict[str, Timer] = {}
        self.epoch = 0
        self.generation = ""
        self.claimed: Claimed | None = None
        self.steps_since_snapshot = 0
        self._digested = 0
        """The step of the newest digest in the journal."""
        self._suspicious = False
        """Several lives ended here without a word: inputs are taken one by one, until a step is done."""
        self.next_due: int | None = None
        """When the first of the timers is due, ns UTC; None without any."""
        self._abandoned: dict[str, None] = {}
        self._snapshots: list[Position] = []
        self._pristine = codec.pack(codec.to_plain(actor.state))

    @property
    def is_snapshot_due(self) -> bool:
        """Whether so many steps were committed since the last snapshot that another is wanted."""
        return self.steps_since_snapshot >= self.settings.snapshot_every

    # ------------------------------------------------------------------ life

    def run(self) -> Steps:
        """The whole life. Returns the `ExitReason`; raises `FencedError`, `PoisonError` or what broke."""
        lost_at = 0
        while True:
            try:
                yield from self._begin(at_least=lost_at)
                return (yield from self._work())
            except StoreLostError:
                lost_at = self.epoch
                self.generation = yield RenewStore(self.generation)
                yield Report("error", "the store lost history; starting over from what it has", {})

    def _begin(self, *, at_least: int) -> Steps:
        self.claimed = yield from self._insist(Claim(self.address, self.incarnation, self.parent, at_least))
        self.epoch = self.claimed.epoch
        self.generation = self.claimed.generation
        # until it is loaded no step is known to be there: a life sign in between, compared with the step of before a
        # loss, would take the same loss for another one, and everybody would start over once more
        self.position = Position()
        yield from self._recover()
        self._suspicious = self.claimed.deaths >= self.settings.lone_deaths

    def _work(self) -> Steps:
        while True:
            try:
                taken: Taken = yield _TAKE_ONE if self._suspicious else _TAKE_MANY
            except InputFailedError as failed:
                yield from self._fail(failed)
                continue
            except CommitRefusedError as refused:
                yield from self._commit(refused.section, refused.status)
                continue
            if taken.inputs:
                yield from self._step(taken)
            if self.is_snapshot_due:
                yield from self._snapshot()
            if taken.stop is not None:
                yield from self._snapshot()
                yield Leave(self.address, self.epoch, taken.stop.value)
                return taken.stop

    # ------------------------------------------------------------------ recovery

    def _recover(self) -> Steps:
        """Come to where the last commit stands, and do what is owed since.

        Not again in this life what could not be processed when it was answered: that would go on for ever.
        """
        yield from self._reload()
        owed = tuple(effect for effect in self.actor.outstanding() if effect.lane not in self._abandoned)
        stored = self.position.outstanding
        self.position = msgspec.structs.replace(self.position, outstanding=len(owed))
        if stored != len(owed):  # what is not owed any more is never answered: nobody may wait for it
            yield from self._insist(Owe(self.address, self.epoch, len(owed)))
        yield Report(
            "info",
            "recovered",
            {"epoch": self.epoch, "step": self.position.step, "owed": len(owed)},
        )
        if owed:
            yield Perform(owed, owed=True)

    def _reload(self, feed: int | None = None) -> Steps:
        loaded = yield from self._insist(Load(self.address))
        recovered = recover(self.actor, self._pristine, loaded)
        for level, texts in (("error", recovered.damaged), ("warning", recovered.notes)):
            for text in texts:
                yield Report(level, text, {})
        self.position = recovered.position
        self.timers = dict(recovered.timers)
        self.next_due = min((timer.due for timer in self.timers.values()), default=None)
        self._snapshots = list(recovered.snapshots)
        self.steps_since_snapshot = recovered.steps_since_snapshot
        self._digested = max((each.step for each in loaded.records if each.digest is not None), default=0)
        self.context.clear()
        self.context.now = self.position.now
        self.context.sequence = self.position.sequence
        self.context.inputs = self.position.inputs
        self.actor.forget_view()
        yield Rebuild(self.position.feed if feed is None else feed)

    def _reload_own(self, feed: int) -> Steps:
        """Load again in the middle of a step. Raises if the history goes on from another step than this one's last:
        somebody else wrote it, or the store lost some.
        """
        step = self.position.step
        yield from self._reload(feed=feed)
        if self.position.step != step:
            where = yield from self._whereabouts(1)
            check_standing(self.address, where, self.epoch, self.generation, step)
            raise disagreement(self.address, step, where)

    def _insist(self, request: Request) -> Steps:
        """Ask until the store answers; claims and loads are safe to repeat."""
        attempt = 0
        while True:
            try:
                return (yield request)
            except StoreUnavailableError:
                attempt += 1
                try:
                    yield Locate(self.address, attempt)
                except StoreUnavailableError:
                    continue

    # ------------------------------------------------------------------ one step

    def decide(self, now: int, inputs: Sequence[Input], feed: int) -> Section | None:
        """Let the actor decide on these inputs, at desk time `now`, with `feed` rows in its view: what is to be
        committed, or None when there is nothing to take after all.

        For hosts that nothing comes between: they commit it and call `committed`. Raises `InputFailedError`; that, and
        a commit that was refused (`CommitRefusedError`), is thrown into `run()`, which knows what to do.
        """
        context, before = self.context, self.position
        context.clear()
        context.now = now if now > before.now else before.now
        progress = Progress(before)
        accepted = progress.accepted
        mark: Mark | None = None
        for item in inputs:
            if accepted:
                mark = context.mark()
            try:
                journalled = self._receive(item)
            except Exception as error:  # noqa: BLE001 — a bug in an actor is handled here, and raised again as poison
                failed = InputFailedError(Taken(now, inputs, feed), item, progress, mark, error)
                break
            if journalled is not None:
                progress.accept(journalled)
        else:
            return self._section(feed, progress, None) if accepted else None
        raise failed

    def committed(self, section: Section) -> Sequence[Effect]:
        """A step is in the store: go on from there; returns the effects it has promised."""
        self.position = section.position
        self._suspicious = False
        self.steps_since_snapshot += 1
        if section.record.digest is not None:
            self._digested = section.position.step
        self.next_due = section.next_timer
        if section.cancelled_timers:
            for key in section.cancelled_timers:
                self.timers.pop(key, None)
        if section.timers:
            self.timers.update(section.timers)
        return self.context.effects

    def _step(self, taken: Taken) -> Steps:
        if self._suspicious and (yield from self._is_deadly(taken)):
            yield from self._give_up(taken.inputs[0], taken, DEADLY)
            return
        try:
            section = self.decide(taken.now, taken.inputs, taken.feed)
        except InputFailedError as failed:
            yield from self._fail(failed)
            return
        if section is not None:
            yield from self._commit(section)

    def _receive(self, item: Input) -> JournalledInput | None:
        """Let the actor decide on one input; None when it is a timer that was moved or cancelled meanwhile."""
        context, kind = self.context, item.kind
        if kind <= _LAST_OF_MAIL:
            data = item.data
            envelope = data if isinstance(data, Envelope) else codec.decode_envelope(data)  # type: ignore[arg-type]
            message_id = envelope.id
            context.begin(envelope.sender, message_id, envelope.cycle or message_id)
            self.actor.receive(envelope.message, context)
            return JournalledInput(kind, item.reference, None)
        message = item.data
        assert isinstance(message, Message)
        if kind is _TIMER:
            timer = self.timers.get(item.reference)
            moved = item.reference in context.timers or item.reference in context.cancelled_timers
            if timer is None or moved or timer.message is not message:
                return None
            context.cancelled_timers.add(item.reference)
        sender, message_id = origin(self.address, item)
        context.begin(sender, message_id, message_id)
        self.actor.receive(message, context)
        return JournalledInput(kind, item.reference, message)

    # ------------------------------------------------------------------ poison

    def _is_deadly(self, taken: Taken) -> Steps:
        """Whether the one input in hand killed so many incarnations that it is given up untried.

        That it comes into hand is counted before it is tried: deaths elsewhere, as in a claim or in recovery, are
        not held against it.
        """
        assert self.claimed is not None
        if len(taken.inputs) != 1:
            return False
        settings = self.settings
        in_hand = yield from self._insist(
            CountAttempt(self.address, f"{self._input_key(taken.inputs[0])} alone")
        )
        survivable = settings.poison_deaths - settings.lone_deaths
        return self.claimed.deaths >= settings.poison_deaths and in_hand > survivable

    def _fail(self, failed: InputFailedError) -> Steps:
        """`receive` raised: commit what went well before, discard the rest, count, and leave or give the input up.

        Nothing is performed on the way: whoever goes on, this incarnation or the next, recovers first, and that
        performs what is owed.
        """
        item, taken, mark, error = failed.item, failed.taken, failed.mark, failed.error
        key = self._input_key(item)
        kept = mark.outputs(self.context) if mark is not None else None
        blamed = self.actor.blamed(error)
        yield from self._reload_own(feed=taken.feed)
        context = self.context
        context.now = max(taken.now, self.position.now)
        if kept is not None:
            for event in kept.events:
                context.emit(event)
            context.resume(kept)
            yield from self._commit(self._section(taken.feed, failed.progress, None), perform=False)
        if blamed is not None:
            yield from self._go_without(blamed, failed)
            return
        detail = f"{type(error).__name__}: {error}"
        if is_decision(item):
            yield from self._give_up(item, taken, detail)
        else:
            attempts = yield from self._insist(CountAttempt(self.address, key))
            if attempts >= self.settings.poison_attempts:
                yield from self._give_up(item, taken, detail)
                if item.kind is InputKind.RESULT:
                    self._abandoned[item.reference] = None
                yield from self._recover()
                return
        yield Leave(self.address, self.epoch, f"{ExitReason.CRASH.value}: {detail}")
        raise PoisonError(
            f"{type(error).__name__} while deciding",
            field=self.address,
            value=key,
            remedy="the supervisor restarts the actor; the input is put aside when it fails again and again",
        ) from error

    def _go_without(self, blamed: Message, failed: InputFailedError) -> Steps:
        """The actor can do without the part of it that failed: it hears so, and takes the input again.

        Mail and timers come again by themselves; an observation does not, and the view stands where it was due.
        What the inputs before it promised is performed by the recovery that this ends with.
        """
        item, taken = failed.item, failed.taken
        yield Report(
            "error", "a part of the actor failed", {"input": item.reference, "error": str(failed.error)}
        )
        signal = Input(InputKind.SIGNAL, f"blamed:{self.position.step}", blamed)
        yield from self._step(Taken(taken.now, (signal,), taken.feed))
        if item.kind is InputKind.OBSERVATION:
            yield from self._step(Taken(taken.now, (item,), taken.feed))
        yield from self._recover()

    def _give_up(self, item: Input, taken: Taken, detail: str) -> Steps:
        """Consume an input that can't be processed: a recorded NO_TRADE, or a dead letter that risk hears of."""
        context = self.context
        context.clear()
        context.now = max(taken.now, self.position.now)
        key = self._input_key(item)
        fault: Message
        if is_decision(item):
            fault = DecisionFailed(input=key, reason=f"exception:{detail.split(':')[0]}", error=detail)
        else:
            kind, grave = kind_of(item)
            fault = DeadLettered(
                address=self.address, message_id=key, kind=kind, grave_kind=grave, error=detail[:500]
            )
            yield from self._insist(PutAside(self.address, key, stored_form(item), detail))
            context.begin(self.address, key, key)
            context.send(RISK, fault)
        if item.kind is InputKind.TIMER:
            context.cancelled_timers.add(item.reference)
        progress = Progress(self.position)
        by_value = item.data if isinstance(item.data, Message) else None
        progress.accept(JournalledInput(item.kind, item.reference, by_value))
        yield from self._commit(self._section(taken.feed, progress, fault), perform=False)

    def _input_key(self, item: Input) -> str:
        timer = self.timers.get(item.reference) if item.kind is InputKind.TIMER else None
        return input_key(self.address, item, timer.due if timer else None)

    # ------------------------------------------------------------------ commit

    def _commit(
        self, section: Section, refused: CommitStatus | None = None, *, perform: bool = True
    ) -> Steps:
        """Have a step written, and do what follows; one that was `refused` is settled first."""
        status: CommitStatus | None = refused
        if refused is None:
            try:
                status = yield Commit(section)
            except StoreUnavailableError:
                status = None
        if status is not _COMMITTED:
            yield from self._settle(section, status)
        effects = self.committed(section)
        if self.settings.report_steps:
            yield Report("step", "", {"section": section})
        if effects and perform:
            yield Perform(tuple(effects), owed=False)

    def _section(self, feed: int, progress: Progress, fault: Message | None) -> Section:
        """What this step changes. The context hands over what is not empty: it gets new ones with the next step."""
        context, before, settings = self.context, self.position, self.settings
        step, epoch, now = before.step + 1, self.epoch, context.now
        sequence, inputs, effects = context.sequence, context.inputs, context.effects
        timers, cancelled = context.timers, context.cancelled_timers
        owed = before.outstanding - progress.answered
        if owed < 0:
            owed = 0
        if effects:
            owed += len(effects)
        position = Position(
            step,
            now,
            progress.urgent,
            progress.control,
            progress.mailbox,
            sequence,
            inputs,
            owed,
            feed,
            progress.venue,
        )
        encoded, outputs = None, ""
        if settings.hash_outputs:
            encoded = [codec.encode_envelope(envelope) for envelope in context.envelopes]
            outputs = self._outputs_hash(encoded)
        digest_every = settings.digest_every
        is_due = digest_every and is_digest_due(step - self._digested, digest_every, context)
        digest = state_digest(self.actor) if is_due else None
        record = JournalRecord(
            step,
            epoch,
            now,
            progress.accepted,
            context.events or (),
            outputs,
            sequence,
            inputs,
            owed,
            feed,
            digest,
            fault,
        )
        return Section(
            self.address,
            epoch,
            position,
            record,
            context.envelopes or (),
            timers or _NO_TIMERS,
            sorted(cancelled.difference(timers)) if cancelled else (),
            progress.taken_urgent,
            progress.taken_mailbox,
            self._next_timer() if timers or cancelled else self.next_due,
            None if step % settings.trim_every else self._trim(),
            self.generation,
            encoded,
        )

    def _next_timer(self) -> int | None:
        """When the first timer is due once this step is committed."""
        set_now, cancelled = self.context.timers, self.context.cancelled_timers
        kept = (t.due for key, t in self.timers.items() if key not in cancelled and key not in set_now)
        return min((*kept, *(timer.due for timer in set_now.values())), default=None)

    def _outputs_hash(self, encoded: Sequence[bytes]) -> str:
        context = self.context
        if not (context.envelopes or context.effects or context.timers):
            return ""
        parts = list(encoded)
        parts += [codec.encode(effect) for effect in context.effects]
        parts += [codec.pack([timer.key, timer.due]) for timer in context.timers.values()]
        return codec.digest(*parts)[:16]

    def _trim(self) -> Trim | None:
        """What may go: consumed, snapshotted twice, and past what replay wants to keep.

        The mail that the kept records name stays as well. The store sees to that, not a memory of cursors in here: it
        must hold across any number of restarts.
        """
        if len(self._snapshots) < 2:
            return None
        older = self._snapshots[-2]
        if older.step <= self.settings.keep_steps:
            return None
        return Trim(older.step - self.settings.keep_steps, older.urgent, older.mailbox)

    # ------------------------------------------------------------------ in doubt

    def _settle(self, section: Section, status: CommitStatus | None) -> Steps:
        """Find out what became of a commit that was refused, or not answered (None); send it again if it did not
        happen. Returns once it has; raises when this incarnation must stop or start over.
        """
        attempt = 0
        while status is not _COMMITTED:
            attempt += 1
            where = yield from self._whereabouts(attempt)
            if has_happened(section, where):
                return
            if status is not None:
                raise disagreement(self.address, self.position.step, where)
            try:
                status = yield Commit(section)
            except StoreUnavailableError:
                status = None

    def _whereabouts(self, attempt: int) -> Steps:
        while True:
            try:
                where: Where = yield Locate(self.address, attempt)
                return where
            except StoreUnavailableError:
                attempt += 1

    # ------------------------------------------------------------------ snapshots

    def _snapshot(self) -> Steps:
        """Store the state at this step, outside any step. A failure costs nothing: the journal has it all."""
        if self.steps_since_snapshot == 0:
            return
        try:
            snapshot = take_snapshot(self.actor, self.position)
            kept = yield SaveSnapshot(self.address, self.epoch, snapshot)
        except StoreUnavailableError:
            return
        if kept:
            self.steps_since_snapshot = 0
            self._snapshots = [*self._snapshots[-1:], self.position]
