"""The view is a function of the feed alone: rebuilt at any row it equals the one that never crashed."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.base import Context
from actors.strategy.actor import StrategyActor
from actors.strategy.settings import StrategyActorSettings
from actors.strategy.state import StrategyActorState
from messages.codec import from_plain, pack, to_plain
from messages.control import DecisionFailed
from messages.decisions import Decision, DecisionMade, StageOverran
from messages.errors import InvariantError
from messages.market import ObservationDue, TickKind
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.strategy.sample_strategies import LONG, NOTHING, SHORT, Clockwork
from tests.actors.strategy.stage import MILLISECOND, SAMPLES, SECOND, START, Stage, packed, strategy

pytestmark = pytest.mark.unit

Row = tuple[str, int, int, int, float, float, float, float, float]

EVERYTHING = (
    strategy("ema_cross", "ema", parameters={"fast": 2, "slow": 4, "sampling_interval": "100ms"}),
    strategy("momentum", "momentum", parameters={"lookback": "500ms", "threshold": "5bps", "samples": 5}),
    strategy(f"{SAMPLES}:Watcher", "watch", parameters={"interval": "300ms"}),
)


@st.composite
def feeds(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    time, price = START, 1_000.0
    steps = st.tuples(st.booleans(), st.integers(0, 400), st.integers(-20, 20), st.floats(0.0, 3.0))
    for is_quote, gap, move, size in draw(st.lists(steps, min_size=2, max_size=50)):
        time += gap * MILLISECOND
        price += move * 0.1
        if is_quote:
            rows.append(("BTC-USDT", TickKind.QUOTE, time, time, price, size, price + 0.1, size, nan))
        else:
            rows.append(("BTC-USDT", TickKind.TRADE, time, time, price, size, 1.0, nan, nan))
    return rows


def seen(actor: StrategyActor) -> list[Any]:
    """Everything the view holds, down to the indicators."""
    found: list[Any] = [actor._marks.due_at]
    for lane in actor._lanes.values():
        view = lane.view
        found += [lane.row, lane.marks_row]
        found += [repr(getattr(view, name)) for name in view.__slots__]
        for slot in lane.slots:
            found.append(slot.due_row)
            for name, value in sorted(vars(slot.strategy).items()):
                slots = getattr(type(value), "__slots__", ())
                found.append(
                    (name, repr(value) if not slots else [repr(getattr(value, each)) for each in slots])
                )
    return found


def actor() -> StrategyActor:
    return StrategyActor("strategy/BTC-USDT", StrategyActorSettings(EVERYTHING))


@pytest.mark.property
@settings(max_examples=50, deadline=None)
@given(feeds(), st.data())
def test_a_view_rebuilt_at_any_row_equals_the_one_that_went_on(rows: list[Row], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows)))
    steady, rebuilt = actor(), actor()
    due = [steady.observe(*row) for row in rows]
    for row in rows[: at // 2]:
        rebuilt.observe(*row)
    rebuilt.forget_view()
    for row in rows[:at]:
        rebuilt.observe(*row)
    assert [rebuilt.observe(*row) for row in rows[at:]] == due[at:]
    assert seen(rebuilt) == seen(steady)


def decided(rows: list[Row]) -> list[tuple[int, list[bytes]]]:
    """What came of each row that was due: events and messages, with the row's number."""
    stage = Stage(*EVERYTHING)
    out: list[tuple[int, list[bytes]]] = []
    for number, row in enumerate(rows):
        stage.now = row[2]
        if stage.row(row[0], row[1], row[3], *row[4:]):
            out.append((number, [pack(to_plain(each)) for each in (*stage.ctx.events, *stage.ctx.envelopes)]))
            if stage.intents and stage.last_intent_id in stage.state(stage.last.strategy).intents:
                stage.report(OrderState.CANCELLED)
    return out


@pytest.mark.property
@settings(max_examples=25, deadline=None)
@given(feeds(), feeds(), st.data())
def test_no_decision_depends_on_a_row_that_comes_later(past, other, data) -> None:
    cut = data.draw(st.integers(1, len(past)))
    shift = past[cut - 1][2] - START
    future = [(row[0], row[1], row[2] + shift, row[3] + shift, *row[4:]) for row in other]
    one = [each for each in decided(past) if each[0] < cut]
    two = [each for each in decided([*past[:cut], *future]) if each[0] < cut]
    assert one == two


def test_the_same_observation_twice_gives_the_same_decision_twice() -> None:
    actor_of = Stage()
    actor_of.quote(order=LONG)
    first = list(actor_of.sent)
    fresh = Stage()
    fresh.now = actor_of.now - MILLISECOND
    fresh.quote(order=LONG)
    assert fresh.sent == first


def clockwork() -> Stage:
    stage = Stage(strategy(f"{SAMPLES}:Clockwork", "clock"))
    assert isinstance(stage.actor._slots["clock/BTC-USDT"].strategy, Clockwork)
    return stage


def test_a_strategy_that_is_not_due_is_not_asked() -> None:
    stage = clockwork()
    stage.quote(order=NOTHING)
    decided_at = stage.now
    assert stage.quote(order=1.0, after=SECOND)  # due for the marks alone
    assert stage.state("clock").values["decided_at"] == decided_at


def test_what_was_due_before_a_crash_is_not_decided_again() -> None:
    stage = clockwork()
    stage.quote(order=NOTHING)
    decided_at = stage.now
    stage.crash(fold=True)
    assert stage.quote(order=1.0, after=SECOND)
    assert stage.state("clock").values["decided_at"] == decided_at


def test_a_state_put_in_place_by_the_host_is_worked_on_at_once() -> None:
    stage = Stage()
    stage.quote(order=LONG)
    stage.fill_all()
    plain = to_plain(stage.actor.state)
    other = StrategyActor(stage.address, stage.settings)
    other.state = from_plain(plain, StrategyActorState, where="snapshot")
    for row in stage.rows:
        other.observe(*row)
    stage.actor = other
    stage.ctx = Context(other)
    stage.ctx.now = stage.now
    other.observe("BTC-USDT", TickKind.QUOTE, stage.now, stage.now, 1_000.0, SHORT, 1_000.1, 1.0, nan)
    other.receive(ObservationDue("BTC-USDT", 9, stage.now), stage.ctx)
    (envelope,) = stage.ctx.envelopes
    assert envelope.message.terms.quantity == stage.held + 1  # type: ignore[attr-defined]
    assert packed(other.state) != pack(plain)


def test_rows_of_other_kinds_and_symbols_are_passed_over(stage: Stage) -> None:
    assert not stage.row("BTC-USDT", TickKind.DEPTH, START, 1.0, 1_000.0, 1.0, 1.0, 1.0)
    stage.take(ObservationDue("SOL-USDT", 1, START))
    assert stage.journal == []


def test_a_row_that_is_no_quote_is_nothing_to_decide_on(stage: Stage) -> None:
    stage.quote(order=NOTHING)
    assert not stage.quote(1_000.0, 999.0, order=LONG, after=SECOND)


def test_an_exception_of_a_strategy_is_never_swallowed() -> None:
    stage = Stage(strategy(f"{SAMPLES}:AlwaysRaises", "broken"))
    with pytest.raises(RuntimeError, match="always raises"):
        stage.quote()
    stage.crash()
    with pytest.raises(RuntimeError, match="always raises"):
        stage.quote()


def test_a_failed_decision_that_the_host_has_journalled_is_counted(stage: Stage) -> None:
    stage.actor.apply(DecisionFailed("ObservationDue", "exception:RuntimeError", "always raises"))
    assert stage.actor.state.failed_decisions == 1


def test_a_slow_stage_that_the_host_has_measured_is_journalled_and_counted(stage: Stage) -> None:
    for times in (1, 2):
        stage.take(StageOverran("gating", 60_000_000, 50_000_000, times), sender="host")
    assert [each.times for each in stage.events(StageOverran)] == [1, 2]
    stage.crash()
    assert stage.actor.state.overruns == {"gating": 3}


def test_a_strategy_without_a_decision_of_its_own_says_so() -> None:
    stage = Stage(strategy(f"{SAMPLES}:Undecided", "undecided"))
    stage.quote()
    with pytest.raises(NotImplementedError, match="Undecided says that decisions are due"):
        stage.trade(1_000.0)


def test_a_sized_order_needs_a_quote(stage: Stage) -> None:
    stage.ctx.clear()
    stage.actor._slots["obey/BTC-USDT"].desk.within(stage.ctx, lambda desk: desk.buy())
    (event,) = stage.ctx.events
    assert isinstance(event, DecisionMade)
    assert (event.decision, event.reason, event.trace["bid"]) == (Decision.NO_TRADE, Reason.STALE_QUOTE, None)


def test_the_desk_is_closed_outside_of_a_decision() -> None:
    stage = Stage(strategy(f"{SAMPLES}:HoardsTheDesk", "hoarder"))
    stage.quote()
    with pytest.raises(InvariantError, match="only open within decide"):
        stage.quote()


def test_timers_fills_and_remembered_values_survive_a_crash() -> None:
    stage = clockwork()
    stage.quote(order=NOTHING)
    began = stage.now
    stage.wait(2 * SECOND)
    stage.crash(fold=True)
    stage.wait(SECOND)
    assert stage.state("clock").values == {"decided_at": began, "ticks": 3}


def test_a_strategy_is_told_of_its_fills_after_they_are_booked() -> None:
    stage = clockwork()
    stage.quote(order=NOTHING)
    slot = stage.actor._slots["clock/BTC-USDT"]
    stage.ctx.clear()
    slot.desk.within(stage.ctx, lambda desk: desk.buy())
    stage.journal += stage.ctx.events
    stage.sent += [(each.id, each.recipient, each.message) for each in stage.ctx.envelopes]
    stage.fill(quantity="0.2")
    assert stage.state("clock").values["last_fill"] == "f1"
    assert str(stage.state("clock").position.quantity) == "0.2"


def test_the_room_for_remembered_values_is_bounded(stage: Stage) -> None:
    stage.quote()
    desk = stage.actor._slots["obey/BTC-USDT"].desk

    def hoard(open_desk: Any) -> None:
        for number in range(100):
            open_desk.remember(f"v{number}", number)

    stage.ctx.clear()
    with pytest.raises(InvariantError, match="can keep 64 values"):
        desk.within(stage.ctx, hoard)
    desk.within(stage.ctx, lambda open_desk: open_desk.remember("v3", None))
    assert "v3" not in stage.state().values
    assert desk.recall("v4") == 4


def test_what_a_strategy_reads_from_its_desk(stage: Stage) -> None:
    stage.quote(1_000.0)
    desk = stage.actor._slots["obey/BTC-USDT"].desk
    stage.ctx.now = stage.now

    def read(open_desk: Any) -> None:
        assert open_desk.now == stage.now
        assert open_desk.quote.bid == open_desk.view.bid == 1_000.0
        assert open_desk.position.direction == 0
        assert open_desk.parameters.part == 0.01
        assert open_desk.mode.value == "normal"
        assert not open_desk.waiting
        assert 0 <= open_desk.random.random() < 1
        open_desk.after(SECOND, "x")
        open_desk.cancel_timer("x")

    stage.ctx.clear()
    desk.within(stage.ctx, read)
    assert not stage.ctx.timers
