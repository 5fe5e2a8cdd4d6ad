"""What execution journals of the protective stops that it keeps at the venue in step with what strategies hold."""

from __future__ import annotations

from decimal import Decimal

from messages.base import Address, Message, message_type
from messages.events import EventType
from messages.reasons import Reason


@message_type
class ProtectionRaised(Message, frozen=True):
    """A stop over `quantity` (base units) at `stop_price` was asked of risk for a strategy's holding."""

    event_type = EventType.INTENT_RAISED

    intent_id: str
    owner: Address
    strategy: str
    symbol: str
    quantity: Decimal
    stop_price: Decimal
    time: int


@message_type
class ProtectionEnded(Message, frozen=True):
    """That stop is over: filled, taken back to be replaced, or not to be had.

    `failures` counts those in a row that never worked; the next is raised at desk time `retry_at` (ns UTC) at the
    earliest, if something is held then.
    """

    intent_id: str
    owner: Address
    strategy: str
    symbol: str
    reason: Reason
    failures: int
    retry_at: int


@message_type
class ProtectionMissing(Message, frozen=True):
    """A holding could not be protected in `failures` attempts in a row; said once, further ones are made.

    With reason MAX_QUANTITY it has its stop, and what is more than the venue takes in one order has none.
    """

    event_type = EventType.ERROR

    owner: Address
    strategy: str
    symbol: str
    failures: int
    reason: Reason


@message_type
class ProtectDue(Message, frozen=True):
    """It is time to look after the stop of a holding again (execution -> itself)."""

    owner: Address
    strategy: str
    symbol: str
