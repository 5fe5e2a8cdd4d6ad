"""How values look on the wire: numbers as text, times as ms, and the protocol's names for sides, types and states."""

from __future__ import annotations

from decimal import Decimal

from cluster.exchange.api import Leg, OrderRecord, Request, Rules, Status
from messages.intents import OrderType, TimeInForce
from messages.reasons import Reason

NS_PER_MS = 1_000_000
CONDITIONAL_TYPES = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
ORDER_TYPES = ("LIMIT", "MARKET", *CONDITIONAL_TYPES)
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTD")
SELF_TRADE_MODES = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
SELF_TRADE_MODE = "EXPIRE_MAKER"
PLACES = Decimal("1e-8")

STATUSES: dict[Status, str] = {
    Status.NEW: "NEW",
    Status.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    Status.FILLED: "FILLED",
    Status.CANCELED: "CANCELED",
    Status.EXPIRED: "EXPIRED",
    Status.REJECTED: "REJECTED",
}
LEGS: dict[Leg, str] = {Leg.BOTH: "BOTH", Leg.LONG: "LONG", Leg.SHORT: "SHORT"}
LEGS_BY_NAME: dict[str, Leg] = {name: leg for leg, name in LEGS.items()}


def status_name(record: OrderRecord) -> str:
    """The state of an order; one that would have traded with its own account has a name of its own."""
    if record.status is Status.EXPIRED and record.reason is Reason.SELF_TRADE:
        return "EXPIRED_IN_MATCH"
    return STATUSES[record.status]


def highest_price(rules: Rules) -> Decimal:
    """The highest price that a listing's filters let an order have."""
    return rules.tick * 10**7


def text(value: Decimal | None) -> str:
    """A number without an exponent, at most 8 decimals; `0` for None."""
    if value is None:
        return "0"
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -8:
        value = value.quantize(PLACES)
    return format(value, "f")


def ms(time: int) -> int:
    """ns as ms."""
    return time // NS_PER_MS


def decimals(step: Decimal) -> int:
    """How many decimals a step has."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def type_name(request: Request) -> str:
    """`LIMIT`, `MARKET`, or one of the conditional types."""
    limit = request.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    if request.trigger_price is None:
        return "LIMIT" if limit else "MARKET"
    name = "TAKE_PROFIT" if request.take_profit else "STOP"
    return name if limit else f"{name}_MARKET"


def plain_type_name(request: Request) -> str:
    """What a conditional order becomes: `LIMIT` or `MARKET`."""
    return "LIMIT" if request.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT) else "MARKET"


def time_in_force_name(request: Request) -> str:
    """`GTX` for post-only, `GTD` for orders with an end."""
    if request.post_only:
        return "GTX"
    if request.expire_at is not None:
        return "GTD"
    return {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}[request.time_in_force]


def working_type(request: Request) -> str:
    """Which price triggers."""
    return "MARK_PRICE" if request.trigger_by_mark else "CONTRACT_PRICE"


def good_till(request: Request) -> int:
    """The end of an order in ms; 0 without one."""
    return 0 if request.expire_at is None else ms(request.expire_at)
