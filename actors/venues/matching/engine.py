"""The matching engine: the public face of this package.

It keeps time, queues commands until they arrive, and hands market data and commands to the parts beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from heapq import heappop, heappush

from actors.venues.matching.account import Account, AccountView, PositionView
from actors.venues.matching.admission import Candidate, read_order, refusal
from actors.venues.matching.bar_market import is_bar
from actors.venues.matching.bars import on_bar
from actors.venues.matching.book import Book
from actors.venues.matching.events import Event
from actors.venues.matching.execution import act, is_through, settle_down, stop_prices
from actors.venues.matching.funding import funding_terms, pay_funding
from actors.venues.matching.grid import EXACT
from actors.venues.matching.instruments import (
    AccountSettings,
    EngineSettings,
    Instrument,
    MarketKind,
    check_account,
    check_instrument,
)
from actors.venues.matching.making import on_print, on_update
from actors.venues.matching.opening import join_kin, opened_account
from actors.venues.matching.orders import (
    UNKNOWN_QUEUE,
    CancelRequest,
    Command,
    NewOrder,
    OpenOrder,
    cancelled_client_order_id,
)
from actors.venues.matching.reports import Reports
from actors.venues.matching.settlement import Settlement
from actors.venues.matching.snapshot import (
    SCHEMA_VERSION,
    EngineSnapshot,
    PendingCommand,
    account_state,
    book_state,
    load_account,
    load_book,
    load_orders,
)
from messages.errors import ConfigurationError, DataProviderError, SchemaVersionError
from messages.intents import Side
from messages.reasons import Reason

_NEW, _CANCEL = 0, 1
_WITHOUT_PRINTS = (MarketKind.NONE, MarketKind.BARS)


class MatchingEngine:
    """Price-time matching of the accounts' orders against each other and against recorded market data.

    Pure: time (int ns UTC) is passed in and never goes back. At one instant the market comes first, then the
    commands that arrive at it, by (account, client order id, new before cancel), in whatever order they were
    handed in. Commands are processed by the next market data of a later time, or by `advance`.
    """

    __slots__ = ("_accounts", "_books", "_pending", "_reports", "_settings", "_settlement")

    def __init__(
        self,
        instruments: Iterable[Instrument],
        settings: EngineSettings,
        accounts: Iterable[AccountSettings],
    ) -> None:
        """Raises `ConfigurationError` for instruments, accounts or names that make no sense."""
        self._settings = settings
        self._books: dict[str, Book] = {}
        self._accounts: dict[str, Account] = {}
        self._reports = Reports(settings.report_latency)
        self._settlement = Settlement(self._accounts, self._reports)
        self._pending: list[tuple[int, str, str, int, Command]] = []
        for instrument in instruments:
            check_instrument(instrument)
            _refuse_twice("instruments", instrument.symbol, self._books)
            self._books[instrument.symbol] = Book(instrument)
        for account in accounts:
            self.open_account(account)

    def open_account(self, settings: AccountSettings) -> None:
        """Take in one more account. Raises `ConfigurationError` when it makes no sense or is there already."""
        check_account(settings)
        _refuse_twice("accounts", settings.account, self._accounts)
        account = self._accounts[settings.account] = opened_account(settings, self._books)
        join_kin(account, self._accounts)

    @property
    def now(self) -> int:
        """The latest time the engine was told, ns UTC."""
        return self._reports.now

    @property
    def settings(self) -> EngineSettings:
        """The engine's latencies."""
        return self._settings

    def submit(self, order: NewOrder, arrival_time: int) -> None:
        """Queue an order that reaches the book at `arrival_time` (ns UTC; in the past = as soon as possible).

        Whether it is accepted is reported as an event. Raises `ConfigurationError` for an unknown account.
        """
        self._account(order.account)
        heappush(self._pending, (arrival_time, order.account, order.client_order_id, _NEW, order))

    def cancel(self, request: CancelRequest, arrival_time: int) -> None:
        """Queue a cancel; see `submit`."""
        self._account(request.account)
        named = cancelled_client_order_id(request)
        heappush(self._pending, (arrival_time, request.account, named, _CANCEL, request))

    def on_quote(
        self, symbol: str, time: int, bid: float, bid_size: float, ask: float, ask_size: float
    ) -> None:
        """Best bid and ask; nan = absent (price) or unknown (size).

        Raises `ConfigurationError` for an unknown symbol, `DataProviderError` for time that goes back.
        """
        # The whole of a quote that nothing waits for, a million times a second: `_begin` written out.
        book, reports, pending = self._books.get(symbol), self._reports, self._pending
        if book is None or time < reports.now or (pending and pending[0][0] < time):
            book = self._begin(symbol, time)
        else:
            reports.now = time
        if book.market.quote(bid, bid_size, ask, ask_size) and book.open_orders:
            low, high = book.quiet or book.measure_quiet()
            if not (low <= bid <= high and low <= ask <= high):
                self._update(book)

    def on_depth(
        self,
        symbol: str,
        time: int,
        bids: Sequence[tuple[float, float]],
        asks: Sequence[tuple[float, float]],
        snapshot: bool,
    ) -> None:
        """Levels as (price, size); size 0 removes a level, a snapshot replaces both sides. Raises as `on_quote`."""
        book = self._begin(symbol, time)
        if book.market.depth(bids, asks, snapshot) and book.open_orders:
            self._update(book)

    def on_trade(self, symbol: str, time: int, price: float, size: float, aggressor: int) -> None:
        """A print of the outside market; `aggressor` is +1 (buyer), -1 (seller) or 0 (unknown).

        A print of unknown size (nan) without an assumed size fills nobody. Raises as `on_quote`.
        """
        book = self._begin(symbol, time)
        grid = book.grid
        ticks_down, ticks_up = grid.ticks_down(price), grid.ticks_up(price)
        if ticks_down is None or ticks_up is None or book.instrument.market.kind in _WITHOUT_PRINTS:
            return
        lots = grid.size(size)
        if lots >= UNKNOWN_QUEUE:
            lots = 0.0
        book.last_ticks = ticks_down
        is_quiet = not book.open_orders
        if not is_quiet and book.instrument.market.kind is not MarketKind.TRADES:
            low, high = book.quiet or book.measure_quiet()
            is_quiet = low <= price <= high
        if is_quiet:
            book.market.printed(ticks_down, ticks_up, lots, aggressor)
            return
        on_print(self._settlement, book, ticks_down, ticks_up, lots, aggressor)
        if book.instrument.market.kind is MarketKind.TRADES:
            on_update(self._settlement, book)
        settle_down(self._settlement, book, ticks_down, ticks_up)

    def on_bar(
        self,
        symbol: str,
        time: int,
        open: float,
        high: float,
        low: float,
        close: float,
        volume: float,
        *,
        closed_at: int | None = None,
    ) -> None:
        """A bar that closed at `time` (ns UTC), which is when it becomes known and when its fills are reported.

        `bars.py` states what it fills: what was decided on a bar can trade in the next one at the earliest. Volume in
        base units, nan = unknown. A bar without a price (nan) only moves the clock. One that is told late, to a book
        in which nothing waits, has closed at `closed_at`. Raises as `on_quote`, and `DataProviderError` when high and
        low do not span open and close.
        """
        book = self._begin(symbol, time)
        if book.by_bars and is_bar(symbol, open, high, low, close):
            prices, latency = (open, high, low, close), self._settings.order_latency
            closed = time if closed_at is None else closed_at
            on_bar(self._settlement, book, prices, volume, time=closed, latency=latency)

    def on_funding(self, symbol: str, time: int, rate: Decimal | float, mark_price: Decimal | float) -> None:
        """Funding of a perpetual: longs pay a positive `rate` (ratio of the value at `mark_price`), shorts get it.

        Every position is credited or debited and told in `FundingPaid`. Raises as `on_quote`, and
        `DataProviderError` for a rate that is no ratio or a mark price that is not above 0.
        """
        exact_rate, exact_mark = funding_terms(symbol, rate, mark_price)
        book = self._begin(symbol, time)
        pay_funding(self._accounts.values(), book, self._reports, exact_rate, exact_mark)

    def advance(self, time: int) -> None:
        """No market data at or before `time` will come any more: process all commands that have arrived by then."""
        self._process_arrivals(time)
        self._reports.now = max(self._reports.now, time)

    def next_arrival(self) -> int | None:
        """When the next queued command reaches the book (ns UTC), None when there is none."""
        return self._pending[0][0] if self._pending else None

    @property
    def has_events(self) -> bool:
        """Whether anything has happened since the last drain."""
        return bool(self._reports.events)

    def rests(self, symbol: str) -> bool:
        """Whether orders are alive in the book of `symbol`. Without any, market data changes nobody's fate."""
        return self._books[symbol].open_orders > 0

    def mark_price(self, symbol: str) -> Decimal | None:
        """The middle of the outside market's best bid and ask, else the last price; None before the first."""
        book = self._books[symbol]
        bid, ask = book.market.touch(1), book.market.touch(-1)
        if bid is not None and ask is not None:
            return EXACT.multiply(EXACT.multiply(Decimal(bid + ask), book.grid.tick), Decimal("0.5"))
        return None if book.last_ticks is None else book.grid.price(book.last_ticks)

    def drain(self) -> list[Event]:
        """The events since the last drain, in the order they happened."""
        events, self._reports.events = self._reports.events, []
        return events

    def knows(self, account: str, client_order_id: str) -> bool:
        """Whether a command of the account with this client order id has ever reached the book."""
        return client_order_id in self._account(account).used_ids

    def open_orders(self, account: str, symbol: str | None = None) -> list[OpenOrder]:
        """The account's orders alive in the book (all, or of one symbol), oldest first."""
        return [
            self._books[order.symbol].shown(order)
            for order in self._account(account).orders.values()
            if symbol is None or order.symbol == symbol
        ]

    def reduce(self, account: str, client_order_id: str, quantity: Decimal) -> bool:
        """Make an open order smaller, at once and without an event; it keeps its place in the queue.

        `quantity` is its new whole quantity, executed part included. Whether it was done: the order must be open, and
        the new quantity on the lot, above what is executed and below what it was.
        """
        order = self._account(account).orders.get(client_order_id)
        if order is None:
            return False
        lots = self._books[order.symbol].grid.to_lots(quantity)
        if lots is None or not order.lots - order.leaves < lots < order.lots:
            return False
        self._settlement.reduce(self._books[order.symbol], order, order.lots - lots)
        return True

    def displayed(self, symbol: str, side: Side, ticks: int) -> int:
        """The lots that the whole book shows at one price: the outside's that nobody has taken, and the accounts'."""
        book, sign = self._books[symbol], side.sign
        return book.market.available(sign, ticks) + sum(order.leaves for order in book.side(sign).at(ticks))

    def account(self, account: str) -> AccountView:
        """Balances and positions of an account. Raises `ConfigurationError` when it is unknown."""
        found = self._account(account)
        positions = {}
        for symbol, held in found.holdings.items():
            grid = self._books[symbol].grid
            if held.lots:
                price = EXACT.multiply(grid.tick, held.average_ticks)
                positions[symbol] = PositionView(grid.quantity(held.lots), price)
        return AccountView(account, dict(found.balances), positions)

    def deposit(self, account: str, currency: str, amount: Decimal) -> None:
        """Add cash to an account (negative takes it out), for corrections; no event."""
        self._account(account).credit(currency, amount)

    def snapshot(self) -> EngineSnapshot:
        """The whole state, exactly. Events not yet drained are part of it."""
        return EngineSnapshot(
            SCHEMA_VERSION,
            self._settings,
            self._reports.now,
            self._settlement.last_number,
            [account_state(account) for account in self._accounts.values()],
            [book_state(book) for book in self._books.values()],
            [PendingCommand(entry[0], entry[4]) for entry in sorted(self._pending)],
            list(self._reports.events),
        )

    @classmethod
    def restore(cls, snapshot: EngineSnapshot) -> MatchingEngine:
        """An engine that goes on exactly as the one that was snapshotted would have.

        Raises `SchemaVersionError` for a snapshot of newer code.
        """
        if snapshot.schema_version > SCHEMA_VERSION:
            raise SchemaVersionError(
                f"this code knows engine snapshots up to version {SCHEMA_VERSION}",
                field="snapshot.schema_version",
                value=snapshot.schema_version,
                remedy="upgrade the venue's process before it reads its store",
            )
        engine = cls((), snapshot.settings, ())
        engine._reports.now = snapshot.now
        engine._reports.events = list(snapshot.events)
        engine._settlement.last_number = snapshot.last_number
        engine._accounts.update({state.settings.account: load_account(state) for state in snapshot.accounts})
        engine._books.update({state.instrument.symbol: load_book(state) for state in snapshot.books})
        for account in engine._accounts.values():
            join_kin(account, engine._accounts)
        load_orders(snapshot.books, engine._books, engine._accounts)
        for pending in snapshot.pending:
            if isinstance(pending.command, NewOrder):
                engine.submit(pending.command, pending.arrival_time)
            else:
                engine.cancel(pending.command, pending.arrival_time)
        return engine

    def _begin(self, symbol: str, time: int) -> Book:
        """Move on to market data of `time`: commands that arrived before it come first."""
        book = self._books.get(symbol)
        if book is None:
            raise ConfigurationError(
                "the venue has no such symbol",
                field="symbol",
                value=symbol,
                remedy="add it to the instruments",
            )
        pending = self._pending
        if pending and pending[0][0] < time:
            self._process_arrivals(time - 1)
        reports = self._reports
        if time < reports.now:
            raise DataProviderError(
                f"market data goes back in time, the engine is at {reports.now}",
                field=f"{symbol}.time",
                value=time,
                remedy="merge the feeds in time order",
            )
        reports.now = time
        return book

    def _update(self, book: Book) -> None:
        on_update(self._settlement, book)
        settle_down(self._settlement, book, *stop_prices(book))

    def _process_arrivals(self, until: int) -> None:
        pending, reports = self._pending, self._reports
        while pending and pending[0][0] <= until:
            arrival_time, name, _, _, command = heappop(pending)
            if arrival_time > reports.now:
                reports.now = arrival_time
            account = self._accounts[name]
            if isinstance(command, NewOrder):
                self._place(account, command)
            else:
                self._cancel(account, command)

    def _place(self, account: Account, command: NewOrder) -> None:
        reports, settlement = self._reports, self._settlement
        if command.client_order_id in account.used_ids:
            reports.rejected(account, command, Reason.DUPLICATE_CLIENT_ORDER_ID)
            return
        account.used_ids[command.client_order_id] = None
        book = self._books.get(command.symbol)
        if book is None:
            reports.rejected(account, command, Reason.SYMBOL_UNKNOWN)
            return
        order = read_order(command, account, book, settlement.next_number())
        if isinstance(order, Reason):
            reports.rejected(account, command, order)
            return
        reason = refusal(Candidate(order, account, book, self._books))
        if reason is not None:
            reports.rejected(account, command, reason)
            return
        reports.accepted(account, order)
        if book.by_bars:
            order.since = reports.now
        if order.stop_ticks is None:
            act(settlement, book, order)
        else:
            settlement.open(book, order)
            if is_through(book, order, order.stop_ticks):
                settlement.wake(book, order, order.stop_ticks)
                act(settlement, book, order)
        if settlement.closed or book.crossed_high is not None:
            settle_down(settlement, book, None, None)

    def _cancel(self, account: Account, request: CancelRequest) -> None:
        order = account.orders.get(cancelled_client_order_id(request))
        if order is None:
            self._reports.cancel_rejected(account, request, Reason.UNKNOWN_ORDER)
        else:
            self._settlement.cancel(self._books[order.symbol], order, Reason.CANCEL_REQUESTED)

    def _account(self, name: str) -> Account:
        account = self._accounts.get(name)
        if account is None:
            raise ConfigurationError(
                "the venue has no such account", field="account", value=name, remedy="add it to the accounts"
            )
        return account


def _refuse_twice(where: str, name: str, known: dict[str, Book] | dict[str, Account]) -> None:
    if name in known:
        raise ConfigurationError("given twice", field=where, value=name, remedy="keep one of them")
