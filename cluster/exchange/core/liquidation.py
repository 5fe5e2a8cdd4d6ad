"""Liquidation: closing the positions of an account that can't answer for them any more."""

from __future__ import annotations

from decimal import Decimal

from cluster.exchange.api import Refusal
from cluster.exchange.core.entry import Entry
from cluster.exchange.core.floor import Floor
from cluster.exchange.core.ledger import ZERO, AccountState, Held, rounded


class Liquidator:
    """Checks accounts against the mark prices and closes what has to be closed.

    An isolated position goes when its margin and profit fall below its maintenance margin. Cross positions go when
    the cross equity falls below the sum of theirs: the account's orders first, then the position that needs most, and
    on until the rest can be carried. Closing costs a fee of its value, as far as the account has it; what an account
    owes beyond that the exchange's insurance pays.
    """

    def __init__(self, floor: Floor, entry: Entry) -> None:
        self._floor = floor
        self._entry = entry

    def check_all(self) -> None:
        """Look at every account that has a position."""
        for account in self._floor.accounts.values():
            positions = list(account.positions())
            if not positions:
                continue
            for held in positions:
                if account.isolated.get(held.listing, False):
                    self._check_isolated(account, held)
            settled = {self._floor.listings[held.listing].rules.settle: None for held in positions}
            for currency in settled:
                self._check_cross(account, currency)

    def _check_isolated(self, account: AccountState, held: Held) -> None:
        margins = self._floor.margins
        mark = margins.mark(held.listing)
        if held.margin + held.unrealized(mark) >= margins.maintenance(held):
            return
        self._cancel_orders(account, held.listing)
        currency = self._floor.listings[held.listing].rules.settle
        before, margin = account.wallet.get(currency, ZERO), held.margin
        if self._close(account, held, mark):
            lost = before - account.wallet.get(currency, ZERO)
            # Nothing but its own margin answers for an isolated position.
            answers = margin - held.margin
            self._insure(account, currency, lost - answers, held)

    def _check_cross(self, account: AccountState, currency: str) -> None:
        margins = self._floor.margins
        while True:
            balance, needed = margins.equity(account, currency)
            positions = self._cross(account, currency)
            if not positions or balance >= needed:
                break
            for held in positions:
                self._cancel_orders(account, held.listing)
            largest = max(positions, key=margins.maintenance)
            before = largest.quantity
            if not self._close(account, largest, margins.mark(largest.listing)) or largest.quantity == before:
                return
        if not self._cross(account, currency):
            isolated = sum((held.margin for held in account.positions()), ZERO)
            self._insure(account, currency, isolated - account.wallet.get(currency, ZERO), None)

    def _cross(self, account: AccountState, currency: str) -> list[Held]:
        return [
            held
            for held in account.positions()
            if not account.isolated.get(held.listing, False)
            and self._floor.listings[held.listing].rules.settle == currency
        ]

    def _close(self, account: AccountState, held: Held, mark: Decimal) -> bool:
        """Close a position as far as the book allows, and charge for it; whether anything could be done."""
        floor = self._floor
        rules = floor.listings[held.listing].rules
        floor.journal.liquidation(account.account, held.listing, held.leg, held.quantity, mark, floor.now)
        try:
            record = self._entry.close_by_force(account.account, held.listing, held.leg)
        except Refusal:
            # Nobody is there to close against: the next mark price tries again.
            return False
        value = floor.orders.value(record.order_id)
        has = account.wallet.get(rules.settle, ZERO)
        fee = min(rounded(value * rules.liquidation_fee), max(ZERO, has))
        if fee:
            floor.pay(account, "liquidation_fee", rules.settle, -fee, held=held)
        return bool(value)

    def _insure(self, account: AccountState, currency: str, missing: Decimal, held: Held | None) -> None:
        if missing > 0:
            self._floor.pay(account, "insurance", currency, missing, held=held)

    def _cancel_orders(self, account: AccountState, listing: str) -> None:
        for record in self._floor.open_orders(account.account, listing):
            self._entry.cancel(account.account, record.order_id)
