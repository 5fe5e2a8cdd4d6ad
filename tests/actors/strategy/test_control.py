"""Modes, halt, switches, stale quotes: what keeps a strategy from deciding, and how often that is said."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from actors.strategy.settings import OrderSettings, OrderStyle
from messages.control import Halt, Mode, ModeChanged, Resume
from messages.decisions import (
    Decision,
    DecisionMade,
    DisableStrategy,
    EnableStrategy,
    HaltSeen,
    ModeSeen,
    QuoteFreshAgain,
    QuoteWentStale,
    StrategySwitched,
)
from messages.intents import Route
from messages.market import Marks
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.strategy.sample_strategies import CANCEL, CLOSE, LONG, SELL, SHORT
from tests.actors.strategy.stage import SECOND, Stage, strategy

pytestmark = pytest.mark.unit

WORKING = OrderSettings(Decimal(1_000), style=OrderStyle.LIMIT)


def decisions(stage: Stage) -> list[tuple[Decision, Reason]]:
    return [(each.decision, each.reason) for each in stage.events(DecisionMade)]


def mode(stage: Stage, wanted: Mode, version: int) -> None:
    stage.take(ModeChanged(wanted, version, {"operator": wanted}, "test"))


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [(Mode.REDUCE, Reason.MODE_REDUCE), (Mode.HALTED, Reason.HALTED), (Mode.OBSERVE, Reason.MODE_OBSERVE)],
)
@pytest.mark.parametrize("order", [LONG, SELL])
def test_no_entry_is_raised_in_a_mode_that_forbids_it_and_that_is_said_once(wanted, reason, order) -> None:
    stage = Stage()
    mode(stage, wanted, 1)
    for _ in range(3):
        stage.quote(order=order)
    assert not stage.intents
    assert decisions(stage) == [(Decision.NO_TRADE, reason)]
    mode(stage, Mode.NORMAL, 2)
    stage.quote(order=order)
    assert len(stage.intents) == 1


@pytest.mark.parametrize("wanted", [Mode.REDUCE, Mode.HALTED])
def test_where_entries_are_forbidden_a_turn_only_closes(wanted: Mode) -> None:
    stage = Stage()
    stage.quote(order=LONG)
    stage.fill_all()
    mode(stage, wanted, 1)
    stage.quote(order=SHORT)
    assert stage.last.terms.reduce_only
    assert stage.last.terms.quantity == stage.held


@pytest.mark.parametrize(("wanted", "cancelled"), [(Mode.REDUCE, 1), (Mode.HALTED, 1), (Mode.OBSERVE, 0)])
def test_working_entries_are_cancelled_when_the_mode_forbids_them(wanted: Mode, cancelled: int) -> None:
    stage = Stage(strategy(order=WORKING))
    stage.quote(order=LONG)
    mode(stage, wanted, 1)
    assert len(stage.cancels) == cancelled


def test_a_mode_that_is_older_than_the_known_one_is_passed_over(stage: Stage) -> None:
    mode(stage, Mode.REDUCE, 4)
    mode(stage, Mode.NORMAL, 3)
    assert stage.actor.state.mode is Mode.REDUCE
    assert len(stage.events(ModeSeen)) == 1


def test_a_halt_stops_entries_before_risk_has_changed_the_mode(stage: Stage) -> None:
    stage.take(Halt("ann", "odd prices"), sender="operator")
    stage.take(Halt("ann", "odd prices"), sender="operator")
    assert len(stage.events(HaltSeen)) == 1
    stage.quote(order=LONG)
    assert decisions(stage) == [(Decision.NO_TRADE, Reason.HALTED)]
    mode(stage, Mode.REDUCE, 1)  # written by risk before it had read the halt
    mode(stage, Mode.NORMAL, 2)
    stage.quote(order=LONG)
    assert not stage.intents


def test_after_a_halt_risk_alone_lets_trading_go_on(stage: Stage) -> None:
    stage.take(Halt("ann", "odd prices"), sender="operator")
    mode(stage, Mode.HALTED, 1)
    stage.take(Resume("ann", "looked at"), sender="operator")
    stage.quote(order=LONG)
    assert not stage.intents
    mode(stage, Mode.NORMAL, 2)
    stage.quote(order=LONG)
    assert len(stage.intents) == 1


def test_a_halt_that_is_known_already_is_no_news(stage: Stage) -> None:
    mode(stage, Mode.HALTED, 1)
    stage.take(Halt("ann", "again"), sender="operator")
    assert not stage.events(HaltSeen)


def test_a_disabled_strategy_does_not_decide_and_its_entry_is_cancelled() -> None:
    stage = Stage(strategy(order=WORKING))
    stage.quote(order=LONG)
    entry = stage.last_intent_id
    stage.take(DisableStrategy("obey", "ann"), sender="operator")
    assert stage.cancels == [entry]
    stage.report(OrderState.CANCELLED)
    stage.quote(order=LONG)
    assert len(stage.intents) == 1
    stage.take(EnableStrategy("obey", "ann", "BTC-USDT"), sender="operator")
    stage.quote(order=LONG)
    assert len(stage.intents) == 2


@pytest.mark.parametrize(
    "message",
    [
        EnableStrategy("obey", "ann"),
        DisableStrategy("other", "ann"),
        DisableStrategy("obey", "ann", "ETH-USDT"),
    ],
)
def test_a_switch_that_does_not_concern_a_strategy_changes_nothing(message, stage: Stage) -> None:
    stage.take(message, sender="operator")
    assert not stage.events(StrategySwitched)


def test_a_strategy_disabled_by_its_settings_can_be_enabled() -> None:
    stage = Stage(strategy(enabled=False))
    stage.quote(order=LONG)
    assert not stage.intents
    stage.take(EnableStrategy("obey", "ann"), sender="operator")
    stage.crash(fold=True)
    stage.quote(order=LONG)
    assert len(stage.intents) == 1


def test_a_stale_quote_is_not_decided_on_and_that_is_said_once(stage: Stage) -> None:
    stage.quote()
    for _ in range(3):
        stage.quote(order=LONG, event_time=stage.now - 6 * SECOND)
    assert not stage.intents
    (stale,) = stage.events(QuoteWentStale)
    assert stale.reason is Reason.STALE_QUOTE
    assert stale.age is not None
    assert stale.age > 5 * SECOND
    stage.quote(order=LONG)
    assert len(stage.events(QuoteFreshAgain)) == 1
    assert len(stage.intents) == 1
    assert stage.actor.state.symbols["BTC-USDT"].episodes == 1


def test_each_stale_episode_is_counted(stage: Stage) -> None:
    for _ in range(2):
        stage.quote(order=LONG, event_time=stage.now)
        stage.quote(order=CANCEL, event_time=stage.now - 6 * SECOND)
    assert stage.actor.state.symbols["BTC-USDT"].episodes == 2


def test_a_venue_clock_ahead_of_ours_does_not_make_quotes_stale(stage: Stage) -> None:
    stage.quote(order=LONG, event_time=stage.now + int(1.27 * SECOND))
    assert len(stage.intents) == 1


def test_a_venue_clock_beyond_its_bound_is_not_believed(stage: Stage) -> None:
    stage.quote(order=LONG, event_time=stage.now + 6 * SECOND)
    assert not stage.intents
    assert len(stage.events(QuoteWentStale)) == 1


def test_a_strategy_that_is_woken_when_the_quote_has_gone_stale_does_not_close_on_it(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.fill_all()
    stage.now += 10 * SECOND
    slot = stage.actor._slots["obey/BTC-USDT"]
    stage.ctx.clear()
    stage.ctx.now = stage.now
    slot.desk.within(stage.ctx, lambda desk: desk.target(-1))
    assert [type(each) for each in stage.ctx.events] == [DecisionMade]
    assert not stage.ctx.envelopes


def test_closing_on_purpose_works_in_every_mode_that_allows_to_reduce(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.fill_all()
    mode(stage, Mode.HALTED, 1)
    stage.quote(order=CLOSE)
    assert stage.last.terms.reduce_only


def test_marks_go_to_risk_at_most_once_per_interval(stage: Stage) -> None:
    for _ in range(100):
        stage.quote(1_000.0, after=10_000_000)
    marks = [(recipient, each) for _, recipient, each in stage.sent if isinstance(each, Marks)]
    assert {recipient for recipient, _ in marks} == {"risk"}
    times = [each.marks[0].time for _, each in marks]
    assert len(times) == 4
    assert min(later - sooner for sooner, later in pairwise(times)) >= 250_000_000
    assert (marks[0][1].marks[0].bid, marks[0][1].marks[0].symbol) == (1_000.0, "BTC-USDT")


def test_quotes_go_to_execution_while_an_intent_with_a_route_is_open() -> None:
    routed = Stage(strategy(order=OrderSettings(Decimal(1_000), route=Route.MAKER_FIRST)))
    routed.quote(1_000.0, order=LONG)
    assert routed.last.terms.route is Route.MAKER_FIRST
    for _ in range(60):
        routed.quote(1_000.0, after=10_000_000)
    told = [each for _, recipient, each in routed.sent if recipient == "execution/paper"]
    assert told
    assert all(isinstance(each, Marks) and each.marks[0].symbol == "BTC-USDT" for each in told)
    routed.fill_all()
    before = len(routed.sent)
    for _ in range(60):
        routed.quote(1_000.0, after=10_000_000)
    assert {recipient for _, recipient, _ in routed.sent[before:]} == {"risk"}


def test_the_summary_tells_position_open_intents_and_mode(stage: Stage) -> None:
    assert stage.actor.summary() == "normal"
    stage.quote(order=LONG)
    assert stage.actor.summary() == "obey BTC-USDT flat, 1 open; normal"
    stage.fill_all()
    assert stage.actor.summary() == "obey BTC-USDT 0.999 @ 1000.0; normal"
    stage.quote(order=CLOSE)
    assert stage.actor.summary() == "obey BTC-USDT 0.999 @ 1000.0, 1 open, leaving (signal); normal"
