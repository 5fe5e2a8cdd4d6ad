"""Settings of the samples of returns by which limits on bad times go."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from config.duration import DAY, MINUTE, SECOND, PositiveDuration
from config.schema.base import Contradiction, PositiveCount, Settings


class StatisticsSettings(Settings):
    """Samples of returns, from the marks that risk receives, and the horizon of what is computed of them."""

    enabled: bool = Field(
        default=False, description="Whether samples are taken also while no limit needs them; else only then."
    )
    spacing: PositiveDuration = Field(default=MINUTE, description="Time between two samples; 1s at least.")
    lookback: PositiveCount = Field(default=500, description="Samples that are kept.")
    halflife: PositiveCount = Field(
        default=100, description="Samples after which one counts half in variances and correlations."
    )
    min_samples: PositiveCount = Field(
        default=60, description="Samples of a symbol before anything is known of it; at least 10."
    )
    tail_samples: PositiveCount = Field(default=400, description="Samples that CVaR looks back on.")
    horizon: PositiveDuration = Field(
        default=DAY, description="Time that VaR and CVaR are told for, by the square root of time."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        shown = self.model_dump(mode="json")
        rules = (
            ("spacing", self.spacing >= SECOND, "is shorter than a second", "take 1s or more"),
            ("min_samples", self.min_samples >= 10, "is too few to tell anything", "take 10 or more"),
            ("min_samples", self.min_samples <= self.lookback, "is above lookback", "lower it"),
            ("tail_samples", self.tail_samples <= self.lookback, "is above lookback", "lower it"),
            ("horizon", self.horizon >= self.spacing, "is shorter than spacing", "lengthen it"),
        )
        for name, holds, wrong, remedy in rules:
            if not holds:
                yield Contradiction((name,), shown[name], wrong, remedy)
