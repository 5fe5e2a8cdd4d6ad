"""The world of a simulation: several actors, one virtual clock, one seeded source of chance, and misfortune.

Whose turn it is, how long things take and what goes wrong is drawn from the seed; the same seed gives the same
history, told by `trace`. A host's death, its replacement and its ghosts are handled here as a supervisor would.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from random import Random
from typing import Any

import msgspec

from actors.base import Actor
from cluster.feeds.columns import Feed
from cluster.feeds.cursor import FeedCursor
from cluster.simulator.driver import SimulatedHost
from cluster.simulator.faults import MILLISECOND, FaultPlan, Misfortune
from cluster.simulator.invariants import Memory, Watch
from cluster.simulator.line import Line
from cluster.simulator.ports import Crash, HostSettings, Outside, Turn, VirtualClock
from cluster.steps import requests as ask
from cluster.steps.machine import StepMachine
from cluster.steps.settings import StepSettings
from cluster.store.memory import MemoryStore
from cluster.store.port import Incarnation
from messages.base import Address, Effect, Envelope, Message
from messages.errors import InvariantError
from messages.supervision import ExitReason

LEASE = 10 * MILLISECOND
BEAT = 2 * MILLISECOND
_BACKOFF = MILLISECOND // 2
_RESTART = 5 * MILLISECOND
_AWAY = 15 * MILLISECOND


class Role(msgspec.Struct, frozen=True):
    """One actor of the world: how it is made, who performs its effects, which feed it folds."""

    make: Callable[[], Actor[Any]]
    outside: Outside | None = None
    feed: Feed | None = None


class Build(msgspec.Struct, frozen=True):
    """What the world is built of; replaced by tests that plant a bug."""

    store: type[MemoryStore] = MemoryStore
    machine: type[StepMachine] = StepMachine
    steps: StepSettings = StepSettings(snapshot_every=7, digest_every=1, poison_deaths=1_000_000)
    """snapshots and digests all the time; deaths are drawn here, so they are held against no message"""
    capacity: int = 10_000


class World:
    """See the module docstring. `cast(world)` names the actors; it may draw from `chance`."""

    def __init__(
        self,
        seed: int,
        plan: FaultPlan,
        cast: Callable[[World], Mapping[Address, Role]],
        build: Build | None = None,
    ) -> None:
        self.seed = seed
        self.build = build or Build()
        self.chance = Random(seed)
        self.clock = VirtualClock()
        self.misfortune = Misfortune(plan, self.chance)
        self.store = self.build.store(capacity=self.build.capacity)
        self.store.open("g1")
        self.store_away = False
        self.histories = 0
        self.hosts: list[SimulatedHost] = []
        self.current: dict[Address, SimulatedHost] = {}
        self.turns = 0
        self.roles = cast(self)
        self.watch = Watch({address: role.make for address, role in self.roles.items()}, LEASE)
        self._asleep: dict[int, None] = {}
        self._backing_off: dict[int, None] = {}
        self._agenda: list[tuple[int, int, bool, Callable[[], object]]] = []
        self._arranged = 0
        self._essential = 0
        self._processes = 0
        self._backup: tuple[MemoryStore, Memory] | None = None
        self._trace = hashlib.sha256()
        for address in self.roles:
            self.start(address)
        self._arrange(BEAT, self._beat_all, essential=False)
        self._arrange(plan.until, self._calm, essential=True)
        for kind in plan.intervals:
            self._arrange(self.misfortune.wait(kind), _Recurring(self, kind), essential=False)

    @property
    def trace(self) -> str:
        """A hash over everything that happened so far."""
        return self._trace.hexdigest()[:16]

    def post(self, message: Message, to: Address) -> None:
        """An operator's message."""
        self.store.post(Envelope("operator", 0, to, "", "", self.clock.now, message))

    # ------------------------------------------------------------------ running

    def run(self, limit: int = 40_000) -> None:
        """Go on until faults have stopped and everything is at rest. Raises `InvariantError` if it never is."""
        while self.step():
            if self.turns > limit:
                raise InvariantError("the world does not come to rest", field="turns", value=self.turns)

    def step(self) -> bool:
        """One turn of one host, or time moves on; False at rest."""
        idle = (self._asleep, self._backing_off)
        awake = [
            host for host in self.hosts if not host.paused and all(_pid(host) not in pids for pids in idle)
        ]
        if awake and (self.misfortune.calm or self.chance.random() >= 0.03):
            self._turn(awake[self.chance.randrange(len(awake))])
            return True
        return self._move_on(bool(awake))

    def _turn(self, host: SimulatedHost) -> None:
        request = host.request
        self.turns += 1
        self._note(f"{self.clock.now} {host.address} {host.machine.incarnation.pid} {type(request).__name__}")
        turn = host.turn()
        if turn is Turn.WAITING:
            self._asleep[_pid(host)] = None
        elif turn is Turn.ENDED:
            self._bury(host)
        elif type(request) is ask.Commit:
            self._wake_all()
        elif type(host.request) in (ask.Locate, ask.RenewStore):
            self._back_off(host)

    def _back_off(self, host: SimulatedHost) -> None:
        """The store did not answer this host: it waits a little before it asks again, whatever else happens."""
        self._backing_off[_pid(host)] = None
        self.at(self.clock.now + _BACKOFF, lambda: self._backing_off.pop(_pid(host), None))

    def _move_on(self, busy: bool) -> bool:
        """Let time pass: a little while somebody works, up to the next thing that is to happen when nobody does."""
        upcoming = self._agenda[0][0] if self._agenda else None
        if busy:
            until = self.clock.now + self.chance.randrange(MILLISECOND)
        else:
            if self.at_rest():
                return False
            until = min([*self._next_times(), *([upcoming] if upcoming is not None else [])])
        if upcoming is None or upcoming > until:
            self.clock.now = max(self.clock.now, until)
        else:
            time, _, essential, act = heappop(self._agenda)
            self._essential -= essential
            self.clock.now = max(self.clock.now, time)
            act()
            self._bury_dead()
        self._wake_all()
        return True

    def _next_times(self) -> list[int]:
        """When each host's next timer or row comes up; what is due already waits for its host, not for the clock."""
        times = (host.intake.next_time() for host in self.hosts if not host.paused)
        return [time for time in times if time is not None and time > self.clock.now]

    def at_rest(self) -> bool:
        """Whether nothing is left to do: nobody works, nothing is under way, no timer and no row is to come.

        A last look at the store must find nothing amiss: a host may still have to notice that it was replaced.
        """
        if self._essential or not self.misfortune.calm:
            return False
        if any(host.intake.next_time() is not None or not host.lanes.idle for host in self.hosts):
            return False
        for host in self.hosts:
            host.beat()
        if any(host.trouble is not None for host in self.hosts):
            self._wake_all()
            return False
        return set(self.current) == {host.address for host in self.hosts}

    def _wake_all(self) -> None:
        self._asleep.clear()

    def _note(self, text: str) -> None:
        self._trace.update(text.encode())
        self._trace.update(b"\n")

    # ------------------------------------------------------------------ time

    def at(self, time: int, act: Callable[[], object]) -> None:
        """Do something when the clock reaches `time`."""
        self._arrange(time, act, essential=True)

    def _arrange(self, time: int, act: Callable[[], object], *, essential: bool) -> None:
        self._arranged += 1
        self._essential += essential
        heappush(self._agenda, (time, self._arranged, essential, act))

    def _beat_all(self) -> None:
        for host in self.hosts:
            host.beat()
        self._arrange(self.clock.now + BEAT, self._beat_all, essential=False)

    def _calm(self) -> None:
        """Faults are over: the store is back, and what was paused goes on."""
        self.misfortune.calm = True
        self.store_away = False
        for host in self.hosts:
            if host.paused:
                host.resume()

    # ------------------------------------------------------------------ life and death of hosts

    def start(self, address: Address) -> None:
        """Start a new incarnation; one that still runs becomes a zombie."""
        role = self.roles[address]
        self._processes += 1
        machine = self.build.machine(
            role.make(), Incarnation("node", "boot", self._processes, 0), self.build.steps, seed=self.seed
        )
        line = Line(self, machine)
        host = SimulatedHost(
            machine,
            line,
            self.clock,
            mail=line,
            outside=role.outside,
            feed=FeedCursor(role.feed) if role.feed is not None else None,
            settings=HostSettings(batch=1 + self.chance.randrange(8), lease=LEASE),
            surroundings=self,
            report=lambda report: self._recovered(machine, line, report),
        )
        self.hosts.append(host)
        self.current[address] = host

    def _recovered(self, machine: StepMachine, line: Line, report: ask.Report) -> None:
        if report.text == "recovered":
            self.watch.recovered(machine.actor, machine.position.step, line.stood)

    def _bury(self, host: SimulatedHost) -> None:
        """A host has ended: the one in office is replaced after a while, unless it was told to go."""
        self.hosts.remove(host)
        self._asleep.pop(_pid(host), None)
        self._note(f"end {host.address} {host.machine.incarnation.pid} {type(host.ended).__name__}")
        if isinstance(host.ended, InvariantError):
            raise host.ended
        if self.current[host.address] is host and not isinstance(host.ended, ExitReason):
            delay = self.chance.randrange(_RESTART)
            self.at(self.clock.now + delay, lambda: self._replace(host))

    def _replace(self, host: SimulatedHost) -> None:
        if self.current[host.address] is host:
            self.start(host.address)

    def _bury_dead(self) -> None:
        for host in [host for host in self.hosts if host.request is None]:
            self._bury(host)

    # ------------------------------------------------------------------ what hosts ask of their surroundings

    def failpoint(self, name: str, address: Address) -> None:
        """See `Surroundings.failpoint`."""
        if self.misfortune.strikes(name):
            self._note(f"crash {name} {address}")
            raise Crash(name)

    def is_gone(self, incarnation: Incarnation) -> bool:
        """See `Surroundings.is_gone`."""
        return all(host.machine.incarnation != incarnation for host in self.hosts)

    def acts(self, machine: StepMachine, epoch: int, effect: Effect, written_at: int) -> None:
        """See `Surroundings.acts`."""
        address = machine.actor.address
        self._note(f"{self.clock.now} {address} acts {effect.lane}")
        self.watch.acts(address, epoch, effect, written_at)

    def generation(self) -> str:
        """See `Surroundings.generation`."""
        return f"{self.chance.getrandbits(32):08x}"

    # ------------------------------------------------------------------ faults that come from time to time

    def befall(self, kind: str) -> None:
        """Let a fault of this kind happen, if it can now."""
        if _BEFALLS[kind](self):
            self.misfortune.struck[kind] += 1
            self._note(f"{self.clock.now} {kind}")

    def _take_store_away(self) -> bool:
        if self.store_away:
            return False
        self.store_away = True
        self.at(self.clock.now + 1 + self.chance.randrange(_AWAY), self._bring_store_back)
        return True

    def _bring_store_back(self) -> None:
        self.store_away = False

    def back_up(self) -> None:
        """Keep a copy of the store as it is."""
        self._backup = (self.store.copy(), self.watch.remember())

    def _roll_store_back(self) -> bool:
        """The server comes back with what its last backup has; its clients see another server at their next call.

        Replaced processes are gone by then: nothing in the store would tell them from their successors.
        """
        if self._backup is None:
            return False
        backup, memory = self._backup
        self.store.become(backup)
        self.watch.forget_to(memory)
        self.histories += 1
        for host in [host for host in self.hosts if self.current[host.address] is not host]:
            host.die(Crash("replaced"))
        self._bury_dead()
        return True

    def _double(self) -> bool:
        """A supervisor replaces an actor that lives: the old incarnation goes on working."""
        self.start(self._living().address)
        return True

    def _pause_and_double(self) -> bool:
        """A supervisor replaces an actor that stands still, and that goes on later as if nothing had happened."""
        host = self._living()
        if host.paused:
            return False
        host.paused = True
        self.start(host.address)
        self.at(self.clock.now + self.chance.randrange(3 * LEASE), lambda: self._resume(host))
        return True

    def _resume(self, host: SimulatedHost) -> None:
        host.resume()
        self._bury_dead()

    def _living(self) -> SimulatedHost:
        addresses: Sequence[Address] = tuple(self.current)
        return self.current[addresses[self.chance.randrange(len(addresses))]]


def _pid(host: SimulatedHost) -> int:
    return host.machine.incarnation.pid


class _Recurring:
    """A fault that comes again and again until the world is calm. Rollbacks need a backup first."""

    def __init__(self, world: World, kind: str) -> None:
        self.world = world
        self.kind = kind

    def __call__(self) -> None:
        world = self.world
        if world.misfortune.calm:
            return
        world.befall(self.kind)
        if self.kind == "store_rolled_back" and not world.store_away:
            world._arrange(
                world.clock.now + world.misfortune.wait(self.kind) // 3, world.back_up, essential=False
            )
        world._arrange(world.clock.now + 1 + world.misfortune.wait(self.kind), self, essential=False)


_BEFALLS: dict[str, Callable[[World], bool]] = {
    "store_away": World._take_store_away,
    "store_rolled_back": World._roll_store_back,
    "double_incarnation": World._double,
    "paused_zombie": World._pause_and_double,
}
