"""A simulated venue that changes orders in place: one order all along, whatever becomes of it in the book."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.venues.matching.instruments import (
    AccountSettings,
    EngineSettings,
    Instrument,
    MarketKind,
    MarketModel,
)
from cluster.simulator.desk.amending import AmendingVenue
from messages.intents import OrderType, Side, TimeInForce
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    Outcome,
    PlaceOrder,
    QueryFills,
    QueryOrder,
    ReplaceOrder,
    ReplaceResult,
)
from messages.venue_stream import VenueEvent

pytestmark = pytest.mark.unit

SYMBOL, NAME = "BTC-USDT", "a1"


class Venue(AmendingVenue):
    """A venue with a market of quotes that the test moves."""

    def __init__(self) -> None:
        instrument = Instrument(
            symbol=SYMBOL,
            tick=Decimal("0.1"),
            lot=Decimal("0.001"),
            market=MarketModel(kind=MarketKind.TOP),
        )
        account = AccountSettings(account="sim", balances={"USDT": Decimal(10_000)})
        super().__init__("alpha", (instrument,), account, EngineSettings(order_latency=0, report_latency=0))
        self.quote(100, 101)

    def quote(self, bid: float, ask: float, size: float = 1.0) -> None:
        """The next quote of the market."""
        self.engine.on_quote(SYMBOL, self.time + 1, bid, size, ask, size)
        self.advance(self.time + 1)

    def buy(self, price: str, quantity: str = "2") -> None:
        """A passive order that rests."""
        terms = (SYMBOL, Side.BUY, Decimal(quantity), OrderType.LIMIT, TimeInForce.GTC, True, False)
        order = PlaceOrder(NAME, *terms, Decimal(price), None, 10**18, 0, True)
        assert self.place(order, self.time).outcome is Outcome.ACCEPTED
        self.advance(self.time)

    def change(self, price: str, quantity: str = "2") -> ReplaceResult:
        """A request to change it."""
        wanted = ReplaceOrder(NAME, SYMBOL, Side.BUY, Decimal(quantity), Decimal(price), 10**18, 0, True)
        return self.replace(wanted)

    def told(self) -> list[tuple[OrderState, Decimal]]:
        """State and filled quantity of every event so far."""
        events = [event for event in self.take() if isinstance(event, VenueEvent)]
        assert {event.client_order_id for event in events} <= {NAME}
        return [(event.state, event.filled) for event in events]

    def shown(self) -> tuple[OrderState, Decimal, Decimal, Decimal | None]:
        """What the venue says of the order when it is asked."""
        order = self.query(QueryOrder(NAME, SYMBOL)).order
        assert order is not None
        return order.state, order.quantity, order.filled, order.limit_price


@pytest.fixture
def venue() -> Venue:
    """With a resting order to buy 2 at 100."""
    venue = Venue()
    venue.buy("100")
    venue.told()
    return venue


def test_a_changed_order_keeps_its_id_and_tells_its_new_price(venue: Venue) -> None:
    assert venue.change("99.5").outcome is Outcome.ACCEPTED
    assert venue.shown() == (OrderState.WORKING, 2, 0, Decimal("99.5"))
    assert venue.told() == [(OrderState.WORKING, 0)]


def test_fills_before_and_after_a_change_add_up(venue: Venue) -> None:
    venue.quote(99, 100, size=0.5)
    before = venue.shown()[2]
    assert 0 < before < 2
    assert venue.change("98").outcome is Outcome.ACCEPTED
    venue.quote(96, 97, size=50)
    assert venue.shown()[:3] == (OrderState.FILLED, 2, 2)
    trades = venue.fills(QueryFills("alpha", SYMBOL)).trades
    assert sum(trade.fill.quantity for trade in trades) == 2
    assert venue.told()[-1] == (OrderState.FILLED, 2)


def test_a_change_that_would_take_ends_a_passive_order_for_good(venue: Venue) -> None:
    assert venue.change("105").outcome is Outcome.ACCEPTED
    assert venue.told() == [(OrderState.EXPIRED, 0)]
    assert venue.change("99").reason is Reason.UNKNOWN_ORDER


def test_a_changed_order_can_be_changed_again_and_cancelled(venue: Venue) -> None:
    for price in ("99", "98", "97"):
        assert venue.change(price).outcome is Outcome.ACCEPTED
    assert venue.cancel(CancelOrder(NAME, SYMBOL), venue.time).outcome is Outcome.ACCEPTED
    assert venue.change("96").outcome is Outcome.REJECTED
    venue.advance(venue.time)
    assert venue.shown()[0] is OrderState.CANCELLED
    assert venue.ledger.open_orders == ()


@pytest.mark.parametrize(("price", "quantity"), [("99.55", "2"), ("99", "0.0001"), ("99", "0")])
def test_a_change_against_the_rules_leaves_the_order_as_it_is(
    venue: Venue, price: str, quantity: str
) -> None:
    assert venue.change(price, quantity).outcome is Outcome.REJECTED
    assert venue.shown() == (OrderState.WORKING, 2, 0, 100)
