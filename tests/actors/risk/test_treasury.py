"""Treasury operations: what they find, the orders that follow, and the record of both."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.risk.limits import SECOND, RiskSettings
from actors.risk.treasury_settings import TreasurySettings
from messages.control import Flatten, Mode, SetMode
from messages.flattening import FlattenEnded
from messages.intents import Purpose, SubmitOrder
from messages.orders import OrderState
from messages.portfolio import IntentDecided
from messages.reasons import Reason
from messages.treasury import (
    TreasuryCommand,
    TreasuryLine,
    TreasuryOperation,
    TreasuryOutcome,
    TreasuryReviewed,
)
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, limits, settings

pytestmark = pytest.mark.unit

SWEEP, PURGE, TRIM = TreasuryOperation.SWEEP, TreasuryOperation.PURGE, TreasuryOperation.TRIM
HOUR = 3_600 * SECOND


def chosen(bounds: dict[str, object] | None = None, **policies: object) -> RiskSettings:
    """Three spot symbols of one venue, a margined one, and these treasury settings."""
    listed = [instrument(symbol, spot=True) for symbol in ("BTC-USDT", "ETH-USDT", "SOL-USDT")]
    return settings(
        limits(**(bounds or {})),
        instruments=(*listed, instrument("BTC-USDT-PERP")),
        treasury=TreasurySettings(**policies),
    )


def orders(desk: Desk) -> list[SubmitOrder]:
    return desk.messages_to("execution/paper", SubmitOrder)


def sent(desk: Desk) -> list[SubmitOrder]:
    """Every order so far."""
    return [each.message for each in desk.sent if isinstance(each.message, SubmitOrder)]


def command(desk: Desk, operation: TreasuryOperation, *, dry_run: bool = False) -> tuple[TreasuryLine, ...]:
    """What the operation found."""
    desk.give(TreasuryCommand("anna", operation, None, dry_run))
    (review,) = desk.events(TreasuryReviewed)
    assert (review.by, review.operation, review.dry_run) == ("anna", operation, dry_run)
    assert review.command_id.startswith("operator#")
    return review.lines


def told(lines: tuple[TreasuryLine, ...]) -> list[tuple[str, Decimal | None, Reason, bool]]:
    return [
        (line.subject, line.quantity, line.reason, line.outcome is TreasuryOutcome.BEGUN) for line in lines
    ]


# --- purge


def holding_three(**policies: object) -> Desk:
    desk = Desk(chosen(**policies)).seed().mark()
    desk.trade(BUY, 3)
    for symbol, quantity in (("ETH-USDT", 2), ("SOL-USDT", "0.02")):
        desk.mark(symbol)
        desk.trade(BUY, quantity, symbol=symbol)
    return desk


def test_what_may_not_be_held_is_closed_until_it_is_flat() -> None:
    desk = holding_three(eligible=("BTC-USDT",))
    lines = command(desk, PURGE)
    assert told(lines) == [
        ("ETH-USDT", D(2), Reason.INELIGIBLE, True),
        ("SOL-USDT", D("0.02"), Reason.MIN_NOTIONAL, False),
    ]
    (order,) = orders(desk)
    assert (order.terms.side, order.terms.quantity, order.terms.purpose) == (SELL, D(2), Purpose.FLATTEN)
    assert order.terms.reduce_only
    assert desk.decision.reason is Reason.INELIGIBLE
    desk.fill(order.intent_id, SELL, 1, symbol="ETH-USDT")
    desk.report(order.intent_id, OrderState.CANCELLED, 1, symbol="ETH-USDT")
    desk.restart()
    desk.wait(SECOND).mark("ETH-USDT")
    desk.ring("flatten:paper/ETH-USDT")
    (order,) = orders(desk)
    desk.fill(order.intent_id, SELL, 1, symbol="ETH-USDT")
    desk.report(order.intent_id, OrderState.FILLED, 1, symbol="ETH-USDT")
    assert desk.risk.state.flattening == {}
    assert desk.risk.state.holdings["paper/ETH-USDT"].position == 0
    assert desk.risk.state.holdings["paper/BTC-USDT"].position == 3


def test_a_dry_run_tells_and_does_nothing() -> None:
    desk = holding_three(eligible=("BTC-USDT",))
    lines = command(desk, PURGE, dry_run=True)
    assert (lines[0].subject, lines[0].quantity, lines[0].outcome) == (
        "ETH-USDT",
        D(2),
        TreasuryOutcome.PLANNED,
    )
    assert orders(desk) == []
    assert desk.risk.state.flattening == {}


def test_without_a_list_everything_that_is_configured_may_be_held() -> None:
    desk = Desk(chosen()).seed(DOGE_USDT="1000", BTC_USDT="1").mark().mark("DOGE-USDT", 1)
    assert told(command(desk, PURGE)) == [("DOGE-USDT", D(1000), Reason.INELIGIBLE, True)]


def test_what_is_being_closed_is_not_begun_again() -> None:
    desk = holding_three(eligible=())
    desk.give(Flatten("bert", "BTC-USDT", stages=3, every=HOUR))
    lines = command(desk, PURGE)
    assert told(lines)[0] == ("BTC-USDT", D(3), Reason.DUPLICATE_INTENT, False)
    assert [order.terms.symbol for order in orders(desk)] == ["ETH-USDT"]


# --- trim


def test_a_position_over_its_cap_is_reduced_to_it_in_whole_lots() -> None:
    desk = Desk(chosen({"max_symbol_exposure": D("0.5")})).seed(10_000).mark()
    desk.trade(BUY, 40)
    desk.mark(bid=200.0)
    assert desk.nav == D(14_000)
    lines = command(desk, TRIM)
    assert told(lines) == [("BTC-USDT", D("5.000"), Reason.OVER_CAP, True)]
    (order,) = orders(desk)
    assert (order.terms.side, order.terms.quantity) == (SELL, D(5))
    desk.fill(order.intent_id, SELL, 5, 200)
    desk.report(order.intent_id, OrderState.FILLED, 5)
    assert [event.flat for event in desk.journal if isinstance(event, FlattenEnded)] == [True]
    assert desk.risk.state.holdings["paper/BTC-USDT"].position == 35
    assert command(desk, TRIM) == ()


def test_a_symbol_s_own_stricter_cap_is_the_one_that_is_trimmed_to() -> None:
    own = {"symbol:BTC-USDT": {"max_symbol_exposure": D("0.25")}}
    settings = msgspec.structs.replace(chosen({"max_symbol_exposure": D("0.5")}), overrides=own)
    desk = Desk(settings).seed(10_000).mark().mark("ETH-USDT")
    desk.trade(BUY, 25)
    desk.trade(BUY, 25, symbol="ETH-USDT")
    desk.mark(bid=200.0)
    assert desk.nav == D(12_500)
    # 5,000 of BTC, of which it may have 3,125; ETH is within the desk's
    assert told(command(desk, TRIM)) == [("BTC-USDT", D("9.375"), Reason.OVER_CAP, True)]


def test_within_the_tolerance_nothing_is_trimmed_and_beyond_it_to_below_the_cap() -> None:
    bounds = {"max_symbol_exposure": D("0.5")}
    desk = Desk(chosen(bounds, trim_tolerance=D("0.1"), trim_below=D("0.1"))).seed(10_000).mark()
    desk.trade(BUY, 50)
    desk.mark(bid=140.0)
    # 7,000 of 12,000
    assert command(desk, TRIM) == ()
    desk.mark(bid=160.0)
    # 8,000 of 13,000: down to 40 %, which is 5,200
    assert told(command(desk, TRIM)) == [("BTC-USDT", D("17.500"), Reason.OVER_CAP, True)]
    assert [order.terms.quantity for order in orders(desk)] == [D("17.500")]


def test_trimming_leaves_exits_and_stops_but_cancels_what_would_add() -> None:
    desk = Desk(chosen({"max_symbol_exposure": D("0.5")})).seed(10_000).mark()
    desk.trade(BUY, 40)
    more = desk.intend(BUY, 5)
    leaving = desk.intend(SELL, 1)
    desk.mark(bid=200.0)
    command(desk, TRIM)
    cancelled = [each.message for each in desk.last_sent if type(each.message).__name__ == "CancelIntent"]
    assert [message.intent_id for message in cancelled] == [more]
    assert leaving in desk.risk.state.reservations


def test_a_desk_over_its_gross_cap_gives_up_its_worst_performers_first() -> None:
    desk = Desk(chosen({"max_gross_exposure": D("0.5")})).seed(10_000).mark()
    desk.mark("ETH-USDT")
    desk.trade(BUY, 30)
    desk.trade(BUY, 20, symbol="ETH-USDT")
    desk.mark(bid=110.0)
    desk.mark("ETH-USDT", 90.0)
    # 3,300 and 1,800 of 10,100: 50 too much, of which the loser gives 0.556
    assert told(command(desk, TRIM)) == [("ETH-USDT", D("0.556"), Reason.OVER_CAP, True)]


def test_a_full_flatten_goes_further_than_a_trim() -> None:
    desk = Desk(chosen({"max_symbol_exposure": D("0.5")})).seed(10_000).mark()
    desk.trade(BUY, 40)
    desk.mark(bid=200.0)
    command(desk, TRIM)
    (order,) = orders(desk)
    desk.report(order.intent_id, OrderState.CANCELLED, 0)
    desk.give(Flatten("anna"))
    assert [one.terms.quantity for one in orders(desk)] == [D(40)]


# --- sweep


def test_idle_cash_beyond_the_reserve_is_spread_over_the_targets() -> None:
    policies = {"reserve": {"USDT": D(4_000)}, "into": ("ETH-USDT", "BTC-USDT")}
    desk = Desk(chosen(**policies)).seed(10_000).mark().mark("ETH-USDT", 50.0)
    lines = command(desk, SWEEP)
    # 6,000 less 0.2 %, halved, at half a per cent beyond the mark
    assert told(lines) == [
        ("BTC-USDT", D("29.791"), Reason.IDLE_CASH, True),
        ("ETH-USDT", D("59.582"), Reason.IDLE_CASH, True),
    ]
    first, second = orders(desk)
    assert (first.strategy, first.requester, first.terms.worst_price) == ("treasury", "risk", D("100.50"))
    assert (first.terms.purpose, first.increases_exposure) == (Purpose.SWEEP, True)
    assert [line.intent_id for line in lines] == [first.intent_id, second.intent_id]
    for order in (first, second):
        symbol, quantity = order.terms.symbol, order.terms.quantity
        desk.fill(order.intent_id, BUY, quantity, "100", symbol=symbol, strategy="treasury")
        desk.report(order.intent_id, OrderState.FILLED, quantity, symbol=symbol)
    assert desk.risk.state.reservations == {}
    assert desk.risk.state.strategies["treasury/paper/BTC-USDT"].position == D("29.791")


def test_cash_that_open_buys_may_cost_is_not_idle() -> None:
    desk = Desk(chosen(reserve={"USDT": D(4_000)}, into=("BTC-USDT",))).seed(10_000).mark()
    desk.intend(BUY, 50)
    (line,) = command(desk, SWEEP)
    assert line.quantity == D("9.930")


def test_a_sweep_passes_every_check_of_risk() -> None:
    desk = Desk(chosen({"max_order_notional": D(1_000)}, reserve={"USDT": D(0)}, into=("BTC-USDT",)))
    desk.seed(10_000).mark()
    (line,) = command(desk, SWEEP)
    assert line.quantity == D("9.950")
    assert desk.decision.reason is Reason.MAX_ORDER_NOTIONAL
    desk.give(SetMode("bert", Mode.REDUCE, "quiet"))
    (line,) = command(desk, SWEEP)
    assert (line.outcome is TreasuryOutcome.BEGUN, line.reason) == (False, Reason.MODE_REDUCE)


@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        ({"into": ("BTC-USDT-PERP",)}, Reason.NOT_OFFERED),
        ({"into": ()}, Reason.NO_LISTING),
        ({"into": ("SOL-USDT",)}, Reason.MARK_MISSING),
        ({"into": ("BTC-USDT",), "sweep_least": D(20_000)}, Reason.MIN_NOTIONAL),
    ],
)
def test_cash_that_can_become_nothing_is_reported(policies: dict[str, object], reason: Reason) -> None:
    desk = Desk(chosen(reserve={"USDT": D(0)}, **policies)).seed(10_000).mark()
    (line,) = command(desk, SWEEP)
    assert (line.outcome is TreasuryOutcome.BEGUN, line.reason) == (False, reason)
    assert orders(desk) == []


def test_fewer_targets_are_bought_where_the_parts_would_be_too_small() -> None:
    policies = {"reserve": {"USDT": D(9_985)}, "into": ("BTC-USDT", "ETH-USDT", "SOL-USDT")}
    desk = Desk(chosen(**policies)).seed(10_000).mark().mark("ETH-USDT").mark("SOL-USDT")
    assert [line.subject for line in command(desk, SWEEP)] == ["BTC-USDT"]


# --- policies


def test_policies_have_their_turn_by_desk_time_also_after_a_restart() -> None:
    policies = {"every": HOUR, "automatic": (SWEEP,), "reserve": {"USDT": D(9_000)}, "into": ("BTC-USDT",)}
    desk = Desk(chosen(**policies)).seed(10_000).mark()
    assert orders(desk) == []
    desk.wait(HOUR).mark()
    (order,) = sent(desk)
    (review,) = [event for event in desk.journal if isinstance(event, TreasuryReviewed)]
    assert (review.by, review.command_id) == ("policy", "")
    desk.report(order.intent_id, OrderState.CANCELLED, 0)
    desk.restart()
    desk.wait(HOUR // 2).mark()
    assert len(sent(desk)) == 1
    desk.wait(HOUR // 2).mark()
    assert len([event for event in desk.journal if isinstance(event, TreasuryReviewed)]) == 2


def test_a_policy_closes_only_so_much_at_a_time() -> None:
    desk = Desk(chosen(every=HOUR, automatic=(PURGE,), eligible=(), purge_most=1))
    desk.seed(BTC_USDT="1", ETH_USDT="1").mark().mark("ETH-USDT")
    desk.wait(HOUR).mark()
    assert len(desk.risk.state.flattening) == 1


def test_a_halted_desk_has_no_policies() -> None:
    policies = {"every": HOUR, "automatic": (PURGE,), "eligible": ()}
    desk = Desk(msgspec.structs.replace(chosen(**policies), kill_switch=True))
    desk.seed(BTC_USDT="1").mark().mark().wait(HOUR).mark().mark()
    assert desk.risk.state.flattening == {}
    assert not [event for event in desk.journal if isinstance(event, IntentDecided)]
