"""Misbehaviour of an exchange on purpose: rules by pattern, rate and seed, and the plan that decides each fate.

A fate is drawn from (seed, rule, subject, how-many-eth of that subject), where a subject is `METHOD /path` of a
request or the name of a stream. So the same requests meet the same faults, whatever runs beside them.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from fnmatch import fnmatchcase

import msgspec

from actors.randomness import Randomness
from messages.errors import ConfigurationError


class Fault(StrEnum):
    """What may go wrong. The first group is about requests, the second about events of streams."""

    LATENCY = "latency"
    """carried out and answered late: the wait comes first"""
    LATE = "late"
    """carried out at once, answered late"""
    TIMEOUT_BEFORE = "timeout_before"
    """not carried out, never answered; the connection ends after the wait"""
    TIMEOUT_AFTER = "timeout_after"
    """carried out, never answered; the connection ends after the wait"""
    RESET_BEFORE = "reset_before"
    """not carried out; the connection is reset"""
    RESET_AFTER = "reset_after"
    """carried out; the connection is reset"""
    HALF_ANSWER = "half_answer"
    """carried out; the connection is reset in the middle of the answer"""
    RATE_LIMIT = "rate_limit"
    """not carried out; 429"""
    BAN = "ban"
    """not carried out; 418 for the wait"""
    SERVER_ERROR = "server_error"
    """500; carried out or not"""
    UNKNOWN = "unknown"
    """503 "unknown error"; carried out or not"""
    BACKEND_TIMEOUT = "backend_timeout"
    """408; carried out or not"""
    GATEWAY = "gateway"
    """502 with a page for people; carried out or not"""
    PAGE = "page"
    """200 with a page for people in place of the answer; carried out or not"""
    FIREWALL = "firewall"
    """not carried out; 403 with a page for people"""
    UNAVAILABLE = "unavailable"
    """503 "service unavailable"; not carried out"""
    THROTTLED = "throttled"
    """503 "throttled"; not carried out"""
    SKEW = "skew"
    """not carried out; its time stamp is called too old"""

    STALE = "stale"
    """the event comes after the wait, behind later ones"""
    DUPLICATE = "duplicate"
    """the event comes twice"""
    REORDER = "reorder"
    """the event changes places with the one that follows it"""
    DROP = "drop"
    """the event never comes; on a book stream that is a gap in its sequence"""
    SILENT = "silent"
    """the connection stays, and nothing more comes on it for the wait"""
    CUT = "cut"
    """the connection is reset"""


STREAM_FAULTS = frozenset({Fault.STALE, Fault.DUPLICATE, Fault.REORDER, Fault.DROP, Fault.SILENT, Fault.CUT})
PERHAPS_DONE = frozenset(
    {Fault.SERVER_ERROR, Fault.UNKNOWN, Fault.BACKEND_TIMEOUT, Fault.GATEWAY, Fault.PAGE}
)
"""Of these nobody outside can tell whether the request was carried out."""


class FaultRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of fault for what matches.

    - `match`: a pattern with `*` and `?` over `METHOD /path` or the name of a stream; the private stream is `user`.
    - `rate`: share of what matches that is struck, 0 to 1.
    - `low_s`, `high_s`: the wait is drawn between them, in seconds.
    - `done`: share of struck requests that are carried out all the same, where the kind leaves it open.
    - `skip`, `count`: leave out the first so many that match, strike at most so many (None = all).
    """

    kind: Fault
    match: str = "*"
    rate: float = 1.0
    low_s: float = 1.0
    high_s: float = 1.0
    done: float = 0.5
    skip: int = 0
    count: int | None = None


class Maintenance(msgspec.Struct, frozen=True, kw_only=True, tag="maintenance", forbid_unknown_fields=True):
    """The exchange closes `at_s` seconds after its start, for `for_s` seconds (None = until it is told otherwise)."""

    at_s: float = 0.0
    for_s: float | None = None


class FilterChange(msgspec.Struct, frozen=True, kw_only=True, tag="filters", forbid_unknown_fields=True):
    """Rules of a listing change `at_s` seconds after the start: `changes` by field of `cluster.exchange.api.Rules`."""

    listing: str
    changes: dict[str, str | int | bool]
    at_s: float = 0.0


TimedFault = Maintenance | FilterChange


class FaultSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is to go wrong. `clock_offset_s` is how far the exchange's clock is ahead of the machine's."""

    seed: int = 7
    rules: tuple[FaultRule, ...] = ()
    timed: tuple[TimedFault, ...] = ()
    clock_offset_s: float = 0.0


class Fate(msgspec.Struct, frozen=True):
    """What is to happen to one request or event: the fault, its wait, and whether the request is carried out."""

    kind: Fault
    wait_s: float
    done: bool


class FaultPlan:
    """Decides each fate and counts what was injected. The rules may change while it works; the counts go on."""

    def __init__(self, settings: FaultSettings) -> None:
        self.injected: Counter[str] = Counter()
        self._settings = checked(settings)
        self._seen: Counter[str] = Counter()
        self._matched: Counter[FaultRule] = Counter()
        self._struck: Counter[FaultRule] = Counter()
        self._split()

    @property
    def settings(self) -> FaultSettings:
        """The settings in force."""
        return self._settings

    def replace(self, settings: FaultSettings) -> None:
        """Go on with other settings. Raises `ConfigurationError` for rules that make no sense."""
        self._settings = checked(settings)
        self._matched.clear()
        self._struck.clear()
        self._split()

    def of_request(self, subject: str) -> Fate | None:
        """The fate of a request, named `METHOD /path`; None = nothing happens to it."""
        return self._drawn(subject, self._request_rules)

    def of_event(self, stream: str) -> Fate | None:
        """The fate of an event of a stream; None = nothing happens to it."""
        return self._drawn(stream, self._stream_rules) if self._stream_rules else None

    def _split(self) -> None:
        rules = list(enumerate(self._settings.rules))
        self._request_rules = [(number, rule) for number, rule in rules if rule.kind not in STREAM_FAULTS]
        self._stream_rules = [(number, rule) for number, rule in rules if rule.kind in STREAM_FAULTS]

    def _drawn(self, subject: str, rules: list[tuple[int, FaultRule]]) -> Fate | None:
        """The first rule that strikes."""
        self._seen[subject] += 1
        for number, rule in rules:
            if not fnmatchcase(subject, rule.match):
                continue
            self._matched[rule] += 1
            if self._matched[rule] <= rule.skip:
                continue
            if rule.count is not None and self._struck[rule] >= rule.count:
                continue
            chance = Randomness(f"{self._settings.seed}/{number}/{subject}/{self._seen[subject]}")
            if chance.random() >= rule.rate:
                continue
            self._struck[rule] += 1
            self.injected[rule.kind.value] += 1
            return Fate(rule.kind, chance.uniform(rule.low_s, rule.high_s), chance.random() < rule.done)
        return None


def checked(settings: FaultSettings) -> FaultSettings:
    """The settings themselves. Raises `ConfigurationError` naming the first field that makes no sense."""
    for number, rule in enumerate(settings.rules):
        bounds: tuple[tuple[str, object, bool, str], ...] = (
            ("rate", rule.rate, 0 <= rule.rate <= 1, "give a share from 0 to 1"),
            ("done", rule.done, 0 <= rule.done <= 1, "give a share from 0 to 1"),
            ("low_s", rule.low_s, rule.low_s >= 0, "give seconds of 0 or more"),
            ("high_s", rule.high_s, rule.high_s >= rule.low_s, "give no less than low_s"),
            ("skip", rule.skip, rule.skip >= 0, "give 0 or more"),
            ("count", rule.count, rule.count is None or rule.count > 0, "give 1 or more, or leave it out"),
            ("match", rule.match, bool(rule.match), "give a pattern, * for everything"),
        )
        for name, value, holds, remedy in bounds:
            if not holds:
                raise ConfigurationError(
                    "not allowed", field=f"faults.rules.{number}.{name}", value=value, remedy=remedy
                )
    return settings
