"""The stored and wire form of messages: MessagePack that any plain msgpack reader can open.

A message is `[type name, schema version, {field: value}]`. Decimals travel as extension type 1 (their text), or as
text alone in messages that say so, so that money never passes through a float. Decoding validates by type; what does
not fit is a clear error.
"""

from __future__ import annotations

import hashlib
import reprlib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeVar

import msgpack
import msgspec

from messages.base import Envelope, Message, registered_types
from messages.decimal_fields import float_finder, is_packed_at_once
from messages.errors import (
    CodecError,
    MessageFieldError,
    OversizeMessageError,
    SchemaVersionError,
    UnknownMessageTypeError,
)

MAX_BYTES = 1_048_576
"""Largest encoded message a mailbox takes, in bytes."""

_DECIMAL_EXTENSION = 1
_BUILTIN = (Decimal, bytes)
_STORED = (*_BUILTIN, bytearray)
"""What goes into the store as it is; what was a bytearray, a memory in use, comes back as bytes."""
_BUILTIN_AS_TEXT, _STORED_AS_TEXT = (bytes,), (bytes, bytearray)
"""The same where Decimals are stored as text; read is then either form."""
_ENCODER = msgspec.msgpack.Encoder()
_BUFFER_BYTES = 4_096
"""Where packing begins; msgpack's own default of 256 KiB is allocated anew for every message."""

_UPGRADE_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What an `upgrade` runs into when the fields it was written for are not those it is given."""

_glimpse = reprlib.Repr()
_glimpse.maxstring = _glimpse.maxother = 80
"""Shows a foreign value in an error: short, and without following its nesting all the way down."""

T = TypeVar("T")


def _extend(value: Any) -> msgpack.ExtType:
    if isinstance(value, Decimal):
        # not by calling ExtType: its checks cost more than the rest, and an approval holds dozens of decimals
        return tuple.__new__(msgpack.ExtType, (_DECIMAL_EXTENSION, str(value).encode()))
    raise CodecError("a value of this type has no stored form", field=type(value).__name__, value=value)


def _restore(code: int, data: memoryview) -> Any:
    if code != _DECIMAL_EXTENSION:
        raise CodecError("unknown MessagePack extension type", field="ext", value=code)
    try:
        return Decimal(str(data, "ascii"))
    except (InvalidOperation, UnicodeDecodeError) as error:
        raise CodecError("not a decimal number", field="ext", value=bytes(data[:40])) from error


_DECODER = msgspec.msgpack.Decoder(ext_hook=_restore)


def pack(value: Any) -> bytes:
    """Encode plain values (maps, lists, numbers, text, bytes, Decimal) as MessagePack.

    Raises `CodecError` for what has no stored form: other types, integers beyond 64 bits, text that is not UTF-8.
    """
    try:
        packed: bytes = msgpack.packb(value, default=_extend, use_bin_type=True, buf_size=_BUFFER_BYTES)
    except (ValueError, OverflowError, RecursionError) as error:
        raise _unstorable(value, error) from error
    return packed


def pack_around(value: Any) -> bytes:
    """`pack` for plain values without Decimals, in which messages stand as `packable` made them: the same bytes.

    Raises `CodecError` as `pack` does.
    """
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _unstorable(value, error) from error


def packable(message: Message) -> Any:
    """What `pack_around` makes `pack(message_to_plain(message))` of: at once, where no Decimal is an extension type."""
    kind = type(message)
    if kind.decimals_as_text or is_packed_at_once(kind):
        return kind.__name__, kind.schema_version, message
    return msgspec.Raw(pack(message_to_plain(message)))


def _unstorable(value: Any, error: Exception) -> CodecError:
    return CodecError(
        f"a value has no stored form: {error}",
        value=_glimpse.repr(value),
        remedy="send UTF-8 text, integers of at most 64 bits, and nothing deeply nested",
    )


def unpack(data: bytes) -> Any:
    """Decode what `pack` wrote. Raises `CodecError` when the bytes are cut off or not MessagePack."""
    try:
        return _DECODER.decode(data)
    # TypeError: a map as a map's key can be written down in MessagePack, but not be held in Python
    except (ValueError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        raise CodecError(
            "not a MessagePack document",
            value=data[:40],
            remedy="the record is damaged or was written by other software",
        ) from error


def to_plain(value: Any) -> Any:
    """A struct as plain maps and lists, Decimals kept. Raises `CodecError` for a value that has no stored form."""
    return _to_builtins(value, _STORED)


def _to_builtins(value: Any, kept: tuple[type, ...]) -> Any:
    try:
        return msgspec.to_builtins(value, builtin_types=kept, str_keys=False)
    except (TypeError, RecursionError) as error:
        raise CodecError(
            f"a value has no stored form: {error}",
            field=type(value).__name__,
            remedy="send plain values: maps, lists, numbers, text, bytes, Decimal",
        ) from error


def from_plain(value: Any, kind: type[T], *, where: str) -> T:
    """Plain maps and lists as a struct of type `kind`, validated. Raises `MessageFieldError` naming the field."""
    return _convert(value, kind, where, _BUILTIN)


def _convert(value: Any, kind: type[T], where: str, kept: tuple[type, ...]) -> T:
    try:
        return msgspec.convert(value, kind, builtin_types=kept, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MessageFieldError(
            str(error), field=where, remedy="the record does not fit its schema"
        ) from error


def message_to_plain(message: Message) -> list[Any]:
    """`[type name, schema version, fields]`, ready for `pack`."""
    kept = _STORED_AS_TEXT if message.decimals_as_text else _STORED
    return [type(message).__name__, message.schema_version, _to_builtins(message, kept)]


def message_from_plain(value: Any) -> Message:
    """The reverse of `message_to_plain`.

    Raises `UnknownMessageTypeError`, `SchemaVersionError` or `MessageFieldError`.
    """
    if not (isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)):
        raise CodecError("a message is [type, schema version, fields]", value=_glimpse.repr(value))
    name, version, fields = value
    kind = registered_types().get(name)
    if kind is None:
        raise UnknownMessageTypeError(
            "no message type of this name is known here",
            field="type",
            value=name[:80],
            remedy="upgrade this process, or import the module that declares the type",
        )
    if type(version) is not int or version < 1 or not isinstance(fields, dict):
        raise MessageFieldError(
            "schema version or fields are malformed",
            field=name,
            value=_glimpse.repr([version, fields]),
            remedy="the version is a whole number from 1 on, the fields are a map",
        )
    if version > kind.schema_version:
        raise SchemaVersionError(
            f"{name} was written with schema version {version}, this code knows up to {kind.schema_version}",
            field=name,
            value=version,
            remedy="upgrade this process before it reads the journal",
        )
    if version < kind.schema_version:
        fields = _lifted(kind, version, fields)
    if not kind.decimals_as_text:
        return from_plain(fields, kind, where=name)
    message = _convert(fields, kind, name, _BUILTIN_AS_TEXT)
    find = float_finder(kind)
    where = None if find is None else find(fields)
    if where is not None:
        raise MessageFieldError(
            f"Expected `decimal`, got `float` - at `${where}`",
            field=name,
            remedy="the record does not fit its schema",
        )
    return message


def encode(message: Message) -> bytes:
    """The stored form of one message.

    Raises `OversizeMessageError` above `MAX_BYTES`, `CodecError` for a value that has no stored form.
    """
    return _bounded(pack_around(packable(message)), type(message).__name__)


def decode(data: bytes) -> Message:
    """The message in `data`; see `message_from_plain` for what is raised."""
    return message_from_plain(unpack(data))


def encode_envelope(envelope: Envelope) -> bytes:
    """The stored form of a message under way. Raises `OversizeMessageError` above `MAX_BYTES`."""
    document = (
        envelope.sender,
        envelope.sequence,
        envelope.recipient,
        envelope.cause,
        envelope.cycle,
        envelope.sent_at,
        packable(envelope.message),
    )
    return _bounded(pack_around(document), type(envelope.message).__name__)


def decode_envelope(data: bytes) -> Envelope:
    """The envelope in `data`; raises `CodecError` and its kin."""
    at_once = _read_at_once(data)
    if at_once is not None:
        return at_once
    document = unpack(data)
    if not (isinstance(document, list) and len(document) == 7):
        raise CodecError("an envelope has seven parts", value=_glimpse.repr(document))
    message = message_from_plain(document[6])
    sender, sequence, recipient, cause, cycle, sent_at = document[:6]
    head = {
        "sender": sender,
        "sequence": sequence,
        "recipient": recipient,
        "cause": cause,
        "cycle": cycle,
        "sent_at": sent_at,
    }
    kinds = (str, int, str, str, str, int)
    for (name, found), kind in zip(head.items(), kinds, strict=True):
        if type(found) is not kind:
            raise MessageFieldError(
                f"must be {kind.__name__}", field=f"envelope.{name}", value=_glimpse.repr(found)
            )
    return Envelope(sender, sequence, recipient, cause, cycle, sent_at, message)


_ENVELOPE = msgspec.msgpack.Decoder(tuple[str, int, str, str, str, int, tuple[str, int, msgspec.Raw]])


def _read_at_once(data: bytes) -> Envelope | None:
    """The envelope in `data`, in a third of the time, where all of it fits as it is; None: ask what is amiss."""
    try:
        sender, sequence, recipient, cause, cycle, sent_at, (name, version, fields) = _ENVELOPE.decode(data)
        kind = registered_types().get(name)
        if kind is None or version != kind.schema_version:
            return None
        if not (kind.decimals_as_text or is_packed_at_once(kind)):
            return None
        message = _decoder(kind).decode(fields)
        find = float_finder(kind)
        if find is not None and find(_DECODER.decode(fields)) is not None:
            return None
    except (ValueError, TypeError, RecursionError, msgspec.MsgspecError):
        return None
    return Envelope(sender, sequence, recipient, cause, cycle, sent_at, message)


@cache
def _decoder(kind: type[Message]) -> msgspec.msgpack.Decoder[Message]:
    return msgspec.msgpack.Decoder(kind)


def digest(*parts: bytes) -> str:
    """sha256 over the parts, each prefixed by its length so that no two part lists collide; 64 hex digits."""
    framed = [len(part).to_bytes(8, "big") + part for part in parts]
    return hashlib.sha256(b"".join(framed)).hexdigest()


def digest_messages(messages: Iterable[Message]) -> str:
    """The digest over the stored forms of `messages`, in order."""
    return digest(*(pack_around(packable(message)) for message in messages))


def _lifted(kind: type[Message], version: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(kind.upgrade(version, fields))
    except _UPGRADE_ERRORS as error:
        raise MessageFieldError(
            f"a record of schema version {version} can't be lifted to {kind.schema_version}: {error!r}",
            field=kind.__name__,
            value=_glimpse.repr(fields),
            remedy="the record does not fit the schema it was written under",
        ) from error


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise OversizeMessageError(
            f"the message is larger than {MAX_BYTES} bytes",
            field=name,
            value=len(data),
            remedy="send a reference to the data instead of the data",
        )
    return data
