"""Recovery: state = snapshot + journal, and what happens when one of them is damaged."""

from __future__ import annotations

import msgspec
import pytest

from cluster.steps.journal import JournalRecord, decode_record, encode_record
from cluster.steps.recovery import recover, state_digest
from cluster.store.port import StoredSnapshot
from messages import codec
from messages.errors import InvariantError, JournalCorruptError
from tests.cluster.steps.stage import QUIET, Stage, plain_state
from tests.samples import Counted, Counter, Ping, counter

pytestmark = pytest.mark.unit


@pytest.fixture
def seasoned() -> Stage:
    """A stage on which ten pings were counted, one per step, with snapshots at steps 4 and 8."""
    stage = Stage(settings=msgspec.structs.replace(QUIET, snapshot_every=4))
    host = stage.start()
    for number in (1, 2, 4, 7, 8, 11, 13, 14, 16, 17):
        stage.post(Ping(number=number))
        host.settle()
    return stage


def snapshots(stage: Stage) -> list[StoredSnapshot]:
    return list(stage.store.load("counter").snapshots)


def test_snapshots_are_taken_every_so_many_steps_and_two_are_kept(seasoned: Stage) -> None:
    assert [snapshot.step for snapshot in snapshots(seasoned)] == [8, 4]


def test_recovery_applies_the_journal_behind_the_newest_snapshot(seasoned: Stage) -> None:
    applied: list[int] = []
    actor = counter()
    actor._apply[Counted] = lambda event: applied.append(event.number)  # type: ignore[attr-defined]
    loaded = seasoned.store.load("counter")
    without_digests = [msgspec.structs.replace(record, digest=None) for record in loaded.records]
    recovered = recover(actor, codec.pack({}), msgspec.structs.replace(loaded, records=without_digests))
    assert applied == [16, 17]
    assert recovered.steps_since_snapshot == 2
    assert [position.step for position in recovered.snapshots] == [4, 8]


def test_the_snapshot_rhythm_goes_on_across_lives(seasoned: Stage) -> None:
    host = seasoned.start()
    for number in (19, 22):
        seasoned.post(Ping(number=number))
        host.settle()
    assert [snapshot.step for snapshot in snapshots(seasoned)] == [12, 8]


def damage(stage: Stage, which: int) -> None:
    stored = stage.store.actors["counter"].snapshots
    stored[which] = msgspec.structs.replace(stored[which], data=stored[which].data[:-1] + b"\x00")


def test_a_damaged_snapshot_is_noted_and_the_older_one_used(seasoned: Stage) -> None:
    intact = plain_state(seasoned.start())
    damage(seasoned, 0)
    host = seasoned.start()
    assert plain_state(host) == intact
    assert any("snapshot at step 8 put aside" in report.text for report in seasoned.reports)


def test_an_unreadable_snapshot_with_a_good_checksum_is_put_aside_too(seasoned: Stage) -> None:
    data = codec.pack([1, {"step": 8}, {"numbers": "not a list"}])
    stored = seasoned.store.actors["counter"].snapshots
    stored[0] = StoredSnapshot(8, data, codec.digest(data)[:16])
    assert seasoned.start().machine.actor.state.numbers[-1] == 17


def test_a_snapshot_of_newer_code_is_put_aside(seasoned: Stage) -> None:
    data = codec.pack([2, {}, {}])
    seasoned.store.actors["counter"].snapshots[0] = StoredSnapshot(8, data, codec.digest(data)[:16])
    assert seasoned.start().machine.actor.state.numbers[-1] == 17


def test_a_failed_save_costs_nothing_and_is_tried_again(stage: Stage) -> None:
    stage.settings = msgspec.structs.replace(QUIET, snapshot_every=1)
    stage.line.lose_request("save_snapshot")
    host = stage.start()
    for number in (1, 2):
        stage.post(Ping(number=number))
        host.settle()
    assert host.ended is None
    assert [snapshot.step for snapshot in snapshots(stage)] == [2]


def test_with_both_snapshots_damaged_it_does_not_start_on_half_a_history(seasoned: Stage) -> None:
    damage(seasoned, 0)
    damage(seasoned, 1)
    host = seasoned.start()
    assert isinstance(host.ended, JournalCorruptError)
    assert "hole" in str(host.ended)


def test_a_hole_in_the_journal_is_refused(stage: Stage) -> None:
    host = stage.start()
    for number in (1, 2, 4):
        stage.post(Ping(number=number))
        host.settle()
    del stage.journal()[1]
    ended = stage.start().ended
    assert isinstance(ended, JournalCorruptError)
    assert "step 3 where 2 should be" in str(ended)


def test_a_journal_that_ends_too_early_is_refused(stage: Stage) -> None:
    host = stage.start()
    for number in (1, 2):
        stage.post(Ping(number=number))
        host.settle()
    del stage.journal()[1]
    assert "ends before" in str(stage.start().ended)


def test_a_snapshot_ahead_of_the_position_is_refused(seasoned: Stage) -> None:
    actor = seasoned.store.actors["counter"]
    actor.position = msgspec.structs.replace(actor.position, step=5)
    actor.journal = [record for record in actor.journal if record.step <= 5]
    ended = seasoned.start().ended
    assert isinstance(ended, JournalCorruptError)
    assert "ahead" in str(ended)


def test_a_state_that_differs_from_the_committed_digest_is_refused(stage: Stage) -> None:
    stage.post(Ping(number=1))
    stage.start()
    journal = stage.journal()
    journal[0] = msgspec.structs.replace(journal[0], events=(Counted(number=2),))
    ended = stage.start().ended
    assert isinstance(ended, InvariantError)
    assert "differs from the one that was committed" in str(ended)


def test_the_newest_digest_is_checked_even_if_later_steps_have_none(stage: Stage) -> None:
    stage.settings = msgspec.structs.replace(QUIET, digest_every=2)
    host = stage.start()
    for number in (1, 2, 4):
        stage.post(Ping(number=number))
        host.settle()
    journal = stage.journal()
    assert [record.digest is not None for record in journal] == [False, True, False]
    journal[0] = msgspec.structs.replace(journal[0], events=(Counted(number=7),))
    assert isinstance(stage.start().ended, InvariantError)


def test_digests_come_every_so_many_steps_or_never(stage: Stage) -> None:
    stage.settings = msgspec.structs.replace(QUIET, digest_every=0)
    stage.post(Ping(number=1))
    stage.start()
    assert stage.journal()[0].digest is None


def test_nothing_is_decided_again(stage: Stage) -> None:
    """New code may decide otherwise; the journal says what was decided."""
    stage.post(Ping(number=1), Ping(number=2))
    stage.start()

    def never() -> Counter:
        actor = counter()
        actor._receive = {}
        return actor

    stage.make = never  # type: ignore[assignment]
    assert stage.start().machine.actor.state.numbers == [1, 2]


# ---------------------------------------------------------------- the stored form


def record() -> JournalRecord:
    return JournalRecord(3, 2, 7, [], [Counted(number=1)], "hash", 4, 5, 0, 9, "digest", Ping(number=8))


def test_a_record_survives_its_stored_form() -> None:
    assert decode_record(encode_record(record()), where="here") == record()


@pytest.mark.parametrize("position", [0, 15, 16, 40, -1])
def test_a_flipped_bit_anywhere_in_a_record_is_found_and_located(position: int) -> None:
    data = bytearray(encode_record(record()))
    data[position] ^= 1
    with pytest.raises(JournalCorruptError, match="journal:x step 3"):
        decode_record(bytes(data), where="journal:x step 3")


def test_a_record_cut_off_is_found() -> None:
    with pytest.raises(JournalCorruptError):
        decode_record(encode_record(record())[:-3], where="x")


def test_a_record_of_newer_code_says_so() -> None:
    body = codec.pack([99, *codec.unpack(encode_record(record())[16:])[1:]])
    with pytest.raises(JournalCorruptError, match="newer version"):
        decode_record(codec.digest(body)[:16].encode() + body, where="x")


def test_equal_states_have_equal_digests() -> None:
    one, other = counter(), counter()
    assert state_digest(one) == state_digest(other)
    other.apply(Counted(number=1))
    assert state_digest(one) != state_digest(other)
