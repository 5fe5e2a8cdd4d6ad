"""What if: exactly the decisions that other settings change, each decided on the recorded state."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from actors.base import Context, receives
from actors.risk.actor import RiskActor
from cluster.replaying.recorded import Recorded
from cluster.replaying.results import ActorWhatIf
from cluster.replaying.what_if import what_if
from cluster.steps.machine import StepSettings
from messages.account_events import AccountSeeded
from messages.base import Message
from messages.errors import ConfigurationError
from messages.intents import OrderIntent, OrderTerms, OrderType, Side, Verdict
from messages.market import Mark, Marks, ObservationDue
from messages.portfolio import IntentDecided
from tests.actors.risk.desk import START, limits, settings
from tests.cluster.replaying.sessions import StageCast, cast_of, stage_recording
from tests.cluster.steps.stage import Stage
from tests.cluster.steps.test_poison import bad, fragile
from tests.samples import Counter, CounterState, Ping, counter

pytestmark = pytest.mark.unit

LOT = Decimal("0.001")


def of_risk(recorded: Recorded, *overrides: str) -> ActorWhatIf:
    """What would have been different at risk."""
    [found] = what_if(recorded, cast_of(recorded), cast_of(recorded, *overrides), ["risk"])
    return found


def decided(recorded: Recorded) -> Iterator[IntentDecided]:
    """All of risk's recorded answers."""
    for record in recorded.actors["risk"].records():
        yield from (event for event in record.events if isinstance(event, IntentDecided))


def with_order_limit(event: IntentDecided, limit: Decimal) -> Decimal:
    """What would have been approved under another limit on an order's value, worked out from the recorded checks.

    Each check wrote down what it allows; that of the order's value is its limit over the value of a unit.
    """
    allowed = event.requested
    for check in event.checks:
        if check.check == "order_notional":
            assert check.observed is not None
            unit = check.observed / event.requested
            allowed = min(allowed, limit / unit if check.observed > limit else event.requested)
        elif not check.passed:
            allowed = min(allowed, check.allowed or Decimal(0))
    return allowed // LOT * LOT


@pytest.mark.parametrize("limit", [1200, 1800, 2500, 100_000])
def test_another_limit_changes_exactly_the_decisions_it_should(recorded: Recorded, limit: int) -> None:
    wanted = {
        event.intent_id: (event.quantity, quantity)
        for event in decided(recorded)
        if (quantity := with_order_limit(event, Decimal(limit))) != event.quantity
    }
    assert 2 <= len(wanted) < sum(1 for _ in decided(recorded))
    found = of_risk(recorded, f"risk.max_order_notional={limit}")
    assert {each.intent_id: (each.before.quantity, each.after.quantity) for each in found.changed} == wanted
    assert found.other == ()
    assert found.decisions == sum(1 for _ in decided(recorded))


def test_a_change_names_the_check_its_limit_and_what_it_saw_before_and_after(recorded: Recorded) -> None:
    found = of_risk(recorded, "risk.max_order_notional=100000")
    whole = next(each for each in found.changed if each.after.verdict is Verdict.APPROVED)
    assert (whole.before.verdict, whole.before.check) == (Verdict.RESIZED, "order_notional")
    assert whole.before.limit == 1500
    assert whole.before.observed is not None
    assert whole.before.observed > 1500
    assert (whole.after.check, whole.after.quantity) == (None, whole.requested)


def test_the_recorded_settings_change_nothing_anywhere(recorded: Recorded) -> None:
    found = what_if(recorded, cast_of(recorded), cast_of(recorded, "risk.max_order_notional=1500"))
    assert {each.actor for each in found} == set(recorded.actors)
    assert all((each.changed, each.other, each.skipped) == ((), (), None) for each in found)


def test_a_setting_of_a_strategy_changes_steps_of_that_strategy_alone(recorded: Recorded) -> None:
    changed = cast_of(recorded, "strategies.momentum.order.notional=900")
    found = {each.actor: each for each in what_if(recorded, cast_of(recorded), changed)}
    touched = {address for address, each in found.items() if each.other}
    assert touched == {"strategy/ETH-USDT"}
    raised = [
        step
        for step in found["strategy/ETH-USDT"].other
        if "IntentRaised" in [x["type"] for x in step.before]
    ]
    assert raised
    assert all("IntentRaised" in [x["type"] for x in step.after] for step in raised)


def test_an_unknown_setting_is_an_error_that_names_it(recorded: Recorded) -> None:
    with pytest.raises(ConfigurationError, match="max_gross_exposure"):
        cast_of(recorded, "risk.max_gross_exposur=50%")


# ---------------------------------------------------------------------- several inputs in one step


def intent(number: int, quantity: str) -> OrderIntent:
    """A wish to buy BTC-USDT at 100."""
    return OrderIntent(
        strategy="ema",
        terms=OrderTerms(
            symbol="BTC-USDT",
            venue="paper",
            side=Side.BUY,
            quantity=Decimal(quantity),
            order_type=OrderType.MARKET,
            worst_price=Decimal(100),
            deadline=START * 2,
        ),
        quote=None,
        reason=f"number {number}",
    )


def given(*quantities: str) -> list[Message]:
    """An account, a mark, and intents, to be taken in one step."""
    opening = [
        AccountSeeded("paper", {"USDT": Decimal(100_000)}, {}),
        Marks((Mark("BTC-USDT", 100.0, 100.0, START),)),
    ]
    return [*opening, *(intent(number, each) for number, each in enumerate(quantities))]


def risk_stage(*messages: Message) -> Stage:
    """A risk actor that has taken these in one step, with room for 20 units in all."""
    stage = Stage(lambda: RiskActor(settings(limits(max_gross_exposure=Decimal("0.02")))))
    stage.clock.now = START
    for message in messages:
        sender = "execution/paper" if isinstance(message, AccountSeeded) else "strategy/BTC-USDT"
        stage.post(message, sender=sender)
    stage.start()
    [record] = stage.journal()
    assert len(record.inputs) == len(messages)
    return stage


def test_within_a_step_each_input_is_decided_on_the_recorded_state_as_well() -> None:
    recording = stage_recording(risk_stage(*given("15", "15", "1")))
    assert [event.quantity for event in decided(recording)] == [Decimal(15), Decimal(5), Decimal(0)]
    narrow = settings(limits(max_gross_exposure=Decimal("0.02"), max_order_notional=Decimal(1000)))
    recorded_limits = settings(limits(max_gross_exposure=Decimal("0.02")))
    [found] = what_if(
        recording,
        StageCast(lambda: RiskActor(recorded_limits)),
        StageCast(lambda: RiskActor(narrow)),
        ["risk"],
    )
    # in closed loop the first one's smaller order would leave more room to those behind it
    assert [(each.before.quantity, each.after.quantity) for each in found.changed] == [
        (Decimal(15), Decimal(10))
    ]
    assert found.other == ()


def test_an_actor_that_fails_under_the_changed_settings_is_shown_and_gone_on_with() -> None:
    stage = Stage(settings=StepSettings(digest_every=1))
    stage.post(Ping(number=5), Ping(number=10))
    stage.start()
    stage.clock.now += 5_000
    stage.start()
    stage.post(Ping(number=1))
    stage.start()
    [found] = what_if(stage_recording(stage), StageCast(counter), StageCast(fragile))
    assert [(step.step, step.error) for step in found.other] == [
        (2, "KeyError: 1000010"),
        (2, "KeyError: 1000005"),
    ]
    assert found.steps == len(stage.journal())


class Blind(Counter):
    """A counter that does not look at what it observes."""

    @receives(ObservationDue)
    def on_due(self, due: ObservationDue, ctx: Context) -> None:
        """Nothing is decided."""


def test_a_decision_that_would_have_failed_is_shown_and_gone_on_with() -> None:
    stage = Stage(lambda: Blind("counter", CounterState(numbers=[], asked={})))
    stage.post(Ping(number=1))
    host = stage.host()
    host.begin()
    host.intake.observation(ObservationDue("BTC-USDT", 7, 900))
    host.settle()
    stage.post(Ping(number=2))
    host.settle()
    recording = stage_recording(stage)
    assert [len(record.inputs) for record in stage.journal()] == [2, 1]
    [found] = what_if(recording, StageCast(stage.make), StageCast(fragile))
    assert [(step.step, step.inputs, step.error) for step in found.other] == [
        (1, ("observation:7 (ObservationDue)",), "ZeroDivisionError: no spread")
    ]


def test_what_was_given_up_is_given_up_again() -> None:
    stage = Stage()
    stage.post(Ping(number=1), bad(), Ping(number=2))
    stage.fails(2)
    stage.start()
    [found] = what_if(stage_recording(stage), StageCast(counter), StageCast(counter))
    assert (found.changed, found.other, found.skipped) == ((), (), None)
