"""Of several strategies on a symbol one fails: it rests, then is parked and looked after, and the others trade on."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.strategy.actor import WAKES_LATER, StrategyActor
from actors.strategy.gates import ENTRY_GATES, refusal
from actors.strategy.settings import ExitSettings, FaultSettings, StrategyActorSettings, StrategySettings
from messages.base import Message
from messages.child_specs import GiveUpPolicy
from messages.control import DecisionFailed, Mode, ModeChanged
from messages.decisions import EnableStrategy
from messages.errors import ConfigurationError, ModelLoadError
from messages.intents import Side
from messages.isolation import StrategyFailed, StrategyFaulted, StrategyParked, StrategyUnparked
from messages.orders import OrderState
from messages.reasons import Reason
from messages.supervision import RestartChild
from tests.actors.strategy.sample_strategies import LONG, NOTHING, SHORT
from tests.actors.strategy.stage import SAMPLES, SECOND, Stage, strategy

pytestmark = pytest.mark.unit

RULES = FaultSettings(failures=2, period=60 * SECOND, rest_min=SECOND, rest_max=30 * SECOND)


def fragile(fails_in: str = "decide", when: float = 0.0, **changes: object) -> StrategySettings:
    parameters = {"fails_in": fails_in, "when": when}
    return strategy(f"{SAMPLES}:Fragile", "fragile", parameters=parameters, **changes)


class Host(Stage):
    """A stage that does with a failed step what the step machine does: discard, tell whose fault it was, try again."""

    def take(self, message: Message, *, sender: str = "risk") -> None:
        sequence, inputs = self.ctx.sequence, self.ctx.inputs
        try:
            super().take(message, sender=sender)
        except ArithmeticError as error:
            blamed = self.actor.blamed(error)
            if blamed is None:
                raise
            self.crash(fold=True)
            self.ctx.sequence, self.ctx.inputs = sequence, inputs
            super().take(blamed, sender="host")
            self.take(message, sender=sender)


def pair(*failing: StrategySettings, **changes: object) -> Host:
    """Strategies that fail, ahead of one that does not."""
    return Host(*(failing or (fragile(),)), strategy(), faults=RULES, **changes)


def intents_of(stage: Stage, name: str) -> list[tuple[Side, bool]]:
    return [
        (each.terms.side, each.terms.reduce_only) for each in stage.intents.values() if each.strategy == name
    ]


def fail_until_parked(stage: Stage, order: float = LONG) -> None:
    for _ in range(RULES.failures + 1):
        stage.quote(order=order, after=5 * SECOND)
    assert stage.state("fragile").fault is not None
    assert stage.events(StrategyParked)


def test_nothing_remains_of_a_decision_that_failed_and_the_neighbour_makes_its_own() -> None:
    stage = pair()
    stage.quote(order=LONG)
    assert intents_of(stage, "fragile") == []
    assert intents_of(stage, "obey") == [(Side.BUY, False)]
    assert stage.timers == {}
    [failed] = stage.events(DecisionFailed)
    assert (failed.input, failed.reason) == ("fragile/BTC-USDT", "exception:ArithmeticError")
    [fault] = stage.events(StrategyFaulted)
    assert fault.error == "ArithmeticError: no decide today"
    assert fault.rests_until == stage.now + SECOND


def test_it_rests_longer_each_time_and_is_asked_again_afterwards() -> None:
    stage = pair()
    stage.quote(order=LONG)
    stage.quote(order=LONG, after=SECOND // 2)
    assert len(stage.events(StrategyFaulted)) == 1, "it rests"
    stage.quote(order=LONG, after=SECOND)
    first, second = stage.events(StrategyFaulted)
    assert (first.rests_until - first.time, second.rests_until - second.time) == (SECOND, 2 * SECOND)
    slot = stage.actor._slots["fragile/BTC-USDT"]
    assert refusal(ENTRY_GATES, slot, stage.now) is Reason.GIVEN_UP


def test_after_too_many_failures_within_the_period_it_is_parked_and_asked_no_more() -> None:
    stage = pair()
    fail_until_parked(stage)
    [parked] = stage.events(StrategyParked)
    assert (parked.strategy, parked.broken, parked.until) == ("fragile", False, None)
    stage.quote(order=SHORT, after=3600 * SECOND)
    assert len(stage.events(StrategyFaulted)) == RULES.failures + 1
    assert "parked (ArithmeticError: no decide today)" in stage.actor.summary()


def test_without_a_pause_it_rests_for_the_moment_all_the_same() -> None:
    stage = Host(fragile("on_fill"), strategy(), faults=FaultSettings(failures=5, rest_min=0, rest_max=0))
    stage.quote(order=LONG)
    stage.fill_all(next(iter(stage.intents)))
    assert len(stage.events(StrategyFaulted)) == 1


def test_failures_that_lie_further_apart_than_the_period_never_park_it() -> None:
    stage = pair()
    for _ in range(10):
        stage.quote(order=LONG, after=40 * SECOND)
    fault = stage.state("fragile").fault
    assert fault is not None
    assert (fault.total, fault.parked) == (10, False)
    assert len(fault.times) <= RULES.failures + 1


@pytest.mark.parametrize("direction", [LONG, SHORT])
def test_its_position_is_closed_when_it_is_parked(direction: float) -> None:
    stage = pair(fragile(when=NOTHING))
    stage.quote(order=direction)
    mine = next(name for name, each in stage.intents.items() if each.strategy == "fragile")
    stage.fill_all(mine)
    fail_until_parked(stage, NOTHING)
    assert stage.state("fragile").exiting is Reason.GIVEN_UP
    side = Side.SELL if direction == LONG else Side.BUY
    assert intents_of(stage, "fragile")[-1] == (side, True)
    stage.fill_all(list(stage.intents)[-1])
    assert stage.state("fragile").position.quantity == 0
    assert stage.state("obey").exiting is None


def test_it_is_held_with_a_stop_where_the_settings_say_so() -> None:
    keep = GiveUpPolicy.HOLD_WITH_STOP
    stage = pair(fragile(when=NOTHING, on_give_up=keep, give_up_stop=Decimal("0.02")))
    stage.quote(order=LONG)
    stage.fill_all(next(iter(stage.intents)))
    fail_until_parked(stage, NOTHING)
    state = stage.state("fragile")
    assert state.exiting is None
    assert state.levels is not None
    assert state.levels.stop == pytest.approx(980.0)
    stage.quote(979.0)
    assert stage.state("fragile").exiting is Reason.STOP


def test_a_stop_that_is_closer_stays() -> None:
    keep = GiveUpPolicy.HOLD_WITH_STOP
    exits = ExitSettings(stop=Decimal("0.01"))
    stage = pair(fragile(when=NOTHING, on_give_up=keep, exits=exits))
    stage.quote(order=LONG)
    stage.fill_all(next(iter(stage.intents)))
    fail_until_parked(stage, NOTHING)
    levels = stage.state("fragile").levels
    assert levels is not None
    assert levels.stop == pytest.approx(990.0)


def test_an_open_entry_is_cancelled_and_what_it_still_fills_is_closed() -> None:
    stage = pair(fragile(when=NOTHING))
    stage.quote(order=LONG)
    entry = next(name for name, each in stage.intents.items() if each.strategy == "fragile")
    fail_until_parked(stage, NOTHING)
    assert stage.cancels == [entry]
    stage.fill(entry, "0.4")
    stage.report(OrderState.CANCELLED, "0.4", entry)
    assert intents_of(stage, "fragile")[-1] == (Side.SELL, True)


def test_in_observe_the_position_waits_until_the_desk_may_act_again() -> None:
    stage = pair(fragile(when=NOTHING))
    stage.quote(order=LONG)
    stage.fill_all(next(iter(stage.intents)))
    stage.take(ModeChanged(Mode.OBSERVE, 2, {}, "a test"))
    fail_until_parked(stage, NOTHING)
    assert intents_of(stage, "fragile") == [(Side.BUY, False)]
    stage.take(ModeChanged(Mode.NORMAL, 3, {}, "over"))
    assert intents_of(stage, "fragile")[-1] == (Side.SELL, True)


def test_a_person_brings_it_back() -> None:
    stage = pair(fragile(when=NOTHING))
    fail_until_parked(stage, NOTHING)
    stage.take(EnableStrategy("fragile", "me"), sender="operator")
    [back] = stage.events(StrategyUnparked)
    assert back.by == "me"
    stage.quote(order=LONG, after=SECOND)
    assert intents_of(stage, "fragile") == [(Side.BUY, False)]


def test_it_is_tried_again_after_the_quiet_time() -> None:
    rules = FaultSettings(failures=0, rest_min=SECOND, quiet_time=600 * SECOND)
    stage = Host(fragile(when=NOTHING), strategy(), faults=rules)
    stage.quote(order=NOTHING)
    assert stage.state("fragile").fault.parked  # type: ignore[union-attr]
    stage.wait(599 * SECOND)
    assert not stage.events(StrategyUnparked)
    stage.wait(SECOND)
    assert [each.by for each in stage.events(StrategyUnparked)] == ["quiet_time"]
    stage.quote(order=LONG)
    assert intents_of(stage, "fragile") == [(Side.BUY, False)]


def test_a_fill_is_booked_though_the_strategy_fails_on_it() -> None:
    stage = pair(fragile("on_fill"))
    stage.quote(order=LONG)
    stage.fill_all(next(iter(stage.intents)))
    state = stage.state("fragile")
    assert state.position.quantity == Decimal("0.999")
    assert state.values == {}
    assert [each.callback for each in stage.events(StrategyFaulted)] == ["on_fill"]


def test_a_timer_that_it_fails_on_wakes_it_again_when_it_has_rested() -> None:
    stage = pair(fragile("on_timer", NOTHING))
    stage.quote(order=LONG)
    stage.quote(order=NOTHING)
    stage.wait(2 * SECOND)
    assert stage.state("fragile").values == {}
    stage.quote(order=0.0)
    stage.wait(WAKES_LATER)
    assert "woken" in stage.state("fragile").values


@pytest.mark.parametrize("fails_in", ["on_start", "on_quote"])
def test_one_that_cannot_be_made_or_fails_on_the_feed_is_parked_at_once(fails_in: str) -> None:
    stage = pair(fragile(fails_in))
    stage.quote(order=LONG)
    stage.quote(order=SHORT)
    [parked] = stage.events(StrategyParked)
    assert (parked.broken, parked.error) == (True, f"ArithmeticError: no {fails_in} today")
    assert intents_of(stage, "obey") == [(Side.BUY, False)]


def test_what_cannot_be_made_leaves_no_position_behind() -> None:
    stage = pair(fragile("on_quote", NOTHING))
    stage.quote(order=LONG)
    stage.fill_all(next(iter(stage.intents)))
    stage.quote(order=NOTHING)
    assert intents_of(stage, "fragile")[-1] == (Side.SELL, True)


@pytest.mark.parametrize("unknown", [{"kind": "no_such_strategy"}, {"parameters": {"no": "such"}}])
def test_settings_that_no_strategy_can_be_made_of_concern_that_one_alone(unknown: dict[str, object]) -> None:
    broken = strategy(**{"name": "fragile", **unknown})  # type: ignore[arg-type]
    stage = pair(broken)
    stage.quote(order=LONG)
    assert stage.events(StrategyParked)[0].error.startswith("ConfigurationError")
    assert intents_of(stage, "obey") == [(Side.BUY, False)]


def test_models_that_cannot_be_loaded_concern_their_own_strategy_alone() -> None:
    settings = StrategyActorSettings((strategy(name="fragile"), strategy()))
    error = ModelLoadError("no manifest", field="models", value="runs/1")
    actor = StrategyActor("strategy/BTC-USDT", settings, unloaded={"fragile": error})
    assert [slot.broken is None for slot in actor._slots.values()] == [False, True]
    alone = StrategyActorSettings((strategy(name="fragile"),))
    with pytest.raises(ModelLoadError, match="no manifest"):
        StrategyActor("strategy/BTC-USDT", alone, unloaded={"fragile": error})


def test_a_broken_one_comes_back_with_a_new_start_which_a_person_asks_for() -> None:
    stage = pair(fragile("on_quote", NOTHING))
    stage.quote(order=NOTHING)
    stage.take(EnableStrategy("fragile", "me"), sender="operator")
    asked = [(to, each) for _, to, each in stage.sent if isinstance(each, RestartChild)]
    assert asked == [("supervisor/strategies", RestartChild("strategy/BTC-USDT"))]
    assert not stage.events(StrategyUnparked)
    stage.rows.clear()  # a live feed begins anew
    stage.crash(fold=True)
    stage.quote(order=LONG)
    assert [each.by for each in stage.events(StrategyUnparked)] == ["restart"]
    assert intents_of(stage, "fragile") == [(Side.BUY, False)]


def test_one_that_still_cannot_be_made_is_tried_again_after_another_quiet_time() -> None:
    rules = FaultSettings(failures=0, rest_min=SECOND, quiet_time=600 * SECOND)
    stage = Host(strategy(name="fragile", kind="no_such_strategy"), strategy(), faults=rules)
    stage.quote(order=NOTHING)
    for tried in (1, 2, 3):
        stage.wait(599 * SECOND)
        assert sum(isinstance(each, RestartChild) for _, _, each in stage.sent) == tried - 1
        stage.wait(SECOND)
        assert sum(isinstance(each, RestartChild) for _, _, each in stage.sent) == tried
        stage.crash(fold=True)
    assert stage.state("fragile").fault.parked  # type: ignore[union-attr]
    assert not stage.events(StrategyUnparked)


def test_after_a_crash_it_is_parked_as_before() -> None:
    stage = pair(fragile(when=NOTHING))
    stage.quote(order=LONG)
    stage.fill_all(next(iter(stage.intents)))
    fail_until_parked(stage, NOTHING)
    before = stage.state("fragile")
    stage.crash(fold=True)
    assert stage.state("fragile") == before
    stage.quote(order=LONG, after=SECOND)
    assert len(stage.events(StrategyParked)) == 1
    assert len(stage.events(StrategyFaulted)) == RULES.failures + 1


def test_one_that_has_nobody_beside_it_is_left_to_the_supervisor() -> None:
    for lonely in (Host(fragile()), Host(fragile(), strategy(), isolates=False)):
        with pytest.raises(ArithmeticError):
            lonely.quote(order=LONG)
        assert lonely.actor.blamed(ArithmeticError()) is None
    with pytest.raises(ConfigurationError):
        Host(strategy("no_such_strategy", "fragile"), strategy(), isolates=False)


def test_parked_when_its_neighbour_is_taken_away_it_runs_again() -> None:
    stage = pair(fragile(when=NOTHING))
    fail_until_parked(stage, NOTHING)
    stage.settings = StrategyActorSettings((fragile(when=NOTHING),))
    stage.crash()
    stage.quote(order=LONG)
    assert [each.by for each in stage.events(StrategyUnparked)] == ["restart"]


def test_an_error_of_the_house_is_nobodys_fault() -> None:
    stage = pair(fragile(when=NOTHING))
    stage.take(StrategyFailed("gone", "BTC-USDT", "decide", "whatever"), sender="host")
    assert stage.journal == []
    assert stage.actor.blamed(RuntimeError("not from a strategy")) is None
