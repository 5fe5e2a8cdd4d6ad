"""Settings of anomalies: when something is one, and how far the desk trades less for it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pydantic import Field

from config.duration import MINUTE, SECOND, PositiveDuration
from config.ratio import Share
from config.schema.base import Contradiction, PositiveCount, PositiveMoney, Settings


class AnomalySettings(Settings):
    """What is watched for, and the degrade levels 1 to 3 that follow; `docs/reference.md` has their table."""

    enabled: bool = Field(
        default=False,
        description="Whether risk looks for anomalies and makes orders smaller because of them.",
    )
    interval: PositiveDuration = Field(default=10 * SECOND, description="Time between two looks.")
    stale_after: PositiveDuration = Field(
        default=30 * SECOND, description="Age at which the mark of something held or worked on is an anomaly."
    )
    latency: PositiveDuration = Field(
        default=2 * SECOND, description="Age of an intent's quote, when it reaches risk, that is an anomaly."
    )
    rejects: PositiveCount = Field(
        default=3, le=100, description="Orders rejected by a venue within reject_window that are an anomaly."
    )
    reject_window: PositiveDuration = Field(
        default=1 * MINUTE, description="Time in which rejected orders are counted."
    )
    clock_skew: PositiveDuration = Field(
        default=30 * SECOND, description="How far ahead of risk's clock a mark or a fill is an anomaly."
    )
    divergence_warn: PositiveMoney = Field(
        default=Decimal(50),
        description="Difference of a venue's cash and the ledger's, at two comparisons in a row, that is an anomaly.",
    )
    divergence_error: PositiveMoney = Field(
        default=Decimal(200), description="Such a difference that leads to level 3 at once."
    )
    warn_streak: PositiveCount = Field(
        default=3, description="Looks in a row with an anomaly before level 1."
    )
    more_streak: PositiveCount = Field(
        default=6, description="Looks in a row with an anomaly before level 2."
    )
    factor_1: Share = Field(
        default=Decimal("0.5"), description="Size of an order at level 1, part of what was asked."
    )
    factor_2: Share = Field(default=Decimal("0.25"), description="Size of an order at level 2.")
    factor_3: Share = Field(
        default=Decimal(0), description="Size of an order at level 3, at which the desk is in REDUCE besides."
    )
    hold: PositiveDuration = Field(
        default=15 * MINUTE,
        description="Time that level 1 or 2 lasts at least, from the last anomaly that led to it.",
    )
    hold_error: PositiveDuration = Field(
        default=30 * MINUTE, description="Time that level 3 lasts at least, from the last error."
    )
    stable: PositiveCount = Field(
        default=4, description="Looks in a row without an anomaly before a level falls by one."
    )
    stable_last: PositiveCount = Field(
        default=8, description="Looks in a row without an anomaly before level 1 ends."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        ordered = (
            ("divergence_warn", "divergence_error"),
            ("warn_streak", "more_streak"),
            ("factor_2", "factor_1"),
            ("factor_3", "factor_2"),
        )
        for lower, higher in ordered:
            low, high = getattr(self, lower), getattr(self, higher)
            if low > high:
                yield Contradiction(
                    (lower,), low, f"is above {higher}, {high}", f"lower it or raise {higher}"
                )
