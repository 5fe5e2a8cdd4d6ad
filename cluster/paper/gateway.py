"""The venue's gateway: what can be said about an order before it reaches the book.

Answered at once are the rules that need no market: the instrument, the grid, the minimums. Everything else
(balance, post-only, liquidity) is judged when the order arrives, and reported as an event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from actors.venues.matching.instruments import Instrument
from cluster.paper.ledger import Ledger
from cluster.paper.records import OrderRequest
from messages.errors import OrderRejectedError
from messages.intents import OrderType, TimeInForce
from messages.reasons import Reason

LONGEST_CLIENT_ORDER_ID = 64
"""Characters a client order id may have."""

_LARGEST_EXPONENT = 15
"""Numbers of 10^15 and more are refused unread: dividing them would cost more than an order is worth."""

_NEEDED_PRICES: Mapping[OrderType, tuple[bool, bool]] = {
    OrderType.MARKET: (False, False),
    OrderType.LIMIT: (True, False),
    OrderType.STOP: (False, True),
    OrderType.STOP_LIMIT: (True, True),
}
"""Whether each type has a limit price, and a stop price."""


class Refusal(OrderRejectedError):
    """The gateway does not take a request. `reason` is the code its sender is told."""

    def __init__(
        self, reason: Reason, message: str, *, field: str, value: object, remedy: str | None = None
    ) -> None:
        super().__init__(message, field=field, value=value, remedy=remedy)
        self.reason = reason


def check_is_new(request: OrderRequest, ledger: Ledger) -> None:
    """Raises `Refusal` when the client order id was used before."""
    if ledger.find(request.client_order_id) is not None:
        raise Refusal(
            Reason.DUPLICATE_CLIENT_ORDER_ID,
            "used before, and good for one order only",
            field="client_order_id",
            value=request.client_order_id,
            remedy="ask what became of the order that has it",
        )


def check_order(request: OrderRequest, instruments: Mapping[str, Instrument]) -> None:
    """Raises `Refusal` for the first rule that the order breaks."""
    _check_client_order_id(request)
    instrument = instruments.get(request.symbol)
    if instrument is None:
        raise Refusal(
            Reason.SYMBOL_UNKNOWN,
            "not traded here",
            field="symbol",
            value=request.symbol,
            remedy=f"use one of {', '.join(instruments)}",
        )
    for reason, field, breaks, remedy in _RULES:
        if breaks(request, instrument):
            raise Refusal(
                reason, "not accepted", field=field, value=_shown(getattr(request, field)), remedy=remedy
            )


def _check_client_order_id(request: OrderRequest) -> None:
    given = request.client_order_id
    if not (
        0 < len(given) <= LONGEST_CLIENT_ORDER_ID and given.isascii() and given.replace("-", "").isalnum()
    ):
        raise Refusal(
            Reason.INTENT_MALFORMED,
            "not a client order id",
            field="client_order_id",
            value=given[: LONGEST_CLIENT_ORDER_ID + 1],
            remedy=f"use 1 to {LONGEST_CLIENT_ORDER_ID} ASCII letters, digits and hyphens",
        )


def _lacks_limit_price(request: OrderRequest, instrument: Instrument) -> bool:
    return (request.limit_price is not None) != _NEEDED_PRICES[request.order_type][0]


def _lacks_stop_price(request: OrderRequest, instrument: Instrument) -> bool:
    return (request.stop_price is not None) != _NEEDED_PRICES[request.order_type][1]


def _post_only_cannot_rest(request: OrderRequest, instrument: Instrument) -> bool:
    can_rest = request.limit_price is not None and request.time_in_force is TimeInForce.GTC
    return request.post_only and not can_rest


def _limit_price_off_tick(request: OrderRequest, instrument: Instrument) -> bool:
    return request.limit_price is not None and _is_off(request.limit_price, instrument.tick)


def _stop_price_off_tick(request: OrderRequest, instrument: Instrument) -> bool:
    return request.stop_price is not None and _is_off(request.stop_price, instrument.tick)


def _quantity_off_lot(request: OrderRequest, instrument: Instrument) -> bool:
    return _is_off(request.quantity, instrument.lot)


def _quantity_too_small(request: OrderRequest, instrument: Instrument) -> bool:
    return request.quantity < instrument.min_quantity


def _notional_too_small(request: OrderRequest, instrument: Instrument) -> bool:
    # What may only reduce a position may be small, or its rest could never be closed.
    price = request.limit_price or request.stop_price
    if price is None or request.reduce_only:
        return False
    return request.quantity * price * instrument.multiplier < instrument.min_notional


_Rule = tuple[Reason, str, Callable[[OrderRequest, Instrument], bool], str]

_RULES: tuple[_Rule, ...] = (
    (Reason.INTENT_MALFORMED, "limit_price", _lacks_limit_price, "limit and stop_limit have one, others not"),
    (Reason.INTENT_MALFORMED, "stop_price", _lacks_stop_price, "stop and stop_limit have one, others not"),
    (Reason.INTENT_MALFORMED, "post_only", _post_only_cannot_rest, "use it with a limit price and gtc"),
    (Reason.TICK_SIZE, "limit_price", _limit_price_off_tick, "round it to the tick"),
    (Reason.TICK_SIZE, "stop_price", _stop_price_off_tick, "round it to the tick"),
    (Reason.LOT_SIZE, "quantity", _quantity_off_lot, "round it to the lot"),
    (Reason.MIN_QUANTITY, "quantity", _quantity_too_small, "ask for more"),
    (Reason.MIN_NOTIONAL, "quantity", _notional_too_small, "ask for more"),
)
"""The gateway's rules in the order they are asked: reason code, the field at fault, the test, what to do."""


def _is_off(amount: Decimal, step: Decimal) -> bool:
    """Whether an amount is not a positive multiple of `step`."""
    if not amount.is_finite() or amount <= 0 or amount.adjusted() >= _LARGEST_EXPONENT:
        return True
    return amount % step != 0


def _shown(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value
