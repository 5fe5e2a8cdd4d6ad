"""What the machine asks of its runtime, word for word: from its claim through steps and snapshots to its exit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from actors.base import Timer
from cluster.steps import requests as ask
from cluster.steps.journal import InputKind, JournalledInput, JournalRecord
from cluster.steps.recovery import state_digest
from cluster.steps.requests import Input
from cluster.steps.settings import StepSettings
from cluster.store.port import Claimed, Loaded, Position, StoredSnapshot, Where
from messages import codec
from messages.base import Envelope, Message
from messages.errors import StoreLostError
from messages.supervision import ExitReason
from tests.cluster.steps.dialog import COMMITTED, ME, NO_ANSWER, NOTHING, Dialog, at, mail
from tests.cluster.steps.stage import QUIET
from tests.samples import Answer, Ask, Counter, CounterState, Ping, Pong, UrgentPing, WakeUp

pytestmark = pytest.mark.unit


class Careless(Counter):
    """A counter that owes as many effects as it is told."""

    def __init__(self, owed: int) -> None:
        super().__init__("counter", CounterState(numbers=[], asked={}))
        self.owed = owed

    def outstanding(self) -> Sequence[Ask]:
        return [Ask(number=number) for number in range(self.owed)]


# ---------------------------------------------------------------- life


def test_before_its_claim_a_machine_stands_at_nothing() -> None:
    machine = Dialog().machine
    assert (machine.position, machine.timers, machine.next_due) == (Position(), {}, None)
    assert (machine.epoch, machine.generation, machine.claimed) == (0, "", None)
    assert machine.steps_since_snapshot == 0


def test_the_lots_an_actor_draws_depend_on_its_seed() -> None:
    def lot(**options: int) -> int:
        context = Dialog(**options).machine.context
        context.begin("operator", "operator#1", "c")
        return context.random.below(1_000_000_000)

    assert lot() == lot(seed=0)
    assert len({lot(seed=seed) for seed in range(4)}) == 4


def test_a_claim_names_the_process_and_its_parent() -> None:
    Dialog(parent=("tree", 4)).expect(ask.Claim("counter", ME, ("tree", 4), 0))


def test_a_recovery_is_reported_with_where_it_stands() -> None:
    dialog = Dialog().begin(at(7, outstanding=0), epoch=3)
    assert dialog.reports == [ask.Report("info", "recovered", {"epoch": 3, "step": 7, "owed": 0})]


def test_the_next_step_goes_on_counting_where_the_last_one_stood() -> None:
    context = Dialog().begin(at(7, now=5_000, sequence=10, inputs=20)).machine.context
    assert (context.now, context.sequence, context.inputs) == (5_000, 10, 20)


def test_a_damaged_snapshot_is_reported_as_an_error() -> None:
    loaded = msgspec.structs.replace(NOTHING, snapshots=(StoredSnapshot(3, b"x", "y"),))
    note, recovered = Dialog().begin(loaded).reports
    assert (note.level, note.fields, recovered.level) == ("error", {}, "info")
    assert "snapshot at step 3" in note.text


def test_a_digest_of_another_version_is_reported_as_a_warning() -> None:
    records = [JournalRecord(1, 1, 0, [], [], "", 0, 0, 0, 0, "0123456789abcdef")]
    loaded = msgspec.structs.replace(NOTHING, position=Position(step=1), records=records)
    note, recovered = Dialog().begin(loaded).reports
    assert (note.level, note.fields, recovered.level) == ("warning", {}, "info")
    assert "another version" in note.text


def test_lost_history_is_reported_and_the_next_claim_is_above_every_epoch_held() -> None:
    dialog = Dialog().begin(epoch=5).fail(StoreLostError("gone")).expect(ask.RenewStore("g1"))
    dialog.answer("g2").expect(ask.Claim("counter", ME, None, 5))
    said = "the store lost history; starting over from what it has"
    assert dialog.reports[-1] == ask.Report("error", said, {})


def test_history_lost_before_the_first_claim_is_claimed_as_it_is() -> None:
    dialog = Dialog().fail(StoreLostError("gone")).expect(ask.RenewStore("")).answer("g2")
    dialog.expect(ask.Claim("counter", ME, None, 0))


def test_what_the_store_does_not_answer_is_asked_again_with_a_growing_number_of_tries() -> None:
    dialog = Dialog().fail(NO_ANSWER)
    for attempt in (1, 2):
        dialog.expect(ask.Locate("counter", attempt)).fail(NO_ANSWER)
        dialog.expect(ask.Claim("counter", ME, None, 0)).fail(NO_ANSWER)
    dialog.expect(ask.Locate("counter", 3)).answer(Where(0, 0, "g1"))
    dialog.expect(ask.Claim("counter", ME, None, 0))


@pytest.mark.parametrize("reason", [ExitReason.SHUTDOWN, ExitReason.NORMAL])
def test_a_stop_takes_what_is_there_stores_it_and_leaves_under_its_own_epoch(reason: ExitReason) -> None:
    dialog = Dialog().begin(epoch=4)
    commit = dialog.take(mail(1, Ping(number=1)), stop=reason).request
    assert isinstance(commit, ask.Commit)
    saved = dialog.answer(COMMITTED).request
    assert isinstance(saved, ask.SaveSnapshot)
    assert (saved.address, saved.epoch, saved.snapshot.step) == ("counter", 4, 1)
    dialog.answer(True).expect(ask.Leave("counter", 4, reason.value)).answer()
    assert dialog.ended is reason


def test_a_snapshot_that_was_not_kept_is_taken_again_and_counts_for_nothing() -> None:
    dialog = Dialog(settings=StepSettings(snapshot_every=2, trim_every=1, keep_steps=0)).begin()
    for number, snapshots in ((1, False), (2, True), (3, True), (4, False), (5, True)):
        dialog.step(mail(number, Ping(number=1)))
        assert isinstance(dialog.request, ask.SaveSnapshot) is snapshots
        if snapshots:
            dialog.answer(number == 3)
    assert dialog.step(mail(6, Ping(number=1))).section.trim is None, "one snapshot was kept, not three"


# ---------------------------------------------------------------- effects


def test_effects_leave_new_after_their_commit_and_owed_after_a_recovery() -> None:
    dialog = Dialog().begin()
    first = dialog.step(mail(1, Ping(number=3)), mail(2, Ping(number=6)))
    dialog.expect(ask.Perform((Ask(number=3), Ask(number=6)), owed=False))
    later = Dialog().answer(Claimed(2, "g1", None, None, 0))
    loaded = Loaded(first.section.position, None, (), (first.section.record,), {})
    later.answer(loaded).answer()
    later.expect(ask.Perform((Ask(number=3), Ask(number=6)), owed=True))
    assert later.reports[-1].fields["owed"] == 2


@pytest.mark.parametrize(
    ("before", "inputs", "after"),
    [
        (0, [mail(1, Ping(number=3))], 1),
        (1, [mail(1, Ping(number=1))], 1),
        (1, [Input(InputKind.RESULT, "3", Answer(number=3))], 0),
        (2, [Input(InputKind.RESULT, "3", Answer(number=3))], 1),
        (2, [Input(InputKind.RESULT, "3", Answer(number=3)), mail(1, Ping(number=6))], 2),
        (0, [Input(InputKind.RESULT, "3", Answer(number=3))], 0),
        (0, [Input(InputKind.RESULT, "3", Answer(number=3)), mail(1, Ping(number=6))], 1),
    ],
)
def test_what_is_outstanding_counts_promises_without_answers(
    before: int, inputs: Sequence[Input], after: int
) -> None:
    dialog = Dialog(Careless(before)).begin(at(1, outstanding=before))
    if before:
        dialog.answer()
    section = dialog.step(*inputs).section
    assert (section.position.outstanding, section.record.outstanding) == (after, after)


@pytest.mark.parametrize(("stored", "owed"), [(2, 0), (2, 1), (0, 2)])
def test_what_is_owed_no_more_is_not_waited_for(stored: int, owed: int) -> None:
    dialog = Dialog(Careless(owed)).begin(at(1, outstanding=stored), epoch=3)
    dialog.expect(ask.Owe("counter", 3, owed)).answer(True)
    assert dialog.machine.position.outstanding == owed
    if owed:
        assert dialog.request.owed is True
        dialog.answer()
    assert dialog.step(mail(1, Ping(number=1))).section.position.outstanding == owed


# ---------------------------------------------------------------- one step


def test_a_section_is_all_that_a_step_changes() -> None:
    loaded = at(
        6, now=900, urgent="4-0", control="5-0", mailbox="6-0", sequence=10, inputs=20, feed=30, venue=40
    )
    dialog = Dialog().begin(loaded, epoch=3)
    urgent = Envelope("operator", 1, "counter", "", "c", 0, UrgentPing(number=2))
    section = dialog.step(
        Input(InputKind.URGENT, "14-0", urgent),
        Input(InputKind.CONTROL, "15-0", urgent),
        mail(16, Ping(number=1)),
        Input(InputKind.VENUE, "41", Ping(number=1)),
        now=1_000,
        feed=33,
    ).section
    assert section.position == Position(7, 1_000, "14-0", "15-0", "16-0", 14, 24, 0, 33, 41)
    assert (section.address, section.epoch, section.generation) == ("counter", 3, "g1")
    assert (section.taken_urgent, section.taken_mailbox) == (1, 1)
    assert (list(section.timers), list(section.cancelled_timers), section.next_timer) == ([], [], None)
    assert section.encoded == [codec.encode_envelope(envelope) for envelope in section.envelopes]
    record = section.record
    assert (record.step, record.epoch, record.now) == (7, 3, 1_000)
    assert (record.sequence, record.ordinal, record.outstanding, record.feed) == (14, 24, 0, 33)
    assert [item.reference for item in record.inputs] == ["14-0", "15-0", "16-0", "41"]
    assert record.digest == state_digest(dialog.machine.actor)
    assert record.fault is None
    assert dialog.reports[-1] == ask.Report("step", "", {"section": section})


def test_desk_time_never_goes_back() -> None:
    dialog = Dialog().begin(at(1, now=5_000))
    assert dialog.step(mail(1, Ping(number=1)), now=4_000).section.position.now == 5_000
    assert dialog.step(mail(2, Ping(number=1)), now=5_001).section.position.now == 5_001


def test_a_digest_comes_with_every_so_many_steps_and_never_if_that_is_zero() -> None:
    for every, expected in ((0, [False] * 4), (2, [False, True, False, True])):
        dialog = Dialog(settings=StepSettings(digest_every=every)).begin()
        steps = [dialog.step(mail(number, Ping(number=1))) for number in range(1, 5)]
        assert [commit.section.record.digest is not None for commit in steps] == expected


@pytest.mark.parametrize(
    ("item", "sender", "name"),
    [
        (Input(InputKind.SIGNAL, "s1", Ping(number=1)), "host", "signal:s1"),
        (Input(InputKind.RESULT, "7", Ping(number=1)), "venue", "result:7"),
        (Input(InputKind.OBSERVATION, "7", Ping(number=1)), "feed", "observation:7"),
    ],
)
def test_what_an_input_that_is_no_mail_leads_to_names_it_as_cause_and_cycle(
    item: Input, sender: str, name: str
) -> None:
    dialog = Dialog().begin()
    [pong] = dialog.step(item).section.envelopes
    assert (pong.cause, pong.cycle, pong.message) == (name, name, Pong(number=1, total=1))
    assert dialog.machine.context.sender == sender


def test_a_timer_is_the_actor_s_own_message_and_recorded_with_its_content() -> None:
    wake = WakeUp(number=1)
    timers = {"wake": Timer("wake", 500, wake), "later": Timer("later", 900, wake)}
    dialog = Dialog().begin(msgspec.structs.replace(NOTHING, timers=timers))
    assert dialog.machine.next_due == 500
    section = dialog.step(Input(InputKind.TIMER, "wake", wake)).section
    assert list(section.record.inputs) == [JournalledInput(InputKind.TIMER, "wake", wake)]
    assert (list(section.cancelled_timers), section.next_timer) == (["wake"], 900)
    assert list(dialog.machine.timers) == ["later"]
    assert (dialog.machine.next_due, dialog.machine.context.sender) == (900, "counter")


@pytest.mark.parametrize("kind", [InputKind.RESULT, InputKind.OBSERVATION, InputKind.SIGNAL, InputKind.VENUE])
def test_what_is_no_mail_is_recorded_with_its_content(kind: InputKind) -> None:
    dialog = Dialog().begin()
    [item] = dialog.step(Input(kind, "7", Ping(number=1))).section.record.inputs
    assert item == JournalledInput(kind, "7", Ping(number=1))


def test_mail_without_a_cycle_begins_one() -> None:
    dialog = Dialog().begin()
    letter = Envelope("operator", 4, "counter", "", "", 0, Ping(number=1))
    [pong] = dialog.step(Input(InputKind.MAILBOX, "1-0", letter)).section.envelopes
    assert (pong.cause, pong.cycle) == ("operator#4", "operator#4")
    assert dialog.machine.context.sender == "operator"


# ---------------------------------------------------------------- the hash of the outputs


def hashed(*messages: Message, now: int = 1_000) -> str:
    """The hash of what one step puts out."""
    dialog = Dialog().begin()
    inputs = [mail(number, message) for number, message in enumerate(messages, start=1)]
    return dialog.step(*inputs, now=now).section.record.outputs


def test_every_kind_of_output_is_part_of_the_hash() -> None:
    seen = [hashed(Ping(number=number)) for number in (1, 2, 3, 5)]
    assert len(set(seen)) == 4
    assert all(len(outputs) == 16 for outputs in seen)
    assert hashed(Ping(number=1)) == seen[0]
    assert hashed(Ping(number=1), now=2_000) != seen[0], "mail says when it was sent"


def test_timers_are_told_apart_by_name_and_time() -> None:
    def outputs(key: str, due: int) -> str:
        machine = Dialog().machine
        machine.context.timers[key] = Timer(key, due, WakeUp(number=1))
        return machine._outputs_hash(())

    assert len({outputs("a", 1), outputs("a", 2), outputs("b", 1)}) == 3
    assert outputs("a", 1) == outputs("a", 1)


def test_a_step_without_outputs_has_no_hash_and_a_backtest_has_none_at_all() -> None:
    dialog = Dialog().begin()
    wake = dialog.step(Input(InputKind.RESULT, "9", Answer(number=9))).section
    assert (wake.record.outputs, wake.encoded) == ("", [])
    fast = Dialog(settings=msgspec.structs.replace(QUIET, hash_outputs=False, report_steps=False)).begin()
    section = fast.step(mail(1, Ping(number=5))).section
    assert (section.record.outputs, section.encoded) == ("", None)
    assert [report.level for report in fast.reports] == ["info"]


# ---------------------------------------------------------------- trimming


@pytest.mark.parametrize(("keep", "trimmed"), [(0, 2), (1, 1), (2, None), (3, None)])
def test_nothing_is_trimmed_while_replay_keeps_all_of_it(keep: int, trimmed: int | None) -> None:
    settings = StepSettings(snapshot_every=2, trim_every=5, keep_steps=keep)
    dialog, sections = Dialog(settings=settings).begin(), []
    for number in range(1, 6):
        sections.append(dialog.step(mail(number, Ping(number=1))).section)
        if isinstance(dialog.request, ask.SaveSnapshot):
            dialog.answer(True)
    assert [section.trim for section in sections[:4]] == [None] * 4
    trim = sections[4].trim
    assert (trim.journal if trim else None) == trimmed
    if trim:
        assert (trim.urgent, trim.mailbox) == ("0-0", "2-0")
