"""The table of endpoints: what may be asked, who may ask, what it weighs, who answers."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import msgspec

from cluster.exchange.fronts.binance_usdm import (
    account,
    account_settings,
    algo_orders,
    income,
    market,
    orders,
)
from cluster.exchange.fronts.binance_usdm.context import Call
from cluster.exchange.fronts.binance_usdm.parameters import Parameters


class Security(Enum):
    """Who may call."""

    NONE = "none"
    KEY = "key"
    """a known key"""
    SIGNED = "signed"
    """a known key, a signature and a time stamp"""


Handler = Callable[[Call], object]
Weight = Callable[[Parameters], int]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `weight` counts per address; `orders` is how many new orders it counts for per account."""

    method: str
    path: str
    security: Security
    handler: Handler
    weight: Weight
    orders: Weight | None = None


def _flat(weight: int) -> Weight:
    return lambda given: weight


def _by_symbol(one: int, every: int) -> Weight:
    return lambda given: one if "symbol" in given else every


def _depth(given: Parameters) -> int:
    limit = given.whole("limit", 500) or 0
    return 2 if limit <= 50 else 5 if limit <= 100 else 10 if limit <= 500 else 20


def _klines(given: Parameters) -> int:
    limit = given.whole("limit", 500) or 0
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1_000 else 10


def _batched(given: Parameters) -> int:
    return min(len(given.batch("batchOrders")), orders.MOST_BATCHED)


def _rows() -> tuple[Endpoint, ...]:
    public, key, signed = Security.NONE, Security.KEY, Security.SIGNED
    one, none = _flat(1), _flat(0)
    rows: tuple[tuple[str, str, Security, Handler, Weight, Weight | None], ...] = (
        ("GET", "/fapi/v1/ping", public, market.ping, one, None),
        ("GET", "/fapi/v1/time", public, market.server_time, one, None),
        ("GET", "/fapi/v1/exchangeInfo", public, market.exchange_info, one, None),
        ("GET", "/fapi/v1/ticker/bookTicker", public, market.book_ticker, _by_symbol(2, 5), None),
        ("GET", "/fapi/v1/ticker/price", public, market.price_ticker, _by_symbol(1, 2), None),
        ("GET", "/fapi/v2/ticker/price", public, market.price_ticker, _by_symbol(1, 2), None),
        ("GET", "/fapi/v1/ticker/24hr", public, market.day_ticker, _by_symbol(1, 40), None),
        ("GET", "/fapi/v1/depth", public, market.depth, _depth, None),
        ("GET", "/fapi/v1/klines", public, market.klines, _klines, None),
        ("GET", "/fapi/v1/trades", public, market.trades, _flat(5), None),
        ("GET", "/fapi/v1/aggTrades", public, market.aggregate_trades, _flat(20), None),
        ("GET", "/fapi/v1/premiumIndex", public, market.premium_index, _by_symbol(1, 10), None),
        ("GET", "/fapi/v1/fundingRate", public, market.funding_rate, one, None),
        ("POST", "/fapi/v1/order", signed, orders.place, none, one),
        ("PUT", "/fapi/v1/order", signed, orders.amend, none, one),
        ("DELETE", "/fapi/v1/order", signed, orders.cancel, one, None),
        ("GET", "/fapi/v1/order", signed, orders.query, one, None),
        ("POST", "/fapi/v1/order/test", signed, orders.test, none, None),
        ("POST", "/fapi/v1/batchOrders", signed, orders.place_batch, _flat(5), _batched),
        ("PUT", "/fapi/v1/batchOrders", signed, orders.amend_batch, _flat(5), _batched),
        ("DELETE", "/fapi/v1/batchOrders", signed, orders.cancel_batch, one, None),
        ("DELETE", "/fapi/v1/allOpenOrders", signed, orders.cancel_all, one, None),
        ("POST", "/fapi/v1/countdownCancelAll", signed, orders.count_down, _flat(10), None),
        ("GET", "/fapi/v1/openOrder", signed, orders.query_open, one, None),
        ("GET", "/fapi/v1/openOrders", signed, orders.list_open, _by_symbol(1, 40), None),
        ("GET", "/fapi/v1/allOrders", signed, orders.list_all, _flat(5), None),
        ("GET", "/fapi/v1/userTrades", signed, orders.list_trades, _flat(5), None),
        ("POST", "/fapi/v1/algoOrder", signed, algo_orders.place, none, one),
        ("DELETE", "/fapi/v1/algoOrder", signed, algo_orders.cancel, one, None),
        ("GET", "/fapi/v1/algoOrder", signed, algo_orders.query, one, None),
        ("DELETE", "/fapi/v1/algoOpenOrders", signed, algo_orders.cancel_all, one, None),
        ("GET", "/fapi/v1/openAlgoOrders", signed, algo_orders.list_open, _by_symbol(1, 40), None),
        ("GET", "/fapi/v1/allAlgoOrders", signed, algo_orders.list_all, _flat(5), None),
        ("GET", "/fapi/v3/balance", signed, account.balance, _flat(5), None),
        ("GET", "/fapi/v2/balance", signed, account.balance, _flat(5), None),
        ("GET", "/fapi/v3/account", signed, account.account, _flat(5), None),
        ("GET", "/fapi/v3/positionRisk", signed, account.position_risk, _flat(5), None),
        ("GET", "/fapi/v2/positionRisk", signed, account.position_risk_v2, _flat(5), None),
        ("GET", "/fapi/v1/symbolConfig", signed, account_settings.symbol_config, _flat(5), None),
        ("POST", "/fapi/v1/leverage", signed, account_settings.set_leverage, one, None),
        ("POST", "/fapi/v1/marginType", signed, account_settings.set_margin_type, one, None),
        ("POST", "/fapi/v1/positionSide/dual", signed, account_settings.set_position_mode, one, None),
        ("GET", "/fapi/v1/positionSide/dual", signed, account_settings.position_mode, _flat(30), None),
        ("GET", "/fapi/v1/multiAssetsMargin", signed, account_settings.multi_assets_margin, _flat(30), None),
        ("GET", "/fapi/v1/accountConfig", signed, account_settings.account_config, _flat(5), None),
        ("GET", "/fapi/v1/commissionRate", signed, account_settings.commission_rate, _flat(20), None),
        ("GET", "/fapi/v1/leverageBracket", signed, account_settings.leverage_bracket, one, None),
        ("GET", "/fapi/v1/income", signed, income.income, _flat(30), None),
        ("GET", "/fapi/v1/rateLimit/order", signed, account_settings.rate_limit, one, None),
        ("POST", "/fapi/v1/listenKey", key, account_settings.create_listen_key, one, None),
        ("PUT", "/fapi/v1/listenKey", key, account_settings.keep_listen_key, one, None),
        ("DELETE", "/fapi/v1/listenKey", key, account_settings.close_listen_key, one, None),
    )
    return tuple(
        Endpoint(method=method, path=path, security=security, handler=handler, weight=weight, orders=counted)
        for method, path, security, handler, weight, counted in rows
    )


ENDPOINTS: dict[tuple[str, str], Endpoint] = {(row.method, row.path): row for row in _rows()}
"""By method and path."""
