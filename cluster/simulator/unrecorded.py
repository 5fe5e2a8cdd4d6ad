"""Full speed where nothing is recorded: the steps of a whole desk, without a journal, a store or an incarnation.

A recorded step is written down whole before anything follows from it (`cluster.simulator.driver` over a store), so that
any process may die at any point. Here none can, and nobody reads what was written: of a step there remains that an
actor takes its inputs, decides, and that mail, timers and effects follow. Inputs come in the order of
`cluster.simulator.intake`, up to as many; tests hold runs with and without a journal to the same decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from actors.base import Actor, Context, Timer
from cluster.simulator.alarms import NEVER, Alarms
from cluster.simulator.ports import Clock, HostSettings, Outside
from cluster.steps.inputs import NAMES, ORIGINS
from cluster.steps.journal import InputKind
from cluster.steps.machine import PoisonError
from cluster.store.memory import refusal, renewal
from messages.base import CONTROL, Address, Envelope, Message
from messages.errors import InvariantError
from messages.market import ObservationDue
from messages.venue_stream import StreamEvent

Taker = Callable[[Any], None]
"""What is shown the events of one type as they happen."""

Input = tuple[int, Address, str, str, Message]
"""Rank, sender, message id, the id that began the chain of causes, message."""

_CONTROL, _URGENT, _RESULT, _VENUE, _TIMER, _MAILBOX, _OBSERVATION = range(7)
"""The ranks: of all that waits, a step takes what ranks first, and of one rank what came first."""

_by_rank = itemgetter(0)

_RESULT_ID, _VENUE_ID, _TIMER_ID, _OBSERVATION_ID = (
    f"{NAMES[kind]}:" for kind in (InputKind.RESULT, InputKind.VENUE, InputKind.TIMER, InputKind.OBSERVATION)
)
_OUTSIDE, _FEED = ORIGINS[InputKind.VENUE], ORIGINS[InputKind.OBSERVATION]
_LIMIT = HostSettings().batch


class UnrecordedContext(Context):
    """A context whose events are applied and shown to their takers, and whose mail is under way, as soon as they are
    there: nobody else takes a step before this one has ended. What only people read is left out: none will."""

    explains = False

    __slots__ = ("_deliver", "_emitted")

    def __init__(self, actor: Actor[Any], seed: int, rounds: UnrecordedRounds) -> None:
        super().__init__(actor, seed=seed)
        self._deliver = rounds.deliver
        takers = rounds.takers
        self._emitted = {kind: (apply, takers.get(kind)) for kind, apply in actor.memory.items()}

    def emit(self, event: Message) -> None:
        """See `Context.emit`."""
        try:
            apply, take = self._emitted[type(event)]
        except KeyError:
            self._apply(event)  # says what is wrong
            raise
        apply(event)
        if take is not None:
            take(event)

    def send(self, recipient: Address, message: Message) -> str:
        """See `Context.send`."""
        self.sequence += 1
        message_id = f"{self.address}#{self.sequence}"
        self._deliver(recipient, self, message_id, message)
        return message_id


class UnrecordedHost:
    """One actor with what waits for it. `steps` and `outstanding` are what a position would hold."""

    __slots__ = (
        "_clock",
        "_outside",
        "_receive",
        "_rounds",
        "_venue_seen",
        "actor",
        "address",
        "context",
        "inbox",
        "next_due",
        "outstanding",
        "steps",
        "timers",
    )

    def __init__(
        self,
        actor: Actor[Any],
        clock: Clock,
        rounds: UnrecordedRounds,
        *,
        outside: Outside | None = None,
        seed: int = 0,
    ) -> None:
        self.actor = actor
        self.address = actor.address
        self.context = UnrecordedContext(actor, seed, rounds)
        self.inbox: list[Input] = []
        self.timers: dict[str, Timer] = {}
        self.next_due = NEVER
        self.steps = 0
        self.outstanding = 0
        self._venue_seen = 0
        self._clock = clock
        self._outside = outside
        self._receive = actor.receive
        self._rounds = rounds

    def begin(self) -> None:
        """Come to life, and do what is owed from the start."""
        self.actor.forget_view()
        self.context.effects += self.actor.outstanding()
        self._perform()

    def venue_event(self, event: StreamEvent) -> None:
        """See `Intake.venue_event`."""
        if event.sequence > self._venue_seen:
            self._venue_seen = event.sequence
            message_id = f"{_VENUE_ID}{event.sequence}"
            self.inbox.append((_VENUE, _OUTSIDE, message_id, message_id, event))

    def observation(self, due: ObservationDue) -> None:
        """See `Intake.observation`."""
        message_id = f"{_OBSERVATION_ID}{due.position}"
        self.inbox.append((_OBSERVATION, _FEED, message_id, message_id, due))

    def folded(self, position: int) -> None:
        """See `Intake.folded`: nobody asks."""

    # ------------------------------------------------------------------ steps

    def settle(self) -> None:
        """Take steps until there is nothing left to take. Raises `PoisonError` for an input the actor fails on, and
        what its outside raises."""
        context, receive, now = self.context, self._receive, self._clock.now
        context.now = now
        while True:
            if self.next_due <= now:
                self._ring(now)
            if not self.inbox:
                return
            failed: Exception | None = None
            try:
                for rank, sender, message_id, cycle, message in self._take():
                    if rank == _TIMER and not self._fires(message_id):
                        continue
                    context.begin(sender, message_id, cycle)
                    receive(message, context)
            except Exception as error:  # noqa: BLE001 — a bug in an actor is raised again, with the input it failed on
                failed = error
            if failed is not None:
                raise self._poison(failed) from failed
            self.steps += 1
            if context.timers or context.cancelled_timers:
                self._keep_timers()
            if context.effects:
                self._perform()

    def _poison(self, error: Exception) -> PoisonError:
        return PoisonError(
            f"{type(error).__name__} while deciding: {error}",
            field=self.address,
            value=self.context.message_id,
            remedy="correct what raises; a desk that trades would put the input aside, or restart the actor",
        )

    def _take(self) -> list[Input]:
        """What the next step takes, in its order; the rest, and what comes while it is taken, is for another."""
        taken, self.inbox = self.inbox, []
        if len(taken) > 1:
            taken.sort(key=_by_rank)
            if len(taken) > _LIMIT:
                self.inbox = [each for each in taken[_LIMIT:] if each[0] != _TIMER]  # those ring again
                del taken[_LIMIT:]
        return taken

    # ------------------------------------------------------------------ timers

    def _ring(self, now: int) -> None:
        due = sorted((timer.due, key) for key, timer in self.timers.items() if timer.due <= now)
        for _, key in due:
            message_id = _TIMER_ID + key
            self.inbox.append((_TIMER, self.address, message_id, message_id, self.timers[key].message))

    def _fires(self, message_id: str) -> bool:
        """Whether the step has not moved or cancelled this timer before it came to it."""
        context, key = self.context, message_id.removeprefix(_TIMER_ID)
        if key in context.timers or key in context.cancelled_timers:
            return False
        context.cancelled_timers.add(key)
        return True

    def _keep_timers(self) -> None:
        context, timers = self.context, self.timers
        for key in context.cancelled_timers:
            timers.pop(key, None)
        timers.update(context.timers)
        context.timers, context.cancelled_timers = {}, set()
        due = min([timer.due for timer in timers.values()], default=None)
        self.next_due = NEVER if due is None else due
        self._rounds.alarms.move(self.address, due)

    # ------------------------------------------------------------------ effects

    def _perform(self) -> None:
        """All are answered at once, so that those of one lane follow each other by themselves."""
        context, outside = self.context, self._outside
        effects, context.effects = context.effects, []
        for effect in effects:
            if outside is None:
                raise InvariantError(
                    "this actor has nobody to perform its effects",
                    field=self.address,
                    value=type(effect).__name__,
                    remedy="give its host an outside",
                )
            result = outside.perform(effect, self._clock.now)
            if result is None:
                self.outstanding += 1
            else:
                message_id = _RESULT_ID + effect.lane
                self.inbox.append((_RESULT, _OUTSIDE, message_id, message_id, result))


class UnrecordedRounds:
    """Carries mail between hosts and lets them take turns until nobody has any: `cluster.simulator.rounds` without a
    store. `capacity` is how much a mailbox holds before refusable mail is refused, `takers` are shown the events of
    their types as they happen.
    """

    def __init__(self, clock: Clock, *, capacity: int, takers: Mapping[type[Message], Taker]) -> None:
        self.hosts: dict[Address, UnrecordedHost] = {}
        self.alarms = Alarms()
        self.takers = takers
        self._clock = clock
        self._capacity = capacity
        self._addressed: dict[Address, None] = {}
        self._posted = 0

    def add(self, actor: Actor[Any], *, outside: Outside | None = None, seed: int = 0) -> UnrecordedHost:
        """Give one more actor a host; the order in which they came is the one in which they hear what is for all."""
        host = self.hosts[actor.address] = UnrecordedHost(
            actor, self._clock, self, outside=outside, seed=seed
        )
        return host

    def begin(self, generation: str) -> None:
        """Let everybody come to life, and hear the store's generation as after a claim. Raises as `settle`."""
        for host in self.hosts.values():
            host.begin()
        born = renewal(generation)
        self._broadcast(born.sender, born.id, born.id, born.message)
        for address in self.hosts:
            self.settle(address)

    @property
    def actors(self) -> Mapping[Address, Actor[Any]]:
        """All actors by address."""
        return {address: host.actor for address, host in self.hosts.items()}

    @property
    def steps(self) -> int:
        """How many steps were taken, over all actors."""
        return sum(host.steps for host in self.hosts.values())

    @property
    def outstanding(self) -> int:
        """How many effects were promised and not answered, over all actors."""
        return sum(host.outstanding for host in self.hosts.values())

    def post(self, message: Message, sender: Address, now: int) -> None:
        """Put a message from without on the control stream; `now` is desk time, ns UTC."""
        self._posted += 1
        message_id = f"{sender}#{self._posted}"
        self._addressed[CONTROL] = None
        self._broadcast(sender, message_id, message_id, message)

    def deliver(self, recipient: Address, context: Context, message_id: str, message: Message) -> None:
        """Put what an actor sends where it goes. What is addressed to nobody here is dropped."""
        self._addressed[recipient] = None
        host = self.hosts.get(recipient)
        if host is None:
            if recipient == CONTROL:
                self._broadcast(context.address, message_id, context.cycle, message)
            return
        if len(host.inbox) >= self._capacity and self._is_full(host, message):
            self._refuse(recipient, context, message)
            return
        rank = _URGENT if type(message).urgent else _MAILBOX
        host.inbox.append((rank, context.address, message_id, context.cycle, message))

    def _broadcast(self, sender: Address, message_id: str, cycle: str, message: Message) -> None:
        for host in self.hosts.values():
            host.inbox.append((_CONTROL, sender, message_id, cycle, message))

    def _is_full(self, host: UnrecordedHost, message: Message) -> bool:
        rank = _URGENT if type(message).urgent else _MAILBOX
        waiting = sum(each[0] == rank for each in host.inbox)
        return type(message).refusable and waiting >= self._capacity

    def _refuse(self, recipient: Address, context: Context, message: Message) -> None:
        refused = refusal(
            Envelope(
                context.address,
                context.sequence,
                recipient,
                context.message_id,
                context.cycle,
                context.now,
                message,
            )
        )
        told = (_URGENT, refused.sender, refused.id, refused.cycle or refused.id, refused.message)
        self.hosts[refused.recipient].inbox.append(told)

    def settle(self, address: Address) -> None:
        """Let this actor work, then everybody it made work, until all is quiet. Raises as `UnrecordedHost.settle`."""
        self.hosts[address].settle()
        if self._addressed:
            self.settle_addressed()

    def settle_addressed(self) -> None:
        """Let everybody work who was sent something, until all is quiet. Raises as `UnrecordedHost.settle`."""
        addressed, hosts = self._addressed, self.hosts
        while addressed:
            recipient = next(iter(addressed))
            del addressed[recipient]
            host = hosts.get(recipient)
            if host is not None:
                host.settle()
            elif recipient == CONTROL:
                for each in hosts.values():
                    each.settle()
