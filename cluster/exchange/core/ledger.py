"""Accounts' money: cash, positions at cost, and the choices (leverage, margin and position mode) that go with them.

Everything here changes by trades and payments only, so that a store of those is a store of this.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec

from cluster.exchange.api import Kind, Leg, Payment, Rules, Trade
from messages.intents import Side

ZERO = Decimal(0)
CENT = Decimal("1e-8")
"""Money is kept to eight digits."""
MONEY = Context(prec=60, rounding=ROUND_HALF_EVEN)


def rounded(amount: Decimal) -> Decimal:
    """An amount of money to eight digits, half to even."""
    return amount.quantize(CENT, context=MONEY)


class Held(msgspec.Struct):
    """A position: `quantity` signed in base units, `cost` what it was entered at (signed, quote currency, exact).

    `margin` is the part of the wallet set aside for it when it is isolated.
    """

    listing: str
    leg: Leg
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    margin: Decimal = ZERO
    updated_at: int = 0

    @property
    def entry_price(self) -> Decimal:
        """The average price of the position, 0 when flat."""
        return MONEY.divide(self.cost, self.quantity) if self.quantity else ZERO

    def unrealized(self, mark: Decimal) -> Decimal:
        """What closing at the mark price would make, before fees."""
        return self.quantity * mark - self.cost


class AccountState(msgspec.Struct):
    """One account. `wallet` is cash by currency; `held` positions by listing and leg."""

    account: str
    wallet: dict[str, Decimal] = {}
    held: dict[str, dict[Leg, Held]] = {}
    hedge: bool = False
    leverages: dict[str, int] = {}
    isolated: dict[str, bool] = {}
    count_downs: dict[str, int] = {}

    def position(self, listing: str, leg: Leg) -> Held:
        """The position of a listing and leg, flat when there was none."""
        legs = self.held.setdefault(listing, {})
        found = legs.get(leg)
        if found is None:
            found = legs[leg] = Held(listing, leg)
        return found

    def quantity(self, listing: str, leg: Leg) -> Decimal:
        """The signed size of a position, 0 when there is none."""
        held = self.held.get(listing, {}).get(leg)
        return ZERO if held is None else held.quantity

    def positions(self) -> Iterator[Held]:
        """All positions that are not flat."""
        return (held for legs in self.held.values() for held in legs.values() if held.quantity)

    def credit(self, currency: str, amount: Decimal) -> None:
        """Add cash, or take it when negative."""
        self.wallet[currency] = self.wallet.get(currency, ZERO) + amount


def execute(account: AccountState, rules: Rules, trade: Trade, leverage: int) -> Decimal:
    """Let a trade move cash and position; returns the profit it realised, before its fee.

    The trade's own `realized` is not read: this is where it comes from.
    """
    realized = ZERO
    signed = trade.quantity * trade.side.sign
    if rules.kind is Kind.SPOT:
        account.credit(rules.base, signed)
        account.credit(rules.quote, -rounded(signed * trade.price))
    else:
        held = account.position(trade.listing, trade.leg)
        isolated = account.isolated.get(trade.listing, False)
        realized = _move(held, signed, trade.price, leverage if isolated else None)
        held.updated_at = trade.time
        account.credit(rules.settle, realized)
    account.credit(trade.fee_currency, -trade.fee)
    return realized


def credit(account: AccountState, payment: Payment) -> None:
    """Let a payment move cash; funding of an isolated position comes out of, or goes to, its margin too."""
    account.credit(payment.currency, payment.amount)
    if payment.kind == "funding" and payment.listing and account.isolated.get(payment.listing, False):
        account.position(payment.listing, payment.leg).margin += payment.amount


def apply_setting(account: AccountState, listing: str, name: str, value: int | bool | None) -> None:
    """Let an account's own setting take effect: `leverage`, `isolated`, `hedge` or `count_down`.

    The margin of an isolated position follows its leverage.
    """
    if name == "leverage" and value is not None:
        account.leverages[listing] = value
        if account.isolated.get(listing, False):
            for held in account.held.get(listing, {}).values():
                held.margin = rounded(MONEY.divide(abs(held.cost), Decimal(value)))
    elif name == "isolated":
        account.isolated[listing] = bool(value)
    elif name == "hedge":
        account.hedge = bool(value)
    elif value is None:
        account.count_downs.pop(listing, None)
    else:
        account.count_downs[listing] = value


def fee_of(price: Decimal, quantity: Decimal, ratio: Decimal) -> Decimal:
    """The fee of a trade, to eight digits."""
    return rounded(price * quantity * ratio)


def closes(side: Side, leg: Leg, quantity: Decimal) -> bool:
    """Whether an order of this side makes a position of signed `quantity` smaller."""
    if leg is not Leg.BOTH:
        return (side is Side.SELL) == (leg is Leg.LONG)
    return side.sign * quantity < 0


def _move(held: Held, signed: Decimal, price: Decimal, leverage: int | None) -> Decimal:
    """Change a position by a signed quantity. A leverage means that its margin is set aside.

    The cost of what is closed is its share of the whole cost, to eight digits; the rest keeps what the rounding left,
    so that over the life of a position profit and cash agree exactly.
    """
    before = held.quantity
    closed = min(abs(signed), abs(before)) if before * signed < 0 else ZERO
    realized = ZERO
    if closed:
        is_all = closed == abs(before)
        share = held.cost if is_all else rounded(MONEY.divide(held.cost * closed, abs(before)))
        released = held.margin if is_all else rounded(MONEY.divide(held.margin * closed, abs(before)))
        worth = closed * price * (1 if before > 0 else -1)
        realized = rounded(worth - share)
        # What rounding to eight digits cut off stays in the cost while there is a position left.
        held.cost -= share if is_all else worth - realized
        held.margin -= released
        held.quantity += closed if before < 0 else -closed
    opened = abs(signed) - closed
    if opened:
        held.quantity += opened if signed > 0 else -opened
        held.cost += opened * price * (1 if signed > 0 else -1)
        if leverage is not None:
            held.margin += rounded(MONEY.divide(opened * price, Decimal(leverage)))
    return realized
