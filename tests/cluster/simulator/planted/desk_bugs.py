"""Planted bugs of what comes and goes: symbols, groups, budgets, money of another currency, others' orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from actors.base import Context
from actors.execution import account, external, reconciling
from actors.execution.memory import ExecutionMemory
from actors.operations.universe.actor import UniverseActor
from actors.operations.universe.memory import UniverseMemory
from actors.risk import engine
from actors.risk.checks.row import only_reducing, passed
from actors.risk.converting import Converter
from actors.risk.view import View
from actors.strategy import desk, entering, gates
from actors.strategy.actor import StrategyActor
from cluster.simulator.intake import SimulatedIntake
from messages.base import Effect
from messages.intents import CheckResult, OrderTerms
from messages.reasons import Reason
from messages.universe import LeaverReported, UniverseSet

Patch = pytest.MonkeyPatch


def mode_due_forgotten(patch: Patch) -> None:
    """After the store has lost history orders are placed before risk has told its mode anew."""
    remember = ExecutionMemory.remember_generation

    def careless(self: ExecutionMemory, event: Any) -> None:
        remember(self, event)
        self.state.mode_due = False

    patch.setattr(ExecutionMemory, "remember_generation", careless)


def external_end_raised_anew(patch: Patch) -> None:
    """The end of an order of others is as suspect as the order was, though a person has looked at it."""
    patch.setattr(external, "_is_known_end", lambda actor, activity: False)


def group_recovers_one_symbol(patch: Patch) -> None:
    """A recovered process folds the rows of one symbol of a group, and passes over the others."""

    def partial(self: SimulatedIntake, position: int) -> None:
        if self.feed is None:
            return
        first, observe = self.feed.symbol, self.machine.actor.observe
        self.feed.rebuild(lambda symbol, *row: symbol == first and observe(symbol, *row), position)

    patch.setattr(SimulatedIntake, "rebuild", partial)


def removed_symbol_still_trades(patch: Patch) -> None:
    """Strategies enter a symbol that is leaving."""
    kept = tuple(gate for gate in gates.ENTRY_GATES if gate is not gates._retiring)
    for module in (desk, entering):
        patch.setattr(module, "ENTRY_GATES", kept)


def universe_unknown_to_risk(patch: Patch) -> None:
    """Risk approves what is outside the universe; strategies alone keep to it."""
    patch.setattr(engine, "CHECKS", tuple(check for check in engine.CHECKS if check.name != "universe"))


def exits_of_a_leaving_symbol_refused(patch: Patch) -> None:
    """Risk lets nothing open a position outside the universe, though the exits of two strategies may have to."""

    def strict(view: View) -> CheckResult:
        if view.terms.symbol in view.state.outside:
            return only_reducing("universe", Reason.NOT_IN_UNIVERSE, view)
        return passed("universe")

    changed = tuple(
        each._replace(judge=strict) if each.name == "universe" else each for each in engine.CHECKS
    )
    patch.setattr(engine, "CHECKS", changed)


def snapshot_told_again_counts_anew(patch: Patch) -> None:
    """With each snapshot the universe takes a symbol for leaving since then: what it was told before is void."""
    remember = UniverseMemory._set

    def anew(self: UniverseMemory, event: UniverseSet) -> None:
        leaving = tuple(msgspec.structs.replace(each, version=event.version) for each in event.leaving)
        remember(self, msgspec.structs.replace(event, leaving=leaving))

    patch.setattr(UniverseMemory, "_set", anew)


def removed_before_it_is_flat(patch: Patch) -> None:
    """The strategy actor of a symbol that leaves is removed with the word of the first that holds nothing."""
    end = UniverseActor._end_if_flat

    def hasty(self: UniverseActor, symbol: str, ctx: Context) -> None:
        told = self.state.reported.get(symbol, {})
        for address in self._candidates[symbol].actors:
            if address not in told:
                ctx.emit(LeaverReported(symbol, address))
        end(self, symbol, ctx)

    patch.setattr(UniverseActor, "_end_if_flat", hasty)


def correction_counts_a_fill_twice(patch: Patch) -> None:
    """A difference is corrected at once, though the fill that makes it is still to be told."""
    patch.setattr(reconciling, "_may_explain", lambda actor, symbol: False)
    for module in (account, reconciling):
        patch.setattr(module, "ask_for_what_moved", lambda actor, ctx, symbols: None)


def budget_forgotten_on_restart(patch: Patch) -> None:
    """A restarted strategy has its configured budget again, whatever a person has set."""
    outstanding = StrategyActor.outstanding

    def fresh(self: StrategyActor) -> Sequence[Effect]:
        for each in self.state.strategies.values():
            each.budget = None
        return outstanding(self)

    patch.setattr(StrategyActor, "outstanding", fresh)


def conversion_cut_to_a_limit_is_sent(patch: Patch) -> None:
    """Half of a conversion is sent, and the order that it was for beside it, by a decision from before."""
    send = Converter._send_own
    sent: dict[int, Any] = {}

    def hasty(
        self: Converter, terms: OrderTerms, reason: Reason, ctx: Context, *, dry_run: bool = False
    ) -> Any:
        if reason is not Reason.CONVERSION:
            return send(self, terms, reason, ctx, dry_run=dry_run)
        if dry_run:
            sent[id(self)] = send(self, terms, reason, ctx)
        return sent[id(self)]

    patch.setattr(Converter, "_send_own", hasty)


DESK_BUGS = (
    mode_due_forgotten,
    external_end_raised_anew,
    group_recovers_one_symbol,
    removed_symbol_still_trades,
    universe_unknown_to_risk,
    exits_of_a_leaving_symbol_refused,
    snapshot_told_again_counts_anew,
    removed_before_it_is_flat,
    correction_counts_a_fill_twice,
    budget_forgotten_on_restart,
    conversion_cut_to_a_limit_is_sent,
)
