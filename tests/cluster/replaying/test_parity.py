"""Parity: two runs are one when they traded the same, and a run that traded nothing is no proof."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.observe.fingerprint import fingerprint
from cluster.observe.projection import Projection
from cluster.replaying.export_file import write_export
from cluster.replaying.parity import first_difference, parity, run_in_file, run_recorded
from cluster.replaying.recorded import Recorded
from messages.errors import ConfigurationError, JournalCorruptError
from messages.order_events import FillReceived
from tests.cluster.replaying.sessions import short_session, with_actor, with_record

pytestmark = pytest.mark.unit


def summary(path: Path, **fields: Any) -> Path:
    """A run's summary as JSON."""
    path.write_text(json.dumps(fields))
    return path


def with_another_fee(recorded: Recorded) -> Recorded:
    """The same recording, with another fee on the last fill."""
    records = recorded.actors["execution/paper"].records()
    for record in reversed(records):
        for index, event in enumerate(record.events):
            if isinstance(event, FillReceived):
                fill = msgspec.structs.replace(event.fill, fee=event.fill.fee + 1)
                events = list(record.events)
                events[index] = msgspec.structs.replace(event, fill=fill)
                return with_record(
                    recorded, "execution/paper", msgspec.structs.replace(record, events=events)
                )
    raise AssertionError("nothing was filled")


def test_the_fingerprint_is_that_of_the_projection(recorded: Recorded) -> None:
    projection = Projection()
    for address, actor in recorded.actors.items():
        for record in actor.records():
            projection.apply(address, record)
    run = run_recorded(recorded, "here")
    assert run.fingerprint == fingerprint(projection)
    assert (run.order_count, run.fill_count) == (projection.orders.orders_seen, projection.orders.fills_seen)
    assert run.fill_count
    assert run.complete


def test_a_run_and_its_export_are_equal(recorded: Recorded, tmp_path: Path) -> None:
    write_export(recorded, tmp_path / "desk.export")
    document = parity(run_recorded(recorded, "here"), run_in_file(tmp_path / "desk.export"))
    assert (document.equal, document.difference) == (True, None)


def test_two_runs_of_the_same_session_are_equal(recorded: Recorded, tmp_path: Path) -> None:
    assert parity(run_recorded(recorded, "a"), run_recorded(short_session(tmp_path), "b")).equal


def test_the_first_fill_that_differs_is_shown(recorded: Recorded) -> None:
    document = parity(run_recorded(recorded, "a"), run_recorded(with_another_fee(recorded), "b"))
    assert not document.equal
    assert document.difference is not None
    assert document.difference.kind == "fill"
    first, second = document.difference.first, document.difference.second
    assert first is not None
    assert second is not None
    assert {name for name in first if first[name] != second[name]} == {"fee"}


def test_a_run_that_stops_early_lacks_an_order(recorded: Recorded, tmp_path: Path) -> None:
    shorter = run_recorded(short_session(tmp_path, seconds=6), "b")
    difference = first_difference(run_recorded(recorded, "a"), shorter)
    assert difference is not None
    assert (difference.kind, difference.first is None) == ("order", False)


def test_a_summary_is_compared_by_its_fingerprint(recorded: Recorded, tmp_path: Path) -> None:
    run = run_recorded(recorded, "a")
    same = summary(
        tmp_path / "same.json", fingerprint=run.fingerprint, orders={"filled": 3, "cancelled": 1}, fills=3
    )
    other = summary(tmp_path / "other.json", fingerprint="0" * 64, orders={"filled": 3}, fills=3)
    assert parity(run, run_in_file(same)).equal
    assert run_in_file(same).order_count == 4
    document = parity(run, run_in_file(other))
    assert (document.equal, document.difference) == (False, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"fingerprint": hashlib.sha256(2 * hashlib.sha256(b"").digest()).hexdigest()},
        {"fingerprint": "1" * 64, "orders": {}, "fills": 0},
        {"fingerprint": "1" * 64, "orders": [], "fills": []},
    ],
)
def test_a_run_that_traded_nothing_equals_nothing(tmp_path: Path, fields: dict[str, Any]) -> None:
    run = run_in_file(summary(tmp_path / "empty.json", **fields))
    document = parity(run, run)
    assert (document.first.empty, document.equal) == (True, False)


def test_a_recording_without_orders_is_empty(recorded: Recorded) -> None:
    run = run_recorded(msgspec.structs.replace(recorded, actors={}), "nothing")
    assert run.empty
    assert not parity(run, run).equal


def test_a_journal_without_its_beginning_is_said_to_be_incomplete(recorded: Recorded) -> None:
    journal = recorded.actors["execution/paper"].journal
    assert not run_recorded(with_actor(recorded, "execution/paper", journal=journal[5:]), "b").complete


def test_a_report_is_compared_by_its_runs_fingerprint(recorded: Recorded, tmp_path: Path) -> None:
    run = run_recorded(recorded, "export")
    report = summary(
        tmp_path / "report.json",
        run={"fingerprint": run.fingerprint},
        orders={"intents": 9, "placed": 4},
        fills=3,
    )
    found = run_in_file(report)
    assert (found.order_count, found.fill_count) == (4, 3)
    assert parity(run, found).equal


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"fingerprint": 3}', '{"run": {}}'])
def test_a_file_that_is_no_run_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"odd\.json"):
        run_in_file(path)


def test_a_damaged_record_is_an_error(recorded: Recorded) -> None:
    journal = list(recorded.actors["risk"].journal)
    journal[4] = (journal[4][0], b"rubbish")
    with pytest.raises(JournalCorruptError, match="step 5"):
        run_recorded(with_actor(recorded, "risk", journal=tuple(journal)), "b")
