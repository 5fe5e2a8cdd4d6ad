"""What does not fit is refused with the field, what was found there, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgpack
import pytest

from messages import codec
from messages.base import Envelope, Message, message_type
from messages.child_specs import ChildKind
from messages.control import Halt
from messages.errors import (
    CodecError,
    MessageFieldError,
    OversizeMessageError,
    SchemaVersionError,
    UnknownMessageTypeError,
)
from messages.intents import (
    CheckResult,
    IntentRejected,
    OrderIntent,
    OrderTerms,
    OrderType,
    Purpose,
    Side,
    Verdict,
)
from messages.order_events import OrderOverfilled
from messages.portfolio import IntentDecided
from messages.reasons import Layer, Reason
from messages.supervision import GraceOver, StartChild

pytestmark = pytest.mark.unit

INTENT = OrderIntent(
    strategy="trend",
    terms=OrderTerms(
        symbol="BTC-USDT",
        venue="paper",
        side=Side.BUY,
        quantity=Decimal("0.250"),
        order_type=OrderType.LIMIT,
        worst_price=Decimal("61000.5"),
        deadline=1_722_988_800_000_000_000,
    ),
    quote=None,
    reason="signal",
)
REJECTED = IntentRejected(
    intent_id="strategy/BTC-USDT#7",
    reason=Reason.DRAWDOWN,
    layer=Layer.RISK,
    checks=(CheckResult(check="drawdown", limit=Decimal(5), observed=Decimal(6), reason=Reason.DRAWDOWN),),
)
OVERFILLED = OrderOverfilled(client_order_id="c", quantity=Decimal(1), filled=Decimal(2))
DECIDED = IntentDecided(
    intent_id="strategy/BTC-USDT#7",
    requester="strategy/BTC-USDT",
    strategy="trend",
    venue="paper",
    symbol="BTC-USDT",
    side=Side.BUY,
    purpose=Purpose.ENTRY,
    requested=Decimal("0.250"),
    quantity=Decimal(0),
    price=Decimal("61000.5"),
    multiplier=Decimal(1),
    verdict=Verdict.REJECTED,
    reason=Reason.DRAWDOWN,
    mode_version=1,
    increases_exposure=True,
    submit_id=None,
    checks=REJECTED.checks,
    time=1_722_988_800_000_000_000,
)


def stored_with(message: Message, path: str, value: object) -> bytes:
    """The stored form of `message` with another value at a dotted path; list positions are numbers."""
    document = codec.message_to_plain(message)
    *parents, last = path.split(".")
    place: Any = document[2]
    for step in parents:
        place = place[int(step)] if isinstance(place, list | tuple) else place[step]
    place[last] = value
    return codec.pack(document)


def stored_without(message: Message, name: str) -> bytes:
    """The stored form of `message` without one of its fields."""
    document = codec.message_to_plain(message)
    del document[2][name]
    return codec.pack(document)


# --- the type -------------------------------------------------------------------------------------------------


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(UnknownMessageTypeError, match=r"type: .*'Telegram'.*upgrade this process") as caught:
        codec.decode(codec.pack(["Telegram", 1, {}]))
    assert (caught.value.field, caught.value.value) == ("type", "Telegram")


def test_the_name_of_an_unknown_type_is_shown_only_so_far() -> None:
    with pytest.raises(UnknownMessageTypeError) as caught:
        codec.decode(codec.pack(["T" * 100_000, 1, {}]))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "document",
    [None, 7, "Halt", [], ["Halt", 1], ["Halt", 1, {}, {}], {"Halt": 1}, [1, 1, {}], [None, 1, {}]],
)
def test_what_is_not_a_message_is_refused(document: object) -> None:
    with pytest.raises(CodecError, match="a message is"):
        codec.decode(codec.pack(document))


# --- fields ---------------------------------------------------------------------------------------------------

WRONG_FIELDS: list[tuple[Message, str, object, str]] = [
    (INTENT, "strategy", 5, r"OrderIntent: Expected `str`, got `int` - at `\$.strategy`"),
    (INTENT, "reason", None, r"Expected `str`, got `null` - at `\$.reason`"),
    (INTENT, "confidence", "high", r"Expected `float \| null`, got `str` - at `\$.confidence`"),
    (INTENT, "terms", [], r"Expected `object`, got `array` - at `\$.terms`"),
    (INTENT, "terms.quantity", 0.25, r"Expected `decimal`, got `float` - at `\$.terms.quantity`"),
    (INTENT, "terms.quantity", "a lot", r"Invalid decimal string - at `\$.terms.quantity`"),
    (OVERFILLED, "quantity", "0.25", r"Expected `decimal`, got `str` - at `\$.quantity`"),
    (INTENT, "terms.deadline", Decimal(1), r"Expected `int`, got `decimal` - at `\$.terms.deadline`"),
    (INTENT, "terms.deadline", 1.5, r"Expected `int`, got `float` - at `\$.terms.deadline`"),
    (INTENT, "terms.deadline", True, r"Expected `int`, got `bool` - at `\$.terms.deadline`"),
    (INTENT, "terms.post_only", 1, r"Expected `bool`, got `int` - at `\$.terms.post_only`"),
    (INTENT, "terms.side", "hold", r"Invalid enum value 'hold' - at `\$.terms.side`"),
    (INTENT, "terms.leverage", 20, r"unknown field `leverage` - at `\$.terms`"),
    (INTENT, "leverage", 20, r"OrderIntent: Object contains unknown field `leverage`"),
    (REJECTED, "checks.0.at_least", "no", r"Expected `bool`, got `str` - at `\$.checks\[(0|...)\].at_least`"),
    (REJECTED, "checks.0.room", "5", r"unknown field `room` - at `\$.checks\[(0|...)\]`"),
    (
        REJECTED,
        "checks.0.limit",
        0.1,
        r"Expected `decimal`, got `float` - at `\$.checks\[(0|...)\].limit`",
    ),
    (DECIDED, "quantity", 0.1, "Expected `decimal`, got `float`"),
    (DECIDED, "checks.0.limit", 0.1, "Expected `decimal`, got `float`"),
    (DECIDED, "checks.0.limit", "a lot", r"Invalid decimal string - at `\$.checks\[(0|...)\].limit`"),
    (DECIDED, "checks.0.limit", b"0.1", r"Expected `int \| decimal \| null`, got `bytes`"),
]


@pytest.mark.parametrize(("message", "path", "value", "complaint"), WRONG_FIELDS)
def test_a_field_that_does_not_fit_is_named_by_its_path(
    message: Message, path: str, value: object, complaint: str
) -> None:
    with pytest.raises(MessageFieldError, match=complaint) as caught:
        codec.decode(stored_with(message, path, value))
    assert caught.value.field == type(message).__name__
    assert caught.value.remedy


def test_a_message_under_way_with_a_float_for_a_decimal_is_refused() -> None:
    stored = codec.unpack(codec.encode_envelope(Envelope("strategy", 1, "risk", "c", "c", 5, INTENT)))
    stored[6][2]["terms"]["quantity"] = 0.25
    with pytest.raises(MessageFieldError, match=r"Expected `decimal`, got `float` - at `\$.terms.quantity`"):
        codec.decode_envelope(codec.pack(stored))


def test_decimals_that_are_stored_as_text_are_read_as_the_extension_type_too() -> None:
    read = codec.decode(stored_with(DECIDED, "checks.0.limit", Decimal("0.10")))
    assert isinstance(read, IntentDecided)
    assert str(read.checks[0].limit) == "0.10"


@pytest.mark.parametrize("name", ["strategy", "terms", "quote", "reason"])
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(MessageFieldError, match=f"missing required field `{name}`"):
        codec.decode(stored_without(INTENT, name))


def test_a_field_with_a_default_may_be_missing() -> None:
    assert codec.decode(stored_without(INTENT, "confidence")) == INTENT


@pytest.mark.parametrize("fields", [None, [], "x", 3])
def test_fields_are_a_map(fields: object) -> None:
    with pytest.raises(MessageFieldError, match="malformed"):
        codec.decode(codec.pack(["Halt", 1, fields]))


# --- the envelope ---------------------------------------------------------------------------------------------

ENVELOPE = Envelope("strategy/BTC-USDT", 7, "risk", "strategy/BTC-USDT#6", "strategy/BTC-USDT#1", 5, INTENT)
HEAD = ("sender", "sequence", "recipient", "cause", "cycle", "sent_at")


@pytest.mark.parametrize(("position", "name"), list(enumerate(HEAD)))
@pytest.mark.parametrize("value", [None, 1.5, True, [], {}])
def test_a_head_that_does_not_fit_is_named(position: int, name: str, value: object) -> None:
    document = codec.unpack(codec.encode_envelope(ENVELOPE))
    document[position] = value
    with pytest.raises(MessageFieldError, match=f"envelope.{name}: must be"):
        codec.decode_envelope(codec.pack(document))


@pytest.mark.parametrize("document", [None, [], ["risk"], list(range(8)), codec.message_to_plain(INTENT)])
def test_what_is_not_an_envelope_is_refused(document: object) -> None:
    with pytest.raises(CodecError, match="seven parts"):
        codec.decode_envelope(codec.pack(document))


def test_an_envelope_around_a_bad_message_is_refused_for_the_message() -> None:
    document = codec.unpack(codec.encode_envelope(ENVELOPE))
    document[6][0] = "Telegram"
    with pytest.raises(UnknownMessageTypeError):
        codec.decode_envelope(codec.pack(document))


# --- schema versions ------------------------------------------------------------------------------------------


def test_a_newer_schema_version_is_refused_with_both_versions() -> None:
    document = codec.message_to_plain(INTENT)
    known = OrderIntent.schema_version
    document[1] = known + 1
    complaint = f"schema version {known + 1}, this code knows up to {known}"
    with pytest.raises(SchemaVersionError, match=complaint) as caught:
        codec.decode(codec.pack(document))
    assert (caught.value.field, caught.value.value) == ("OrderIntent", known + 1)


@pytest.mark.parametrize("version", [0, -1, None, "1", 1.0, True])
def test_a_schema_version_is_a_whole_number_from_one_on(version: object) -> None:
    document = codec.message_to_plain(INTENT)
    document[1] = version
    with pytest.raises(MessageFieldError, match="schema version"):
        codec.decode(codec.pack(document))


@pytest.fixture
def toll(own_register: None) -> type[Message]:
    """A type whose schema has changed once: version 1 had cents as a whole number."""

    @message_type
    class Toll(Message, frozen=True):
        schema_version = 2

        amount: Decimal
        payer: str | None = None

        @classmethod
        def upgrade(cls, version: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
            """Cents became a decimal amount."""
            kept = {name: value for name, value in fields.items() if name != "cents"}
            return {**kept, "amount": Decimal(fields["cents"]).scaleb(-2)}

    return Toll


def test_an_older_record_is_lifted(toll: type[Message]) -> None:
    assert codec.decode(codec.pack(["Toll", 1, {"cents": 1250, "payer": "desk"}])) == toll(
        amount=Decimal("12.50"), payer="desk"
    )


def test_a_lifted_record_is_written_again_under_the_current_version(toll: type[Message]) -> None:
    lifted = codec.decode(codec.pack(["Toll", 1, {"cents": 1250}]))
    assert msgpack.unpackb(codec.encode(lifted))[:2] == ["Toll", 2]
    assert codec.decode(codec.encode(lifted)) == lifted


def test_a_current_record_is_not_lifted(toll: type[Message]) -> None:
    assert codec.decode(codec.pack(["Toll", 2, {"amount": Decimal("1.5")}])) == toll(amount=Decimal("1.5"))
    with pytest.raises(MessageFieldError, match="unknown field `cents`"):
        codec.decode(codec.pack(["Toll", 2, {"cents": 1250}]))


def test_what_a_lift_leaves_is_validated(toll: type[Message]) -> None:
    with pytest.raises(MessageFieldError, match=r"at `\$.payer`"):
        codec.decode(codec.pack(["Toll", 1, {"cents": 1250, "payer": 7}]))


@pytest.mark.parametrize("fields", [{}, {"cents": "many"}, {"cents": []}, {"cents": None}])
def test_a_record_that_can_not_be_lifted_is_refused(toll: type[Message], fields: dict[str, object]) -> None:
    with pytest.raises(MessageFieldError, match="Toll: a record of schema version 1 can't be lifted to 2"):
        codec.decode(codec.pack(["Toll", 1, fields]))


# --- size and values ------------------------------------------------------------------------------------------


def halt_of(size: int) -> Halt:
    """A `Halt` whose stored form has `size` bytes."""
    empty = len(codec.encode(Halt(by="x", reason="y" * 70_000))) - 70_000
    return Halt(by="x", reason="y" * (size - empty))


def test_a_message_of_the_largest_size_is_written() -> None:
    assert len(codec.encode(halt_of(codec.MAX_BYTES))) == codec.MAX_BYTES


def test_a_larger_message_is_refused_with_its_size() -> None:
    with pytest.raises(OversizeMessageError, match=r"Halt: .*1048577.*send a reference"):
        codec.encode(halt_of(codec.MAX_BYTES + 1))


def test_the_envelope_counts_towards_the_size() -> None:
    envelope = Envelope("operator", 1, "control", "", "", 0, halt_of(codec.MAX_BYTES))
    with pytest.raises(OversizeMessageError, match="Halt"):
        codec.encode_envelope(envelope)


def start_with(value: object) -> StartChild:
    """A message with a field that may hold anything plain."""
    return StartChild(child="risk", attempt=1, life=1, kind=ChildKind.ACTOR, arguments={"value": value})


@pytest.mark.parametrize("value", [object(), 1j, {object(): 1}], ids=["object", "complex", "key"])
def test_a_value_without_a_stored_form_is_refused_when_written(value: object) -> None:
    with pytest.raises(CodecError, match="no stored form"):
        codec.encode(start_with(value))


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1])
def test_an_integer_beyond_64_bits_is_refused_when_written(number: int) -> None:
    with pytest.raises(CodecError, match=f"no stored form.*{number}"):
        codec.encode(GraceOver(life=number))


def test_text_that_is_not_unicode_is_refused_when_written() -> None:
    with pytest.raises(CodecError, match="surrogates not allowed"):
        codec.encode(Halt(by="operator", reason="a name from a broken file system: \udcff"))


def test_a_value_nested_beyond_all_measure_is_refused_when_written() -> None:
    value: list[Any] = []
    for _ in range(5_000):
        value = [value]
    with pytest.raises(CodecError, match="no stored form"):
        codec.encode(start_with(value))
