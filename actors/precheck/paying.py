"""What an order is paid with: whether a balance covers it with its fee, which quote currency to trade in, and what to
convert where none has enough. Pure functions; amounts are Decimals in the currency they name, ratios fractions.

A balance that is not known is none: what depends on it fails closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from messages.intents import Side
from messages.reasons import Reason

ZERO = Decimal(0)
ONE = Decimal(1)


class Need(NamedTuple):
    """What an order takes from the account: so much of this currency."""

    currency: str
    amount: Decimal


class Pair(NamedTuple):
    """A listing that the wanted base currency can be bought on: in `quote`, one unit of which is worth `rate`."""

    symbol: str
    quote: str
    rate: Decimal


class Payment(NamedTuple):
    """The pair to buy on and the value to buy for (base currency); `reason` says why not where there is no pair.

    `partial`: no pair could pay for all of it.
    """

    pair: Pair | None
    value: Decimal
    partial: bool = False
    reason: Reason = Reason.ACCEPTED


class Conversion(NamedTuple):
    """Change `amount` (of `source`) of one currency into another before buying."""

    source: str
    target: str
    amount: Decimal


def needed(
    side: Side,
    quantity: Decimal,
    price: Decimal,
    base: str,
    quote: str,
    *,
    fee: Decimal = ZERO,
    buffer: Decimal = ZERO,
) -> Need:
    """What a spot order takes: a buy its value with fee and buffer, a sell its quantity."""
    if side is Side.SELL:
        return Need(base, quantity)
    return Need(quote, quantity * price * (ONE + fee + buffer))


def shortfall(need: Need, balances: Mapping[str, Decimal]) -> Decimal:
    """How much is missing for a need; all of it where the balance is not known."""
    return max(ZERO, need.amount - balances.get(need.currency, ZERO))


def affordable(
    side: Side,
    price: Decimal,
    base: str,
    quote: str,
    balances: Mapping[str, Decimal],
    *,
    fee: Decimal = ZERO,
    buffer: Decimal = ZERO,
) -> Decimal:
    """The largest quantity (base units) that the balances cover, fee and buffer included."""
    if side is Side.SELL:
        return max(ZERO, balances.get(base, ZERO))
    return max(ZERO, balances.get(quote, ZERO)) / (price * (ONE + fee + buffer))


def choose_quote(
    value: Decimal,
    pairs: Sequence[Pair],
    balances: Mapping[str, Decimal],
    preferred: Sequence[str],
    *,
    least: Decimal,
    reserve: Decimal = Decimal("0.01"),
) -> Payment:
    """The pair to buy for `value` on: the first preferred quote currency that has enough of it.

    Else the one that has most, if that is `least` or more; `reserve` (fraction) of it is left for fees. Currencies
    that are not named in `preferred` come last, by name.
    """
    ranks = {currency: rank for rank, currency in enumerate(preferred)}
    known = [pair for pair in pairs if balances.get(pair.quote, ZERO) > 0 and pair.rate > 0]
    known.sort(key=lambda pair: (ranks.get(pair.quote, len(ranks)), pair.quote, pair.symbol))
    for pair in known:
        if balances[pair.quote] * pair.rate * (ONE - reserve) >= value:
            return Payment(pair, value)
    if not known:
        return Payment(None, ZERO, reason=Reason.INSUFFICIENT_BALANCE)
    richest = max(known, key=lambda pair: balances[pair.quote] * pair.rate)
    worth = balances[richest.quote] * richest.rate * (ONE - reserve)
    if worth < least:
        return Payment(None, ZERO, reason=Reason.MIN_NOTIONAL)
    return Payment(richest, worth, partial=True)


def plan_conversion(
    deficit: Decimal,
    target: str,
    balances: Mapping[str, Decimal],
    stable: Sequence[str],
    *,
    least: Decimal,
    margin: Decimal = Decimal("0.05"),
) -> tuple[Conversion, ...]:
    """What to change into `target` to cover a deficit, from the stable currencies that have most; () for nothing.

    Stable currencies count one for one, so that `margin` (fraction) is added for what the change costs. Nothing below
    `least` is changed, and a plan that would not cover the deficit is none: to change without buying only costs.
    """
    wanted = max(deficit * (ONE + margin), least)
    donors = [(balances.get(each, ZERO), each) for each in stable if each != target]
    plan: list[Conversion] = []
    if deficit <= 0:
        return ()
    for available, currency in sorted(donors, key=lambda donor: (-donor[0], donor[1])):
        amount = min(available, wanted)
        if amount < least:
            continue
        plan.append(Conversion(currency, target, amount))
        wanted -= amount
        if wanted <= 0:
            break
        wanted = max(wanted, least)
    covered = sum((each.amount for each in plan), ZERO)
    return tuple(plan) if covered >= deficit else ()
