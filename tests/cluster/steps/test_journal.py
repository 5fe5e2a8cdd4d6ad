"""The stored form of journal records: every part of every kind of input comes back, and what can't be read says why."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cluster.steps.journal import InputKind, JournalledInput, JournalRecord, decode_record, encode_record
from messages import codec
from messages.base import Message
from messages.errors import CodecError, JournalCorruptError
from tests.samples import Answer, Counted, Ping, WakeUp

pytestmark = pytest.mark.unit

BY_VALUE: dict[InputKind, Message] = {
    InputKind.RESULT: Answer(number=3),
    InputKind.TIMER: WakeUp(number=4),
    InputKind.OBSERVATION: Ping(number=5),
    InputKind.SIGNAL: Ping(number=6),
    InputKind.VENUE: Ping(number=7),
}
"""What is journalled with its content; mail is named by its stream id."""

INPUTS = [JournalledInput(kind, f"reference {kind}", BY_VALUE.get(kind)) for kind in InputKind]
RECORD = JournalRecord(3, 2, 7, INPUTS, [Counted(number=1), Counted(number=2)], "hash", 4, 5, 6, 9, "digest")


def parts(record: JournalRecord = RECORD) -> list[Any]:
    """The parts of the stored form, without its checksum."""
    return codec.unpack(encode_record(record)[16:])  # type: ignore[no-any-return]


def stored(document: Any) -> bytes:
    """A sound stored form of any content."""
    body = codec.pack(document)
    return codec.digest(body)[:16].encode() + body


@pytest.mark.parametrize("kind", InputKind)
def test_inputs_of_every_kind_come_back_as_they_were_taken(kind: InputKind) -> None:
    record = msgspec.structs.replace(RECORD, inputs=[INPUTS[kind]])
    [item] = decode_record(encode_record(record), where="here").inputs
    assert item == INPUTS[kind]
    assert item.kind is kind


@pytest.mark.parametrize("fault", [None, Ping(number=8)])
@pytest.mark.parametrize("digest", [None, "digest"])
def test_every_part_of_a_record_comes_back(fault: Message | None, digest: str | None) -> None:
    record = msgspec.structs.replace(RECORD, fault=fault, digest=digest)
    assert decode_record(encode_record(record), where="here") == record


def test_the_stored_form_is_a_list_that_begins_with_its_version() -> None:
    """Other tools read it; old journals must stay readable."""
    assert parts()[:4] == [1, 3, 2, 7]
    assert parts()[4][:2] == [[0, "reference 0", None], [1, "reference 1", None]]
    assert parts()[6:] == ["hash", 4, 5, 6, 9, "digest", None]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (parts()[:-1], "a journal record has 13 parts (found 12)"),
        ([*parts(), None], "a journal record has 13 parts (found 14)"),
        (["1", *parts()[1:]], "a journal record has 13 parts (found 13)"),
        ([2, *parts()[1:]], "version: journal record of a newer version (found 2)"),
        ([], "out of range"),
        (7, "not subscriptable"),
        ([*parts()[:4], [[8, "x", None]], *parts()[5:]], "8 is not a valid InputKind"),
    ],
)
def test_a_sound_record_of_the_wrong_shape_says_what_and_where(document: Any, why: str) -> None:
    with pytest.raises(JournalCorruptError, match="can't be read") as caught:
        decode_record(stored(document), where="journal:x step 3")
    assert why in caught.value.message
    assert caught.value.field == "journal:x step 3"
    assert caught.value.remedy
    if isinstance(caught.value.__cause__, CodecError):
        assert caught.value.__cause__.field in ("record", "version")


def test_a_damaged_record_says_where_and_what_to_do() -> None:
    with pytest.raises(JournalCorruptError, match="checksum") as caught:
        decode_record(b"0" * 16 + encode_record(RECORD)[16:], where="journal:x step 3")
    assert caught.value.field == "journal:x step 3"
    assert caught.value.remedy
