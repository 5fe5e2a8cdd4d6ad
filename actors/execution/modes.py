"""The desk's mode as execution obeys it: risk's word, and the kill switch at once, before risk has confirmed it."""

from __future__ import annotations

from actors.base import Context
from actors.execution.account import plan_next, request_account
from actors.execution.acts import may_cancel
from actors.execution.cancelling import cancel_wished, cancel_working
from actors.execution.conditions import forget_personal
from actors.execution.external import accept_taken
from actors.execution.health import note_open_replaces
from actors.execution.memory import ExecutionMemory
from actors.execution.placing import release_waiting
from messages.control import Drain, Halt, Mode, ModeChanged, Resume, SessionStarted
from messages.order_events import DrainingSet, ExecutionModeSet
from messages.reasons import Reason


def on_halt(actor: ExecutionMemory, ctx: Context, halt: Halt) -> None:
    """HALTED from this moment, whatever risk still says; working orders are cancelled, protective ones stay."""
    state = actor.state
    ctx.emit(ExecutionModeSet(state.mode, state.mode_version, True, False))
    cancel_working(actor, ctx, Reason.HALTED)


def on_resume(actor: ExecutionMemory, ctx: Context, resume: Resume) -> None:
    """A person clears the kill switch: risk's next word on the mode counts again, and what waited for one is over."""
    state = actor.state
    if not resume.acknowledgement.strip():
        return
    forget_personal(actor, ctx)
    accept_taken(actor, ctx)
    if state.halt_unconfirmed:
        ctx.emit(ExecutionModeSet(state.mode, state.mode_version, True, True))


def on_mode_changed(actor: ExecutionMemory, ctx: Context, changed: ModeChanged) -> None:
    """Take risk's word, newer versions only. A milder word that may be older than the kill switch does not lift it."""
    state = actor.state
    if changed.version <= state.mode_version:
        return
    could_cancel, was_held = may_cancel(actor), actor.holds_placing
    confirmed = changed.mode.strictness >= Mode.HALTED.strictness or state.resume_seen
    unconfirmed = state.halt_unconfirmed and not confirmed
    ctx.emit(ExecutionModeSet(changed.mode, changed.version, unconfirmed, unconfirmed and state.resume_seen))
    if state.effective_mode is Mode.HALTED:
        cancel_working(actor, ctx, Reason.HALTED)
    if may_cancel(actor) and not could_cancel:
        cancel_wished(actor, ctx)
        # what was found open meanwhile and nobody wants was not cancelled: the account tells it again
        request_account(actor, ctx, Reason.RECONCILED)
    if was_held and not actor.holds_placing:
        release_waiting(actor, ctx)


def on_drain(actor: ExecutionMemory, ctx: Context, drain: Drain) -> None:
    """The session ends: what works and protects nothing is cancelled; nothing is placed that adds exposure or stays."""
    if not actor.state.draining:
        ctx.emit(DrainingSet(True))
        cancel_working(actor, ctx, Reason.DRAINING)


def on_session_started(actor: ExecutionMemory, ctx: Context, started: SessionStarted) -> None:
    """A session begins: placing goes on, and the account is compared from time to time, if that is set now.

    What an earlier session left open is told.
    """
    if actor.state.draining:
        ctx.emit(DrainingSet(False))
    note_open_replaces(actor, ctx)
    plan_next(actor, ctx)
