"""Bytes that are damaged, foreign or hostile: decoding ends in a `CodecError` of its own family, or in a message."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messages import codec
from messages.base import Envelope, Message
from messages.control import Halt
from messages.errors import CodecError, MessageFieldError
from messages.order_events import OrderOverfilled
from tests.messages.desk_types import desk_types
from tests.messages.generators import PLAIN, TEXT, envelopes, messages

pytestmark = pytest.mark.property

FUZZ = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
HALT = codec.encode(Halt(by="operator", reason="drill", flatten=True))
UNDER_WAY = codec.encode_envelope(Envelope("operator", 1, "control", "", "", 5, Halt(by="x", reason="y")))
READERS = pytest.mark.parametrize(
    ("read", "stored"),
    [(codec.decode, HALT), (codec.decode_envelope, UNDER_WAY)],
    ids=["message", "envelope"],
)
Reader = Callable[[bytes], object]


def read_or_refuse(read: Reader, data: bytes) -> object | None:
    """What was read, None when it was refused in good order; every other exception fails the test.

    A refusal must also be printable: whoever catches it logs it.
    """
    try:
        return read(data)
    except CodecError as error:
        refusal = str(error)
    assert 0 < len(refusal) < 2_000
    return None


@READERS
@given(data=st.binary(max_size=200))
@FUZZ
def test_random_bytes_are_refused(read: Reader, stored: bytes, data: bytes) -> None:
    assert read_or_refuse(read, data) is None


@given(message=messages(), data=st.data())
@FUZZ
def test_a_damaged_message_is_refused_or_read_as_one(message: Message, data: st.DataObject) -> None:
    stored = bytearray(codec.encode(message))
    for _ in range(data.draw(st.integers(1, 3))):
        stored[data.draw(st.integers(0, len(stored) - 1))] = data.draw(st.integers(0, 255))
    read = read_or_refuse(codec.decode, bytes(stored))
    assert read is None or isinstance(read, Message)


@given(envelope=envelopes(messages()), data=st.data())
@FUZZ
def test_a_damaged_envelope_is_refused_or_read_as_one(envelope: Envelope, data: st.DataObject) -> None:
    stored = bytearray(codec.encode_envelope(envelope))
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= data.draw(st.integers(1, 255))
    read = read_or_refuse(codec.decode_envelope, bytes(stored))
    assert read is None or isinstance(read, Envelope)


@given(
    name=st.one_of(st.sampled_from([kind.__name__ for kind in desk_types()]), TEXT),
    version=st.one_of(st.just(1), PLAIN),
    fields=PLAIN,
)
@FUZZ
def test_any_well_formed_document_is_refused_or_read(name: str, version: object, fields: object) -> None:
    read = read_or_refuse(codec.decode, codec.pack([name, version, fields]))
    assert read is None or isinstance(read, Message)


@given(message=messages(), replacement=PLAIN, data=st.data())
@FUZZ
def test_any_value_in_any_field_is_refused_or_read(
    message: Message, replacement: object, data: st.DataObject
) -> None:
    document = codec.message_to_plain(message)
    if document[2]:
        document[2][data.draw(st.sampled_from(sorted(document[2])))] = replacement
    read = read_or_refuse(codec.decode, codec.pack(document))
    assert read is None or type(read) is type(message)


@READERS
def test_a_stored_form_cut_off_anywhere_is_refused(read: Reader, stored: bytes) -> None:
    for length in range(len(stored)):
        with pytest.raises(CodecError):
            read(stored[:length])


@READERS
@pytest.mark.parametrize("garbage", [b"\x00", b"\xc0", b"\xff" * 9])
def test_bytes_behind_the_end_are_refused(read: Reader, stored: bytes, garbage: bytes) -> None:
    with pytest.raises(CodecError, match="not a MessagePack document"):
        read(stored + garbage)


LYING_LENGTHS = {
    "array": b"\xdd\xff\xff\xff\xff",
    "map": b"\xdf\xff\xff\xff\xff",
    "text": b"\xdb\xff\xff\xff\xff",
    "bytes": b"\xc6\xff\xff\xff\xff",
    "extension": b"\xc9\xff\xff\xff\xff\x01",
    "text in a message": b"\x93\xdb\x7f\xff\xff\xffHalt",
    "fields of a message": codec.pack(["Halt", 1, {}])[:-1] + b"\xdf\x7f\xff\xff\xff",
}


@READERS
@pytest.mark.parametrize("data", LYING_LENGTHS.values(), ids=LYING_LENGTHS)
def test_a_length_that_is_not_there_is_refused_without_reserving_it(
    read: Reader, stored: bytes, data: bytes
) -> None:
    with pytest.raises(CodecError):
        read(data)


def nested(depth: int) -> bytes:
    """A list in a list, so many times."""
    return b"\x91" * depth + b"\xc0"


DEEP = {
    "document": lambda depth: nested(depth),
    "type": lambda depth: b"\x93" + nested(depth) + b"\x01\x80",
    "version": lambda depth: b"\x93" + codec.pack("Halt") + nested(depth) + b"\x80",
    "fields": lambda depth: b"\x93" + codec.pack("Halt") + b"\x01" + nested(depth),
    "field": lambda depth: b"\x93" + codec.pack("Halt") + b"\x01\x81" + codec.pack("by") + nested(depth),
    "sender": lambda depth: b"\x97" + nested(depth) + UNDER_WAY[UNDER_WAY.index(b"\x01") :],
}


@pytest.mark.parametrize("read", [codec.decode, codec.decode_envelope], ids=["message", "envelope"])
@pytest.mark.parametrize("build", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("depth", [100, 900, 1_000, 1_020, 1_024, 5_000, 100_000])
def test_nesting_is_refused_at_any_depth_and_the_refusal_can_be_printed(
    read: Reader, build: Callable[[int], bytes], depth: int
) -> None:
    assert read_or_refuse(read, build(depth)) is None


@pytest.mark.parametrize("key", [b"\x90", b"\x80", b"\x91\x01"], ids=["list", "map", "list of one"])
def test_a_map_whose_key_is_no_scalar_is_refused(key: bytes) -> None:
    with pytest.raises(CodecError, match=r"not a MessagePack document|Expected `str` - at `key`"):
        codec.decode(b"\x93" + codec.pack("Halt") + b"\x01\x81" + key + b"\x01")


# --- extension types ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 2, 42, 127])
def test_an_unknown_extension_type_is_named(code: int) -> None:
    data = msgpack.packb(["Halt", 1, {"by": msgpack.ExtType(code, b"x"), "reason": ""}])
    with pytest.raises(CodecError, match=f"unknown MessagePack extension type .found {code}"):
        codec.decode(data)


def test_msgpacks_own_timestamp_is_not_a_time_of_the_desk() -> None:
    with pytest.raises(MessageFieldError, match=r"\$.life"):
        codec.decode(msgpack.packb(["GraceOver", 1, {"life": msgpack.Timestamp(5, 0)}]))


@pytest.mark.parametrize("text", [b"", b"ten", b"1,5", b"0x10", b"1.2.3", b"\xff", "٣".encode()])
def test_a_decimal_that_is_no_number_is_refused_with_its_text(text: bytes) -> None:
    fields = {
        "client_order_id": "c",
        "quantity": msgpack.ExtType(1, text),
        "filled": msgpack.ExtType(1, b"1"),
    }
    with pytest.raises(CodecError, match="not a decimal number"):
        codec.decode(msgpack.packb(["OrderOverfilled", 1, fields]))


def test_a_decimal_is_read_from_its_text_alone() -> None:
    fields = {
        "client_order_id": "c",
        "quantity": msgpack.ExtType(1, b"0.30"),
        "filled": msgpack.ExtType(1, b"-1E+2"),
    }
    assert codec.decode(msgpack.packb(["OrderOverfilled", 1, fields])) == OrderOverfilled(
        client_order_id="c", quantity=Decimal("0.30"), filled=Decimal("-1E+2")
    )
