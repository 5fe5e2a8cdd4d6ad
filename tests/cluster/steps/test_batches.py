"""Batch boundaries are not observable: however inputs are cut into steps, the same comes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.base import Context, Timer, applies, receives
from cluster.steps.journal import InputKind
from cluster.steps.requests import Input
from messages.base import Envelope, Message
from tests.cluster.steps.stage import HandPicked, Stage, plain_state
from tests.samples import Answer, Counted, Counter, CounterState, Ping, UrgentPing, WakeUp

pytestmark = pytest.mark.property

NOW = 5_000


class Restless(Counter):
    """A counter that also draws lots, and moves and cancels the timers that are about to fire."""

    @receives(Ping)
    def on_ping(self, ping: Ping, ctx: Context) -> None:
        super().on_ping(ping, ctx)
        ctx.send("gambler", Ping(number=ctx.random.below(1_000_000)))
        key = f"alarm/{ping.number % 4}"
        if ping.number % 2:
            ctx.cancel_timer(key)
        else:
            ctx.after(1 + ping.number, WakeUp(number=ping.number), key=key)

    @applies(Counted)
    def count(self, event: Counted) -> None:
        self.state.numbers.append(event.number)


def restless() -> Restless:
    return Restless("counter", CounterState(numbers=[], asked={}))


Recipe = tuple[str, int]
RECIPES = st.lists(
    st.tuples(st.sampled_from(["mail", "urgent", "answer", "timer"]), st.integers(0, 20)), max_size=14
)


def play(make: Any, recipes: list[Recipe], cuts: list[int]) -> dict[str, Any]:
    """Take the inputs in steps of the given sizes; returns everything that came of them."""
    stage = Stage(make)
    stage.clock.now = NOW
    stage.oracle.silent = True
    stage.store.actors.clear()
    record = stage.store._actor("counter")
    for stream in record.streams.values():
        stream.added = len(recipes)  # the letters below, handed in past the store
    record.timers = {f"alarm/{n}": Timer(f"alarm/{n}", n, WakeUp(number=100 + n)) for n in range(4)}
    host = stage.host()
    intake = HandPicked(host)
    host.settle()
    waiting = list(enumerate(recipes, start=1))
    for cut in [*cuts, len(waiting)]:
        batch = [_input(host.machine.timers, number, recipe) for number, recipe in waiting[:cut]]
        waiting = waiting[cut:]
        intake.batches = [[item for item in batch if item is not None]]
        host.settle()
    position = host.machine.position
    return {
        "state": plain_state(host),
        "events": [event for record in stage.journal() for event in record.events],
        "inputs": [item for record in stage.journal() for item in record.inputs],
        "mail": [
            (e.id, e.cause, e.cycle, e.message) for to in ("listener", "gambler") for e in stage.sent(to)
        ],
        "asked": stage.oracle.asked,
        "timers": dict(stage.store.load("counter").timers),
        "next timer": stage.store.status(["counter"])[0].next_timer if stage.journal() else None,
        "cursors": (
            position.urgent,
            position.mailbox,
            position.sequence,
            position.inputs,
        ),
    }


def _input(timers: dict[str, Timer], number: int, recipe: Recipe) -> Input | None:
    kind, value = recipe
    if kind == "timer":
        key = f"alarm/{value % 4}"
        timer = timers.get(key)
        # a host hands out what is due; within a batch the machine itself notices what was moved meanwhile
        return Input(InputKind.TIMER, key, timer.message) if timer and timer.due <= NOW else None
    message: Message = {"mail": Ping, "urgent": UrgentPing, "answer": Answer}[kind](number=value)
    if kind == "answer":
        return Input(InputKind.RESULT, str(value), message)
    mail = InputKind.URGENT if kind == "urgent" else InputKind.MAILBOX
    letter = Envelope("sender", number, "counter", "", f"cycle {number}", 0, message)
    return Input(mail, f"{number}-0", letter)


@settings(max_examples=60, deadline=None)
@given(recipes=RECIPES, cuts=st.lists(st.integers(1, 5), max_size=14))
def test_any_cut_into_steps_gives_the_same(recipes: list[Recipe], cuts: list[int]) -> None:
    one_by_one = play(restless, recipes, [1] * len(recipes))
    assert play(restless, recipes, cuts) == one_by_one
    assert play(restless, recipes, []) == one_by_one


def test_the_comparison_notices_a_difference() -> None:
    first: list[Recipe] = [("mail", 1), ("mail", 3)]
    assert play(restless, first, [1]) != play(restless, [*first, ("mail", 5)], [1])


@settings(max_examples=25, deadline=None)
@given(numbers=st.lists(st.integers(1, 20), max_size=10), bad=st.integers(0, 10))
def test_a_failing_input_splits_its_batch_and_changes_nothing_before_it(numbers: list[int], bad: int) -> None:
    good: list[Message] = [Ping(number=number) for number in numbers]
    alone, batched = Stage(restless), Stage(restless)
    alone.oracle.silent = batched.oracle.silent = True
    alone.post(*good[:bad])
    alone.start()
    batched.post(*good[:bad], Ping(number=1, fail="after_emit"), *good[bad:])
    assert batched.start().ended is not None
    for look in (lambda stage: [e.id for e in stage.sent("listener")], _events):
        assert look(batched) == look(alone)


def _events(stage: Stage) -> list[Message]:
    return [event for record in stage.journal() for event in record.events]
