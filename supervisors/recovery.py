"""What a supervisor makes of what it finds alive when it begins, or comes back after its own death.

The living are adopted, the missing have failed, promises that were not answered are repeated.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from actors.base import Context
from messages.base import Address
from messages.child_specs import ChildKind, IntensityScope, SupervisorSpec
from messages.supervision import ChildrenFound, EndedChild, ExitReason, LivingChild, StopChild, StopReason
from messages.supervision_events import (
    ChildReplacing,
    ChildStarted,
    ChildWithdrawn,
    SupervisionBegun,
    SupervisorEnding,
)
from supervisors.ends import gone_or_unseen, stop_finished
from supervisors.lifecycle import FAILURES, ChildStatus
from supervisors.reconcile import (
    dismiss_stray,
    end,
    fence,
    remove,
    repeat_start,
    repeat_stop,
    wake_for_grace,
    wake_for_quiet,
    wake_for_retry,
)
from supervisors.state import ChildRecord, Phase, SupervisorState, spec_digest

Sighting = TypeVar("Sighting", LivingChild, EndedChild)

UNKNOWN_CHILD_TIMEOUT = 5_000_000_000
"""How long an unknown child may take to stop by itself, ns."""


class Discovery:
    """One answer to `DiscoverChildren`, judged child by child against the state; used once."""

    def __init__(
        self, state: SupervisorState, spec: SupervisorSpec, message: ChildrenFound, ctx: Context
    ) -> None:
        self._state = state
        self._spec = spec
        self._message = message
        self._ctx = ctx
        self._alive = _newest(message.alive)
        self._ended = _newest(message.ended)
        self._counted = False

    def judge(self) -> None:
        """Begin or go on: adopt, take note of deaths, repeat promises and re-arm timers."""
        self._begin()
        for child in list(self._state.children.values()):
            if child.id in self._state.children and child.attempt <= self._message.as_of:
                self._judge(child)
        for living in self._message.alive:
            self._dismiss_if_stray(living)
        self._wake()
        state = self._state
        if state.phase is Phase.SUPERVISING and state.shutdown_noted == state.life > 0:
            self._ctx.emit(SupervisorEnding("operator", "asked for before the supervisor had begun"))
        if state.phase is Phase.ENDED:
            end(state, self._ctx)

    # ------------------------------------------------------------------ beginning

    def _begin(self) -> None:
        state, message = self._state, self._message
        if state.phase is Phase.NEW or message.life > state.life:
            self._ctx.emit(SupervisionBegun(message.life, fresh=True, spec=self._spec))
        elif state.phase is Phase.SUPERVISING and state.taken_up != spec_digest(self._spec):
            self._take_up_change()

    def _take_up_change(self) -> None:
        """Go on under another spec: what it no longer has is withdrawn, what is built differently is replaced."""
        state, ctx = self._state, self._ctx
        before = {child.id: (child.spec, child.dynamic) for child in state.children.values()}
        ctx.emit(SupervisionBegun(state.life, fresh=False, spec=self._spec))
        kept = {spec.id: spec for spec in self._spec.children}
        for name, (spec, dynamic) in before.items():
            child = state.children[name]
            after = kept.get(name)
            if after is None and not dynamic:
                self._withdraw(child)
            elif (
                after is not None
                and child.alive
                and (after.kind, after.arguments) != (spec.kind, spec.arguments)
            ):
                ctx.emit(ChildReplacing(name, "its spec changed"))

    def _withdraw(self, child: ChildRecord) -> None:
        if child.alive or child.reviving:
            self._ctx.emit(ChildWithdrawn(child.id))
        else:
            remove(child, self._ctx)

    # ------------------------------------------------------------------ one child

    def _judge(self, child: ChildRecord) -> None:
        living, ended = self._alive.get(child.id), self._ended.get(child.id)
        if child.fencing is not None:
            fence(child, child.fencing, self._ctx)
        match child.status:
            case ChildStatus.WAITING:
                if living is not None and living.incarnation > child.ended_incarnation:
                    self._adopt(child, living)
            case ChildStatus.STARTING:
                self._judge_starting(child, living, ended)
            case ChildStatus.RUNNING:
                self._judge_running(child, living, ended)
            case ChildStatus.STOPPING:
                self._judge_stopping(child, living, ended)
            case _:
                pass

    def _judge_starting(
        self, child: ChildRecord, living: LivingChild | None, ended: EndedChild | None
    ) -> None:
        """A promised start: it happened and lives, it happened and is over, or it is asked for again."""
        if living is not None and living.incarnation > child.incarnation:
            self._adopt(child, living)
        elif ended is not None and ended.incarnation > child.incarnation:
            self._ctx.emit(ChildStarted(child.id, ended.incarnation, 0, "", True, self._ctx.now))
            self._note_end(child, ended.reason, ended.detail)
        else:
            repeat_start(child, self._ctx)

    def _judge_running(
        self, child: ChildRecord, living: LivingChild | None, ended: EndedChild | None
    ) -> None:
        if living is not None and living.incarnation > child.incarnation:
            self._adopt(child, living)
        elif living is not None and living.incarnation == child.incarnation:
            self._replace_if_outdated(child, living)
        elif ended is not None and ended.incarnation >= child.incarnation:
            self._note_end(child, ended.reason, ended.detail)
        else:
            self._note_end(child, ExitReason.LOST, "not found when the supervisor came back")

    def _judge_stopping(
        self, child: ChildRecord, living: LivingChild | None, ended: EndedChild | None
    ) -> None:
        if living is None and ended is not None and ended.incarnation >= child.incarnation:
            stop_finished(self._state, child, ended.reason, ended.detail, self._ctx)
        else:
            repeat_stop(child, self._ctx)

    def _adopt(self, child: ChildRecord, living: LivingChild) -> None:
        self._ctx.emit(
            ChildStarted(child.id, living.incarnation, living.pid, living.node, True, self._ctx.now)
        )
        self._replace_if_outdated(child, living)

    def _replace_if_outdated(self, child: ChildRecord, living: LivingChild) -> None:
        if not living.current and self._state.wants(child):
            self._ctx.emit(ChildReplacing(child.id, "it runs other code or settings"))

    def _note_end(self, child: ChildRecord, reason: ExitReason, detail: str) -> None:
        """Deaths found together are one incident: under scope `supervisor` they count as one restart."""
        alone = self._state.spec.intensity.scope is IntensityScope.CHILD
        counted = alone or not self._counted
        self._counted = self._counted or reason in FAILURES
        gone_or_unseen(self._state, child, reason, detail, self._ctx, counted=counted)

    # ------------------------------------------------------------------ what should not be there

    def _dismiss_if_stray(self, living: LivingChild) -> None:
        child = self._state.children.get(living.child)
        if child is None:
            self._stop_unknown(living)
        elif child.attempt <= self._message.as_of and _is_stray(child, living):
            dismiss_stray(living.child, living.kind, living.incarnation, self._ctx)

    def _stop_unknown(self, living: LivingChild) -> None:
        """A child that is not ours to keep is stopped in order: it may be a supervisor with children of its own."""
        timeout = None if living.kind is ChildKind.SUPERVISOR else UNKNOWN_CHILD_TIMEOUT
        self._ctx.perform(
            StopChild(living.child, living.incarnation, living.kind, timeout, StopReason.SHUTDOWN)
        )

    def _wake(self) -> None:
        """Timers are durable already; re-arming them from the state costs nothing and heals what was lost."""
        for child in self._state.children.values():
            if child.status is ChildStatus.BACKING_OFF:
                wake_for_retry(child, self._ctx)
            elif child.status is ChildStatus.GIVEN_UP:
                wake_for_quiet(child, self._ctx)
        if self._state.phase is Phase.HALTING:
            wake_for_grace(self._state, self._ctx)


def _is_stray(child: ChildRecord, living: LivingChild) -> bool:
    """Whether this incarnation should have ended. A start about to be made replaces its predecessors itself."""
    if child.status in (ChildStatus.WAITING, ChildStatus.STARTING):
        return False
    return not child.alive or living.incarnation < child.incarnation


def _newest(sightings: Iterable[Sighting]) -> dict[Address, Sighting]:
    newest: dict[Address, Sighting] = {}
    for sighting in sightings:
        known = newest.get(sighting.child)
        if known is None or sighting.incarnation > known.incarnation:
            newest[sighting.child] = sighting
    return newest
