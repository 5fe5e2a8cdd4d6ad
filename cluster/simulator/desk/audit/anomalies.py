"""Anomalies lead to the degrade level that the table says, make orders smaller by it, and end when they should.

The auditor counts looks for itself, from what risk says it found at each; see the table in `actors.risk.anomalies`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from actors.risk import modes
from actors.risk.anomalies import AnomalySettings
from cluster.simulator.desk.audit.finding import Finding
from messages.anomalies import (
    AnomaliesWatched,
    AnomalyCleared,
    AnomalyCode,
    AnomalyDetected,
    AnomalySeverity,
    DegradeChanged,
)
from messages.base import Message
from messages.intents import Purpose, Verdict
from messages.modes import ModeDecided
from messages.portfolio import IntentDecided

_LAST = 3
_CLOSES = frozenset({Purpose.EXIT, Purpose.STOP, Purpose.TARGET})


class AnomalyBook(msgspec.Struct):
    """What was found at the last look, by name with whether it is an error; the counts; the levels.

    `doubtful` are those that may have become an error without another word.
    """

    active: dict[str, bool] = {}
    doubtful: dict[str, None] = {}
    streak: int = 0
    stable: int = 0
    until: int = 0
    found: int = 0
    manual: int = 0
    reduces: bool = False
    looked: bool = False

    def judge(self, settings: AnomalySettings, events: Sequence[Message]) -> None:
        """Take a step of risk into the books. Raises `Finding` where a level or its source is not what it should be."""
        expected: int | None = None
        for event in events:
            if isinstance(event, AnomalyDetected):
                name = event.anomaly.name
                self.active[name] = event.anomaly.severity is AnomalySeverity.ERROR
                if event.anomaly.code is AnomalyCode.PNL_DIVERGENCE:
                    self.doubtful[name] = None
            elif isinstance(event, AnomalyCleared):
                self.active.pop(event.name, None)
                self.doubtful.pop(event.name, None)
            elif isinstance(event, AnomaliesWatched):
                expected = self._look(settings, event)
            elif isinstance(event, DegradeChanged):
                self._change(settings, event, expected)
                expected = None
            elif isinstance(event, ModeDecided):
                self.reduces = modes.ANOMALIES in event.sources
            elif isinstance(event, IntentDecided) and max(self.found, self.manual):
                self._judge_size(settings, event)
        if expected is not None and expected != self.found and not self.doubtful:
            raise _finding("a look did not lead to its degrade level", self.found, expected)
        if self.reduces is not (max(self.found, self.manual) == _LAST):
            what = "the source of anomalies does not follow their level"
            raise _finding(what, self.reduces, (self.found, self.manual))

    def _look(self, settings: AnomalySettings, event: AnomaliesWatched) -> int:
        """Count a look; the level that it should lead to."""
        self.streak = self.streak + 1 if self.active else 0
        self.stable = 0 if self.active else self.stable + 1
        asked = 0
        if any(self.active.values()):
            asked = _LAST
        elif self.streak >= settings.warn_streak:
            asked = 2 if self.streak >= settings.more_streak else 1
        level = self.found
        if asked and asked >= level:
            level = asked
            self.until = event.time + (settings.hold_error if asked == _LAST else settings.hold)
        elif level and event.time >= self.until:
            needed = settings.stable_last if level == 1 else settings.stable
            if self.stable >= needed:
                level, self.stable = level - 1, 0
        if self.doubtful:  # as an error it would hold for longer
            self.until = event.until
        counted, told = (self.streak, self.stable), (event.warn_streak, event.stable)
        if counted != told or (level and self.until != event.until):
            raise _finding("looks are not counted as they were", (told, event.until), (counted, self.until))
        return level

    def _change(self, settings: AnomalySettings, event: DegradeChanged, expected: int | None) -> None:
        leads = expected is not None and expected != self.found
        if leads and event.found != expected and not self.doubtful:
            raise _finding("a look led to another degrade level", event.found, expected)
        level = max(event.found, event.manual)
        if event.factor != (1 if not level else settings.factors[level - 1]):
            raise _finding("a degrade level has another factor", event.factor, level)
        self.found, self.manual = event.found, event.manual
        if not event.found:
            self.until = self.streak = 0

    def _judge_size(self, settings: AnomalySettings, event: IntentDecided) -> None:
        """What increases exposure is smaller by the level's factor; what a strategy closes is whole or nothing."""
        factor = settings.factors[max(self.found, self.manual) - 1]
        if factor and event.purpose in _CLOSES:
            factor = Decimal(1)
        grows = event.verdict is not Verdict.REJECTED and event.increases_exposure
        if grows and event.quantity > event.requested * factor:
            raise _finding(
                "an order is larger than its degrade level lets it be", event, (event.requested, factor)
            )


def _finding(what: str, found: object, expected: object) -> Finding:
    return Finding(3, what, actors=("risk",), value=(found, expected))
