"""The journal's records hold any message of the desk, and damage at any byte of them is noticed and located."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.steps.journal import (
    MAIL,
    InputKind,
    JournalledInput,
    JournalRecord,
    decode_record,
    encode_record,
)
from messages import codec
from messages.control import DecisionFailed, Halt
from messages.errors import JournalCorruptError
from tests.messages.desk_types import same
from tests.messages.generators import NANOSECONDS, TEXT, messages

pytestmark = pytest.mark.property

QUICK = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

MAIL_INPUTS = st.builds(JournalledInput, st.sampled_from(sorted(MAIL)), TEXT, st.none())
OTHER_INPUTS = st.builds(JournalledInput, st.sampled_from(sorted(set(InputKind) - MAIL)), TEXT, messages())
RECORDS = st.builds(
    JournalRecord,
    step=NANOSECONDS,
    epoch=NANOSECONDS,
    now=NANOSECONDS,
    inputs=st.lists(MAIL_INPUTS | OTHER_INPUTS, max_size=3),
    events=st.lists(messages(), max_size=3),
    outputs=TEXT,
    sequence=NANOSECONDS,
    ordinal=NANOSECONDS,
    outstanding=NANOSECONDS,
    feed=NANOSECONDS,
    digest=st.none() | TEXT,
    fault=st.none() | messages(),
)
FAULT = JournalRecord(
    step=3,
    epoch=2,
    now=1_722_988_800_000_000_000,
    inputs=[JournalledInput(InputKind.CONTROL, "1722988800000-0", None)],
    events=[Halt(by="operator", reason="drill")],
    outputs="8f14e45f",
    sequence=9,
    ordinal=4,
    outstanding=1,
    feed=77,
    digest="c9f0f895fb98ab91",
    fault=DecisionFailed(input="operator#1", reason="exception:ValueError", error="told to"),
)


@given(record=RECORDS)
@QUICK
def test_a_record_of_any_step_survives_its_stored_form(record: JournalRecord) -> None:
    stored = encode_record(record)
    read = decode_record(stored, where="journal")
    assert same(read, record)
    assert encode_record(read) == stored


@given(record=RECORDS, data=st.data())
@QUICK
def test_damage_anywhere_in_a_record_is_noticed_and_located(
    record: JournalRecord, data: st.DataObject
) -> None:
    stored = bytearray(encode_record(record))
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(JournalCorruptError, match=r"journal:risk step 3: .*checksum.*restore"):
        decode_record(bytes(stored), where="journal:risk step 3")


def test_any_flipped_bit_of_a_record_is_noticed() -> None:
    stored = encode_record(FAULT)
    for position in range(len(stored)):
        for bit in range(8):
            damaged = bytearray(stored)
            damaged[position] ^= 1 << bit
            with pytest.raises(JournalCorruptError):
                decode_record(bytes(damaged), where="journal")


def test_a_record_that_is_cut_off_or_run_on_is_noticed() -> None:
    stored = encode_record(FAULT)
    for length in range(len(stored)):
        with pytest.raises(JournalCorruptError):
            decode_record(stored[:length], where="journal")
    with pytest.raises(JournalCorruptError):
        decode_record(stored + b"\x00", where="journal")


@given(data=st.binary(max_size=100))
@QUICK
def test_random_bytes_are_no_record(data: bytes) -> None:
    with pytest.raises(JournalCorruptError):
        decode_record(data, where="journal")


def test_a_sound_record_with_a_message_of_other_code_is_refused_with_its_place() -> None:
    document = codec.unpack(encode_record(FAULT)[16:])
    document[5] = [["Telegram", 1, {}]]
    body = codec.pack(document)
    with pytest.raises(JournalCorruptError, match=r"journal:risk: .*Telegram.*run the version that wrote it"):
        decode_record(codec.digest(body)[:16].encode() + body, where="journal:risk")


@pytest.mark.parametrize("document", [None, [], [1, 2], ["x"] * 13, {}], ids=str)
def test_a_sound_checksum_over_something_else_is_no_record(document: object) -> None:
    body = codec.pack(document)
    with pytest.raises(JournalCorruptError, match="somewhere"):
        decode_record(codec.digest(body)[:16].encode() + body, where="somewhere")
