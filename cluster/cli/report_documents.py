"""What `raydesk report` prints with `--json`: a day in the books, to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from actors.risk.books.capital import deployable
from actors.risk.books.statement import Bridge, Statement
from actors.risk.books.worth import worth
from actors.risk.facts import drawdown
from actors.risk.state import RiskState
from messages.intents import Side
from messages.modes import DrawdownState

if TYPE_CHECKING:
    from cluster.observe.ledger import LedgerReading


class BridgeEntry(msgspec.Struct, frozen=True):
    """From one NAV to the next: start + deposits + profit - costs = end.

    profit = realised + unrealised + revalued; costs = fees - funding. `difference` is what no part explains: 0.
    """

    start: Decimal
    deposits: Decimal
    realised: Decimal
    unrealised: Decimal
    revalued: Decimal
    profit: Decimal
    fees: Decimal
    funding: Decimal
    costs: Decimal
    end: Decimal
    difference: Decimal


class ListingEntry(msgspec.Struct, frozen=True):
    """What one listing had to do with the day: profit before fees by average cost, by lots; fees; funding."""

    listing: str
    realised: Decimal
    fifo: Decimal
    fees: Decimal
    funding: Decimal


class HeldEntry(msgspec.Struct, frozen=True):
    """What was held at the end: base units; money in base currency. null is "not known"."""

    listing: str
    quantity: Decimal
    cost: Decimal | None
    fifo_cost: Decimal | None
    value: Decimal | None


class FillEntry(msgspec.Struct, frozen=True):
    """One fill, at desk time (ns UTC); price in quote currency, `realised` (by average cost) in base currency."""

    time: int
    fill_id: str
    venue: str
    symbol: str
    strategy: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    realised: Decimal


class PaymentEntry(msgspec.Struct, frozen=True):
    """One payment of funding, received (above 0) or paid; `value` is in base currency."""

    time: int
    payment_id: str
    venue: str
    symbol: str
    amount: Decimal
    currency: str
    value: Decimal | None


class TransferEntry(msgspec.Struct, frozen=True):
    """Money that came from outside (above 0) or went there: told by the venue, or recorded by an operator (`by`).

    `value` is its worth in base currency at `rate`, that of its time; null when nobody had said.
    """

    time: int
    transfer_id: str
    venue: str
    amount: Decimal
    currency: str
    rate: Decimal | None
    value: Decimal | None
    by: str
    note: str


class StandingEntry(msgspec.Struct, frozen=True):
    """How the desk stands now, whatever the day asked for. Money in base currency; null is "not known".

    `venues` add up to `nav`; `aum` is `nav` and what is held elsewhere. Anchors and `peak` are moved by deposits.
    `rates` are what currencies count now. `capital` and `treasury` are those of self-financing, as of its last
    checkpoint; `deployable` is what buys may still cost: cash less open buys, `risk.min_cash_reserve` and the treasury.
    """

    nav: Decimal | None
    venues: dict[str, Decimal | None]
    off_exchange: dict[str, Decimal | None]
    aum: Decimal | None
    rates: dict[str, Decimal]
    day_anchor: Decimal | None
    week: str
    week_anchor: Decimal | None
    peak: Decimal | None
    drawdown: Decimal | None
    drawdown_state: DrawdownState
    capital: Decimal | None
    treasury: Decimal
    deployable: Decimal | None


class FileEntry(msgspec.Struct, frozen=True):
    """A file that was written, and how many rows it has now."""

    file: str
    rows: int


class ReportDocument(msgspec.Struct, frozen=True):
    """`raydesk report`. Times in ns UTC; `begins_at` is null for the desk's first day.

    `average` and `fifo` are the same day by average cost and by lots; null while NAV is not known. `whole` is false
    when parts of the day are gone from the journal: then `fills`, `payments` and `transfers` reach back to
    `journal_since` only.
    """

    desk: str
    currency: str
    day: str
    begins_at: int | None
    ends_at: int
    ended: bool
    average: BridgeEntry | None
    fifo: BridgeEntry | None
    listings: tuple[ListingEntry, ...]
    positions: tuple[HeldEntry, ...]
    fills: tuple[FillEntry, ...]
    payments: tuple[PaymentEntry, ...]
    transfers: tuple[TransferEntry, ...]
    whole: bool
    journal_since: int | None
    files: tuple[FileEntry, ...]
    now: StandingEntry

    @property
    def sound(self) -> bool:
        """Whether every part is explained."""
        return not any(bridge is not None and bridge.difference for bridge in (self.average, self.fifo))


def report_document(
    desk: str,
    currency: str,
    reading: LedgerReading,
    day: str | None,
    files: tuple[FileEntry, ...],
    off_exchange: Mapping[str, Decimal],
    min_cash_reserve: Decimal,
) -> ReportDocument:
    """The document of a day; of the present one by default. Raises `ConfigurationError` when it is not kept."""
    told = reading.statement(day)
    return ReportDocument(
        desk=desk,
        currency=currency,
        day=told.day,
        begins_at=told.begins_at,
        ends_at=told.ends_at,
        ended=told.ended,
        average=_bridge(told.average),
        fifo=_bridge(told.fifo),
        listings=tuple(
            ListingEntry(listing, each.realised, each.fifo, each.fees, each.funding)
            for listing, each in told.listings.items()
        ),
        positions=tuple(
            HeldEntry(listing, each.position, each.cost, each.lots_cost, each.value)
            for listing, each in told.positions.items()
        ),
        fills=tuple(
            FillEntry(
                each.time,
                each.fill_id,
                each.venue,
                each.symbol,
                each.strategy,
                each.side,
                each.quantity,
                each.price,
                each.fee,
                each.fee_currency,
                each.desk.realised,
            )
            for each in reading.fills
            if _is_of(told, each.time)
        ),
        payments=tuple(
            PaymentEntry(
                each.time,
                each.payment_id,
                each.venue,
                each.symbol,
                each.amount,
                each.currency,
                each.value,
            )
            for each in reading.payments
            if _is_of(told, each.time)
        ),
        transfers=tuple(
            TransferEntry(
                each.time,
                each.transfer_id,
                each.venue,
                each.amount,
                each.currency,
                each.rate,
                each.value,
                each.by,
                each.note,
            )
            for each in reading.transfers
            if _is_of(told, each.time)
        ),
        whole=reading.tells_all_since(told.begins_at),
        journal_since=reading.since,
        files=files,
        now=_standing(reading.state, currency, off_exchange, min_cash_reserve),
    )


def _standing(
    state: RiskState, currency: str, off_exchange: Mapping[str, Decimal], min_cash_reserve: Decimal
) -> StandingEntry:
    found = worth(state, currency, off_exchange)
    return StandingEntry(
        nav=found.nav,
        venues=found.venues,
        off_exchange=found.off_exchange,
        aum=found.aum,
        rates=dict(state.rates),
        day_anchor=state.day_anchor,
        week=state.week,
        week_anchor=state.week_anchor,
        peak=state.peak,
        drawdown=drawdown(state),
        drawdown_state=state.drawdown_state,
        capital=state.capital.capital,
        treasury=state.capital.treasury,
        deployable=deployable(state, min_cash_reserve),
    )


def _is_of(told: Statement, time: int) -> bool:
    return (told.begins_at is None or time >= told.begins_at) and time < told.ends_at


def _bridge(bridge: Bridge | None) -> BridgeEntry | None:
    if bridge is None:
        return None
    return BridgeEntry(
        start=bridge.start,
        deposits=bridge.deposits,
        realised=bridge.realised,
        unrealised=bridge.unrealised,
        revalued=bridge.revalued,
        profit=bridge.profit,
        fees=bridge.fees,
        funding=bridge.funding,
        costs=bridge.costs,
        end=bridge.end,
        difference=bridge.difference,
    )
