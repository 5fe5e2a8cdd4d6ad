"""The world of a simulated desk: its processes, one store, its venues, one clock and one source of chance.

Whose turn it is and how long things take is drawn. Which process is started, stopped or fenced is not decided here
but by the real supervisors: only the root is started again by the world, as Ray does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from random import Random
from typing import Any

from actors.base import Actor
from actors.operations.universe.actor import UNIVERSE
from actors.strategy.actor import StrategyActor
from cluster.host.universe_map import has_universe
from cluster.simulator.desk.audit.auditor import Auditor
from cluster.simulator.desk.audit.budgets import BudgetAudit
from cluster.simulator.desk.audit.limits import LimitAudit
from cluster.simulator.desk.audit.members import MemberAudit
from cluster.simulator.desk.audit.orders import OrderAudit
from cluster.simulator.desk.audit.transfers import Moved
from cluster.simulator.desk.backups import Backups
from cluster.simulator.desk.cast import DeskCast
from cluster.simulator.desk.clocks import SkewedClock
from cluster.simulator.desk.exchange import VenueErrands
from cluster.simulator.desk.executor import SimulatedExecutor
from cluster.simulator.desk.faults import DeskMisfortune
from cluster.simulator.desk.history import History
from cluster.simulator.desk.host import DeskHost, PlannedError, make_faulty
from cluster.simulator.desk.membership import Membership, UniverseErrands
from cluster.simulator.desk.moments import Moments
from cluster.simulator.desk.reached import Reached
from cluster.simulator.desk.schedule import Schedule
from cluster.simulator.desk.shape import DeskShape
from cluster.simulator.desk.store import NotingStore
from cluster.simulator.faults import MILLISECOND
from cluster.simulator.line import Line
from cluster.simulator.ports import Crash, HostSettings, Turn, VirtualClock
from cluster.steps import requests as ask
from cluster.steps.machine import PoisonError, StepMachine
from cluster.store.port import Incarnation, Section
from messages.base import CONTROL, Address, Effect, Envelope, Message
from messages.control import SessionStarted
from messages.errors import CodecError, FencedError
from messages.supervision import ExitReason
from messages.venue import PlaceOrder, PlaceResult, ReplaceOrder, ReplaceResult
from supervisors.tree import ROOT

_ROOT_RESTART = 100 * MILLISECOND
_SKEW = 150 * MILLISECOND


class DeskWorld:
    """See the module docstring. `chance` is drawn from in the order of what happens, and from nothing else."""

    def __init__(self, shape: DeskShape, chance: Random, misfortune: DeskMisfortune | None = None) -> None:
        self.shape = shape
        self.chance = chance
        self.clock = VirtualClock(shape.feed.start)
        self._schedule = Schedule(self.clock, chance)
        self.misfortune = misfortune or DeskMisfortune(shape.plan, chance)
        self.store = NotingStore(capacity=shape.config.redis.mailbox_capacity)
        self.store_away = False
        self.histories = 0
        self.turns = 0
        self.root_left = False
        self.root_life = 1
        self.hosts: dict[int, DeskHost] = {}
        self.named: dict[Address, DeskHost] = {}
        self.history = History(shape.feed.start)
        self.reached = Reached()
        self.moved: list[Moved] = []
        """what people moved at the venues, in order"""
        self.store.on_refused = self.reached.refused
        self.cast = DeskCast(self, shape)
        self.exchanges = self.cast.exchanges
        self.watch = self._auditor()
        self.membership = Membership(shape, self.watch.shadows, chance)
        self._processes = 0
        self._trace = hashlib.sha256()
        self._executors: dict[int, SimulatedExecutor] = {}
        self.backups = Backups(self)
        self.moments = Moments(self.store)
        self._beat = shape.config.supervision.heartbeat_interval
        self.at(self.clock.now + self._beat, self._beat_all)
        self.at(self.clock.now + shape.pulse, self._pulse)

    def _auditor(self) -> Auditor:
        venues = {name: exchange.venue for name, exchange in self.exchanges.items()}
        again = [name for name, venue in self.shape.venues.items() if venue.takes_ids_again]
        orders = OrderAudit(venues, takes_ids_again=again)
        for name, exchange in self.exchanges.items():
            exchange.venue.witness = lambda line, name=name: orders.happened(name, line)
        return Auditor(
            {address: self._maker(address) for address in self.cast.addresses},
            self.shape.config.supervision.lease,
            compare_every=self.shape.digest_every,
            orders=orders,
            limits=LimitAudit(self.cast.risk_settings),
            budgets=BudgetAudit(self.store, self.shape.config, self.reached),
            members=MemberAudit(
                self.store, self.reached, exists=has_universe(self.shape.config, self.shape.feed)
            ),
            store=self.store,
            reached=self.reached,
            tell=self._tell,
        )

    def _maker(self, address: Address) -> Callable[[], Actor[Any]]:
        return lambda: self.cast.make(address, life=1)

    def _tell(self, section: Section) -> None:
        self.history.note(self.clock.now, section.address, section)

    @property
    def trace(self) -> str:
        """A hash over everything that happened so far."""
        return self._trace.hexdigest()[:16]

    def post(self, message: Message, to: Address = CONTROL, by: Address = "operator") -> str:
        """An operator's message; returns its id."""
        self.note(to, f"posted by {by}: {message}")
        posted = self.store.post(Envelope(by, 0, to, "", "", self.clock.now, message))
        self._wake_addressed()
        return posted

    def note(self, address: Address, text: str) -> None:
        """Something happened to an actor, for the trace and for people."""
        self._trace.update(f"{self.clock.now} {address} {text}\n".encode())
        self.history.note(self.clock.now, address, text)

    # ------------------------------------------------------------------ running

    def step(self) -> None:
        """One turn of one process, or time moves on."""
        host = self._schedule.next_turn()
        if host is not None:
            self._turn(host)
        else:
            self.bury_dead()
        if self.store.addressed:
            self._wake_addressed()

    @property
    def idle(self) -> bool:
        """Whether no process has anything to do at this moment."""
        return self._schedule.idle

    def _turn(self, host: DeskHost) -> None:
        kind = type(host.request)
        self.turns += 1
        self.misfortune.victim = host.address
        self._trace.update(
            f"{self.clock.now} {host.address} {host.machine.incarnation.pid} {kind.__name__}\n".encode()
        )
        turn = host.turn()
        if turn is Turn.WAITING:
            self._schedule.wait(host)
        elif turn is Turn.ENDED:
            self._bury(host)
        elif type(host.request) in (ask.Locate, ask.RenewStore):
            self._schedule.back_off(host)

    def at(self, time: int, act: Callable[[], object]) -> None:
        """Do something when the clock reaches `time`."""
        self._schedule.at(time, act)

    def wake(self, host: DeskHost) -> None:
        """There may be something to take for this process."""
        self._schedule.wake(host)

    def doze(self, host: DeskHost) -> None:
        """This process stands still."""
        self._schedule.doze(host)

    def _wake_addressed(self) -> None:
        addressed, self.store.addressed = self.store.addressed, {}
        self.moments.addressed(addressed)
        everybody = CONTROL in addressed
        for host in self.hosts.values():
            if everybody or host.address in addressed:
                self.wake(host)

    def _beat_all(self) -> None:
        for host in list(self.hosts.values()):
            self.misfortune.victim = host.address
            host.beat()
            if host.trouble is not None:
                self.wake(host)
        for executor in list(self._executors.values()):
            executor.judge_heartbeats()
        self.at(self.clock.now + self._beat, self._beat_all)

    def _pulse(self) -> None:
        """Market data comes in: at the venues, and in whatever processes fold it."""
        for exchange in self.exchanges.values():
            exchange.go_on()
        for host in self.hosts.values():
            if host.intake.feed is not None:
                self.wake(host)
        if self.clock.now <= self.shape.feed.start + self.shape.trading + _SKEW:
            self.at(self.clock.now + self.shape.pulse, self._pulse)

    # ------------------------------------------------------------------ processes

    def begin(self) -> None:
        """Give birth to the store and start the root."""
        self.store.open(f"{self.chance.getrandbits(32):08x}")
        if self.membership.exists:
            self.post(SessionStarted("operator", universe=True))
        self.start_root()
        self._wake_addressed()

    def start_root(self) -> None:
        """Start the root, as Ray does, or a person."""
        self.root_left = False
        self.launch(ROOT, None, self.root_life, delay=0)

    def launch(
        self, address: Address, parent: tuple[Address, int] | None, life: int, *, delay: int
    ) -> DeskHost:
        """A new process under this name; it begins to work after `delay` ns."""
        self._processes += 1
        shape, config = self.shape, self.shape.config
        node = "far" if self.chance.random() < shape.remote else "near"
        machine = StepMachine(
            self.cast.make(address, life=life),
            Incarnation(node, "boot", self._processes, self._processes),
            self.cast.steps,
            parent=parent,
            seed=config.desk.seed,
        )
        line = Line(self, machine)
        skew = SkewedClock(self.clock, self.chance.randrange(-_SKEW, _SKEW))
        if address.startswith("supervisor/"):
            skew.offset = 0
        host = DeskHost(
            machine,
            line,
            self.clock,
            mail=line,
            feed=self.cast.cursor(address),
            settings=HostSettings(batch=1 + self.chance.randrange(16), lease=config.supervision.lease),
            surroundings=self,
            report=lambda report: self._reported(host, report),
            desk_clock=skew,
        )
        host.arm(line, skew, config.redis.on_store_loss, self.wake)
        self._give_outside(host)
        self.hosts[self._processes] = host
        self.named[address] = host
        make_faulty(host, self.misfortune)
        self.note(address, f"process {self._processes} started on a {node} machine, parent {parent}")
        self.at(self.clock.now + delay, lambda: self.wake(host))
        return host

    def _give_outside(self, host: DeskHost) -> None:
        role, _, rest = host.address.partition("/")
        if role == "execution":
            host.errands = VenueErrands(self.exchanges[rest], host.machine.actor)  # type: ignore[arg-type]
        elif host.address == UNIVERSE:
            host.errands = UniverseErrands(self)
        elif role == "supervisor":
            executor = SimulatedExecutor(self, self.shape.config.supervision.hang_timeout)
            host.errands = executor
            self._executors[host.machine.incarnation.pid] = executor
        host.outside = host.errands

    def _reported(self, host: DeskHost, report: ask.Report) -> None:
        if report.text == "recovered":
            host.recovered()
            self.reached.recovered(host.machine.actor.state)
            if isinstance(host.machine.actor, StrategyActor):
                self.cast.views.recovered(host.machine.actor, host.machine.position.feed)
            self.watch.recovered(host.machine.actor, host.machine.position.step, host.line.stood)
            self.watch.timers_recovered(host.address, host.machine.position.step, host.machine.timers)

    def kill(self, host: DeskHost) -> None:
        """Kill -9. It may miss: then the process lives on for a while though Ray takes it for dead."""
        self.misfortune.victim = host.address
        if host.request is not None and self.misfortune.strikes("kill_missed"):
            self.believe_dead(host)
            return
        host.die(Crash("killed"))
        self.bury_dead()

    def believe_dead(self, host: DeskHost) -> None:
        """Ray takes a process for dead that lives: its name is free, and its supervisor hears of it."""
        lease = self.shape.config.supervision.lease
        if self.named.get(host.address) is host:
            del self.named[host.address]
        self.note(host.address, f"process {host.machine.incarnation.pid} is taken for dead and lives on")
        self._tell_supervisors(host)
        self.at(self.clock.now + self.chance.randrange(4 * lease), lambda: host.die(Crash("killed at last")))
        if host.address == ROOT:
            self._restart_root()

    def _tell_supervisors(self, host: DeskHost) -> None:
        for executor in list(self._executors.values()):
            executor.notice_end(host)

    def _bury(self, host: DeskHost) -> None:
        pid, cause = host.machine.incarnation.pid, host.ended
        if self.hosts.pop(pid, None) is None:
            return
        self._schedule.forget(host)
        self._executors.pop(pid, None)
        if host.errands is not None:
            host.errands.interrupted(host)
        self.note(host.address, f"process {pid} ended: {type(cause).__name__} {cause}")
        if _is_finding(cause):
            assert isinstance(cause, BaseException)
            raise cause
        if isinstance(cause, FencedError):
            self.reached.count("a zombie was fenced")
        self._tell_supervisors(host)
        if self.named.get(host.address) is host:
            del self.named[host.address]
            if host.address == ROOT:
                self._restart_root()

    def _restart_root(self) -> None:
        def restart() -> None:
            if not self.root_left and ROOT not in self.named:
                self.start_root()

        self.at(self.clock.now + self.chance.randrange(1, _ROOT_RESTART), restart)

    def bury_dead(self) -> None:
        """Take note of the processes that have ended."""
        for host in [host for host in self.hosts.values() if host.request is None]:
            self._bury(host)

    # ------------------------------------------------------------------ what hosts ask of their surroundings

    def failpoint(self, name: str, address: Address) -> None:
        """See `Surroundings.failpoint`."""
        self.misfortune.victim = address
        if self.misfortune.strikes(name):
            self.note(address, f"dies {name}")
            raise Crash(name)

    def is_gone(self, incarnation: Incarnation) -> bool:
        """See `Surroundings.is_gone`: only on a machine that can be looked at."""
        return incarnation.node == "near" and incarnation.pid not in self.hosts

    def fenced(self, address: Address, epoch: int) -> None:
        """See `ProcessWorld.fenced`."""
        self.note(address, f"fenced: epoch {epoch}")
        self.watch.claimed(address, epoch, self.clock.now, pid=None)

    def acts(self, machine: StepMachine, epoch: int, effect: Effect, written_at: int) -> None:
        """See `Surroundings.acts`: here it is told as the request is written."""
        address = machine.actor.address
        self.note(address, f"acts {type(effect).__name__} {effect.lane}")
        if not type(effect).harmless:
            alive = [pid for pid, host in self.hosts.items() if host.address == address]
            self.watch.succeeds(address, machine.incarnation.pid, alive, self.clock.now)
        self.watch.written(address, epoch, effect, written_at, control=machine.position.control)

    def generation(self) -> str:
        """See `Surroundings.generation`."""
        return f"{self.chance.getrandbits(32):08x}"

    def breaks_its_word(self, effect: Effect) -> None:
        """See `ExchangeWorld.breaks_its_word`."""
        if isinstance(effect, PlaceOrder | ReplaceOrder):
            self.watch.orders.promises[effect.client_order_id].overdue = True

    def arrives(self, venue: str, order: PlaceOrder, result: PlaceResult) -> None:
        """See `ExchangeWorld.arrives`."""
        self.watch.orders.arrived(venue, order, result)

    def changes(self, venue: str, wanted: ReplaceOrder, result: ReplaceResult) -> None:
        """See `ExchangeWorld.changes`."""
        self.watch.orders.changed(venue, wanted, result)


def _is_finding(cause: object) -> bool:
    """Whether a process ended as none should: by a broken invariant, or by an error that nobody planned.

    What can't be decoded is planned: nothing but garbage can't.
    """
    if isinstance(cause, PoisonError):
        return not isinstance(cause.__cause__, PlannedError | CodecError)
    return not isinstance(cause, ExitReason | Crash | FencedError)
