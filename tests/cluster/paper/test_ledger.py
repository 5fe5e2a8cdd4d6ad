"""What the ledger makes of events that are no order's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.venues.matching.events import FundingPaid
from actors.venues.matching.instruments import AccountSettings, EngineSettings, OpeningPosition
from cluster.paper.ledger import Ledger
from cluster.paper.lines import FundingLine, decode_event, encode_line
from cluster.simulator.venue import SimulatedVenue
from messages.venue_account import QueryAccount
from messages.venue_stream import VenueFunding
from tests.cluster.paper.building import instrument_of

pytestmark = pytest.mark.unit

SYMBOL = "BTC-USDT"


def test_funding_is_no_order_s_and_has_a_line_of_its_own() -> None:
    event = FundingPaid(
        "desk", 1, 5, 7, SYMBOL, Decimal(-3), "USDT", Decimal("0.0001"), Decimal(30_000), Decimal(1)
    )
    ledger = Ledger(sequence=41)
    line = ledger.apply(event)
    assert line == FundingLine(
        42,
        5,
        7,
        "funding",
        "funding-1",
        SYMBOL,
        "USDT",
        Decimal(-3),
        Decimal("0.0001"),
        Decimal(30_000),
        Decimal(1),
    )
    assert (ledger.orders, ledger.sequence) == ((), 42)
    assert decode_event(encode_line(line)) == line


def test_a_venue_tells_funding_once_when_it_may_be_known() -> None:
    account = AccountSettings(
        account="desk",
        balances={"USDT": Decimal(100)},
        positions={SYMBOL: OpeningPosition(Decimal(1), Decimal(30_000))},
    )
    venue = SimulatedVenue("paper", [instrument_of(SYMBOL)], account, EngineSettings(report_latency=2))
    venue.engine.on_funding(SYMBOL, 5, 0.0001, 30_000.0)
    venue.advance(5)
    assert (venue.take(), venue.published, venue.next_time) == ([], 0, 7)
    venue.advance(7)
    told = VenueFunding("paper", 1, 5, "funding-1", SYMBOL, "USDT", Decimal(-3), Decimal("0.0001"))
    assert (venue.take(), venue.published) == ([told], 1)
    assert venue.take() == []
    assert venue.events_after(0) == [told]
    result = venue.account(QueryAccount("paper"))
    assert (result.balances, result.time) == ({"USDT": Decimal(97)}, 7)
