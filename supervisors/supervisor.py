"""The supervisor: an actor that keeps its children running by OTP's rules, with backoff and giving up added.

Host's signals and commands come in; starts, stops and fences go out as effects. It is hosted by the same step machine
as any actor, so its wanted state is durable and a shutdown that was interrupted is resumed. Its `ctx.now` is its
host's machine time: backoff and intensity are measured on it, also when the desk replays a recording.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.base import Context, receives
from messages.base import Address, Effect
from messages.child_specs import ChildKind, SupervisorSpec
from messages.supervision import (
    AddChild,
    ChildDown,
    ChildFenced,
    ChildrenFound,
    ChildUp,
    DiscoverChildren,
    ExitReason,
    GraceOver,
    QuietTimeOver,
    RemoveChild,
    RestartChild,
    RetryChild,
    RetryDue,
    Shutdown,
    StartFailed,
    StopFinished,
)
from messages.supervision_events import (
    ChildAdded,
    ChildReady,
    ChildReplacing,
    ChildStarted,
    ChildWithdrawn,
    CommandRefused,
    FenceConfirmed,
    ShutdownNoted,
    SupervisorEnding,
)
from supervisors.ends import ended, gone_or_unseen, stop_finished
from supervisors.lifecycle import ChildStatus
from supervisors.memory import SupervisorMemory
from supervisors.reconcile import advance, dismiss_stray, forget_timers, promise_start, remove
from supervisors.recovery import Discovery
from supervisors.spec import child_problems, membership_problems, require_sound, supervisor_problems
from supervisors.state import ChildRecord, Phase

_IDLE = frozenset({ChildStatus.GIVEN_UP, ChildStatus.DONE, ChildStatus.STOPPED, ChildStatus.BACKING_OFF})
"""A child in one of these can be told to try again."""

_UNSEEN = frozenset({ExitReason.HUNG, ExitReason.LOST})


class Supervisor(SupervisorMemory):
    """One supervisor under its `spec`.

    `life` numbers its deliberate beginnings: the parent hands it over with `StartChild`, and whoever starts the root
    gives a newer one (machine time in ns) to begin afresh, or the same one to go on. Raises `ConfigurationError`
    when the spec is not sound.
    """

    def __init__(self, spec: SupervisorSpec, *, life: int) -> None:
        require_sound(supervisor_problems(spec))
        super().__init__(spec.id, spec)
        self.spec = spec
        self.life = life

    def outstanding(self) -> Sequence[Effect]:
        """Whatever was promised, first of all it must be found out which children live."""
        return (DiscoverChildren(self.life, self.state.attempts, tuple(self.state.children)),)

    def summary(self) -> str:
        """Phase, and how many children run of how many there are."""
        children = self.state.children.values()
        running = sum(child.status is ChildStatus.RUNNING for child in children)
        parked = sum(child.status is ChildStatus.GIVEN_UP for child in children)
        given_up = f", {parked} given up" if parked else ""
        return f"{self.state.phase.value}, {running} of {len(self.state.children)} running{given_up}"

    # ------------------------------------------------------------------ signals of the host

    @receives(ChildrenFound)
    def on_children_found(self, message: ChildrenFound, ctx: Context) -> None:
        """Begin, or go on after a recovery."""
        Discovery(self.state, self.spec, message, ctx).judge()
        self._advance(ctx)

    @receives(ChildUp)
    def on_child_up(self, message: ChildUp, ctx: Context) -> None:
        """A start succeeded; answers to an older attempt are stale."""
        child = self.state.children.get(message.child)
        if child is None:
            dismiss_stray(message.child, ChildKind.ACTOR, message.incarnation, ctx)
            return
        if message.attempt != child.attempt:
            return
        taken_over = child.status is ChildStatus.RUNNING and message.incarnation > child.incarnation
        if child.status is ChildStatus.STARTING or taken_over:
            ctx.emit(
                ChildStarted(
                    child.id, message.incarnation, message.pid, message.node, message.adopted, ctx.now
                )
            )
            self._advance(ctx)

    @receives(StartFailed)
    def on_start_failed(self, message: StartFailed, ctx: Context) -> None:
        """A start failed: it counts like any failure, if it was tried, and is retried after the backoff."""
        child = self.state.children.get(message.child)
        if child is not None and child.status is ChildStatus.STARTING and message.attempt == child.attempt:
            counted = not message.withheld
            ended(self.state, child, ExitReason.START_FAILED, message.detail, ctx, counted=counted)
            self._advance(ctx)

    @receives(ChildDown)
    def on_child_down(self, message: ChildDown, ctx: Context) -> None:
        """An incarnation ended or can't be seen; word of another incarnation than the present one is stale."""
        child = self.state.children.get(message.child)
        if child is None or message.incarnation != child.incarnation:
            return
        if child.status is ChildStatus.RUNNING:
            gone_or_unseen(self.state, child, message.reason, message.detail, ctx)
            self._advance(ctx)
        elif child.status is ChildStatus.STOPPING and message.reason not in _UNSEEN:
            stop_finished(self.state, child, message.reason, message.detail, ctx)
            self._advance(ctx)

    @receives(StopFinished)
    def on_stop_finished(self, message: StopFinished, ctx: Context) -> None:
        """A promised stop is done, maybe one of an earlier life that has been forgotten: gone is gone."""
        child = self.state.children.get(message.child)
        if child is None or message.incarnation != child.incarnation:
            return
        if child.status is ChildStatus.STOPPING:
            stop_finished(self.state, child, message.reason, message.detail, ctx)
            self._advance(ctx)
        elif child.status is ChildStatus.RUNNING:
            gone_or_unseen(self.state, child, message.reason, message.detail, ctx, counted=False)
            self._advance(ctx)

    @receives(ChildFenced)
    def on_child_fenced(self, message: ChildFenced, ctx: Context) -> None:
        """A promised fence is in place."""
        child = self.state.children.get(message.child)
        if child is not None and child.fencing == message.incarnation:
            ctx.emit(FenceConfirmed(child.id, message.incarnation))

    # ------------------------------------------------------------------ timers

    @receives(RetryDue)
    def on_retry_due(self, message: RetryDue, ctx: Context) -> None:
        """A backoff is over."""
        child = self.state.children.get(message.child)
        if child is None or child.status is not ChildStatus.BACKING_OFF or message.attempt != child.attempt:
            return
        if self._is_to_begin():
            return
        if child.reviving:
            promise_start(self.state, child, ctx)
        elif self.state.phase is Phase.SUPERVISING:
            ctx.emit(ChildReady(child.id, forgiven=False))
        self._advance(ctx)

    @receives(QuietTimeOver)
    def on_quiet_time_over(self, message: QuietTimeOver, ctx: Context) -> None:
        """A given-up child has been quiet for long enough to be tried again."""
        child = self.state.children.get(message.child)
        if child is None or child.status is not ChildStatus.GIVEN_UP or message.attempt != child.attempt:
            return
        if self.state.phase is Phase.SUPERVISING:
            ctx.emit(ChildReady(child.id, forgiven=True))
            self._advance(ctx)

    @receives(GraceOver)
    def on_grace_over(self, message: GraceOver, ctx: Context) -> None:
        """A halted desk had its time to carry out the exit policy."""
        if self.state.phase is Phase.HALTING and message.life == self.state.life:
            ctx.emit(SupervisorEnding(ctx.address, self.state.ending))
            self._advance(ctx)

    # ------------------------------------------------------------------ commands

    @receives(Shutdown)
    def on_shutdown(self, message: Shutdown, ctx: Context) -> None:
        """Stop everything in reverse order; while it is ending already, nothing more is to be done."""
        if self._is_to_begin():
            ctx.emit(ShutdownNoted(self.life, message.by, message.reason))
        elif self.state.phase is Phase.SUPERVISING:
            ctx.emit(SupervisorEnding(message.by, message.reason))
            self._advance(ctx)

    @receives(AddChild)
    def on_add_child(self, message: AddChild, ctx: Context) -> None:
        """One more child, or a changed one; the same once more changes nothing."""
        spec = message.spec
        problems = (*child_problems(spec), *membership_problems(self.state.spec, spec))
        if problems or self._refuses(AddChild.__name__, spec.id, ctx):
            if problems:
                self._refuse(AddChild.__name__, spec.id, "; ".join(map(str, problems)), ctx)
            return
        child = self.state.children.get(spec.id)
        if child is None:
            ctx.emit(ChildAdded(spec, dynamic=True))
        elif child.spec != spec or child.removing:
            self._change(child, message, ctx)
        self._advance(ctx)

    @receives(RemoveChild)
    def on_remove_child(self, message: RemoveChild, ctx: Context) -> None:
        """Stop a child and forget it."""
        child = self._known(RemoveChild.__name__, message.child, ctx)
        if child is None or child.removing:
            return
        if child.alive or child.reviving:
            ctx.emit(ChildWithdrawn(child.id))
        else:
            remove(child, ctx)
        self._advance(ctx)

    @receives(RetryChild)
    def on_retry_child(self, message: RetryChild, ctx: Context) -> None:
        """Try a child again that is not running."""
        child = self._known(RetryChild.__name__, message.child, ctx)
        if child is None:
            return
        if child.status in _IDLE and not child.reviving:
            self._retry(child, ctx)
        else:
            problem = f"it is {child.status.value}; only a child that has ended is tried again"
            self._refuse(RetryChild.__name__, child.id, problem, ctx)

    @receives(RestartChild)
    def on_restart_child(self, message: RestartChild, ctx: Context) -> None:
        """Stop a child and start it afresh."""
        child = self._known(RestartChild.__name__, message.child, ctx)
        if child is None:
            return
        if child.removing:
            self._refuse(RestartChild.__name__, child.id, "it is being removed", ctx)
        elif child.status in _IDLE and not child.reviving:
            self._retry(child, ctx)
        elif child.alive and not child.replacing:
            ctx.emit(ChildReplacing(child.id, "asked to"))
            self._advance(ctx)

    # ------------------------------------------------------------------ helpers

    def _advance(self, ctx: Context) -> None:
        """Promise what is due, but nothing in the name of a life that is over."""
        if not self._is_to_begin():
            advance(self.state, ctx)

    def _is_to_begin(self) -> bool:
        """Whether this life has not begun: the discovery it begins with is not answered yet."""
        return self.state.phase is Phase.NEW or self.life > self.state.life

    def _change(self, child: ChildRecord, message: AddChild, ctx: Context) -> None:
        """Give a known child another spec, or keep one that was being removed."""
        undisturbed = child.spec == message.spec and child.status is ChildStatus.RUNNING
        ctx.emit(ChildAdded(message.spec, dynamic=True))
        if (child.alive or child.reviving) and not undisturbed and not child.replacing:
            ctx.emit(ChildReplacing(child.id, "its spec changed"))
        elif child.status in _IDLE and not child.reviving:
            self._retry(child, ctx)

    def _retry(self, child: ChildRecord, ctx: Context) -> None:
        forget_timers(child.id, ctx)
        ctx.emit(ChildReady(child.id, forgiven=True))
        self._advance(ctx)

    def _known(self, command: str, name: Address, ctx: Context) -> ChildRecord | None:
        """The child a command is about, if there is one and the supervisor still takes commands."""
        if self._refuses(command, name, ctx):
            return None
        child = self.state.children.get(name)
        if child is None:
            self._refuse(command, name, f"{ctx.address} has no such child", ctx)
        return child

    def _refuses(self, command: str, name: Address, ctx: Context) -> bool:
        """Refuse commands while the supervisor is leaving."""
        if self._is_to_begin() or self.state.phase is Phase.SUPERVISING:
            return False
        self._refuse(command, name, f"{ctx.address} is {self.state.phase.value}", ctx)
        return True

    def _refuse(self, command: str, name: Address, problem: str, ctx: Context) -> None:
        ctx.emit(CommandRefused(command, name, problem[:500]))
