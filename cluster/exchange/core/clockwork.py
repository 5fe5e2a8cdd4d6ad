"""What happens by itself: mark prices, funding, triggers, expiries and count-downs."""

from __future__ import annotations

from decimal import Decimal

from cluster.exchange.api import Kind, MarkChanged
from cluster.exchange.core.entry import Entry
from cluster.exchange.core.floor import Floor, Timer
from cluster.exchange.core.gate import is_triggered
from cluster.exchange.core.ledger import AccountState, Held, rounded
from cluster.exchange.core.liquidation import Liquidator
from cluster.exchange.core.market import MarketSource
from cluster.exchange.core.public import Listing
from messages.reasons import Reason


class Clockwork:
    """Keeps the exchange's timers: each kind has its own method."""

    def __init__(self, floor: Floor, entry: Entry, source: MarketSource) -> None:
        self._floor = floor
        self._entry = entry
        self._source = source
        self._liquidator = Liquidator(floor, entry)
        self._kinds = {
            "mark": self._mark_all,
            "funding": self._pay_funding,
            "expire": self._expire,
            "count_down": self._count_down,
        }

    def start(self) -> None:
        """Mark everything, and set the timers that repeat for ever, each on its grid from the epoch."""
        floor, settings = self._floor, self._floor.settings
        for listing in floor.listings.values():
            self.mark(listing)
        floor.drop_timers(("mark", "funding"))
        for kind, interval in (("mark", settings.mark_interval), ("funding", settings.funding_interval)):
            floor.call_at((floor.now // interval + 1) * interval, kind)

    def handle(self, timer: Timer) -> None:
        """Do what is due."""
        self._kinds[timer.kind](timer)

    def mark(self, listing: Listing) -> None:
        """Take the listing's fair value as its mark price, and fire what waits for it."""
        fair = self._source.fair(listing.rules.listing)
        if fair is None or listing.rules.kind is not Kind.PERPETUAL:
            return
        floor = self._floor
        quantum = listing.rules.tick.scaleb(-2)
        step = float(quantum)
        mark = MarkChanged(
            floor.next_sequence(),
            floor.now,
            listing.rules.listing,
            max(1, round(fair.mark / step)) * quantum,
            max(1, round(fair.index_price / step)) * quantum,
            Decimal(round(fair.funding_rate * 1e8)).scaleb(-8),
            (floor.now // floor.settings.funding_interval + 1) * floor.settings.funding_interval,
        )
        floor.marked(listing, mark)

    def trigger(self, listing: Listing) -> None:
        """Let the conditional orders act whose price has come, oldest first; what they do may reach others."""
        while listing.conditionals:
            due = next((number for number in listing.conditionals if self._is_due(listing, number)), None)
            if due is None:
                return
            record = self._floor.orders.get(due)
            assert record is not None, due
            self._entry.trigger(record)

    def _is_due(self, listing: Listing, number: int) -> bool:
        record = self._floor.orders.get(number)
        return record is not None and is_triggered(listing, record.request)

    def _mark_all(self, timer: Timer) -> None:
        floor = self._floor
        for listing in floor.listings.values():
            self.mark(listing)
            self.trigger(listing)
        self._liquidator.check_all()
        floor.call_at(timer.time + floor.settings.mark_interval, "mark")

    def _pay_funding(self, timer: Timer) -> None:
        """Longs pay shorts: amount = -(quantity x mark x rate), to eight digits; out of its margin when isolated."""
        floor = self._floor
        for account in floor.accounts.values():
            for held in list(account.positions()):
                mark = floor.listings[held.listing].mark
                if mark is not None:
                    self._fund(account, held, mark)
        floor.call_at(timer.time + floor.settings.funding_interval, "funding")

    def _fund(self, account: AccountState, held: Held, mark: MarkChanged) -> None:
        floor = self._floor
        amount = rounded(-held.quantity * mark.mark * mark.funding_rate)
        floor.pay(
            account,
            "funding",
            floor.listings[held.listing].rules.settle,
            amount,
            held=held,
            rate=mark.funding_rate,
        )

    def _expire(self, timer: Timer) -> None:
        record = self._floor.orders.get(timer.order_id)
        if record is not None and record.open:
            self._entry.cancel(record.account, record.order_id, Reason.EXPIRED)

    def _count_down(self, timer: Timer) -> None:
        """Nobody was heard from: cancel the account's plain orders, unless the count-down has been set anew."""
        floor = self._floor
        account = floor.accounts[timer.account]
        if account.count_downs.get(timer.listing) != timer.time:
            return
        del account.count_downs[timer.listing]
        for record in floor.open_orders(timer.account, timer.listing):
            if not record.conditional:
                self._entry.cancel(timer.account, record.order_id, Reason.DEAD_MAN)
