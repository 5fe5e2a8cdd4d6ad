"""What the machine asks of its runtime when something goes wrong: in doubt, poison, deaths without a word."""

from __future__ import annotations

import msgspec
import pytest

from actors.base import Context, Timer
from cluster.steps import requests as ask
from cluster.steps.journal import InputKind, JournalledInput
from cluster.steps.machine import DEADLY, PoisonError
from cluster.steps.requests import Input
from cluster.store.port import Where
from messages.base import Message
from messages.control import DeadLettered
from messages.errors import FencedError, InDoubtError
from tests.cluster.steps.dialog import COMMITTED, NO_ANSWER, NOTHING, REFUSED, Dialog, at, bad, mail
from tests.samples import Counter, CounterState, Ping, Pong, WakeUp

pytestmark = pytest.mark.unit


class Broken(Counter):
    """A counter that fails on everything, with the error it is told."""

    def __init__(self, error: str) -> None:
        super().__init__("counter", CounterState(numbers=[], asked={}))
        self.error = error

    def receive(self, message: Message, ctx: Context) -> None:
        raise ValueError(self.error)


# ---------------------------------------------------------------- in doubt


def test_a_commit_in_doubt_is_asked_for_with_a_growing_number_of_tries() -> None:
    dialog = Dialog().begin()
    commit = dialog.take(mail(1, Ping(number=1))).request
    dialog.fail(NO_ANSWER).expect(ask.Locate("counter", 1)).fail(NO_ANSWER)
    dialog.expect(ask.Locate("counter", 2)).answer(Where(1, 0, "g1"))
    dialog.expect(commit).fail(NO_ANSWER)
    dialog.expect(ask.Locate("counter", 2)).answer(Where(1, 0, "g1"))
    dialog.expect(commit).fail(NO_ANSWER)
    dialog.expect(ask.Locate("counter", 3)).answer(Where(1, 1, "g1"))
    assert isinstance(dialog.request, ask.Take)
    assert dialog.machine.position.step == 1


def test_a_refusal_without_a_reason_is_not_tried_again() -> None:
    dialog = Dialog().begin(at(4))
    dialog.take(mail(1, Ping(number=1))).answer(REFUSED).expect(ask.Locate("counter", 1))
    with pytest.raises(InDoubtError) as caught:
        dialog.answer(Where(1, 4, "g1"))
    assert (caught.value.field, caught.value.value) == ("counter", "stored step 4, last committed 4")


def test_a_refusal_after_silence_is_looked_into() -> None:
    """The late first try was refused as well as the second: the store stands where it stood."""
    dialog = Dialog().begin()
    dialog.take(mail(1, Ping(number=1))).fail(NO_ANSWER).answer(Where(1, 0, "g1")).answer(REFUSED)
    dialog.expect(ask.Locate("counter", 2))
    with pytest.raises(InDoubtError):
        dialog.answer(Where(1, 0, "g1"))


# ---------------------------------------------------------------- poison


def test_a_failure_is_counted_by_its_key_and_ends_the_life_with_what_broke() -> None:
    dialog = Dialog().begin(epoch=2).take(bad())
    dialog.expect(ask.Load("counter")).answer(NOTHING).expect(ask.Rebuild(0)).answer()
    dialog.expect(ask.CountAttempt("counter", "counter<-mailbox:1-0")).answer(1)
    dialog.expect(ask.Leave("counter", 2, "crash: ValueError: told to fail on 99"))
    with pytest.raises(PoisonError) as caught:
        dialog.answer()
    assert caught.value.message == "ValueError while deciding"
    assert (caught.value.field, caught.value.value) == ("counter", "counter<-mailbox:1-0")
    assert caught.value.remedy


@pytest.mark.parametrize(("attempts", "given_up"), [(2, False), (3, True), (4, True)])
def test_an_input_is_given_up_after_so_many_attempts(attempts: int, given_up: bool) -> None:
    dialog = Dialog().begin().take(bad()).answer(NOTHING).answer().answer(attempts)
    assert isinstance(dialog.request, ask.PutAside) is given_up
    assert isinstance(dialog.request, ask.Leave) is not given_up


def test_the_view_is_rebuilt_up_to_what_had_been_folded_when_it_failed() -> None:
    dialog = Dialog().begin(at(1, feed=30)).take(bad(), feed=35)
    dialog.answer(at(1, feed=30)).expect(ask.Rebuild(35))


def test_what_went_well_before_is_committed_without_its_effects_and_at_its_time() -> None:
    dialog = Dialog().begin().take(mail(1, Ping(number=3)), bad(2), now=3_000, feed=9)
    section = dialog.answer(NOTHING).answer().request.section
    assert (section.position.now, section.position.feed, section.position.mailbox) == (3_000, 9, "1-0")
    assert (section.position.outstanding, section.position.sequence, section.position.inputs) == (1, 1, 1)
    assert [envelope.message for envelope in section.envelopes] == [Pong(number=3, total=1)]
    dialog.answer(COMMITTED).expect(ask.CountAttempt("counter", "counter<-mailbox:2-0"))


@pytest.mark.parametrize(
    ("item", "kind", "value"),
    [
        (bad(), "Ping", None),
        (
            Input(InputKind.SIGNAL, "s1", Ping(number=9, fail="after_emit")),
            "Ping",
            Ping(number=9, fail="after_emit"),
        ),
        (Input(InputKind.MAILBOX, "1-0", b"rubbish"), "undecodable", None),
    ],
)
def test_a_dead_letter_is_put_aside_recorded_and_told(item: Input, kind: str, value: Message | None) -> None:
    dialog = Dialog().begin().take(item, now=3_000, feed=9)
    dialog.answer(NOTHING).answer().answer(3)
    aside = dialog.request
    key = f"counter<-{item.kind.name.lower()}:{item.reference}"
    assert (aside.address, aside.key) == ("counter", key)
    section = dialog.answer().request.section
    [told] = section.envelopes
    fault = told.message
    assert isinstance(fault, DeadLettered)
    assert (fault.address, fault.message_id, fault.kind) == ("counter", key, kind)
    assert fault.error == aside.error[:500]
    assert (told.recipient, told.cause, told.cycle) == ("risk", key, key)
    assert section.record.fault == fault
    assert list(section.record.inputs) == [JournalledInput(item.kind, item.reference, value)]
    assert (section.position.now, section.position.feed, section.position.inputs) == (3_000, 9, 1)
    dialog.answer(COMMITTED).expect(ask.Load("counter"))


def test_a_long_error_is_told_in_short_and_kept_whole() -> None:
    dialog = Dialog(Broken("x" * 1_000)).begin().take(mail(1, Ping(number=1)))
    aside = dialog.answer(NOTHING).answer().answer(3).request
    assert aside.error == "ValueError: " + "x" * 1_000
    [told] = dialog.answer().request.section.envelopes
    assert told.message.error == aside.error[:500]


def test_a_timer_that_fails_is_named_by_its_firing_and_removed() -> None:
    wake = WakeUp(number=1)
    loaded = msgspec.structs.replace(NOTHING, timers={"wake": Timer("wake", 500, wake)})
    dialog = Dialog(Broken("awake")).begin(loaded).take(Input(InputKind.TIMER, "wake", wake))
    dialog.answer(loaded).answer().expect(ask.CountAttempt("counter", "counter<-timer:wake@500"))
    section = dialog.answer(3).answer().request.section
    assert list(section.cancelled_timers) == ["wake"]
    assert section.record.inputs[0].message == wake
    assert section.next_timer is None


def test_an_input_that_is_named_like_a_timer_is_not_its_firing() -> None:
    loaded = msgspec.structs.replace(NOTHING, timers={"x": Timer("x", 500, WakeUp(number=1))})
    dialog = Dialog(Broken("")).begin(loaded).take(Input(InputKind.SIGNAL, "x", Ping(number=1)))
    dialog.answer(loaded).answer().expect(ask.CountAttempt("counter", "counter<-signal:x"))


def test_a_history_that_goes_on_behind_its_back_stops_it() -> None:
    """Loaded again in the middle of a step, the store has a step that this incarnation did not write."""
    dialog = Dialog().begin(at(4)).take(bad()).answer(at(5)).answer().expect(ask.Locate("counter", 1))
    with pytest.raises(InDoubtError) as caught:
        dialog.answer(Where(1, 5, "g1"))
    assert (caught.value.field, caught.value.value) == ("counter", "stored step 5, last committed 4")


@pytest.mark.parametrize(
    ("where", "error"),
    [
        (Where(2, 5, "g1"), FencedError),
        (Where(1, 3, "g1"), ask.RenewStore),
        (Where(1, 5, "g2"), ask.RenewStore),
        (Where(0, 5, "g1"), ask.RenewStore),
    ],
)
def test_a_history_that_another_wrote_or_that_was_lost_is_told_apart(where: Where, error: type) -> None:
    dialog = Dialog().begin(at(4)).take(bad()).answer(at(5)).answer()
    if error is FencedError:
        with pytest.raises(FencedError) as caught:
            dialog.answer(where)
        assert (caught.value.field, caught.value.value) == ("counter", "epoch 2 over 1")
    else:
        dialog.answer(where).expect(ask.RenewStore("g1"))


# ---------------------------------------------------------------- deaths without a word


@pytest.mark.parametrize(("deaths", "single"), [(0, False), (2, False), (3, True), (7, True)])
def test_inputs_are_taken_one_by_one_after_several_deaths(deaths: int, single: bool) -> None:
    dialog = Dialog().begin(deaths=deaths).expect(ask.Take(single=single))
    if single:
        dialog.take(mail(1, Ping(number=1)))
        dialog.expect(ask.CountAttempt("counter", "counter<-mailbox:1-0 alone")).answer(1).answer(COMMITTED)
        dialog.expect(ask.Take(single=False))


@pytest.mark.parametrize(
    ("deaths", "in_hand", "given_up"),
    [(6, 4, True), (9, 4, True), (6, 3, False), (5, 4, False), (6, 9, True), (5, 9, False)],
)
def test_an_input_in_hand_at_so_many_deaths_is_given_up_untried(
    deaths: int, in_hand: int, given_up: bool
) -> None:
    dialog = Dialog().begin(deaths=deaths).take(mail(1, Ping(number=1))).answer(in_hand)
    assert isinstance(dialog.request, ask.PutAside) is given_up
    assert isinstance(dialog.request, ask.Commit) is not given_up
    if given_up:
        assert dialog.request.error == DEADLY
        assert not dialog.answer().request.section.record.events


def test_no_single_input_is_blamed_for_deaths_with_several_in_hand() -> None:
    dialog = Dialog().begin(deaths=9).take(mail(1, Ping(number=1)), mail(2, Ping(number=2)))
    assert isinstance(dialog.request, ask.Commit)
