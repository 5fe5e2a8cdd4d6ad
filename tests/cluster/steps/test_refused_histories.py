"""Histories that an actor does not start on: what each refusal says, where, and that what is sound is still used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from actors.base import Actor, Timer
from cluster.steps.journal import JournalRecord
from cluster.steps.recovery import Recovered, of_one_shape, recover, state_digest, take_snapshot
from cluster.store.port import Loaded, Position, StoredSnapshot
from messages import codec
from messages.errors import InvariantError, JournalCorruptError, MessageFieldError
from tests.samples import Counted, Counter, CounterState, WakeUp, counter

pytestmark = pytest.mark.unit

PRISTINE = codec.pack(codec.to_plain(counter().state))


def record(step: int, digest: str | None = None) -> JournalRecord:
    """Step `step` counted the number `step`."""
    return JournalRecord(step, 1, 0, [], [Counted(number=step)], "", 0, 0, 0, 0, digest)


def counted(step: int) -> Counter:
    """A counter as it is after `step`."""
    actor = counter()
    for number in range(1, step + 1):
        actor.apply(Counted(number=number))
    return actor


def snapshot(step: int) -> StoredSnapshot:
    return take_snapshot(counted(step), Position(step=step))


def sealed(step: int, document: Any) -> StoredSnapshot:
    """A snapshot with a sound checksum and any content."""
    data = codec.pack(document)
    return StoredSnapshot(step, data, codec.digest(data)[:16])


def history(
    step: int, records: Sequence[JournalRecord], snapshots: Sequence[StoredSnapshot] = ()
) -> tuple[Counter, Recovered]:
    """A fresh counter brought to `step`, and what recovery says of it."""
    actor = counter()
    loaded = Loaded(Position(step=step), None, tuple(snapshots), records, {})
    return actor, recover(actor, PRISTINE, loaded)


def refusal(
    error: type[Exception], step: int, records: Sequence[JournalRecord], *snapshots: StoredSnapshot
) -> Any:
    with pytest.raises(error) as caught:
        history(step, records, snapshots)
    return caught.value


def test_a_snapshot_is_its_version_its_position_and_the_state() -> None:
    """Other tools read it; old snapshots must stay readable."""
    stored = snapshot(2)
    version, position, state = codec.unpack(stored.data)
    assert (stored.step, version, position["step"], state["numbers"]) == (2, 1, 2, [1, 2])
    assert stored.checksum == codec.digest(stored.data)[:16]
    assert len(stored.checksum) == len(state_digest(counter()).rpartition("-")[2]) == 16


@pytest.mark.parametrize(
    ("damaged", "note"),
    [
        (
            StoredSnapshot(3, snapshot(3).data, "0" * 16),
            "counter: the snapshot does not match its checksum (found 'step 3')",
        ),
        (sealed(3, [1, {}]), "counter: a snapshot has three parts (found 'step 3')"),
        (sealed(3, [1, {}, {}, {}]), "counter: a snapshot has three parts (found 'step 3')"),
        (sealed(3, ["1", {}, {}]), "counter: a snapshot has three parts (found 'step 3')"),
        (sealed(3, "abc"), "counter: a snapshot has three parts (found 'step 3')"),
        (sealed(3, {0: 1, 1: {}, 2: {}}), "counter: a snapshot has three parts (found 'step 3')"),
        (sealed(3, 7), "counter: a snapshot has three parts (found 'step 3')"),
        (sealed(3, [2, {}, {}]), "counter: snapshot of a newer version (found 2)"),
        (sealed(3, [1, {"step": "x"}, {}]), "snapshot.position: "),
        (sealed(3, [1, {"step": 3}, {"numbers": 7}]), "counter snapshot: "),
    ],
)
def test_a_snapshot_that_is_put_aside_is_named_with_the_reason(damaged: StoredSnapshot, note: str) -> None:
    records = [record(step) for step in range(2, 5)]
    actor, recovered = history(4, records, [damaged, snapshot(1)])
    assert actor.state.numbers == [1, 2, 3, 4]
    assert [position.step for position in recovered.snapshots] == [1]
    assert recovered.steps_since_snapshot == 3
    [told] = recovered.damaged
    assert recovered.notes == ()
    assert told.startswith(f"snapshot at step 3 put aside: {note}")


def test_an_actor_that_is_recovered_again_begins_with_what_is_stored_and_not_with_what_it_holds() -> None:
    actor = counted(5)
    recovered = recover(actor, PRISTINE, Loaded(Position(step=2), None, (), [record(1), record(2)], {}))
    assert actor.state.numbers == [1, 2]
    assert recovered == Recovered(Position(step=2), {}, (), 2, (), ())


def test_the_newest_of_two_sound_snapshots_is_the_base() -> None:
    actor, recovered = history(3, [record(3)], [snapshot(2), snapshot(1)])
    assert actor.state.numbers == [1, 2, 3]
    assert [position.step for position in recovered.snapshots] == [1, 2]
    assert recovered.steps_since_snapshot == 1


def test_a_snapshot_at_the_last_step_needs_no_journal() -> None:
    actor, recovered = history(3, [], [snapshot(3)])
    assert actor.state.numbers == [1, 2, 3]
    assert recovered.steps_since_snapshot == 0


def test_an_initial_state_that_does_not_fit_says_so() -> None:
    with pytest.raises(MessageFieldError) as caught:
        recover(counter(), codec.pack({"numbers": 7}), Loaded(Position(), None, (), [], {}))
    assert caught.value.field == "initial state"


def test_a_hole_is_named_by_the_step_that_is_missing() -> None:
    error = refusal(JournalCorruptError, 3, [record(1), record(3)])
    assert error.message == "the journal has a hole"
    assert (error.field, error.value) == ("counter", "step 3 where 2 should be")
    assert error.remedy


def test_a_journal_that_ends_too_early_is_named_by_its_last_step() -> None:
    error = refusal(JournalCorruptError, 3, [record(1), record(2)])
    assert error.message == "the journal ends before the stored position"
    assert (error.field, error.value) == ("counter", "step 2 of 3")
    assert error.remedy


def test_a_journal_that_goes_on_behind_the_stored_position_is_refused() -> None:
    """Also when a snapshot holds all that the position counts: what lies beyond it must not get into the state."""
    assert refusal(JournalCorruptError, 2, [record(1), record(2), record(3)]).value == "step 3 of 2"
    assert refusal(JournalCorruptError, 2, [record(3)], snapshot(2)).value == "step 3 of 2"


def test_a_snapshot_ahead_of_the_position_is_named_with_both_steps() -> None:
    error = refusal(JournalCorruptError, 2, [], snapshot(3))
    assert error.message == "the snapshot is ahead of the stored position"
    assert (error.field, error.value) == ("counter", "snapshot 3, position 2")
    assert error.remedy


def test_a_state_that_differs_from_its_digest_is_named_with_both() -> None:
    found, stored = state_digest(counted(2)), state_digest(counted(1))
    error = refusal(InvariantError, 2, [record(1), record(2, stored)])
    assert error.message == "the recovered state differs from the one that was committed"
    assert (error.field, error.value) == ("counter", f"step 2: {found} instead of {stored}")
    assert error.remedy


class LaterState(CounterState):
    """The counter's state as a later version of it knows it."""

    checked: int = 0


def later() -> Counter:
    return Counter("counter", LaterState(numbers=[], asked={}))


def test_a_state_with_a_new_field_starts_on_the_journal_of_the_version_before() -> None:
    """Its digests can't be compared; from its own on they are again."""
    actor = later()
    pristine = codec.pack(codec.to_plain(actor.state))
    loaded = Loaded(Position(step=2), None, (), [record(1), record(2, state_digest(counted(2)))], {})
    recovered = recover(actor, pristine, loaded)
    assert actor.state.numbers == [1, 2]
    assert recovered.notes == ("the digest of step 2 is of another version's state: not compared",)
    own = [*loaded.records, record(3, state_digest(actor))]
    with pytest.raises(InvariantError):
        recover(later(), pristine, Loaded(Position(step=3), None, (), own, {}))


def test_a_digest_without_a_shape_is_of_another_version() -> None:
    actor, recovered = history(1, [record(1, "0123456789abcdef")])
    assert actor.state.numbers == [1]
    assert (len(recovered.notes), recovered.damaged) == (1, ())


def test_words_about_a_state_are_no_part_of_its_shape() -> None:
    def digest(kind: type, default: object, words: str) -> str:
        state = msgspec.defstruct("Described", [("number", kind, default)], namespace={"__doc__": words})
        return state_digest(Actor("described", state()))

    assert of_one_shape(digest(int, 0, "One."), digest(int, 0, "Another."))
    assert not of_one_shape(digest(int, 0, "One."), digest(str, "", "One."))
    assert not of_one_shape(digest(int, 0, "One."), digest(int, 1, "One."))


def test_only_the_newest_digest_is_compared() -> None:
    """Each costs a scan of the whole state; the newest covers all steps before it."""
    records = [record(1, "not looked at"), record(2, state_digest(counted(2))), record(3)]
    assert history(3, records)[0].state.numbers == [1, 2, 3]


def test_digests_of_steps_that_the_snapshot_holds_are_not_compared() -> None:
    actor, _ = history(3, [record(1, "x"), record(2, "x"), record(3)], [snapshot(2)])
    assert actor.state.numbers == [1, 2, 3]


def test_timers_come_back_as_stored() -> None:
    loaded = Loaded(Position(), None, (), [], {"wake": Timer("wake", 500, WakeUp(number=1))})
    recovered = recover(counter(), PRISTINE, loaded)
    assert recovered.timers == loaded.timers
    assert recovered.timers is not loaded.timers, "the machine changes its own"
    assert (recovered.damaged, recovered.notes) == ((), ())
