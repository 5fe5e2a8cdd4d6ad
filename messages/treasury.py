"""Treasury operations: what an operator or a policy asks of the desk's money, and the record of what came of it.

A sweep turns idle cash into what the settings name, a purge closes what may not be held, a trim brings a position that
is over its cap back to it. All of it becomes orders like any other: decided by risk, worked by execution.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Address, Message, message_type
from messages.events import EventType
from messages.intents import OrderIntent, Side
from messages.reasons import Reason


class TreasuryOperation(StrEnum):
    """What is to be done."""

    SWEEP = "sweep"
    """idle cash beyond its reserve buys the settings' targets"""
    PURGE = "purge"
    """what may not be held is closed"""
    TRIM = "trim"
    """a position over its cap is reduced to it"""


class TreasuryOutcome(StrEnum):
    """What became of a finding."""

    BEGUN = "begun"
    """orders are on their way, or will be"""
    PLANNED = "planned"
    """it was a dry run, or its turn comes later"""
    LEFT = "left"
    """nothing is done about it"""


class TreasuryLine(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One finding and what became of it.

    - `subject`: the symbol, or the currency of cash that nothing can be made of; `side` and `quantity` (base units) of
      the order it calls for, None where there is none; `value` of that in base currency, None where it is not known.
    - `reason` is why it was found, or, of one that is left, why nothing is done about it.
    - `intent_id`: of a sweep's order; closings go on until they are done and have several.
    """

    venue: str
    subject: str
    side: Side | None
    quantity: Decimal | None
    value: Decimal | None
    outcome: TreasuryOutcome
    reason: Reason
    intent_id: str | None = None


@message_type
class TreasuryCommand(Message, frozen=True):
    """Carry out an operation now, at one venue or at all (operator -> risk). `dry_run`: only tell what it would be."""

    urgent = True

    by: str
    operation: TreasuryOperation
    venue: str | None = None
    dry_run: bool = False


@message_type
class TreasuryReviewed(Message, frozen=True):
    """What an operation found, line by line. `command_id` is the command's, or "" where a policy's time had come."""

    event_type = EventType.CAPITAL_CHANGED

    command_id: str
    operation: TreasuryOperation
    by: str
    dry_run: bool
    lines: tuple[TreasuryLine, ...]
    time: int


@message_type
class TreasuryScheduled(Message, frozen=True):
    """The policies have had their turn; the next one is at desk time `next_at` (ns UTC)."""

    next_at: int


# --- conversions ----------------------------------------------------------------------------------------------


@message_type
class ConversionStarted(Message, frozen=True):
    """An intent waits for the money it is to be paid with: the first of two legs was sent, as intent `leg_id`.

    `deficit` is how much of `currency` is missing. The second leg is the intent itself, decided anew once the first
    has ended.
    """

    event_type = EventType.CAPITAL_CHANGED

    intent_id: str
    requester: Address
    intent: OrderIntent
    leg_id: str
    currency: str
    deficit: Decimal
    time: int


@message_type
class ConversionEnded(Message, frozen=True):
    """The first leg ended with so much filled (base units), or the intent's deadline passed before it did."""

    intent_id: str
    leg_id: str
    filled: Decimal
    reason: Reason
    time: int


@message_type
class ConversionDue(Message, frozen=True):
    """The deadline of an intent that waits for money (risk -> itself)."""

    intent_id: str
