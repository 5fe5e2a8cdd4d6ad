"""The contract of the store port: one suite, held against the memory store and a real Redis."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.base import Timer
from cluster.steps.journal import JournalRecord
from cluster.store.port import (
    BEGINNING,
    CLAIM_REFUSED,
    EARLIER_KEPT,
    CommitStatus,
    Incarnation,
    Section,
    StoredSnapshot,
    StreamName,
)
from messages.base import CONTROL, Message
from messages.control import Halt, StoreRenewed
from messages.errors import FencedError
from messages.intents import Refused
from tests.cluster.store.stage import CAPACITY, HERE, THERE, Stage, envelope, mail, message_of, section
from tests.samples import Ping, RefusablePing, UrgentPing

pytestmark = pytest.mark.integration

ALL = {StreamName.URGENT: BEGINNING, StreamName.CONTROL: BEGINNING, StreamName.MAILBOX: BEGINNING}


def test_a_store_is_born_once_and_tells_everyone_its_generation(store: Stage) -> None:
    assert store.open("g2") == "g1"
    control = store.read("anyone", {StreamName.CONTROL: BEGINNING}, 10)
    assert [message_of(entry.data) for entry in control] == [StoreRenewed(generation="g1")]


def test_a_claim_takes_the_next_epoch_and_names_the_predecessor(store: Stage) -> None:
    assert store.claim("a", HERE) == msgspec.structs.replace(store.claim("b", HERE), epoch=1)
    second = store.claim("a", THERE)
    assert (second.epoch, second.predecessor, second.exit_reason) == (2, HERE, None)


def test_a_claim_names_those_before_the_predecessor_too_as_far_as_they_are_remembered(store: Stage) -> None:
    lives = [Incarnation("node", "boot", pid, pid) for pid in range(1, EARLIER_KEPT + 4)]
    claims = [store.claim("a", each) for each in lives]
    assert claims[0].before == ()
    for number, claimed in enumerate(claims):
        assert claimed.before == tuple(reversed(lives[:number]))[: EARLIER_KEPT + 1]


def test_a_claim_exceeds_the_epoch_it_is_told(store: Stage) -> None:
    assert store.claim("a", HERE, None, 41).epoch == 42


def test_a_claim_under_a_superseded_supervisor_is_refused(store: Stage) -> None:
    old = store.claim("supervisor/x", HERE).epoch
    store.claim("supervisor/x", THERE)
    with pytest.raises(FencedError, match="superseded"):
        store.claim("a", HERE, ("supervisor/x", old))
    assert store.where("a").epoch == 0


def test_the_last_claimant_leaves_a_word_when_it_is_refused_and_nobody_else_does(store: Stage) -> None:
    old = ("supervisor/x", store.claim("supervisor/x", THERE).epoch)
    for address in ("a", "b", "c"):
        store.claim(address, HERE, old)
    store.leave("c", 1, "shutdown")
    store.claim("supervisor/x", THERE)
    for address, process in (("a", HERE), ("b", THERE), ("c", HERE)):
        with pytest.raises(FencedError, match="superseded"):
            store.claim(address, process, old)
    found = [(status.epoch, status.exit_reason) for status in store.status(["a", "b", "c"])]
    assert found == [(1, CLAIM_REFUSED), (1, None), (1, "shutdown")]
    assert store.claim("a", THERE).deaths == 0


def test_an_exit_reason_is_told_to_the_next_claim_only(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    assert store.leave("a", epoch, "shutdown")
    assert store.claim("a", THERE).exit_reason == "shutdown"
    assert store.claim("a", HERE).exit_reason is None


def test_deaths_without_a_word_are_counted_while_the_step_stands_still(store: Stage) -> None:
    assert [store.claim("a", HERE).deaths for _ in range(3)] == [0, 1, 2]
    store.commit([section(3, 1)])
    assert store.claim("a", HERE).deaths == 0


def test_a_commit_is_refused_under_an_older_epoch(store: Stage) -> None:
    old = store.claim("a", HERE).epoch
    store.claim("a", THERE)
    assert store.commit([section(old, 1, envelope(Ping(number=1)))]) == [CommitStatus.FENCED]
    assert mail(store, "b") == []
    assert store.load("a").records == []


def test_fencing_alone_stops_the_living_incarnation(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    assert store.fence("a") == epoch + 1
    assert store.commit([section(epoch, 1)]) == [CommitStatus.FENCED]


@pytest.mark.parametrize("step", [0, 2, 3])
def test_a_commit_that_is_not_the_next_step_is_refused(store: Stage, step: int) -> None:
    epoch = store.claim("a", HERE).epoch
    assert store.commit([section(epoch, step)]) == [CommitStatus.OUT_OF_STEP]


def test_the_same_commit_sent_twice_happens_once(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    step = section(epoch, 1, envelope(Ping(number=1)))
    assert store.commit([step]) == [CommitStatus.COMMITTED]
    assert store.commit([step]) == [CommitStatus.OUT_OF_STEP]
    assert mail(store, "b") == [Ping(number=1)]


def test_each_section_of_a_commit_is_fenced_on_its_own(store: Stage) -> None:
    first, second = store.claim("a", HERE).epoch, store.claim("c", HERE).epoch
    store.claim("a", THERE)
    answers = store.commit([section(first, 1), section(second, 1, address="c")])
    assert answers == [CommitStatus.FENCED, CommitStatus.COMMITTED]
    assert store.where("c").step == 1


def test_mail_is_kept_in_order_and_urgent_mail_apart(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    sent = [Ping(number=1), UrgentPing(number=2), Ping(number=3)]
    store.commit([section(epoch, 1, *(envelope(m, sequence=i) for i, m in enumerate(sent)))])
    assert mail(store, "b") == [UrgentPing(number=2), Ping(number=1), Ping(number=3)]


def test_reading_is_not_consuming(store: Stage) -> None:
    store.post(envelope(Ping(number=1), sender="operator"))
    first = store.read("b", ALL, 10)
    assert first == store.read("b", ALL, 10)
    assert store.read("b", {StreamName.MAILBOX: first[-1].id}, 10) == []


def test_control_is_one_stream_for_everyone(store: Stage) -> None:
    store.post(envelope(Halt(by="me", reason="test"), sender="operator", to=CONTROL))
    for address in ("a", "b"):
        read = store.read(address, {StreamName.CONTROL: BEGINNING}, 10)
        assert message_of(read[-1].data) == Halt(by="me", reason="test")


def test_a_full_mailbox_refuses_what_may_be_refused_and_tells_the_sender(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    sent = [envelope(RefusablePing(number=n), sequence=n) for n in range(1, CAPACITY + 2)]
    assert store.commit([section(epoch, 1, *sent)]) == [CommitStatus.COMMITTED]
    assert len(mail(store, "b")) == CAPACITY
    assert mail(store, "a") == [Refused(message_id=f"a#{CAPACITY + 1}", recipient="b", kind="RefusablePing")]


def test_a_full_mailbox_takes_what_must_not_be_refused(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    sent = [envelope(Ping(number=n), sequence=n) for n in range(CAPACITY + 2)]
    store.commit([section(epoch, 1, *sent, envelope(UrgentPing(number=9), sequence=9))])
    assert len(mail(store, "b")) == CAPACITY + 3
    assert mail(store, "a") == []


def test_room_comes_back_when_mail_is_taken(store: Stage) -> None:
    a, b = store.claim("a", HERE).epoch, store.claim("b", HERE).epoch
    fill = [envelope(RefusablePing(number=n), sequence=n) for n in range(CAPACITY)]
    store.commit([section(a, 1, *fill)])
    store.commit([section(b, 1, address="b", taken_mailbox=CAPACITY)])
    store.commit([section(a, 2, envelope(RefusablePing(number=9), sequence=9))])
    assert mail(store, "a") == []
    assert len(mail(store, "b")) == CAPACITY + 1


def test_mail_that_the_store_never_had_can_not_be_taken(store: Stage) -> None:
    epoch = store.claim("b", HERE).epoch
    store.post(envelope(Ping(number=1), sender="operator", to="b"))
    assert store.commit([section(epoch, 1, address="b", taken_mailbox=2)]) == [CommitStatus.OUT_OF_STEP]
    assert store.commit([section(epoch, 1, address="b", taken_mailbox=1)]) == [CommitStatus.COMMITTED]


def test_a_commit_under_another_generation_is_refused(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    step = section(epoch, 1)
    assert store.commit([msgspec.structs.replace(step, generation="g0")]) == [CommitStatus.OUT_OF_STEP]
    assert store.commit([msgspec.structs.replace(step, generation="g1")]) == [CommitStatus.COMMITTED]


def test_timers_are_set_replaced_and_cancelled_by_commits(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    first, second = Timer("x", 5, Ping(number=1)), Timer("y", 6, Ping(number=2))
    store.commit([section(epoch, 1, timers={"x": first, "y": second})])
    assert store.load("a").timers == {"x": first, "y": second}
    later = Timer("x", 9, Ping(number=3))
    store.commit([section(epoch, 2, timers={"x": later}, cancelled=("y",))])
    assert store.load("a").timers == {"x": later}


def test_loading_gives_back_position_digest_and_journal(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    written = [section(epoch, n, digest=f"d{n}", feed=n * 100, venue=n, sequence=n) for n in (1, 2, 3)]
    for each in written:
        store.commit([each])
    loaded = store.load("a")
    assert loaded.position == written[-1].position
    assert loaded.digest == "d3"
    assert list(map(_comparable, loaded.records)) == [_comparable(each.record) for each in written]


def _comparable(record: JournalRecord) -> JournalRecord:
    return msgspec.structs.replace(record, inputs=tuple(record.inputs), events=tuple(record.events))


def test_two_snapshots_are_kept_and_the_journal_behind_the_older_is_loaded(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    for step in range(1, 7):
        store.commit([section(epoch, step)])
        if step % 2 == 0:
            assert store.save_snapshot("a", epoch, StoredSnapshot(step, f"s{step}".encode(), "c" * 16))
    loaded = store.load("a")
    assert [snapshot.step for snapshot in loaded.snapshots] == [6, 4]
    assert loaded.snapshots[0].data == b"s6"
    assert [record.step for record in loaded.records] == [5, 6]


def test_a_fenced_incarnation_saves_no_snapshot_and_writes_no_exit_reason(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    store.claim("a", THERE)
    assert not store.save_snapshot("a", epoch, StoredSnapshot(1, b"", "c" * 16))
    assert not store.leave("a", epoch, "shutdown")
    assert store.load("a").snapshots == ()


def test_heartbeats_of_the_living_epoch_alone_are_counted(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    before = store.status(["a"])[0].heartbeat
    assert store.heartbeat("a", epoch).generation == "g1"
    assert store.heartbeat("a", epoch - 1).epoch == epoch
    assert store.status(["a"])[0].heartbeat == before + 1


def test_a_lost_store_is_renewed_once(store: Stage) -> None:
    notice = envelope(StoreRenewed(generation="g2"), sender="store", to=CONTROL)
    assert store.renew("g1", "g2", notice) == "g2"
    other = envelope(StoreRenewed(generation="g3"), sender="store", to=CONTROL)
    assert store.renew("g1", "g3", other) == "g2"
    control = [message_of(entry.data) for entry in store.read("a", {StreamName.CONTROL: BEGINNING}, 10)]
    assert control == [StoreRenewed(generation="g1"), StoreRenewed(generation="g2")]


def test_a_store_that_went_back_to_an_older_generation_is_renewed_once_all_the_same(store: Stage) -> None:
    """A backup put back, or nothing left at all: the stored generation is not the one that its users mourn."""
    notice = envelope(StoreRenewed(generation="g9"), sender="store", to=CONTROL)
    assert store.renew("lost", "g9", notice) == "g9"
    assert store.renew("lost", "g10", notice) == "g9"
    assert store.renew("g1", "g10", notice) == "g9"
    assert store.where("a").generation == "g9"


def test_what_is_owed_is_corrected_by_the_living_incarnation_only(store: Stage) -> None:
    store.claim("a", HERE)
    store.claim("a", THERE)
    assert not store.owe("a", 1, 7)
    assert store.owe("a", 2, 3)
    assert store.status(["a"])[0].outstanding == 3


def test_failed_attempts_are_counted_per_input(store: Stage) -> None:
    assert [store.count_attempt("a", "x"), store.count_attempt("a", "x"), store.count_attempt("a", "y")] == [
        1,
        2,
        1,
    ]


def test_status_shows_backlog_and_progress(store: Stage) -> None:
    epoch = store.claim("a", HERE).epoch
    sent = (envelope(Ping(number=1)), envelope(UrgentPing(number=2), sequence=2))
    store.commit([section(epoch, 1, *sent, timers={"x": Timer("x", 5, Ping(number=1))})])
    status = store.status(["b"])[0]
    assert (status.mailbox_depth, status.urgent_depth, status.control_behind) == (1, 1, True)
    mine = store.status(["a"])[0]
    assert (mine.step, mine.epoch, mine.journal_length, mine.incarnation) == (1, epoch, 1, HERE)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["claim", "claim", "commit", "commit", "commit", "stale", "repeat", "leave", "snapshot"]
        ),
        st.sampled_from(["a", "b"]),
        st.integers(0, 3),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_random_histories_agree_with_a_simple_model(
    fresh: Callable[[], Stage], operations: list[tuple[str, str, int]]
) -> None:
    store = fresh()
    epochs = {"a": 0, "b": 0}
    steps = {"a": 0, "b": 0}
    delivered: dict[str, list[Message]] = {"a": [], "b": []}
    last: dict[str, Section] = {}
    for number, (operation, address, count) in enumerate(operations):
        other = "b" if address == "a" else "a"
        if operation == "claim":
            epochs[address] += 1
            assert store.claim(address, HERE).epoch == epochs[address]
        elif operation == "repeat" and address in last:
            assert store.commit([last[address]])[0] is not CommitStatus.COMMITTED
        elif operation == "leave" and epochs[address]:
            assert store.leave(address, epochs[address], "x")
        elif operation in ("commit", "stale") and epochs[address]:
            epoch = epochs[address] - (operation == "stale")
            sent = [UrgentPing(number=number * 10 + index) for index in range(count)]
            letters = [envelope(m, sender=address, sequence=number, to=other) for m in sent]
            step = section(epoch, steps[address] + 1, *letters, address=address)
            [status] = store.commit([step])
            assert (status is CommitStatus.COMMITTED) is (operation == "commit")
            if operation == "commit":
                steps[address] += 1
                delivered[other] += sent
                last[address] = step
        elif operation == "snapshot" and epochs[address] and steps[address]:
            assert store.save_snapshot(
                address, epochs[address], StoredSnapshot(steps[address], b"s", "c" * 16)
            )
    for address in ("a", "b"):
        where = store.where(address)
        assert (where.epoch, where.step) == (epochs[address], steps[address])
        assert mail(store, address) == delivered[address]
        records = store.load(address, 0).records
        assert [record.step for record in records] == list(range(1, steps[address] + 1))
