"""Settings of the portfolio risk actor: what it never lets an order, a symbol or the whole desk exceed."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from config.duration import SECOND, PositiveDuration
from config.ratio import PositiveRatio, PositiveShare, Share
from config.schema.allocation import AdaptationSettings, AllocationSettings
from config.schema.anomalies import AnomalySettings
from config.schema.base import Contradiction, Money, PositiveCount, PositiveMoney, Text
from config.schema.limits import DeskLimits
from config.schema.statistics import StatisticsSettings


def _time_zone(value: object) -> object:
    try:
        zoneinfo.ZoneInfo(value if isinstance(value, str) else "")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("must be the name of a time zone, such as UTC or America/New_York") from error
    return value


TimeZone = Annotated[str, BeforeValidator(_time_zone)]


class RiskSettings(DeskLimits):
    """Limits on orders, exposure, losses and the age of what is decided on."""

    kill_switch: bool = Field(default=False, description="Whether the desk starts HALTED.")
    safe_mode: bool = Field(
        default=False,
        description="Whether the desk starts, and is held, in OBSERVE: it looks and does nothing.",
    )
    kill_file: Text | None = Field(
        default=None,
        description="File that holds the desk HALTED while it is there, and until a person resumes; null for none.",
    )
    anomalies: AnomalySettings = Field(
        default=AnomalySettings(), description="Trading less while something is wrong."
    )
    canary_order_notional: PositiveMoney | None = Field(
        default=None,
        description="Largest value of an order of a canary, in base currency, whatever other limits say; null: none. "
        "Not changed while the desk runs.",
    )
    canary_exposure: PositiveMoney | None = Field(
        default=None,
        description="Largest exposure of all that a canary holds and has open, in base currency.",
    )
    min_notional: Money = Field(
        default=Decimal(10), description="Smallest value of an order, in base currency."
    )
    max_order_notional: PositiveMoney = Field(
        default=Decimal(10_000), description="Largest value of an order, in base currency."
    )
    max_symbol_exposure: PositiveRatio = Field(
        default=Decimal("0.25"), description="Largest exposure to one symbol, part of NAV."
    )
    max_gross_exposure: PositiveRatio = Field(
        default=Decimal(1), description="Largest sum of all exposures, part of NAV; may exceed 100%."
    )
    min_cash_reserve: Share = Field(
        default=Decimal("0.05"), description="Cash that orders leave untouched, part of NAV."
    )
    max_open_positions: PositiveCount = Field(
        default=20, description="Symbols with a position at the same time."
    )
    max_open_orders: PositiveCount = Field(
        default=50, description="Orders that may be open at the same time."
    )
    daily_loss_limit: PositiveShare = Field(
        default=Decimal("0.03"),
        description="Loss since the day boundary at which the desk goes to REDUCE, part of NAV.",
    )
    self_financing: bool = Field(
        default=False,
        description="Whether part of realised profit is set aside at each day boundary and left untouched by buys; "
        "losses reduce capital only.",
    )
    treasury_share: Share = Field(
        default=Decimal("0.4"), description="Part of realised profit, after costs, that is set aside."
    )
    weekly_loss_limit: PositiveShare | None = Field(
        default=None,
        description="Loss since the week began, Monday's day boundary, at which the desk goes to REDUCE; null: none.",
    )
    drawdown_cautious: PositiveShare = Field(
        default=Decimal("0.03"),
        description="Fall from the highest NAV at which the drawdown state becomes cautious; it refuses nothing.",
    )
    drawdown_defensive: PositiveShare = Field(
        default=Decimal("0.05"), description="Fall from the highest NAV at which it becomes defensive."
    )
    drawdown_reduce: PositiveShare = Field(
        default=Decimal("0.05"), description="Fall from the highest NAV at which the desk goes to REDUCE."
    )
    drawdown_halt: PositiveShare = Field(
        default=Decimal("0.1"), description="Fall from the highest NAV at which the desk is HALTED."
    )
    max_mark_age: PositiveDuration = Field(
        default=5 * SECOND, description="Age at which a mark is too old to approve exposure on."
    )
    max_intent_age: PositiveDuration = Field(
        default=5 * SECOND, description="Age at which an intent is expired."
    )
    price_collar: PositiveRatio = Field(
        default=Decimal("0.01"), description="Distance of an order's worst price from the mark, at most."
    )
    max_portfolio_var: PositiveRatio | None = Field(
        default=None,
        description="Largest VaR (99%) of the portfolio over risk.statistics.horizon, part of NAV; null: none.",
    )
    max_position_cvar: PositiveRatio | None = Field(
        default=None, description="Largest CVaR (95%) of one symbol over that time, part of NAV; null: none."
    )
    max_correlated_exposure: PositiveRatio | None = Field(
        default=None,
        description="Largest exposure to symbols that move with one another, or against, part of NAV; null: none.",
    )
    correlation_threshold: Share = Field(
        default=Decimal("0.7"), description="Correlation of returns from which on symbols count as one."
    )
    statistics: StatisticsSettings = Field(
        default=StatisticsSettings(), description="Samples of returns that these limits go by."
    )
    allocation: AllocationSettings = Field(
        default=AllocationSettings(), description="The split of capital over strategies."
    )
    adaptation: AdaptationSettings = Field(
        default=AdaptationSettings(), description="Limits that adapt to recent cycles."
    )
    day_boundary: TimeZone = Field(
        default="UTC", description="Time zone at whose midnight the daily loss starts anew."
    )
    on_halt: Literal["cancel_only", "flatten"] = Field(
        default="cancel_only",
        description="What HALTED does with positions: leave them to their stops, or close them.",
    )

    def contradictions(self) -> Iterator[Contradiction]:
        yield from super().contradictions()
        shown = self.model_dump(mode="json")
        for lower, higher in _ORDERED:
            if getattr(self, lower) > getattr(self, higher):
                yield Contradiction(
                    (lower,),
                    shown[lower],
                    f"is above {higher}, {shown[higher]}",
                    f"lower it or raise {higher}",
                )


_ORDERED = (
    ("min_notional", "max_order_notional"),
    ("max_symbol_exposure", "max_gross_exposure"),
    ("drawdown_reduce", "drawdown_halt"),
    ("drawdown_cautious", "drawdown_defensive"),
)
