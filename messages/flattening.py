"""Closing a position by command or by policy, as the risk actor journals it and wakes itself for it.

Quantities in base units, time in ns UTC.
"""

from __future__ import annotations

from decimal import Decimal

from messages.base import Message, message_type
from messages.events import EventType
from messages.reasons import Reason


@message_type
class FlattenStarted(Message, frozen=True):
    """The position of a listing is to be closed down to `keep` (base units, unsigned), in as many orders as it takes.

    The first `stages` - 1 attempts are for `part` (base units) at most, with `every` (ns) between them; later ones are
    for all that is left. `part` None: all of it at once.
    """

    schema_version = 3

    venue: str
    symbol: str
    by: str
    time: int
    part: Decimal | None = None
    stages: int = 1
    every: int = 0
    keep: Decimal = Decimal(0)
    reason: Reason = Reason.OPERATOR


@message_type
class FlattenTried(Message, frozen=True):
    """Orders that close a listing were sent: the `attempt`-th time since it began."""

    venue: str
    symbol: str
    attempt: int
    time: int


@message_type
class FlattenDelayed(Message, frozen=True):
    """A listing can't be closed now, because `reason`; it is tried again."""

    event_type = EventType.WARNING

    venue: str
    symbol: str
    reason: Reason
    time: int


@message_type
class FlattenEnded(Message, frozen=True):
    """A listing needs no more closing: it is `flat`, or down to what was to be kept; or a person resumed trading."""

    event_type = EventType.POSITION_CLOSED

    venue: str
    symbol: str
    flat: bool
    time: int


@message_type
class FlattenDue(Message, frozen=True):
    """It is time to try again to close a listing (risk -> itself)."""

    venue: str
    symbol: str
