"""Poison: inputs that fail, or kill, are found, given a fair number of tries, and put aside with a word to risk."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.base import Context, receives
from cluster.simulator.intake import SimulatedIntake
from cluster.steps.journal import InputKind
from cluster.steps.machine import PoisonError, StepSettings
from cluster.steps.requests import Input, Load
from messages import codec
from messages.base import Effect, Envelope, Message
from messages.control import DeadLettered, DecisionFailed
from messages.decisions import DecisionDue
from messages.errors import FencedError
from messages.market import ObservationDue
from tests.cluster.steps.stage import QUIET, Oracle, Raw, RawUrgent, Stage
from tests.samples import Ask, Counted, Counter, CounterState, Ping, UrgentPing, WakeUp

pytestmark = pytest.mark.unit


class Fragile(Counter):
    """A counter that raises on waking up and on every observation."""

    @receives(WakeUp)
    def on_wake_up(self, wake_up: WakeUp, ctx: Context) -> None:
        raise KeyError(wake_up.number)

    @receives(ObservationDue)
    def on_due(self, due: ObservationDue, ctx: Context) -> None:
        ctx.emit(Counted(number=due.position))
        raise ZeroDivisionError("no spread")


def fragile() -> Fragile:
    return Fragile("counter", CounterState(numbers=[], asked={}))


def bad(number: int = 99) -> Ping:
    return Ping(number=number, fail="after_emit")


def dead_letters(stage: Stage) -> list[DeadLettered]:
    found = [envelope.message for envelope in stage.sent("risk")]
    assert all(isinstance(message, DeadLettered) for message in found)
    return found  # type: ignore[return-value]


def test_an_exception_commits_what_went_well_before_and_leaves_with_its_reason(stage: Stage) -> None:
    stage.post(Ping(number=1), Ping(number=2), bad(), Ping(number=4))
    host = stage.start()
    assert isinstance(host.ended, PoisonError)
    assert isinstance(host.ended.__cause__, ValueError)
    [record] = stage.journal()
    assert list(record.events) == [Counted(number=1), Counted(number=2)]
    assert [envelope.id for envelope in stage.sent("listener")] == ["counter#1", "counter#2"]
    status = stage.store.status(["counter"])[0]
    assert status.exit_reason == "crash: ValueError: told to fail on 99"


def test_the_memory_of_the_failed_input_is_discarded(stage: Stage) -> None:
    stage.post(Ping(number=1), bad())
    host = stage.start()
    assert host.machine.actor.state.numbers == [1]
    assert host.machine.position.sequence == 1


def test_a_failure_on_the_first_input_commits_nothing(stage: Stage) -> None:
    stage.post(bad(), Ping(number=1))
    stage.start()
    assert stage.journal() == []


def test_a_poison_message_is_put_aside_after_its_attempts_and_risk_hears_of_it(stage: Stage) -> None:
    stage.post(Ping(number=1), bad(), Ping(number=2))
    stage.fails(2)
    host = stage.start()
    assert host.ended is None
    assert host.machine.actor.state.numbers == [1, 2]
    [letter] = dead_letters(stage)
    assert letter == DeadLettered(
        address="counter",
        message_id="counter<-mailbox:2-0",
        kind="Ping",
        grave_kind=False,
        error="ValueError: told to fail on 99",
    )
    [(address, key, data, error)] = stage.store.dead_letters
    assert (address, key, error) == ("counter", letter.message_id, letter.error)
    assert codec.decode_envelope(data).message == bad()
    assert stage.journal()[1].fault == letter


def test_every_message_is_delivered_once_around_a_dead_letter(stage: Stage) -> None:
    """The batch was read ahead when its second message failed: what is read again must not be taken again."""
    stage.settings = msgspec.structs.replace(QUIET, poison_attempts=1)
    stage.post(Ping(number=1), bad(), Ping(number=2), bad(98), Ping(number=4))
    host = stage.start()
    assert host.machine.actor.state.numbers == [1, 2, 4]
    assert [envelope.id for envelope in stage.sent("listener")] == ["counter#1", "counter#3", "counter#5"]
    assert len(dead_letters(stage)) == 2


def test_effects_under_way_survive_a_dead_letter(stage: Stage) -> None:
    """Going on after a dead letter is a recovery: what was promised and not answered is owed again."""
    stage.settings = msgspec.structs.replace(QUIET, poison_attempts=1)
    stage.oracle.silent = True
    stage.post(Ping(number=3))
    host = stage.start()
    stage.oracle.silent = False
    stage.post(Ping(number=6), bad())
    host.settle()
    assert stage.oracle.asked == [3, 3, 6]
    assert host.machine.actor.state.asked == {}
    assert host.machine.position.outstanding == 0


def test_a_replaced_incarnation_that_fails_learns_that_it_was_replaced(stage: Stage) -> None:
    """What it had decided must not be applied to the state of its successor, which it loads."""
    stage.settings = msgspec.structs.replace(QUIET, poison_attempts=1)
    host = stage.start()
    stage.post(Ping(number=3), bad())
    host.turn()
    assert isinstance(host.request, Load)
    assert stage.start().machine.actor.state.numbers == [3]
    host.settle()
    assert isinstance(host.ended, FencedError)
    assert len(dead_letters(stage)) == 1


def test_attempts_at_different_inputs_are_counted_apart(stage: Stage) -> None:
    stage.post(bad(1), bad(2))
    stage.fails(2)
    third = stage.start()
    assert isinstance(third.ended, PoisonError), "the first is given up, the second has failed once"
    stage.fails(1)
    assert stage.start().ended is None
    assert [letter.message_id for letter in dead_letters(stage)] == [
        "counter<-mailbox:1-0",
        "counter<-mailbox:2-0",
    ]


def test_a_death_between_the_dead_letter_and_its_commit_repeats_only_the_letter(stage: Stage) -> None:
    stage.settings = msgspec.structs.replace(QUIET, poison_attempts=1)
    stage.post(bad())
    stage.dies_at("before_commit")
    stage.start()
    assert len(stage.store.dead_letters) == 2, "kept at least once"
    assert len(dead_letters(stage)) == 1, "told exactly once"


UNREADABLE: dict[str, tuple[Raw, str, bool]] = {
    "bytes that are no message": (Raw(b"\xc1\xff rubbish"), "undecodable", False),
    "half a message": (
        Raw(codec.encode_envelope(Envelope("a", 1, "b", "", "", 0, Ping(number=1)))[:-4]),
        "undecodable",
        False,
    ),
    "an unknown type": (
        Raw(codec.pack(["a", 1, "b", "", "", 0, ["NeverHeardOf", 1, {}]])),
        "undecodable",
        False,
    ),
    "anything unreadable among urgent mail": (RawUrgent(b"rubbish"), "undecodable", True),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_put_aside_as_it_came(stage: Stage, what: str) -> None:
    raw, kind, grave = UNREADABLE[what]
    stage.post(raw, Ping(number=2))
    stage.fails(2)
    host = stage.start()
    assert host.machine.actor.state.numbers == [2]
    [letter] = dead_letters(stage)
    assert (letter.kind, letter.grave_kind) == (kind, grave)
    assert stage.store.dead_letters[0][2] == raw.data


def test_readable_bytes_are_taken_like_envelopes(stage: Stage) -> None:
    letter = Envelope("a", 7, "counter", "cause", "cycle", 0, Ping(number=1))
    stage.post(Raw(codec.encode_envelope(letter)))
    stage.start()
    [pong] = stage.sent("listener")
    assert (pong.cause, pong.cycle) == ("a#7", "cycle")


class Unaware(Counter):
    """A counter that has forgotten what an urgent ping is."""


Unaware.receivers.pop(UrgentPing)


def test_a_message_nobody_has_a_method_for_is_put_aside() -> None:
    stage = Stage(lambda: Unaware("counter", CounterState(numbers=[], asked={})))
    stage.post(UrgentPing(number=1), Ping(number=2))
    stage.fails(2)
    assert stage.start().machine.actor.state.numbers == [2]
    [letter] = dead_letters(stage)
    assert letter.grave_kind, "an urgent ping is grave"
    assert "no method" in letter.error


def test_an_exception_on_an_observation_is_a_recorded_no_trade_and_a_crash() -> None:
    stage = Stage(fragile)
    host = stage.start()
    host.intake.signal(ObservationDue("X", 7, 1_000))
    stage.post(Ping(number=1))
    host.intake = Observing(host.intake)  # type: ignore[assignment]
    host.settle()
    assert isinstance(host.ended, PoisonError)
    first, second = stage.journal()
    assert list(first.events) == [Counted(number=1)]
    assert second.fault == DecisionFailed(
        input="counter<-observation:7",
        reason="exception:ZeroDivisionError",
        error="ZeroDivisionError: no spread",
    )
    assert list(second.events) == []
    assert stage.sent("risk") == []
    assert stage.start().machine.actor.state.numbers == [1], "it is consumed: the next life does not meet it"


class Clocked(Counter):
    """A counter that decides by the clock after each ping, and fails at it."""

    @receives(Ping)
    def on_ping(self, ping: Ping, ctx: Context) -> None:
        ctx.after(1_000, DecisionDue("flow", "X", ctx.now + 1_000), key="decision/flow/X")
        ctx.emit(Counted(number=ping.number))

    @receives(DecisionDue)
    def on_due(self, due: DecisionDue, ctx: Context) -> None:
        ctx.emit(Counted(number=7))
        raise ZeroDivisionError("no spread")


def test_an_exception_in_a_decision_by_the_clock_is_one_too() -> None:
    stage = Stage(lambda: Clocked("counter", CounterState(numbers=[], asked={})))
    stage.post(Ping(number=1))
    host = stage.start()
    stage.clock.now += 1_000
    host.settle()
    assert isinstance(host.ended, PoisonError), "the supervisor hears of it at the first failure"
    first, second = stage.journal()
    assert list(first.events) == [Counted(number=1)]
    assert second.fault == DecisionFailed(
        input="counter<-timer:decision/flow/X@2000",
        reason="exception:ZeroDivisionError",
        error="ZeroDivisionError: no spread",
    )
    assert list(second.events) == []
    assert stage.sent("risk") == [], "it is no dead letter: trading goes on"
    last = stage.start()
    assert last.ended is None, "it is consumed: the next life does not meet it"
    assert last.machine.timers == {}
    assert stage.store.load("counter").timers == {}


class Observing:
    """An intake whose signals are observations, handed out after all else."""

    def __init__(self, intake: SimulatedIntake) -> None:
        self._intake = intake

    def gather(self, now: int, limit: int) -> list[Input]:
        found = self._intake.gather(now, limit)
        observed = [
            Input(InputKind.OBSERVATION, "7", item.data) for item in found if item.kind is InputKind.SIGNAL
        ]
        return [item for item in found if item.kind is not InputKind.SIGNAL] + observed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._intake, name)


def test_a_poison_timer_is_put_aside_and_removed() -> None:
    stage = Stage(fragile)
    stage.post(Ping(number=5))
    host = stage.start()
    stage.clock.now += 1_000
    host.settle()
    assert isinstance(host.ended, PoisonError)
    stage.fails(1)
    last = stage.start()
    assert last.ended is None
    assert last.machine.timers == {}
    assert stage.store.load("counter").timers == {}
    [letter] = dead_letters(stage)
    assert letter.message_id == "counter<-timer:wake/5@2000"
    assert letter.kind == "WakeUp"


def test_each_firing_of_a_timer_has_its_own_attempts() -> None:
    stage = Stage(fragile)
    for _ in range(2):
        stage.post(Ping(number=5))
        host = stage.start()
        stage.clock.now += 1_000
        host.settle()
        assert isinstance(stage.start().ended, PoisonError)
        assert stage.start().ended is None
    assert len(dead_letters(stage)) == 2
    assert len({letter.message_id for letter in dead_letters(stage)}) == 2


class Hater(Counter):
    """A counter that can't stand a question for an answer."""

    @receives(Ask)
    def on_ask(self, message: Ask, ctx: Context) -> None:
        raise ValueError("that is no answer")


def test_a_poison_answer_is_put_aside_and_its_effect_not_performed_again_in_this_life() -> None:
    stage = Stage(lambda: Hater("counter", CounterState(numbers=[], asked={})))
    stage.oracle = Echo()
    stage.post(Ping(number=3), Ping(number=6))
    for _ in range(4):
        assert isinstance(stage.start().ended, PoisonError), "each answer has its own three attempts"
    stage.post(Ping(number=1))
    host = stage.start()
    assert host.ended is None
    assert host.machine.actor.state.numbers == [3, 6, 1], "it goes on with everything else"
    assert {letter.message_id for letter in dead_letters(stage)} == {
        "counter<-result:3",
        "counter<-result:6",
    }
    assert host.machine.actor.state.asked == {"3": 3, "6": 6}, "still owed: the next life asks again"
    assert host.machine.position.outstanding == 0


class Echo(Oracle):
    """An outside that answers a question with the question."""

    def perform(self, effect: Effect, now: int) -> Message | None:
        return effect


# ---------------------------------------------------------------- deaths without a word


def test_a_few_deaths_without_a_word_change_nothing(stage: Stage) -> None:
    stage.post(Ping(number=1), Ping(number=2))
    for _ in range(2):
        stage.dies_at("before_commit")
    stage.start()
    assert [len(record.inputs) for record in stage.journal()] == [2]


def test_after_several_deaths_inputs_are_taken_one_by_one_until_a_step_is_done(stage: Stage) -> None:
    stage.post(Ping(number=1), Ping(number=2), Ping(number=4))
    for _ in range(3):
        stage.dies_at("before_commit")
    stage.start()
    assert [len(record.inputs) for record in stage.journal()] == [1, 2]


def test_the_input_that_kills_again_and_again_is_put_aside_untried(stage: Stage) -> None:
    stage.post(Ping(number=1), Ping(number=2))
    for _ in range(6):
        stage.dies_at("before_commit")
    host = stage.start()
    assert host.machine.actor.state.numbers == [2]
    [letter] = dead_letters(stage)
    assert letter.message_id == "counter<-mailbox:1-0"
    assert "died" in letter.error


@pytest.mark.parametrize("point", ["in_claim", "in_recovery"])
def test_deaths_before_anything_is_in_hand_are_held_against_no_message(stage: Stage, point: str) -> None:
    stage.post(Ping(number=1))
    for _ in range(20):
        stage.dies_at(point)
    assert stage.start().machine.actor.state.numbers == [1]
    assert dead_letters(stage) == []


def test_a_written_reason_ends_the_suspicion(stage: Stage) -> None:
    stage.post(Ping(number=1), Ping(number=2))
    for _ in range(5):
        stage.dies_at("before_commit")
    stage.store.leave("counter", 5, "crash: told by the machine's owner")
    stage.start()
    assert [len(record.inputs) for record in stage.journal()] == [2]


def test_progress_ends_the_suspicion(stage: Stage) -> None:
    for number in range(1, 10):
        stage.post(Ping(number=10 * number + 1))
        stage.dies_at("after_commit")
    stage.post(Ping(number=1), Ping(number=2))
    stage.start()
    assert [len(record.inputs) for record in stage.journal()][-1] == 2
    assert dead_letters(stage) == []


def test_patience_is_a_setting() -> None:
    stage = Stage(settings=StepSettings(lone_deaths=1, poison_deaths=2, digest_every=1))
    stage.post(Ping(number=1), Ping(number=2))
    for _ in range(2):
        stage.dies_at("before_commit")
    assert stage.start().machine.actor.state.numbers == [2]
