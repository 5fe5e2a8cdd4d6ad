"""What an account has set and may do: leverage, margin and position mode, fees, limits, listen keys."""

from __future__ import annotations

from decimal import Decimal

from cluster.exchange.api import Refusal, Rules
from cluster.exchange.fronts.binance_usdm.context import Call
from cluster.exchange.fronts.binance_usdm.errors import NO_MARGIN_CHANGE_TEXT, NO_MODE_CHANGE_TEXT, ApiError
from cluster.exchange.fronts.binance_usdm.limits import TEN_SECONDS_MS
from cluster.exchange.fronts.binance_usdm.wire import highest_price, ms, text
from messages.reasons import Reason

SUCCESS = {"code": 200, "msg": "success"}


def symbol_config(call: Call) -> object:
    """`GET /fapi/v1/symbolConfig`."""
    rules = call.optional_symbol()
    rows = []
    for each in call.exchange.rules() if rules is None else (rules,):
        leverage, isolated = call.exchange.leverage(call.account, each.listing)
        rows.append(
            {
                "symbol": each.listing,
                "marginType": "ISOLATED" if isolated else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": leverage,
                "maxNotionalValue": text(notional_cap(call, each)),
            }
        )
    return rows


def set_leverage(call: Call) -> object:
    """`POST /fapi/v1/leverage`; tells the private stream."""
    rules = call.symbol()
    leverage = call.parameters.required_whole("leverage")
    call.exchange.set_leverage(call.account, rules.listing, leverage)
    change = {"s": rules.listing, "l": leverage}
    call.front.tell_account(
        call.account, {"e": "ACCOUNT_CONFIG_UPDATE", "T": ms(call.exchange.now), "ac": change}
    )
    return {
        "leverage": leverage,
        "maxNotionalValue": text(notional_cap(call, rules)),
        "symbol": rules.listing,
    }


def set_margin_type(call: Call) -> object:
    """`POST /fapi/v1/marginType`."""
    rules = call.symbol()
    isolated = call.parameters.choice("marginType", ("ISOLATED", "CROSSED")) == "ISOLATED"
    try:
        changed = call.exchange.set_isolated(call.account, rules.listing, isolated)
    except Refusal as refusal:
        if refusal.reason is not Reason.POSITION_MODE:
            raise
        if call.exchange.orders(call.account, rules.listing, open_only=True):
            raise ApiError(-4047, "Margin type cannot be changed if there exists open orders.") from refusal
        raise ApiError(-4048, "Margin type cannot be changed if there exists position.") from refusal
    if not changed:
        raise ApiError(-4046, NO_MARGIN_CHANGE_TEXT)
    return SUCCESS


def set_position_mode(call: Call) -> object:
    """`POST /fapi/v1/positionSide/dual`."""
    hedge = call.parameters.flag("dualSidePosition")
    try:
        changed = call.exchange.set_hedge_mode(call.account, hedge)
    except Refusal as refusal:
        if refusal.reason is not Reason.POSITION_MODE:
            raise
        if call.exchange.orders(call.account, open_only=True):
            raise ApiError(-4067, "Position side cannot be changed if there exists open orders.") from refusal
        raise ApiError(-4068, "Position side cannot be changed if there exists position.") from refusal
    if not changed:
        raise ApiError(-4059, NO_MODE_CHANGE_TEXT)
    return SUCCESS


def position_mode(call: Call) -> object:
    """`GET /fapi/v1/positionSide/dual`."""
    return {"dualSidePosition": call.exchange.hedge_mode(call.account)}


def multi_assets_margin(call: Call) -> object:
    """`GET /fapi/v1/multiAssetsMargin`: only single-asset margin is offered."""
    return {"multiAssetsMargin": False}


def account_config(call: Call) -> object:
    """`GET /fapi/v1/accountConfig`."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": call.exchange.hedge_mode(call.account),
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def commission_rate(call: Call) -> object:
    """`GET /fapi/v1/commissionRate`."""
    rules = call.symbol()
    return {
        "symbol": rules.listing,
        "makerCommissionRate": text(rules.maker_fee),
        "takerCommissionRate": text(rules.taker_fee),
        "rpiCommissionRate": text(rules.maker_fee),
    }


def leverage_bracket(call: Call) -> object:
    """`GET /fapi/v1/leverageBracket`: one bracket per symbol."""
    rules = call.optional_symbol()
    return [
        {
            "symbol": each.listing,
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": 1,
                    "initialLeverage": each.max_leverage,
                    "notionalCap": int(notional_cap(call, each)),
                    "notionalFloor": 0,
                    "maintMarginRatio": float(each.maintenance_margin),
                    "cum": 0.0,
                }
            ],
        }
        for each in (call.exchange.rules() if rules is None else (rules,))
    ]


def rate_limit(call: Call) -> object:
    """`GET /fapi/v1/rateLimit/order`."""
    limits = call.front.settings.limits
    return [
        {
            "rateLimitType": "ORDERS",
            "interval": "SECOND",
            "intervalNum": TEN_SECONDS_MS // 1_000,
            "limit": limits.orders_per_ten_seconds,
        },
        {
            "rateLimitType": "ORDERS",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": limits.orders_per_minute,
        },
    ]


def create_listen_key(call: Call) -> object:
    """`POST /fapi/v1/listenKey`."""
    return {"listenKey": call.front.listen_keys.create(call.account, call.front.now)}


def keep_listen_key(call: Call) -> object:
    """`PUT /fapi/v1/listenKey`."""
    return {"listenKey": call.front.listen_keys.keep(call.account, call.front.now)}


def close_listen_key(call: Call) -> object:
    """`DELETE /fapi/v1/listenKey`."""
    call.front.close_listen_key(call.account)
    return {}


def notional_cap(call: Call, rules: Rules) -> Decimal:
    """The largest position: what the largest order comes to at the mark price, in whole units.

    Before there is a mark price, at the highest price that an order may have: what an account is set to does not wait
    for a market.
    """
    try:
        price = call.exchange.mark(rules.listing).mark
    except Refusal:
        price = highest_price(rules)
    return (rules.max_quantity * price).to_integral_value()
