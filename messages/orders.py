"""Orders and fills: the canonical states, and what execution tells strategies and risk about them."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from messages.base import Message, message_type
from messages.events import EventType
from messages.intents import Side
from messages.reasons import Reason


class OrderState(StrEnum):
    """The canonical order states. UNKNOWN is not terminal: the venue may have the order, evidence is awaited."""

    PLACING = "placing"
    WORKING = "working"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_SENT = "not_sent"
    SIMULATED = "simulated"


TERMINAL = frozenset(
    {
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.REJECTED,
        OrderState.EXPIRED,
        OrderState.NOT_SENT,
        OrderState.SIMULATED,
    }
)
"""States an order leaves only by a late fill or the late acceptance of an order thought absent."""


class Liquidity(StrEnum):
    """Whether a fill made or took liquidity."""

    MAKER = "maker"
    TAKER = "taker"


@message_type
class Fill(Message, frozen=True):
    """One execution at a venue (execution -> risk and requester). `fill_id` is the venue's, unique per venue.

    Price in quote currency per base unit, quantity in base units, fee in `fee_currency` (negative = rebate),
    `event_time` the venue's time in ns UTC.
    """

    urgent = True
    grave = True

    fill_id: str
    venue: str
    symbol: str
    strategy: str
    intent_id: str
    client_order_id: str
    venue_order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    event_time: int


@message_type
class OrderReport(Message, frozen=True):
    """Where an intent's order stands (execution -> risk and requester): how it ended, that nobody knows, or that it
    lives after all. That it works as approved is not told; of what is filled the fills tell.

    `final` says that nothing more can come of the intent; `filled` is then the final cumulative quantity, which
    the receiver compares with the fills it has booked before it lets go of a reservation.
    """

    urgent = True
    grave = True
    event_type = EventType.ORDER_CHANGED

    intent_id: str
    symbol: str
    client_order_id: str | None
    state: OrderState
    quantity: Decimal
    filled: Decimal
    final: bool
    reason: Reason
    time: int
    detail: str = ""
