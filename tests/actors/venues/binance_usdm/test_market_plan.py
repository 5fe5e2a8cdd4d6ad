"""Which streams are asked for, and over how many connections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.binance_usdm.market_plan import INTERVALS, LinePlan, interval_of, plan_lines
from actors.venues.market_port import Subscription
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit


def test_quotes_and_books_go_by_one_path_trades_and_bars_by_the_other() -> None:
    wanted = [
        Subscription("B", "BTCUSDT", depth=True, bar_ns=60_000_000_000),
        Subscription("E", "ETHUSDT", quotes=False),
    ]
    assert plan_lines(wanted, 200) == (
        LinePlan("public", ("btcusdt@bookTicker", "btcusdt@depth@100ms"), ("B",)),
        LinePlan("market", ("btcusdt@aggTrade", "btcusdt@kline_1m", "ethusdt@aggTrade"), ("B", "E")),
    )


@pytest.mark.property
@given(st.integers(0, 50), st.integers(2, 9), st.booleans())
def test_every_stream_is_carried_once_and_no_connection_has_too_many(
    symbols: int, most: int, depth: bool
) -> None:
    wanted = [Subscription(f"S{n}", f"L{n}", depth=depth) for n in range(symbols)]
    lines = plan_lines(wanted, most)
    streams = [stream for line in lines for stream in line.streams]
    assert len(streams) == len(set(streams)) == symbols * (3 if depth else 2)
    assert all(len(line.streams) <= most for line in lines)
    assert all(
        sum(stream.startswith(f"l{symbol[1:]}@") for stream in line.streams)
        for line in lines
        for symbol in line.symbols
    )


def test_intervals() -> None:
    assert [interval_of(length) for length in INTERVALS] == list(INTERVALS.values())
    with pytest.raises(ConfigurationError, match="no bars of this length"):
        interval_of(7)
