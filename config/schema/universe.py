"""Settings of the universe: which of the symbols are traded, and how that changes while the desk runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field

from config.duration import HOUR, Duration, PositiveDuration
from config.ratio import PositiveRatio, Ratio, Share
from config.schema.base import (
    Contradiction,
    PositiveCount,
    PositiveMoney,
    Settings,
    Symbol,
    SymbolChoice,
    WholeNumber,
)

TierName = Literal["core", "satellite", "tactical"]
RegimeName = Literal["bull", "chop", "bear", "crash"]
_BEST_RATE: Mapping[RegimeName, Decimal] = {"crash": Decimal(0)}
_SECOND_RATE: Mapping[RegimeName, Decimal] = {
    "bull": Decimal("1.2"),
    "chop": Decimal("0.8"),
    "bear": Decimal("0.5"),
    "crash": Decimal(0),
}
_IN_REGIMES = "Factor of `most` by the market's regime (`regime_symbol`); 1 where none is given."


class CoreTier(Settings):
    """What a market must offer to be in the best tier."""

    min_volume: PositiveMoney = Field(
        default=Decimal(10_000_000), description="Least that is traded in 24 hours, in base currency."
    )
    max_spread: PositiveRatio = Field(default=Decimal("0.002"), description="Widest spread, part of the mid.")
    min_depth: PositiveMoney = Field(
        default=Decimal(100_000),
        description="Least depth of both sides within 20 bps of the mid, in base currency.",
    )
    most: WholeNumber = Field(default=10, description="Most symbols the tier holds.")
    regimes: Mapping[RegimeName, Ratio] = Field(
        default_factory=lambda: dict(_BEST_RATE), description=_IN_REGIMES
    )


class SatelliteTier(CoreTier):
    """What a market must offer to be in the second tier."""

    min_volume: PositiveMoney = Field(
        default=Decimal(8_000_000), description="Least that is traded in 24 hours, in base currency."
    )
    max_spread: PositiveRatio = Field(
        default=Decimal("0.0035"), description="Widest spread, part of the mid."
    )
    min_depth: PositiveMoney = Field(
        default=Decimal(25_000),
        description="Least depth of both sides within 20 bps of the mid, in base currency.",
    )
    most: WholeNumber = Field(default=20, description="Most symbols the tier holds.")
    regimes: Mapping[RegimeName, Ratio] = Field(
        default_factory=lambda: dict(_SECOND_RATE), description=_IN_REGIMES
    )


class TacticalTier(CoreTier):
    """What a market must offer to be in the third tier."""

    min_volume: PositiveMoney = Field(
        default=Decimal(8_000_000), description="Least that is traded in 24 hours, in base currency."
    )
    max_spread: PositiveRatio = Field(default=Decimal("0.006"), description="Widest spread, part of the mid.")
    min_depth: PositiveMoney = Field(
        default=Decimal(10_000),
        description="Least depth of both sides within 20 bps of the mid, in base currency.",
    )
    most: WholeNumber = Field(default=0, description="Most symbols the tier holds; 0 for no such tier.")
    regimes: Mapping[RegimeName, Ratio] = Field(
        default_factory=lambda: dict(_SECOND_RATE), description=_IN_REGIMES
    )


class SymbolOverride(Settings):
    """What is different for one symbol; null where nothing is."""

    tier: TierName | None = Field(default=None, description="The one tier it may be in.")
    min_volume: PositiveMoney | None = Field(default=None, description="Its own floor of volume.")
    max_spread: PositiveRatio | None = Field(default=None, description="Its own bound of the spread.")
    min_depth: PositiveMoney | None = Field(default=None, description="Its own floor of depth.")


class UniverseWeights(Settings):
    """Parts of a candidate's score."""

    liquidity: Share = Field(default=Decimal("0.5"), description="Of what is traded in 24 hours.")
    spread: Share = Field(default=Decimal("0.3"), description="Of a tight spread.")
    volatility: Share = Field(default=Decimal("0.2"), description="Of movement.")

    def contradictions(self) -> Iterator[Contradiction]:
        total = self.liquidity + self.spread + self.volatility
        if total != 1:
            yield Contradiction((), total, "is the sum of the parts", "let them add up to 1")


class NearMissSettings(Settings):
    """Markets that miss a floor by little."""

    tolerance: Share = Field(
        default=Decimal("0.1"), description="By how much volume or depth may miss the floor."
    )
    max_spread: PositiveRatio = Field(
        default=Decimal("0.003"), description="Widest spread at which volume may miss it."
    )
    most: WholeNumber = Field(default=2, description="Most such symbols per tier.")


class UniverseSettings(Settings):
    """Which symbols are traded."""

    mode: Literal["off", "static", "dynamic"] = Field(
        default="off",
        description="off trades what strategies name, and so do replays and backtests; with static persons add and "
        "remove symbols; dynamic goes by the market's figures too.",
    )
    start: SymbolChoice | None = Field(
        default=None, description="Symbols traded at the very first; null for all if static, none if dynamic."
    )
    every: PositiveDuration = Field(default=HOUR, description="How often figures are judged.")
    size: PositiveCount = Field(default=30, description="Most symbols that are traded by their figures.")
    core: CoreTier = Field(default=CoreTier(), description="The best tier.")
    satellite: SatelliteTier = Field(default=SatelliteTier(), description="The second tier.")
    tactical: TacticalTier = Field(default=TacticalTier(), description="The third tier.")
    regime_symbol: Symbol | None = Field(
        default=None,
        description="Whose trend of a week and volatility tell the market's regime (bull, chop, bear, crash), by which "
        "the tiers have places; null for none.",
    )
    weights: UniverseWeights = Field(default=UniverseWeights(), description="How candidates are compared.")
    near_misses: NearMissSettings = Field(
        default=NearMissSettings(), description="Places for markets that miss a floor by little."
    )
    enter_cycles: PositiveCount = Field(
        default=3, description="Cycles in a row in which a symbol must be fit before it comes."
    )
    exit_cycles: PositiveCount = Field(
        default=3, description="Cycles in a row in which it must be unfit before it leaves."
    )
    exit_slack: PositiveRatio = Field(
        default=Decimal("0.95"), description="Part of the floors that is enough for a symbol that is in."
    )
    changes_a_day: WholeNumber = Field(
        default=4, description="Most symbols that come or leave by figures in 24 hours."
    )
    reentry: Duration = Field(default=6 * HOUR, description="Time after leaving before it may come back.")
    whitelist: tuple[Symbol, ...] = Field(default=(), description="Traded whatever the figures say.")
    blacklist: tuple[Symbol, ...] = Field(default=(), description="Never traded.")
    overrides: Mapping[Symbol, SymbolOverride] = Field(
        default_factory=dict, description="What is different for a symbol."
    )
    ban: PositiveDuration = Field(
        default=168 * HOUR, description="How long a ban lasts that does not say how long."
    )

    @property
    def named(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Every symbol that is named, and where."""
        for name in ("start", "whitelist", "blacklist", "overrides"):
            chosen = getattr(self, name)
            for symbol in () if chosen is None or isinstance(chosen, str) else chosen:
                yield ("universe", name), symbol
        if self.regime_symbol is not None:
            yield ("universe", "regime_symbol"), self.regime_symbol

    def contradictions(self) -> Iterator[Contradiction]:
        for symbol in sorted(set(self.whitelist) & set(self.blacklist)):
            yield Contradiction(
                ("whitelist",), symbol, "is on the blacklist too", "take it from one of the lists"
            )
        if self.exit_slack > 1:
            yield Contradiction(
                ("exit_slack",), self.exit_slack, "would make leaving easier than coming", "use 1 or less"
            )
