"""Anomalies: what is wrong with the desk's surroundings, and how far it trades less for it.

Apart from `messages.control`: an anomaly is found and is over by itself, and first makes orders smaller.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Message, message_type
from messages.events import EventType


class AnomalyCode(StrEnum):
    """What can be wrong."""

    STALE_MARKET_DATA = "stale_market_data"
    LATENCY_SPIKE = "exchange_latency_spike"
    REJECT_SPIKE = "order_reject_spike"
    CURSOR_STALL = "cursor_stall"
    CLOCK_SKEW = "clock_skew"
    PNL_DIVERGENCE = "pnl_divergence"
    MISSING_MARKS = "missing_marks"
    VENUE_DOWN = "venue_down"
    ORDERS_UNKNOWN = "unknown_orders"
    MANUAL_OVERRIDE = "manual_override"


class AnomalySeverity(StrEnum):
    """What an anomaly does: a warning counts when it lasts, an error at once."""

    WARN = "warn"
    ERROR = "error"


class Anomaly(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One anomaly; `scope` names the venue or symbol ("" for the desk).

    `observed` and `limit` are in the unit of its setting (seconds, orders, base currency), None where nothing counts.
    """

    code: AnomalyCode
    severity: AnomalySeverity
    scope: str = ""
    detail: str = ""
    observed: Decimal | None = None
    limit: Decimal | None = None

    @property
    def name(self) -> str:
        """By what it is known while it lasts."""
        return f"{self.code.value}:{self.scope}" if self.scope else self.code.value


@message_type
class AnomalySigned(Message, frozen=True):
    """An input showed a sign of an anomaly at desk time `time`, ns UTC; it counts at the next look (risk's journal)."""

    sign: Anomaly
    time: int


@message_type
class AnomalyDetected(Message, frozen=True):
    """An anomaly was found that was not there at the last look (risk's journal)."""

    event_type = EventType.ANOMALY_DETECTED

    anomaly: Anomaly
    time: int


@message_type
class AnomalyCleared(Message, frozen=True):
    """An anomaly was not found any more (risk's journal)."""

    event_type = EventType.ANOMALY_CLEARED

    name: str
    time: int


@message_type
class AnomaliesWatched(Message, frozen=True):
    """A look: `warn_streak` looks in a row with an anomaly, `stable` without one (risk's journal).

    The level does not fall before `until` (desk time, ns UTC).
    """

    warn_streak: int
    stable: int
    until: int
    time: int


@message_type
class SignsForgotten(Message, frozen=True):
    """The signs of these anomalies, by name, count no more: too old, or refuted (risk's journal)."""

    names: tuple[str, ...]
    time: int


@message_type
class DegradeChanged(Message, frozen=True):
    """From here on orders that increase exposure are `factor` of what was asked for (risk's journal).

    `found` is the level (0 to 3) that looks led to, `manual` what an operator asks for at least; the higher counts.
    `because` names the anomalies, or who it was. `time` is desk time (ns UTC).
    """

    event_type = EventType.ANOMALY_DETECTED

    found: int
    manual: int
    factor: Decimal
    because: str
    time: int


@message_type
class OverrideDegrade(Message, frozen=True):
    """An operator asks for at least this degrade level; 0 takes that back, and nothing else (operator -> risk)."""

    urgent = True
    grave = True

    by: str
    level: int
    reason: str


@message_type
class WatchDue(Message, frozen=True):
    """It is time to look for anomalies (risk -> itself)."""
