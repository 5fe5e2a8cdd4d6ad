"""Bodies about orders and executions, field by field as the protocol has them."""

from __future__ import annotations

from decimal import Decimal

from cluster.exchange.api import OrderRecord, Status, Trade
from cluster.exchange.fronts.binance_usdm.wire import (
    LEGS,
    SELF_TRADE_MODE,
    STATUSES,
    good_till,
    ms,
    plain_type_name,
    status_name,
    text,
    time_in_force_name,
    type_name,
    working_type,
)

_ZERO = Decimal(0)


def ack_body(record: OrderRecord) -> dict[str, object]:
    """The acknowledgement of a new order: as it stood before it met the book."""
    return _order(record, "NEW", _ZERO, record.created_at)


def result_body(record: OrderRecord) -> dict[str, object]:
    """An order after placing, changing or cancelling it: without average price and turnover."""
    return _order(record, status_name(record), record.filled, record.updated_at)


def query_body(record: OrderRecord) -> dict[str, object]:
    """An order as questions are answered."""
    average = record.average_price or _ZERO
    body = _order(record, status_name(record), record.filled, record.updated_at)
    del body["cumQty"]
    body["avgPrice"] = text(average) if average else "0.00000"
    body["cumQuote"] = text(average * record.filled)
    body["time"] = ms(record.created_at)
    return body


def trade_body(trade: Trade) -> dict[str, object]:
    """An execution as `userTrades` tells it."""
    return {
        "buyer": trade.side.value == "buy",
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_currency,
        "id": trade.trade_id,
        "maker": trade.maker,
        "orderId": trade.order_id,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(trade.price * trade.quantity),
        "realizedPnl": text(trade.realized),
        "side": trade.side.value.upper(),
        "positionSide": LEGS[trade.leg],
        "symbol": trade.listing,
        "time": ms(trade.time),
    }


def algo_status(record: OrderRecord, spawned: OrderRecord | None) -> str:
    """Where a conditional order stands; `spawned` is the order it became."""
    if spawned is not None:
        return "TRIGGERED" if spawned.open else "FINISHED"
    if record.triggered is not None:
        return "TRIGGERED"
    return "NEW" if record.open else STATUSES[record.status]


def algo_body(record: OrderRecord, spawned: OrderRecord | None = None) -> dict[str, object]:
    """A conditional order as placing it is answered."""
    request = record.request
    return {
        "algoId": record.order_id,
        "clientAlgoId": request.client_order_id,
        "algoType": "CONDITIONAL",
        "orderType": type_name(request),
        "symbol": request.listing,
        "side": request.side.value.upper(),
        "positionSide": LEGS[request.leg],
        "timeInForce": time_in_force_name(request),
        "quantity": text(record.quantity),
        "algoStatus": algo_status(record, spawned),
        "triggerPrice": text(request.trigger_price),
        "price": text(request.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": SELF_TRADE_MODE,
        "workingType": working_type(request),
        "priceMatch": "NONE",
        "closePosition": request.close_position,
        "priceProtect": False,
        "reduceOnly": request.reduce_only,
        "activatePrice": "",
        "callbackRate": "",
        "createTime": ms(record.created_at),
        "updateTime": ms(record.updated_at),
        "triggerTime": 0 if record.triggered is None else ms(record.updated_at),
        "goodTillDate": good_till(request),
    }


def algo_query_body(record: OrderRecord, spawned: OrderRecord | None) -> dict[str, object]:
    """A conditional order as questions are answered: with what it became."""
    body = algo_body(record, spawned)
    body["actualOrderId"] = "" if record.triggered is None else str(record.triggered)
    body["actualType"] = "" if record.triggered is None else plain_type_name(record.request)
    body["actualPrice"] = "0" if spawned is None else text(spawned.average_price)
    body["actualQty"] = "0" if spawned is None else text(spawned.filled)
    return body


def _order(record: OrderRecord, status: str, filled: Decimal, updated: int) -> dict[str, object]:
    request = record.request
    return {
        "clientOrderId": request.client_order_id,
        "cumQty": text(filled),
        "executedQty": text(filled),
        "orderId": record.order_id,
        "origQty": text(record.quantity),
        "price": text(record.price),
        "reduceOnly": request.reduce_only,
        "side": request.side.value.upper(),
        "positionSide": LEGS[request.leg],
        "status": status,
        "stopPrice": "0",
        "closePosition": request.close_position,
        "symbol": request.listing,
        "timeInForce": time_in_force_name(request),
        "type": plain_type_name(request),
        "origType": plain_type_name(request),
        "updateTime": ms(updated),
        "workingType": working_type(request),
        "priceProtect": False,
        "priceMatch": "NONE",
        "selfTradePreventionMode": SELF_TRADE_MODE,
        "goodTillDate": good_till(request),
    }


def is_purged(record: OrderRecord, now: int) -> bool:
    """Whether an order is too old to be told of: unfilled ones after 3 days, all after 90. `now` in ns."""
    age = now - record.updated_at
    if record.open:
        return False
    unfilled = record.filled == 0 and record.status in (Status.CANCELED, Status.EXPIRED)
    return age > (_UNFILLED_NS if unfilled else _LONGEST_NS)


_DAY_NS = 86_400_000_000_000
_UNFILLED_NS = 3 * _DAY_NS
_LONGEST_NS = 90 * _DAY_NS
