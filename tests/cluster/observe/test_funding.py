"""Funding as the desk shows it: in NAV and summary, in a line, and in the story of the order whose position paid."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from cluster.cli.output import console
from cluster.cli.traces import render_trace
from cluster.observe.summary import summary
from cluster.observe.trace import trace
from cluster.observe.wording import describe, subject
from messages.portfolio import FundingBooked
from tests.cluster.observe import stories
from tests.cluster.observe.stories import INTENT, MS, RISK, T0, record
from tests.cluster.observe.test_projection import folded

pytestmark = pytest.mark.unit


def funding(at: int, payment_id: str = "p1", *, shared: bool = True) -> FundingBooked:
    amount = Decimal("-3.0")
    return FundingBooked(
        payment_id=payment_id,
        venue="paper",
        symbol="BTC-USDT",
        currency="USDT",
        amount=amount,
        funding_rate=Decimal("0.0001"),
        cash=Decimal("69991.00"),
        value=amount,
        shares={"ema": amount} if shared else {},
        multiplier=Decimal(1),
        rate=Decimal(1),
        event_time=at - 5 * MS,
        time=at,
    )


def closing(at: int) -> stories.Journal:
    """Another fill by which the strategy's position is flat."""
    flat = stories.booked(at)
    flat = msgspec.structs.replace(
        flat, fill_id="F2", intent_id=f"{INTENT}9", own=msgspec.structs.replace(flat.own, position=Decimal(0))
    )
    return [(RISK, record(6, at, flat))]


def test_nav_and_summary_know_it() -> None:
    document = summary(
        folded([*stories.one_trade(), (RISK, record(5, T0 + 70 * MS, funding(T0 + 70 * MS)))]), [], "h"
    )
    assert (document["funding"], document["cash"], document["nav"]) == ("-3", "69991", "99996")


def test_it_is_described_in_a_line_that_can_be_searched() -> None:
    event = funding(T0)
    assert describe(event) == "funding -3 USDT on BTC-USDT, cash 69991 USDT"
    assert subject(event) == {"symbol": "BTC-USDT", "venue": "paper"}


def test_the_story_of_an_order_has_what_its_position_paid_until_it_was_closed() -> None:
    journal = [
        *stories.one_trade(),
        (RISK, record(5, T0 + 70 * MS, funding(T0 + 70 * MS), funding(T0 + 70 * MS, "p2", shared=False))),
        *closing(T0 + 80 * MS),
        (RISK, record(7, T0 + 90 * MS, funding(T0 + 90 * MS, "p3"))),
    ]
    found = trace(folded(journal), INTENT)
    [step] = [step for step in found.steps if step.kind == "funding"]
    assert (step.time, step.title) == (T0 + 70 * MS, "funding -3 of -3")
    assert step.details["payment_id"] == "p1"
    assert found.total_ns == 59 * MS
    screen = console()
    with screen.capture() as shown:
        screen.print(render_trace(found))
    assert "funding -3 of -3" in shown.get()
