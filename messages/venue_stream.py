"""The border to a venue, its private stream: what it tells without being asked, in one sequence.

Apart from `messages.venue`, which has the questions and answers.
"""

from __future__ import annotations

from decimal import Decimal

from messages.base import Message, message_type
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import VenueFill


@message_type
class VenueEvent(Message, frozen=True):
    """One event of the venue's private stream, in order of its `sequence`; may be seen more than once.

    `state` is the order's state after it, `filled` its cumulative quantity, `fill` the
    execution if it is one.
    """

    urgent = True
    grave = True

    venue: str
    sequence: int
    time: int
    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    state: OrderState
    filled: Decimal
    fill: VenueFill | None
    reason: Reason


@message_type
class VenueFunding(Message, frozen=True):
    """Funding that the venue charged or paid on a position; in the private stream like `VenueEvent`.

    `payment_id` is the venue's own, unique per account; `amount` the change of the balance in `currency`: negative
    when the account paid. `rate` is the part of the position's value that was due, None where the venue does not
    tell; `time` the venue's, ns UTC.
    """

    urgent = True
    grave = True

    venue: str
    sequence: int
    time: int
    payment_id: str
    symbol: str
    currency: str
    amount: Decimal
    rate: Decimal | None = None


@message_type
class VenueTransfer(Message, frozen=True):
    """Money that came into the account, or left it, without a trade; in the private stream like `VenueEvent`.

    `transfer_id` is the venue's own, unique per account; `amount` the change of the balance in `currency`; `kind` the
    venue's word for it, such as `TRANSFER`. `time` is the venue's, ns UTC.
    """

    urgent = True
    grave = True

    venue: str
    sequence: int
    time: int
    transfer_id: str
    currency: str
    amount: Decimal
    kind: str


@message_type
class StreamOpened(Message, frozen=True):
    """The private stream begins, or begins again, at a venue that can't resume it: what it told meanwhile is lost.

    Whoever reads it asks for the account and for the fills since. `time` is the venue's, ns UTC.
    """

    urgent = True
    grave = True

    venue: str
    sequence: int
    time: int


StreamEvent = VenueEvent | VenueFunding | VenueTransfer | StreamOpened
"""Whatever a venue's private stream tells; all of it counts in one `sequence`."""
