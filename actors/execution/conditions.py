"""What execution found about its venue and risk must know as a source of the desk's mode: told when it changes."""

from __future__ import annotations

from actors.base import Context
from actors.execution.acts import RISK
from actors.execution.memory import ExecutionMemory
from messages.account_events import ConditionSet, VenueCondition
from messages.control import Mode


def set_condition(
    actor: ExecutionMemory, ctx: Context, cause: str, mode: Mode, detail: str, *, person: bool = False
) -> None:
    """Tell risk of a condition, unless it stands already in this mode."""
    known = actor.state.at_venue.conditions.get(cause)
    if known is None or known.mode is not mode:
        tell_condition(actor, ctx, cause, mode, detail, person=person)


def tell_condition(
    actor: ExecutionMemory, ctx: Context, cause: str, mode: Mode, detail: str, *, person: bool = False
) -> None:
    """Tell risk of a condition, whether it stands already or not: from now on it is as of now."""
    ctx.emit(ConditionSet(cause, mode, detail, person, ctx.now))
    ctx.send(RISK, VenueCondition(actor.settings.venue, cause, mode, detail, person))


def end_condition(actor: ExecutionMemory, ctx: Context, cause: str) -> None:
    """Tell risk that a condition is over; nothing for one that does not stand, or waits for a person."""
    known = actor.state.at_venue.conditions.get(cause)
    if known is not None and not known.person:
        ctx.emit(ConditionSet(cause, Mode.NORMAL, "", False, ctx.now))
        ctx.send(RISK, VenueCondition(actor.settings.venue, cause, Mode.NORMAL, ""))


def forget_personal(actor: ExecutionMemory, ctx: Context) -> None:
    """A person has looked, and cleared what waited for it at risk: what is found from now on is news again."""
    for cause, known in list(actor.state.at_venue.conditions.items()):
        if known.person:
            ctx.emit(ConditionSet(cause, Mode.NORMAL, "", False, ctx.now))
