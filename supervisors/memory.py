"""How a supervisor's state follows from its events; it decides nothing (see `supervisors.supervisor`)."""

from __future__ import annotations

import msgspec

from actors.base import Actor, applies
from messages.base import Address, Message
from messages.child_specs import ChildKind, ChildSpec, IntensityScope, Restart, SupervisorSpec
from messages.supervision_events import (
    ChildAdded,
    ChildBackingOff,
    ChildDone,
    ChildFailed,
    ChildGivenUp,
    ChildReady,
    ChildRemoved,
    ChildReplacing,
    ChildStarted,
    ChildStarting,
    ChildStopped,
    ChildStopping,
    ChildWithdrawn,
    CommandRefused,
    Escalated,
    FenceConfirmed,
    ShutdownNoted,
    SubtreeAbandoned,
    SupervisionBegun,
    SupervisorEnded,
    SupervisorEnding,
)
from supervisors.intensity import with_restart
from supervisors.lifecycle import ORDERLY, ChildStatus, following
from supervisors.state import ChildRecord, Phase, SupervisorState, spec_digest


class SupervisorMemory(Actor[SupervisorState]):
    """The remembering half of a supervisor: one method per kind of event."""

    def __init__(self, address: Address, spec: SupervisorSpec) -> None:
        super().__init__(address, SupervisorState(spec=msgspec.structs.replace(spec, children=())))

    # ------------------------------------------------------------------ the supervisor itself

    @applies(SupervisionBegun)
    def _begun(self, event: SupervisionBegun) -> None:
        state, known = self.state, self.state.children
        state.spec, state.taken_up = msgspec.structs.replace(event.spec, children=()), spec_digest(event.spec)
        static = {
            spec.id: _as_static(known.get(spec.id), spec)
            for spec in event.spec.children
            if event.fresh or spec.id in known or spec.restart is not Restart.TEMPORARY
        }
        others = {child.id: child for child in known.values() if child.id not in static}
        if event.fresh:
            state.phase, state.life = Phase.SUPERVISING, event.life
            state.restarts, state.grace_until, state.gave_up, state.ending = [], None, False, ""
            others = {child.id: child for child in others.values() if _outlasts_a_beginning(child)}
            static = {name: _reset(child) for name, child in static.items()}
            others = {name: _reset(child) for name, child in others.items()}
        state.children = static | others

    @applies(ShutdownNoted)
    def _shutdown_noted(self, event: ShutdownNoted) -> None:
        self.state.shutdown_noted = event.life

    @applies(Escalated)
    def _escalated(self, event: Escalated) -> None:
        self.state.phase = Phase.ENDING if event.grace_until is None else Phase.HALTING
        self.state.grace_until = event.grace_until
        self.state.gave_up, self.state.ending = True, event.detail

    @applies(SupervisorEnding)
    def _ending(self, event: SupervisorEnding) -> None:
        self.state.phase, self.state.grace_until = Phase.ENDING, None
        self.state.ending = self.state.ending or event.reason

    @applies(SupervisorEnded)
    def _ended(self, event: SupervisorEnded) -> None:
        self.state.phase = Phase.ENDED
        for child in self.state.children.values():
            if child.status in (ChildStatus.WAITING, ChildStatus.BACKING_OFF):
                self._move(child.id, event)
                child.retry_at = None

    @applies(CommandRefused)
    def _refused(self, event: CommandRefused) -> None:
        """Nothing changes; the event is the record."""

    # ------------------------------------------------------------------ which children are wanted

    @applies(ChildAdded)
    def _added(self, event: ChildAdded) -> None:
        child = self.state.children.get(event.spec.id)
        if child is None:
            self.state.children[event.spec.id] = ChildRecord(event.spec, event.dynamic)
        else:
            child.spec, child.removing = event.spec, False

    @applies(ChildWithdrawn)
    def _withdrawn(self, event: ChildWithdrawn) -> None:
        self.state.children[event.child].removing = True

    @applies(ChildRemoved)
    def _removed(self, event: ChildRemoved) -> None:
        del self.state.children[event.child]

    @applies(ChildReplacing)
    def _replacing(self, event: ChildReplacing) -> None:
        self.state.children[event.child].replacing = True

    # ------------------------------------------------------------------ a child's life

    @applies(ChildReady)
    def _ready(self, event: ChildReady) -> None:
        child = self._move(event.child, event)
        child.replacing, child.reviving, child.retry_at = False, False, None
        if event.forgiven:
            child.failures, child.restarts = 0, []

    @applies(ChildStarting)
    def _starting(self, event: ChildStarting) -> None:
        child = self._move(event.child, event)
        child.attempt, child.life, child.resumable = event.attempt, event.life, True
        child.started_at, child.retry_at = None, None
        self.state.attempts = max(self.state.attempts, event.attempt)

    @applies(ChildStarted)
    def _started(self, event: ChildStarted) -> None:
        child = self._move(event.child, event)
        child.incarnation, child.pid, child.node = event.incarnation, event.pid, event.node
        child.started_at, child.been_up, child.resumable = event.at, True, True
        child.fencing = None

    @applies(ChildStopping)
    def _stopping(self, event: ChildStopping) -> None:
        child = self._move(event.child, event)
        child.stop_reason, child.failure = event.reason, event.failure
        child.failure_detail, child.failure_counts = event.detail, event.counted
        if event.failure is not None and child.spec.kind is not ChildKind.SERVICE:
            child.fencing = child.incarnation

    @applies(ChildStopped)
    def _stopped(self, event: ChildStopped) -> None:
        child = self._move(event.child, event)
        self._remember_end(child, event)
        child.resumable = event.reason not in ORDERLY
        child.reviving = False

    @applies(ChildFailed)
    def _failed(self, event: ChildFailed) -> None:
        child = self._move(event.child, event)
        self._remember_end(child, event)
        if event.fenced:
            child.fencing = child.incarnation

    @applies(FenceConfirmed)
    def _fence_confirmed(self, event: FenceConfirmed) -> None:
        self.state.children[event.child].fencing = None

    @applies(ChildBackingOff)
    def _backing_off(self, event: ChildBackingOff) -> None:
        child = self._move(event.child, event)
        child.failures, child.retry_at, child.reviving = event.failures, event.retry_at, event.reviving
        if not event.reviving:
            child.restart_count += 1
        if event.counted:
            self._count_restart(child, event.at)

    @applies(ChildGivenUp)
    def _given_up(self, event: ChildGivenUp) -> None:
        self._move(event.child, event).retry_at = event.retry_at

    @applies(ChildDone)
    def _done(self, event: ChildDone) -> None:
        self._move(event.child, event)

    @applies(SubtreeAbandoned)
    def _abandoned(self, event: SubtreeAbandoned) -> None:
        self.state.children[event.child].reviving = False

    # ------------------------------------------------------------------ helpers

    def _move(self, name: Address, event: Message) -> ChildRecord:
        child = self.state.children[name]
        child.status = following(child.status, type(event), name)
        return child

    def _remember_end(self, child: ChildRecord, event: ChildStopped | ChildFailed) -> None:
        child.last_exit, child.last_detail = event.reason, event.detail
        child.ended_incarnation = child.incarnation
        child.stop_reason, child.failure, child.failure_detail, child.failure_counts = None, None, "", True
        child.started_at = None

    def _count_restart(self, child: ChildRecord, at: int) -> None:
        intensity = self.state.spec.intensity
        if intensity.scope is IntensityScope.CHILD:
            child.restarts = with_restart(child.restarts, intensity, at)
        else:
            self.state.restarts = with_restart(self.state.restarts, intensity, at)


def _as_static(known: ChildRecord | None, spec: ChildSpec) -> ChildRecord:
    """The record of a child of the supervisor's own spec, which overrules what a command had made of it."""
    if known is None:
        return ChildRecord(spec, dynamic=False)
    known.spec, known.dynamic, known.removing = spec, False, False
    return known


def _outlasts_a_beginning(child: ChildRecord) -> bool:
    return child.dynamic and not child.removing and child.spec.restart is not Restart.TEMPORARY


def _reset(child: ChildRecord) -> ChildRecord:
    """The child as it waits when its supervisor begins anew: what it is and its counters stay."""
    return ChildRecord(
        spec=child.spec,
        dynamic=child.dynamic,
        status=following(child.status, SupervisionBegun, child.id),
        attempt=child.attempt,
        life=child.life,
        incarnation=child.incarnation,
        ended_incarnation=child.ended_incarnation,
        restart_count=child.restart_count,
        last_exit=child.last_exit,
        last_detail=child.last_detail,
    )
