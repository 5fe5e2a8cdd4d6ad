"""Every message of the desk survives its stored form to the last digit, and plain msgpack can open it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messages import codec
from messages.base import Envelope, Message
from messages.order_events import OrderOverfilled
from tests.messages.desk_types import desk_types, same
from tests.messages.generators import DECIMALS, PLAIN, envelopes, instances, messages

pytestmark = pytest.mark.property

QUICK = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
THOROUGH = settings(QUICK, max_examples=40)


def is_left_out(value: msgspec.Struct, name: str) -> bool:
    """Whether a field stands at its default in a struct that leaves those out."""
    if not value.__struct_config__.omit_defaults:
        return False
    defaults = {each.name: each.default for each in msgspec.structs.fields(value)}
    return defaults[name] is not msgspec.NODEFAULT and getattr(value, name) is defaults[name]


def in_plain_msgpack(value: Any, as_text: bool = False) -> Any:
    """What the plain msgpack package is to show for a value; written without the codec, to judge it."""
    if isinstance(value, msgspec.Struct):
        fields = {
            name: in_plain_msgpack(getattr(value, name), as_text)
            for name in value.__struct_fields__
            if not is_left_out(value, name)
        }
        return list(fields.values()) if value.__struct_config__.array_like else fields
    if isinstance(value, Decimal):
        return str(value) if as_text else msgpack.ExtType(1, str(value).encode())
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: in_plain_msgpack(inner, as_text) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [in_plain_msgpack(inner, as_text) for inner in value]
    return value


@pytest.mark.parametrize("kind", desk_types(), ids=lambda kind: kind.__name__)
@given(data=st.data())
@QUICK
def test_a_message_survives_its_stored_form(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(instances(kind))
    stored = codec.encode(message)
    read = codec.decode(stored)
    assert type(read) is kind
    assert same(read, message)
    assert codec.encode(read) == stored
    document = msgpack.unpackb(stored)
    expected = in_plain_msgpack(message, kind.decimals_as_text)
    assert same(document, [kind.__name__, kind.schema_version, expected])
    assert stored == codec.pack(codec.message_to_plain(message))


@given(envelope=envelopes(messages()))
@THOROUGH
def test_a_message_under_way_survives_its_stored_form(envelope: Envelope) -> None:
    stored = codec.encode_envelope(envelope)
    read = codec.decode_envelope(stored)
    assert same(read, envelope)
    assert read.id == envelope.id
    *head, body = msgpack.unpackb(stored)
    assert head == [
        envelope.sender,
        envelope.sequence,
        envelope.recipient,
        envelope.cause,
        envelope.cycle,
        envelope.sent_at,
    ]
    assert body[0] == type(envelope.message).__name__


@given(value=PLAIN)
@THOROUGH
def test_plain_values_survive_packing(value: object) -> None:
    assert same(codec.unpack(codec.pack(value)), value)


@given(amount=DECIMALS)
@THOROUGH
def test_an_amount_keeps_its_digits_its_exponent_and_its_sign(amount: Decimal) -> None:
    message = OrderOverfilled(client_order_id="c", quantity=amount, filled=-amount)
    read = codec.decode(codec.encode(message))
    assert isinstance(read, OrderOverfilled)
    assert read.quantity.as_tuple() == amount.as_tuple()
    assert read.filled.as_tuple() == message.filled.as_tuple()


@pytest.mark.parametrize("text", ["0", "-0", "0.00", "-0E-8", "1E+3", "1000", "1.10", "1E-40", "9" * 60])
def test_amounts_that_are_equal_but_written_differently_stay_different(text: str) -> None:
    assert str(codec.unpack(codec.pack(Decimal(text)))) == text


@given(one=messages(), other=messages())
@THOROUGH
def test_the_digest_tells_messages_and_their_order_apart(one: Message, other: Message) -> None:
    assert codec.digest_messages([one, other]) == codec.digest_messages([one, other])
    assert codec.digest_messages([one]) != codec.digest_messages([one, other])
    if not same(one, other):
        assert codec.digest_messages([one, other]) != codec.digest_messages([other, one])


def test_the_digest_knows_where_one_part_ends_and_the_next_begins() -> None:
    assert codec.digest(b"ab", b"c") != codec.digest(b"a", b"bc") != codec.digest(b"abc")
    assert len(codec.digest()) == 64
