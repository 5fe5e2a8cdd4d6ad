"""The account: balances and positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from cluster.exchange.api import Leg, Position, Rules
from cluster.exchange.fronts.binance_usdm.account_settings import notional_cap
from cluster.exchange.fronts.binance_usdm.context import Call
from cluster.exchange.fronts.binance_usdm.wire import LEGS, ms, text

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
    assets = [
        _asset(call, each.currency, each.total, each.available, positions)
        for each in call.exchange.balances(call.account)
    ]
    totals = {
        name: text(sum((Decimal(str(asset[key])) for asset in assets), _ZERO))
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
                    "maxNotionalValue": text(notional_cap(call, each)),
                }
            )
    return rows


def _asset(
    call: Call, currency: str, total: Decimal, available: Decimal, positions: Sequence[Position]
) -> dict[str, object]:
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


def _of(call: Call, positions: Sequence[Position], currency: str) -> list[Position]:
    return [each for each in positions if call.front.rules(each.listing).settle == currency]


def _unrealized(position: Position) -> Decimal:
    return position.unrealized


def _sum(positions: list[Position], value: Callable[[Position], Decimal]) -> Decimal:
    return sum((value(each) for each in positions), _ZERO)
