"""What execution writes into its journal, tells risk about a venue account, and wakes itself with.

Apart from `messages.orders`, which strategies and risk read: these are execution's own records.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Address, Message, message_type
from messages.control import Mode
from messages.events import EventType
from messages.intents import OrderTerms, Side, SubmitOrder
from messages.market import QuoteSnapshot
from messages.orders import Fill, OrderState
from messages.reasons import Reason
from messages.supervision import GiveUpPolicy
from messages.venue import VenueFill

# --- told to risk ---------------------------------------------------------------------------------------------


@message_type
class AccountSeeded(Message, frozen=True):
    """The account as it was found at the first start (execution -> risk).

    Balances by currency; positions by symbol in base units, signed.
    """

    urgent = True
    grave = True

    venue: str
    balances: dict[str, Decimal]
    positions: dict[str, Decimal]


@message_type
class VenueReconciled(Message, frozen=True):
    """The desk's records were compared with the venue's (execution -> risk). `detail` names every difference.

    `generation` is the store's under which the comparison was made. `balances` is the venue's cash by currency where
    the positions agree; None where nobody can say what it should be.
    """

    urgent = True
    grave = True
    event_type = EventType.RECONCILIATION_END
    schema_version = 2

    venue: str
    clean: bool
    detail: str
    generation: str = ""
    balances: dict[str, Decimal] | None = None


@message_type
class ExternalActivity(Message, frozen=True):
    """An order or fill at the venue that no intent of this desk explains (execution -> risk).

    `ours` says that the client order id carries this desk's prefix: an order of lost history, or one forgotten
    long after it had ended. `filled` is cumulative, in base units; `fill` the execution if there was one. Not
    `suspect`: others may trade on the account, or an order that was told before has ended, so that nothing follows
    from it but the booking.
    """

    urgent = True
    grave = True
    event_type = EventType.ORDER_EXTERNAL
    schema_version = 2

    venue: str
    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    state: OrderState
    filled: Decimal
    fill: VenueFill | None
    ours: bool
    time: int
    suspect: bool = True


@message_type
class Funding(Message, frozen=True):
    """Funding that a venue charged or paid on the account's position (execution -> risk); see `VenueFunding`.

    `event_time` is the venue's, ns UTC.
    """

    urgent = True
    grave = True

    payment_id: str
    venue: str
    symbol: str
    currency: str
    amount: Decimal
    rate: Decimal | None
    event_time: int


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
class FundingReceived(Message, frozen=True):
    """A payment of funding, seen for the first time."""

    funding: Funding


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


# --- journal: the private stream and the account --------------------------------------------------------------


@message_type
class VenueEventTaken(Message, frozen=True):
    """The private stream was read up to, or at, this sequence."""

    sequence: int


@message_type
class StreamGapFound(Message, frozen=True):
    """Events `first` to `last` of the private stream did not come; the account is compared with the venue."""

    event_type = EventType.DATA_GAP_DETECTED

    first: int
    last: int


@message_type
class ExternalSeen(Message, frozen=True):
    """Activity at the venue that is not ours was seen, and risk was told."""

    event_type = EventType.ORDER_EXTERNAL
    schema_version = 2

    activity: ExternalActivity


@message_type
class VenueAccountOpened(Message, frozen=True):
    """The account as it was found at the first start: the base of all positions from here on.

    `as_of` is the venue's time at which it holds (ns UTC), None where the venue does not tell.
    """

    event_type = EventType.BROKER_CONNECTED
    schema_version = 2

    balances: dict[str, Decimal]
    positions: dict[str, Decimal]
    time: int
    as_of: int | None = None


@message_type
class VenueAccountDue(Message, frozen=True):
    """The venue is asked for the whole account.

    `attempt` counts questions in a row without an answer, `looks` answers in a row in which positions differed, and
    `differences` by how much the last time: signed base units by symbol.
    """

    event_type = EventType.RECONCILIATION_START
    schema_version = 2

    attempt: int
    looks: int
    reason: Reason
    time: int
    differences: dict[str, Decimal] = msgspec.field(default_factory=dict)


@message_type
class VenueAccountCompared(Message, frozen=True):
    """The account was compared with the venue and nothing differed; `as_of` is the venue's time, if it tells."""

    event_type = EventType.RECONCILIATION_END
    schema_version = 2

    time: int
    as_of: int | None = None


@message_type
class VenueAccountDiffers(Message, frozen=True):
    """The account was compared with the venue, and what `detail` names differs."""

    event_type = EventType.RECONCILIATION_MISMATCH

    detail: str
    time: int


@message_type
class GenerationChanged(Message, frozen=True):
    """The store has a new generation: client order ids are new from here on, and placing is held."""

    event_type = EventType.STORE_LOST

    generation: str


# --- journal: modes -------------------------------------------------------------------------------------------


@message_type
class ExecutionModeSet(Message, frozen=True):
    """The desk's mode as execution knows it. `halt_unconfirmed`: a kill switch that risk has not confirmed yet.

    `resume_seen`: a person has cleared the kill switch since, and risk's next word counts.
    """

    mode: Mode
    version: int
    halt_unconfirmed: bool
    resume_seen: bool


# --- journal: strategies that were given up -------------------------------------------------------------------


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


@message_type
class AccountQueryDue(Message, frozen=True):
    """It is time to ask for the account again (execution -> itself)."""


@message_type
class WardDue(Message, frozen=True):
    """It is time to look after a given-up strategy's positions again (execution -> itself)."""

    strategy: Address
