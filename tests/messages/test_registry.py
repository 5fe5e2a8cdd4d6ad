"""The register of message types, and what a type declares about its way through the mailboxes."""

from __future__ import annotations

import pytest

from messages.base import Effect, Envelope, Message, message_type, registered_types
from messages.control import Halt
from messages.errors import InvariantError
from messages.events import EventType
from messages.supervision import GraceOver
from tests.messages.desk_types import desk_types, message_modules

pytestmark = pytest.mark.unit

KINDS = pytest.mark.parametrize("kind", desk_types(), ids=lambda kind: kind.__name__)

MUST_NOT_BE_LOST = {
    "Fill",
    "OrderReport",
    "CancelIntent",
    "Halt",
    "Resume",
    "SetMode",
    "ModeChanged",
    "Flatten",
    "StoreRenewed",
    "VenueEvent",
    "PlaceResult",
    "CancelResult",
    "QueryResult",
    "AccountResult",
}
"""Fills, cancels, corrections and control: if one can't be processed, trading is reduced."""
MAY_BE_REFUSED = {"OrderIntent", "SubmitOrder", "Marks"}
"""What a full mailbox may turn down; a newer one of its kind or a `Refused` follows."""


@KINDS
def test_a_type_is_registered_under_its_class_name(kind: type[Message]) -> None:
    assert registered_types()[kind.__name__] is kind


@KINDS
def test_a_message_is_a_frozen_value_that_takes_no_unknown_fields(kind: type[Message]) -> None:
    config = kind.__struct_config__
    assert config.frozen
    assert config.forbid_unknown_fields
    assert not config.array_like


@KINDS
def test_a_type_declares_what_the_mailboxes_understand(kind: type[Message]) -> None:
    assert not (kind.refusable and (kind.urgent or kind.grave or kind.broadcast)), (
        "refusable and not to be lost"
    )
    assert not kind.broadcast or kind.urgent, "control is read first"
    assert not issubclass(kind, Effect) or not (kind.urgent or kind.refusable), "effects are not mail"
    assert kind.schema_version >= 1
    assert kind.event_type is None or kind.event_type in EventType


@KINDS
def test_a_type_says_what_it_means(kind: type[Message]) -> None:
    assert kind.__doc__
    assert kind.__doc__ != Message.__doc__


def test_every_struct_of_the_messages_that_derives_from_message_is_registered() -> None:
    declared = {
        value.__name__
        for module in message_modules()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Message) and value not in (Message, Effect)
    }
    assert declared == {kind.__name__ for kind in desk_types()}


def test_what_must_not_be_lost_is_grave_and_read_first() -> None:
    grave = {kind.__name__ for kind in desk_types() if kind.grave}
    assert grave >= MUST_NOT_BE_LOST
    assert all(kind.urgent for kind in desk_types() if kind.grave)


def test_only_intents_approvals_and_marks_may_be_refused() -> None:
    assert {kind.__name__ for kind in desk_types() if kind.refusable} == MAY_BE_REFUSED


def a_type(name: str, *, module: str) -> type[Message]:
    """A type of this name as `module` would declare it, not registered."""

    class Declared(Message, frozen=True):
        pass

    Declared.__name__ = Declared.__qualname__ = name
    Declared.__module__ = module
    return Declared


def test_two_types_of_one_name_are_refused_with_both_places(own_register: None) -> None:
    impostor = a_type("Halt", module="somewhere.different")
    with pytest.raises(
        InvariantError, match=r"Halt: two .*messages.control and somewhere.different.*rename one"
    ):
        message_type(impostor)
    assert registered_types()["Halt"] is Halt


def test_a_module_that_is_imported_again_replaces_its_own_types(own_register: None) -> None:
    again = a_type("Halt", module=Halt.__module__)
    assert message_type(again) is again
    assert registered_types()["Halt"] is again


def test_a_type_that_says_nothing_is_ordinary_mail(own_register: None) -> None:
    @message_type
    class Ordinary(Message, frozen=True):
        pass

    assert not any((Ordinary.urgent, Ordinary.refusable, Ordinary.grave, Ordinary.broadcast))
    assert (Ordinary.schema_version, Ordinary.event_type) == (1, None)
    assert Ordinary.upgrade(1, {"kept": 1}) == {"kept": 1}


def test_a_message_id_is_its_sender_and_its_number() -> None:
    envelope = Envelope("strategy/BTC-USDT", 41, "risk", "", "", 0, GraceOver(life=1))
    assert envelope.id == "strategy/BTC-USDT#41"
