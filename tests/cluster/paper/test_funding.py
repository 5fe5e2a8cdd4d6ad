"""Funding at the paper venue: when it is due, at which price, what is told of it, and that it is told once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.instruments import AccountSettings, EngineSettings, OpeningPosition
from cluster.feeds import FundingRates
from cluster.paper.funding import NEVER, ConstantFunding, FundingTimes
from cluster.paper.settings import market_digest
from messages.orders import OrderState
from messages.venue_account import QueryAccount
from messages.venue_stream import VenueEvent, VenueFunding
from tests.actors.venues.paper_orders import hear, market, port_to, run
from tests.cluster.paper.building import (
    MILLISECOND,
    SECOND,
    START,
    go,
    instrument_of,
    open_venue,
    order,
    record,
    served,
    settings_of,
    told,
)

HOUR = 3600 * SECOND
RATE = Decimal("0.0001")
pytestmark = pytest.mark.unit


def constant(symbol: str = "BTC-USDT", interval: int = 8 * HOUR) -> ConstantFunding:
    return ConstantFunding(symbol=symbol, rate=RATE, interval=interval)


def listed(*rates: tuple[int, float]) -> FundingRates:
    return FundingRates(
        np.array([time for time, _ in rates], np.int64), np.array([rate for _, rate in rates])
    )


def engine(*, quotes: bool = True) -> MatchingEngine:
    """An account that is long 2 BTC and short 3 ETH; BTC stands at 100 to 101."""
    account = AccountSettings(
        account="desk",
        positions={
            "BTC-USDT": OpeningPosition(Decimal(2), Decimal(90)),
            "ETH-USDT": OpeningPosition(Decimal(-3), Decimal(9)),
        },
        allow_short=True,
    )
    made = MatchingEngine(
        [instrument_of(each) for each in ("BTC-USDT", "ETH-USDT")], EngineSettings(), [account]
    )
    if quotes:
        made.on_quote("BTC-USDT", 1, 100.0, 1.0, 101.0, 1.0)
    return made


def test_a_constant_rate_is_due_at_the_multiples_of_its_interval() -> None:
    times = FundingTimes(engine(), [constant()], after=START)
    first = START - START % (8 * HOUR) + 8 * HOUR
    assert times.next_time == first
    times.pay(first)
    assert times.next_time == first + 8 * HOUR
    assert FundingTimes(engine(), [constant()], after=first).next_time == first + 8 * HOUR


def test_funding_is_due_on_the_position_at_the_mid_of_that_moment() -> None:
    made = engine()
    FundingTimes(made, [constant(interval=10)], after=0).pay(10)
    [event] = made.drain()
    assert (event.time, event.amount, event.mark_price) == (
        10,
        -Decimal("100.5") * 2 * RATE,
        Decimal("100.5"),
    )  # type: ignore[union-attr]


def test_a_symbol_without_any_price_pays_nothing_and_the_next_time_comes() -> None:
    made = engine(quotes=False)
    times = FundingTimes(made, [constant(interval=10)], after=0)
    times.pay(10)
    assert (made.drain(), times.next_time) == ([], 20)
    made.on_trade("BTC-USDT", 11, 102.0, 1.0, 1)
    times.pay(20)
    assert [event.mark_price for event in made.drain()] == [Decimal(102)]  # type: ignore[union-attr]


def test_listed_rates_take_the_place_of_a_constant_one_and_end() -> None:
    made = engine()
    times = FundingTimes(
        made, [constant(interval=10)], {"BTC-USDT": listed((5, 0.01), (15, 0.0), (25, -0.02))}, after=5
    )
    assert times.next_time == 15
    times.pay(30)
    assert [(event.time, event.rate) for event in made.drain()] == [(25, Decimal("-0.02"))]  # type: ignore[union-attr]
    assert times.next_time == NEVER


def test_at_one_time_the_symbols_pay_in_the_order_given() -> None:
    made = engine()
    made.on_quote("ETH-USDT", 2, 10.0, 1.0, 10.0, 1.0)
    FundingTimes(made, [constant("ETH-USDT", 10), constant("BTC-USDT", 10)], after=0).pay(10)
    assert [event.symbol for event in made.drain()] == ["ETH-USDT", "BTC-USDT"]


def test_a_venue_tells_funding_between_the_events_of_orders_and_keeps_a_line(tmp_path: Path) -> None:
    chosen = settings_of(tmp_path / "venue", funding=(constant(interval=200 * MILLISECOND),))
    venue = open_venue(chosen)
    go(venue, START + SECOND)
    venue.place(order("a", sent_at=START + SECOND))
    go(venue, START + SECOND + 300 * MILLISECOND)
    venue.place(order("b", sent_at=START + SECOND + 300 * MILLISECOND))
    go(venue, START + 2 * SECOND - 50 * MILLISECOND)
    lines = told(venue)
    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["event"] for line in lines[:5]] == ["accepted", "filled", "funding", "accepted", "filled"]
    paid = [line for line in lines if line["event"] == "funding"]
    assert [line["payment_id"] for line in paid] == [f"funding-{number + 1}" for number in range(len(paid))]
    assert {line["time"] % (200 * MILLISECOND) for line in paid} == {0}
    assert [line for line in record(tmp_path / "venue") if line.get("event") == "funding"] == paid
    cash = Decimal(1_000_000) + sum(Decimal(line["amount"]) for line in paid)
    cash -= sum(
        Decimal(line["fill"]["price"]) * Decimal("0.01") + Decimal(line["fill"]["fee"])
        for line in lines
        if line.get("fill")
    )
    assert venue.account().balances == {"USDT": cash}
    venue.close()


def test_a_store_is_not_opened_under_another_funding_and_old_stores_keep_their_digest(tmp_path: Path) -> None:
    plain = settings_of(tmp_path / "venue")
    funded = msgspec.structs.replace(plain, funding=(constant(),))
    assert market_digest(plain) != market_digest(funded)
    assert market_digest(plain) == market_digest(msgspec.structs.replace(plain, funding=()))


@pytest.mark.integration
def test_the_adapter_hears_of_it_in_the_stream_and_an_account_tells_its_time(tmp_path: Path) -> None:
    chosen = settings_of(tmp_path / "venue", funding=(constant(interval=200 * MILLISECOND),))

    async def work() -> None:
        async with port_to(tmp_path / "venue") as port:
            await port.connect()
            await port.advance(START + SECOND)
            await port.place(market("a"), START + SECOND)
            await port.advance(START + SECOND + 300 * MILLISECOND)
            working, filled, paid = await hear(port, 0, 3)
            assert isinstance(working, VenueEvent)
            assert isinstance(filled, VenueEvent)
            assert isinstance(paid, VenueFunding)
            assert filled.state is OrderState.FILLED
            assert (paid.sequence, paid.payment_id, paid.rate) == (3, "funding-1", RATE)
            account = await port.account(QueryAccount("paper"))
            assert account.time == START + SECOND + 300 * MILLISECOND
            assert paid.amount < 0

    with served(chosen) as server:
        run(work())
        fills = server.request("GET", "/fills").json()
        assert [line["event"] for line in fills["events"]] == ["filled"]
