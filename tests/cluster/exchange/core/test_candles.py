"""Bars: from trades while the exchange runs, from the seed before it opened."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from cluster.exchange.api import Candle, PublicTrade
from cluster.exchange.core import ExchangeSettings, LocalExchange, default_listings
from cluster.exchange.core.candles import DAY, MINUTE, WEEK, bar_start
from tests.cluster.exchange.core.lab import BTC, SECOND, START, D, Lab, accounts

pytestmark = pytest.mark.unit


def opened(at: int = START) -> LocalExchange:
    return LocalExchange(ExchangeSettings(listings=default_listings(2), accounts=accounts("a")), at)


def test_bars_of_trades():
    lab = Lab()
    for ticks, lots, aggressor in ((101, 10, 1), (105, 20, 1), (99, 30, -1)):
        lab.levels(prints=[(ticks, lots, aggressor)])
    lab.exchange.advance(START // MINUTE * MINUTE + 3 * MINUTE + SECOND)
    lab.levels(prints=[(103, 5, 1)])
    bars = lab.exchange.candles(BTC, MINUTE, None, None, 4)
    assert [(int(bar.open), int(bar.high), int(bar.low), int(bar.close)) for bar in bars] == [
        (101, 105, 99, 99),
        (99, 99, 99, 99),
        (99, 99, 99, 99),
        (103, 103, 103, 103),
    ]
    first = bars[0]
    assert (first.volume, first.quote_volume, first.trades) == (D(6), D(101 + 210 + 297), 3)
    assert (first.taker_buy_volume, first.taker_buy_quote_volume) == (D(3), D(311))
    assert (first.first_trade, first.last_trade, bars[1].first_trade) == (1, 3, -1)
    assert [bar.closed for bar in bars] == [True, True, True, False]


def test_history_has_no_gaps_and_ends_where_trading_began():
    exchange = opened()
    exchange.advance(START + 90 * SECOND)
    for length in (SECOND, MINUTE, 5 * MINUTE, 60 * MINUTE, DAY):
        bars = exchange.candles("BTCUSDT", length, None, None, 300)
        assert len(bars) == 300
        assert all(later.start - earlier.start == length for earlier, later in pairwise(bars))
        assert bars[-1].start == bar_start(exchange.now, length)
        assert all(
            bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars
        )
        assert all(abs(later.open / earlier.close - 1) < D("0.01") for earlier, later in pairwise(bars))
        assert all(bar.closed for bar in bars[:-1])


def together(bars: list[Candle], first: int, length: int) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    part = [bar for bar in bars if first <= bar.start < first + length]
    return part[0].open, max(bar.high for bar in part), min(bar.low for bar in part), part[-1].close


def test_long_bars_are_their_minutes_put_together():
    exchange = opened()
    exchange.advance(START + 30 * SECOND)
    minutes = list(exchange.candles("ETHUSDT", MINUTE, START - 3 * 3600 * SECOND, None, 1500))
    for length in (5 * MINUTE, 60 * MINUTE):
        for bar in exchange.candles("ETHUSDT", length, START - 2 * 3600 * SECOND, None, 100):
            whole = together(minutes, bar.start, length)
            assert (bar.open, bar.high, bar.low, bar.close) == whole
    seconds = exchange.candles("ETHUSDT", SECOND, START - 600 * SECOND, START - 300 * SECOND, 1000)
    for bar in seconds:
        minute = next(each for each in minutes if each.start <= bar.start < each.start + MINUTE)
        assert minute.low <= bar.low <= bar.high <= minute.high


def test_history_is_the_same_whenever_it_is_asked_for():
    end = START // MINUTE * MINUTE - 3600 * SECOND
    now = opened().candles("BTCUSDT", MINUTE, None, end, 50)
    later = opened(START + DAY).candles("BTCUSDT", MINUTE, None, end, 50)
    assert now == later
    assert now[-1].start == end - MINUTE


def test_the_range_that_is_asked_for():
    exchange = opened()
    first = START // MINUTE * MINUTE - 100 * MINUTE
    bars = exchange.candles("BTCUSDT", MINUTE, first, first + 10 * MINUTE, 1000)
    assert [bar.start for bar in bars] == [first + number * MINUTE for number in range(10)]
    assert [bar.start for bar in exchange.candles("BTCUSDT", MINUTE, first + 1, None, 3)] == [
        first + number * MINUTE for number in (1, 2, 3)
    ]
    assert exchange.candles("BTCUSDT", MINUTE, START + DAY, None, 5) == []
    assert exchange.candles("BTCUSDT", MINUTE, None, None, 0) == []


def test_weeks_begin_on_mondays():
    # 1970-01-05 was one
    assert bar_start(START, WEEK) % WEEK == 4 * DAY
    (week,) = opened().candles("BTCUSDT", WEEK, None, None, 1)
    assert week.start == bar_start(START, WEEK)


def test_bars_of_the_running_exchange_are_those_of_its_tape():
    exchange = opened()
    tape: list[PublicTrade] = []
    exchange.subscribe(lambda event: tape.append(event) if isinstance(event, PublicTrade) else None)
    exchange.advance(START + 150 * SECOND)
    for bar in exchange.candles("BTCUSDT", MINUTE, START // MINUTE * MINUTE, None, 10):
        own = [
            each for each in tape if each.listing == "BTCUSDT" and bar.start <= each.time < bar.start + MINUTE
        ]
        assert (bar.open, bar.close) == (own[0].price, own[-1].price)
        assert (bar.high, bar.low) == (max(each.price for each in own), min(each.price for each in own))
        assert bar.volume == sum(each.quantity for each in own)
        assert bar.quote_volume == sum(each.quantity * each.price for each in own)
        assert bar.taker_buy_volume == sum(each.quantity for each in own if not each.buyer_is_maker)
        assert (bar.trades, bar.first_trade, bar.last_trade) == (len(own), own[0].trade_id, own[-1].trade_id)
