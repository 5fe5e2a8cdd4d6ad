"""A strategy that fails beside others on its symbol: what its actor hears, remembers, and wakes for.

Apart from the decisions because none of this is the strategy's own doing.
"""

from __future__ import annotations

from messages.base import Message, message_type
from messages.events import EventType


@message_type
class StrategyFailed(Message, frozen=True):
    """Input made by the host: a strategy raised `error` in `callback`, and what that step had done was discarded."""

    strategy: str
    symbol: str
    callback: str
    error: str


@message_type
class StrategyFaulted(Message, frozen=True):
    """A strategy failed and rests until `rests_until` (desk time, ns UTC); failures up to `since` count no more."""

    event_type = EventType.ERROR

    strategy: str
    symbol: str
    callback: str
    error: str
    since: int
    rests_until: int
    time: int


@message_type
class StrategyParked(Message, frozen=True):
    """A strategy is given up while the others on its symbol trade on: it decides nothing, its position is looked after.

    `broken`: it could not be made, or failed on the feed, so that only a new start of its actor can bring it back.
    `until` (desk time, ns UTC) is when it is tried again; None leaves that to a person.
    """

    event_type = EventType.CHILD_GIVEN_UP

    strategy: str
    symbol: str
    error: str
    broken: bool
    until: int | None
    time: int


@message_type
class StrategyUnparked(Message, frozen=True):
    """A strategy that was parked decides again; `by` is a person, `quiet_time`, or `restart`."""

    strategy: str
    symbol: str
    by: str
    time: int


@message_type
class ParkedTimeOver(Message, frozen=True):
    """Timer: a parked strategy is tried again. Void when it is not parked until `until` any more."""

    strategy: str
    symbol: str
    until: int
