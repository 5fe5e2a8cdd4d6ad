"""What strategies in shadow journal: the orders they would have sent, and what would have become of them.

None of it leaves the actor. Apart from the decisions because whoever follows real intents must never meet these.
"""

from __future__ import annotations

from decimal import Decimal

from messages.base import Message, message_type
from messages.intents import OrderIntent
from messages.orders import Fill


@message_type
class ShadowSwitched(Message, frozen=True):
    """From now on a strategy's orders on a symbol are simulated, or sent again.

    It holds nothing then: what was simulated is forgotten, and real positions are left before.
    """

    strategy: str
    symbol: str
    shadow: bool
    time: int


@message_type
class IntentSimulated(Message, frozen=True):
    """An intent that was not sent; the fields are those of `IntentRaised`."""

    intent_id: str
    intent: OrderIntent
    position: Decimal
    leaving: bool
    time: int


@message_type
class SimulatedFillDue(Message, frozen=True):
    """Timer: the simulated intent is filled, by a fill of 0 where there was nothing to take. Void when the state does
    not know it any more."""

    fill: Fill


@message_type
class SimulationEnded(Message, frozen=True):
    """Nothing more comes of a simulated intent: `filled` of it is filled at `price`, quote currency per base unit."""

    strategy: str
    symbol: str
    intent_id: str
    filled: Decimal
    price: Decimal
    fee: Decimal
    time: int
