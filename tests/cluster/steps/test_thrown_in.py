"""A host that decides and commits by itself throws what goes wrong into the machine, which deals with it as ever."""

from __future__ import annotations

import pytest

from cluster.steps import requests as ask
from cluster.steps.inputs import CommitRefusedError, InputFailedError
from cluster.steps.machine import PoisonError
from cluster.steps.requests import Input
from cluster.store.port import Section, Where
from messages.errors import InDoubtError
from tests.cluster.steps.dialog import COMMITTED, NOTHING, REFUSED, Dialog, bad, mail
from tests.cluster.steps.test_going_without import InParts
from tests.samples import Ask, CounterState, Ping

pytestmark = pytest.mark.unit


def decided(dialog: Dialog, *inputs: Input, feed: int = 0) -> Section:
    """What the host lets the machine decide while that waits for inputs."""
    assert isinstance(dialog.request, ask.Take)
    section = dialog.machine.decide(1_000, inputs, feed)
    assert section is not None
    return section


def failed(dialog: Dialog, *inputs: Input, feed: int = 0) -> InputFailedError:
    """How the host learns that the actor failed on one of these."""
    with pytest.raises(InputFailedError) as caught:
        decided(dialog, *inputs, feed=feed)
    return caught.value


def test_what_is_thrown_in_names_the_input_and_the_refusal() -> None:
    dialog = Dialog().begin()
    assert str(failed(dialog, bad())) == "1-0"
    assert str(CommitRefusedError(decided(dialog, mail(2, Ping(number=1))), REFUSED)) == str(REFUSED)


def test_an_input_that_fails_is_counted_and_ends_the_life() -> None:
    dialog = Dialog().begin()
    dialog.fail(failed(dialog, bad()))
    dialog.expect(ask.Load("counter")).answer(NOTHING).expect(ask.Rebuild(0)).answer()
    dialog.expect(ask.CountAttempt("counter", "counter<-mailbox:1-0")).answer(1)
    assert isinstance(dialog.request, ask.Leave)
    with pytest.raises(PoisonError):
        dialog.answer()


def test_after_a_part_that_failed_the_life_goes_on() -> None:
    dialog = Dialog(InParts("counter", CounterState(numbers=[], asked={}))).begin()
    dialog.fail(failed(dialog, mail(1, Ping(number=95)), feed=7))
    dialog.expect(ask.Load("counter")).answer(NOTHING).expect(ask.Rebuild(7)).answer()
    assert isinstance(dialog.request, ask.Commit), "the actor hears whose fault it was"
    dialog.answer(COMMITTED).expect(ask.Load("counter")).answer(NOTHING).answer()
    assert isinstance(dialog.request, ask.Take)


def test_a_refused_step_that_has_happened_is_gone_on_from_and_what_it_promised_is_done() -> None:
    dialog = Dialog().begin()
    section = decided(dialog, mail(1, Ping(number=3)))
    dialog.fail(CommitRefusedError(section, REFUSED))
    dialog.expect(ask.Locate("counter", 1)).answer(Where(1, 1, "g1"))
    dialog.expect(ask.Perform((Ask(number=3),), owed=False)).answer()
    assert isinstance(dialog.request, ask.Take)
    assert dialog.machine.position == section.position


def test_a_refused_step_that_has_not_happened_ends_the_life_and_is_not_sent_again() -> None:
    dialog = Dialog().begin()
    dialog.fail(CommitRefusedError(decided(dialog, mail(1, Ping(number=1))), REFUSED))
    dialog.expect(ask.Locate("counter", 1))
    with pytest.raises(InDoubtError):
        dialog.answer(Where(1, 0, "g1"))
