"""Each check by a table: what it allows, what it shrinks, what it rejects, and what it says about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from actors.risk.checks import CHECKS
from actors.risk.limits import SECOND
from messages.control import Halt, Mode, SetMode
from messages.intents import IntentRejected, OrderType, Route, Side, SubmitOrder, Verdict
from messages.reasons import Layer, Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, limits, ready, result

pytestmark = pytest.mark.unit


def test_all_checks_are_evaluated_in_their_order() -> None:
    desk = ready()
    desk.intend(BUY, 1)
    asked = [check.name for check in CHECKS if not check.needs]
    assert (
        [one.check for one in desk.decision.checks]
        == asked
        == [
            "well_formed",
            "kill_switch",
            "mode",
            "universe",
            "product_status",
            "expiry",
            "nav_known",
            "mark_fresh",
            "minimum",
            "order_notional",
            "price_collar",
            "symbol_exposure",
            "gross_exposure",
            "cash_reserve",
            "open_positions",
            "open_orders",
            "daily_loss",
            "drawdown",
        ]
    )


def test_an_approved_intent_goes_to_its_venue_with_its_terms() -> None:
    desk = ready()
    intent_id = desk.intend(BUY, 1)
    (order,) = desk.messages_to("execution/paper", SubmitOrder)
    assert desk.decision.verdict is Verdict.APPROVED
    assert desk.decision.reason is Reason.ACCEPTED
    assert (order.intent_id, order.requester, order.strategy) == (intent_id, "strategy/BTC-USDT", "ema")
    assert (order.terms.quantity, order.mode_version, order.increases_exposure) == (D(1), 0, True)
    assert desk.decision.submit_id == desk.last_sent[0].id


@pytest.mark.parametrize("route", [Route.DIRECT, Route.MAKER_FIRST])
def test_the_quote_goes_along_with_an_approved_intent(route: Route) -> None:
    desk = ready()
    desk.intend(BUY, 1, quote_age=0, route=route)
    (order,) = desk.messages_to("execution/paper", SubmitOrder)
    assert order.quote is not None
    assert order.quote.mid == 100.0


def test_a_rejected_intent_is_answered_with_every_failing_check() -> None:
    desk = ready(limits(max_open_orders=0, max_open_positions=0, price_collar=D("0.01")))
    intent_id = desk.intend(BUY, 1, worst=102)
    (answer,) = desk.messages_to("strategy/BTC-USDT", IntentRejected)
    assert (answer.intent_id, answer.layer) == (intent_id, Layer.RISK)
    assert answer.reason is Reason.PRICE_COLLAR
    assert [one.check for one in answer.checks] == ["price_collar", "open_positions", "open_orders"]
    assert desk.messages_to("execution/paper", SubmitOrder) == []
    assert desk.risk.state.reservations == {}


def test_the_first_failing_check_is_the_headline_also_of_what_is_resized() -> None:
    desk = ready(limits(max_order_notional=D(500), max_symbol_exposure=D("0.002")))
    desk.intend(BUY, 10)
    assert desk.decision.verdict is Verdict.RESIZED
    assert desk.decision.reason is Reason.MAX_ORDER_NOTIONAL
    assert desk.decision.quantity == D(2)


# --- what no size mends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": D(0)}, "quantity"),
        ({"quantity": D(-1)}, "quantity"),
        ({"quantity": D("0.0005")}, "quantity"),
        ({"quantity": Decimal("NaN")}, "quantity"),
        ({"quantity": Decimal("Infinity")}, "quantity"),
        ({"quantity": D("1E+30")}, "quantity"),
        ({"worst_price": D(0)}, "worst_price"),
        ({"worst_price": Decimal("NaN")}, "worst_price"),
        ({"order_type": OrderType.LIMIT}, "limit_price"),
        ({"limit_price": D(100)}, "limit_price"),
        ({"order_type": OrderType.LIMIT, "limit_price": D("99.995")}, "limit_price"),
        ({"order_type": OrderType.LIMIT, "limit_price": D(101)}, "limit_price"),
        ({"order_type": OrderType.LIMIT, "limit_price": D(-1)}, "limit_price"),
        ({"side": SELL, "order_type": OrderType.LIMIT, "limit_price": D(99)}, "limit_price"),
        ({"order_type": OrderType.STOP}, "stop_price"),
        ({"stop_price": D(90)}, "stop_price"),
        ({"order_type": OrderType.STOP_LIMIT, "limit_price": D(100)}, "stop_price"),
    ],
)
def test_an_intent_that_makes_no_sense_is_malformed(changes: dict[str, Any], field: str) -> None:
    desk = ready()
    desk.intend(**{"side": BUY, "quantity": D(1), **changes})
    assert desk.decision.verdict is Verdict.REJECTED
    assert desk.decision.reason is Reason.INTENT_MALFORMED
    (only,) = desk.decision.checks
    assert (only.check, only.unit) == ("well_formed", field)


@pytest.mark.parametrize(("side", "price"), [(BUY, "99.99"), (BUY, "100"), (SELL, "100"), (SELL, "100.01")])
def test_a_limit_price_within_the_worst_price_is_well_formed(side: Side, price: str) -> None:
    desk = ready()
    desk.intend(side, 1, order_type=OrderType.LIMIT, limit_price=D(price))
    assert desk.decision.verdict is Verdict.APPROVED


@pytest.mark.parametrize(("symbol", "venue"), [("XRP-USDT", "paper"), ("BTC-USDT", "elsewhere")])
def test_a_symbol_its_venue_does_not_list_is_unknown(symbol: str, venue: str) -> None:
    desk = ready()
    desk.intend(BUY, 1, symbol, venue=venue)
    assert desk.decision.reason is Reason.SYMBOL_UNKNOWN
    assert desk.decision.verdict is Verdict.REJECTED


# --- modes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "side", "quantity", "verdict", "reason", "approved"),
    [
        (Mode.REDUCE, BUY, 1, Verdict.REJECTED, Reason.MODE_REDUCE, 0),
        (Mode.REDUCE, SELL, 5, Verdict.APPROVED, Reason.ACCEPTED, 5),
        (Mode.REDUCE, SELL, 8, Verdict.RESIZED, Reason.MODE_REDUCE, 5),
        (Mode.HALTED, BUY, 1, Verdict.REJECTED, Reason.KILL_SWITCH, 0),
        (Mode.HALTED, SELL, 5, Verdict.APPROVED, Reason.ACCEPTED, 5),
        (Mode.HALTED, SELL, 8, Verdict.RESIZED, Reason.KILL_SWITCH, 5),
        (Mode.OBSERVE, BUY, 1, Verdict.REJECTED, Reason.MODE_OBSERVE, 0),
        (Mode.OBSERVE, SELL, 5, Verdict.REJECTED, Reason.MODE_OBSERVE, 0),
    ],
)
def test_a_mode_lets_through_what_its_table_says(
    mode: Mode, side: Side, quantity: int, verdict: Verdict, reason: Reason, approved: int
) -> None:
    desk = ready()
    desk.trade(BUY, 5)
    desk.give(SetMode("anna", mode, "drill"))
    desk.intend(side, quantity)
    assert (desk.decision.verdict, desk.decision.reason, desk.decision.quantity) == (
        verdict,
        reason,
        D(approved),
    )


def test_the_kill_switch_is_the_headline_before_the_mode() -> None:
    desk = ready()
    desk.give(Halt("anna", "drill"))
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.KILL_SWITCH
    assert not result(desk, "mode").passed


# --- what is known --------------------------------------------------------------------------------------------


def test_a_deadline_that_passed_ends_any_intent() -> None:
    desk = ready()
    desk.trade(BUY, 5)
    for late, verdict in ((0, Verdict.APPROVED), (1, Verdict.REJECTED)):
        desk.intend(SELL, 1, deadline=desk.ctx.now - late)
        assert desk.decision.verdict is verdict
    assert desk.decision.reason is Reason.EXPIRED
    assert (result(desk, "expiry").observed, result(desk, "expiry").allowed) == (D(1), D(0))


def test_an_old_quote_expires_what_increases_and_lets_exits_go() -> None:
    desk = ready(limits(max_intent_age=SECOND))
    desk.intend(BUY, 5, quote_age=SECOND)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(BUY, 5, quote_age=SECOND + 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.EXPIRED)
    desk = ready(limits(max_intent_age=SECOND))
    desk.trade(BUY, 5)
    desk.intend(SELL, 5, quote_age=60 * SECOND)
    assert desk.decision.verdict is Verdict.APPROVED


def test_a_quote_of_the_future_is_as_unknown_as_an_old_one() -> None:
    """Whose clock is ahead, his deadlines are too: an outage would let his intents through long after."""
    desk = ready(limits(max_intent_age=SECOND))
    desk.intend(BUY, 5, quote_age=-SECOND)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(BUY, 5, quote_age=-SECOND - 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.EXPIRED)
    assert result(desk, "expiry").observed == D(SECOND + 1)


def test_without_an_account_nothing_is_entered() -> None:
    desk = Desk().mark()
    desk.intend(BUY, 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.NAV_STALE)
    assert {one.check for one in desk.decision.checks if not one.passed} == {
        "nav_known",
        "symbol_exposure",
        "gross_exposure",
        "cash_reserve",
        "daily_loss",
        "drawdown",
    }


def test_an_account_with_a_position_that_was_never_marked_has_no_nav() -> None:
    desk = Desk().seed(ETH_USDT="2").mark("BTC-USDT")
    assert desk.nav is None
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.MODE_REDUCE  # by the source missing_marks
    assert result(desk, "nav_known").reason is Reason.NAV_STALE
    desk.mark("ETH-USDT", 50)
    assert desk.nav == D(100_100)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_one_venue_that_is_not_open_leaves_nav_unknown() -> None:
    two = bench.settings(instruments=(instrument("BTC-USDT"), instrument("BTC-USDT", "other")))
    desk = Desk(two).seed().mark()
    desk.intend(BUY, 1, venue="other")
    assert desk.decision.reason is Reason.NAV_STALE
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_a_symbol_without_a_mark_is_not_entered_but_left() -> None:
    desk = Desk().seed()
    desk.intend(BUY, 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.MARK_MISSING)
    desk = Desk().seed(BTC_USDT="3")
    desk.intend(SELL, 3)
    assert desk.decision.verdict is Verdict.APPROVED


def test_a_stale_mark_stops_entries_and_lets_exits_go() -> None:
    desk = ready(limits(max_mark_age=SECOND))
    desk.trade(BUY, 5)
    desk.wait(SECOND)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.report(f"strategy/BTC-USDT#{desk.messages}")
    desk.wait(1)
    desk.intend(BUY, 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.MARK_STALE)
    assert result(desk, "mark_fresh").limit == D(SECOND)
    assert result(desk, "mark_fresh").observed == D(SECOND + 1)
    desk.intend(SELL, 5)
    assert desk.decision.verdict is Verdict.APPROVED


def test_nav_is_as_old_as_the_oldest_mark_of_what_is_held_whatever_is_traded() -> None:
    desk = ready(limits(max_nav_age=30 * SECOND)).mark("ETH-USDT")
    desk.trade(BUY, 2, symbol="ETH-USDT")
    desk.wait(30 * SECOND - 1).mark()
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.mark()
    desk.intend(BUY, 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.NAV_STALE)
    assert (result(desk, "nav_fresh").limit, result(desk, "nav_fresh").observed) == (
        D(30 * SECOND),
        D(30 * SECOND + 1),
    )
    desk.intend(SELL, 2, "ETH-USDT")
    assert desk.decision.verdict is Verdict.APPROVED
    desk.mark("ETH-USDT")
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


# --- size -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "verdict", "reason"),
    [("0.1", Verdict.APPROVED, Reason.ACCEPTED), ("0.099", Verdict.REJECTED, Reason.MIN_NOTIONAL)],
)
def test_an_order_below_the_desk_s_minimum_is_rejected(
    quantity: str, verdict: Verdict, reason: Reason
) -> None:
    desk = ready(limits(min_notional=D(10)))
    desk.intend(BUY, quantity)
    assert (desk.decision.verdict, desk.decision.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [("0.25", Reason.ACCEPTED), ("0.249", Reason.MIN_NOTIONAL), ("0.19", Reason.MIN_QUANTITY)],
)
def test_the_venue_s_minimum_counts_where_it_is_stricter(quantity: str, reason: Reason) -> None:
    strict = instrument("BTC-USDT", min_notional=D(25), min_quantity=D("0.2"))
    desk = Desk(bench.settings(limits(min_notional=D(10)), instruments=(strict,))).seed().mark()
    desk.intend(BUY, quantity)
    assert desk.decision.reason is reason


def test_the_least_an_order_is_worth_is_at_the_cheaper_of_worst_price_and_bid() -> None:
    desk = ready(limits(min_notional=D(10)))
    desk.intend(SELL, "0.1", worst=99)
    assert desk.decision.reason is Reason.MIN_NOTIONAL
    assert result(desk, "minimum").observed == D("9.9")
    desk.intend(BUY, "0.1", worst=101)
    assert result(desk, "minimum").observed == D(10)


@pytest.mark.parametrize(
    ("quantity", "approved", "verdict"),
    [("5", "5", Verdict.APPROVED), ("5.001", "5", Verdict.RESIZED), ("70", "5", Verdict.RESIZED)],
)
def test_an_order_above_the_maximum_shrinks_to_it(quantity: str, approved: str, verdict: Verdict) -> None:
    desk = ready(limits(max_order_notional=D(500)))
    desk.intend(BUY, quantity)
    assert (desk.decision.verdict, desk.decision.quantity) == (verdict, D(approved))
    (order,) = desk.messages_to("execution/paper", SubmitOrder)
    assert order.terms.quantity == D(approved)


def test_the_venue_s_largest_quantity_shrinks_an_order() -> None:
    small = instrument("BTC-USDT", max_quantity=D(2))
    desk = Desk(bench.settings(instruments=(small,))).seed().mark()
    desk.intend(BUY, 3)
    assert (desk.decision.quantity, desk.decision.reason) == (D(2), Reason.MAX_ORDER_NOTIONAL)


@pytest.mark.parametrize(
    ("side", "worst", "quantity"),
    [
        (BUY, "125", "4"),  # what it may cost
        (BUY, "80", "5"),  # a cheap bid is worth the market's price once it is filled
        (SELL, "80", "5"),  # a sale is worth what the short may be worth
        (SELL, "125", "4"),
    ],
)
def test_an_order_is_worth_the_dearer_of_worst_price_and_ask(side: Side, worst: str, quantity: str) -> None:
    desk = ready(limits(max_order_notional=D(500)))
    desk.intend(side, 10, worst=worst)
    assert desk.decision.quantity == D(quantity)


def test_the_multiplier_counts_in_every_value() -> None:
    contract = instrument("BTC-USDT", multiplier=D("0.1"))
    desk = Desk(bench.settings(limits(max_order_notional=D(500)), instruments=(contract,))).seed().mark()
    desk.intend(BUY, 70)
    assert desk.decision.quantity == D(50)
    assert result(desk, "order_notional").observed == D(700)


@pytest.mark.parametrize(
    ("side", "worst", "passes"),
    [
        (BUY, "101", True),
        (BUY, "101.01", False),
        (BUY, "50", True),  # far on the safe side
        (SELL, "99", True),
        (SELL, "98.99", False),
        (SELL, "150", True),
    ],
)
def test_a_worst_price_beyond_the_collar_is_rejected(side: Side, worst: str, passes: bool) -> None:
    desk = ready(limits(price_collar=D("0.01")))
    desk.intend(side, 1, worst=worst)
    assert (desk.decision.reason is Reason.ACCEPTED) is passes
    assert passes or desk.decision.reason is Reason.PRICE_COLLAR
