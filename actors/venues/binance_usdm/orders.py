"""Orders as the venue wants to read them: plain ones and conditional ones go to different endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from actors.venues.binance_usdm import endpoints as at
from actors.venues.binance_usdm.endpoints import Endpoint
from actors.venues.binance_usdm.settings import TriggerBy
from messages.intents import OrderType, PositionLeg, Side, TimeInForce
from messages.reasons import Reason
from messages.venue import CancelOrder, PlaceOrder, ReplaceOrder

_SIDES = {Side.BUY: "BUY", Side.SELL: "SELL"}
_LEGS = {PositionLeg.LONG: "LONG", PositionLeg.SHORT: "SHORT"}
_CLOSING = {PositionLeg.LONG: Side.SELL, PositionLeg.SHORT: Side.BUY}
_TIMES = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
_POST_ONLY = "GTX"
_CONDITIONAL = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_CONDITIONAL_TYPES = {
    (OrderType.STOP, False): "STOP_MARKET",
    (OrderType.STOP, True): "TAKE_PROFIT_MARKET",
    (OrderType.STOP_LIMIT, False): "STOP",
    (OrderType.STOP_LIMIT, True): "TAKE_PROFIT",
}

Parameters = dict[str, str | int]


class Request(msgspec.Struct, frozen=True):
    """What is asked of which endpoint."""

    endpoint: Endpoint
    parameters: Mapping[str, str | int]


class Impossible(msgspec.Struct, frozen=True):
    """An order that the venue has no words for: it is refused here."""

    reason: Reason
    detail: str


def is_conditional(order: PlaceOrder) -> bool:
    """Whether the venue keeps the order apart until it triggers."""
    return order.order_type in _CONDITIONAL


def place_request(order: PlaceOrder, listing: str, trigger_by: TriggerBy) -> Request | Impossible:
    """How an order is placed."""
    impossible = _contradiction(order)
    if impossible is not None:
        return impossible
    parameters: Parameters = {"symbol": listing, "side": _SIDES[order.side]}
    if is_conditional(order):
        return Request(at.PLACE_CONDITIONAL, _conditional(order, parameters, trigger_by))
    parameters["type"] = "LIMIT" if order.order_type is OrderType.LIMIT else "MARKET"
    parameters["quantity"] = plain(order.quantity)
    parameters |= _price(order) | _position(order) | {"newClientOrderId": order.client_order_id}
    return Request(at.PLACE, parameters)


def cancel_request(cancel: CancelOrder, listing: str, *, conditional: bool) -> Request:
    """How an order is cancelled. A client order id names at most one open order; the venue's id, if there is none."""
    if conditional:
        if cancel.client_order_id or cancel.venue_order_id is None:
            return Request(at.CANCEL_CONDITIONAL, {"clientAlgoId": cancel.client_order_id})
        return Request(at.CANCEL_CONDITIONAL, {"algoId": cancel.venue_order_id})
    return Request(at.CANCEL, {"symbol": listing} | order_name(cancel.client_order_id, cancel.venue_order_id))


def replace_request(replace: ReplaceOrder, listing: str) -> Request:
    """How price and quantity of a working limit order are changed in place."""
    return Request(
        at.REPLACE,
        {
            "symbol": listing,
            "side": _SIDES[replace.side],
            "quantity": plain(replace.quantity),
            "price": plain(replace.limit_price),
        }
        | order_name(replace.client_order_id, replace.venue_order_id),
    )


def order_name(client_order_id: str, venue_order_id: str | None) -> Parameters:
    """What names a plain order: our id, or the venue's where it has none of ours."""
    if client_order_id or venue_order_id is None:
        return {"origClientOrderId": client_order_id}
    return {"orderId": venue_order_id}


def plain(value: Decimal) -> str:
    """A number without exponent and without zeros at the end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _conditional(order: PlaceOrder, parameters: Parameters, trigger_by: TriggerBy) -> Parameters:
    parameters["algoType"] = "CONDITIONAL"
    parameters["type"] = _CONDITIONAL_TYPES[order.order_type, order.take_profit]
    if order.stop_price is not None:
        parameters["triggerPrice"] = plain(order.stop_price)
    parameters["workingType"] = trigger_by.value
    if order.close_position:
        parameters["closePosition"] = "true"
        if order.leg is not None:
            parameters["positionSide"] = _LEGS[order.leg]
    else:
        parameters["quantity"] = plain(order.quantity)
        parameters |= _price(order) | _position(order)
    return parameters | {"clientAlgoId": order.client_order_id}


def _price(order: PlaceOrder) -> Parameters:
    if order.order_type not in _LIMITED or order.limit_price is None:
        return {}
    when = _POST_ONLY if order.post_only else _TIMES[order.time_in_force]
    return {"price": plain(order.limit_price), "timeInForce": when}


def _position(order: PlaceOrder) -> Parameters:
    """The leg of a hedged position, which can't turn over by itself; elsewhere whether the order may only reduce."""
    if order.leg is not None:
        return {"positionSide": _LEGS[order.leg]}
    return {"reduceOnly": "true"} if order.reduce_only else {}


def _contradiction(order: PlaceOrder) -> Impossible | None:
    limited, conditional = order.order_type in _LIMITED, is_conditional(order)
    if limited and order.limit_price is None:
        return Impossible(Reason.INTENT_MALFORMED, "a limit order needs a limit price")
    if conditional and order.stop_price is None:
        return Impossible(Reason.INTENT_MALFORMED, "a stop needs a stop price")
    if order.take_profit and not conditional:
        return Impossible(
            Reason.INTENT_MALFORMED, "only a stop can be a take-profit; without one, use a limit order"
        )
    if order.post_only and (not limited or order.time_in_force is not TimeInForce.GTC):
        return Impossible(Reason.NOT_OFFERED, "post-only is for limit orders that stay")
    if order.close_position and order.order_type is not OrderType.STOP:
        return Impossible(Reason.NOT_OFFERED, "only a stop at market can close a whole position")
    if order.leg is not None and order.reduce_only and order.side is not _CLOSING[order.leg]:
        return Impossible(
            Reason.REDUCE_ONLY_WOULD_INCREASE, f"a {order.side.value} adds to the {order.leg.value} leg"
        )
    return None
