"""From parameters to what the core is asked for: the protocol's own rules about a new order, before the core's."""

from __future__ import annotations

import secrets
from decimal import Decimal

from cluster.exchange.api import Leg, Refusal, Request, Rules
from cluster.exchange.fronts.binance_usdm.context import Call
from cluster.exchange.fronts.binance_usdm.errors import (
    REASONS,
    WRONG_ENDPOINT_TEXT,
    ApiError,
    invalid,
    missing,
    not_required,
    refused,
    unavailable,
)
from cluster.exchange.fronts.binance_usdm.parameters import Parameters
from cluster.exchange.fronts.binance_usdm.wire import (
    CONDITIONAL_TYPES,
    LEGS_BY_NAME,
    NS_PER_MS,
    ORDER_TYPES,
    SELF_TRADE_MODES,
    TIMES_IN_FORCE,
    decimals,
    text,
)
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_BOTTOM_TIMES = {"IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
_MATCHES = ("OPPONENT", "QUEUE")
_MATCH_LEVELS = {"": 1, "5": 5, "10": 10, "20": 20}
_LAST_DATE_MS = 253_402_300_799_000


def order_request(call: Call, parameters: Parameters | None = None) -> Request:
    """What `POST /fapi/v1/order` asks for. Raises `ApiError`, and `Refusal` for an unknown symbol."""
    given = call.parameters if parameters is None else parameters
    rules = call.front.rules(given.text("symbol"))
    side = _side(given)
    kind = _order_type(given)
    if kind in CONDITIONAL_TYPES:
        raise ApiError(-4120, WRONG_ENDPOINT_TEXT)
    for name in ("stopPrice", "closePosition", "callbackRate", "activationPrice"):
        if name in given and given.text(name) != "false":
            raise not_required(name)
    limit = kind == "LIMIT"
    if not limit:
        for name in ("price", "timeInForce", "priceMatch", "goodTillDate"):
            if name in given:
                raise not_required(name)
    force = _time_in_force(given) if limit else "IOC"
    return Request(
        client_order_id=_client_id(given, "newClientOrderId"),
        listing=rules.listing,
        side=side,
        order_type=OrderType.LIMIT if limit else OrderType.MARKET,
        time_in_force=_BOTTOM_TIMES.get(force, TimeInForce.GTC),
        quantity=_quantity(given, rules),
        price=_price(call, given, rules, side) if limit else None,
        post_only=force == "GTX",
        reduce_only=_reduce_only(call, given),
        leg=_leg(call, given),
        expire_at=_good_till(call, given) if force == "GTD" else None,
    )


def algo_request(call: Call) -> Request:
    """What `POST /fapi/v1/algoOrder` asks for. Raises `ApiError`, and `Refusal` for an unknown symbol."""
    given = call.parameters
    given.choice("algoType", ("CONDITIONAL",))
    rules = call.symbol()
    side = _side(given)
    kind = _order_type(given)
    if kind not in CONDITIONAL_TYPES or kind == "TRAILING_STOP_MARKET":  # trailing stops are not offered here
        raise ApiError(-1116, "Invalid orderType.")
    limit = kind in ("STOP", "TAKE_PROFIT")
    close = given.flag("closePosition", False)
    if close and limit:
        raise not_required("closePosition")
    if close and ("quantity" in given or given.flag("reduceOnly", False)):
        raise ApiError(-4137, "Quantity must be zero with closePosition equals true.")
    trigger = given.decimal("triggerPrice")
    if trigger is None:
        raise missing("triggerPrice")
    _require_price(trigger, rules)
    force = _time_in_force(given, "GTC")
    return Request(
        client_order_id=_client_id(given, "clientAlgoId"),
        listing=rules.listing,
        side=side,
        order_type=OrderType.STOP_LIMIT if limit else OrderType.STOP,
        time_in_force=_BOTTOM_TIMES.get(force, TimeInForce.GTC),
        quantity=None if close else _quantity(given, rules),
        price=_price(call, given, rules, side) if limit else None,
        post_only=force == "GTX",
        reduce_only=_reduce_only(call, given),
        close_position=close,
        leg=_leg(call, given),
        trigger_price=trigger,
        take_profit=kind.startswith("TAKE_PROFIT"),
        trigger_by_mark=given.choice("workingType", ("CONTRACT_PRICE", "MARK_PRICE"), "CONTRACT_PRICE")
        == "MARK_PRICE",
        expire_at=_good_till(call, given) if force == "GTD" else None,
    )


def amended(call: Call, given: Parameters, rules: Rules) -> tuple[Decimal, Decimal]:
    """(quantity, price) of a change. Raises `ApiError`."""
    return _quantity(given, rules), _price(call, given, rules, _side(given))


def place_refusal(refusal: Refusal, request: Request, rules: Rules) -> ApiError:
    """What the core's refusal of a new order reads like."""
    match refusal.reason:
        case Reason.INSTRUMENT_CLOSED if rules.trading:  # not the listing is closed: the whole exchange is
            return unavailable()
        case Reason.VENUE_MAX_ORDERS if request.trigger_price is not None:
            return ApiError(-4045, "Reach max stop order limit.")
        case Reason.PRICE_BAND if request.price is None:
            return ApiError(
                -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."
            )
        case Reason.PRICE_BAND if request.side is Side.SELL:
            return ApiError(-4024, "Limit price can't be lower than the multiplier allows.")
        case Reason.LEVERAGE:
            return ApiError(-2027, "Exceeded the maximum allowable position at current leverage.")
        case Reason.MIN_NOTIONAL:
            code, words = REASONS[Reason.MIN_NOTIONAL]
            return ApiError(code, words.format(min_notional=text(rules.min_notional)))
        case _:
            return refused(refusal.reason)


def _side(given: Parameters) -> Side:
    side = SIDES.get(given.text("side"))
    if side is None:
        raise ApiError(-1117, "Invalid side.")
    return side


def _order_type(given: Parameters) -> str:
    kind = given.text("type")
    if kind not in ORDER_TYPES:
        raise ApiError(-1116, "Invalid orderType.")
    return kind


def _time_in_force(given: Parameters, default: str | None = None) -> str:
    force = given.optional("timeInForce") or default
    if force is None:
        raise missing("timeInForce")
    if force not in TIMES_IN_FORCE:
        raise ApiError(-1115, "Invalid timeInForce.")
    return force


def _client_id(given: Parameters, name: str) -> str:
    given.choice("selfTradePreventionMode", SELF_TRADE_MODES, "EXPIRE_MAKER")
    given.choice("newOrderRespType", ("ACK", "RESULT"), "ACK")
    return given.client_id(name) or secrets.token_urlsafe(16)


def _quantity(given: Parameters, rules: Rules) -> Decimal:
    quantity = given.decimal("quantity")
    if quantity is None:
        raise missing("quantity")
    if quantity == 0:
        raise ApiError(-4003, "Quantity less than or equal to zero.")
    _require_precision(quantity, rules.lot)
    if quantity % rules.lot:
        raise refused(Reason.LOT_SIZE)
    return quantity


def _price(call: Call, given: Parameters, rules: Rules, side: Side) -> Decimal:
    price, match = given.decimal("price"), given.optional("priceMatch")
    if match is not None and match != "NONE":
        if price is not None:
            raise not_required("price")
        return _matched(call, match, rules, side)
    if price is None:
        raise missing("price")
    _require_price(price, rules)
    return price


def _require_price(price: Decimal, rules: Rules) -> None:
    if price == 0:
        raise ApiError(-4001, "Price less than 0.")
    _require_precision(price, rules.tick)
    if price % rules.tick:
        raise refused(Reason.TICK_SIZE)


def _require_precision(value: Decimal, step: Decimal) -> None:
    if decimals(value) > decimals(step):
        raise ApiError(-1111, "Precision is over the maximum defined for this asset.")


def _matched(call: Call, match: str, rules: Rules, side: Side) -> Decimal:
    """The price of the n-th level of the other (OPPONENT) or the own (QUEUE) side."""
    name, _, depth = match.partition("_")
    if name not in _MATCHES or depth not in _MATCH_LEVELS:
        raise invalid("priceMatch")
    book = call.exchange.book(rules.listing, _MATCH_LEVELS[depth])
    buying = (side is Side.BUY) is (name == "QUEUE")
    levels = book.bids if buying else book.asks
    if len(levels) < _MATCH_LEVELS[depth]:
        raise refused(Reason.NO_LIQUIDITY)
    return levels[_MATCH_LEVELS[depth] - 1][0]


def _leg(call: Call, given: Parameters) -> Leg:
    leg = LEGS_BY_NAME[given.choice("positionSide", tuple(LEGS_BY_NAME), "BOTH")]
    if (leg is not Leg.BOTH) is not call.exchange.hedge_mode(call.account):
        raise refused(Reason.POSITION_MODE)
    return leg


def _reduce_only(call: Call, given: Parameters) -> bool:
    if "reduceOnly" in given and call.exchange.hedge_mode(call.account):
        raise not_required("reduceOnly")
    return given.flag("reduceOnly", False)


def _good_till(call: Call, given: Parameters) -> int:
    """The end in ns, cut to whole seconds as the protocol does."""
    until = given.required_whole("goodTillDate")
    earliest = call.front.now + int(call.front.settings.good_till_at_least_s * 1_000)
    if not earliest < until < _LAST_DATE_MS:
        raise ApiError(-5040, "The goodTillDate timestamp must be greater than the current time plus 600 s.")
    return until // 1_000 * 1_000 * NS_PER_MS
