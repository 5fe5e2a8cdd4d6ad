"""Random deaths, hangs, failed starts, commands, lost answers and recoveries, in any interleaving.

After every step the order of starts and stops and the peace of the siblings are checked; once the faults stop, the
supervisor must reach what is wanted, and its journal must make its state.
"""

from __future__ import annotations

from collections import deque
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from messages.base import Message
from messages.child_specs import (
    SECOND,
    ChildKind,
    ChildSpec,
    ExitPolicy,
    Intensity,
    IntensityScope,
    Restart,
    RestartStrategy,
)
from messages.codec import from_plain, pack, to_plain, unpack
from messages.supervision import (
    AddChild,
    ChildDown,
    ChildrenFound,
    ExitReason,
    RemoveChild,
    RestartChild,
    RetryChild,
    Shutdown,
    StartChild,
    StopReason,
)
from messages.supervision_events import ChildStarting, ChildStopping
from supervisors.lifecycle import ChildStatus
from supervisors.state import ChildRecord, Phase, SupervisorState
from tests.supervisors.fake_host import FakeHost, spec

pytestmark = [pytest.mark.unit, pytest.mark.property]

NAMES = ("a", "b", "c", "d", "e")
ENDS = (ExitReason.CRASH, ExitReason.NORMAL, ExitReason.SHUTDOWN, ExitReason.FENCED)
PENDING = (ChildStatus.WAITING, ChildStatus.STARTING)


MUST_BE_REACHED = {
    "ChildBackingOff",
    "ChildDone",
    "ChildFailed",
    "ChildGivenUp",
    "ChildReplacing",
    "ChildRemoved",
    "CommandRefused",
    "Escalated",
    "FenceConfirmed",
    "SupervisorEnded",
}


def kid(name: str, kind: ChildKind, restart: Restart) -> ChildSpec:
    """A child of this name and kind."""
    timeout = None if kind is ChildKind.SUPERVISOR else SECOND
    return ChildSpec(id=name, kind=kind, restart=restart, shutdown_timeout=timeout)


class Lives(RuleBasedStateMachine):
    """One supervisor whose host performs and answers in any order, a lane at a time."""

    reached: ClassVar[dict[str, None]] = {}

    @initialize(
        strategy=st.sampled_from([RestartStrategy.ONE_FOR_ONE, *RestartStrategy]),
        alone=st.sampled_from([True, True, False]),
        concurrency=st.integers(1, 3),
        restarts=st.integers(1, 4),
        root=st.booleans(),
        booted=st.booleans(),
        may_end=st.booleans(),
        kids=st.lists(
            st.tuples(st.sampled_from(ChildKind), st.sampled_from(Restart)), min_size=2, max_size=4
        ),
    )
    def begin(
        self,
        strategy: RestartStrategy,
        alone: bool,
        concurrency: int,
        restarts: int,
        root: bool,
        booted: bool,
        may_end: bool,
        kids: list[tuple[ChildKind, Restart]],
    ) -> None:
        single = strategy is RestartStrategy.ONE_FOR_ONE
        scope = IntensityScope.CHILD if alone and single else IntensityScope.SUPERVISOR
        children = [kid(name, kind, restart) for name, (kind, restart) in zip(NAMES, kids, strict=False)]
        self.host = FakeHost(
            spec(
                *children,
                strategy=strategy,
                intensity=Intensity(restarts, 60 * SECOND, scope, quiet_time=300 * SECOND),
                concurrency=concurrency if single else 1,
                root=ExitPolicy(grace=2 * SECOND) if root else None,
            ),
            begin=False,
        )
        self.host.after_step = self.check_step
        self.inbox: dict[str, deque[Message]] = {}
        self.commanded: dict[str, None] = {}
        self.delivered: list[Message] = []
        self.may_end = may_end
        if booted:
            self.host.settle()

    # ------------------------------------------------------------------ the host

    @precondition(lambda self: self.host.lanes or self.inbox)
    @rule(picks=st.lists(st.integers(0, 9), min_size=1, max_size=12))
    def work(self, picks: list[int]) -> None:
        """Carry out effects and take their answers, in any order of lanes."""
        for pick in picks:
            if pick % 2 and self.host.lanes:
                self._perform(pick // 2)
            elif self.inbox:
                self._deliver(pick // 2)
            elif self.host.lanes:
                self._perform(pick // 2)

    def _perform(self, pick: int) -> None:
        lane = sorted(self.host.lanes)[pick % len(self.host.lanes)]
        answer = self.host.perform(lane)
        if answer is not None:
            self.inbox.setdefault(lane, deque()).append(answer)

    def _deliver(self, pick: int) -> None:
        lane = sorted(self.inbox)[pick % len(self.inbox)]
        signal = self.inbox[lane].popleft()
        if not self.inbox[lane]:
            del self.inbox[lane]
        self.host.take(signal)
        if not isinstance(signal, ChildrenFound):
            self.delivered.append(signal)

    @precondition(lambda self: self.delivered)
    @rule(pick=st.integers(0, 1_000))
    def deliver_again(self, pick: int) -> None:
        """A second supervisor's executor, or a lost reply: an old signal comes once more."""
        self.host.take(self.delivered[pick % len(self.delivered)])

    @rule(seconds=st.sampled_from([1, 5, 40, 400]))
    def elapse(self, seconds: int) -> None:
        self.host.elapse(seconds * SECOND, settle=False)

    # ------------------------------------------------------------------ what goes wrong

    @precondition(lambda self: self.host.world.alive)
    @rule(pick=st.integers(0, 9), reason=st.sampled_from(ENDS))
    def die(self, pick: int, reason: ExitReason) -> None:
        name = sorted(self.host.world.alive)[pick % len(self.host.world.alive)]
        self.inbox.setdefault(name, deque()).append(self.host.world.die(name, reason))

    @precondition(lambda self: self.host.world.alive)
    @rule(pick=st.integers(0, 9), times=st.integers(2, 6))
    def die_again_and_again(self, pick: int, times: int) -> None:
        name = sorted(self.host.world.alive)[pick % len(self.host.world.alive)]
        for _ in range(times):
            if name in self.host.world.alive:
                self.inbox.setdefault(name, deque()).append(self.host.world.die(name, ExitReason.CRASH))
            self._answer_everything()
            self.host.elapse(8 * SECOND, settle=False)
            self._answer_everything()

    @precondition(lambda self: self.host.world.alive)
    @rule(pick=st.integers(0, 9), reason=st.sampled_from([ExitReason.HUNG, ExitReason.LOST]))
    def hang(self, pick: int, reason: ExitReason) -> None:
        name = sorted(self.host.world.alive)[pick % len(self.host.world.alive)]
        process = self.host.world.alive[name]
        process.frozen = True
        self.inbox.setdefault(name, deque()).append(ChildDown(name, process.incarnation, reason, ""))

    @rule(name=st.sampled_from(NAMES), times=st.integers(1, 6))
    def refuse_to_start(self, name: str, times: int) -> None:
        self.host.world.refusing[name] = times

    @rule(outdated=st.booleans())
    def recover(self, outdated: bool) -> None:
        """The supervisor dies: promises not carried out and answers not taken are lost."""
        self.inbox.clear()
        if outdated:
            for name, process in self.host.world.alive.items():
                process.current = False
                self.commanded[name] = None
        self.host.recover(settle=False)

    # ------------------------------------------------------------------ commands

    @rule(
        name=st.sampled_from(NAMES),
        command=st.sampled_from([RemoveChild, RetryChild, RestartChild, AddChild]),
        kind=st.sampled_from(ChildKind),
        restart=st.sampled_from(Restart),
    )
    def command(
        self,
        name: str,
        command: type[RemoveChild | RetryChild | RestartChild | AddChild],
        kind: ChildKind,
        restart: Restart,
    ) -> None:
        self.commanded[name] = None
        known = self.host.state.children.get(name)
        spec = kid(name, kind if known is None else known.spec.kind, restart)
        message = AddChild(spec) if command is AddChild else command(name)  # type: ignore[arg-type]
        self.host.tell(message, settle=False)

    @precondition(lambda self: self.may_end and self.host.state.phase is Phase.SUPERVISING)
    @rule()
    def shut_down(self) -> None:
        self.host.tell(Shutdown("operator", "down"), settle=False)

    @precondition(lambda self: self.host.state.phase in (Phase.ENDING, Phase.ENDED))
    @rule()
    def begin_afresh(self) -> None:
        self.inbox.clear()
        self.host.world.left = None
        self.host.recover(life=self.host.life + 1, settle=False)

    # ------------------------------------------------------------------ what must always hold

    def check_step(self, events: list[Message]) -> None:
        """Called after every step with its events; the state is that after the step."""
        order = list(self.host.state.children.values())
        places = {child.id: place for place, child in enumerate(order)}
        for event in events:
            if isinstance(event, ChildStarting) and event.child in places:
                self._check_start(order, places[event.child])
            elif isinstance(event, ChildStopping) and event.reason is StopReason.SHUTDOWN:
                self._check_stop(order, places[event.child])

    def _check_start(self, order: list[ChildRecord], place: int) -> None:
        """A first start waits for the elders."""
        child = order[place]
        if self.host.spec.concurrency == 1 and not child.been_up and not child.reviving:
            assert not [elder.id for elder in order[:place] if self._is_waited_for(elder)]

    def _check_stop(self, order: list[ChildRecord], place: int) -> None:
        """At the end the younger are gone first; before, only those that were told to are stopped."""
        if self.host.state.phase is Phase.ENDING:
            younger = [child.id for child in order[place + 1 :] if child.alive or child.reviving]
            assert self.host.spec.concurrency > 1 or not younger
        elif self.host.spec.strategy is RestartStrategy.ONE_FOR_ONE:
            assert order[place].id in self.commanded

    def _is_waited_for(self, elder: ChildRecord) -> bool:
        failed = elder.status is ChildStatus.BACKING_OFF and not elder.reviving
        together = self.host.spec.intensity.scope is IntensityScope.SUPERVISOR
        return elder.status in PENDING or (failed and together)

    @invariant()
    def no_child_is_promised_two_starts_at_once(self) -> None:
        for lane in self.host.lanes.values() if hasattr(self, "host") else ():
            attempts = [effect.attempt for effect in lane if isinstance(effect, StartChild)]
            assert len(set(attempts)) <= 1

    # ------------------------------------------------------------------ what must come true in the end

    def teardown(self) -> None:
        if not hasattr(self, "host"):
            return
        host = self.host
        self.reached.update(dict.fromkeys(host.kinds()))
        host.world.refusing.clear()
        for _ in range(60):
            self._calm_down()
            host.elapse(40 * SECOND, settle=False)
        assert host.lanes == {}
        if host.state.phase is Phase.ENDED:
            assert host.world.alive == {}
            assert host.world.left is not None
        else:
            assert host.state.phase is Phase.SUPERVISING
            running = {name for name, status in host.statuses().items() if status == "running"}
            settled = {"running", "given_up", "done"}
            assert set(host.statuses().values()) <= settled
            assert set(host.world.alive) == running
            for name in running:
                assert host.child(name).incarnation == host.world.alive[name].incarnation
        self._check_the_journal()

    def _calm_down(self) -> None:
        """Answer everything; what hangs is reported until somebody has done something about it."""
        self._answer_everything()
        for name, process in list(self.host.world.alive.items()):
            if process.frozen:
                self.host.take(ChildDown(name, process.incarnation, ExitReason.HUNG, ""))

    def _answer_everything(self) -> None:
        while self.host.lanes or self.inbox:
            while self.inbox:
                self._deliver(0)
            if self.host.lanes:
                self._perform(0)

    def _check_the_journal(self) -> None:
        stored = pack(to_plain(self.host.state))
        assert self.host.replayed() == stored
        assert pack(to_plain(from_plain(unpack(stored), SupervisorState, where="state"))) == stored


def test_whatever_happens_in_whatever_order_the_supervisor_gets_where_it_should() -> None:
    Lives.reached.clear()
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=150,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        ),
    )
    assert set(Lives.reached) >= MUST_BE_REACHED, "the campaign no longer reaches what it claims to test"
