"""The venue's dead-man switch: it cancels what works there unless it hears from us within a countdown.

Armed as soon as a symbol has something to be cancelled, started anew at a third of the countdown, so that two
requests may be lost, and stopped at such a moment if nothing works any more. A symbol on which nothing works stays
armed while others do: its next order must not meet the end of a forgotten countdown. Conditional orders stay: they
protect.
"""

from __future__ import annotations

from actors.base import Context
from actors.execution.memory import ExecutionMemory
from messages.account_setup import DeadManAnswered, DeadManAsked, DeadManDue, DeadManLost
from messages.venue import Outcome
from messages.venue_account import ArmDeadMan, DeadManResult

_RENEWALS = 3
"""How often the countdown is started anew in its own length."""


def is_used(actor: ExecutionMemory) -> bool:
    """Whether the venue has one and it is wanted."""
    settings = actor.settings
    return settings.dead_man_ns is not None and settings.traits.dead_man_switch and settings.writes


def outstanding(actor: ExecutionMemory) -> list[ArmDeadMan]:
    """The request whose answer is awaited."""
    dead_man = actor.state.at_venue.dead_man
    if dead_man.asked_at is None or not is_used(actor):
        return []
    return [ArmDeadMan(actor.settings.venue, dead_man.wanted, dead_man.countdown)]


def review(actor: ExecutionMemory, ctx: Context) -> None:
    """After any input: arm a symbol that has its first order that is to go when nobody looks after it.

    The others are left to their next renewal: each request costs as much as there are symbols in it.
    """
    dead_man = actor.state.at_venue.dead_man
    if dead_man.asked_at is not None:
        return
    first = tuple(symbol for symbol in _wanted(actor) if symbol not in dead_man.armed)
    if first:
        _ask(actor, ctx, first, actor.settings.dead_man_ns or 0)


def on_due(actor: ExecutionMemory, ctx: Context) -> None:
    """Start the countdown anew where something works; stop it where nothing does."""
    dead_man = actor.state.at_venue.dead_man
    if not is_used(actor) or dead_man.asked_at is not None:
        return
    if _wanted(actor):
        _renew(actor, ctx)
    elif dead_man.armed:
        _ask(actor, ctx, tuple(dead_man.armed), 0)


def on_result(actor: ExecutionMemory, ctx: Context, result: DeadManResult) -> None:
    """The end of a request: kept, or tried again soon; a person is called when it can't be kept."""
    settings, dead_man = actor.settings, actor.state.at_venue.dead_man
    if dead_man.asked_at is None or settings.dead_man_ns is None:
        return
    taken = result.outcome is Outcome.ACCEPTED
    ctx.emit(DeadManAnswered(result.symbols if taken else None, ctx.now))
    interval = settings.dead_man_ns // _RENEWALS
    if not dead_man.failures:
        if not dead_man.armed:
            ctx.cancel_timer("dead-man")
        elif dead_man.renewed_all:
            ctx.after(interval, DeadManDue(), key="dead-man")
        return
    ctx.after(max(1, interval // _RENEWALS), DeadManDue(), key="dead-man")
    kept_until = dead_man.kept_until
    runs_out = kept_until is not None and ctx.now >= kept_until - interval // _RENEWALS
    never_armed = kept_until is None and dead_man.failures >= _RENEWALS
    if dead_man.countdown and not dead_man.lost and (runs_out or never_armed):
        ctx.emit(DeadManLost(dead_man.wanted, dead_man.failures, ctx.now))


def _renew(actor: ExecutionMemory, ctx: Context) -> None:
    symbols = sorted({*actor.state.at_venue.dead_man.armed, *_wanted(actor)})
    _ask(actor, ctx, tuple(symbols), actor.settings.dead_man_ns or 0)


def _ask(actor: ExecutionMemory, ctx: Context, symbols: tuple[str, ...], countdown: int) -> None:
    ctx.emit(DeadManAsked(symbols, countdown, ctx.now))
    ctx.perform(ArmDeadMan(actor.settings.venue, symbols, countdown))


def _wanted(actor: ExecutionMemory) -> tuple[str, ...]:
    """The symbols with orders that may be at the venue and are to go when nobody looks after them."""
    symbols = {
        order.symbol
        for order in actor.state.live_orders()
        if not order.conditional and not order.terminal and order.retry_at is None
    }
    return tuple(sorted(symbols))
