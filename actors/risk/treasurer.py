"""The part of the risk actor that carries treasury operations out, by command or when a policy's time has come.

Closings are pursued like those of `flatten`, by `closing`. A sweep's orders are intents of risk's own: they pass the
checks that a strategy's pass, are reserved like them, and belong to no strategy's book but `treasury`.
"""

from __future__ import annotations

import msgspec

from actors.base import Context, applies, receives
from actors.risk.answers import approved_terms, decided
from actors.risk.books.rating import Rater
from actors.risk.decision import Decision
from actors.risk.limits import SECOND, listing_id
from actors.risk.treasury import Excess, Purchase, purges, sweeps, trims
from messages.control import Mode
from messages.intents import (
    OrderIntent,
    OrderTerms,
    OrderType,
    Purpose,
    Side,
    SubmitOrder,
    TimeInForce,
    Verdict,
)
from messages.reasons import Reason
from messages.treasury import (
    TreasuryCommand,
    TreasuryLine,
    TreasuryOperation,
    TreasuryOutcome,
    TreasuryReviewed,
    TreasuryScheduled,
)

TREASURY = "treasury"
"""The strategy id of what sweeps buy."""

_DEADLINE = 5 * SECOND
_BEGUN, _PLANNED, _LEFT = TreasuryOutcome.BEGUN, TreasuryOutcome.PLANNED, TreasuryOutcome.LEFT


class Treasurer(Rater):
    """Sweeps, purges and trims; see the module's docstring."""

    @receives(TreasuryCommand)
    def on_treasury(self, command: TreasuryCommand, ctx: Context) -> None:
        """Carry an operation out now, all of it."""
        self._review(
            ctx, command.operation, command.by, ctx.message_id, command.venue, dry_run=command.dry_run
        )

    def _take_turn(self, ctx: Context) -> None:
        """A policy's time has come; the first comes a whole turn after the start, when everything has its mark.

        Not while the desk is halted or its worth is not known.
        """
        settings, mode = self._settings.treasury, self.state.mode
        if settings.every is None or self.state.nav is None or mode in (Mode.HALTED, Mode.OBSERVE):
            return
        is_first = not self.state.treasury_at
        ctx.emit(TreasuryScheduled(ctx.now + settings.every))
        if is_first:
            return
        for operation in settings.automatic:
            if operation is not TreasuryOperation.SWEEP or mode is Mode.NORMAL:
                self._review(ctx, operation, "policy", "", None, dry_run=False, most=settings.purge_most)

    def _review(
        self,
        ctx: Context,
        operation: TreasuryOperation,
        by: str,
        command_id: str,
        venue: str | None,
        *,
        dry_run: bool,
        most: int | None = None,
    ) -> None:
        state, instruments, settings = self.state, self._instruments, self._settings.treasury
        if operation is TreasuryOperation.SWEEP:
            lines = [
                self._buy(one, ctx, dry_run=dry_run) for one in sweeps(state, instruments, settings, venue)
            ]
        elif operation is TreasuryOperation.PURGE:
            found = purges(state, instruments, settings, venue)
            lines = self._close(found, by, ctx, dry_run=dry_run, most=most)
        else:
            found = trims(state, instruments, self._engine.book(state), settings, venue)
            lines = self._close(found, by, ctx, dry_run=dry_run)
        if lines or command_id:
            ctx.emit(TreasuryReviewed(command_id, operation, by, dry_run, tuple(lines), ctx.now))

    # --- what is held -----------------------------------------------------------------------------------------

    def _close(
        self, found: list[Excess], by: str, ctx: Context, *, dry_run: bool, most: int | None = None
    ) -> list[TreasuryLine]:
        lines: list[TreasuryLine] = []
        begun = 0
        for excess in found:
            line = excess.line
            if line.outcome is _PLANNED and (most is None or begun < most):
                begun += 1
                if not dry_run:
                    self._start_flatten(excess.listing, by, ctx, keep=excess.keep, reason=line.reason)
                    line = msgspec.structs.replace(line, outcome=_BEGUN)
            lines.append(line)
        return lines

    # --- idle cash --------------------------------------------------------------------------------------------

    def _buy(self, purchase: Purchase, ctx: Context, *, dry_run: bool) -> TreasuryLine:
        """Let risk's checks decide on one order of a sweep, and send it."""
        line = purchase.line
        if purchase.worst_price is None or line.quantity is None:
            return line
        terms = OrderTerms(
            symbol=line.subject,
            venue=line.venue,
            side=Side.BUY,
            quantity=line.quantity,
            order_type=OrderType.MARKET,
            worst_price=purchase.worst_price,
            deadline=ctx.now + _DEADLINE,
            time_in_force=TimeInForce.IOC,
            purpose=Purpose.SWEEP,
        )
        decision, intent_id = self._send_own(terms, line.reason, ctx, dry_run=dry_run)
        if decision.verdict is Verdict.REJECTED:
            return msgspec.structs.replace(line, outcome=_LEFT, reason=decision.reason)
        line = msgspec.structs.replace(line, quantity=decision.quantity)
        if intent_id is None:
            return line
        return msgspec.structs.replace(line, outcome=_BEGUN, intent_id=intent_id)

    def _send_own(
        self, terms: OrderTerms, reason: Reason, ctx: Context, *, dry_run: bool = False
    ) -> tuple[Decision, str | None]:
        """Decide on an order of risk's own as on any intent, and send it; its intent id, None where it is not sent."""
        state, instrument = self.state, self._instruments[listing_id(terms.venue, terms.symbol)]
        intent = OrderIntent(TREASURY, terms, None, reason.value)
        decision = self._check(intent, ctx)
        if decision.verdict is Verdict.REJECTED or dry_run:
            return decision, None
        intent_id, version = ctx.next_message_id(), state.version
        told = decision
        if decision.reason is Reason.ACCEPTED:
            told = msgspec.structs.replace(decision, reason=reason)
        judged_by = state.limit_version
        event = decided(
            intent, intent_id, self.address, intent_id, told, instrument, version, ctx.now, judged_by
        )
        ctx.emit(event)
        self._count_entry(event, ctx)
        approved, increases = approved_terms(intent, decision), decision.increases_exposure
        order = SubmitOrder(intent_id, self.address, TREASURY, approved, version, increases)
        ctx.send(f"execution/{terms.venue}", order)
        return decision, intent_id

    def _check(self, intent: OrderIntent, ctx: Context) -> Decision:
        """Judge an intent as the portfolio stands."""
        raise NotImplementedError

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(TreasuryScheduled)
    def remember_turn(self, event: TreasuryScheduled) -> None:
        """When the policies have their next turn."""
        self.state.treasury_at = event.next_at

    @applies(TreasuryReviewed)
    def note_review(self, event: TreasuryReviewed) -> None:
        """For the journal's readers only."""
