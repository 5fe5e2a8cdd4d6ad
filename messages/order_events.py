"""What execution writes into its journal about intents and their orders, and wakes itself with.

Apart from `messages.orders`, which strategies and risk read: these are execution's own records. Those about the account
as a whole are in `messages.account_events`.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from messages.base import Address, Message, message_type
from messages.control import Mode
from messages.events import EventType
from messages.intents import OrderTerms, SubmitOrder
from messages.market import QuoteSnapshot
from messages.orders import Fill, OrderState
from messages.reasons import Reason

# --- journal: intents -----------------------------------------------------------------------------------------


@message_type
class IntentWaiting(Message, frozen=True):
    """An approved intent waits until the account has been compared with the venue."""

    schema_version = 2

    submit: SubmitOrder


@message_type
class IntentEnded(Message, frozen=True):
    """An intent ended before any order was made of it."""

    event_type = EventType.TRADE_REJECTED

    intent_id: str
    state: OrderState
    reason: Reason
    time: int


@message_type
class IntentIgnored(Message, frozen=True):
    """An intent came a second time; the first one stands."""

    event_type = EventType.WARNING

    intent_id: str
    reason: Reason


@message_type
class Tombstoned(Message, frozen=True):
    """A cancel overtook its intent: the intent ends CANCELLED when it arrives."""

    intent_id: str
    reason: Reason


# --- journal: the life of an order ----------------------------------------------------------------------------


@message_type
class OrderPlacing(Message, frozen=True):
    """Written before the request leaves: from here on this client order id may exist at the venue.

    `beneficiary` is the actor whose position the order changes; it differs from `requester` when execution
    closes the position of a strategy that was given up. It is the `attempt`-th order of the intent's `child`-th part.
    `quote` is the one that the intent was decided on, where the order is all of it: its plan knows it otherwise.
    """

    schema_version = 3
    event_type = EventType.ORDER_PLACING

    client_order_id: str
    intent_id: str
    requester: Address
    beneficiary: Address
    strategy: str
    terms: OrderTerms
    mode_version: int
    increases_exposure: bool
    time: int
    child: int = 0
    attempt: int = 0
    quote: QuoteSnapshot | None = None


@message_type
class OrderSimulated(Message, frozen=True):
    """dry_run: the order as it would have been sent; nothing left. `cost` is quantity x price, quote currency."""

    event_type = EventType.TRADE_SUBMITTED

    client_order_id: str
    route: str
    price: Decimal
    cost: Decimal
    reason: Reason
    time: int


@message_type
class OrderResent(Message, frozen=True):
    """The order is placed again under the same client order id; `sends` counts the requests including this one."""

    event_type = EventType.ORDER_PLACING

    client_order_id: str
    sends: int
    time: int


@message_type
class OrderRetryPlanned(Message, frozen=True):
    """Nothing was written to the venue: the order is placed again at desk time `due`, if it still may be."""

    client_order_id: str
    due: int
    reason: Reason


@message_type
class OrderTransitioned(Message, frozen=True):
    """An order changed its state, or the venue was heard of it.

    `seen` says that the venue was heard to know the order; `venue_filled` is the cumulative quantity it told.
    """

    event_type = EventType.ORDER_CHANGED

    client_order_id: str
    trigger: str
    state: OrderState
    reason: Reason
    time: int
    seen: bool = False
    venue_order_id: str | None = None
    venue_filled: Decimal | None = None
    detail: str = ""


@message_type
class FillReceived(Message, frozen=True):
    """An execution of one of our orders, seen for the first time; `venue_filled` is the cumulative it came with."""

    event_type = EventType.TRADE_FILLED

    fill: Fill
    venue_filled: Decimal


@message_type
class OrderOverfilled(Message, frozen=True):
    """The venue filled more than was ordered. The fills are facts and booked; a person has to look."""

    event_type = EventType.ANOMALY_DETECTED

    client_order_id: str
    quantity: Decimal
    filled: Decimal


@message_type
class OrderSettled(Message, frozen=True):
    """Nothing more can come of the order: it ended, and its fills sum to what the venue says was filled."""

    event_type = EventType.INTENT_CLOSED

    client_order_id: str
    filled: Decimal
    time: int


@message_type
class CancelWished(Message, frozen=True):
    """The order is to be cancelled as soon as it is known to work."""

    client_order_id: str
    reason: Reason


@message_type
class OrderAsked(Message, frozen=True):
    """The venue is asked what it knows of the order."""

    client_order_id: str
    time: int


@message_type
class OrderAnswered(Message, frozen=True):
    """The venue's answer: found, absent (`found` False) or no answer at all (`found` None)."""

    client_order_id: str
    found: bool | None
    time: int


@message_type
class OrderEscalated(Message, frozen=True):
    """The fate of an order is still not known after `probes` questions; its symbol stays frozen. Said once."""

    event_type = EventType.ORDER_UNKNOWN

    client_order_id: str
    symbol: str
    probes: int
    detail: str


# --- journal: what may be placed ------------------------------------------------------------------------------


@message_type
class ExecutionModeSet(Message, frozen=True):
    """The desk's mode as execution knows it. `halt_unconfirmed`: a kill switch that risk has not confirmed yet.

    `resume_seen`: a person has cleared the kill switch since, and risk's next word counts.
    """

    mode: Mode
    version: int
    halt_unconfirmed: bool
    resume_seen: bool


@message_type
class DrainingSet(Message, frozen=True):
    """The session ends (or a new one begins): from now on nothing that increases exposure is placed (or it is)."""

    draining: bool


# --- wake-ups -------------------------------------------------------------------------------------------------


class OrderTimer(StrEnum):
    """What an order can be woken for."""

    TIME_TO_LIVE = "time_to_live"
    PROBE = "probe"
    PLACE_AGAIN = "place_again"
    CANCEL_CHECK = "cancel_check"
    CANCEL_AGAIN = "cancel_again"
    FILLS = "fills"


@message_type
class OrderTimerDue(Message, frozen=True):
    """An order's timer of this kind is due (execution -> itself)."""

    client_order_id: str
    timer: OrderTimer


@message_type
class WaitingDue(Message, frozen=True):
    """The deadline of an intent that waits has passed (execution -> itself)."""

    intent_id: str
