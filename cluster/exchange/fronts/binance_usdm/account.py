"""The account: balances, positions, leverage and modes, fees, income, listen keys."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from cluster.exchange.api import Leg, Payment, Position, Refusal, Rules
from cluster.exchange.fronts.binance_usdm.context import Call
from cluster.exchange.fronts.binance_usdm.errors import (
    NO_MARGIN_CHANGE_TEXT,
    NO_MODE_CHANGE_TEXT,
    ApiError,
)
from cluster.exchange.fronts.binance_usdm.limits import TEN_SECONDS_MS
from cluster.exchange.fronts.binance_usdm.periods import period
from cluster.exchange.fronts.binance_usdm.wire import LEGS, ms, text
from messages.reasons import Reason

SUCCESS = {"code": 200, "msg": "success"}
INCOME_TYPES = {
    "funding": "FUNDING_FEE",
    "deposit": "TRANSFER",
    "withdrawal": "TRANSFER",
    "liquidation_fee": "INSURANCE_CLEAR",
    "liquidation": "INSURANCE_CLEAR",
}
_ZERO = Decimal(0)


def balance(call: Call) -> object:
    """`GET /fapi/v3/balance`."""
    positions = call.exchange.positions(call.account)
    return [
        {
            "accountAlias": call.account,
            "asset": each.currency,
            "balance": text(each.total),
            "crossWalletBalance": text(each.total),
            "crossUnPnl": text(_sum(_of(call, positions, each.currency), _unrealized)),
            "availableBalance": text(each.available),
            "maxWithdrawAmount": text(max(_ZERO, each.available)),
            "marginAvailable": True,
            "updateTime": ms(call.exchange.now),
        }
        for each in call.exchange.balances(call.account)
    ]


def account(call: Call) -> object:
    """`GET /fapi/v3/account`."""
    positions = call.exchange.positions(call.account)
    assets = [_asset(call, each.currency, each.total, each.available, positions) for each in _balances(call)]
    totals = {
        name: text(sum((Decimal(asset[key]) for asset in assets), _ZERO))
        for name, key in (
            ("totalInitialMargin", "initialMargin"),
            ("totalMaintMargin", "maintMargin"),
            ("totalWalletBalance", "walletBalance"),
            ("totalUnrealizedProfit", "unrealizedProfit"),
            ("totalMarginBalance", "marginBalance"),
            ("totalPositionInitialMargin", "positionInitialMargin"),
            ("totalOpenOrderInitialMargin", "openOrderInitialMargin"),
            ("totalCrossWalletBalance", "crossWalletBalance"),
            ("totalCrossUnPnl", "crossUnPnl"),
            ("availableBalance", "availableBalance"),
            ("maxWithdrawAmount", "maxWithdrawAmount"),
        )
    }
    return {
        **totals,
        "assets": [{**asset, "updateTime": ms(call.exchange.now)} for asset in assets],
        "positions": [_account_position(each) for each in positions],
    }


def position_risk(call: Call) -> object:
    """`GET /fapi/v3/positionRisk`."""
    return [_position_risk(call, each) for each in _chosen_positions(call)]


def position_risk_v2(call: Call) -> object:
    """`GET /fapi/v2/positionRisk`: with leverage and margin type, flat positions included."""
    rules = call.optional_symbol()
    known = {(each.listing, each.leg): each for each in call.exchange.positions(call.account)}
    legs = (Leg.LONG, Leg.SHORT) if call.exchange.hedge_mode(call.account) else (Leg.BOTH,)
    rows = []
    for each in call.exchange.rules() if rules is None else (rules,):
        leverage, isolated = call.exchange.leverage(call.account, each.listing)
        for leg in legs:
            position = known.get((each.listing, leg)) or _flat(call, each, leg, leverage, isolated)
            rows.append(
                {
                    **_position_risk(call, position),
                    "leverage": str(leverage),
                    "marginType": "isolated" if isolated else "cross",
                    "isAutoAddMargin": "false",
                    "maxNotionalValue": text(_notional_cap(call, each)),
                }
            )
    return rows


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
                "maxNotionalValue": text(_notional_cap(call, each)),
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
        "maxNotionalValue": text(_notional_cap(call, rules)),
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
                    "notionalCap": int(_notional_cap(call, each)),
                    "notionalFloor": 0,
                    "maintMarginRatio": float(each.maintenance_margin),
                    "cum": 0.0,
                }
            ],
        }
        for each in (call.exchange.rules() if rules is None else (rules,))
    ]


def income(call: Call) -> object:
    """`GET /fapi/v1/income`: funding, fees, realised profit, transfers."""
    given = call.parameters
    rules, wanted = call.optional_symbol(), given.optional("incomeType")
    limit = given.limit(100, 1_000)
    page = max(1, given.whole("page", 1) or 1)
    span = period(given, call.front.now)
    rows = [_payment(each) for each in call.exchange.payments(call.account)]
    for trade in call.exchange.trades(call.account):
        common = {"symbol": trade.listing, "asset": trade.fee_currency, "time": ms(trade.time)}
        numbers = {"tranId": trade.trade_id, "tradeId": str(trade.trade_id), "info": str(trade.trade_id)}
        if trade.realized:
            rows.append({**common, **numbers, "incomeType": "REALIZED_PNL", "income": text(trade.realized)})
        rows.append({**common, **numbers, "incomeType": "COMMISSION", "income": text(-trade.fee)})
    chosen = [
        row
        for row in sorted(rows, key=lambda row: int(str(row["time"])))
        if span.contains(int(str(row["time"])))
        and (rules is None or row["symbol"] == rules.listing)
        and wanted in (None, row["incomeType"])
    ]
    return span.cut(chosen, limit) if page == 1 else chosen[(page - 1) * limit : page * limit]


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


def _balances(call: Call):
    return call.exchange.balances(call.account)


def _asset(call: Call, currency: str, total: Decimal, available: Decimal, positions) -> dict[str, object]:
    mine = _of(call, positions, currency)
    unrealized, initial = _sum(mine, _unrealized), _sum(mine, lambda each: each.initial_margin)
    reserved = max(_ZERO, total + unrealized - initial - available) if available > 0 else _ZERO
    return {
        "asset": currency,
        "walletBalance": text(total),
        "unrealizedProfit": text(unrealized),
        "marginBalance": text(total + unrealized),
        "maintMargin": text(_sum(mine, lambda each: each.maintenance_margin)),
        "initialMargin": text(initial + reserved),
        "positionInitialMargin": text(initial),
        "openOrderInitialMargin": text(reserved),
        "crossWalletBalance": text(total),
        "crossUnPnl": text(unrealized),
        "availableBalance": text(available),
        "maxWithdrawAmount": text(max(_ZERO, available)),
    }


def _account_position(position: Position) -> dict[str, object]:
    isolated = position.initial_margin if position.isolated else _ZERO
    return {
        "symbol": position.listing,
        "positionSide": LEGS[position.leg],
        "positionAmt": text(position.quantity),
        "unrealizedProfit": text(position.unrealized),
        "isolatedMargin": text(isolated + position.unrealized if position.isolated else _ZERO),
        "notional": text(position.quantity * position.mark_price),
        "isolatedWallet": text(isolated),
        "initialMargin": text(position.initial_margin),
        "maintMargin": text(position.maintenance_margin),
        "updateTime": ms(position.updated_at),
    }


def _chosen_positions(call: Call) -> list[Position]:
    rules = call.optional_symbol()
    positions = call.exchange.positions(call.account)
    return [each for each in positions if rules is None or each.listing == rules.listing]


def _position_risk(call: Call, position: Position) -> dict[str, object]:
    rules = call.front.rules(position.listing)
    isolated = position.initial_margin if position.isolated else _ZERO
    return {
        "symbol": position.listing,
        "positionSide": LEGS[position.leg],
        "positionAmt": text(position.quantity),
        "entryPrice": text(position.entry_price),
        "breakEvenPrice": text(_break_even(position, rules)),
        "markPrice": text(position.mark_price),
        "unRealizedProfit": text(position.unrealized),
        "liquidationPrice": text(position.liquidation_price),
        "isolatedMargin": text(isolated + position.unrealized if position.isolated else _ZERO),
        "notional": text(position.quantity * position.mark_price),
        "marginAsset": rules.settle,
        "isolatedWallet": text(isolated),
        "initialMargin": text(position.initial_margin),
        "maintMargin": text(position.maintenance_margin),
        "positionInitialMargin": text(position.initial_margin),
        "openOrderInitialMargin": "0",
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": ms(position.updated_at),
    }


def _break_even(position: Position, rules: Rules) -> Decimal:
    """The price at which closing pays the taker's fee of opening and closing."""
    sign = 1 if position.quantity > 0 else -1 if position.quantity < 0 else 0
    return position.entry_price * (1 + sign * rules.taker_fee)


def _flat(call: Call, rules: Rules, leg: Leg, leverage: int, isolated: bool) -> Position:
    return Position(
        listing=rules.listing,
        leg=leg,
        quantity=_ZERO,
        entry_price=_ZERO,
        mark_price=call.exchange.mark(rules.listing).mark,
        unrealized=_ZERO,
        initial_margin=_ZERO,
        maintenance_margin=_ZERO,
        leverage=leverage,
        isolated=isolated,
        liquidation_price=None,
        updated_at=0,
    )


def _notional_cap(call: Call, rules: Rules) -> Decimal:
    """The largest position: what the largest order comes to at the mark price, in whole units."""
    return (rules.max_quantity * call.exchange.mark(rules.listing).mark).to_integral_value()


def _payment(payment: Payment) -> dict[str, object]:
    return {
        "symbol": payment.listing or "",
        "incomeType": INCOME_TYPES.get(payment.kind, payment.kind.upper()),
        "income": text(payment.amount),
        "asset": payment.currency,
        "info": payment.kind.upper(),
        "time": ms(payment.time),
        "tranId": payment.payment_id,
        "tradeId": "",
    }


def _of(call: Call, positions, currency: str) -> list[Position]:
    return [each for each in positions if call.front.rules(each.listing).settle == currency]


def _unrealized(position: Position) -> Decimal:
    return position.unrealized


def _sum(positions: list[Position], value: Callable[[Position], Decimal]) -> Decimal:
    return sum((value(each) for each in positions), _ZERO)
