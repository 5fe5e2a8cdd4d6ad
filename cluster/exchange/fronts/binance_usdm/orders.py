"""Orders: placing, changing, cancelling and asking for them, the countdown, executions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from cluster.exchange.api import OrderRecord, Refusal
from cluster.exchange.fronts.binance_usdm.context import Call
from cluster.exchange.fronts.binance_usdm.errors import ApiError, invalid, missing, refused
from cluster.exchange.fronts.binance_usdm.order_bodies import (
    ack_body,
    is_purged,
    query_body,
    result_body,
    trade_body,
)
from cluster.exchange.fronts.binance_usdm.order_terms import amended, order_request, place_refusal
from cluster.exchange.fronts.binance_usdm.parameters import Parameters
from cluster.exchange.fronts.binance_usdm.periods import period
from cluster.exchange.fronts.binance_usdm.wire import NS_PER_MS, ms
from messages.intents import OrderType
from messages.reasons import Reason

T = TypeVar("T")

MOST_BATCHED = 5
MOST_CANCELLED = 10
ALL_CANCELLED = {"code": 200, "msg": "The operation of cancel all open order is done."}


def place(call: Call) -> object:
    """`POST /fapi/v1/order`."""
    return _placed(call, call.parameters)


def test(call: Call) -> object:
    """`POST /fapi/v1/order/test`: what the protocol itself checks, without asking the core."""
    order_request(call)
    return {}


def place_batch(call: Call) -> object:
    """`POST /fapi/v1/batchOrders`: each by itself, an error in its place."""
    return _each(_batch(call), lambda given: _placed(call, given))


def amend(call: Call) -> object:
    """`PUT /fapi/v1/order`."""
    return _amended(call, call.parameters)


def amend_batch(call: Call) -> object:
    """`PUT /fapi/v1/batchOrders`."""
    return _each(_batch(call), lambda given: _amended(call, given))


def cancel(call: Call) -> object:
    """`DELETE /fapi/v1/order`."""
    call.symbol()
    return result_body(_cancelled(call, *_named(call.parameters)))


def cancel_batch(call: Call) -> object:
    """`DELETE /fapi/v1/batchOrders`."""
    call.symbol()
    numbers = call.parameters.listed("orderIdList", list[int])
    names = call.parameters.listed("origClientOrderIdList", list[str])
    wanted: list[tuple[int | None, str | None]] = [(int(number), None) for number in numbers or ()]
    wanted += [(None, str(name)) for name in names or ()]
    if not wanted:
        raise missing("orderIdList")
    if len(wanted) > MOST_CANCELLED:
        raise invalid("orderIdList")
    return _each(wanted, lambda one: result_body(_cancelled(call, *one)))


def cancel_all(call: Call) -> object:
    """`DELETE /fapi/v1/allOpenOrders`: conditional orders stay."""
    cancel_open(call, conditional=False)
    return ALL_CANCELLED


def cancel_open(call: Call, *, conditional: bool) -> None:
    """Cancel the open orders of one kind of a symbol."""
    rules = call.symbol()
    for record in call.exchange.orders(call.account, rules.listing, open_only=True):
        if record.conditional is conditional:
            with suppress(Refusal):  # it may just have ended
                call.exchange.cancel(call.account, record.order_id)


def count_down(call: Call) -> object:
    """`POST /fapi/v1/countdownCancelAll`."""
    rules = call.symbol()
    span = call.parameters.required_whole("countdownTime")
    until = call.exchange.now + span * NS_PER_MS if span else None
    call.exchange.count_down(call.account, rules.listing, until)
    return {"symbol": rules.listing, "countdownTime": str(span)}


def query(call: Call) -> object:
    """`GET /fapi/v1/order`."""
    rules = call.symbol()
    record = _found(call, *_named(call.parameters))
    if record is None or record.request.listing != rules.listing or is_purged(record, call.exchange.now):
        raise _not_there()
    return query_body(record)


def query_open(call: Call) -> object:
    """`GET /fapi/v1/openOrder`."""
    rules = call.symbol()
    record = _found(call, *_named(call.parameters))
    if record is None or record.request.listing != rules.listing or not record.open:
        raise _not_there()
    return query_body(record)


def list_open(call: Call) -> object:
    """`GET /fapi/v1/openOrders`."""
    rules = call.optional_symbol()
    records = call.exchange.orders(call.account, None if rules is None else rules.listing, open_only=True)
    return [query_body(record) for record in records if not record.conditional]


def list_all(call: Call) -> object:
    """`GET /fapi/v1/allOrders`."""
    rules, given = call.symbol(), call.parameters
    limit = given.limit(500, 1_000)
    now = call.exchange.now
    records = [
        record
        for record in call.exchange.orders(call.account, rules.listing)
        if not record.conditional and not is_purged(record, now)
    ]
    first = given.whole("orderId")
    if first is not None:
        return [query_body(record) for record in records if record.order_id >= first][:limit]
    span = period(given, call.front.now)
    within = [record for record in records if span.contains(ms(record.created_at))]
    return [query_body(record) for record in span.cut(within, limit)]


def list_trades(call: Call) -> object:
    """`GET /fapi/v1/userTrades`."""
    rules, given = call.symbol(), call.parameters
    limit = given.limit(500, 1_000)
    trades = call.exchange.trades(call.account, rules.listing)
    order_id = given.whole("orderId")
    if order_id is not None:
        trades = [trade for trade in trades if trade.order_id == order_id]
    first = given.whole("fromId")
    if first is not None:
        if "startTime" in given or "endTime" in given:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        return [trade_body(trade) for trade in trades if trade.trade_id >= first][:limit]
    span = period(given, call.front.now)
    within = [trade for trade in trades if span.contains(ms(trade.time))]
    return [trade_body(trade) for trade in span.cut(within, limit)]


def _placed(call: Call, given: Parameters) -> object:
    request = order_request(call, given)
    try:
        record = call.exchange.place(call.account, request)
    except Refusal as refusal:
        raise place_refusal(refusal, request, call.front.rules(request.listing)) from refusal
    return result_body(record) if given.optional("newOrderRespType") == "RESULT" else ack_body(record)


def _amended(call: Call, given: Parameters) -> object:
    rules = call.front.rules(given.text("symbol"))
    quantity, price = amended(call, given, rules)
    record = _found(call, *_named(given))
    if record is None or not record.open or record.request.listing != rules.listing:
        raise _not_there()
    if record.request.order_type is not OrderType.LIMIT:
        raise ApiError(-5025, "Limit order only")
    if (quantity, price) == (record.quantity, record.price):
        raise ApiError(-5027, "No need to modify the order.")
    if given.text("side") != record.request.side.value.upper():
        raise invalid("side")
    try:
        return result_body(call.exchange.amend(call.account, record.order_id, quantity, price))
    except Refusal as refusal:
        if refusal.reason is Reason.UNKNOWN_ORDER:
            raise _not_there() from refusal
        raise place_refusal(refusal, record.request, rules) from refusal


def _cancelled(call: Call, order_id: int | None, client_order_id: str | None) -> OrderRecord:
    record = _found(call, order_id, client_order_id)
    if record is None or record.request.listing != call.parameters.optional("symbol"):
        raise refused(Reason.UNKNOWN_ORDER)
    return call.exchange.cancel(call.account, record.order_id)


def _found(call: Call, order_id: int | None, client_order_id: str | None) -> OrderRecord | None:
    return call.find(conditional=False, order_id=order_id, client_order_id=client_order_id)


def _named(given: Parameters) -> tuple[int | None, str | None]:
    """(order id, client order id): one of them must be there, the first counts."""
    order_id, client_order_id = given.whole("orderId"), given.optional("origClientOrderId")
    if order_id is None and client_order_id is None:
        raise ApiError(
            -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
        )
    return order_id, client_order_id if order_id is None else None


def _batch(call: Call) -> list[Parameters]:
    batch = call.parameters.batch("batchOrders")
    if not 1 <= len(batch) <= MOST_BATCHED:
        raise invalid("batchOrders")
    return batch


def _each(wanted: Sequence[T], carry_out: Callable[[T], object]) -> list[object]:
    answers: list[object] = []
    for one in wanted:
        try:
            answers.append(carry_out(one))
        except ApiError as error:
            answers.append(error.body)
        except Refusal as refusal:
            answers.append(refused(refusal.reason).body)
    return answers


def _not_there() -> ApiError:
    return ApiError(-2013, "Order does not exist.")
