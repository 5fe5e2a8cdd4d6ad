"""Market data over REST: listings, books, trades, bars, marks and funding."""

from __future__ import annotations

from decimal import Decimal

from cluster.exchange.api import Candle, Kind, MarkChanged, Rules
from cluster.exchange.fronts.binance_usdm.context import Call
from cluster.exchange.fronts.binance_usdm.errors import ApiError
from cluster.exchange.fronts.binance_usdm.periods import period
from cluster.exchange.fronts.binance_usdm.wire import (
    NS_PER_MS,
    ORDER_TYPES,
    TIMES_IN_FORCE,
    decimals,
    highest_price,
    ms,
    text,
)

MINUTE_NS = 60_000_000_000
INTERVALS: dict[str, int] = {
    "1m": MINUTE_NS,
    "3m": 3 * MINUTE_NS,
    "5m": 5 * MINUTE_NS,
    "15m": 15 * MINUTE_NS,
    "30m": 30 * MINUTE_NS,
    "1h": 60 * MINUTE_NS,
    "2h": 120 * MINUTE_NS,
    "4h": 240 * MINUTE_NS,
    "6h": 360 * MINUTE_NS,
    "8h": 480 * MINUTE_NS,
    "12h": 720 * MINUTE_NS,
    "1d": 1_440 * MINUTE_NS,
}
"""Bars by the protocol's name, in ns. 3d, 1w and 1M are not offered: the core's longest bar is a day."""
DAY_NS = 1_440 * MINUTE_NS
DEPTHS = (5, 10, 20, 50, 100, 500, 1_000)
_PERPETUAL_END_MS = 4_133_404_800_000
_ONBOARD_MS = 1_569_398_400_000
_INTEREST = "0.00010000"


def ping(call: Call) -> object:
    """`GET /fapi/v1/ping`."""
    return {}


def server_time(call: Call) -> object:
    """`GET /fapi/v1/time`."""
    return {"serverTime": call.front.now}


def exchange_info(call: Call) -> object:
    """`GET /fapi/v1/exchangeInfo`."""
    limits = call.front.settings.limits
    listings = [rules for rules in call.exchange.rules() if rules.kind is Kind.PERPETUAL]
    return {
        "timezone": "UTC",
        "serverTime": call.front.now,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_per_minute),
            _limit("ORDERS", "MINUTE", 1, limits.orders_per_minute),
            _limit("ORDERS", "SECOND", 10, limits.orders_per_ten_seconds),
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "0"}
            for asset in sorted({rules.settle for rules in listings})
        ],
        "symbols": [_listing(rules) for rules in listings],
    }


def book_ticker(call: Call) -> object:
    """`GET /fapi/v1/ticker/bookTicker`."""
    rules = call.optional_symbol()
    if rules is not None:
        return _book_ticker(call, rules)
    return [_book_ticker(call, each) for each in call.exchange.rules()]


def price_ticker(call: Call) -> object:
    """`GET /fapi/v1/ticker/price`."""
    rules = call.optional_symbol()
    if rules is not None:
        return _price_ticker(call, rules)
    return [_price_ticker(call, each) for each in call.exchange.rules()]


def day_ticker(call: Call) -> object:
    """`GET /fapi/v1/ticker/24hr`, from the bars of the last 24 hours."""
    rules = call.optional_symbol()
    if rules is not None:
        return _day_ticker(call, rules)
    return [_day_ticker(call, each) for each in call.exchange.rules()]


def depth(call: Call) -> object:
    """`GET /fapi/v1/depth`."""
    rules = call.symbol()
    limit = call.parameters.whole("limit", 500)
    if limit not in DEPTHS:
        raise ApiError(-4021, f"{limit} is not valid depth limit")
    book = call.exchange.book(rules.listing, limit)
    return {
        "lastUpdateId": book.last,
        "E": call.front.now,
        "T": ms(book.time),
        "bids": [[text(price), text(size)] for price, size in book.bids],
        "asks": [[text(price), text(size)] for price, size in book.asks],
    }


def klines(call: Call) -> object:
    """`GET /fapi/v1/klines`."""
    rules, given = call.symbol(), call.parameters
    length = INTERVALS.get(given.text("interval"))
    if length is None:
        raise ApiError(-1120, "Invalid interval.")
    limit = given.limit(500, 1_500)
    start, end = given.whole("startTime"), given.whole("endTime")
    if start is not None and end is not None and start > end:
        raise ApiError(-1023, "Start time is greater than end time.")
    candles = call.exchange.candles(
        rules.listing,
        length,
        None if start is None else start * NS_PER_MS,
        None if end is None else end * NS_PER_MS + 1,
        limit,
    )
    return [_kline(candle) for candle in candles]


def trades(call: Call) -> object:
    """`GET /fapi/v1/trades`."""
    rules = call.symbol()
    limit = call.parameters.limit(500, 1_000)
    return [
        {
            "id": each.trade_id,
            "price": text(each.price),
            "qty": text(each.quantity),
            "quoteQty": text(each.price * each.quantity),
            "time": ms(each.time),
            "isBuyerMaker": each.buyer_is_maker,
            "isRPITrade": False,
        }
        for each in call.exchange.public_trades(rules.listing, limit)
    ]


def aggregate_trades(call: Call) -> object:
    """`GET /fapi/v1/aggTrades`: what was traded while this front end ran."""
    rules, given = call.symbol(), call.parameters
    limit = given.limit(500, 1_000)
    rows = call.front.record.aggregates(rules.listing)
    first = given.whole("fromId")
    if first is not None:
        chosen = [each for each in rows if each.number >= first][:limit]
    else:
        span = period(given, call.front.now)
        chosen = list(span.cut([each for each in rows if span.contains(ms(each.time))], limit))
    return [
        {
            "a": each.number,
            "p": text(each.price),
            "q": text(each.quantity),
            "nq": text(each.quantity),
            "f": each.first,
            "l": each.last,
            "T": ms(each.time),
            "m": each.buyer_is_maker,
        }
        for each in chosen
    ]


def premium_index(call: Call) -> object:
    """`GET /fapi/v1/premiumIndex`."""
    rules = call.optional_symbol()
    if rules is not None:
        return _premium(call, call.exchange.mark(rules.listing))
    listings = (each for each in call.exchange.rules() if each.kind is Kind.PERPETUAL)
    return [_premium(call, call.exchange.mark(each.listing)) for each in listings]


def funding_rate(call: Call) -> object:
    """`GET /fapi/v1/fundingRate`: what was paid while this front end ran."""
    rules, given = call.optional_symbol(), call.parameters
    limit = given.limit(100, 1_000)
    span = period(given, call.front.now, longest=365 * 86_400_000)
    rows = [
        {
            "symbol": each.listing,
            "fundingRate": text(paid.rate),
            "fundingTime": ms(paid.time),
            "markPrice": text(paid.mark),
            "rateType": "Regular",
        }
        for each in (call.exchange.rules() if rules is None else (rules,))
        for paid in call.front.record.rates(each.listing)
        if span.contains(ms(paid.time))
    ]
    return span.cut(rows, limit)


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, object]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _listing(rules: Rules) -> dict[str, object]:
    return {
        "symbol": rules.listing,
        "pair": rules.listing,
        "contractType": "PERPETUAL",
        "deliveryDate": _PERPETUAL_END_MS,
        "onboardDate": _ONBOARD_MS,
        "status": "TRADING" if rules.trading else "SETTLING",
        "maintMarginPercent": text((rules.maintenance_margin * 100).quantize(Decimal("0.0001"))),
        "requiredMarginPercent": text((rules.initial_margin * 100).quantize(Decimal("0.0001"))),
        "baseAsset": rules.base,
        "quoteAsset": rules.quote,
        "marginAsset": rules.settle,
        "pricePrecision": decimals(rules.tick),
        "quantityPrecision": decimals(rules.lot),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": text(rules.liquidation_fee.quantize(Decimal("0.000001"))),
        "marketTakeBound": "0.30",
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": text(rules.tick),
                "maxPrice": text(highest_price(rules)),
                "tickSize": text(rules.tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": text(rules.min_quantity),
                "maxQty": text(rules.max_quantity),
                "stepSize": text(rules.lot),
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": text(rules.min_quantity),
                "maxQty": text(rules.market_max_quantity or rules.max_quantity),
                "stepSize": text(rules.lot),
            },
            {"filterType": "MAX_NUM_ORDERS", "limit": rules.max_open_orders},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": rules.max_conditional_orders},
            {"filterType": "MIN_NOTIONAL", "notional": text(rules.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": text(rules.price_up or Decimal(1_000)),
                "multiplierDown": text(rules.price_down or Decimal(0)),
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": [kind for kind in ORDER_TYPES if kind != "TRAILING_STOP_MARKET"],
        "timeInForce": list(TIMES_IN_FORCE),
    }


def _book_ticker(call: Call, rules: Rules) -> dict[str, object]:
    book = call.exchange.book(rules.listing, 1)
    bid, bid_size = book.bids[0] if book.bids else (None, None)
    ask, ask_size = book.asks[0] if book.asks else (None, None)
    return {
        "symbol": rules.listing,
        "bidPrice": text(bid),
        "bidQty": text(bid_size),
        "askPrice": text(ask),
        "askQty": text(ask_size),
        "time": ms(book.time),
    }


def _price_ticker(call: Call, rules: Rules) -> dict[str, object]:
    latest = call.exchange.public_trades(rules.listing, 1)
    price = latest[-1].price if latest else call.exchange.mark(rules.listing).mark
    time = latest[-1].time if latest else call.exchange.now
    return {"symbol": rules.listing, "price": text(price), "time": ms(time)}


def _day_ticker(call: Call, rules: Rules) -> dict[str, object]:
    now = call.exchange.now
    bars = call.exchange.candles(rules.listing, INTERVALS["1h"], now - DAY_NS, None, 25)
    if not bars:
        mark = call.exchange.mark(rules.listing).mark
        bars = [
            Candle(
                listing=rules.listing,
                start=now,
                length=INTERVALS["1h"],
                open=mark,
                high=mark,
                low=mark,
                close=mark,
                volume=Decimal(0),
                quote_volume=Decimal(0),
                trades=0,
                closed=False,
            )
        ]
    first, last = bars[0].open, bars[-1].close
    volume = sum((bar.volume for bar in bars), Decimal(0))
    turnover = sum((bar.quote_volume for bar in bars), Decimal(0))
    latest = call.exchange.public_trades(rules.listing, 1)
    return {
        "symbol": rules.listing,
        "priceChange": text(last - first),
        "priceChangePercent": text(((last - first) / first * 100).quantize(Decimal("0.001"))),
        "weightedAvgPrice": text(turnover / volume if volume else last),
        "lastPrice": text(last),
        "lastQty": text(latest[-1].quantity if latest else Decimal(0)),
        "openPrice": text(first),
        "highPrice": text(max(bar.high for bar in bars)),
        "lowPrice": text(min(bar.low for bar in bars)),
        "volume": text(volume),
        "quoteVolume": text(turnover),
        "openTime": ms(bars[0].start),
        "closeTime": ms(now),
        "firstId": -1,
        "lastId": latest[-1].trade_id if latest else -1,
        "count": sum(bar.trades for bar in bars),
    }


def _kline(candle: Candle) -> list[object]:
    return [
        ms(candle.start),
        text(candle.open),
        text(candle.high),
        text(candle.low),
        text(candle.close),
        text(candle.volume),
        ms(candle.start + candle.length) - 1,
        text(candle.quote_volume),
        candle.trades,
        text(candle.taker_buy_volume),
        text(candle.taker_buy_quote_volume),
        "0",
    ]


def _premium(call: Call, mark: MarkChanged) -> dict[str, object]:
    return {
        "symbol": mark.listing,
        "markPrice": text(mark.mark),
        "indexPrice": text(mark.index),
        "estimatedSettlePrice": text(mark.index),
        "lastFundingRate": text(mark.funding_rate),
        "interestRate": _INTEREST,
        "nextFundingTime": ms(mark.next_funding),
        "time": call.front.now,
    }
