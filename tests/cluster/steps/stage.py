"""A stage for one actor: a step machine driven over the memory store, with a store that fails on request."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from actors.base import Actor
from cluster.simulator.driver import MemoryMail, SimulatedHost
from cluster.simulator.ports import Crash, HostSettings, Turn, VirtualClock
from cluster.steps.machine import StepMachine, StepSettings
from cluster.steps.requests import Input, Report
from cluster.store.memory import MemoryStore
from cluster.store.port import Incarnation, Section, StreamName
from messages import codec
from messages.base import Address, Effect, Envelope, Message
from messages.errors import StoreUnavailableError
from messages.reasons import Reason
from tests.samples import Answer, Ask, counter

QUIET = StepSettings(snapshot_every=10_000, digest_every=1)
"""No snapshot by itself, a digest with every step."""


class FlakyStore:
    """The memory store behind a bad line: what is listed for a method happens before or after its next calls."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.before: dict[str, deque[Callable[[], None]]] = {}
        self.after: dict[str, deque[Callable[[], None]]] = {}
        self.calls: list[str] = []
        self.sections: list[Section] = []

    def lose_request(self, method: str, then: Callable[[], None] = lambda: None) -> None:
        """The next call never arrives; the caller learns that there is no answer."""
        self.before.setdefault(method, deque()).append(_failing(then))

    def lose_reply(self, method: str, then: Callable[[], None] = lambda: None) -> None:
        """The next call happens, its answer is lost."""
        self.after.setdefault(method, deque()).append(_failing(then))

    def at_next(self, method: str, act: Callable[[], None]) -> None:
        """Do something just before the next call."""
        self.before.setdefault(method, deque()).append(act)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            if name == "commit":
                self.sections += arguments[0]
            if self.before.get(name):
                self.before[name].popleft()()
            answer = getattr(self.store, name)(*arguments, **options)
            if self.after.get(name):
                self.after[name].popleft()()
            return answer

        return call


def _failing(then: Callable[[], None]) -> Callable[[], None]:
    def fail() -> None:
        then()
        raise StoreUnavailableError("the line is dead")

    return fail


class Oracle:
    """An outside that knows every answer; `silent` makes it keep them to itself."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.silent = False

    def latency(self, effect: Effect) -> tuple[int, int]:
        return 0, 0

    def perform(self, effect: Effect, now: int) -> Message | None:
        assert isinstance(effect, Ask)
        self.asked.append(effect.number)
        return None if self.silent else Answer(number=effect.number)

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        return None


class Stage:
    """One store, one clock, one outside, and one incarnation after the other of the actor under test."""

    def __init__(self, make: Callable[[], Actor[Any]] = counter, settings: StepSettings = QUIET) -> None:
        self.make = make
        self.settings = settings
        self.clock = VirtualClock(1_000)
        self.store = MemoryStore()
        self.store.generation = "g1"  # without the notice of birth, which would be everybody's first input
        self.line = FlakyStore(self.store)
        self.oracle = Oracle()
        self.reports: list[Report] = []
        self.failpoints: dict[str, Callable[[], None]] = {}
        self.scheduled: list[tuple[int, Callable[[], None]]] = []
        self.incarnations = 0
        self.address: Address = make().address
        self.operators = 0

    # what the surroundings of a host are asked

    def failpoint(self, name: str, address: Address) -> None:
        self.failpoints.pop(name, lambda: None)()

    def at(self, time: int, act: Callable[[], None]) -> None:
        act() if time <= self.clock.now else self.scheduled.append((time, act))

    def is_gone(self, incarnation: Incarnation) -> bool:
        return True

    def acts(self, machine: StepMachine, epoch: int, effect: Effect, written_at: int) -> None:
        return None

    def generation(self) -> str:
        return f"g{len(self.store.ancestors) + 2}"

    # what a test does

    def host(self, **options: Any) -> SimulatedHost:
        """A new incarnation that has not yet begun."""
        self.incarnations += 1
        machine = StepMachine(
            self.make(), Incarnation("node", "boot", self.incarnations, 0), self.settings, **options
        )
        return SimulatedHost(
            machine,
            self.line,  # type: ignore[arg-type]
            self.clock,
            mail=ByteMail(self.store),
            outside=self.oracle,
            surroundings=self,
            settings=HostSettings(batch=64),
            report=self.reports.append,
        )

    def start(self, **options: Any) -> SimulatedHost:
        """A new incarnation that has taken all there was to take, or has ended."""
        host = self.host(**options)
        host.settle()
        return host

    def post(self, *messages: Any, to: Address | None = None, sender: Address = "operator") -> None:
        """Put messages into the actor's mailbox."""
        for message in messages:
            self.store.post(Envelope(sender, 0, to or self.address, "", "", 0, message))

    def sent(self, to: Address) -> list[Envelope]:
        """All mail of another actor, urgent first."""
        cursors = {StreamName.URGENT: "0-0", StreamName.MAILBOX: "0-0"}
        return [entry.data for entry in self.store.read(to, cursors, 10_000)]  # type: ignore[misc]

    def journal(self) -> list[Any]:
        """The actor's journal records."""
        return self.store.actors[self.address].journal

    def fails(self, times: int) -> list[SimulatedHost]:
        """Start the actor again and again; every incarnation ends by itself."""
        hosts = [self.start() for _ in range(times)]
        assert all(host.ended is not None for host in hosts)
        return hosts

    def dies_at(self, name: str, host: SimulatedHost | None = None) -> SimulatedHost:
        """An incarnation is killed as it passes a named place."""
        host = host or self.host()
        self.failpoints[name] = _crash
        assert host.settle() is Turn.ENDED
        assert isinstance(host.ended, Crash)
        return host


def _crash() -> None:
    raise Crash


class Raw(msgspec.Struct, frozen=True):
    """Stands in a stream of envelopes for bytes that are handed out as they are."""

    urgent: ClassVar[bool] = False
    refusable: ClassVar[bool] = False

    data: bytes


class RawUrgent(Raw, frozen=True):
    """The same in the urgent mailbox."""

    urgent = True


class ByteMail:
    """The memory store's mail, with `Raw` handed out as the bytes it stands for, as Redis would."""

    def __init__(self, store: MemoryStore) -> None:
        self._mail = MemoryMail(store)

    def heads(self, address: Address) -> tuple[int, int, int]:
        return self._mail.heads(address)

    def read_inputs(self, address: Address, stream: StreamName, cursor: int, count: int) -> list[Input]:
        found = self._mail.read_inputs(address, stream, cursor, count)
        return [
            Input(item.kind, item.reference, item.data.message.data)
            if isinstance(item.data, Envelope) and isinstance(item.data.message, Raw)
            else item
            for item in found
        ]


class HandPicked:
    """A host's intake that hands out the batches it is given and nothing else."""

    def __init__(self, host: SimulatedHost) -> None:
        self.batches: list[list[Input]] = []
        self._intake = host.intake
        host.intake = self  # type: ignore[assignment]

    def gather(self, now: int, limit: int) -> list[Input]:
        return self.batches.pop(0) if self.batches else []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._intake, name)


def plain_state(host: SimulatedHost) -> bytes:
    """The state as stored: equal states, equal bytes."""
    return codec.pack(codec.to_plain(host.machine.actor.state))
