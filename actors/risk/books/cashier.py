"""The part of the risk actor that books money from outside, as the venue tells it or an operator records it."""

from __future__ import annotations

from actors.base import Context, applies, receives
from actors.risk import modes
from actors.risk.books.transfers import book_transfer, booking_of_transfer, is_transferred
from actors.risk.corrections import Corrector
from actors.risk.ledger import rate_of
from messages.modes import ModeSource
from messages.reasons import Reason
from messages.transfers import RecordTransfer, Transfer, TransferBooked, TransferRefused


class Cashier(Corrector):
    """Deposits, withdrawals, transfers; see the module's docstring."""

    @receives(Transfer)
    def on_transfer(self, told: Transfer, ctx: Context) -> None:
        """Book what the venue told, once."""
        if not is_transferred(self.state, told.venue, told.transfer_id):
            self._book_transfer(told, "", told.kind, ctx)

    @receives(RecordTransfer)
    def on_record_transfer(self, told: RecordTransfer, ctx: Context) -> None:
        """Book what an operator says was moved, once.

        Not before the account was found: what was moved until then is contained in what will be found there.
        """
        transfer_id = told.transfer_id or ctx.message_id
        account = self.state.accounts.get(told.venue)
        reason = None
        if account is None or not account.opened:
            reason = Reason.ACCOUNT_NOT_OPEN
        elif is_transferred(self.state, told.venue, transfer_id):
            reason = Reason.TRANSFER_KNOWN
        elif not told.amount.is_finite() or not told.amount or not told.currency:
            reason = Reason.INTENT_MALFORMED
        if reason is not None:
            ctx.emit(TransferRefused(transfer_id, told.venue, told.by, reason, ctx.now))
            return
        moved = Transfer(transfer_id, told.venue, told.currency, told.amount, "recorded", ctx.now)
        self._book_transfer(moved, told.by, told.note, ctx)

    def _book_transfer(self, told: Transfer, by: str, note: str, ctx: Context) -> None:
        base = self._settings.base_currency
        raised: dict[str, ModeSource] = {}
        if rate_of(self.state, told.currency, base) is None and told.amount:
            name = modes.FEE_CONVERSION + told.currency
            raised[name] = modes.reducing(f"no rate for transfer {told.transfer_id}", ctx.now)
        ctx.emit(booking_of_transfer(self.state, told, by, note, base, ctx.now))
        capital = self.state.capital.capital
        if capital is not None and capital < 0 and told.amount < 0:
            text = f"transfer {told.transfer_id} took more than capital and treasury"
            raised[modes.CAPITAL] = modes.reducing(text, ctx.now)
        self._judge(ctx, "transfer", raised=raised)

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(TransferBooked)
    def remember_transfer(self, event: TransferBooked) -> None:
        """Book a transfer."""
        book_transfer(self.state, event)

    @applies(TransferRefused)
    def note_refused_transfer(self, event: TransferRefused) -> None:
        """For the journal's readers only."""
