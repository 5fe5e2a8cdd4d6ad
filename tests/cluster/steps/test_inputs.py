"""Inputs on their way through a step: cursors and counts, who is named as their sender, under which key they fail."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.steps.inputs import Progress, input_key, kind_of, origin, stored_form
from cluster.steps.journal import InputKind, JournalledInput
from cluster.steps.requests import Input
from cluster.store.port import Position
from messages import codec
from messages.base import Envelope
from tests.samples import Ping, UrgentPing

pytestmark = pytest.mark.unit

START = Position(urgent="4-0", control="5-0", mailbox="6-0", venue=7)
LETTER = Envelope("operator", 1, "counter", "", "", 0, UrgentPing(number=1))


def after(*inputs: tuple[InputKind, str]) -> dict[str, Any]:
    """What two or more inputs change of a progress that begins at `START`."""
    begun, progress = Progress(START), Progress(START)
    for kind, reference in inputs:
        progress.accept(JournalledInput(kind, reference, None))
    assert [(item.kind, item.reference) for item in progress.accepted] == list(inputs)
    names = [name for name in Progress.__slots__ if name != "accepted"]
    return {
        name: getattr(progress, name) for name in names if getattr(progress, name) != getattr(begun, name)
    }


def test_progress_begins_where_the_last_commit_stood() -> None:
    begun = Progress(START)
    assert (begun.urgent, begun.control, begun.mailbox, begun.venue) == ("4-0", "5-0", "6-0", 7)
    assert (begun.taken_urgent, begun.taken_mailbox, begun.answered, begun.accepted) == (0, 0, 0, [])


@pytest.mark.parametrize(
    ("kind", "references", "changes"),
    [
        (InputKind.URGENT, ("8-0", "9-0"), {"urgent": "9-0", "taken_urgent": 2}),
        (InputKind.CONTROL, ("8-0", "9-0"), {"control": "9-0"}),
        (InputKind.MAILBOX, ("8-0", "9-0"), {"mailbox": "9-0", "taken_mailbox": 2}),
        (InputKind.RESULT, ("a", "b"), {"answered": 2}),
        (InputKind.VENUE, ("8", "9"), {"venue": 9}),
        (InputKind.TIMER, ("a", "b"), {}),
        (InputKind.OBSERVATION, ("8", "9"), {}),
        (InputKind.SIGNAL, ("8", "9"), {}),
    ],
)
def test_an_input_moves_the_cursor_of_where_it_came_from_and_no_other(
    kind: InputKind, references: tuple[str, str], changes: dict[str, Any]
) -> None:
    assert after(*[(kind, reference) for reference in references]) == changes


@pytest.mark.parametrize(
    ("kind", "sender", "name"),
    [
        (InputKind.RESULT, "venue", "result:x"),
        (InputKind.VENUE, "venue", "venue:x"),
        (InputKind.SIGNAL, "host", "signal:x"),
        (InputKind.OBSERVATION, "feed", "observation:x"),
        (InputKind.TIMER, "counter", "timer:x"),
    ],
)
def test_what_is_no_mail_has_a_sender_and_an_id_all_the_same(kind: InputKind, sender: str, name: str) -> None:
    assert origin("counter", Input(kind, "x", Ping(number=1))) == (sender, name)


def test_failures_are_counted_by_actor_input_and_firing() -> None:
    letter = Input(InputKind.MAILBOX, "2-0", LETTER)
    assert input_key("counter", letter) == "counter<-mailbox:2-0"
    timer = Input(InputKind.TIMER, "wake", Ping(number=1))
    assert input_key("counter", timer, 0) == "counter<-timer:wake@0"
    assert input_key("counter", timer, 1_000) == "counter<-timer:wake@1000"


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        (InputKind.RESULT, Ping(number=1), ("Ping", False)),
        (InputKind.URGENT, LETTER, ("UrgentPing", True)),
        (InputKind.MAILBOX, codec.encode_envelope(LETTER), ("UrgentPing", True)),
        (InputKind.MAILBOX, b"rubbish", ("undecodable", False)),
        (InputKind.URGENT, b"rubbish", ("undecodable", True)),
        (InputKind.CONTROL, b"rubbish", ("undecodable", True)),
    ],
)
def test_what_cannot_be_read_is_grave_unless_it_came_as_ordinary_mail(
    kind: InputKind, data: Any, expected: tuple[str, bool]
) -> None:
    assert kind_of(Input(kind, "1-0", data)) == expected


def test_dead_letters_keep_the_bytes_of_what_failed() -> None:
    assert stored_form(Input(InputKind.MAILBOX, "1-0", b"rubbish")) == b"rubbish"
    assert codec.decode_envelope(stored_form(Input(InputKind.MAILBOX, "1-0", LETTER))) == LETTER
    assert codec.decode(stored_form(Input(InputKind.RESULT, "1", Ping(number=1)))) == Ping(number=1)
