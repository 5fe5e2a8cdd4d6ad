"""One stop at the venue per holding, in step with it: raised through risk, replaced as a whole, gone when flat."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.execution.settings import SECOND, ExecutionSettings
from messages.base import Effect
from messages.control import Halt, SessionStarted
from messages.intents import IntentRejected, OrderIntent, OrderType, Purpose, Side, SubmitOrder, TimeInForce
from messages.orders import Fill, Liquidity, OrderState
from messages.protection import ProtectionEnded, ProtectionMissing
from messages.reasons import Layer, Reason
from messages.supervision import GiveUpPolicy, StrategyGivenUp
from messages.universe import SymbolHeld
from messages.venue import Outcome, PlaceOrder, VenueFill
from messages.venue_account import InstrumentsResult
from messages.venue_stream import VenueEvent
from tests.actors.execution.rig import SAFE, STRATEGY, SYMBOL, Rig, kinds, told
from tests.actors.execution.test_instruments import rules

pytestmark = pytest.mark.unit

PROTECTED: ExecutionSettings = msgspec.structs.replace(
    SAFE, protective_stop=Decimal("0.1"), tick_sizes={SYMBOL: Decimal(1)}
)


class Desk(Rig):
    """A rig with a strategy that trades, and a risk that approves what reduces."""

    def __init__(self, settings: ExecutionSettings = PROTECTED) -> None:
        super().__init__(settings)
        self.orders = 0
        self.wishes: dict[str, OrderIntent] = {}

    def take(self, message: object, *, sender: str = "venue") -> Rig:
        super().take(message, sender=sender)  # type: ignore[arg-type]
        for envelope in self.envelopes:
            if isinstance(envelope.message, OrderIntent):
                self.wishes[envelope.id] = envelope.message
        return self

    def trade(self, quantity: str, side: Side, price: str = "100") -> None:
        """The strategy's order of this size is filled."""
        self.orders += 1
        order = self.working(self.orders, quantity=Decimal(quantity), side=side, worst_price=Decimal(price))
        number = self.state.stream_sequence + 1
        self.event(order, OrderState.FILLED, filled=quantity, fill=f"f{number}", price=price)

    def approve(self, *, increases: bool = False) -> list[Effect]:
        """Risk approves the one wish that is open; the effects."""
        ((intent_id, wish),) = self.wishes.items()
        self.wishes.clear()
        address = self.actor.address
        submit = SubmitOrder(intent_id, address, wish.strategy, wish.terms, 0, increases)
        return self.take(submit, sender="risk").effects

    def protect(self) -> PlaceOrder:
        """Risk approves the stop and the venue takes it."""
        (request,) = self.approve()
        assert isinstance(request, PlaceOrder)
        self.place_result(self.state.orders[request.client_order_id], Outcome.ACCEPTED, Reason.ACCEPTED)
        return request


def held(quantity: str = "2", side: Side = Side.BUY, price: str = "100") -> Desk:
    """A strategy that holds this much."""
    desk = Desk()
    desk.trade(quantity, side, price)
    return desk


@pytest.mark.parametrize(("side", "exit_side", "stop"), [(Side.BUY, "sell", 90), (Side.SELL, "buy", 110)])
def test_a_fill_that_opens_a_position_raises_its_stop_through_risk(
    side: Side, exit_side: str, stop: int
) -> None:
    desk = held(side=side)
    (wish,) = desk.wishes.values()
    terms = wish.terms
    assert (terms.order_type, terms.stop_price, terms.quantity) == (OrderType.STOP, stop, 2)
    assert (terms.side, terms.reduce_only, terms.purpose) == (exit_side, True, Purpose.PROTECTIVE)
    assert (terms.time_in_force, wish.strategy) == (TimeInForce.GTC, "ema")
    request = desk.protect()
    assert (request.stop_price, request.reduce_only) == (stop, True)


def test_nothing_is_asked_of_risk_twice() -> None:
    desk = held()
    assert len(desk.wishes) == 1
    desk.trade("1", Side.BUY)
    assert len(desk.wishes) == 1


def test_a_larger_position_gets_a_new_stop_once_the_old_one_is_known_to_be_gone() -> None:
    desk = held()
    old = desk.state.orders[desk.protect().client_order_id]
    desk.wait(SECOND)
    desk.trade("1", Side.BUY)
    assert kinds(desk.effects) == ["CancelOrder"]
    assert desk.wishes == {}
    desk.event(old, OrderState.CANCELLED, reason=Reason.CANCEL_REQUESTED)
    (wish,) = desk.wishes.values()
    assert wish.terms.quantity == 3


def test_a_stop_that_was_approved_for_what_was_held_before_is_replaced() -> None:
    desk = held()
    desk.trade("1", Side.BUY)
    old = desk.state.orders[desk.protect().client_order_id]
    assert "CancelOrder" in kinds([*desk.effects, *desk.wait(SECOND)])
    desk.event(old, OrderState.CANCELLED, reason=Reason.CANCEL_REQUESTED)
    (wish,) = desk.wishes.values()
    assert wish.terms.quantity == 3


def test_a_stop_is_reduced_to_what_the_account_has_whoever_took_the_rest() -> None:
    desk = held()
    old = desk.state.orders[desk.protect().client_order_id]
    fill = VenueFill("f9", Decimal(100), Decimal(1), Decimal(0), "USDT", Liquidity.TAKER)
    number = desk.state.stream_sequence + 1
    sold = (OrderState.FILLED, Decimal(1), fill, Reason.ACCEPTED)
    desk.take(VenueEvent("paper", number, desk.now + 1, "web1", "v99", SYMBOL, Side.SELL, *sold))
    assert "CancelOrder" in kinds([*desk.effects, *desk.wait(SECOND)])
    desk.event(old, OrderState.CANCELLED, reason=Reason.CANCEL_REQUESTED)
    (wish,) = desk.wishes.values()
    assert wish.terms.quantity == 1


def test_a_burst_of_fills_changes_the_stop_once() -> None:
    desk = held()
    desk.protect()
    for _ in range(3):
        desk.trade("1", Side.BUY)
        assert "CancelOrder" not in kinds(desk.effects)
    assert kinds(desk.wait(SECOND)) == ["CancelOrder"]


def test_the_stop_goes_at_once_when_the_position_is_closed() -> None:
    desk = held()
    old = desk.state.orders[desk.protect().client_order_id]
    desk.trade("2", Side.SELL)
    assert kinds(desk.effects) == ["CancelOrder"]
    desk.event(old, OrderState.CANCELLED, reason=Reason.CANCEL_REQUESTED)
    assert desk.wishes == {}
    assert (desk.state.protections, desk.state.stops) == ({}, {})


def test_a_stop_that_fires_closes_the_holding_of_its_strategy() -> None:
    desk = held()
    old = desk.state.orders[desk.protect().client_order_id]
    desk.event(old, OrderState.FILLED, filled="2", fill="stopped", price="90")
    assert [fill.fill_id for fill in told(desk.envelopes, Fill, STRATEGY)] == ["stopped"]
    assert (desk.state.holdings, desk.state.protections, desk.wishes) == ({}, {}, {})


def test_a_small_move_of_the_average_price_leaves_the_stop() -> None:
    desk = held("2", price="100")
    desk.protect()
    desk.wait(SECOND)
    desk.trade("1", Side.SELL, "100")
    desk.trade("1", Side.BUY, "101")
    assert "CancelOrder" not in kinds(desk.wait(5 * SECOND))


def test_a_refused_stop_is_raised_again_later_and_a_person_is_told_in_the_end() -> None:
    desk = held()
    for _ in range(10):
        ((intent_id, _),) = desk.wishes.items()
        desk.wishes.clear()
        desk.take(IntentRejected(intent_id, Reason.MARK_STALE, Layer.RISK), sender="risk")
        assert desk.wishes == {}
        desk.wait(60 * SECOND)
    assert [each.failures for each in desk.happened(ProtectionEnded)] == list(range(1, 11))
    assert len(desk.happened(ProtectionMissing)) == 1
    assert len(desk.wishes) == 1


def test_a_stop_that_the_venue_refuses_is_raised_again_later() -> None:
    desk = held()
    (request,) = desk.approve()
    assert isinstance(request, PlaceOrder)
    order = desk.state.orders[request.client_order_id]
    desk.place_result(order, Outcome.REJECTED, Reason.VENUE_MAX_ORDERS)
    assert desk.wishes == {}
    desk.wait(SECOND)
    assert [wish.terms.order_type for wish in desk.wishes.values()] == [OrderType.STOP]


def test_where_the_price_is_beyond_the_stop_already_the_position_is_closed_as_the_stop_would_have() -> None:
    desk = held()
    (request,) = desk.approve()
    assert isinstance(request, PlaceOrder)
    desk.place_result(desk.state.orders[request.client_order_id], Outcome.REJECTED, Reason.STOP_WOULD_TRIGGER)
    (wish,) = desk.wishes.values()
    assert (wish.terms.order_type, wish.terms.purpose) == (OrderType.MARKET, Purpose.FLATTEN)
    assert (wish.terms.side, wish.terms.quantity, wish.terms.reduce_only) == (Side.SELL, Decimal(2), True)
    exit_ = desk.protect()
    assert (exit_.order_type, exit_.reduce_only, exit_.stop_price) == (OrderType.MARKET, True, None)
    order = desk.state.orders[exit_.client_order_id]
    desk.event(order, OrderState.PARTIALLY_FILLED, filled="1", fill="x1", price="80")
    assert desk.effects == [], "it is not taken back as one that does not fit"
    desk.event(order, OrderState.EXPIRED, filled="1")
    assert desk.wishes == {}, "the market gave nothing more: not again at once"
    desk.wait(2 * SECOND)
    (again,) = desk.wishes.values()
    assert (again.terms.order_type, again.terms.quantity) == (OrderType.STOP, Decimal(1))


def test_a_position_off_the_lot_has_a_stop_for_its_whole_lots() -> None:
    desk = Desk(msgspec.structs.replace(PROTECTED, lot_sizes={SYMBOL: Decimal(2)}))
    desk.trade("3", Side.BUY)
    assert [wish.terms.quantity for wish in desk.wishes.values()] == [Decimal(2)]
    desk.protect()
    desk.trade("2", Side.SELL)
    assert desk.wishes == {}, "what is less than a lot can't be protected"
    assert kinds(desk.effects) == ["CancelOrder"]


def limited() -> Desk:
    """A desk at a venue that takes no more than 10 in one order at the market."""
    desk = Desk(msgspec.structs.replace(PROTECTED, instruments_interval_ns=3_600 * SECOND, symbols=(SYMBOL,)))
    told = rules(lot=Decimal(1), market_lot=Decimal(1), tick=Decimal(1), market_max_quantity=Decimal(10))
    desk.take(InstrumentsResult("paper", Outcome.ACCEPTED, (told,)))
    return desk


def test_a_position_too_large_for_one_stop_has_the_largest_one_and_a_person_is_told_of_the_rest() -> None:
    desk = limited()
    desk.trade("15", Side.BUY)
    (wish,) = desk.wishes.values()
    assert wish.terms.quantity == 10
    missing = ProtectionMissing(STRATEGY, "ema", SYMBOL, 0, Reason.MAX_QUANTITY)
    assert desk.happened(ProtectionMissing) == [missing]
    assert desk.protect().quantity == 10
    desk.trade("1", Side.BUY)
    assert desk.wait(10 * SECOND) == [], "the stop is as large as it can be already"
    assert desk.happened(ProtectionMissing) == [missing]


@pytest.mark.parametrize("first", [4, 8])
def test_what_such_a_stop_leaves_when_it_has_fired_is_closed_at_once(first: int) -> None:
    desk = limited()
    desk.trade("15", Side.BUY)
    stop = desk.state.orders[desk.protect().client_order_id]
    desk.wait(SECOND)
    filled, rest = str(first), str(10 - first)
    desk.event(stop, OrderState.PARTIALLY_FILLED, filled=filled, fill="s1", quantity=filled, price="89")
    assert [*desk.effects, *desk.wait(SECOND)] == [], "what fires is not taken back"
    desk.event(stop, OrderState.FILLED, filled="10", fill="s2", quantity=rest, price="89")
    (wish,) = desk.wishes.values()
    assert (wish.terms.order_type, wish.terms.quantity) == (OrderType.STOP, 5)
    (request,) = desk.approve()
    assert isinstance(request, PlaceOrder)
    desk.place_result(desk.state.orders[request.client_order_id], Outcome.REJECTED, Reason.STOP_WOULD_TRIGGER)
    (wish,) = desk.wishes.values()
    assert (wish.terms.order_type, wish.terms.quantity) == (OrderType.MARKET, 5)


def test_a_stop_that_fires_is_taken_back_where_it_would_sell_more_than_is_still_held() -> None:
    desk = held("10")
    stop = desk.state.orders[desk.protect().client_order_id]
    desk.wait(SECOND)
    desk.event(stop, OrderState.PARTIALLY_FILLED, filled="4", fill="s1", quantity="4", price="89")
    assert desk.effects == []
    desk.trade("4", Side.SELL)
    assert kinds(desk.effects) == ["CancelOrder"]


def test_a_stop_that_could_open_a_position_is_not_placed() -> None:
    desk = held()
    assert desk.approve(increases=True) == []
    assert desk.happened(ProtectionEnded)[-1].reason is Reason.NOT_SENT


def test_the_kill_switch_leaves_the_stop_and_a_crash_finds_it_again() -> None:
    desk = held()
    name = desk.protect().client_order_id
    desk.take(Halt("ana", "drill"), sender="operator")
    assert desk.effects == []
    assert desk.restart() == []
    assert desk.state.orders[name].state is OrderState.WORKING
    assert list(desk.state.stops.values()) == list(desk.state.protections)


def test_a_ward_looks_after_the_position_of_a_strategy_that_was_given_up() -> None:
    desk = held()
    desk.protect()
    desk.take(StrategyGivenUp(STRATEGY, (), GiveUpPolicy.HOLD_WITH_STOP, 0.1), sender="supervisor")
    assert desk.effects == []
    assert desk.wishes == {}


def test_a_setting_that_is_new_takes_hold_with_the_next_session() -> None:
    plain = Desk(msgspec.structs.replace(PROTECTED, protective_stop=None))
    plain.trade("2", Side.BUY)
    assert plain.wishes == {}
    plain.settings = PROTECTED
    plain.restart()
    plain.take(SessionStarted("ana"), sender="operator")
    assert len(plain.wishes) == 1


def test_without_the_setting_or_the_trait_no_stop_is_kept() -> None:
    bare = Desk(msgspec.structs.replace(PROTECTED, traits=msgspec.structs.replace(SAFE.traits, stops=False)))
    bare.trade("2", Side.BUY)
    assert bare.wishes == {}


@pytest.mark.parametrize("has_universe", [True, False])
def test_the_universe_is_told_of_a_stop_that_fires_though_its_strategy_is_flat(has_universe: bool) -> None:
    """The strategy waits for its own orders alone: its symbol may have left, and it has been removed."""
    desk = Desk(msgspec.structs.replace(PROTECTED, has_universe=has_universe))
    desk.trade("2", Side.BUY)
    stop = desk.state.orders[desk.protect().client_order_id]
    desk.trade("2", Side.SELL)
    assert told(desk.sent, SymbolHeld, "universe") == []
    desk.event(stop, OrderState.FILLED, filled="2", quantity="2", fill="late", price="90")
    assert told(desk.envelopes, SymbolHeld, "universe") == ([SymbolHeld(SYMBOL)] if has_universe else [])


def test_the_universe_is_not_told_of_a_stop_that_closes_what_is_held() -> None:
    desk = Desk(msgspec.structs.replace(PROTECTED, has_universe=True))
    desk.trade("2", Side.BUY)
    stop = desk.state.orders[desk.protect().client_order_id]
    desk.event(stop, OrderState.FILLED, filled="2", quantity="2", fill="f", price="90")
    assert told(desk.sent, SymbolHeld, "universe") == []
