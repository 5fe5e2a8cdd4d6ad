"""Inputs on their way through a step: who sent them, under which key their failures are counted, how far a step has
come. Apart from the machine because none of it talks to the runtime.
"""

from __future__ import annotations

from typing import Any

from actors.base import Mark
from cluster.steps.journal import InputKind, JournalledInput
from cluster.steps.requests import Input, Taken
from cluster.store.port import CommitStatus, Position, Section
from messages import codec
from messages.base import Address, Envelope, Message
from messages.errors import DeskError

ORIGINS = {
    InputKind.RESULT: "venue",
    InputKind.VENUE: "venue",
    InputKind.SIGNAL: "host",
    InputKind.OBSERVATION: "feed",
}

NAMES = {kind: kind.name.lower() for kind in InputKind}
_URGENT, _CONTROL, _MAILBOX = InputKind.URGENT, InputKind.CONTROL, InputKind.MAILBOX
_RESULT, _VENUE = InputKind.RESULT, InputKind.VENUE
"""Bound once: to look a member up on its enum class costs 0.2 µs, which counts where every input passes."""


class Progress:
    """How far a step has come through its inputs: what was accepted, and where that leaves the cursors."""

    __slots__ = (
        "accepted",
        "answered",
        "control",
        "mailbox",
        "taken_mailbox",
        "taken_urgent",
        "urgent",
        "venue",
    )

    def __init__(self, position: Position) -> None:
        self.accepted: list[JournalledInput] = []
        self.urgent = position.urgent
        self.control = position.control
        self.mailbox = position.mailbox
        self.venue = position.venue
        self.taken_urgent = 0
        self.taken_mailbox = 0
        self.answered = 0

    def accept(self, item: JournalledInput) -> None:
        """Count one input as taken and move the cursor of where it came from."""
        self.accepted.append(item)
        kind = item.kind
        if kind is _MAILBOX:
            self.mailbox = item.reference
            self.taken_mailbox += 1
        elif kind is _URGENT:
            self.urgent = item.reference
            self.taken_urgent += 1
        elif kind is _CONTROL:
            self.control = item.reference
        elif kind is _RESULT:
            self.answered += 1
        elif kind is _VENUE:
            self.venue = int(item.reference)


class InputFailedError(Exception):
    """The actor raised `error` on `item` of these inputs, when the step had come to `progress` and `mark`."""

    def __init__(
        self, taken: Taken, item: Input, progress: Progress, mark: Mark | None, error: Exception
    ) -> None:
        super().__init__(item.reference)
        self.error = error
        self.taken = taken
        self.item = item
        self.progress = progress
        self.mark = mark


class CommitRefusedError(Exception):
    """The store did not take this step, which a host had committed by itself."""

    def __init__(self, section: Section, status: CommitStatus) -> None:
        super().__init__(status)
        self.section = section
        self.status = status


def origin(address: Address, item: Input) -> tuple[Address, str]:
    """Sender and id of an input that is not mail."""
    return ORIGINS.get(item.kind, address), f"{NAMES[item.kind]}:{item.reference}"


def input_key(address: Address, item: Input, due: int | None = None) -> str:
    """The name under which failures of an input are counted; `due` tells one firing of a timer from the next."""
    firing = f"@{due}" if due is not None else ""
    return f"{address}<-{NAMES[item.kind]}:{item.reference}{firing}"


def is_decision(item: Input) -> bool:
    """Whether a decision is due, on an observation or by the clock: one that fails is a NO_TRADE, not a dead letter."""
    return isinstance(item.data, Message) and type(item.data).decides


def kind_of(item: Input) -> tuple[str, bool]:
    """The type name of the input's message and whether it is grave.

    What can't be decoded is taken as grave, unless it came through the mailbox of ordinary messages.
    """
    data: Any = item.data
    if isinstance(data, bytes):
        try:
            data = codec.decode_envelope(data)
        except DeskError:
            return "undecodable", item.kind is not InputKind.MAILBOX
    message = data.message if isinstance(data, Envelope) else data
    return type(message).__name__, type(message).grave


def stored_form(item: Input) -> bytes:
    """The bytes of an input, for the dead letters."""
    if isinstance(item.data, bytes):
        return item.data
    if isinstance(item.data, Envelope):
        return codec.encode_envelope(item.data)
    return codec.encode(item.data)
