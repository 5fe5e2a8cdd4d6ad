"""The desk's mode as the risk actor journals it: facts beyond limits, the sources of a mode, and what they make of it.

Apart from `messages.control`, which says what modes there are. Money is in the desk's base currency, time in ns UTC.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Message, message_type
from messages.control import Mode
from messages.events import EventType
from messages.reasons import Reason

# --- facts beyond limits --------------------------------------------------------------------------------------


@message_type
class LimitBreached(Message, frozen=True):
    """A fact — a fill, a mark, a correction — carried `observed` beyond `limit`; the desk reduces."""

    event_type = EventType.EXPOSURE_WARNING

    source: str
    reason: Reason
    limit: Decimal
    observed: Decimal
    time: int


@message_type
class DailyLossBreached(Message, frozen=True):
    """The loss since the day's anchor reached its limit."""

    event_type = EventType.DAILY_LOSS_WARNING

    limit: Decimal
    observed: Decimal
    time: int


@message_type
class WeeklyLossBreached(Message, frozen=True):
    """The loss since the week's anchor reached its limit."""

    event_type = EventType.DAILY_LOSS_WARNING

    limit: Decimal
    observed: Decimal
    time: int


@message_type
class NavAnomalyFound(Message, frozen=True):
    """NAV is more than `factor` times its highest so far, which nothing explains: it is not taken as a new peak."""

    event_type = EventType.ANOMALY_DETECTED

    nav: Decimal
    peak: Decimal
    factor: Decimal
    time: int


class DrawdownState(StrEnum):
    """How far NAV has fallen from its peak, in words: for those who trade less the deeper it is. It refuses nothing."""

    NORMAL = "normal"
    CAUTIOUS = "cautious"
    DEFENSIVE = "defensive"


@message_type
class DrawdownStateChanged(Message, frozen=True):
    """The fall from the highest NAV passed a threshold, or recovered from one."""

    event_type = EventType.DRAWDOWN_WARNING

    before: DrawdownState
    after: DrawdownState
    nav: Decimal
    peak: Decimal
    time: int


@message_type
class DrawdownBreached(Message, frozen=True):
    """The fall from the highest NAV reached a limit; `mode` is what follows from it."""

    event_type = EventType.DRAWDOWN_WARNING

    limit: Decimal
    observed: Decimal
    mode: Mode
    time: int


# --- modes ----------------------------------------------------------------------------------------------------


class Clearing(StrEnum):
    """What ends a source of a mode."""

    PERSON = "person"
    """a person's Resume, with an acknowledgement"""
    WITHDRAWAL = "withdrawal"
    """whoever set it takes it back"""
    FACT = "fact"
    """what caused it is over"""
    DAY = "day"
    """the next day boundary"""
    WEEK = "week"
    """the next week's first day boundary"""
    RECONCILIATION = "reconciliation"
    """a clean comparison with the venue"""


class ModeSource(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One reason for the desk's mode, what it asks for and what ends it. `since` is when it appeared."""

    mode: Mode
    reason: str
    clearing: Clearing
    since: int


@message_type
class ModeDecided(Message, frozen=True):
    """The sources of the desk's mode changed; `mode` is the strictest of them, `version` grows with what is told."""

    event_type = EventType.MODE_CHANGED

    mode: Mode
    version: int
    sources: dict[str, ModeSource]
    reason: str
    time: int


@message_type
class GenerationSeen(Message, frozen=True):
    """The store has this generation; every venue must be compared with the books under it."""

    generation: str


@message_type
class VenueCompared(Message, frozen=True):
    """A venue was compared with the books under this generation of the store."""

    venue: str
    generation: str


@message_type
class ResumeRefused(Message, frozen=True):
    """A Resume without an acknowledgement clears nothing."""

    event_type = EventType.WARNING

    by: str
    time: int
