"""Settings of how orders with a route other than direct are worked at a venue."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pydantic import Field

from config.duration import SECOND, Duration, PositiveDuration
from config.ratio import Ratio, Share
from config.schema.base import (
    Contradiction,
    Count,
    Money,
    PositiveCount,
    Settings,
    Symbol,
    WholeNumber,
)


class TuningSettings(Settings):
    """How far whoever adapts the desk may change the routing of a symbol."""

    symbols: tuple[Symbol, ...] = Field(
        default=(), description="Symbols whose routing may be tuned; [] for none."
    )
    offset_step: Count = Field(
        default=2, le=100, description="Most ticks that one proposal may move an offset by."
    )
    bias_step: Share = Field(
        default=Decimal("0.05"), description="The most that one proposal may change the bias towards taking."
    )
    every: Count = Field(
        default=0,
        description="Orders of such a symbol after which its router records propose a change; 0 = they never do.",
    )


class RoutingSettings(Settings):
    """How orders that are more than one order are worked; `docs/routing.md` says what the routes do."""

    maker_patience: PositiveDuration = Field(
        default=15 * SECOND, description="Time a slice is worked passively before what is left is taken."
    )
    fallback_margin: PositiveDuration = Field(
        default=SECOND, description="Time kept before the order's deadline for taking what is left."
    )
    reprice_drift: Ratio = Field(
        default=Decimal("0.0002"),
        description="How far the market must have moved away from a passive order for a new price, part of its price.",
    )
    reprice_interval: Duration = Field(
        default=SECOND, description="Least time between two prices of an order."
    )
    max_reprices: Count = Field(
        default=3, le=1_000, description="New prices of a slice; one that needs more is taken."
    )
    max_rejects: PositiveCount = Field(
        default=2,
        le=100,
        description="Passive orders that the venue refused to let rest until a slice is taken.",
    )
    offset_ticks: WholeNumber = Field(
        default=0,
        description="Ticks between a passive order and the best price of its own side; negative is nearer the market.",
    )
    max_offset_ticks: Count = Field(
        default=5, le=1_000, description="The most ticks that quality or tuning may make of it, either way."
    )
    cost_budget: Share = Field(
        default=Decimal("0.001"),
        description="Most that taking may cost against the price at the decision, the taker fee included.",
    )
    quote_age: PositiveDuration = Field(
        default=5 * SECOND, description="Age beyond which no passive order is priced by a quote."
    )
    twap_notional: Money = Field(
        default=Decimal(500), description="Value in quote currency below which twap does not slice."
    )
    twap_slices: PositiveCount = Field(default=4, le=1_000, description="Slices of a twap.")
    twap_interval: PositiveDuration = Field(
        default=10 * SECOND, description="Time between the beginnings of two slices."
    )
    quality_orders: PositiveCount = Field(
        default=20,
        le=10_000,
        description="Orders after which, and over which, a symbol's quality is reckoned.",
    )
    tuning: TuningSettings = Field(default=TuningSettings(), description="Changes by whoever adapts.")

    def contradictions(self) -> Iterator[Contradiction]:
        if abs(self.offset_ticks) > self.max_offset_ticks:
            yield Contradiction(
                ("offset_ticks",),
                self.offset_ticks,
                "is beyond max_offset_ticks",
                f"choose one within {self.max_offset_ticks}, or raise max_offset_ticks",
            )
        if len(set(self.tuning.symbols)) < len(self.tuning.symbols):
            twice = sorted({each for each in self.tuning.symbols if self.tuning.symbols.count(each) > 1})
            yield Contradiction(
                ("tuning", "symbols"), ", ".join(twice), "is listed twice", "list each symbol once"
            )
