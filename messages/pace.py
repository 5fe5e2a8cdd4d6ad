"""The desk's pace as risk journals it, where a limit asks for it: entries, fills, refused orders. Money in base
currency, time in ns UTC."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from messages.base import Message, message_type
from messages.reasons import Reason


class Outcome(StrEnum):
    """How a position ended, after fees."""

    WIN = "win"
    LOSS = "loss"
    STOP = "stop"
    """closed by its stop with a loss"""
    EVEN = "even"


@message_type
class EntryCounted(Message, frozen=True):
    """An approval that may increase exposure counts in the windows of its time. `cycle` is when its cycle began."""

    schema_version = 2
    decimals_as_text = True

    intent_id: str
    symbol: str
    value: Decimal
    cycle: int
    time: int


@message_type
class FillPaced(Message, frozen=True):
    """A fill of a symbol. `trip` is the profit so far of the position that is being closed, 0 once it is closed.

    `outcome` is set by the fill that closed it.
    """

    symbol: str
    trip: Decimal
    outcome: Outcome | None
    time: int


@message_type
class ErrorCounted(Message, frozen=True):
    """An order of a symbol was refused by its venue, with `reason`."""

    symbol: str
    reason: Reason
    time: int


FillCounted = FillPaced
