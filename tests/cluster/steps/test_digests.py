"""In which steps the journal has a digest: not in those that an order waits for, as long as there are others."""

from __future__ import annotations

import msgspec
import pytest

from actors.base import Context
from cluster.steps import recovery
from cluster.steps.digests import is_digest_due, is_hurried
from cluster.steps.recovery import of_one_shape, state_digest
from cluster.steps.settings import StepSettings
from tests.cluster.steps.stage import Stage
from tests.samples import Ask, Ping, Pong, RefusablePing, counter

pytestmark = pytest.mark.unit

CALM, HURRIED = 1, 3
"""Pings that make the counter do nothing urgent, or ask the outside."""


@pytest.fixture
def stage() -> Stage:
    """A digest every 3 steps; the outside never answers, so that every ping is one step."""
    made = Stage(settings=StepSettings(snapshot_every=10_000, digest_every=3))
    made.oracle.silent = True
    return made


def digested(stage: Stage, pings: list[int]) -> list[int]:
    """The steps with a digest, after one step for each of these pings."""
    host = stage.start()
    for number in pings:
        stage.post(Ping(number=number))
        host.settle()
    return [record.step for record in stage.journal() if record.digest is not None]


def kinds(text: str) -> list[int]:
    """Pings by `c` (calm) and `h` (hurried), each with a number of its own."""
    return [15 * place + (CALM if kind == "c" else HURRIED) for place, kind in enumerate(text)]


@pytest.mark.parametrize(
    ("steps", "with_digest"),
    [
        ("ccccccc", [3, 6]),
        ("cchhcc", [5]),
        ("cchhccc", [5]),
        ("cchhcccc", [5, 8]),
        ("hhhhhhhhhhhh", [5, 10]),
        ("hhhhchhhh", [5]),
    ],
)
def test_a_step_in_a_hurry_leaves_the_digest_to_one_of_the_next(
    stage: Stage, steps: str, with_digest: list[int]
) -> None:
    assert digested(stage, kinds(steps)) == with_digest


def test_the_rhythm_goes_on_across_lives(stage: Stage) -> None:
    assert digested(stage, kinds("cccc")) == [3]
    assert digested(stage, kinds("cc")) == [3, 6]


def test_every_step_has_one_where_every_step_is_to_have_one() -> None:
    stage = Stage(settings=StepSettings(snapshot_every=10_000, digest_every=1))
    stage.oracle.silent = True
    assert digested(stage, kinds("chhc")) == [1, 2, 3, 4]


def test_a_digest_is_of_the_state_after_its_step(stage: Stage) -> None:
    digested(stage, kinds("cchhc"))
    actor = counter()
    for record in stage.journal():
        for event in record.events:
            actor.apply(event)
        if record.digest is not None:
            assert (record.step, record.digest) == (5, state_digest(actor))


def test_effects_and_mail_that_may_be_refused_are_in_a_hurry() -> None:
    context = Context(counter(), seed=1)
    context.begin("b", "b#1", "b#1")
    assert not is_hurried(context)
    context.send("b", Pong(number=1, total=1))
    assert not is_hurried(context)
    context.send("b", RefusablePing(number=1))
    assert is_hurried(context)
    context.clear()
    context.begin("b", "b#1", "b#1")
    context.perform(Ask(number=1))
    assert is_hurried(context)
    assert [is_digest_due(since, 3, context) for since in range(1, 7)] == [False] * 4 + [True] * 2


class Loose(msgspec.Struct):
    """A state with arguments of any type, as those of a supervisor's children."""

    arguments: dict[str, object] = {}


def test_what_may_be_of_any_type_has_a_shape_too() -> None:
    actor = counter()
    counts = state_digest(actor)
    actor.state = Loose()  # type: ignore[assignment]
    empty = state_digest(actor)
    actor.state = Loose({"limit": 3})  # type: ignore[assignment]
    full = state_digest(actor)
    assert of_one_shape(empty, full)
    assert empty != full
    assert not of_one_shape(empty, counts)


def test_what_was_packed_in_another_way_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    actor = counter()
    found = state_digest(actor)
    with monkeypatch.context() as before:
        before.setattr(recovery, "_CONTENT_FORM", b"as stored")
        recovery._shape_of.cache_clear()
        other = state_digest(actor)
    recovery._shape_of.cache_clear()
    assert not of_one_shape(found, other)
    assert of_one_shape(found, state_digest(actor))
