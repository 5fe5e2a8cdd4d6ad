"""Limits changed while the desk trades: an operator's command, and what risk made of it."""

from __future__ import annotations

from messages.base import Message, message_type
from messages.events import EventType

DESK = "desk"
"""The scope of a limit that holds for everything."""


@message_type
class SetLimit(Message, frozen=True):
    """Change one limit (operator -> risk). It holds until it is changed again, over restarts.

    `value` is a fraction, an amount, a count or a time in ns as digits, a word, or symbols with commas between them;
    None takes the setting's value back. `scope` is `desk`, or `symbol:`, `tier:`, `theme:`, `strategy:`, `venue:` with
    a name. A live desk loosens a limit only with an `acknowledgement`.
    """

    urgent = True
    grave = True

    by: str
    name: str
    scope: str
    value: str | None
    acknowledgement: str = ""


@message_type
class LimitSet(Message, frozen=True):
    """A limit is another from here on; decisions carry `version`. `command` is the id of the message that asked.

    `before` and `after` are the values in force for the scope; None is "none of its own".
    """

    event_type = EventType.LIMITS_CHANGED

    command: str
    by: str
    name: str
    scope: str
    value: str | None
    before: str | None
    after: str | None
    acknowledgement: str
    version: int
    time: int


@message_type
class LimitRefused(Message, frozen=True):
    """A limit stays as it is, because `problem`."""

    event_type = EventType.WARNING

    command: str
    by: str
    name: str
    scope: str
    value: str | None
    problem: str
    time: int


@message_type
class ProductStatusChanged(Message, frozen=True):
    """Which symbols a venue does not trade fully now (execution -> risk), each with what it says of them."""

    urgent = True
    grave = True

    venue: str
    closed: dict[str, str]


@message_type
class RegimeChanged(Message, frozen=True):
    """The market's regime from now on (universe -> risk), a word such as `bear`; None while it is not known."""

    urgent = True
    grave = True

    regime: str | None


@message_type
class RegimeTaken(Message, frozen=True):
    """Limits that go by the regime go by this one from now on, where no operator has named another."""

    event_type = EventType.LIMITS_CHANGED

    regime: str | None
    time: int


@message_type
class ProductStatusTaken(Message, frozen=True):
    """Risk goes by this from now on: exposure to these symbols of the venue may only be reduced."""

    event_type = EventType.LIMITS_CHANGED

    venue: str
    closed: dict[str, str]
    time: int
