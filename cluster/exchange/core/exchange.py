"""The local exchange: the face of this package, an `Exchange` that moves when it is told the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from cluster.exchange.api import (
    Balance,
    Book,
    Candle,
    Event,
    Kind,
    MarkChanged,
    OrderRecord,
    Payment,
    Position,
    PublicTrade,
    Refusal,
    Request,
    Rules,
    Trade,
)
from cluster.exchange.core.candles import candles
from cluster.exchange.core.clockwork import Clockwork
from cluster.exchange.core.entry import Entry
from cluster.exchange.core.executions import Executions
from cluster.exchange.core.flow import FlowMarket
from cluster.exchange.core.ledger import AccountState, apply_setting
from cluster.exchange.core.market import MarketSource
from cluster.exchange.core.opening import Start, open_account, open_floor
from cluster.exchange.core.settings import ExchangeSettings, check_change
from cluster.exchange.core.state import state_of, write_state
from messages.reasons import Reason

CATCH_UP = 10_000_000_000
"""How much time (ns) an exchange that comes back lives through; a longer gap it leaves out."""


class LocalExchange:
    """An exchange of its own clock; see `Exchange` for the calls.

    `advance` is what moves it: call it with the present time before each request and every few milliseconds. The same
    settings, calls and times give the same events, however the time is cut into calls.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        now: int,
        *,
        folder: Path | None = None,
        market: MarketSource | None = None,
    ) -> None:
        """An exchange that opens at `now` (ns UTC), with a seeded market unless another is given.

        With a folder it writes its log there (`exchange.log`, see `journal.py`) and keeps its state: where the folder
        holds those of an earlier run, it goes on with them. After a clean end (`close`) everything is as it was; after
        a crash orders, positions, cash and settings are, and open orders stand at the end of their queues. Time that
        has passed meanwhile is skipped. Raises `ConfigurationError` for settings that make no sense or do not fit the
        folder, `StoreError` for a folder that can't be used.
        """
        self._folder = folder
        self._source = market or FlowMarket(
            settings.listings,
            settings.seed,
            settings.updates_per_second,
            settings.depth_levels,
            start_prices=settings.start_prices,
            volatility=settings.volatility,
        )
        self._keys = {spec.api_key: (spec.account, spec.secret) for spec in settings.accounts}
        found = open_floor(settings, now, folder)
        self._floor = found.floor
        self._executions = Executions(self._floor)
        self._entry = Entry(self._floor, self._executions)
        self._clockwork = Clockwork(self._floor, self._entry, self._source)
        if found.market is not None:
            self._source.load(found.market)
        self._begin(found.start, now)
        self._next_state = now + settings.snapshot_interval

    def close(self) -> None:
        """End in order: the log is written, the state kept. The exchange must not be used afterwards."""
        self._floor.commit()
        self._keep_state(clean=True)
        self._floor.journal.close()

    def _begin(self, start: Start, now: int) -> None:
        """Take up market, clockwork and accounts that are new."""
        floor, source = self._floor, self._source
        if start is Start.NEW:
            self._keep_state()
        if start is Start.AGAIN and now - floor.now <= CATCH_UP:
            source.resume(floor.now)
        else:
            floor.now = max(floor.now, now)
            if start is Start.CRASHED:
                self._entry.hand_in_again()
            for step in source.enter(floor.now):
                self._executions.take_step(step)
            self._clockwork.start()
        for spec in floor.settings.accounts:
            if spec.account not in floor.accounts:
                open_account(floor, spec)
        floor.journal.opened(start is not Start.CRASHED, floor.now)
        floor.commit()
        self._keep_state()

    def _keep_state(self, *, clean: bool = False) -> None:
        if self._folder is not None:
            write_state(self._folder, state_of(self._floor, self._source.state(), clean=clean))

    # --- time and market ----------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The exchange's clock, ns UTC."""
        return self._floor.now

    def advance(self, now: int) -> None:
        """Let everything happen that is due by `now` (ns UTC), in its order; an earlier time changes nothing."""
        floor, source = self._floor, self._source
        while True:
            market, timer = source.next_time, floor.timers[0].time
            if market is not None and market <= timer:
                if market > now:
                    break
                self._step(market)
            elif timer <= now:
                floor.now = max(floor.now, timer)
                self._clockwork.handle(floor.next_timer())
            else:
                break
            floor.commit()
        floor.now = max(floor.now, now)
        if now >= self._next_state:
            self._keep_state()
            self._next_state = now + floor.settings.snapshot_interval

    def _step(self, time: int) -> None:
        floor = self._floor
        step = self._source.pop()
        floor.now = max(floor.now, time)
        self._executions.take_step(step)
        listing = floor.listings[step.listing]
        if listing.conditionals:
            self._clockwork.trigger(listing)

    # --- orders -------------------------------------------------------------------------------------------------

    def place(self, account: str, request: Request) -> OrderRecord:
        """Take an order; its record is as it stands after matching. Refuses with a canonical reason."""
        return self._asked(
            account,
            request.listing,
            request.client_order_id,
            "place",
            lambda: self._entry.place(account, request),
        )

    def cancel(self, account: str, order_id: int) -> OrderRecord:
        """Cancel an open order. Refuses UNKNOWN_ORDER when it is not open."""
        return self._asked(
            account, "", str(order_id), "cancel", lambda: self._entry.cancel(account, order_id)
        )

    def amend(self, account: str, order_id: int, quantity: Decimal, price: Decimal) -> OrderRecord:
        """Change an open limit order; a better price or a larger quantity loses its place in the queue."""
        return self._asked(
            account,
            "",
            str(order_id),
            "amend",
            lambda: self._entry.amend(account, order_id, quantity, price),
        )

    def _asked(
        self, account: str, listing: str, client_order_id: str, what: str, do: Callable[[], OrderRecord]
    ) -> OrderRecord:
        """Do what an account asks, log what is refused, and tell what it caused."""
        floor = self._floor
        try:
            record = do()
            touched = floor.listings[record.request.listing]
            self._clockwork.trigger(touched)
            return floor.orders.get(record.order_id) or record
        except Refusal as refusal:
            floor.journal.refused(
                account, listing, client_order_id, what, refusal.reason.value, refusal.detail, floor.now
            )
            raise
        finally:
            floor.commit()

    def order(
        self, account: str, *, order_id: int | None = None, client_order_id: str | None = None
    ) -> OrderRecord | None:
        """One order; by client order id the most recent one."""
        orders = self._floor.orders
        if order_id is None:
            return None if client_order_id is None else orders.of_client_id(account, client_order_id)
        record = orders.get(order_id)
        return record if record is not None and record.account == account else None

    def orders(
        self, account: str, listing: str | None = None, *, open_only: bool = False
    ) -> Sequence[OrderRecord]:
        """The account's orders, oldest first."""
        orders = self._floor.orders
        found = orders.open(account) if open_only else orders.all(account)
        return [each for each in found if listing is None or each.request.listing == listing]

    def trades(self, account: str, listing: str | None = None) -> Sequence[Trade]:
        """The account's executions, oldest first."""
        found = self._floor.history.trades(account)
        return [each for each in found if listing is None or each.listing == listing]

    # --- accounts -----------------------------------------------------------------------------------------------

    def account_of(self, api_key: str) -> tuple[str, str] | None:
        """(account, secret) of an API key; None for an unknown one."""
        return self._keys.get(api_key)

    def balances(self, account: str) -> Sequence[Balance]:
        """Cash by currency."""
        floor = self._floor
        state, orders = floor.account(account), floor.orders.open(account)
        return [floor.margins.balance(state, currency, orders) for currency in state.wallet]

    def positions(self, account: str) -> Sequence[Position]:
        """Positions that are not flat, and those of listings with open orders."""
        floor = self._floor
        state = floor.account(account)
        wanted = {(held.listing, held.leg): held for held in state.positions()}
        for record in floor.orders.open(account):
            request = record.request
            if floor.listings[request.listing].rules.kind is Kind.PERPETUAL:
                wanted[request.listing, request.leg] = state.position(request.listing, request.leg)
        return list(floor.margins.positions(state, wanted.values()))

    def payments(self, account: str) -> Sequence[Payment]:
        """Funding and other payments, oldest first."""
        return self._floor.history.payments(account)

    def deposit(self, account: str, currency: str, amount: Decimal) -> Payment:
        """Add cash to an account; negative takes it out."""
        floor = self._floor
        payment = floor.pay(floor.account(account), "deposit", currency, amount)
        floor.commit()
        return payment

    def set_leverage(self, account: str, listing: str, leverage: int) -> None:
        """Refuses LEVERAGE."""
        floor = self._floor
        state, rules = floor.account(account), floor.listing(listing).rules
        if not 1 <= leverage <= rules.max_leverage:
            raise Refusal(Reason.LEVERAGE, f"1 to {rules.max_leverage}")
        self._set(state, listing, "leverage", leverage)

    def leverage(self, account: str, listing: str) -> tuple[int, bool]:
        """(leverage, isolated)."""
        floor = self._floor
        state = floor.account(account)
        floor.listing(listing)
        return floor.margins.leverage(state, listing), state.isolated.get(listing, False)

    def set_isolated(self, account: str, listing: str, isolated: bool) -> bool:
        """Whether it changed. Refuses POSITION_MODE with a position or open orders."""
        floor = self._floor
        state = floor.account(account)
        floor.listing(listing)
        if state.isolated.get(listing, False) == isolated:
            return False
        held = any(each.quantity for each in state.held.get(listing, {}).values())
        if held or floor.open_orders(account, listing):
            raise Refusal(Reason.POSITION_MODE, listing)
        self._set(state, listing, "isolated", isolated)
        return True

    def set_hedge_mode(self, account: str, hedge: bool) -> bool:
        """Whether it changed. Refuses POSITION_MODE with a position or open orders."""
        floor = self._floor
        state = floor.account(account)
        if state.hedge == hedge:
            return False
        if any(True for _ in state.positions()) or floor.open_orders(account):
            raise Refusal(Reason.POSITION_MODE, account)
        self._set(state, "", "hedge", hedge)
        return True

    def hedge_mode(self, account: str) -> bool:
        """Whether long and short are kept apart."""
        return self._floor.account(account).hedge

    def count_down(self, account: str, listing: str, until: int | None) -> None:
        """Cancel the account's plain orders on the listing at `until` (ns UTC) unless called again; None = off."""
        floor = self._floor
        state = floor.account(account)
        floor.listing(listing)
        self._set(state, listing, "count_down", until)
        if until is not None:
            floor.call_at(until, "count_down", account=account, listing=listing)

    def _set(self, state: AccountState, listing: str, name: str, value: int | bool | None) -> None:
        apply_setting(state, listing, name, value)
        self._floor.journal.setting(state.account, listing, name, value, self._floor.now)
        self._floor.commit()

    # --- what everyone sees -------------------------------------------------------------------------------------

    def rules(self, listing: str | None = None) -> Sequence[Rules]:
        """All listings, or one. Refuses SYMBOL_UNKNOWN."""
        floor = self._floor
        if listing is not None:
            return [floor.listing(listing).rules]
        return [each.rules for each in floor.listings.values()]

    def subscribe(self, take: Callable[[Event], None]) -> Callable[[], None]:
        """Hand every event from now on to `take`; returns what ends it."""
        return self._floor.subscribe(take)

    def book(self, listing: str, levels: int) -> Book:
        """The book now."""
        return self._floor.listing(listing).book(self._floor.now, levels)

    def public_trades(self, listing: str, limit: int) -> Sequence[PublicTrade]:
        """The latest trades, oldest first."""
        return list(self._floor.listing(listing).tape)[-limit:] if limit > 0 else []

    def candles(
        self, listing: str, length: int, start: int | None, end: int | None, limit: int
    ) -> Sequence[Candle]:
        """Bars that begin in [start, end), oldest first, the last may be open.

        With a start the first `limit` from it, else the last `limit` before the end. Bars from before the exchange
        opened come out of the seeded market as well.
        """
        return candles(self._floor.listing(listing), self._source, self._floor.now, length, start, end, limit)

    def mark(self, listing: str) -> MarkChanged:
        """Mark price and funding now. Refuses SYMBOL_UNKNOWN for what has no mark price."""
        found = self._floor.listing(listing).mark
        if found is None:
            raise Refusal(Reason.SYMBOL_UNKNOWN, f"{listing} has no mark price")
        return found

    # --- the exchange's own business ----------------------------------------------------------------------------

    def set_maintenance(self, maintenance: bool) -> None:
        """Refuse new and changed orders, or take them again. The market goes on and orders can be cancelled."""
        floor = self._floor
        if floor.maintenance != maintenance:
            floor.maintenance = maintenance
            floor.status_changed(None)
            floor.commit()

    def check_rules(self, rules: Rules) -> None:
        """Whether a listing may have these rules from now on. Raises as `set_rules` does."""
        listing = self._floor.listings.get(rules.listing)
        check_change(None if listing is None else listing.grid.instrument, rules)

    def set_rules(self, rules: Rules) -> None:
        """Change the filters of a listing while it trades. Open orders stay as they are.

        Raises `ConfigurationError` for rules that make no sense, a listing that is not there, or a tick or lot that is
        no multiple of what the listing began with.
        """
        floor = self._floor
        self.check_rules(rules)
        floor.listings[rules.listing].rules = rules
        floor.status_changed(rules)
        floor.commit()
