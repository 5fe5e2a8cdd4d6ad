"""Closing by command: cancel, close what can't turn around, try again until flat; for each strategy its part."""

from __future__ import annotations

import pytest

from actors.risk.limits import SECOND
from messages.control import Flatten, Halt, Mode, Resume, SetMode
from messages.flattening import FlattenDelayed, FlattenDue, FlattenEnded, FlattenTried
from messages.intents import CancelIntent, OrderType, Purpose, Refused, SubmitOrder
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument

pytestmark = pytest.mark.unit

TIMER = "flatten:paper/BTC-USDT"


def orders(desk: Desk) -> list[SubmitOrder]:
    return desk.messages_to("execution/paper", SubmitOrder)


def cancels(desk: Desk) -> list[str]:
    return [message.intent_id for message in desk.messages_to("execution/paper", CancelIntent)]


def execute(desk: Desk, order: SubmitOrder, quantity: str | None = None) -> None:
    """The venue fills the order, or a part of it, and it ends."""
    terms = order.terms
    filled = terms.quantity if quantity is None else D(quantity)
    if filled:
        desk.fill(
            order.intent_id, terms.side, str(filled), symbol=terms.symbol, strategy=order.strategy, fee="0.1"
        )
    desk.report(order.intent_id, OrderState.CANCELLED, str(filled), symbol=terms.symbol)


def test_every_position_is_closed_by_an_order_like_an_approved_one() -> None:
    desk = Desk().seed().mark().mark("ETH-USDT", 50)
    desk.trade(BUY, 3)
    desk.trade(SELL, 2, 50, symbol="ETH-USDT")
    desk.give(Halt("anna", "fire", flatten=True))
    long, short = orders(desk)
    assert (long.terms.symbol, long.terms.side, long.terms.quantity) == ("BTC-USDT", SELL, D(3))
    assert (short.terms.symbol, short.terms.side, short.terms.quantity) == ("ETH-USDT", BUY, D(2))
    assert (long.terms.worst_price, short.terms.worst_price) == (D(95), D("52.50"))
    assert (long.terms.order_type, long.terms.purpose) == (OrderType.MARKET, Purpose.FLATTEN)
    assert long.terms.reduce_only
    assert not long.increases_exposure
    assert long.terms.deadline == desk.ctx.now + 5 * SECOND
    assert long.mode_version == desk.risk.state.version
    assert desk.risk.state.reservations[long.intent_id].flattening
    execute(desk, long)
    assert list(desk.risk.state.flattening) == ["paper/ETH-USDT"]
    execute(desk, short)
    assert [event.flat for event in desk.journal if isinstance(event, FlattenEnded)] == [True, True]
    assert desk.risk.state.flattening == {}
    assert desk.risk.state.reservations == {}
    assert desk.nav == desk.risk.state.totals.cash


def test_the_order_belongs_to_the_strategy_whose_position_it_closes() -> None:
    desk = Desk().seed(BTC_USDT="1").mark()
    desk.trade(BUY, 3, strategy="ema")
    desk.trade(BUY, 2, strategy="momentum")
    desk.give(Flatten("anna"))
    parts = [(one.strategy, one.requester, one.terms.quantity) for one in orders(desk)]
    assert parts == [
        ("ema", "strategy/BTC-USDT", D(3)),
        ("momentum", "strategy/BTC-USDT", D(2)),
        ("flatten", "risk", D(1)),
    ]
    for order in orders(desk):
        execute(desk, order)
    assert all(
        not book.position for book in desk.risk.state.strategies.values() if book.strategy != "flatten"
    )
    assert desk.risk.state.holdings["paper/BTC-USDT"].position == 0


def test_a_position_can_be_closed_in_stages_of_whole_lots() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 5)
    desk.give(Flatten("anna", stages=3))
    parts = []
    while desk.risk.state.flattening:
        (order,) = orders(desk)
        parts.append(order.terms.quantity)
        execute(desk, order)
        if desk.risk.state.flattening:
            desk.wait(60 * SECOND).mark().give(FlattenDue("paper", "BTC-USDT"))
    assert sum(parts) == D(5)
    assert max(parts) <= D(2)
    assert len(parts) == 3


def test_only_the_positions_of_one_venue_are_closed() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 5)
    desk.give(Flatten("anna", venue="elsewhere"))
    assert orders(desk) == []
    desk.give(Flatten("anna", venue="paper"))
    assert len(orders(desk)) == 1


def test_a_protective_stop_does_not_stand_in_the_way_of_closing() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 5)
    stop = desk.intend(
        SELL,
        5,
        worst=50,
        order_type=OrderType.STOP,
        stop_price=D(90),
        purpose=Purpose.PROTECTIVE,
    )
    (approved,) = desk.messages_to("execution/paper", SubmitOrder)
    assert (approved.terms.reduce_only, approved.increases_exposure) == (True, False)
    exit_id = desk.intend(SELL, 5, reduce_only=True)
    (leaving,) = desk.messages_to("execution/paper", SubmitOrder)
    assert (leaving.intent_id, leaving.increases_exposure) == (exit_id, False)
    desk.report(exit_id, OrderState.CANCELLED, 0)
    desk.give(Flatten("anna"))
    assert cancels(desk) == [stop]
    assert [(one.strategy, one.terms.quantity) for one in orders(desk)] == [("ema", D(5))]


def test_opposite_strategies_are_closed_as_far_as_the_account_holds_something() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 5, strategy="ema")
    desk.trade(SELL, 2, strategy="momentum")
    desk.give(Flatten("anna"))
    assert [(one.strategy, one.terms.quantity) for one in orders(desk)] == [("ema", D(3))]


def test_working_orders_are_cancelled_and_waited_for() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 5)
    exit_id = desk.intend(SELL, 5)
    desk.give(Flatten("anna", "BTC-USDT"))
    assert cancels(desk) == [exit_id]
    assert orders(desk) == []
    desk.fill(exit_id, SELL, 2)
    assert orders(desk) == []
    desk.report(exit_id, OrderState.CANCELLED, 2)
    (order,) = orders(desk)
    assert order.terms.quantity == D(3)


def test_entries_that_work_are_cancelled_and_what_they_fill_late_is_closed_too() -> None:
    desk = Desk().seed().mark()
    entry = desk.intend(BUY, 4)
    desk.give(Halt("anna", "fire", flatten=True))
    assert cancels(desk) == [entry]
    desk.fill(entry, BUY, 1)
    (order,) = orders(desk)
    assert (order.terms.side, order.terms.quantity) == (SELL, D(1))
    execute(desk, order)
    assert desk.events(FlattenEnded) == []
    desk.report(entry, OrderState.CANCELLED, 1)
    assert desk.events(FlattenEnded)[0].flat


def test_an_attempt_that_did_not_finish_is_followed_by_another_each_later_than_the_last() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 5)
    desk.give(Flatten("anna", "BTC-USDT"))
    delays = []
    for _ in range(9):
        (order,) = orders(desk)
        desk.report(order.intent_id, OrderState.EXPIRED, 0)
        assert orders(desk) == []
        delays.append(timer_delay(desk))
        desk.ring(TIMER)
    assert delays == [SECOND // 2 * factor for factor in (1, 2, 4, 8, 16, 32, 64)] + [60 * SECOND] * 2
    (order,) = orders(desk)
    execute(desk, order)
    assert TIMER not in desk.timers
    assert desk.risk.state.flattening == {}


def timer_delay(desk: Desk) -> int:
    """How long the timer set by the last input runs."""
    assert isinstance(desk.timers[TIMER], FlattenDue)
    return desk.timer_delays[TIMER]


def test_an_approval_refused_by_a_full_mailbox_is_tried_again() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 5)
    desk.give(Flatten("anna", "BTC-USDT"))
    desk.give(Refused(desk.last_sent[0].id, "execution/paper", "SubmitOrder"), "store")
    assert desk.last_sent == []
    desk.ring(TIMER)
    assert len(orders(desk)) == 1


def test_while_a_listing_is_closed_nothing_else_may_open_it() -> None:
    desk = Desk().seed().mark().mark("ETH-USDT", 50)
    desk.trade(BUY, 5)
    desk.give(Flatten("anna", "BTC-USDT"))
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.MODE_REDUCE
    desk.intend(BUY, 1, "ETH-USDT", 50)
    assert desk.decision.reason is Reason.ACCEPTED


def test_a_person_who_resumes_ends_it() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 5)
    desk.give(Halt("anna", "fire", flatten=True))
    desk.give(Resume("anna", "false alarm"))
    assert not desk.events(FlattenEnded)[0].flat
    assert desk.risk.state.flattening == {}


def test_without_any_price_it_is_delayed_not_forgotten() -> None:
    desk = Desk().seed(BTC_USDT="-2")
    desk.give(Flatten("anna"))
    assert desk.events(FlattenDelayed)[0].reason is Reason.MARK_MISSING
    assert orders(desk) == []
    desk.mark(bid=100)
    desk.ring(TIMER)
    (order,) = orders(desk)
    assert (order.terms.side, order.terms.worst_price) == (BUY, D(105))


def test_without_a_mark_the_average_cost_is_the_reference() -> None:
    desk = Desk().seed()
    desk.fill("stray", SELL, 2, 200)
    desk.give(Flatten("anna"))
    (order,) = orders(desk)
    assert order.terms.worst_price == D(210)


def test_less_than_a_lot_can_t_be_closed() -> None:
    desk = Desk().seed(BTC_USDT="0.0004").mark()
    desk.give(Flatten("anna"))
    assert orders(desk) == []
    assert not desk.events(FlattenEnded)[0].flat


def test_a_venue_s_largest_order_bounds_each_attempt() -> None:
    desk = Desk(bench.settings(instruments=(instrument("BTC-USDT", max_quantity=D(2)),))).seed().mark()
    for _ in range(2):
        desk.trade(BUY, 2)
    desk.give(Flatten("anna"))
    (order,) = orders(desk)
    assert order.terms.quantity == D(2)
    execute(desk, order)
    desk.ring(TIMER)
    assert orders(desk)[0].terms.quantity == D(2)


def test_in_observe_nothing_is_sent_until_it_ends() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 5)
    desk.give(SetMode("anna", Mode.OBSERVE, "drill"))
    desk.give(Flatten("anna"))
    assert orders(desk) == []
    desk.give(SetMode("anna", Mode.NORMAL, "drill is over"))
    assert len(orders(desk)) == 1


def test_nothing_to_close_is_nothing_to_do() -> None:
    desk = Desk().seed().mark()
    desk.give(Flatten("anna"))
    desk.give(Flatten("anna", "XRP-USDT"))
    assert desk.last_events == []


def test_with_flatten_on_halt_every_halt_closes_everything_also_what_is_filled_late() -> None:
    chosen = bench.settings(
        bench.limits(drawdown_halt=D("0.01"), drawdown_reduce=D("0.01")), flatten_on_halt=True
    )
    desk = Desk(chosen).seed(1000).mark()
    desk.trade(BUY, 5)
    desk.mark(bid=97)
    assert desk.mode is Mode.HALTED
    (order,) = orders(desk)
    execute(desk, order)
    assert desk.risk.state.flattening == {}
    desk.fill("stray", BUY, 1)
    assert desk.events(FlattenTried)
    assert orders(desk)[0].terms.quantity == D(1)


def test_a_retry_that_comes_after_all_is_over_does_nothing() -> None:
    desk = Desk().seed().mark()
    desk.give(FlattenDue("paper", "BTC-USDT"), "risk")
    assert desk.last_events == []


def test_stages_have_a_pause_between_them_and_the_last_takes_the_rest() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 6)
    desk.give(Flatten("anna", stages=3, every=20 * SECOND))
    (first,) = orders(desk)
    execute(desk, first, "1")  # half of it is filled
    assert orders(desk) == []
    assert desk.timer_delays[TIMER] == 20 * SECOND
    desk.wait(20 * SECOND).mark().ring(TIMER)
    (second,) = orders(desk)
    execute(desk, second)
    desk.wait(20 * SECOND).mark().ring(TIMER)
    (last,) = orders(desk)
    assert [one.terms.quantity for one in (first, second, last)] == [D(2), D(2), D(3)]
    execute(desk, last)
    assert desk.risk.state.flattening == {}


def test_a_staged_closing_goes_on_where_it_was_after_a_restart() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 6)
    desk.give(Flatten("anna", stages=3, every=20 * SECOND))
    execute(desk, orders(desk)[0])
    desk.restart()
    desk.wait(20 * SECOND).mark().ring(TIMER)
    assert [one.terms.quantity for one in orders(desk)] == [D(2)]
    assert desk.risk.state.flattening["paper/BTC-USDT"].attempts == 2


def test_the_kill_switch_does_not_wait_for_stages() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 6)
    desk.give(Flatten("anna", stages=3, every=20 * SECOND))
    execute(desk, orders(desk)[0])
    desk.give(Halt("bert", "fire", flatten=True))
    assert [one.terms.quantity for one in orders(desk)] == [D(4)]
