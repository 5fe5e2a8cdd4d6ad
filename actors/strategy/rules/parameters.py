"""The parameters of the rules as a desk's settings give them."""

from __future__ import annotations

from typing import Literal, Self

import msgspec
from pydantic import Field, model_validator

from actors.strategy.bars import BarSource
from actors.strategy.rules.cases import Falls
from actors.strategy.rules.settings import ConvictionRules, SizeRules, TriggerSettings
from actors.strategy.strategy import StrategyParameters
from config.duration import DAY, HOUR, MINUTE, PositiveDuration
from config.ratio import SignalRatio

Tier = Literal["core", "satellite", "tactical"]
TriggerName = Literal["price_move", "volume_spike", "breakout", "reversal", "momentum", "screener"]

_BASE = {"core": 0.03, "satellite": 0.02, "tactical": 0.007}
_SPREAD = {"core": 0.0020, "satellite": 0.0035, "tactical": 0.0060}


class RulesParameters(StrategyParameters):
    """Which triggers are heeded on which bars, and how their proposals are sized."""

    interval: PositiveDuration = Field(HOUR, description="Interval of the bars that triggers look at.")
    fast_interval: PositiveDuration = Field(
        5 * MINUTE,
        description="Interval of the bars that confirm reversals; the longer ones are made of them.",
    )
    bars: BarSource = Field(
        BarSource.TRADES, description="What bars are made of; bars of the feed must be of fast_interval."
    )
    fill: int = Field(5, ge=0, description="Bars without a trade, in a row, that are filled in.")
    triggers: tuple[TriggerName, ...] = Field(
        ("price_move", "volume_spike", "breakout", "reversal", "momentum"),
        min_length=1,
        description="Which triggers are heeded.",
    )
    falls: Falls = Field(Falls.BUY, description="Whether a fall of the price is bought as a dip or sold.")
    allow_short: bool = Field(True, description="Whether positions below zero are proposed.")
    tier: Tier = Field("core", description="What its symbols are; decides on base size and spread.")
    base_size: SignalRatio | None = Field(
        None, gt=0, le=1, description="Largest size before boosts, part of the budget; null for the tier's."
    )
    max_weight: SignalRatio = Field(0.10, gt=0, le=1, description="Largest position, part of the budget.")
    max_spread: SignalRatio | None = Field(
        None, gt=0, description="Widest spread at which anything is entered; null for the tier's."
    )
    conviction: float = Field(0.30, ge=0, le=1, description="Least conviction of a proposal.")
    canary: bool = Field(
        True, description="Whether what is only just convincing is tried with a small order that rests."
    )
    canary_rest: PositiveDuration = Field(MINUTE, description="Time for which such an order rests at most.")
    relax: SignalRatio = Field(
        0.30,
        ge=0,
        lt=1,
        description="By how much price moves may be smaller after a bar on which nothing fired.",
    )
    range_filter: bool = Field(True, description="Whether nothing is entered while the range is small.")
    trend_bars: int = Field(168, ge=2, description="Bars over which the regime's trend is measured.")
    volatility_bars: int = Field(168, ge=24, description="Bars from which volatility is measured.")
    regime_symbol: str | None = Field(
        None, description="Symbol of the group whose market is the regime of all; null for each its own."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.interval % self.fast_interval:
            raise ValueError("interval must be a whole number of fast_interval")
        if len(set(self.triggers)) < len(self.triggers):
            raise ValueError("triggers names one twice")
        return self

    @property
    def bars_a_year(self) -> float:
        """How many bars a year of a market has that never closes."""
        return 365.0 * DAY / self.interval

    @property
    def spread(self) -> float:
        """The widest spread, part of the price."""
        return _SPREAD[self.tier] if self.max_spread is None else self.max_spread

    def sizes(self) -> SizeRules:
        """How proposals are sized, in percent of the budget."""
        base = _BASE[self.tier] if self.base_size is None else self.base_size
        return SizeRules(base=100.0 * base)

    def convictions(self) -> ConvictionRules:
        """How conviction adds up."""
        rules = ConvictionRules(threshold=self.conviction)
        wanted = self.canary and self.tier != "tactical"
        return rules if wanted else msgspec.structs.replace(rules, canary_below=rules.canary_from)

    def measures(self, *, relaxed: bool) -> TriggerSettings:
        """How triggers measure, after a bar on which nothing fired with smaller thresholds on price moves."""
        settings = TriggerSettings()
        return msgspec.structs.replace(settings, scale=1.0 - self.relax) if relaxed else settings
