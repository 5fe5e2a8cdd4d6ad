"""The auditor counts looks for itself: every step off the table of degrade levels is found."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.risk.anomalies import AnomalySettings
from cluster.simulator.desk.audit.anomalies import AnomalyBook
from cluster.simulator.desk.audit.finding import Finding
from messages.anomalies import (
    AnomaliesWatched,
    Anomaly,
    AnomalyCleared,
    AnomalyCode,
    AnomalyDetected,
    AnomalySeverity,
    DegradeChanged,
)
from messages.base import Message
from messages.control import Mode
from messages.modes import Clearing, ModeDecided, ModeSource
from tests.cluster.simulator.desk.audit.test_pace import decided

pytestmark = pytest.mark.unit

SETTINGS = AnomalySettings(
    enabled=True, warn_streak=2, more_streak=3, hold=10, hold_error=20, stable=1, stable_last=2
)
WARN = Anomaly(AnomalyCode.STALE_MARKET_DATA, AnomalySeverity.WARN, "BTC-USDT")
ERROR = Anomaly(AnomalyCode.VENUE_DOWN, AnomalySeverity.ERROR, "alpha")
HALF = Decimal("0.5")


def level(found: int, factor: Decimal, manual: int = 0) -> DegradeChanged:
    return DegradeChanged(found, manual, factor, "because", 0)


def mode(*names: str) -> ModeDecided:
    source = ModeSource(Mode.REDUCE, "", Clearing.FACT, 0)
    return ModeDecided(Mode.REDUCE if names else Mode.NORMAL, 1, dict.fromkeys(names, source), "", 0)


def judged(book: AnomalyBook, *events: Message) -> AnomalyBook:
    book.judge(SETTINGS, events)
    return book


def degraded() -> AnomalyBook:
    """Level 1, since two looks with a warning."""
    book = judged(AnomalyBook(), AnomalyDetected(WARN, 1), AnomaliesWatched(1, 0, 0, 1))
    return judged(book, AnomaliesWatched(2, 0, 12, 2), level(1, HALF))


def test_warnings_in_a_row_lead_to_level_1_which_ends_after_its_hold_and_enough_quiet_looks() -> None:
    book = degraded()
    judged(book, AnomalyCleared(WARN.name, 3), AnomaliesWatched(0, 1, 12, 3))
    judged(book, AnomaliesWatched(0, 2, 12, 11))
    assert book.found == 1
    judged(book, AnomaliesWatched(0, 0, 12, 12), level(0, Decimal(1)))
    assert book.found == 0


def test_a_level_that_does_not_come_or_does_not_go_is_found() -> None:
    book = judged(AnomalyBook(), AnomalyDetected(WARN, 1), AnomaliesWatched(1, 0, 0, 1))
    with pytest.raises(Finding, match="did not lead"):
        judged(book, AnomaliesWatched(2, 0, 12, 2))
    quiet = judged(degraded(), AnomalyCleared(WARN.name, 3), AnomaliesWatched(0, 1, 12, 3))
    with pytest.raises(Finding, match="not counted"):
        judged(quiet, AnomaliesWatched(0, 1, 12, 13))


def test_an_error_leads_to_level_3_with_its_source_and_none_stays_without() -> None:
    looked = (AnomalyDetected(ERROR, 1), AnomaliesWatched(1, 0, 21, 1), level(3, Decimal(0)))
    book = judged(AnomalyBook(), *looked, mode("anomalies"))
    assert book.reduces
    with pytest.raises(Finding, match="does not follow"):
        judged(AnomalyBook(), *looked)
    with pytest.raises(Finding, match="does not follow"):
        judged(msgspec.structs.replace(book), level(0, Decimal(1)))
    judged(book, level(0, Decimal(1)), mode())


def test_orders_are_smaller_by_the_factor_of_the_level() -> None:
    judged(degraded(), decided(5, requested=Decimal(2), quantity=Decimal(1)))
    judged(degraded(), decided(5, requested=Decimal(2), quantity=Decimal(2), increases_exposure=False))
    with pytest.raises(Finding, match="larger"):
        judged(degraded(), decided(5, requested=Decimal(2), quantity=Decimal("1.01")))
    with pytest.raises(Finding, match="another factor"):
        judged(AnomalyBook(), level(1, Decimal(1)))
