"""What follows when a child's process has ended: restart with backoff, give up, escalate, or leave it at that."""

from __future__ import annotations

from actors.base import Context
from messages.base import CONTROL
from messages.child_specs import AutoShutdown, ChildKind, IntensityScope, Restart
from messages.control import Halt
from messages.supervision import ExitReason, StopReason, StrategyGivenUp
from messages.supervision_events import (
    ChildBackingOff,
    ChildDone,
    ChildFailed,
    ChildGivenUp,
    ChildReady,
    ChildReplacing,
    ChildStopped,
    ChildWithdrawn,
    Escalated,
    SubtreeAbandoned,
    SupervisorEnding,
)
from supervisors.backoff import failures_after, pause
from supervisors.intensity import exceeded
from supervisors.lifecycle import FAILURES, ORDERLY, RESTARTED, ChildStatus
from supervisors.plan import siblings_to_restart
from supervisors.reconcile import (
    brief,
    fence,
    forget_timers,
    promise_stop,
    remove,
    wake_for_grace,
    wake_for_quiet,
    wake_for_retry,
)
from supervisors.state import ChildRecord, Phase, SupervisorState

_UNPROVEN = frozenset({ExitReason.HUNG, ExitReason.LOST})
"""Reasons after which the process may still exist: it is fenced and stopped before anything else is decided."""


def gone_or_unseen(
    state: SupervisorState,
    child: ChildRecord,
    reason: ExitReason,
    detail: str,
    ctx: Context,
    *,
    counted: bool = True,
) -> None:
    """A running child ended, hangs or can't be seen. `counted` adds its restart to the intensity's window."""
    if reason in _UNPROVEN:
        promise_stop(child, StopReason.FAILED, ctx, failure=reason, detail=detail, counted=counted)
    else:
        ended(state, child, reason, detail, ctx, counted=counted)


def stop_finished(
    state: SupervisorState, child: ChildRecord, reason: ExitReason, detail: str, ctx: Context
) -> None:
    """A child that was being stopped is gone. If it had failed before, that failure is what counts."""
    if child.failure is None:
        ended(state, child, reason, detail, ctx)
    else:
        ended(state, child, child.failure, child.failure_detail, ctx, counted=child.failure_counts)


def ended(
    state: SupervisorState,
    child: ChildRecord,
    reason: ExitReason,
    detail: str,
    ctx: Context,
    *,
    counted: bool = True,
) -> None:
    """A child's process is gone, or its start failed."""
    if state.wants(child) and child.stop_reason is not StopReason.SHUTDOWN:
        _ended_by_itself(state, child, reason, detail, ctx, counted=counted)
    else:
        _ended_as_asked(state, child, reason, detail, ctx)


def settle(state: SupervisorState, child: ChildRecord, ctx: Context) -> None:
    """Decide on a stopped child from what is wanted of it: forget it, start it again, or leave it stopped."""
    if child.removing:
        remove(child, ctx)
    elif child.replacing and state.phase is Phase.SUPERVISING:
        ctx.emit(ChildReady(child.id, forgiven=False))


# ---------------------------------------------------------------- an end that was asked for


def _ended_as_asked(
    state: SupervisorState, child: ChildRecord, reason: ExitReason, detail: str, ctx: Context
) -> None:
    """A supervisor that died before its children were stopped is brought back to stop them."""
    told = child.stop_reason is StopReason.SHUTDOWN
    left_children = child.spec.kind is ChildKind.SUPERVISOR and reason not in ORDERLY
    if left_children or (reason in FAILURES and not told):
        _fail(child, reason, detail, ctx)
    else:
        ctx.emit(ChildStopped(child.id, reason, brief(detail)))
    if not left_children:
        settle(state, child, ctx)
        return
    attempts = child.failures if child.reviving else 0
    if attempts >= max(state.spec.intensity.restarts, 1):
        ctx.emit(SubtreeAbandoned(child.id, f"not brought back after {attempts} attempts"))
        settle(state, child, ctx)
    else:
        _back_off(state, child, attempts + 1, ctx, counted=False, reviving=True)


# ---------------------------------------------------------------- an end of its own


def _ended_by_itself(
    state: SupervisorState,
    child: ChildRecord,
    reason: ExitReason,
    detail: str,
    ctx: Context,
    *,
    counted: bool,
) -> None:
    failures = failures_after(state.spec.backoff, child.failures, child.started_at, ctx.now)
    if reason in FAILURES:
        _fail(child, reason, detail, ctx)
    else:
        ctx.emit(ChildStopped(child.id, reason, brief(detail)))
    if reason not in RESTARTED[child.spec.restart]:
        _finish(state, child, ctx)
        return
    fenced = reason is ExitReason.FENCED
    counted = counted and not fenced
    if counted and _too_many(state, child, ctx):
        _give_up(state, child, ctx)
        return
    _restart_siblings(state, child, ctx)
    _back_off(state, child, child.failures if fenced else failures, ctx, counted=counted, reviving=False)


def _fail(child: ChildRecord, reason: ExitReason, detail: str, ctx: Context) -> None:
    """Record a failure. A crash is fenced at once: the word that a process is dead is no proof of it."""
    fenced = reason is ExitReason.CRASH and child.spec.kind is not ChildKind.SERVICE
    ctx.emit(ChildFailed(child.id, reason, brief(detail), fenced))
    if fenced:
        fence(child, child.incarnation, ctx)


def _too_many(state: SupervisorState, child: ChildRecord, ctx: Context) -> bool:
    intensity = state.spec.intensity
    times = child.restarts if intensity.scope is IntensityScope.CHILD else state.restarts
    return exceeded(times, intensity, ctx.now)


def _back_off(
    state: SupervisorState,
    child: ChildRecord,
    failures: int,
    ctx: Context,
    *,
    counted: bool,
    reviving: bool,
) -> None:
    wait = pause(state.spec.backoff, failures, ctx.random.random())
    ctx.emit(ChildBackingOff(child.id, ctx.now, ctx.now + wait, failures, counted, reviving))
    wake_for_retry(child, ctx)


def _restart_siblings(state: SupervisorState, child: ChildRecord, ctx: Context) -> None:
    """Those the strategy names: the living are stopped and started again, the finished are started again."""
    for name in siblings_to_restart(state.spec.strategy, tuple(state.children), child.id):
        sibling = state.children[name]
        if sibling.status in (ChildStatus.DONE, ChildStatus.STOPPED):
            ctx.emit(ChildReady(name, forgiven=False))
        elif sibling.alive and sibling.spec.restart is Restart.TEMPORARY:
            ctx.emit(ChildWithdrawn(name))
        elif sibling.alive and not sibling.replacing:
            ctx.emit(ChildReplacing(name, f"restarted with {child.id}"))


def _finish(state: SupervisorState, child: ChildRecord, ctx: Context) -> None:
    """A child is not restarted; a temporary one is forgotten, and a significant one may end the supervisor."""
    ctx.emit(ChildDone(child.id))
    significant = child.spec.significant
    if child.spec.restart is Restart.TEMPORARY:
        remove(child, ctx)
    if significant and _ends_all(state):
        ctx.emit(SupervisorEnding(ctx.address, f"auto-shutdown: {child.id} ended"))


def _ends_all(state: SupervisorState) -> bool:
    if state.spec.auto_shutdown is AutoShutdown.ALL_SIGNIFICANT:
        return not any(
            child.spec.significant and child.status is not ChildStatus.DONE
            for child in state.children.values()
        )
    return state.spec.auto_shutdown is AutoShutdown.ANY_SIGNIFICANT


# ---------------------------------------------------------------- giving up


def _give_up(state: SupervisorState, child: ChildRecord, ctx: Context) -> None:
    intensity = state.spec.intensity
    detail = f"more than {intensity.restarts} restarts within {intensity.period / 1e9:g} s"
    if intensity.scope is IntensityScope.CHILD:
        _park(state, child, detail, ctx)
    else:
        _escalate(state, child, detail, ctx)


def _park(state: SupervisorState, child: ChildRecord, detail: str, ctx: Context) -> None:
    """Scope `child`: it is put aside, its siblings go on, and whoever executes for it looks after its positions."""
    quiet = state.spec.intensity.quiet_time
    ctx.emit(ChildGivenUp(child.id, detail, None if quiet is None else ctx.now + quiet))
    forget_timers(child.id, ctx)
    wake_for_quiet(child, ctx)
    order = child.spec.on_give_up
    if order is not None:
        for executor in order.executors:
            ctx.send(executor, StrategyGivenUp(child.id, order.symbols, order.policy, order.stop))


def _escalate(state: SupervisorState, child: ChildRecord, detail: str, ctx: Context) -> None:
    """Scope `supervisor`: it gives up as a whole. A root halts the desk first and leaves it a moment to exit."""
    root = state.spec.root
    told = f"{child.id}: {detail}"
    ctx.emit(Escalated(child.id, told, None if root is None else ctx.now + root.grace))
    if root is not None:
        ctx.send(CONTROL, Halt(by=ctx.address, reason=f"gave up: {told}", flatten=root.flatten))
        wake_for_grace(state, ctx)
