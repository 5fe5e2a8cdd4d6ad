"""Try an actor without any runtime: give it inputs, move its clock, look at what it says, and check that it is pure.

    harness = Harness(lambda: Counter("counter", CounterState()))
    outputs = harness.give(Ping(number=1), sender="operator")
    assert outputs.events == (Counted(by=1),)
    harness.advance(5_000_000_000)                      # fires the timers that come due
    assert harness.replayed().state == harness.actor.state

Every input is taken twice, by the actor and by a twin rebuilt from its stored state, and three things are checked:
both say the same, the state changed through `emit` alone, and the state survives its stored form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from actors.base import Actor, Context, Timer
from messages import codec
from messages.base import Address, Effect, Message
from messages.errors import InvariantError

A = TypeVar("A", bound=Actor[Any])


class Sent(msgspec.Struct, frozen=True):
    """A message an actor sent: its id, to whom, and what it says."""

    id: str
    recipient: Address
    message: Message


class Outputs(msgspec.Struct, frozen=True):
    """What one input made an actor say: events, mail, timers set, keys of timers cancelled, effects promised."""

    events: tuple[Message, ...]
    sent: tuple[Sent, ...]
    timers: tuple[Timer, ...]
    cancelled: tuple[str, ...]
    effects: tuple[Effect, ...]


class Harness(Generic[A]):
    """Drives one actor made by `make`; see the module docstring.

    `actor` is the actor, `now` its desk time (ns), `timers` what is set, `events` and `sent` everything so far. The
    twin is made by `make` as well, so a factory must give equal actors; views that `observe` has folded are the
    author's to keep in both (give the rows through `observe`).
    """

    def __init__(self, make: Callable[[], A], *, seed: int = 0, now: int = 0) -> None:
        self._make = make
        self._seed = seed
        self._rows: list[tuple[Any, ...]] = []
        self._given = 0
        self.actor = make()
        self.now = now
        self.timers: dict[str, Timer] = {}
        self.events: list[Message] = []
        self.sent: list[Sent] = []
        self._context = Context(self.actor, seed=seed)

    def give(
        self,
        message: Message,
        *,
        sender: Address = "operator",
        now: int | None = None,
        message_id: str | None = None,
        cycle: str | None = None,
    ) -> Outputs:
        """Let the actor decide on one input, at desk time `now` if given.

        Raises what the actor raises, and `InvariantError` when it is not pure.
        """
        if now is not None:
            self._move(now)
        self._given += 1
        message_id = message_id or f"{sender}#{self._given}"
        cycle = cycle or message_id
        before = _stored(self.actor)
        twin = self._twin(before)
        outputs = self._decide(self.actor, self._context, message, sender, message_id, cycle)
        again = self._decide(twin, self._twin_context(twin), message, sender, message_id, cycle)
        self._check(before, outputs, again, twin)
        self._remember(outputs)
        return outputs

    def answer(self, result: Message, *, now: int | None = None) -> Outputs:
        """Give the result of an effect, as the host would."""
        return self.give(result, sender="venue", now=now)

    def observe(self, symbol: str, kind: int, time: int, event_time: int, *values: float) -> bool:
        """Fold one row of market data (five values; see `messages.market`); True when a decision is due."""
        row: tuple[Any, ...] = (symbol, kind, time, event_time, *values)
        self._rows.append(row)
        self._move(max(self.now, time))
        return self.actor.observe(*row)

    def advance(self, duration: int) -> list[Outputs]:
        """Let `duration` ns pass; timers that come due are taken in order, those they set as well."""
        until = self.now + duration
        fired: list[Outputs] = []
        while True:
            due = min(
                (timer for timer in self.timers.values() if timer.due <= until), key=_when, default=None
            )
            if due is None:
                break
            del self.timers[due.key]
            fired.append(
                self.give(
                    due.message,
                    sender=self.actor.address,
                    now=max(self.now, due.due),
                    message_id=f"timer:{due.key}",
                )
            )
        self._move(until)
        return fired

    def replayed(self) -> A:
        """A fresh actor rebuilt by applying all events. Raises `InvariantError` if its state is another one."""
        fresh = self._make()
        for event in self.events:
            fresh.apply(event)
        if _stored(fresh) != _stored(self.actor):
            raise _impure(self.actor, "replaying the events gives another state", self.events[-1:])
        return fresh

    def recovered(self, at: int) -> A:
        """A fresh actor rebuilt from a snapshot taken after `at` events, in its stored form, and the events since."""
        early = self._make()
        for event in self.events[:at]:
            early.apply(event)
        fresh = self._twin(_stored(early))
        for event in self.events[at:]:
            fresh.apply(event)
        if _stored(fresh) != _stored(self.actor):
            raise _impure(self.actor, f"snapshot at {at} + events gives another state", at)
        return fresh

    # ------------------------------------------------------------------ one input

    def _decide(
        self, actor: A, context: Context, message: Message, sender: Address, message_id: str, cycle: str
    ) -> Outputs:
        context.clear()
        context.now = self.now
        context.begin(sender, message_id, cycle)
        actor.receive(message, context)
        return Outputs(
            tuple(context.events),
            tuple(Sent(envelope.id, envelope.recipient, envelope.message) for envelope in context.envelopes),
            tuple(context.timers.values()),
            tuple(sorted(context.cancelled_timers)),
            tuple(context.effects),
        )

    def _twin(self, state: bytes) -> A:
        """Another actor in the stored state `state`, with the same view."""
        twin = self._make()
        twin.state = codec.from_plain(codec.unpack(state), type(self.actor.state), where=twin.address)
        for row in self._rows:
            twin.observe(*row)
        return twin

    def _twin_context(self, twin: A) -> Context:
        context = Context(twin, seed=self._seed)
        context.sequence = self._context.sequence - len(self._context.envelopes)
        context.inputs = self._context.inputs - 1
        return context

    def _remember(self, outputs: Outputs) -> None:
        self.events += outputs.events
        self.sent += outputs.sent
        for key in outputs.cancelled:
            self.timers.pop(key, None)
        self.timers.update({timer.key: timer for timer in outputs.timers})

    def _move(self, now: int) -> None:
        if now < self.now:
            raise InvariantError(
                "desk time never goes back", field="now", value=now, remedy=f"from {self.now} on"
            )
        self.now = now

    # ------------------------------------------------------------------ checks

    def _check(self, before: bytes, outputs: Outputs, again: Outputs, twin: A) -> None:
        """Double run; state changed through events alone; every output has a stored form."""
        actor = self.actor
        if again != outputs:
            raise _impure(
                actor, "the same input in the same state gave other outputs", _difference(outputs, again)
            )
        applied = self._twin(before)
        for event in outputs.events:
            applied.apply(event)
        if _stored(applied) != _stored(actor):
            raise _impure(
                actor,
                "the state is not what its events make of it: changed outside ctx.emit, or by an unfaithful `apply`",
                outputs.events,
            )
        if _stored(twin) != _stored(actor):
            raise _impure(
                actor, "a state restored from its stored form went on to another state", outputs.events
            )
        for message in (*outputs.events, *(sent.message for sent in outputs.sent), *outputs.effects):
            if codec.decode(codec.encode(message)) != message:
                raise _impure(actor, "a message does not survive its stored form", message)


def _stored(actor: Actor[Any]) -> bytes:
    return codec.pack(codec.to_plain(actor.state))


def _when(timer: Timer) -> tuple[int, str]:
    return timer.due, timer.key


def _difference(first: Outputs, second: Outputs) -> Sequence[object]:
    """The first field in which two outputs differ, both ways."""
    for name in Outputs.__struct_fields__:
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            return (name, one, other)
    return ()


def _impure(actor: Actor[Any], what: str, value: object) -> InvariantError:
    return InvariantError(
        what,
        field=actor.address,
        value=value,
        remedy="decide from state, view and input alone, and change the state in `apply` only",
    )
