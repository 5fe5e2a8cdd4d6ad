"""Misbehaviour on purpose, drawn from a seed: what a desk must survive, made reproducible.

A fault is chosen by (seed, request, how-many-eth of its kind), not by the order in which requests happen to come
in, so that concurrent requests don't change each other's fate.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum

import msgspec

from actors.randomness import Randomness

_REMEMBERED_REQUESTS = 10_000


class Fault(StrEnum):
    """What may happen to one request."""

    NONE = "none"
    LATE = "late"
    """carried out; the answer comes late"""
    LOST_BEFORE = "lost_before"
    """not carried out; the connection is cut without an answer"""
    LOST_AFTER = "lost_after"
    """carried out; the connection is cut without an answer"""
    SILENT = "silent"
    """not carried out, never answered; the connection is cut after the wait"""
    HALF = "half"
    """carried out; the connection is cut in the middle of the answer"""
    RATE_LIMITED = "rate_limited"
    """not carried out; 429"""
    UNAVAILABLE = "unavailable"
    """not carried out; 503"""


class FaultSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares of requests (0 to 1) that meet each fault, `late_by` in ns. SILENT and HALF are ordered one by one only.

    `duplicated_events` is the share of stream events that are sent twice.
    """

    seed: int = 7
    late: float = 0.0
    late_by: int = 2_000_000_000
    lost_before: float = 0.0
    lost_after: float = 0.0
    rate_limited: float = 0.0
    unavailable: float = 0.0
    duplicated_events: float = 0.0


class FaultPlan:
    """Decides the fate of each request: first the faults that were ordered one by one, then by share."""

    def __init__(self, settings: FaultSettings) -> None:
        self.settings = settings
        self._ordered: list[Fault] = []
        self._seen: OrderedDict[str, int] = OrderedDict()

    def order(self, faults: list[Fault]) -> None:
        """Let the next requests about orders meet exactly these faults, one each."""
        self._ordered.extend(faults)

    def forget(self) -> None:
        """Take back what was ordered and has met no request yet."""
        self._ordered.clear()

    def fate(self, request: str) -> Fault:
        """The fault of this request, named by method and path."""
        if self._ordered:
            return self._ordered.pop(0)
        settings = self.settings
        shares = (
            (Fault.LATE, settings.late),
            (Fault.LOST_BEFORE, settings.lost_before),
            (Fault.LOST_AFTER, settings.lost_after),
            (Fault.RATE_LIMITED, settings.rate_limited),
            (Fault.UNAVAILABLE, settings.unavailable),
        )
        if not any(share for _, share in shares):
            return Fault.NONE
        drawn = Randomness(f"{settings.seed}/{request}/{self._count(request)}").random()
        for fault, share in shares:
            if drawn < share:
                return fault
            drawn -= share
        return Fault.NONE

    def duplicates(self, sequence: int) -> bool:
        """Whether the stream event of this sequence is sent twice."""
        share = self.settings.duplicated_events
        return share > 0 and Randomness(f"{self.settings.seed}/event/{sequence}").random() < share

    def _count(self, request: str) -> int:
        """How often this request was seen; the oldest requests are forgotten."""
        count = self._seen.pop(request, 0) + 1
        self._seen[request] = count
        if len(self._seen) > _REMEMBERED_REQUESTS:
            self._seen.popitem(last=False)
        return count
