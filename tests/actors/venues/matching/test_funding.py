"""Funding of perpetuals: who pays whom, how much, and how it is told."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import Event, FundingPaid
from actors.venues.matching.instruments import OpeningPosition
from messages.errors import ConfigurationError, DataProviderError
from messages.intents import Side
from tests.actors.venues.matching.builders import SYMBOL, Desk, amount, instrument, of, rich

pytestmark = pytest.mark.unit


def desk_of(**positions: str) -> Desk:
    """A desk whose accounts hold the positions."""
    accounts = tuple(
        rich(
            name,
            balances={"USDT": amount(1000)},
            positions={SYMBOL: OpeningPosition(amount(held), amount(100))},
        )
        for name, held in positions.items()
    )
    return Desk(accounts=accounts)


@pytest.mark.parametrize(
    ("held", "rate", "mark", "paid"),
    [
        ("2", "0.0001", "30000", "-6"),
        ("-2", "0.0001", "30000", "6"),
        ("2", "-0.00025", "30000", "15"),
        ("-2", "-0.00025", "30000", "-15"),
        ("0.01", "0.00012345", "100.3", "-0.00012382"),  # 0.0001238203... rounded to 8 digits
        ("2", "0", "30000", "0"),
    ],
)
def test_longs_pay_a_positive_rate_and_shorts_get_it(held: str, rate: str, mark: str, paid: str) -> None:
    desk = desk_of(a=held)
    (event,) = desk.funding(rate, mark)
    assert isinstance(event, FundingPaid)
    assert (event.amount, event.rate, event.mark_price) == (amount(paid), amount(rate), amount(mark))
    assert (event.position, event.currency, event.symbol) == (amount(held), "USDT", SYMBOL)
    assert desk.engine.account("a").balances["USDT"] == amount(1000) + amount(paid)


def test_a_multiplier_is_part_of_the_value() -> None:
    account = rich("a", positions={SYMBOL: OpeningPosition(amount(3), amount(100))})
    desk = Desk(instrument(multiplier=amount("0.1")), accounts=(account,))
    assert [event.amount for event in of(FundingPaid, desk.funding("0.001", 100))] == [amount("-0.03")]


def test_every_position_is_told_and_no_other_account() -> None:
    desk = desk_of(a="1", b="0", c="-4")
    events = of(FundingPaid, desk.funding("0.01", 100))
    assert [(event.account, event.amount, event.payment) for event in events] == [
        ("a", Decimal(-1), 1),
        ("c", Decimal(4), 1),
    ]
    assert [event.payment for event in of(FundingPaid, desk.funding("0.01", 100))] == [2, 2]


def test_payments_are_counted_on_after_a_restore() -> None:
    desk = desk_of(a="1")
    desk.funding("0.01", 100)
    desk.engine = MatchingEngine.restore(desk.engine.snapshot())
    (event,) = of(FundingPaid, desk.funding("0.01", 100))
    assert (event.payment, desk.engine.account("a").balances["USDT"]) == (2, amount(998))


def test_it_is_no_order_event_and_takes_no_sequence() -> None:
    desk = desk_of(a="1")
    desk.quote(100.0, 5, 100.2, 5)
    first = desk.buy(1, "99.0")[0]
    desk.funding("0.01", 100)
    second = desk.buy(1, "98.0")[0]
    assert (first.sequence, second.sequence) == (1, 2)  # type: ignore[union-attr]


def test_orders_that_arrived_before_it_are_in_the_position() -> None:
    desk = desk_of(a="1")
    desk.quote(100.0, 5, 100.2, 5)
    desk.engine.submit(desk.order(Side.BUY, 1), 10)
    desk.engine.on_funding(SYMBOL, 11, 0.01, 100.0)
    (event,) = of(FundingPaid, desk.engine.drain())
    assert (event.position, event.time) == (Decimal(2), 11)


def test_a_float_counts_as_the_decimal_it_is_written_as() -> None:
    desk = desk_of(a="1")
    desk.engine.on_funding(SYMBOL, 1, 0.0001, 30000.1)
    (event,) = of(FundingPaid, desk.engine.drain())
    assert (event.rate, event.mark_price, event.amount) == (
        amount("0.0001"),
        amount("30000.1"),
        amount("-3.00001"),
    )


def test_it_is_stored_by_its_name() -> None:
    (event,) = desk_of(a="1").funding("0.01", 100)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=Event) == event
    assert msgspec.json.decode(msgspec.json.encode(event))["type"] == "FundingPaid"


@pytest.mark.parametrize(
    ("rate", "mark", "field"),
    [
        (float("nan"), 100.0, "funding_rate"),
        (1.5, 100.0, "funding_rate"),
        (Decimal("-Infinity"), 100.0, "funding_rate"),
        (0.0001, 0.0, "mark_price"),
        (0.0001, float("nan"), "mark_price"),
    ],
)
def test_terms_that_make_no_sense_are_refused_and_change_nothing(
    rate: float | Decimal, mark: float, field: str
) -> None:
    desk = desk_of(a="1")
    with pytest.raises(DataProviderError, match=f"{SYMBOL}.{field}"):
        desk.engine.on_funding(SYMBOL, 5, rate, mark)
    assert desk.engine.now == 0
    assert desk.engine.account("a").balances["USDT"] == amount(1000)


def test_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no such symbol"):
        desk_of(a="1").funding("0.01", 100, symbol="XX-USDT")
