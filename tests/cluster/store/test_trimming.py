"""Trimming: mail and records that nobody needs go, and never one more."""

from __future__ import annotations

import pytest

from cluster.store.port import BEGINNING, CommitStatus, StreamName, Trim
from tests.cluster.store.stage import HERE, Stage, envelope, section
from tests.samples import Ping

pytestmark = pytest.mark.integration


def taken_one_by_one(store: Stage, count: int) -> list[str]:
    """Actor `b` takes `count` messages, one a step; returns their ids."""
    store.claim("b", HERE)
    for number in range(1, count + 1):
        store.post(envelope(Ping(number=number)))
    entries = store.read("b", {StreamName.MAILBOX: BEGINNING}, count)
    for step, entry in enumerate(entries[:-1], start=1):
        one = section(1, step, address="b", taken_mailbox=1, mailbox=entry.id)
        assert store.commit([one]) == [CommitStatus.COMMITTED]
    return [entry.id for entry in entries]


def left(store: Stage) -> list[str]:
    """The ids in the mailbox of `b`."""
    return [entry.id for entry in store.read("b", {StreamName.MAILBOX: BEGINNING}, 10_000)]


def test_trimming_keeps_the_mail_that_a_kept_record_names(store: Stage) -> None:
    ids = taken_one_by_one(store, 600)
    trim = Trim(journal=300, urgent=BEGINNING, mailbox=ids[-1])
    last = section(1, 600, address="b", taken_mailbox=1, mailbox=ids[-1], trim=trim)
    assert store.commit([last]) == [CommitStatus.COMMITTED]
    kept = left(store)
    assert set(ids[299:]) <= set(kept)  # record 300 took the message of that number
    assert len(kept) <= 600 - 100  # Redis trims whole nodes, of 100 entries
    steps = [record.step for record in store.load("b", steps_after=0).records]
    assert steps[-1] == 600
    assert set(range(300, 601)) <= set(steps)
    assert len(steps) <= 600 - 100


def test_trimming_again_goes_on_from_there(store: Stage) -> None:
    ids = taken_one_by_one(store, 600)
    early = Trim(journal=150, urgent=BEGINNING, mailbox=ids[-1])
    assert store.commit([section(1, 600, address="b", trim=early, mailbox=ids[-2])]) == [
        CommitStatus.COMMITTED
    ]
    late = Trim(journal=450, urgent=BEGINNING, mailbox=ids[-1])
    assert store.commit([section(1, 601, address="b", trim=late, mailbox=ids[-2])]) == [
        CommitStatus.COMMITTED
    ]
    kept = left(store)
    assert set(ids[449:]) <= set(kept)
    assert len(kept) <= 600 - 300


def test_trimming_never_goes_further_than_it_was_told(store: Stage) -> None:
    ids = taken_one_by_one(store, 300)
    trim = Trim(journal=300, urgent=BEGINNING, mailbox=ids[49])
    assert store.commit([section(1, 300, address="b", trim=trim, mailbox=ids[-2])]) == [
        CommitStatus.COMMITTED
    ]
    assert set(ids[49:]) <= set(left(store))
