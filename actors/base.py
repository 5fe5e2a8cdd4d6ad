"""The whole actor API on one page.

An actor is a state and four functions. It never blocks, reads a clock, draws unseeded randomness or touches a
socket; the host that runs it — on Ray or in the simulator — does all that, and brings it back after any crash.

- `receive(message, ctx)` decides: it reads the state and the view and says what happened (`ctx.emit`), what others
  must know (`ctx.send`), what must wake it (`ctx.after`), what the outside must do (`ctx.perform`).
- `apply(event)` remembers: the only place where the state changes. It decides nothing and never fails.
- `observe(...)` sees: folds market data into a view and says whether a decision is due.
- `outstanding()` owes: the effects that were promised and not answered, performed again after a recovery.

A complete actor, which counts pings and answers each:

    class CounterState(msgspec.Struct):
        count: int = 0

    class Counter(Actor[CounterState]):
        @receives(Ping)
        def on_ping(self, ping: Ping, ctx: Context) -> None:
            ctx.emit(Counted(by=1))
            ctx.send(ctx.sender, Pong(self.state.count))

        @applies(Counted)
        def count(self, event: Counted) -> None:
            self.state.count += event.by

    counter = Counter("counter", CounterState())

The state is a msgspec struct of plain fields: it is what snapshots store. Everything else on the actor is view:
rebuilt from the feed, never trusted to survive. Try an actor without any runtime with `actors.harness`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from actors.randomness import Randomness
from messages.base import Address, Effect, Envelope, Message
from messages.errors import InvariantError

State = TypeVar("State", bound=msgspec.Struct)
Handler = TypeVar("Handler", bound=Callable[..., None])
Observer = Callable[[str, int, int, int, float, float, float, float, float], bool]
"""What folds one row of market data, with the arguments of `Actor.observe`."""


class Timer(msgspec.Struct, frozen=True, gc=False):
    """A wake-up an actor asked for: at desk time `due` (ns UTC) it takes `message` as an input, once."""

    key: str
    due: int
    message: Message


class Outputs(msgspec.Struct, frozen=True):
    """What a step has put out so far (host only)."""

    events: list[Message]
    envelopes: list[Envelope]
    timers: dict[str, Timer]
    cancelled_timers: set[str]
    effects: list[Effect]
    sequence: int
    inputs: int


class Mark(msgspec.Struct, frozen=True, gc=False):
    """A point within a step to which its outputs can be cut back when a later input fails (host only).

    Lists only grow within a step, so that their lengths are enough.
    """

    events: int
    envelopes: int
    timers: dict[str, Timer]
    cancelled_timers: set[str]
    effects: int
    sequence: int
    inputs: int

    def outputs(self, context: Context) -> Outputs:
        """The outputs as they stood at this mark."""
        return Outputs(
            context.events[: self.events],
            context.envelopes[: self.envelopes],
            self.timers,
            self.cancelled_timers,
            context.effects[: self.effects],
            self.sequence,
            self.inputs,
        )


class Context:
    """What an actor may use while it decides. One is reused for all inputs of an actor; keep no reference to it.

    - `now`: desk time at the start of the step, ns UTC, never decreasing.
    - `sender`, `message_id`: who sent the input and its id; `cycle`: the id that began the chain of causes.
    - `explains`: whether anybody will read what is written for people alone and changes no decision: the traces of
      decisions and the records of how orders went. Nobody does where nothing is recorded, and it need not be made.
    """

    explains: ClassVar[bool] = True

    __slots__ = (
        "_apply",
        "_random",
        "address",
        "cancelled_timers",
        "cycle",
        "effects",
        "envelopes",
        "events",
        "inputs",
        "message_id",
        "now",
        "seed",
        "sender",
        "sequence",
        "timers",
    )

    def __init__(self, actor: Actor[Any], *, seed: int = 0) -> None:
        self._apply = actor.apply
        self.address = actor.address
        self.seed = seed
        self.now = 0
        self.sequence = 0
        self.inputs = 0
        self.sender: Address = actor.address
        self.message_id = ""
        self.cycle = ""
        self._random: Randomness | None = None
        self.events: list[Message] = []
        self.envelopes: list[Envelope] = []
        self.timers: dict[str, Timer] = {}
        self.cancelled_timers: set[str] = set()
        self.effects: list[Effect] = []

    def clear(self) -> None:
        """Forget the outputs of the last step (host only).

        What is not empty belongs to whoever took it; most steps leave most of it empty.
        """
        if self.events:
            self.events = []
        if self.envelopes:
            self.envelopes = []
        if self.timers:
            self.timers = {}
        if self.cancelled_timers:
            self.cancelled_timers = set()
        if self.effects:
            self.effects = []

    def mark(self) -> Mark:
        """Remember how far the step has come (host only)."""
        return Mark(
            len(self.events),
            len(self.envelopes),
            self.timers.copy() if self.timers else {},
            self.cancelled_timers.copy() if self.cancelled_timers else set(),
            len(self.effects),
            self.sequence,
            self.inputs,
        )

    def resume(self, outputs: Outputs) -> None:
        """Go on from these outputs; their events are applied already (host only)."""
        self.events = outputs.events
        self.envelopes = outputs.envelopes
        self.timers = outputs.timers
        self.cancelled_timers = outputs.cancelled_timers
        self.effects = outputs.effects
        self.sequence = outputs.sequence
        self.inputs = outputs.inputs

    def begin(self, sender: Address, message_id: str, cycle: str) -> None:
        """Turn to the next input (host only)."""
        self.inputs += 1
        self.sender = sender
        self.message_id = message_id
        self.cycle = cycle
        self._random = None

    def emit(self, event: Message) -> None:
        """Say what happened. It is applied to the state at once and journalled with the step."""
        self._apply(event)
        self.events.append(event)

    def send(self, recipient: Address, message: Message) -> str:
        """Put a message into an actor's durable mailbox, delivered exactly once; returns the message id.

        Legal also while the recipient is down: it reads its mailbox when it is back.
        """
        self.sequence += 1
        envelope = Envelope(
            self.address, self.sequence, recipient, self.message_id, self.cycle, self.now, message
        )
        self.envelopes.append(envelope)
        return f"{self.address}#{self.sequence}"

    def next_message_id(self) -> str:
        """The id the next `send` will return, for events that must name a message before it is sent."""
        return f"{self.address}#{self.sequence + 1}"

    def after(self, delay: int, message: Message, *, key: str) -> None:
        """Take `message` as an input once `delay` ns of desk time have passed; replaces the timer of that key.

        Raises `InvariantError` for a negative delay.
        """
        if delay < 0:
            raise InvariantError("a timer can't be due in the past", field=key, value=delay, remedy="use 0")
        self.cancelled_timers.discard(key)
        self.timers[key] = Timer(key, self.now + delay, message)

    def cancel_timer(self, key: str) -> None:
        """Forget the timer of that key; harmless when there is none."""
        self.timers.pop(key, None)
        self.cancelled_timers.add(key)

    def perform(self, effect: Effect) -> None:
        """Ask the outside to do something, after this step is committed; the result comes back as an input."""
        self.effects.append(effect)

    @property
    def random(self) -> Randomness:
        """Reproducible randomness, keyed by the desk's seed, the actor and the ordinal of the input."""
        if self._random is None:
            self._random = Randomness(f"{self.seed}/{self.address}/{self.inputs}")
        return self._random


def receives(*kinds: type[Message]) -> Callable[[Handler], Handler]:
    """Mark a method `(self, message, ctx)` as the one that decides on messages of these types."""

    def mark(method: Handler) -> Handler:
        method.__receives__ = kinds  # type: ignore[attr-defined]
        return method

    return mark


def applies(*kinds: type[Message]) -> Callable[[Handler], Handler]:
    """Mark a method `(self, event)` as the one that remembers events of these types."""

    def mark(method: Handler) -> Handler:
        method.__applies__ = kinds  # type: ignore[attr-defined]
        return method

    return mark


class Actor(Generic[State]):
    """Base of all actors; see the module's docstring for how to write one.

    `address` is the actor's name for ever; `state` is what survives. Methods marked with `receives` and
    `applies` form the two tables by type.
    """

    receivers: ClassVar[dict[type[Message], str]] = {}
    appliers: ClassVar[dict[type[Message], str]] = {}

    def __init__(self, address: Address, state: State) -> None:
        self.address = address
        self.state = state
        self._receive = {kind: getattr(self, name) for kind, name in self.receivers.items()}
        self._apply = {kind: getattr(self, name) for kind, name in self.appliers.items()}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.receivers, cls.appliers = dict(cls.receivers), dict(cls.appliers)
        for name, method in vars(cls).items():
            for kind in getattr(method, "__receives__", ()):
                cls.receivers[kind] = name
            for kind in getattr(method, "__applies__", ()):
                cls.appliers[kind] = name

    def receive(self, message: Message, ctx: Context) -> None:
        """Decide on one input. Raises `InvariantError` for a type this actor has no method for.

        What comes over the shared control stream and does not concern the actor is passed over.
        """
        handler = self._receive.get(type(message))
        if handler is not None:
            handler(message, ctx)
        elif not type(message).broadcast:
            raise InvariantError(
                f"{type(self).__name__} has no method for this message",
                field=self.address,
                value=type(message).__name__,
                remedy="mark one with @receives, or don't send it here",
            )

    def apply(self, event: Message) -> None:
        """Remember one event. Raises `InvariantError` for a type this actor never emits."""
        handler = self._apply.get(type(event))
        if handler is None:
            raise InvariantError(
                f"{type(self).__name__} has no method to apply this event",
                field=self.address,
                value=type(event).__name__,
                remedy="mark one with @applies; a journal must stay readable for ever",
            )
        handler(event)

    @property
    def memory(self) -> Mapping[type[Message], Callable[[Any], None]]:
        """What remembers the events of each type: the table behind `apply`, for a host that asks it itself and never
        replaces the state (host only)."""
        return self._apply

    def observe(
        self,
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        """Fold one row of market data into the view; True when a decision is due. See `messages.market`."""
        return False

    def blamed(self, error: Exception) -> Message | None:
        """Whose fault it is that `receive` raised, as an input by which the actor can go on without it; None where it
        can't, and has to be started again (host only).

        The host discards the failed step, has this input taken, and then again the one that failed.
        """
        return None

    def outstanding(self) -> Sequence[Effect]:
        """The effects that were promised and not yet answered, derived from the state alone."""
        return ()

    def forget_view(self) -> None:
        """Drop everything that is a function of the feed alone; the host then folds the feed again."""

    def summary(self) -> str:
        """A few words on where the actor stands, for the process list and the dashboard."""
        return ""
