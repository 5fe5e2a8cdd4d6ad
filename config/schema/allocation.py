"""Settings of what risk does by itself with the desk's record: capital split over strategies, limits that adapt."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pydantic import Field

from config.duration import DAY, MINUTE, SECOND, PositiveDuration
from config.ratio import PositiveRatio, Share
from config.schema.base import Contradiction, EntryName, PositiveCount, Settings


class AllocationSettings(Settings):
    """Strategies' budgets, by Sharpe ratio, volatility and correlation of what they made."""

    enabled: bool = Field(default=False, description="Whether risk sets strategies' budgets.")
    strategies: tuple[EntryName, ...] | None = Field(
        default=None, description="Strategies that take part; null for all that trade."
    )
    every: PositiveDuration = Field(
        default=DAY, description="Time between two observations, each followed by a split; 1m at least."
    )
    share: Share = Field(
        default=Decimal(1),
        description="Part of what may be spent, NAV without reserve and treasury, that is split.",
    )
    min_observations: PositiveCount = Field(
        default=20,
        description="Observations of a strategy before its record counts; an equal part until then.",
    )
    lookback: PositiveCount = Field(default=60, description="Observations that are kept.")
    periods_per_year: PositiveCount = Field(
        default=252, description="Days of a year, by which figures are annualised."
    )
    min_weight: Share = Field(default=Decimal("0.05"), description="Least part of one strategy.")
    max_weight: PositiveRatio = Field(default=Decimal("0.6"), description="Greatest part of one strategy.")
    max_turnover: PositiveRatio = Field(
        default=Decimal("0.25"), description="Most that one split moves, part of the capital."
    )
    min_change: Share = Field(
        default=Decimal("0.01"),
        description="Change of a budget that is too small to be told, part of the capital.",
    )

    def contradictions(self) -> Iterator[Contradiction]:
        shown = self.model_dump(mode="json")
        rules = (
            ("every", self.every >= MINUTE, "is shorter than a minute", "take 1m or more"),
            ("min_weight", self.min_weight <= self.max_weight, "is above max_weight", "lower it"),
            ("max_weight", self.max_weight <= 1, "is above 100%", "take 100% or less"),
            ("min_observations", self.min_observations <= self.lookback, "is above lookback", "lower it"),
            ("min_observations", self.min_observations >= 2, "is too few for a deviation", "take 2 or more"),
        )
        for name, holds, wrong, remedy in rules:
            if not holds:
                yield Contradiction((name,), shown[name], wrong, remedy)


class AdaptationSettings(Settings):
    """Limits become tighter after bad cycles and, step by step, what they were after good ones."""

    enabled: bool = Field(default=False, description="Whether limits adapt, below what is set.")
    cycle: PositiveDuration = Field(
        default=5 * MINUTE, description="Time over which figures are gathered; 10s at least."
    )
    window: PositiveCount = Field(default=5, description="Cycles that are looked at.")
    max_changes: PositiveCount = Field(default=3, description="Most limits that change at a time.")
    floor: PositiveRatio = Field(
        default=Decimal("0.2"), description="How far a limit may fall, part of what is set."
    )
    reject_spike: PositiveCount = Field(
        default=3, description="Rejected orders of a cycle that are too many."
    )
    throttle_spike: PositiveCount = Field(
        default=1, description="Refusals for a venue's rates of a cycle that are too many."
    )
    drawdown_part: PositiveRatio = Field(
        default=Decimal("0.8"), description="Part of risk.drawdown_reduce from which on a fall is deep."
    )
    healthy_cycles: PositiveCount = Field(
        default=3, description="Cycles in a row without a bad sign after which limits are loosened by a step."
    )
    worse_loss: PositiveRatio = Field(
        default=Decimal("0.002"),
        description="Loss of NAV in a cycle, three times since limits were loosened, that takes it back.",
    )

    def contradictions(self) -> Iterator[Contradiction]:
        shown = self.model_dump(mode="json")
        rules = (
            ("window", self.window >= 3, "is too short to see three losses", "take 3 or more"),
            ("cycle", self.cycle >= 10 * SECOND, "is shorter than 10 seconds", "take 10s or more"),
            ("floor", self.floor <= 1, "is above 100%", "take 100% or less"),
            ("healthy_cycles", self.healthy_cycles <= self.window, "is above window", "lower it"),
        )
        for name, holds, wrong, remedy in rules:
            if not holds:
                yield Contradiction((name,), shown[name], wrong, remedy)
