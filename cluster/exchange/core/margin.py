"""Margin: what positions and orders bind, what is free, when an account is liquidated.

The rules of linear perpetuals as Binance USD-M states them, with one tier per listing: initial margin = value /
leverage, maintenance margin = value x ratio, both at the mark price. Cross positions share the wallet; an isolated
one answers with the margin set aside for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from cluster.exchange.api import Balance, Kind, Leg, OrderRecord, Position
from cluster.exchange.core.ledger import MONEY, ZERO, AccountState, Held, closes
from cluster.exchange.core.public import Listing


class OpenValue(NamedTuple):
    """The value of an account's open orders of one listing and leg that may add to a position."""

    buys: Decimal
    sells: Decimal


class Margins:
    """Reads an account's margin from its state, its open orders and the mark prices."""

    def __init__(self, listings: Mapping[str, Listing], default_leverage: int) -> None:
        self._listings = listings
        self._default = default_leverage

    def leverage(self, account: AccountState, listing: str) -> int:
        """The leverage of an account in a listing."""
        rules = self._listings[listing].rules
        return account.leverages.get(listing, min(self._default, rules.max_leverage))

    def mark(self, listing: str) -> Decimal:
        """The mark price of a listing."""
        return self._listings[listing].mark_price

    def position_margin(self, account: AccountState, held: Held) -> Decimal:
        """The initial margin of a position."""
        value = abs(held.quantity) * self.mark(held.listing)
        return MONEY.divide(value, Decimal(self.leverage(account, held.listing)))

    def maintenance(self, held: Held) -> Decimal:
        """The maintenance margin of a position."""
        listing = self._listings[held.listing]
        return abs(held.quantity) * listing.mark_price * listing.rules.maintenance_margin

    def bound(self, account: AccountState, listing: str, orders: list[OrderRecord]) -> Decimal:
        """The initial margin that positions and orders of one listing bind: its worst case.

        Per leg the larger of what all open buys and what all open sells could make of the position.
        """
        mark = self.mark(listing)
        total = ZERO
        if not orders:
            held = account.held.get(listing, {}).values()
            value = sum((abs(each.quantity) for each in held), ZERO) * mark
            return MONEY.divide(value, Decimal(self.leverage(account, listing)))
        legs = {held.leg for held in account.held.get(listing, {}).values() if held.quantity}
        legs |= {record.request.leg for record in orders}
        for leg in legs:
            value = account.quantity(listing, leg) * mark
            open_value = _open_value(orders, leg, mark)
            total += max(abs(value), abs(value + open_value.buys), abs(value - open_value.sells))
        return MONEY.divide(total, Decimal(self.leverage(account, listing)))

    def free(self, account: AccountState, currency: str, orders: list[OrderRecord]) -> Decimal:
        """What can still be bound: the cross wallet with the profit or loss of cross positions, less what is bound.

        The margin set aside for isolated positions counts as bound, their profit as not there.
        """
        free = account.wallet.get(currency, ZERO)
        for name, own_orders in _by_listing(account, orders).items():
            listing = self._listings[name]
            if listing.rules.kind is not Kind.PERPETUAL or listing.rules.settle != currency:
                continue
            held = [each for each in account.held.get(name, {}).values() if each.quantity]
            bound = self.bound(account, name, own_orders)
            if account.isolated.get(name, False):
                free -= sum((each.margin for each in held), ZERO)
                free -= max(ZERO, bound - sum((self.position_margin(account, each) for each in held), ZERO))
            else:
                free += sum((each.unrealized(listing.mark_price) for each in held), ZERO) - bound
        return free - self.locked(orders, currency)

    def locked(self, orders: list[OrderRecord], currency: str) -> Decimal:
        """What open spot orders hold of a currency: the cost of buys with their fee, the quantity of sells."""
        total = ZERO
        for record in orders:
            rules = self._listings[record.request.listing].rules
            if rules.kind is not Kind.SPOT or record.conditional:
                continue
            rest = record.quantity - record.filled
            if record.request.side.sign < 0:
                total += rest if rules.base == currency else ZERO
            elif rules.quote == currency and record.price is not None:
                total += rest * record.price * (1 + max(ZERO, rules.maker_fee, rules.taker_fee))
        return total

    def balance(self, account: AccountState, currency: str, orders: list[OrderRecord]) -> Balance:
        """Cash as the account is shown it; available is never below 0."""
        total = account.wallet.get(currency, ZERO)
        return Balance(
            currency=currency, total=total, available=max(ZERO, self.free(account, currency, orders))
        )

    def positions(self, account: AccountState, held: Iterable[Held]) -> tuple[Position, ...]:
        """Positions as the account is shown them."""
        equities: dict[str, tuple[Decimal, Decimal]] = {}
        shown = []
        for each in held:
            currency = self._listings[each.listing].rules.settle
            if currency not in equities:
                equities[currency] = self.equity(account, currency)
            shown.append(self._position(account, each, equities[currency]))
        return tuple(shown)

    def _position(self, account: AccountState, held: Held, equity: tuple[Decimal, Decimal]) -> Position:
        mark = self.mark(held.listing)
        isolated = account.isolated.get(held.listing, False)
        return Position(
            listing=held.listing,
            leg=held.leg,
            quantity=held.quantity,
            entry_price=round(held.entry_price, 12),
            mark_price=mark,
            unrealized=held.unrealized(mark),
            initial_margin=self.position_margin(account, held),
            maintenance_margin=self.maintenance(held),
            leverage=self.leverage(account, held.listing),
            isolated=isolated,
            liquidation_price=self._liquidation_price(account, held, equity),
            updated_at=held.updated_at,
        )

    def equity(self, account: AccountState, currency: str) -> tuple[Decimal, Decimal]:
        """(margin balance, maintenance margin) of the cross positions in a currency."""
        balance, needed = account.wallet.get(currency, ZERO), ZERO
        for held in account.positions():
            listing = self._listings[held.listing]
            if listing.rules.settle != currency:
                continue
            if account.isolated.get(held.listing, False):
                balance -= held.margin
            else:
                balance += held.unrealized(listing.mark_price)
                needed += self.maintenance(held)
        return balance, needed

    def _liquidation_price(
        self, account: AccountState, held: Held, equity: tuple[Decimal, Decimal]
    ) -> Decimal | None:
        """The mark price at which the position is liquidated, all else standing still; None when there is none.

        Where margin + quantity x price - cost = |quantity| x price x ratio, so
        price = (cost - margin) / (quantity - |quantity| x ratio); a cross position's margin is all other cross equity
        less the maintenance of the others.
        """
        listing = self._listings[held.listing]
        if not held.quantity:
            return None
        if account.isolated.get(held.listing, False):
            margin = held.margin
        else:
            balance, needed = equity
            margin = balance - held.unrealized(listing.mark_price) - (needed - self.maintenance(held))
        slope = held.quantity - abs(held.quantity) * listing.rules.maintenance_margin
        price = MONEY.divide(held.cost - margin, slope)
        return round(price, 8) if price > 0 else None


def _by_listing(account: AccountState, orders: Iterable[OrderRecord]) -> dict[str, list[OrderRecord]]:
    """The listings that an account has positions or orders in, with the orders."""
    found: dict[str, list[OrderRecord]] = {held.listing: [] for held in account.positions()}
    for record in orders:
        found.setdefault(record.request.listing, []).append(record)
    return found


def _open_value(orders: list[OrderRecord], leg: Leg, mark: Decimal) -> OpenValue:
    """What plain orders may still add; a market order counts at the mark, a sell at no less than it."""
    buys = sells = ZERO
    for record in orders:
        request = record.request
        is_closing = leg is not Leg.BOTH and closes(request.side, leg, ZERO)
        if request.leg is not leg or record.conditional or request.reduce_only or is_closing:
            continue
        rest = record.quantity - record.filled
        price = mark if record.price is None else record.price
        if request.side.sign > 0:
            buys += rest * price
        else:
            sells += rest * max(price, mark)
    return OpenValue(buys, sells)
