"""What is done about an account that differs from the books: looked at again, told, held against, or corrected.

A difference counts once it was the same at every look: while fills are under way positions move on both sides. A
correction is an entry of its own, made only where nothing is open that could still explain the difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from actors.base import Context
from actors.execution.acts import RISK
from actors.execution.conditions import end_condition, set_condition
from actors.execution.external import next_correction, take_from_holdings
from actors.execution.fills import request_fills
from actors.execution.memory import ExecutionMemory
from actors.execution.order import ZERO
from actors.execution.settings import ReconcilePolicy
from messages.account_events import PositionCorrected
from messages.control import Mode
from messages.intents import Side
from messages.reasons import Reason
from messages.venue_account import AccountResult

POSITIONS_DIFFER = "positions_differ"
NEGATIVE_BALANCE = "negative_balance"
"""Causes of conditions that risk is told of."""


def differences(actor: ExecutionMemory, theirs: dict[str, Decimal]) -> dict[str, Decimal]:
    """By how much the venue's positions differ from ours, signed base units by symbol.

    From the second look on only what differs by the same as before: the rest is moving.
    """
    ours, before = actor.state.positions, actor.state.at_venue.differences
    found = {}
    for symbol in sorted({*ours, *theirs}):
        by = theirs.get(symbol, ZERO) - ours.get(symbol, ZERO)
        if by and (not actor.state.account_looks or before.get(symbol) == by):
            found[symbol] = by
    return found


def ask_for_what_moved(actor: ExecutionMemory, ctx: Context, symbols: Iterable[str]) -> None:
    """A position that differs is one with fills that were not told, where the stream can't be read again.

    Where it can, it is late, and will tell them: then they are asked for only where a correction would be made in
    their place, which would count them twice.
    """
    venue, settings = actor.state.at_venue, actor.settings
    known = venue.base_time if venue.compared_at is None else venue.compared_at
    untold = not settings.traits.stream_resumes or settings.reconcile_policy is ReconcilePolicy.AUTO
    if untold and known is not None and not actor.state.account_looks:
        request_fills(actor, ctx, symbols, known)


def judge_positions(
    actor: ExecutionMemory, ctx: Context, moved: dict[str, Decimal], result: AccountResult
) -> list[str]:
    """Act on what still differs by the policy; what is left of it, in words."""
    policy = actor.settings.reconcile_policy
    found = []
    for symbol, by in moved.items():
        here = actor.state.positions.get(symbol, ZERO)
        if policy is ReconcilePolicy.AUTO and not _may_explain(actor, symbol):
            _correct(actor, ctx, symbol, by, result.time or ctx.now)
        else:
            found.append(f"position {symbol}: {here} here, {here + by} at the venue")
    if found and policy is ReconcilePolicy.STRICT:
        set_condition(actor, ctx, POSITIONS_DIFFER, Mode.REDUCE, "; ".join(found), person=True)
    return found


def judge_balances(actor: ExecutionMemory, ctx: Context, result: AccountResult) -> None:
    """A balance below zero is a debt nobody planned: the desk is reduced while it lasts."""
    debts = [f"{currency} {amount}" for currency, amount in sorted(result.balances.items()) if amount < 0]
    if debts:
        set_condition(actor, ctx, NEGATIVE_BALANCE, Mode.REDUCE, "balance " + ", ".join(debts))
    else:
        end_condition(actor, ctx, NEGATIVE_BALANCE)


def _may_explain(actor: ExecutionMemory, symbol: str) -> bool:
    """Whether something is open that the difference may come of: fills not listed yet, an order of unknown fate."""
    state = actor.state
    if state.stream_missing or symbol in state.at_venue.fills_due or symbol in state.frozen:
        return True
    return any(
        order.symbol == symbol and (order.fills_asked or order.filled != order.venue_filled)
        for order in state.live_orders()
    )


def _correct(actor: ExecutionMemory, ctx: Context, symbol: str, by: Decimal, time: int) -> None:
    """Set the account's position right, and then that of whose position it was."""
    before = actor.state.positions.get(symbol, ZERO)
    correction = PositionCorrected(
        next_correction(actor),
        actor.settings.venue,
        symbol,
        "",
        "",
        Side.BUY if by > 0 else Side.SELL,
        abs(by),
        None,
        True,
        Reason.RECONCILED,
        time,
    )
    ctx.emit(correction)
    ctx.send(RISK, correction)
    take_from_holdings(actor, ctx, symbol, by, before, None, time, Reason.RECONCILED)
