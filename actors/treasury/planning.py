"""Treasury operations as plans: sweep, purge, trim, and liquidation in stages. Pure functions; nothing here trades.

Each plan ends in sales, which `terms_of` turns into the terms of intents that go through risk like any other. Values
are in base currency, prices in quote currency per base unit, ratios fractions, times ns UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from actors.precheck.paying import Conversion
from messages.intents import OrderTerms, OrderType, Purpose, Route, Side, TimeInForce

ZERO = Decimal(0)
ONE = Decimal(1)


class Held(NamedTuple):
    """A holding: signed base units, its price (quote currency), what it is worth, and its gain as a fraction of cost.

    `worth` is the absolute value in base currency; `gain` None where the cost is not known.
    """

    symbol: str
    venue: str
    quantity: Decimal
    price: Decimal
    worth: Decimal
    gain: Decimal | None
    lot: Decimal
    tick: Decimal


class Failures(NamedTuple):
    """How often in a row a sale of a holding failed, and when it last did."""

    times: int
    last_at: int


class Sale(NamedTuple):
    """Bring a holding nearer to nothing by so much."""

    held: Held
    quantity: Decimal
    reason: str


def plan_sweep(
    balances: Mapping[str, Decimal], target: str, keep: Mapping[str, Decimal], *, least: Decimal
) -> tuple[Conversion, ...]:
    """Change idle cash into `target`: what each currency named in `keep` has beyond that, if it is `least` or more."""
    plan = []
    for currency, kept in sorted(keep.items()):
        idle = balances.get(currency, ZERO) - kept
        if currency != target and idle >= least:
            plan.append(Conversion(currency, target, idle))
    return tuple(plan)


def plan_purge(
    held: Sequence[Held],
    ineligible: frozenset[str],
    failures: Mapping[str, Failures],
    now: int,
    *,
    least: Decimal = Decimal(5),
    most: int = 2,
    patience_ns: int = 3_600_000_000_000,
) -> tuple[Sale, ...]:
    """Sell what may not be held, the most valuable first: at most `most` at a time, none worth less than `least`.

    After the third failure in a row a holding waits min(2^(n-2), 4) times `patience_ns`.
    """
    sales = []
    for one in sorted(held, key=lambda each: (-each.worth, each.symbol)):
        if one.symbol not in ineligible or one.worth < least or not one.quantity:
            continue
        failed = failures.get(one.symbol)
        if failed is not None and failed.times >= 3:
            wait = min(1 << min(failed.times - 2, 8), 4) * patience_ns
            if now < failed.last_at + wait:
                continue
        quantity = _on_lot(abs(one.quantity), one)
        if quantity > 0:
            sales.append(Sale(one, quantity, "purge"))
    return tuple(sales[:most])


def plan_trim(
    held: Sequence[Held],
    nav: Decimal,
    cap: Decimal,
    *,
    band: Decimal = Decimal("0.0025"),
    below: Decimal = Decimal("0.1"),
    least: Decimal = Decimal(5),
) -> tuple[Sale, ...]:
    """Reduce exposure that has grown beyond `cap` (part of NAV) by more than `band`, down to `below` under the cap.

    Worst performers go first; one whose cost is not known counts as neither gain nor loss. A part worth less than
    `least` is not sold.
    """
    exposure = sum((one.worth for one in held), ZERO)
    if nav <= 0 or exposure <= nav * (cap + band):
        return ()
    excess = exposure - nav * max(ZERO, cap - below)
    sales = []
    for one in sorted(held, key=lambda each: (each.gain or ZERO, each.symbol)):
        part = min(excess, one.worth)
        if part < least or not one.worth:
            continue
        quantity = min(
            _on_lot(abs(one.quantity) * part / one.worth, one, ROUND_CEILING), _on_lot(abs(one.quantity), one)
        )
        if quantity <= 0:
            continue
        sales.append(Sale(one, quantity, "trim"))
        excess -= one.worth * quantity / abs(one.quantity)
        if excess < least:
            break
    return tuple(sales)


def plan_stages(held: Held, stages: int, *, least: Decimal = ZERO) -> tuple[Sale, ...]:
    """A liquidation in equal stages, whole lots each, fewer where a stage would be worth less than `least`.

    A rest below one lot can't be sold and is left out.
    """
    whole = _on_lot(abs(held.quantity), held)
    if whole <= 0:
        return ()
    counts = [stages, int(whole / held.lot)]
    if least > 0:
        counts.append(int(held.worth / least))
    count = max(1, min(counts))
    plan, sold = [], ZERO
    for number in range(1, count + 1):
        upto = whole if number == count else _on_lot(whole * number / count, held)
        plan.append(Sale(held, upto - sold, f"stage {number} of {count}"))
        sold = upto
    return tuple(plan)


def terms_of(sale: Sale, deadline: int, *, collar: Decimal, route: Route = Route.MAKER_FIRST) -> OrderTerms:
    """The terms of the intent that a sale is: reduces only, and no worse than `collar` (fraction) from the price."""
    held = sale.held
    side = Side.SELL if held.quantity > 0 else Side.BUY
    bound = held.price * (ONE + side.sign * collar) / held.tick
    rounding = ROUND_CEILING if side is Side.SELL else ROUND_FLOOR
    return OrderTerms(
        symbol=held.symbol,
        venue=held.venue,
        side=side,
        quantity=sale.quantity,
        order_type=OrderType.MARKET,
        worst_price=bound.to_integral_value(rounding) * held.tick,
        deadline=deadline,
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
        purpose=Purpose.EXIT,
        route=route,
    )


def _on_lot(quantity: Decimal, held: Held, rounding: str = ROUND_FLOOR) -> Decimal:
    return (quantity / held.lot).to_integral_value(rounding) * held.lot
