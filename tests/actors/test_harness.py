"""The harness: what it shows of an actor, and that it catches actors that are not pure."""

from __future__ import annotations

import random

import msgspec
import pytest

from actors.base import Actor, Context, applies, receives
from actors.harness import Harness, Sent
from messages.base import Message, message_type
from messages.errors import InvariantError
from messages.market import ObservationDue, TickKind
from tests.samples import Answer, Answered, Ask, Asked, Counted, Counter, Ping, Pong, WakeUp, counter

pytestmark = pytest.mark.unit


@pytest.fixture
def harness() -> Harness[Counter]:
    return Harness(counter, now=100)


def test_giving_a_message_shows_what_the_actor_says(harness: Harness[Counter]) -> None:
    outputs = harness.give(Ping(number=15))
    assert outputs.events == (Counted(number=15), Asked(number=15))
    assert outputs.sent == (Sent("counter#1", "listener", Pong(number=15, total=1)),)
    assert outputs.effects == (Ask(number=15),)
    [timer] = outputs.timers
    assert (timer.key, timer.due, timer.message) == ("wake/15", 1_100, WakeUp(number=1_000_015))


def test_an_answer_comes_from_outside(harness: Harness[Counter]) -> None:
    harness.give(Ping(number=3))
    assert harness.answer(Answer(number=3)).events == (Answered(number=3),)
    assert list(harness.actor.outstanding()) == []


def test_time_passing_fires_what_comes_due_in_order(harness: Harness[Counter]) -> None:
    harness.give(Ping(number=10))
    harness.give(Ping(number=5), now=200)
    assert harness.advance(500) == []
    fired = harness.advance(1_000)
    assert [outputs.events for outputs in fired] == [
        (Counted(number=1_000_010),),
        (Counted(number=1_000_005),),
    ]
    assert harness.now == 1_700
    assert harness.timers == {}


def test_time_never_goes_back(harness: Harness[Counter]) -> None:
    with pytest.raises(InvariantError, match="never goes back"):
        harness.give(Ping(number=1), now=50)


def test_a_replayed_actor_has_the_same_state(harness: Harness[Counter]) -> None:
    for number in range(1, 8):
        harness.give(Ping(number=number))
    assert harness.replayed().state == harness.actor.state
    for at in range(len(harness.events) + 1):
        assert harness.recovered(at).state == harness.actor.state


def test_message_ids_count_across_inputs(harness: Harness[Counter]) -> None:
    harness.give(Ping(number=1))
    harness.give(Ping(number=2))
    assert [sent.id for sent in harness.sent] == ["counter#1", "counter#2"]


def test_what_the_actor_raises_is_raised(harness: Harness[Counter]) -> None:
    with pytest.raises(ValueError, match="told to fail"):
        harness.give(Ping(number=1, fail="after_emit"))


# ---------------------------------------------------------------- actors that are not pure


@message_type
class Rolled(Message, frozen=True):
    """A die was rolled."""

    value: float


class DiceState(msgspec.Struct):
    """What was rolled."""

    rolled: list[float] = []


class Dice(Actor[DiceState]):
    """Rolls a die on every ping, rightly."""

    @receives(Ping)
    def on_ping(self, ping: Ping, ctx: Context) -> None:
        ctx.emit(Rolled(value=ctx.random.random()))

    @applies(Rolled)
    def rolled(self, event: Rolled) -> None:
        self.state.rolled.append(event.value)


class UnseededDice(Dice):
    """Draws from the process's own randomness."""

    @receives(Ping)
    def on_ping(self, ping: Ping, ctx: Context) -> None:
        ctx.emit(Rolled(value=random.random()))


class BackdoorDice(Dice):
    """Changes the state while it decides."""

    @receives(Ping)
    def on_ping(self, ping: Ping, ctx: Context) -> None:
        self.state.rolled.append(1.0)


class ForgetfulDice(Dice):
    """Keeps what it must remember beside its state."""

    last = 0.0

    @receives(Ping)
    def on_ping(self, ping: Ping, ctx: Context) -> None:
        ctx.emit(Rolled(value=self.last))
        self.last += 1.0


class HistoricDice(Dice):
    """Applies an event differently depending on what is not in the state."""

    applied = 0

    @applies(Rolled)
    def rolled(self, event: Rolled) -> None:
        self.applied += 1
        self.state.rolled.append(event.value * self.applied)


def dice(kind: type[Dice]) -> Harness[Dice]:
    return Harness(lambda: kind("dice", DiceState(rolled=[])))


def test_seeded_randomness_is_pure_and_differs_from_input_to_input() -> None:
    harness = dice(Dice)
    harness.give(Ping(number=1))
    harness.give(Ping(number=1))
    assert len(set(harness.actor.state.rolled)) == 2
    harness.replayed()


IMPURE = {
    UnseededDice: "other outputs",
    BackdoorDice: "changed outside ctx.emit",
    ForgetfulDice: "other outputs",
    HistoricDice: "unfaithful `apply`",
}


@pytest.mark.parametrize(
    ("kind", "finding"), IMPURE.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_an_impure_actor_is_caught(kind: type[Dice], finding: str) -> None:
    harness = dice(kind)

    def three_pings() -> None:
        for number in range(3):
            harness.give(Ping(number=number))

    with pytest.raises(InvariantError, match=finding):
        three_pings()


class NoState(msgspec.Struct):
    """Nothing survives."""

    seen: dict[str, int] = {}


class Watching(Actor[NoState]):
    """Decides from its view."""

    rows = 0

    def observe(
        self,
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        self.rows += 1
        return self.rows == 2

    @receives(ObservationDue)
    def on_due(self, due: ObservationDue, ctx: Context) -> None:
        ctx.send("listener", Ping(number=self.rows))


def test_a_view_is_folded_for_both_runs() -> None:
    harness = Harness(lambda: Watching("watching", NoState(seen={})))
    row = (101.0, 1.0, 102.0, 1.0, 0.0)
    assert not harness.observe("X", TickKind.QUOTE, 10, 10, *row)
    assert harness.observe("X", TickKind.QUOTE, 20, 20, *row)
    [sent] = harness.give(ObservationDue("X", 2, 20), sender="feed").sent
    assert sent.message == Ping(number=2)
    assert harness.now == 20
