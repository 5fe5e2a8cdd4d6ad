"""Strategies that were given up: entries cancelled, positions flattened or held with a stop, through risk as ever."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.execution.settings import SECOND, ExecutionSettings
from actors.venues.port import VenueTraits
from messages.intents import (
    IntentRejected,
    OrderIntent,
    OrderType,
    Purpose,
    Refused,
    Side,
    SubmitOrder,
)
from messages.orders import OrderState
from messages.reasons import Layer, Reason
from messages.supervision import GiveUpPolicy, StrategyGivenUp
from messages.universe import StrategyHandled
from messages.venue import Outcome
from messages.venue_account import InstrumentsResult, ListingStatus, VenueInstrument
from messages.wards import ExitAbandoned, ExitRaised
from tests.actors.execution.rig import SAFE, STRATEGY, SYMBOL, Rig, approved, intent, kinds, told, venue_event

pytestmark = pytest.mark.unit

TICKED = msgspec.structs.replace(SAFE, tick_sizes={SYMBOL: Decimal("0.1")})


def holding(
    side: Side = Side.BUY, settings: ExecutionSettings = TICKED, rules: InstrumentsResult | None = None
) -> Rig:
    """A strategy that holds one unit at 100.05."""
    rig = Rig(settings)
    if rules is not None:
        rig.take(rules)
    order = rig.working(1, side=side)
    rig.event(order, OrderState.FILLED, filled="1", fill="f1", price="100.05")
    return rig


def give_up(rig: Rig, policy: GiveUpPolicy = GiveUpPolicy.FLATTEN) -> Rig:
    return rig.take(StrategyGivenUp(STRATEGY, (SYMBOL,), policy, 0.02), sender="supervisor")


def raised(rig: Rig) -> list[OrderIntent]:
    return told(rig.envelopes, OrderIntent, "risk")


def approve(rig: Rig, wish: OrderIntent) -> None:
    """Risk approves the exit as it was asked for."""
    raised_id = rig.happened(ExitRaised)[-1].intent_id
    rig.take(SubmitOrder(raised_id, rig.actor.address, wish.strategy, wish.terms, 0, False), sender="risk")


@pytest.mark.parametrize(
    ("side", "exit_side", "worst"), [(Side.BUY, Side.SELL, "50.1"), (Side.SELL, Side.BUY, "150.0")]
)
def test_a_position_is_flattened_by_a_reduce_only_market_order(
    side: Side, exit_side: Side, worst: str
) -> None:
    rig = give_up(holding(side))
    (wish,) = raised(rig)
    terms = wish.terms
    assert wish.strategy == "ema"
    assert (terms.side, terms.quantity, terms.order_type) == (exit_side, Decimal(1), OrderType.MARKET)
    assert (terms.reduce_only, terms.purpose) == (True, Purpose.FLATTEN)
    assert (terms.worst_price, terms.deadline) == (Decimal(worst), rig.now + TICKED.exit_deadline_ns)
    assert rig.happened(ExitRaised)[0].intent_id == rig.envelopes[-1].id


def test_the_exit_is_filled_for_the_strategy_which_hears_of_it() -> None:
    rig = holding()
    (wish,) = raised(give_up(rig))
    approve(rig, wish)
    assert kinds(rig.effects) == ["PlaceOrder"]
    order = rig.state.order_of(rig.happened(ExitRaised)[0].intent_id)
    assert order is not None
    rig.place_result(order, Outcome.ACCEPTED)
    rig.event(order, OrderState.FILLED, filled="1", fill="f2")
    assert [fill.fill_id for fill in rig.fills(STRATEGY)] == ["f2"]
    assert rig.fills(rig.actor.address) == []
    assert (rig.state.holdings, rig.state.positions, rig.state.exits) == ({}, {}, {})
    assert raised(rig) == []
    rig.wait(TICKED.ward_grace_ns)
    assert rig.state.wards == {}


def test_working_orders_go_first_and_a_fill_that_races_their_cancel_is_flattened_too() -> None:
    rig = holding()
    entry = rig.working(2)
    give_up(rig)
    assert (kinds(rig.effects), raised(rig)) == (["CancelOrder"], [])
    rig.event(entry, OrderState.CANCELLED, filled="0.5", fill="f2")
    (wish,) = raised(rig)
    assert wish.terms.quantity == Decimal("1.5")


def test_protective_orders_are_cancelled_to_flatten_and_kept_to_hold() -> None:
    for policy, state in [
        (GiveUpPolicy.FLATTEN, OrderState.PENDING_CANCEL),
        (GiveUpPolicy.HOLD_WITH_STOP, OrderState.WORKING),
    ]:
        rig = holding()
        stop = rig.working(2, side=Side.SELL, purpose=Purpose.PROTECTIVE)
        give_up(rig, policy)
        assert stop.state is state
        assert raised(rig) == []


@pytest.mark.parametrize(("side", "stop"), [(Side.BUY, "98.1"), (Side.SELL, "102.0")])
def test_holding_places_a_protective_stop_at_its_distance_from_the_average_price(
    side: Side, stop: str
) -> None:
    rig = give_up(holding(side), GiveUpPolicy.HOLD_WITH_STOP)
    (wish,) = raised(rig)
    assert (wish.terms.order_type, wish.terms.purpose) == (OrderType.STOP, Purpose.PROTECTIVE)
    assert wish.terms.stop_price == Decimal(stop)
    approve(rig, wish)
    rig.wait(3600 * SECOND)
    assert raised(rig) == []
    assert STRATEGY in rig.state.wards


def test_a_stop_that_the_venue_ends_is_replaced() -> None:
    rig = holding()
    (wish,) = raised(give_up(rig, GiveUpPolicy.HOLD_WITH_STOP))
    approve(rig, wish)
    order = rig.state.order_of(rig.happened(ExitRaised)[0].intent_id)
    assert order is not None
    rig.event(order, OrderState.EXPIRED)
    rig.wait(TICKED.exit_backoff_ns)
    assert len(rig.happened(ExitRaised)) == 2


def test_where_the_venue_has_no_stops_holding_means_flattening() -> None:
    rig = holding(settings=msgspec.structs.replace(TICKED, traits=VenueTraits(stops=False)))
    (wish,) = raised(give_up(rig, GiveUpPolicy.HOLD_WITH_STOP))
    assert wish.terms.purpose is Purpose.FLATTEN


@pytest.mark.parametrize("refused", [False, True])
def test_an_exit_that_risk_refuses_is_raised_again_bounded_and_then_a_person_is_called(refused: bool) -> None:
    rig = holding()
    give_up(rig)
    waits = []
    for _ in range(TICKED.exit_attempts):
        exit_id = rig.happened(ExitRaised)[-1].intent_id
        if refused:
            rig.take(Refused(exit_id, "risk", "OrderIntent"), sender="store")
        else:
            rig.take(IntentRejected(exit_id, Reason.MARK_STALE, Layer.RISK), sender="risk")
        before = rig.now
        count = len(rig.happened(ExitRaised))
        while len(rig.happened(ExitRaised)) == count and rig.now - before < 100 * SECOND:
            rig.wait(SECOND)
        waits.append((rig.now - before) // SECOND)
    assert waits[:-1] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert len(rig.happened(ExitRaised)) == TICKED.exit_attempts
    assert len(rig.happened(ExitAbandoned)) == 1


def test_an_exit_that_execution_itself_ends_is_raised_again() -> None:
    rig = holding()
    (wish,) = raised(give_up(rig))
    rig.wait(TICKED.exit_deadline_ns + 1)
    approve(rig, wish)
    assert rig.state.exits == {}
    rig.wait(TICKED.exit_backoff_ns)
    assert len(rig.happened(ExitRaised)) == 2


def test_no_more_is_flattened_than_the_account_really_has() -> None:
    rig = holding()
    rig.take(venue_event("manual", OrderState.FILLED, rig.state.stream_sequence + 1, filled="1", fill="x"))
    sold = rig.working(3, side=Side.SELL, quantity=Decimal("1.5"))
    rig.state.orders[sold.client_order_id].beneficiary = "strategy/other"
    rig.event(sold, OrderState.FILLED, filled="1.5", fill="f3")
    (wish,) = raised(give_up(rig))
    assert wish.terms.quantity == Decimal("0.5")


def test_other_strategies_and_symbols_are_left_alone() -> None:
    rig = holding()
    rig.take(approved(5, requester="strategy/other", intent_id="strategy/other#5"), sender="risk")
    other = rig.state.order_of("strategy/other#5")
    assert other is not None
    rig.place_result(other, Outcome.ACCEPTED)
    rig.take(StrategyGivenUp(STRATEGY, ("ETH-USDT",), GiveUpPolicy.FLATTEN, 0.0), sender="supervisor")
    assert (other.state, raised(rig), rig.effects) == (OrderState.WORKING, [], [])


def test_entries_are_refused_for_a_while_and_then_show_that_the_strategy_is_back() -> None:
    rig = holding()
    give_up(rig, GiveUpPolicy.HOLD_WITH_STOP)
    rig.take(approved(6), sender="risk")
    assert [r.reason for r in rig.reports()] == [Reason.GIVEN_UP]
    rig.wait(TICKED.ward_grace_ns)
    rig.take(approved(7, rig.now), sender="risk")
    assert rig.state.wards == {}
    assert rig.state.order_of(intent(7)) is not None


def test_a_ward_survives_a_crash_with_its_exit_under_way() -> None:
    rig = holding()
    (wish,) = raised(give_up(rig))
    rig.restart()
    rig.wait(SECOND)
    assert len(rig.happened(ExitRaised)) == 1
    approve(rig, wish)
    assert kinds(rig.effects) == ["PlaceOrder"]


def test_a_rejection_that_is_not_about_an_exit_is_passed_over() -> None:
    rig = holding()
    rig.take(IntentRejected("x#1", Reason.NO_ROOM, Layer.RISK), sender="risk")
    assert rig.events == []


@pytest.mark.parametrize("has_universe", [True, False])
def test_where_symbols_come_and_go_the_universe_hears_when_nothing_is_held_any_more(
    has_universe: bool,
) -> None:
    rig = holding(settings=msgspec.structs.replace(TICKED, has_universe=has_universe))
    (wish,) = raised(give_up(rig))
    approve(rig, wish)
    order = rig.state.order_of(rig.happened(ExitRaised)[-1].intent_id)
    assert order is not None
    rig.place_result(order, Outcome.ACCEPTED)
    rig.event(order, OrderState.FILLED, filled="1", fill="f2")
    assert told(rig.envelopes, StrategyHandled, "universe") == [], "more may be on its way"
    rig.wait(TICKED.ward_grace_ns)
    assert rig.state.wards == {}
    heard = told(rig.envelopes, StrategyHandled, "universe")
    assert heard == ([StrategyHandled(STRATEGY, (SYMBOL,))] if has_universe else [])


def test_what_is_held_with_a_stop_is_not_told_to_be_gone() -> None:
    rig = holding(settings=msgspec.structs.replace(TICKED, has_universe=True))
    give_up(rig, GiveUpPolicy.HOLD_WITH_STOP)
    rig.wait(10 * TICKED.ward_grace_ns)
    assert told(rig.envelopes, StrategyHandled, "universe") == []
    assert rig.state.wards


def test_where_the_price_is_beyond_the_stop_already_the_position_is_closed() -> None:
    rig = holding()
    (wish,) = raised(give_up(rig, GiveUpPolicy.HOLD_WITH_STOP))
    approve(rig, wish)
    stop = rig.state.order_of(rig.happened(ExitRaised)[0].intent_id)
    assert stop is not None
    rig.place_result(stop, Outcome.REJECTED, Reason.STOP_WOULD_TRIGGER)
    rig.restart()
    rig.wait(TICKED.exit_backoff_ns)
    (wish,) = raised(rig)
    assert (wish.terms.order_type, wish.terms.purpose) == (OrderType.MARKET, Purpose.FLATTEN)
    assert (wish.terms.stop_price, wish.terms.reduce_only) == (None, True)
    approve(rig, wish)
    order = rig.state.order_of(rig.happened(ExitRaised)[1].intent_id)
    assert order is not None
    rig.place_result(order, Outcome.ACCEPTED)
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.5", fill="x1")
    assert raised(rig) == [], "one exit at a time"
    rig.event(order, OrderState.FILLED, filled="1", fill="x2", quantity="0.5")
    rig.wait(TICKED.ward_grace_ns)
    assert (rig.state.holdings, rig.state.wards) == ({}, {})


def test_what_is_less_than_one_lot_can_not_be_closed_and_holds_nobody_up() -> None:
    rig = give_up(holding(settings=msgspec.structs.replace(TICKED, lot_sizes={SYMBOL: Decimal("0.4")})))
    (wish,) = raised(rig)
    assert wish.terms.quantity == Decimal("0.8")
    approve(rig, wish)
    order = rig.state.order_of(rig.happened(ExitRaised)[0].intent_id)
    assert order is not None
    rig.event(order, OrderState.FILLED, filled="0.8", fill="x1")
    rig.wait(TICKED.ward_grace_ns)
    assert (len(rig.happened(ExitRaised)), rig.state.wards) == (1, {})


ASKING = msgspec.structs.replace(TICKED, instruments_interval_ns=SECOND)


def rules(**changes: Decimal) -> InstrumentsResult:
    """What the venue tells of the symbol."""
    plain = VenueInstrument(
        symbol=SYMBOL,
        listing="BTCUSDT",
        status=ListingStatus.TRADING,
        base_currency="BTC",
        quote_currency="USDT",
        settle_currency="USDT",
        tick=Decimal("0.5"),
        lot=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
    )
    return InstrumentsResult("paper", Outcome.ACCEPTED, (msgspec.structs.replace(plain, **changes),))


@pytest.mark.parametrize("wanted", [["0.4", "0.4", "0.2"], ["0.08"] * 12 + ["0.04"]])
@pytest.mark.parametrize("policy", [GiveUpPolicy.FLATTEN, GiveUpPolicy.HOLD_WITH_STOP])
def test_what_is_more_than_one_order_may_be_is_closed_or_covered_by_several(
    policy: GiveUpPolicy, wanted: list[str]
) -> None:
    """However many these are: only attempts that get nowhere are counted."""
    rig = holding(settings=ASKING, rules=rules(market_max_quantity=Decimal(wanted[0])))
    give_up(rig, policy)
    for number, quantity in enumerate(map(Decimal, wanted), 1):
        wish = told(rig.sent, OrderIntent, "risk")[-1]
        exits = rig.happened(ExitRaised)
        assert (len(exits), wish.terms.quantity) == (number, quantity)
        approve(rig, wish)
        order = rig.state.order_of(exits[-1].intent_id)
        assert order is not None
        if policy is GiveUpPolicy.FLATTEN:
            rig.event(order, OrderState.FILLED, filled=str(quantity), fill=f"x{number}")
        else:
            rig.place_result(order, Outcome.ACCEPTED, Reason.ACCEPTED)
        rig.wait(SECOND)
    assert len(rig.happened(ExitRaised)) == len(wanted)
    assert rig.happened(ExitAbandoned) == []
    stops = [order.leaves for order in rig.state.live_orders()]
    assert stops == ([] if policy is GiveUpPolicy.FLATTEN else [Decimal(each) for each in wanted])


def test_a_wards_stop_stands_on_the_tick_that_the_venue_tells() -> None:
    rig = holding(settings=ASKING, rules=rules())
    (wish,) = raised(give_up(rig, GiveUpPolicy.HOLD_WITH_STOP))
    assert wish.terms.stop_price == Decimal("98.5")
