"""Money that comes from outside or goes there: deposits, withdrawals, transfers between accounts. No profit, no loss.

Nothing here moves money. The venue tells what was moved, or an operator does where it does not; risk books it once.
"""

from __future__ import annotations

from decimal import Decimal

from messages.base import Message, message_type
from messages.events import EventType
from messages.reasons import Reason


@message_type
class RecordTransfer(Message, frozen=True):
    """An operator says what was moved (operator -> risk): `amount` came into the account, or left it when below 0.

    `transfer_id` is the venue's own name of it where there is one, so that it counts once whoever tells it; "" takes
    the id of this message.
    """

    urgent = True
    grave = True

    by: str
    venue: str
    currency: str
    amount: Decimal
    note: str
    transfer_id: str = ""


@message_type
class Transfer(Message, frozen=True):
    """What the venue told of money moved (execution -> risk); see `messages.venue_stream.VenueTransfer`."""

    urgent = True
    grave = True

    transfer_id: str
    venue: str
    currency: str
    amount: Decimal
    kind: str
    event_time: int


@message_type
class TransferReceived(Message, frozen=True):
    """A transfer that the venue told, seen for the first time (journal of execution)."""

    transfer: Transfer


@message_type
class TransferBooked(Message, frozen=True):
    """Money from outside is in the books, or has left them. `cash` is the balance in `currency` afterwards.

    `value` is `amount` in base currency at `rate`, its worth at that time; None when nobody has said. `nav` is what the
    desk was worth before it, by which peak and anchors move; None while that was not known. `by` is the operator who
    told it, "" the venue. `event_time` is the venue's, ns UTC, or when it was recorded.
    """

    event_type = EventType.CAPITAL_CHANGED

    transfer_id: str
    venue: str
    currency: str
    amount: Decimal
    cash: Decimal
    rate: Decimal | None
    value: Decimal | None
    nav: Decimal | None
    by: str
    note: str
    event_time: int
    time: int


@message_type
class TransferRefused(Message, frozen=True):
    """An operator's transfer is not in the books: it was there already, or would be counted twice."""

    event_type = EventType.WARNING

    transfer_id: str
    venue: str
    by: str
    reason: Reason
    time: int
