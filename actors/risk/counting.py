"""The part of the risk actor that counts its pace where a limit asks for it: entries, fills, refused orders."""

from __future__ import annotations

from actors.base import Context, applies
from actors.risk.activity import count_entry, count_error, count_fill
from actors.risk.control import ModeKeeper
from actors.risk.pacing import entry_of, error_of, fill_of
from messages.intents import Verdict
from messages.orders import OrderReport
from messages.pace import EntryCounted, ErrorCounted, FillCounted
from messages.portfolio import FillBooked, IntentDecided


class PaceKeeper(ModeKeeper):
    """Counts; see the module's docstring."""

    def _count_entry(self, event: IntentDecided, ctx: Context) -> None:
        """A decision was made: what may increase exposure uses a slot, a rejected intent none."""
        counts = event.increases_exposure and event.verdict is not Verdict.REJECTED
        if counts and self._engine.counts(self.state):
            ctx.emit(entry_of(event, self._limits))

    def _count_fill(self, event: FillBooked, ctx: Context) -> None:
        """A fill was booked."""
        if self._engine.counts(self.state):
            ctx.emit(fill_of(self.state, event))

    def _count_error(self, report: OrderReport, ctx: Context) -> None:
        """An intent's order was reported on."""
        counted = error_of(report, ctx.now)
        if counted is not None and self._engine.counts(self.state):
            ctx.emit(counted)

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(EntryCounted)
    def remember_entry(self, event: EntryCounted) -> None:
        """Count an entry."""
        count_entry(self.state.activity, event, self.state.day_ends_at)

    @applies(FillCounted)
    def remember_pace_of_fill(self, event: FillCounted) -> None:
        """Count a fill."""
        count_fill(self.state.activity, event)

    @applies(ErrorCounted)
    def remember_error(self, event: ErrorCounted) -> None:
        """Count a refused order."""
        count_error(self.state.activity, event)
