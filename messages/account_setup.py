"""How a venue account is set up, as execution journals it: the venue's rules, leverage and margin, the dead-man switch.

Apart from `messages.account_events`, which is about what happens in the account. Times are desk time in ns UTC.
"""

from __future__ import annotations

from messages.base import Message, message_type
from messages.events import EventType
from messages.venue_account import VenueInstrument

# --- rules and settings ---------------------------------------------------------------------------------------


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


# --- the dead-man switch --------------------------------------------------------------------------------------


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


# --- wake-ups -------------------------------------------------------------------------------------------------


@message_type
class ConfigureDue(Message, frozen=True):
    """It is time to ask for the account's configuration again (execution -> itself)."""


@message_type
class InstrumentsQueryDue(Message, frozen=True):
    """It is time to ask for the venue's rules (execution -> itself)."""


@message_type
class DeadManDue(Message, frozen=True):
    """It is time to look after the dead-man switch (execution -> itself)."""
