"""Conditional orders: kept apart from the others until they trigger."""

from __future__ import annotations

from cluster.exchange.api import OrderRecord, Refusal
from cluster.exchange.fronts.binance_usdm.context import Call
from cluster.exchange.fronts.binance_usdm.errors import ApiError, refused
from cluster.exchange.fronts.binance_usdm.order_bodies import algo_body, algo_query_body, is_purged
from cluster.exchange.fronts.binance_usdm.order_terms import algo_request, place_refusal
from cluster.exchange.fronts.binance_usdm.orders import ALL_CANCELLED, cancel_open
from cluster.exchange.fronts.binance_usdm.periods import period
from cluster.exchange.fronts.binance_usdm.wire import ms
from messages.reasons import Reason


def place(call: Call) -> object:
    """`POST /fapi/v1/algoOrder`."""
    request = algo_request(call)
    try:
        return algo_body(call.exchange.place(call.account, request))
    except Refusal as refusal:
        raise place_refusal(refusal, request, call.front.rules(request.listing)) from refusal


def cancel(call: Call) -> object:
    """`DELETE /fapi/v1/algoOrder`; the code of its answer is text."""
    record = _found(call)
    if record is None or not record.open:
        raise refused(Reason.UNKNOWN_ORDER)
    call.exchange.cancel(call.account, record.order_id)
    return {
        "algoId": record.order_id,
        "clientAlgoId": record.request.client_order_id,
        "code": "200",
        "msg": "success",
    }


def cancel_all(call: Call) -> object:
    """`DELETE /fapi/v1/algoOpenOrders`."""
    cancel_open(call, conditional=True)
    return ALL_CANCELLED


def query(call: Call) -> object:
    """`GET /fapi/v1/algoOrder`."""
    record = _found(call)
    if record is None or is_purged(record, call.exchange.now):
        raise ApiError(-2013, "Order does not exist.")
    return _told(call, record)


def list_open(call: Call) -> object:
    """`GET /fapi/v1/openAlgoOrders`."""
    rules = call.optional_symbol()
    records = call.exchange.orders(call.account, None if rules is None else rules.listing, open_only=True)
    wanted = call.parameters.whole("algoId")
    return [
        _told(call, record) for record in records if record.conditional and wanted in (None, record.order_id)
    ]


def list_all(call: Call) -> object:
    """`GET /fapi/v1/allAlgoOrders`."""
    rules, given = call.symbol(), call.parameters
    limit = given.limit(500, 1_000)
    now = call.exchange.now
    records = [
        record
        for record in call.exchange.orders(call.account, rules.listing)
        if record.conditional and not is_purged(record, now)
    ]
    first = given.whole("algoId")
    if first is not None:
        chosen = [record for record in records if record.order_id >= first][:limit]
    else:
        span = period(given, call.front.now)
        chosen = list(span.cut([each for each in records if span.contains(ms(each.created_at))], limit))
    return [_told(call, record) for record in chosen]


def _found(call: Call) -> OrderRecord | None:
    algo_id, client_id = call.parameters.whole("algoId"), call.parameters.optional("clientAlgoId")
    if algo_id is None and client_id is None:
        raise ApiError(-1102, "Param 'clientAlgoId' or 'algoId' must be sent, but both were empty/null!")
    return call.find(
        conditional=True, order_id=algo_id, client_order_id=client_id if algo_id is None else None
    )


def _told(call: Call, record: OrderRecord) -> dict[str, object]:
    spawned = (
        None if record.triggered is None else call.exchange.order(call.account, order_id=record.triggered)
    )
    return algo_query_body(record, spawned)
