"""What execution journals and tells of a venue account as a whole: stream, fills, comparisons, corrections.

Apart from `messages.order_events`, which is about intents and their orders, and from `messages.account_setup`.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.base import Message, message_type
from messages.control import Mode
from messages.events import EventType
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import VenueFill
from messages.venue_account import PositionMargin

# --- told to risk and strategies --------------------------------------------------------------------------------


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
class MarginsTold(Message, frozen=True):
    """What a venue with margin says of its positions (execution -> risk, which journals it when it has changed)."""

    urgent = True

    venue: str
    margins: dict[str, PositionMargin]


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


@message_type
class VenueCondition(Message, frozen=True):
    """What execution found about a venue asks for at least this mode (execution -> risk); NORMAL: it is over.

    `cause` names it among those of the venue; with `person` only a person's Resume ends it.
    """

    urgent = True
    grave = True
    event_type = EventType.ANOMALY_DETECTED

    venue: str
    cause: str
    mode: Mode
    detail: str
    person: bool = False


@message_type
class PositionCorrected(Message, frozen=True):
    """A position is set right by an entry of its own, never by overwriting (execution -> risk and its strategy).

    `side` and `quantity` (base units) are what a fill would have been that explains it; `price` is None where nobody
    knows one. `of_account`: the account itself was found to differ. Else the account was booked already (somebody
    traded by hand) and the entry only says whose position it was: `strategy`'s.
    """

    urgent = True
    grave = True
    event_type = EventType.RECONCILIATION_MISMATCH

    correction_id: str
    venue: str
    symbol: str
    strategy: str
    owner: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    of_account: bool
    reason: Reason
    event_time: int


@message_type
class CorrectionDelayed(Message, frozen=True):
    """A correction has no price that it could be booked at (risk's journal): it waits for its symbol's first mark."""

    correction: PositionCorrected
    time: int


# --- journal: the private stream and fills ----------------------------------------------------------------------


@message_type
class VenueEventTaken(Message, frozen=True):
    """The private stream was read up to, or at, this sequence.

    `time`: until then (the venue's time, ns UTC) it has told every fill; None where that can't be said.
    """

    schema_version = 2

    sequence: int
    time: int | None = None


@message_type
class StreamGapFound(Message, frozen=True):
    """Events `first` to `last` of the private stream did not come; the account is compared with the venue."""

    event_type = EventType.DATA_GAP_DETECTED

    first: int
    last: int


@message_type
class StreamBegun(Message, frozen=True):
    """The private stream began anew at `sequence`; what was told before and not heard is asked for. Venue's `time`."""

    event_type = EventType.CONNECTION_RESTORED

    sequence: int
    time: int


@message_type
class FillsDue(Message, frozen=True):
    """The venue is asked for all fills of a symbol since `since` (its time, ns UTC); `attempt` counts from 0.

    `strangers` are ids of listed fills that may be those of an order whose fate is not known yet.
    """

    symbol: str
    since: int
    attempt: int
    time: int
    strangers: tuple[str, ...] = ()


@message_type
class FillsTaken(Message, frozen=True):
    """All fills of the symbol that were asked for are in the books."""

    symbol: str
    time: int


@message_type
class OrderFillsAsked(Message, frozen=True):
    """The venue counts fills of an order that were not seen: it is asked for them."""

    client_order_id: str
    time: int


@message_type
class OrderFillsAnswered(Message, frozen=True):
    """The end of that question; `answered` False: the venue did not answer."""

    client_order_id: str
    answered: bool
    time: int


# --- journal: the account ---------------------------------------------------------------------------------------


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
class ExternalSeen(Message, frozen=True):
    """Activity at the venue that is not ours was seen, and risk was told."""

    event_type = EventType.ORDER_EXTERNAL
    schema_version = 2

    activity: ExternalActivity


@message_type
class FundingReceived(Message, frozen=True):
    """A payment of funding, seen for the first time."""

    funding: Funding


@message_type
class GenerationChanged(Message, frozen=True):
    """The store has a new generation: client order ids are new from here on, and placing is held."""

    event_type = EventType.STORE_LOST

    generation: str


@message_type
class HoldingsExceeded(Message, frozen=True):
    """Somebody else's trade took of what strategies hold: they claim `claimed`, the account has `held` for them."""

    event_type = EventType.RECONCILIATION_MISMATCH

    symbol: str
    claimed: Decimal
    held: Decimal
    time: int


@message_type
class HoldingsSettled(Message, frozen=True):
    """The strategies were told what others took of their holdings on a symbol, or keep their word: it is settled."""

    symbol: str
    time: int


@message_type
class BalancesTaken(Message, frozen=True):
    """The venue's cash by currency, where it was not what is known here."""

    balances: dict[str, Decimal]
    time: int


@message_type
class ConditionSet(Message, frozen=True):
    """Risk was told of a condition of the venue; see `VenueCondition`."""

    cause: str
    mode: Mode
    detail: str
    person: bool
    time: int


# --- wake-ups ---------------------------------------------------------------------------------------------------


@message_type
class AccountQueryDue(Message, frozen=True):
    """It is time to ask for the account again (execution -> itself)."""


@message_type
class FillsQueryDue(Message, frozen=True):
    """It is time to ask for a symbol's fills again (execution -> itself)."""

    symbol: str


@message_type
class WayJudged(Message, frozen=True):
    """Input made by execution's host: what is wrong with the way to the venue now, by cause; empty: nothing.

    Causes are `stream_down`, `circuit_open` and `clock_skew`; each comes with words for people.
    """

    urgent = True

    troubles: dict[str, str]


@message_type
class ReconcileDue(Message, frozen=True):
    """It is time to compare the account with the venue (execution -> itself)."""
