"""What the ledger makes of events that are no order's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.venues.matching.events import FundingPaid
from actors.venues.matching.instruments import AccountSettings, EngineSettings, OpeningPosition
from cluster.paper.ledger import Ledger
from cluster.simulator.venue import SimulatedVenue
from tests.cluster.paper.building import instrument_of

pytestmark = pytest.mark.unit

SYMBOL = "BTC-USDT"


def test_funding_is_no_orders_and_gives_no_line() -> None:
    event = FundingPaid(
        "desk", 1, 5, 5, SYMBOL, Decimal(-3), "USDT", Decimal("0.0001"), Decimal(30_000), Decimal(1)
    )
    ledger = Ledger()
    assert ledger.apply(event) is None
    assert ledger.orders == ()


def test_funding_leaves_no_gap_in_what_a_venue_tells() -> None:
    account = AccountSettings(
        account="desk",
        balances={"USDT": Decimal(100)},
        positions={SYMBOL: OpeningPosition(Decimal(1), Decimal(30_000))},
    )
    venue = SimulatedVenue("paper", [instrument_of(SYMBOL)], account, EngineSettings())
    venue.engine.on_funding(SYMBOL, 5, 0.0001, 30_000.0)
    venue.advance(5)
    assert (venue.take(), venue.published) == ([], 0)
    assert venue.engine.account("desk").balances["USDT"] == Decimal(97)
