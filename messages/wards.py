"""What execution journals of strategies that were given up: whose positions it looks after, and the exits it asks for.

Apart from `messages.order_events`, which is about intents and their orders.
"""

from __future__ import annotations

from decimal import Decimal

from messages.base import Address, Message, message_type
from messages.events import EventType
from messages.reasons import Reason
from messages.supervision import GiveUpPolicy


@message_type
class WardTaken(Message, frozen=True):
    """Execution looks after the positions of a strategy that was given up; until `until` its entries are refused."""

    strategy: Address
    symbols: tuple[str, ...]
    policy: GiveUpPolicy
    stop: Decimal
    until: int


@message_type
class WardReleased(Message, frozen=True):
    """The strategy has nothing left to look after, or it is back."""

    strategy: Address


@message_type
class ExitRaised(Message, frozen=True):
    """An exit, or a protective stop, was asked of risk for a position of a strategy that was given up."""

    event_type = EventType.INTENT_RAISED

    intent_id: str
    ward: Address
    strategy: str
    symbol: str
    attempt: int


@message_type
class ExitEnded(Message, frozen=True):
    """That exit ended, filled or not; if a position is left, the next is raised at desk time `retry_at`."""

    intent_id: str
    reason: Reason
    retry_at: int


@message_type
class ExitAbandoned(Message, frozen=True):
    """The position of a strategy that was given up could not be handled in `attempts` attempts; said once."""

    event_type = EventType.ERROR

    ward: Address
    strategy: str
    symbol: str
    attempts: int


@message_type
class WardDue(Message, frozen=True):
    """It is time to look after a given-up strategy's positions again (execution -> itself)."""

    strategy: Address
