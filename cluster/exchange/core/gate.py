"""The gate: what an order must fulfil before the engine sees it. The first rule that is broken refuses it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cluster.exchange.api import Kind, Leg, OrderRecord, Refusal, Request, Rules
from cluster.exchange.core.floor import Floor
from cluster.exchange.core.ledger import ZERO, AccountState, closes, fee_of
from cluster.exchange.core.public import Listing
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason

PLAIN = {
    OrderType.MARKET: OrderType.MARKET,
    OrderType.LIMIT: OrderType.LIMIT,
    OrderType.STOP: OrderType.MARKET,
    OrderType.STOP_LIMIT: OrderType.LIMIT,
}
"""What a conditional order becomes when it is triggered."""

_PRICED = {OrderType.LIMIT: True, OrderType.STOP_LIMIT: True, OrderType.MARKET: False, OrderType.STOP: False}


def check_open(floor: Floor, rules: Rules) -> None:
    """Refuses INSTRUMENT_CLOSED in maintenance and on a halted listing."""
    if floor.maintenance:
        raise Refusal(Reason.INSTRUMENT_CLOSED, "the exchange is in maintenance")
    if not rules.trading:
        raise Refusal(Reason.INSTRUMENT_CLOSED, rules.listing)


def check_form(request: Request, account: AccountState, rules: Rules) -> None:
    """Whether the fields of a request go together. Refuses INTENT_MALFORMED and POSITION_MODE."""
    has_price = _PRICED[request.order_type]
    is_sized = (request.quantity is not None) + (request.quote_quantity is not None) + request.close_position
    problems = {
        "client_order_id": not request.client_order_id,
        "price": (request.price is not None) != has_price,
        "quantity": is_sized != 1,
        "post_only": request.post_only and (not has_price or request.time_in_force is not TimeInForce.GTC),
        "trigger_price": request.trigger_price is None
        and (request.take_profit or request.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)),
        "close_position": request.close_position and has_price,
        "quote_quantity": request.quote_quantity is not None and (has_price or request.quote_quantity <= 0),
        "kind": rules.kind is Kind.SPOT and (request.reduce_only or request.close_position),
    }
    for field, is_wrong in problems.items():
        if is_wrong:
            raise Refusal(Reason.INTENT_MALFORMED, field)
    if (request.leg is not Leg.BOTH) != (account.hedge and rules.kind is Kind.PERPETUAL):
        raise Refusal(Reason.POSITION_MODE, request.leg.value)


def check_filters(
    listing: Listing, request: Request, quantity: Decimal | None, price: Decimal | None, *, is_reducing: bool
) -> None:
    """Tick, lot, minimums, maximums and the price band. `price` None = a market order.

    Refuses TICK_SIZE, LOT_SIZE, MIN_QUANTITY, MAX_QUANTITY, PRICE_BAND, MIN_NOTIONAL.
    """
    rules = listing.rules
    for each in (price, request.trigger_price):
        if each is not None and not _is_on(each, rules.tick):
            raise Refusal(Reason.TICK_SIZE, str(each))
    if price is not None:
        check_band(listing, request.side, price, request.trigger_price)
    if quantity is None:
        return
    if not _is_on(quantity, rules.lot):
        raise Refusal(Reason.LOT_SIZE, str(quantity))
    if quantity < rules.min_quantity:
        raise Refusal(Reason.MIN_QUANTITY, str(quantity))
    most = rules.max_quantity
    if price is None and rules.market_max_quantity is not None:
        most = rules.market_max_quantity
    if quantity > most:
        raise Refusal(Reason.MAX_QUANTITY, str(quantity))
    value = quantity * (price or request.trigger_price or listing.mark_price)
    # What is left of a position must be closable however little it is.
    if value < rules.min_notional and not is_reducing:
        raise Refusal(Reason.MIN_NOTIONAL, str(value))


def check_band(listing: Listing, side: Side, price: Decimal, trigger_price: Decimal | None) -> None:
    """A limit may not be worse than the mark (a conditional order's trigger) by more than a factor."""
    rules, reference = listing.rules, trigger_price or listing.mark_price
    if not reference:
        return
    is_too_high = rules.price_up is not None and side is Side.BUY and price > reference * rules.price_up
    is_too_low = rules.price_down is not None and side is Side.SELL and price < reference * rules.price_down
    if is_too_high or is_too_low:
        raise Refusal(Reason.PRICE_BAND, f"{price} against {reference}")


def check_counts(floor: Floor, account: str, request: Request, rules: Rules) -> None:
    """How many orders may be open, and that no two of them have one client order id.

    Refuses DUPLICATE_CLIENT_ORDER_ID and VENUE_MAX_ORDERS.
    """
    known = floor.orders.of_client_id(account, request.client_order_id)
    if known is not None and known.open:
        raise Refusal(Reason.DUPLICATE_CLIENT_ORDER_ID, request.client_order_id)
    is_conditional = request.trigger_price is not None
    count = sum(
        record.conditional == is_conditional for record in floor.open_orders(account, request.listing)
    )
    if count >= (rules.max_conditional_orders if is_conditional else rules.max_open_orders):
        raise Refusal(Reason.VENUE_MAX_ORDERS, f"{count} are open")


def check_reduces(account: AccountState, request: Request, quantity: Decimal) -> None:
    """An order that may only close a position: there must be that much of it. Refuses REDUCE_ONLY_WOULD_INCREASE."""
    held = account.quantity(request.listing, request.leg)
    if not closes(request.side, request.leg, held) or quantity > abs(held):
        raise Refusal(Reason.REDUCE_ONLY_WOULD_INCREASE, f"the position is {held}")


def check_margin(
    floor: Floor, account: AccountState, listing: Listing, candidate: OrderRecord, replaced: int = 0
) -> None:
    """The account must carry the order next to all it has: margin, the loss it begins with, and the fee.

    `replaced` is the number of the order whose place it takes. Refuses INSUFFICIENT_BALANCE.
    """
    rules, request, margins = listing.rules, candidate.request, floor.margins
    orders = [each for each in floor.open_orders(account.account) if each.order_id != replaced]
    price = candidate.price or _worst_price(listing, request.side)
    priced = msgspec.structs.replace(candidate, price=price)
    if rules.kind is Kind.SPOT:
        currency = rules.quote if request.side is Side.BUY else rules.base
        if margins.free(account, currency, [*orders, priced]) < 0:
            raise Refusal(Reason.INSUFFICIENT_BALANCE, currency)
        return
    own = [each for each in orders if each.request.listing == rules.listing]
    needed = margins.bound(account, rules.listing, [*own, priced]) - margins.bound(
        account, rules.listing, own
    )
    if needed <= 0:
        return
    before = margins.free(account, rules.settle, orders)
    rest = candidate.quantity - candidate.filled
    loss = max(ZERO, request.side.sign * (price - listing.mark_price) * rest)
    if before - needed < loss + fee_of(price, rest, max(ZERO, rules.taker_fee)):
        raise Refusal(Reason.INSUFFICIENT_BALANCE, f"free is {before}")


def check_not_triggered(listing: Listing, request: Request) -> None:
    """A conditional order must wait for something. Refuses STOP_WOULD_TRIGGER."""
    if is_triggered(listing, request):
        raise Refusal(Reason.STOP_WOULD_TRIGGER, str(request.trigger_price))


def is_triggered(listing: Listing, request: Request) -> bool:
    """Whether the price that a conditional order looks at has reached its trigger.

    A stop to buy waits for a price at or above it, one to sell at or below; a take-profit the other way round.
    """
    if request.trigger_price is None:
        return False
    seen = listing.mark_price if request.trigger_by_mark else listing.last_price
    if not seen:
        return False
    waits_above = (request.side is Side.BUY) != request.take_profit
    return seen >= request.trigger_price if waits_above else seen <= request.trigger_price


def quantity_for(listing: Listing, side: Side, value: Decimal) -> Decimal:
    """How much a value in quote currency buys or sells in the book as it stands, in whole lots.

    Refuses NO_LIQUIDITY when the book is empty, MIN_QUANTITY when it is less than a lot.
    """
    levels, grid = listing.side(side.opposite), listing.grid
    rest, lots = value, 0
    if not levels:
        raise Refusal(Reason.NO_LIQUIDITY, listing.rules.listing)
    for ticks in sorted(levels, reverse=side is Side.SELL):
        possible = min(levels[ticks], int(rest / grid.price(ticks) / grid.lot))
        lots += possible
        rest -= possible * grid.lot * grid.price(ticks)
        if possible < levels[ticks]:
            break
    if not lots:
        raise Refusal(Reason.MIN_QUANTITY, str(value))
    return lots * grid.lot


def _worst_price(listing: Listing, side: Side) -> Decimal:
    """What a market order is held at: the opposite best, at least the mark for a buy."""
    levels = listing.side(side.opposite)
    if not levels:
        return listing.mark_price
    best = listing.grid.price(min(levels) if side is Side.BUY else max(levels))
    return max(best, listing.mark_price) if side is Side.BUY else best


def _is_on(value: Decimal, step: Decimal) -> bool:
    return value.is_finite() and value > 0 and value.adjusted() < 20 and not value % step
