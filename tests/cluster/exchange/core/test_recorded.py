"""The recorded market: the books follow the rows, and own orders trade against them."""

from __future__ import annotations

from math import nan
from pathlib import Path

import pytest

from cluster.exchange.api import PublicTrade, Status
from cluster.exchange.core import ExchangeSettings, LocalExchange
from cluster.exchange.core.recorded import RecordedMarket
from cluster.feeds.columns import ChunkBuilder
from messages.errors import ConfigurationError, DataProviderError
from messages.intents import Side
from messages.market import TickKind
from tests.cluster.exchange.core.lab import BTC, ETH, SECOND, START, D, Lab, accounts, rules

pytestmark = pytest.mark.unit

FIRST = 1_500_000_000 * SECOND
Row = tuple[int, int, float, float, float, float, float]
RAW = Path(__file__).parents[4].parent / "shared" / "data" / "binance_raw_l2"


class Rows:
    """A feed of rows (second, kind, v0 .. v4)."""

    def __init__(self, *rows: Row, symbol: str = BTC) -> None:
        self.symbol = symbol
        builder = ChunkBuilder(symbol)
        for second, kind, *values in rows:
            builder.append(FIRST + second * SECOND, 0, kind, tuple(values))
        self._chunk = builder.take()
        self.first_time = FIRST
        self.last_time = FIRST + rows[-1][0] * SECOND

    def open(self, position: int = 0):
        yield self._chunk.part(position, len(self._chunk))


def quote(second: int, bid: float, bid_size: float, ask: float, ask_size: float) -> Row:
    return second, TickKind.QUOTE, bid, bid_size, ask, ask_size, nan


def trade(second: int, price: float, size: float, aggressor: float) -> Row:
    return second, TickKind.TRADE, price, size, aggressor, nan, nan


def level(second: int, side: int, price: float, size: float, *, last: bool, snapshot: bool = False) -> Row:
    return second, TickKind.DEPTH, float(side), price, size, float(snapshot), float(last)


QUOTES = (
    quote(0, 100, 5, 101, 5),
    trade(1, 101, 2, 1),
    quote(1, 100, 5, 101, 3),
    quote(2, 101, 4, 102, 4),
    quote(10, 90, 1, 91, 1),
)
DEPTH = (
    level(0, 1, 100, 5, last=False, snapshot=True),
    level(0, 1, 99, 5, last=False, snapshot=True),
    level(0, -1, 101, 5, last=True, snapshot=True),
    level(1, 1, 100, 0, last=False),
    level(1, -1, 101, 2, last=True),
    level(4, 1, 100.4, 3, last=False, snapshot=True),
    level(4, -1, 100.6, 3, last=True, snapshot=True),
)


def lab_of(*rows: Row, speed: float = 1.0, by_depth: bool = False, start: int = START, **more: object) -> Lab:
    source = RecordedMarket({BTC: Rows(*rows)}, [rules()], speed=speed, by_depth=by_depth)
    lab = Lab.__new__(Lab)
    lab.settings = ExchangeSettings(listings=(rules(),), accounts=accounts("a"))
    lab.exchange = LocalExchange(lab.settings, start, market=source, **more)
    lab.events = []
    lab.exchange.subscribe(lab.events.append)
    return lab


def test_the_book_follows_the_quotes_at_the_pace_that_is_asked_for():
    lab = lab_of(*QUOTES, speed=2.0)
    assert lab.book() == ([(100, 5.0)], [(101, 5.0)])
    lab.tick(SECOND // 2)
    assert lab.book() == ([(100, 5.0)], [(101, 3.0)])
    assert [(each.price, each.quantity, each.buyer_is_maker) for each in lab.of(PublicTrade)] == [
        (101, 2, False)
    ]
    lab.tick(SECOND // 2)
    assert lab.book() == ([(101, 4.0)], [(102, 4.0)])
    lab.tick(10 * SECOND)
    assert lab.book() == ([(90, 1.0)], [(91, 1.0)])
    assert lab.exchange.mark(BTC).mark == D("90.5")
    lab.tick(10 * SECOND)
    assert lab.book() == ([(90, 1.0)], [(91, 1.0)])


def test_the_book_follows_depth_with_prices_rounded_against_us():
    lab = lab_of(*DEPTH, by_depth=True)
    assert lab.book() == ([(100, 5.0), (99, 5.0)], [(101, 5.0)])
    lab.tick(SECOND)
    assert lab.book() == ([(99, 5.0)], [(101, 2.0)])
    lab.tick(3 * SECOND)
    assert lab.book() == ([(100, 3.0)], [(101, 3.0)])


def test_own_orders_trade_with_the_recording():
    lab = lab_of(*QUOTES)
    bought = lab.buy(7)
    assert (bought.status, bought.filled) == (Status.EXPIRED, D(5))
    offered = lab.sell(4, 102)
    bid = lab.buy(2, 95)
    lab.tick(20 * SECOND)
    assert lab.now(offered).status is Status.NEW
    assert (lab.now(bid).status, lab.now(bid).filled) == (Status.PARTIALLY_FILLED, D(1))
    assert [(each.price, each.maker) for each in lab.exchange.trades("a")] == [(101, False), (95, True)]


def test_an_exchange_that_comes_back_goes_on_where_the_recording_is(tmp_path: Path):
    lab = lab_of(*QUOTES, folder=tmp_path)
    lab.tick(SECOND)
    lab.exchange.close()
    again = lab_of(*QUOTES, folder=tmp_path, start=lab.exchange.now)
    assert again.book() == ([(100, 5.0)], [(101, 3.0)])
    again.tick(SECOND)
    assert again.book() == ([(101, 4.0)], [(102, 4.0)])
    crashed = lab_of(*QUOTES, folder=tmp_path, start=START + 11 * SECOND)
    assert crashed.book() == ([(90, 1.0)], [(91, 1.0)])


def test_what_can_be_no_market_is_refused():
    feed = Rows(*QUOTES)
    with pytest.raises(ConfigurationError, match="nothing of this listing"):
        RecordedMarket({BTC: feed}, [rules(), rules(ETH)], speed=1.0, by_depth=False)
    with pytest.raises(ConfigurationError, match="speed"):
        RecordedMarket({BTC: feed}, [rules()], speed=0.0, by_depth=False)
    with pytest.raises(DataProviderError, match="no book"):
        lab_of((0, TickKind.BAR, 1.0, 1.0, 1.0, 1.0, 1.0))


def test_trades_without_an_aggressor_took_the_nearer_side():
    lab = lab_of(quote(0, 100, 5, 103, 5), trade(1, 100, 1, nan), trade(2, 102, 1, 0.0))
    lab.tick(5 * SECOND)
    assert [each.buyer_is_maker for each in lab.of(PublicTrade)] == [True, False]


def test_a_recorded_futures_book_is_followed_to_its_end(tmp_path: Path):
    path = RAW / "usdm_ethusdt_20240808.gz"
    if not path.exists():
        pytest.skip("skipped: no recorded data")
    listing = rules(ETH, tick=D("0.01"), lot=D("0.001"), min_quantity=D("0.001"))
    source = RecordedMarket.open([path], [listing], cache_folder=tmp_path, speed=50.0)
    exchange = LocalExchange(
        ExchangeSettings(listings=(listing,), accounts=accounts("a")), START, market=source
    )
    for _ in range(40):
        exchange.advance(exchange.now + SECOND // 10)
        book = exchange.book(ETH, 20)
        assert book.bids[0][0] < book.asks[0][0]
        assert abs(exchange.mark(ETH).mark / book.bids[0][0] - 1) < D("0.01")
    lab = Lab.__new__(Lab)
    lab.exchange = exchange
    order = exchange.place("a", lab.request(Side.BUY, "0.5", listing=ETH))
    assert order.status is Status.FILLED
