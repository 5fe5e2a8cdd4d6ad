"""What every message and event is made of: the base struct, the type registry, ids and the envelope.

A message is a frozen msgspec struct. How the mailboxes treat it (`urgent`, `refusable`) and how it is stored
(`schema_version`) are declared on its class, so that there is no second table to keep in step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

from messages.errors import InvariantError
from messages.events import EventType

Address = str
"""An actor's place-free name, for example `strategy/BTC-USDT`, `risk`, `execution/paper`."""

CONTROL: Address = "control"
"""The address of the one stream that all actors read: halt, resume, mode."""


class Message(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Base of everything that is sent, journalled or returned by an effect.

    Class attributes, all of them optional:

    - `urgent`: delivered to the urgent mailbox, which is read first (fills, cancels, corrections, control).
    - `refusable`: may be turned into `Refused` when the receiver's mailbox is full (intents, approvals).
    - `broadcast`: travels on the shared control stream; actors that it does not concern pass it over.
    - `decides`: what comes of it is a decision: if it can't be processed, none was made, and it is not tried again.
    - `grave`: if it can't be processed, trading must be reduced until a person has looked.
    - `event_type`: the name under which logs, alerts and metrics know it, if they are to know it.
    - `schema_version`: raised when a field changes meaning; older records are lifted by `upgrade`.
    - `decimals_as_text`: its Decimals are stored as text alone, not as the extension type, which takes a third of the
      time: for what passes with every order. One that begins to do so is of a new schema version.
    """

    urgent: ClassVar[bool] = False
    refusable: ClassVar[bool] = False
    decides: ClassVar[bool] = False
    grave: ClassVar[bool] = False
    broadcast: ClassVar[bool] = False
    schema_version: ClassVar[int] = 1
    decimals_as_text: ClassVar[bool] = False
    event_type: ClassVar[EventType | None] = None

    @classmethod
    def upgrade(cls, version: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Lift the fields of a record written under an older schema version to the current one."""
        return fields


class Effect(Message, frozen=True):
    """Base of what the outside is asked to do (`ctx.perform`); exactly one result comes back as an input.

    Effects with the same `lane` are strictly serial, those of different lanes run at the same time. `harmless`
    ones (questions, cancels) may be performed without the lease.
    """

    harmless: ClassVar[bool] = False

    @property
    def lane(self) -> str:
        """The order, child or thing this effect is about."""
        return ""


M = TypeVar("M", bound=type[Message])

_types: dict[str, type[Message]] = {}


def message_type(cls: M) -> M:
    """Class decorator: registers a message under its class name, which is its name in the stored form.

    Raises `InvariantError` when two different classes claim one name.
    """
    name = cls.__name__
    known = _types.get(name)
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise InvariantError(
            "two message types have one name",
            field=name,
            value=f"{known.__module__} and {cls.__module__}",
            remedy="rename one of them; the name is the stored form's type tag",
        )
    _types[name] = cls
    return cls


def registered_types() -> Mapping[str, type[Message]]:
    """All registered message types by name."""
    return _types


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A message under way: who sent it as its how-many-eth, to whom, because of what, and when.

    `cause` is the id of the message, timer or observation that made the sender send this one, `cycle` the id of
    the one that began the whole chain. `sent_at` is desk time in ns UTC.
    """

    sender: Address
    sequence: int
    recipient: Address
    cause: str
    cycle: str
    sent_at: int
    message: Message

    @property
    def id(self) -> str:
        """The message id, unique for ever within a desk: sender and sequence."""
        return f"{self.sender}#{self.sequence}"
