"""What execution journals and tells of a venue account as a whole: stream, fills, rules, settings, corrections.

Apart from `messages.order_events`, which is about intents and their orders.
"""

from __future__ import annotations

from decimal import Decimal

from messages.base import Message, message_type
from messages.control import Mode
from messages.events import EventType
from messages.intents import Side
from messages.reasons import Reason
from messages.venue import VenueInstrument

# --- told to risk and strategies --------------------------------------------------------------------------------


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


# --- journal: the private stream and fills ----------------------------------------------------------------------


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
class HoldingsExceeded(Message, frozen=True):
    """Somebody else's trade took of what strategies hold: they claim `claimed`, the account has `held` for them."""

    event_type = EventType.RECONCILIATION_MISMATCH

    symbol: str
    claimed: Decimal
    held: Decimal
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


@message_type
class ConfigurationTaken(Message, frozen=True):
    """The account is set up as `wanted` says. `refused`: symbols the venue would not change; "" is the account."""

    wanted: str
    refused: dict[str, str]
    time: int


@message_type
class ConfigurationAsked(Message, frozen=True):
    """The venue is asked to set up the account; `attempt` counts questions in a row without an answer."""

    attempt: int
    time: int


@message_type
class InstrumentsTaken(Message, frozen=True):
    """The venue's rules as they are from desk time `time` on. A symbol that is not there is not listed."""

    instruments: tuple[VenueInstrument, ...]
    time: int


@message_type
class InstrumentsAsked(Message, frozen=True):
    """The venue is asked for its rules; `attempt` counts questions in a row without an answer."""

    attempt: int
    time: int


# --- journal: the dead-man switch -------------------------------------------------------------------------------


@message_type
class DeadManAsked(Message, frozen=True):
    """The venue is asked to cancel what works on these symbols unless it hears again in `countdown` ns; 0 ends that."""

    symbols: tuple[str, ...]
    countdown: int
    time: int


@message_type
class DeadManAnswered(Message, frozen=True):
    """The countdown runs for `symbols` (None: no answer) from when it was asked for at the latest."""

    symbols: tuple[str, ...] | None
    time: int


@message_type
class DeadManLost(Message, frozen=True):
    """The countdown may run out unheard: the venue may cancel orders. Said once until it is kept again."""

    event_type = EventType.ERROR

    symbols: tuple[str, ...]
    failures: int
    time: int


# --- wake-ups ---------------------------------------------------------------------------------------------------


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


@message_type
class ConfigureDue(Message, frozen=True):
    """It is time to ask for the account's configuration again (execution -> itself)."""


@message_type
class InstrumentsQueryDue(Message, frozen=True):
    """It is time to ask for the venue's rules (execution -> itself)."""


@message_type
class DeadManDue(Message, frozen=True):
    """It is time to look after the dead-man switch (execution -> itself)."""
