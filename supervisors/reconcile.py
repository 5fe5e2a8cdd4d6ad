"""Moving what is towards what is wanted: promises starts and stops, and the supervisor's own end.

Functions over the state; it changes only through `ctx.emit`.
"""

from __future__ import annotations

from actors.base import Context
from messages.base import Address
from messages.child_specs import ChildKind
from messages.supervision import (
    EndSupervisor,
    ExitReason,
    FenceChild,
    GraceOver,
    LeaveDesk,
    QuietTimeOver,
    RetryDue,
    StartChild,
    StopChild,
    StopReason,
)
from messages.supervision_events import (
    ChildRemoved,
    ChildStarting,
    ChildStopping,
    SupervisorEnded,
)
from supervisors.plan import nothing_left, starts_due, stops_due
from supervisors.state import ChildRecord, Phase, SupervisorState

_DETAIL_LENGTH = 500


def advance(state: SupervisorState, ctx: Context) -> None:
    """Promise all starts and stops that are due; when the supervisor is ending and no child is left, end it."""
    for child in stops_due(state):
        promise_stop(child, StopReason.SHUTDOWN, ctx)
    for child in starts_due(state):
        promise_start(state, child, ctx)
    if state.phase is Phase.ENDING and nothing_left(state):
        ctx.emit(SupervisorEnded(state.ending))
        end(state, ctx)


def promise_start(state: SupervisorState, child: ChildRecord, ctx: Context) -> None:
    """Promise a start under a new attempt: of the same life after a crash, of a new one after an orderly end.

    A life is numbered by the machine time of its beginning, so that it is newer than any before, even when the
    child had been forgotten in between.
    """
    life = child.life if child.resumable else max(ctx.now, child.life + 1)
    ctx.emit(ChildStarting(child.id, state.attempts + 1, life))
    repeat_start(child, ctx)


def repeat_start(child: ChildRecord, ctx: Context) -> None:
    """Ask for the start that was promised last."""
    ctx.perform(StartChild(child.id, child.attempt, child.life, child.spec.kind, child.spec.arguments))


def promise_stop(
    child: ChildRecord,
    reason: StopReason,
    ctx: Context,
    *,
    failure: ExitReason | None = None,
    detail: str = "",
    counted: bool = True,
) -> None:
    """Promise to stop a running child; one that hangs or is lost is fenced first."""
    ctx.emit(ChildStopping(child.id, reason, failure, brief(detail), counted))
    if child.fencing is not None:
        fence(child, child.fencing, ctx)
    repeat_stop(child, ctx)


def repeat_stop(child: ChildRecord, ctx: Context) -> None:
    """Ask for the stop that was promised last."""
    reason = child.stop_reason or StopReason.SHUTDOWN
    timeout = child.spec.shutdown_timeout if reason is StopReason.SHUTDOWN else 0
    ctx.perform(StopChild(child.id, child.incarnation, child.spec.kind, timeout, reason))


def fence(child: ChildRecord, incarnation: int, ctx: Context) -> None:
    """Ask that an incarnation can't commit any more."""
    ctx.perform(FenceChild(child.id, incarnation))


def dismiss_stray(child: Address, kind: ChildKind, incarnation: int, ctx: Context) -> None:
    """Fence and stop an incarnation that should have ended. Nothing is remembered: a recovery finds it again."""
    if kind is not ChildKind.SERVICE:
        ctx.perform(FenceChild(child, incarnation))
    ctx.perform(StopChild(child, incarnation, kind, 0, StopReason.STRAY))


def remove(child: ChildRecord, ctx: Context) -> None:
    """Forget a child that has no process, and its timers."""
    forget_timers(child.id, ctx)
    ctx.emit(ChildRemoved(child.id))


def end(state: SupervisorState, ctx: Context) -> None:
    """Ask the host to end this supervisor, and with the root the desk."""
    if state.spec.root is None:
        ctx.perform(EndSupervisor(state.ending))
    else:
        ctx.perform(LeaveDesk(state.gave_up, state.ending))


# ---------------------------------------------------------------- timers


def wake_for_retry(child: ChildRecord, ctx: Context) -> None:
    """Wake when the child's backoff is over."""
    _wake_at(child.retry_at, RetryDue(child.id, child.attempt), f"retry/{child.id}", ctx)


def wake_for_quiet(child: ChildRecord, ctx: Context) -> None:
    """Wake when a given-up child may be tried again, if that is at all without a person."""
    if child.retry_at is not None:
        _wake_at(child.retry_at, QuietTimeOver(child.id, child.attempt), f"quiet/{child.id}", ctx)


def wake_for_grace(state: SupervisorState, ctx: Context) -> None:
    """Wake when a halted desk's time for its exit policy is over."""
    _wake_at(state.grace_until, GraceOver(state.life), "grace", ctx)


def forget_timers(child: Address, ctx: Context) -> None:
    """Cancel whatever would wake the supervisor for this child."""
    ctx.cancel_timer(f"retry/{child}")
    ctx.cancel_timer(f"quiet/{child}")


def _wake_at(time: int | None, message: RetryDue | QuietTimeOver | GraceOver, key: str, ctx: Context) -> None:
    ctx.after(max(0, (time or 0) - ctx.now), message, key=key)


def brief(detail: str) -> str:
    """A detail as journals keep it: cut to a bounded length."""
    return detail[:_DETAIL_LENGTH]
