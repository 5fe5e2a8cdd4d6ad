"""Feeds of several symbols reach the engine as one stream in time order."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import OrderFilled
from actors.venues.matching.instruments import AccountSettings, EngineSettings, MarketKind, MarketModel
from actors.venues.matching.orders import NewOrder
from cluster.feeds import QueueFeed
from cluster.paper.market import Market, open_feeds
from cluster.paper.settings import MarketShapeSettings, SyntheticSource
from messages.errors import ConfigurationError
from messages.intents import OrderType, Side
from messages.market import TickKind
from tests.cluster.paper.building import START, instrument_of

pytestmark = pytest.mark.unit

NAN = float("nan")


class Seen:
    """Stands for the engine and keeps what it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def on_quote(self, *values: Any) -> None:
        self.calls.append(("quote", *values))

    def on_trade(self, *values: Any) -> None:
        self.calls.append(("trade", *values))

    def on_bar(self, *values: Any) -> None:
        self.calls.append(("bar", *values))

    def on_depth(self, symbol: str, time: int, bids: Any, asks: Any, snapshot: bool) -> None:
        self.calls.append(("depth", symbol, time, list(bids), list(asks), snapshot))


def feed_of(symbol: str, rows: list[tuple[float, ...]]) -> QueueFeed:
    """A feed of (time, kind, five values)."""
    feed = QueueFeed(symbol)
    for time, kind, *values in rows:
        feed.push(int(kind), int(time), *values)
    return feed


def quotes(symbol: str, times: list[int]) -> QueueFeed:
    return feed_of(symbol, [(time, TickKind.QUOTE, 1.0, 2.0, 3.0, 4.0, NAN) for time in times])


TIMES = st.lists(st.integers(0, 30), min_size=1, max_size=20).map(sorted)


@given(st.lists(TIMES, min_size=1, max_size=4), st.lists(st.integers(0, 35), max_size=6).map(sorted))
@settings(max_examples=60)
def test_rows_come_in_the_order_of_time_and_symbol_however_it_is_sliced(
    times: list[list[int]], slices: list[int]
) -> None:
    symbols = [f"S{index}" for index in range(len(times))]
    feeds = {symbol: quotes(symbol, each) for symbol, each in zip(symbols, times, strict=True)}
    seen = Seen()
    market = Market(feeds, {}, seen)  # type: ignore[arg-type]
    for until in [*slices, 40]:
        market.fold(until)
    expected = sorted((time, index) for index, each in enumerate(times) for time in each)
    assert [(call[2], symbols.index(call[1])) for call in seen.calls] == expected
    assert market.rows == len(expected)
    assert market.next_time is None


def test_nothing_beyond_the_given_time_is_told() -> None:
    seen = Seen()
    market = Market({"A": quotes("A", [1, 2, 3])}, {}, seen)  # type: ignore[arg-type]
    market.fold(2)
    assert [call[2] for call in seen.calls] == [1, 2]
    assert (market.next_time, market.positions) == (3, {"A": 2})


def test_a_market_goes_on_from_stored_positions() -> None:
    seen = Seen()
    market = Market({"A": quotes("A", [1, 2, 3])}, {"A": 2}, seen)  # type: ignore[arg-type]
    market.fold(9)
    assert [call[2] for call in seen.calls] == [3]
    assert market.rows == 3


def test_trades_depth_and_bars_are_told_in_their_own_form() -> None:
    rows: list[tuple[float, ...]] = [
        (1, TickKind.TRADE, 10.0, 2.0, -1.0, NAN, NAN),
        (2, TickKind.TRADE, 10.0, 2.0, NAN, NAN, NAN),
        (3, TickKind.DEPTH, 1.0, 9.0, 5.0, 1.0, 0.0),
        (3, TickKind.DEPTH, -1.0, 11.0, 6.0, 1.0, 1.0),
        (4, TickKind.DEPTH, -1.0, 11.0, 0.0, 0.0, 1.0),
        (5, TickKind.BAR, 10.0, 12.0, 9.0, 11.0, 7.0),
    ]
    seen = Seen()
    Market({"A": feed_of("A", rows)}, {}, seen).fold(9)  # type: ignore[arg-type]
    assert seen.calls == [
        ("trade", "A", 1, 10.0, 2.0, -1),
        ("trade", "A", 2, 10.0, 2.0, 0),
        ("depth", "A", 3, [(9.0, 5.0)], [(11.0, 6.0)], True),
        ("depth", "A", 4, [], [(11.0, 0.0)], False),
        ("bar", "A", 5, 10.0, 12.0, 9.0, 11.0, 7.0),
    ]


def test_a_feed_of_bars_is_a_market_to_trade_in() -> None:
    rows: list[tuple[float, ...]] = [
        (1, TickKind.BAR, 100.0, 101.0, 99.0, 100.0, 7.0),
        (3, TickKind.BAR, 100.5, 102.0, 100.0, 101.0, 7.0),
    ]
    instrument = msgspec.structs.replace(instrument_of("A-USDT"), market=MarketModel(kind=MarketKind.BARS))
    account = AccountSettings(account="desk", balances={"USDT": Decimal(1_000)})
    engine = MatchingEngine([instrument], EngineSettings(), [account])
    market = Market({"A-USDT": feed_of("A-USDT", rows)}, {}, engine)
    market.fold(1)
    order = NewOrder("desk", "x", "A-USDT", Side.BUY, OrderType.MARKET, Decimal(2))
    engine.submit(order, 1)
    market.fold(9)
    fills = [event for event in engine.drain() if isinstance(event, OrderFilled)]
    assert [(fill.time, fill.price, fill.quantity) for fill in fills] == [(3, Decimal("100.5"), 2)]


def test_a_symbol_without_a_market_is_refused() -> None:
    source = SyntheticSource(
        seed=1, start_time=START, shapes={"BTC-USDT": MarketShapeSettings(start_price=1.0)}
    )
    with pytest.raises(ConfigurationError, match="ETH-USDT"):
        open_feeds(source, (instrument_of("ETH-USDT"),))


def test_the_same_source_gives_every_symbol_the_same_market_each_time() -> None:
    source = SyntheticSource(
        seed=1, start_time=START, shapes={"BTC-USDT": MarketShapeSettings(start_price=100.0)}
    )
    first, second = (open_feeds(source, (instrument_of("BTC-USDT"),))["BTC-USDT"] for _ in range(2))
    rows = [next(itertools.islice(feed.open(), 1)).rows() for feed in (first, second)]
    assert rows[0].tobytes() == rows[1].tobytes()
