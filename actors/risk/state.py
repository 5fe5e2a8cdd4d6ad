"""What the risk actor remembers: accounts, holdings, marks, reservations, mode sources, anchors. Plain fields only.

It changes by the events of `messages.portfolio`, in the functions of `ledger`, `exposure` and `reservations`.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.risk.activity import Activity
from actors.risk.adaptation import AdaptationState
from actors.risk.allocation import AllocationState
from actors.risk.samples import ReturnSamples
from messages.account_events import PositionCorrected
from messages.anomalies import Anomaly
from messages.base import Address
from messages.control import Mode
from messages.intents import OrderIntent, Purpose, Side
from messages.modes import DrawdownState, ModeSource
from messages.reasons import Reason
from messages.venue_account import PositionMargin

ZERO = Decimal(0)
ONE = Decimal(1)

CLOSED_REMEMBERED = 1_000
"""Ended intents kept with the ids of their fills, for late news and against doubles; see `ledger`."""


PAYMENTS_REMEMBERED = 1_000
"""Payments of funding kept by their ids for each account, against doubles."""

TRANSFERS_REMEMBERED = 1_000
"""Deposits, withdrawals and transfers kept by their ids for each account, against doubles."""

DAYS_KEPT = 3
"""Days whose beginnings are kept: the present one, and those whose statements can still be asked for."""


class Book(msgspec.Struct, kw_only=True):
    """A position with what it cost. `position` and `cost` are signed; money is in base currency.

    `cost` is None for a position that was there before the desk and has no price yet. `open_fees` are the fees
    paid for what is held; `realised` is profit before fees, `net` the profit of what was closed after its fees,
    entry and exit; `fees` are all fees paid, `funding` what was received for holding it (negative: paid).
    """

    position: Decimal = ZERO
    cost: Decimal | None = ZERO
    open_fees: Decimal = ZERO
    realised: Decimal = ZERO
    net: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO


class Lot(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one fill opened and nothing has closed yet: units, and what they were worth then (base currency, unsigned).

    `time` is desk time in ns UTC; `fill_id` is empty and `time` None for what was there before its fills were known.
    """

    fill_id: str
    time: int | None
    quantity: Decimal
    value: Decimal


class Holding(Book, kw_only=True):
    """The account's book of one listing, with what is reserved for its open orders.

    One unit of quantity has `multiplier` base units, one unit of the quote currency is worth `rate` in base currency.
    `orders` counts those that are open, stops that only protect left out. `buys` and `sells` are the quantities that
    may still be filled, `buys_value` and `sells_value` the same at the prices they are reserved at. `exposure` is the
    value at risk under the worst fate of those orders, `value` the position at its mark (None: held, but never marked);
    both are kept up to date by `exposure.refresh`. `lots` are what the position is made of, the oldest first, `fifo`
    the profit before fees by them; see `books.lots`.
    """

    venue: str
    symbol: str
    multiplier: Decimal
    orders: int = 0
    buys: Decimal = ZERO
    buys_value: Decimal = ZERO
    sells: Decimal = ZERO
    sells_value: Decimal = ZERO
    exposure: Decimal = ZERO
    value: Decimal | None = ZERO
    rate: Decimal = ONE
    fifo: Decimal = ZERO
    lots: list[Lot] = []


class StrategyHolding(Book, kw_only=True):
    """The part of a listing that belongs to one strategy; `holder` is the actor that hears of its fills."""

    strategy: str
    venue: str
    symbol: str
    holder: Address


class Reservation(msgspec.Struct, kw_only=True, gc=False):
    """What was approved for one intent and may still be filled, each unit at `unit_value` (base currency).

    `booked` is what was filled, `final_filled` what execution says will have been filled in the end. `flattening`
    marks an order by which risk itself closes a position. `fills` are the ids of its fills. Not `counted`: it can't
    increase exposure whatever else is filled, as the venue holds it to that. `resting_price` is the farthest at which
    it may rest in the book, None where it does not.
    """

    requester: Address
    strategy: str
    listing: str
    side: Side
    quantity: Decimal
    unit_value: Decimal
    submit_id: str
    flattening: bool = False
    booked: Decimal = ZERO
    final_filled: Decimal | None = None
    fills: dict[str, None] = {}
    counted: bool = True
    resting_price: Decimal | None = None
    purpose: Purpose = Purpose.ENTRY

    @property
    def remaining(self) -> Decimal:
        """What may still be filled."""
        left = self.quantity - self.booked
        return ZERO if left < ZERO else left


class Account(msgspec.Struct):
    """The balances of one venue account by currency; `opened` once it was found as it is at the venue.

    `payments` are the ids of the latest payments of funding that were booked, `transfers` those of money from outside.
    `unvalued` is what came from outside in currencies that had no rate yet. `margins` are what the venue said last of
    its positions, by symbol; empty where it has no margin.
    """

    balances: dict[str, Decimal] = {}
    opened: bool = False
    payments: dict[str, None] = {}
    transfers: dict[str, None] = {}
    unvalued: dict[str, Decimal] = {}
    margins: dict[str, PositionMargin] = {}


class KnownMark(msgspec.Struct, frozen=True, gc=False):
    """The latest bid and ask of a symbol, seen at desk time `time`."""

    bid: Decimal
    ask: Decimal
    time: int


class Flattening(msgspec.Struct):
    """A listing that is being closed: how often it was tried; the rest as in `messages.flattening.FlattenStarted`."""

    by: str
    attempts: int = 0
    part: Decimal | None = None
    stages: int = 1
    every: int = 0
    keep: Decimal = ZERO
    reason: Reason = Reason.OPERATOR


class Converting(msgspec.Struct, frozen=True):
    """An intent that waits for the money it is to be paid with; `leg_id` is the intent that gets it."""

    intent: OrderIntent
    requester: Address
    leg_id: str


class Totals(msgspec.Struct):
    """Sums over all holdings, kept with each change; `exposure.recompute` gives the same from scratch.

    `cash` are the balances of all accounts that have a rate, in base currency; `value` the positions at their marks;
    `exposure` the worst fates of all listings; `buys_value` what open buys may cost. `active` are the listings with a
    position or an open order, `unvalued` those held without a mark.
    """

    cash: Decimal = ZERO
    value: Decimal = ZERO
    exposure: Decimal = ZERO
    buys_value: Decimal = ZERO
    active: dict[str, None] = {}
    unvalued: dict[str, None] = {}


class ListingFigures(msgspec.Struct, frozen=True, array_like=True):
    """A listing in the books: what it has made since the desk began, and what is held; base currency.

    `realised` is profit before fees by average cost, `fifo` by lots; `fees` were paid, `funding` received. `position`
    in base units; `cost` and `lots_cost` are what it has cost by either way, `value` its worth at the mark.
    """

    realised: Decimal = ZERO
    fifo: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    position: Decimal = ZERO
    cost: Decimal | None = ZERO
    lots_cost: Decimal | None = ZERO
    value: Decimal | None = ZERO


class Figures(msgspec.Struct, frozen=True):
    """What the books show at one moment, in base currency; None is "not known". Sums since the desk began.

    `unrealised` is by average cost, `unrealised_fifo` by lots.
    """

    nav: Decimal | None
    cash: Decimal
    deposits: Decimal
    realised: Decimal
    fifo: Decimal
    unrealised: Decimal | None
    unrealised_fifo: Decimal | None
    fees: Decimal
    funding: Decimal
    revalued: Decimal
    listings: dict[str, ListingFigures]


class DayOpening(msgspec.Struct, frozen=True):
    """A day and what the books showed when it began. Times in ns UTC; `begins_at` is None for the desk's first day."""

    day: str
    begins_at: int | None
    ends_at: int
    figures: Figures


class Capital(msgspec.Struct, frozen=True):
    """What the desk trades with and what is set aside, as of the last checkpoint; `capital` is None before the first.

    `realised` is the profit it was made of, after costs, `events` the bookings behind that.
    """

    capital: Decimal | None = None
    treasury: Decimal = ZERO
    realised: Decimal = ZERO
    events: int = 0


class Sign(msgspec.Struct, frozen=True, gc=False):
    """What an input showed at desk time `time` (ns UTC)."""

    sign: Anomaly
    time: int


class Degrade(msgspec.Struct):
    """How far the desk trades less because of anomalies; see `anomalies`.

    `found` is the level that looks led to, `manual` the one an operator asks for; `factor` is what the stricter of
    them makes of sizes. `until` is when the level may fall, `watched_at` the last look (desk time, ns UTC). `active`
    are the anomalies of that look, `signs` those that inputs have shown, the latest last, by name.
    """

    found: int = 0
    manual: int = 0
    factor: Decimal = ONE
    until: int = 0
    warn_streak: int = 0
    stable: int = 0
    watched_at: int | None = None
    active: dict[str, Anomaly] = {}
    signs: dict[str, list[Sign]] = {}

    @property
    def level(self) -> int:
        """The level in force, 0 to 3."""
        return max(self.found, self.manual)


class RiskState(msgspec.Struct):
    """The whole state.

    `holdings`, `flattening` are keyed by listing (`venue/symbol`), `listings` gives the listings of a symbol,
    `strategies` is keyed `strategy/venue/symbol`, `reservations` and `closed` by intent, `submissions` maps the
    message that carried an approval to its intent. `deposits` is what came from outside, at its value then;
    `generation` is the store's since it was renewed ("" before), `compared` the one under which each venue was
    last compared with the books. `rates` are those that balances count with, by currency; a rate once taken stays
    until another takes its place. `revalued` is what changes of rates made of the balances. `treasury_at` is when
    treasury policies have their next turn (desk time, ns UTC). `conversions` are intents that wait for money, `legs`
    maps the orders that get it to them. `outside` are symbols that are not in the universe of `universe_version`.
    `days` are the beginnings of the latest days, the present one last. `week` (`2024-W32`) begins with Monday's day.
    `booked` counts fills and payments in the books. `limit_changes` are limits that operators set, by scope and name;
    `limit_version` counts their changes. `tiers` are the universe's, by symbol; `closed_products` are listings that
    their venue does not trade fully, with what it says. Both dicts are replaced whole. `regime` is the market's, as the
    universe tells it. `samples` are those of returns, `allocation` and `adaptation` what capital and limits that adapt
    go by.
    """

    mode: Mode = Mode.NORMAL
    version: int = 0
    sources: dict[str, ModeSource] = {}
    generation: str = ""
    compared: dict[str, str] = {}
    accounts: dict[str, Account] = {}
    holdings: dict[str, Holding] = {}
    listings: dict[str, dict[str, None]] = {}
    strategies: dict[str, StrategyHolding] = {}
    marks: dict[str, KnownMark] = {}
    reservations: dict[str, Reservation] = {}
    closed: dict[str, Reservation] = {}
    submissions: dict[str, str] = {}
    flattening: dict[str, Flattening] = {}
    totals: Totals = msgspec.field(default_factory=Totals)
    deposits: Decimal = ZERO
    peak: Decimal | None = None
    day: str = ""
    day_ends_at: int = 0
    day_anchor: Decimal | None = None
    rates: dict[str, Decimal] = {}
    revalued: Decimal = ZERO
    treasury_at: int = 0
    conversions: dict[str, Converting] = {}
    legs: dict[str, str] = {}
    universe_version: int = 0
    outside: dict[str, None] = {}
    days: list[DayOpening] = []
    week: str = ""
    week_anchor: Decimal | None = None
    drawdown_state: DrawdownState = DrawdownState.NORMAL
    booked: int = 0
    capital: Capital = Capital()
    degrade: Degrade = msgspec.field(default_factory=Degrade)
    samples: ReturnSamples = msgspec.field(default_factory=ReturnSamples)
    allocation: AllocationState = msgspec.field(default_factory=AllocationState)
    adaptation: AdaptationState = msgspec.field(default_factory=AdaptationState)
    activity: Activity = msgspec.field(default_factory=Activity)
    limit_version: int = 0
    limit_changes: dict[str, dict[str, str]] = {}
    tiers: dict[str, str] = {}
    closed_products: dict[str, str] = {}
    regime: str | None = None
    corrections: dict[str, PositionCorrected] = {}

    @property
    def nav(self) -> Decimal | None:
        """Cash plus positions at their marks, in base currency.

        None while an account is not open, a held position has no mark, or a correction no price: what depends on it
        fails closed.
        """
        if self.totals.unvalued or self.corrections or not self.accounts:
            return None
        for account in self.accounts.values():
            if not account.opened:
                return None
        return self.totals.cash + self.totals.value


def strategy_key(strategy: str, listing: str) -> str:
    """The name under which a strategy's part of a listing is kept."""
    return f"{strategy}/{listing}"
