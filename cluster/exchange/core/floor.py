"""The exchange's state in one place, and the one way out of it: first the log, then the subscribers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from cluster.exchange.api import (
    AccountChanged,
    BookChanged,
    Event,
    Leg,
    MarkChanged,
    OrderChanged,
    OrderRecord,
    Payment,
    PublicTrade,
    Refusal,
    Rules,
    StatusChanged,
    Trade,
)
from cluster.exchange.core.candles import Bars
from cluster.exchange.core.journal import Journal
from cluster.exchange.core.ledger import AccountState, Held, credit
from cluster.exchange.core.margin import Margins
from cluster.exchange.core.matching import Matching
from cluster.exchange.core.orders import History, Orders
from cluster.exchange.core.public import BookChange, Listing
from cluster.exchange.core.settings import AccountSpec, ExchangeSettings
from messages.reasons import Reason

Take = Callable[[Event], None]


class Timer(NamedTuple):
    """Something that is due at a time: what it is, and about which order, account and listing."""

    time: int
    number: int
    kind: str
    order_id: int = 0
    account: str = ""
    listing: str = ""


class Floor:
    """Listings, accounts, orders, the engine, timers, and what waits to be told."""

    def __init__(
        self,
        settings: ExchangeSettings,
        now: int,
        matching: Matching,
        listings: dict[str, Listing],
        accounts: dict[str, AccountState],
        journal: Journal,
    ) -> None:
        self.settings = settings
        self.now = now
        self.matching = matching
        self.listings = listings
        self.accounts = accounts
        self.journal = journal
        self.specs: dict[str, AccountSpec] = {spec.account: spec for spec in settings.accounts}
        self.orders = Orders(settings.history_length)
        self.history = History(settings.history_length)
        self.margins = Margins(listings, settings.default_leverage)
        self.maintenance = False
        self.sequence = 0
        self.last_payment = 0
        self.timers: list[Timer] = []
        self.timer_number = 0
        self._takers: list[Take] = []
        self._outbox: deque[Event] = deque()
        self._is_telling = False

    # --- looking up ---------------------------------------------------------------------------------------------

    def listing(self, name: str) -> Listing:
        """A listing. Refuses SYMBOL_UNKNOWN."""
        found = self.listings.get(name)
        if found is None:
            raise Refusal(Reason.SYMBOL_UNKNOWN, name)
        return found

    def account(self, name: str) -> AccountState:
        """An account. Refuses AUTH."""
        found = self.accounts.get(name)
        if found is None:
            raise Refusal(Reason.AUTH, f"no account {name}")
        return found

    def open_orders(self, account: str, listing: str | None = None) -> list[OrderRecord]:
        """The open orders of an account, oldest first."""
        orders = self.orders.open(account)
        return orders if listing is None else [each for each in orders if each.request.listing == listing]

    # --- timers -------------------------------------------------------------------------------------------------

    def call_at(
        self, time: int, kind: str, *, order_id: int = 0, account: str = "", listing: str = ""
    ) -> None:
        """Have something done at a time."""
        self.timer_number += 1
        heappush(self.timers, Timer(time, self.timer_number, kind, order_id, account, listing))

    def drop_timers(self, kinds: tuple[str, ...]) -> None:
        """Forget all timers of these kinds."""
        self.timers = [timer for timer in self.timers if timer.kind not in kinds]
        heapify(self.timers)

    def next_timer(self) -> Timer:
        """Take the timer that is due first."""
        return heappop(self.timers)

    # --- telling ------------------------------------------------------------------------------------------------

    def subscribe(self, take: Take) -> Callable[[], None]:
        """Hand every event from now on to `take`; returns what ends it."""
        self._takers.append(take)

        def end() -> None:
            if take in self._takers:
                self._takers.remove(take)

        return end

    def commit(self) -> None:
        """Write what has happened to the log, then tell it. A subscriber may call the exchange: its turn comes last."""
        self.journal.flush()
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while self._outbox:
                event = self._outbox.popleft()
                for take in tuple(self._takers):
                    take(event)
        finally:
            self._is_telling = False

    def order_changed(self, record: OrderRecord, trade: Trade | None = None) -> None:
        """Keep and tell an order as it is now."""
        self.orders.put(record)
        self.journal.order(record, trade, self.now)
        self._tell(OrderChanged(self._next(), self.now, record, trade))

    def account_changed(
        self,
        account: AccountState,
        cause: str,
        currencies: list[str],
        held: list[Held],
        payment: Payment | None,
    ) -> None:
        """Tell balances and positions that changed. They take long to work out when nobody listens."""
        if not self._takers:
            self.sequence += 1
            return
        orders = self.orders.open(account.account)
        margins = self.margins
        self._tell(
            AccountChanged(
                self._next(),
                self.now,
                account.account,
                cause,
                tuple(margins.balance(account, currency, orders) for currency in currencies),
                margins.positions(account, held),
                payment,
            )
        )

    def pay(
        self,
        account: AccountState,
        kind: str,
        currency: str,
        amount: Decimal,
        *,
        held: Held | None = None,
        rate: Decimal | None = None,
    ) -> Payment:
        """Change an account's cash without a trade, and tell it. Funding of an isolated position moves its margin."""
        self.last_payment += 1
        payment = Payment(
            payment_id=self.last_payment,
            account=account.account,
            kind=kind,
            listing=None if held is None else held.listing,
            currency=currency,
            amount=amount,
            rate=rate,
            time=self.now,
            leg=Leg.BOTH if held is None else held.leg,
        )
        credit(account, payment)
        self.history.add_payment(payment)
        self.journal.payment(payment)
        self.account_changed(account, kind, [currency], [] if held is None else [held], payment)
        return payment

    def book_changed(self, listing: str, change: BookChange | None) -> None:
        """Tell levels that changed."""
        if change is not None:
            self.sequence += 1
            if self._takers:
                self._outbox.append(BookChanged(self.sequence, self.now, listing, *change))

    def traded(self, listing: Listing, ticks: int, lots: int, buyer_is_maker: bool) -> int:
        """Put a trade on the tape; its trade id."""
        listing.traded += 1
        price = listing.grid.price(ticks)
        listing.last_price = price
        listing.bars.add(self.now, ticks, lots, listing.traded, not buyer_is_maker)
        trade = PublicTrade(
            self._next(),
            self.now,
            listing.rules.listing,
            listing.traded,
            price,
            listing.grid.quantity(lots),
            buyer_is_maker,
        )
        listing.tape.append(trade)
        self._tell(trade)
        return listing.traded

    def marked(self, listing: Listing, mark: MarkChanged) -> None:
        """Set and tell a mark price."""
        listing.mark = mark
        self._tell(mark)

    def status_changed(self, rules: Rules | None) -> None:
        """Tell that a listing's rules or the exchange's state changed."""
        self.journal.status(rules, self.maintenance, self.now)
        self._tell(StatusChanged(self._next(), self.now, rules, self.maintenance))

    def next_sequence(self) -> int:
        """The number of the event that is about to be told."""
        return self._next()

    def _next(self) -> int:
        self.sequence += 1
        return self.sequence

    def _tell(self, event: Event) -> None:
        if self._takers:
            self._outbox.append(event)


def new_listing(rules: Rules, settings: ExchangeSettings) -> Listing:
    """A listing without a market yet."""
    return Listing(rules, settings.tape_length, Bars(settings.minutes_kept, settings.seconds_kept))
