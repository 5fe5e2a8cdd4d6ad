"""Risk's journal read as a ledger: entries, tax lots, and what the books show at its end.

A journal is trimmed in time. What the books show then comes from risk's own snapshot, and is whole; entries and closed
lots reach back as far as the journal does. Files that are written in time keep them for good: `ledger_files`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from actors.risk.books.entries import Entry, Ledger
from actors.risk.books.statement import Statement, statement
from actors.risk.books.tax import TaxLot, closed_tax_lots, open_tax_lots
from actors.risk.state import RiskState
from cluster.observe.books import Books
from cluster.observe.snapshots import newest_sound, typed_state
from cluster.replaying.recorded import RecordedActor
from messages.errors import JournalCorruptError
from messages.portfolio import FillBooked, FundingBooked
from messages.transfers import TransferBooked


class LedgerReading(msgspec.Struct, frozen=True):
    """All that a journal tells of money. `since` is the desk time of its first record in ns UTC; None: it is whole."""

    state: RiskState
    entries: tuple[Entry, ...]
    fills: tuple[FillBooked, ...]
    payments: tuple[FundingBooked, ...]
    transfers: tuple[TransferBooked, ...]
    since: int | None

    def statement(self, day: str | None) -> Statement:
        """The statement of a day; of the present one by default. Raises `ConfigurationError` when it is not kept."""
        return statement(self.state, day)

    def tax_lots(self) -> Iterator[TaxLot]:
        """What was closed, in that order, then what is still open."""
        for fill in self.fills:
            yield from closed_tax_lots(fill)
        yield from open_tax_lots(self.state)

    def tells_all_since(self, begins_at: int | None) -> bool:
        """Whether nothing since this moment was trimmed away; None is the beginning of the desk."""
        return self.since is None or (begins_at is not None and self.since <= begins_at)


def read_ledger(risk: RecordedActor) -> LedgerReading:
    """Read risk's history. Raises `JournalCorruptError` when a record or every snapshot needed can't be read."""
    records = risk.records()
    books = Books()
    folded = 0
    is_whole = not records or records[0].step == 1
    if not is_whole:
        folded = _begin_from_snapshot(books, risk)
    ledger = Ledger()
    entries: list[Entry] = []
    fills: list[FillBooked] = []
    payments: list[FundingBooked] = []
    transfers: list[TransferBooked] = []
    for record in records:
        for event in record.events:
            if record.step > folded:
                books.apply(event, record.now)
            entries += ledger.post(event)
            if isinstance(event, FillBooked):
                fills.append(event)
            elif isinstance(event, FundingBooked):
                payments.append(event)
            elif isinstance(event, TransferBooked):
                transfers.append(event)
    since = None if is_whole else records[0].now
    return LedgerReading(books.state, tuple(entries), tuple(fills), tuple(payments), tuple(transfers), since)


def _begin_from_snapshot(books: Books, risk: RecordedActor) -> int:
    """Take the books from the newest snapshot that can be read; the step it was made at."""
    opened = newest_sound(risk.address, risk.snapshots)
    state = None if opened is None else typed_state(risk.address, opened.content)
    if opened is None or not isinstance(state, RiskState):
        raise JournalCorruptError(
            "the journal's beginning was trimmed away and no snapshot can be read",
            field=risk.address,
            remedy="restore the store from its backup",
        )
    books.adopt(state)
    return opened.position.step
