"""The parameters of a pipeline as its settings give them, and what each stage makes of its section.

The defaults are those of the stages; a section that is left out is as it stands there.
"""

from __future__ import annotations

from pydantic import Field

from actors.strategy.bars import BarSource
from actors.strategy.pipeline.arbitration import ArbitrationSettings
from actors.strategy.pipeline.blending import BlendSettings
from actors.strategy.pipeline.gating import (
    BAD_TICK_BARS,
    BadTickSettings,
    BarrierSettings,
    ChopSettings,
    ChurnSettings,
    FeeSettings,
    GateSettings,
    SpreadSettings,
)
from actors.strategy.pipeline.horizons import ALWAYS_OPEN_MINUTES
from actors.strategy.pipeline.kernel import KernelSettings
from actors.strategy.pipeline.learning.bandit import BanditSettings
from actors.strategy.pipeline.learning.returns import ReturnsSettings
from actors.strategy.pipeline.learning.rewards import RewardSettings
from actors.strategy.pipeline.memory import LearningSettings
from actors.strategy.pipeline.prediction import PredictionSettings
from actors.strategy.pipeline.section import Section
from actors.strategy.pipeline.size_settings import SizeParameters
from actors.strategy.pipeline.sizing import SizeSettings
from actors.strategy.strategy import StrategyParameters
from config.duration import SECOND, Duration, PositiveDuration

MINUTE = 60 * SECOND


class PredictionParameters(Section):
    """Scale of predictions, and how far they are trusted."""

    window: int | None = Field(
        default=None,
        ge=1,
        description="Observations a prediction is compared with; null for that of the models, else 10.",
    )
    minimum: int = Field(default=3, ge=1, description="Observations from which on there is a scale.")
    clip: float = Field(default=3.0, gt=0, description="Largest standardised prediction.")
    flat: float = Field(default=1e-9, gt=0, description="Deviation below which a series does not move.")
    ic_floor: float = Field(default=0.01, gt=0, description="Least IC in a confidence.")
    capacity_share: float = Field(
        default=0.1, gt=0, description="Part of the daily volume that trades without loss of trust."
    )
    unproven_stability: float = Field(
        default=0.5, gt=0, description="Stability of a model whose errors are not known yet."
    )


class BlendParameters(Section):
    """Weights of the models of a horizon."""

    ridge: float = Field(default=0.15, ge=0, description="Added to the diagonal of the correlations.")
    cost_weight: float = Field(default=0.5, ge=0, description="How much the share of costs takes from an IC.")
    mu_floor: float = Field(default=0.01, gt=0, description="Least of what is left of an IC.")
    minimum: int = Field(
        default=5, ge=1, description="Rows two models must have in common; below it weights are equal."
    )
    history: int = Field(
        default=50, ge=2, le=64, description="Rows of predictions that correlations are made of."
    )
    temperature: dict[str, float] = Field(
        default={"5m": 0.75, "10m": 0.85, "15m": 0.90},
        description="Exponent of the weights by horizon; 1 for all others.",
    )


class CostParameters(Section):
    """What a trade costs, and how large an edge must be."""

    spread_weight: float = Field(default=1.0, ge=0, description="Part of the spread that a trade costs.")
    timing_weight: float = Field(default=0.15, ge=0, description="Part of the volatility over the horizon.")
    impact_weight: float = Field(
        default=1.0, ge=0, description="Weight of the square-root impact; 0 asks for no volume."
    )
    threshold_bps: float = Field(default=2.0, ge=0, description="Least score.")
    threshold_per_spread: float = Field(default=0.5, ge=0, description="What each bp of spread adds to it.")
    daily_volume: float | None = Field(
        default=None, gt=0, description="Average daily volume in quote currency; null for that of the bars."
    )
    taker_fee_bps: float | None = Field(
        default=None, ge=0, description="Fee of an order that takes; null for that of the venue's settings."
    )


class BadTickParameters(Section):
    """A price far from the bars before it."""

    enabled: bool = Field(default=True, description="Whether it is asked.")
    max_deviation: float = Field(default=0.10, ge=0, description="From the mean of 20 closes.")
    min_volume_ratio: float = Field(
        default=0.1, ge=0, description="Of their mean volume, to be believed beyond it."
    )


class SpreadParameters(Section):
    """Spread and age of the quote."""

    enabled: bool = Field(default=True, description="Whether it is asked.")
    max_spread_bps: float = Field(default=12.0, ge=0, description="Widest spread, in bps of the mid.")
    max_quote_age: Duration = Field(default=5 * SECOND, description="Oldest quote, by the venue's clock.")


class ChopParameters(Section):
    """A market that does not move."""

    enabled: bool = Field(default=True, description="Whether it is asked.")
    min_atr_ratio: float = Field(default=1.05, ge=0, description="Of the ATR to its own median.")
    lookback: int = Field(default=ChopSettings().lookback, ge=28, description="Bars of the median.")


class BarrierParameters(Section):
    """Probabilities of a peak and a valley. Without models of both nothing passes while it is on."""

    enabled: bool = Field(default=True, description="Whether it is asked.")
    block_peak: float = Field(
        default=0.60, ge=0, le=1, description="Probability of a peak above which no long is entered."
    )
    block_valley: float = Field(
        default=0.55, ge=0, le=1, description="Probability of a valley above which no short is entered."
    )
    exit_peak: float = Field(
        default=0.65, ge=0, le=1, description="Probability of a peak above which a long is closed."
    )
    exit_valley: float = Field(
        default=0.60, ge=0, le=1, description="Probability of a valley above which a short is closed."
    )
    bounce: float = Field(
        default=0.55, ge=0, le=1, description="Probability of a valley from which a long is called a bounce."
    )
    rejection: float = Field(
        default=0.48,
        ge=0,
        le=1,
        description="Probability of a peak from which a short is called a rejection.",
    )
    gamma: float = Field(
        default=1.0, ge=0, description="Exponent of what speaks against the side, in the size factor."
    )
    delta: float = Field(default=0.5, ge=0, description="Exponent of what speaks for it.")
    min_factor: float = Field(default=0.2, ge=0, le=1, description="Least size factor.")


class ChurnParameters(Section):
    """Least holding time, and rest after a close."""

    enabled: bool = Field(default=True, description="Whether it is asked.")
    min_hold: Duration = Field(
        default=2 * MINUTE, description="Time before a signal may close or turn a position."
    )
    reentry_cooldown: Duration = Field(
        default=5 * MINUTE, description="Time without an entry after a position was closed."
    )


class FeeParameters(Section):
    """The edge against fees."""

    enabled: bool = Field(default=True, description="Whether it is asked.")
    round_trips: float = Field(default=1.5, ge=0, description="Round trips' fees that the net edge must pay.")


class GateParameters(Section):
    """All gates; each can be switched off."""

    bad_tick: BadTickParameters = BadTickParameters()
    spread: SpreadParameters = SpreadParameters()
    chop: ChopParameters = ChopParameters()
    barrier: BarrierParameters = BarrierParameters()
    churn: ChurnParameters = ChurnParameters()
    fees: FeeParameters = FeeParameters()

    def bars_needed(self) -> int:
        """How many bars the gates that are asked look back on."""
        ticks = BAD_TICK_BARS + 1 if self.bad_tick.enabled else 1
        return max(ticks, self.chop.lookback if self.chop.enabled else 1)

    def gates(self) -> GateSettings:
        """The settings of the gates."""
        return GateSettings(
            bad_tick=self.bad_tick.settings(BadTickSettings),
            spread=self.spread.settings(SpreadSettings),
            chop=self.chop.settings(ChopSettings),
            barrier=self.barrier.settings(BarrierSettings),
            churn=self.churn.settings(ChurnSettings),
            fees=self.fees.settings(FeeSettings),
        )


class ReturnsParameters(Section):
    """How predictions are judged by what followed."""

    overlap: int = Field(default=4, ge=1, description="Predictions of a horizon that are under way at once.")
    early: float = Field(
        default=0.05,
        ge=0,
        lt=0.5,
        description="Part of a horizon that may be missing when a prediction is judged.",
    )
    late: float = Field(
        default=0.25,
        ge=0,
        lt=0.5,
        description="Part of a horizon after which a prediction is not judged any more.",
    )
    ic_minimum: int = Field(default=5, ge=1, description="Pairs that an IC needs.")
    error_minimum: int = Field(default=3, ge=1, description="Errors that an RMSE needs.")
    half_life: float = Field(
        default=200.0, gt=0, description="Pairs after which a pair counts half in the slope."
    )
    prior_pairs: float = Field(
        default=50.0, ge=0, description="Pairs that the slope of a model's training counts as."
    )
    slope_minimum: int = Field(default=20, ge=1, description="Pairs that a slope without such a prior needs.")


class BanditParameters(Section):
    """How rewards of trades change the weights of models."""

    eta_max: float = Field(default=0.07, gt=0, description="Largest learning rate.")
    gamma: float = Field(
        default=0.05,
        gt=0,
        description="What is added to a model's probability, against bad luck of rare ones.",
    )
    warm_up: int = Field(
        default=100, ge=0, description="Rewards before which the learned weights have no say."
    )
    ramp: int = Field(default=100, ge=0, description="Rewards over which their say grows.")
    largest_share: float = Field(default=0.3, ge=0, le=1, description="Their largest say.")


class RewardParameters(Section):
    """What a trade's result teaches."""

    range_bps: float = Field(
        default=100.0, gt=0, description="Gain or loss at which the scale of rewards ends."
    )
    assumed_cost_bps: float = Field(
        default=0.0, ge=0, description="Cost charged besides the fees of the fills."
    )
    stale_after: Duration = Field(
        default=1440 * MINUTE, description="Holding time after which a trade teaches nothing."
    )


class LearningParameters(Section):
    """What comes back from the market."""

    returns: ReturnsParameters = ReturnsParameters()
    bandit: BanditParameters = BanditParameters()
    rewards: RewardParameters = RewardParameters()


class PipelineParameters(StrategyParameters):
    """Bars, horizons and the sections of all stages."""

    interval: PositiveDuration = Field(
        default=MINUTE, description="Length of the bars that models are given."
    )
    bars: BarSource = Field(
        default=BarSource.TRADES, description="What bars are made of; feed takes those of the feed."
    )
    fill: int = Field(
        default=5, ge=0, description="Intervals without a trade that are bridged by bars without volume."
    )
    horizons: tuple[str, ...] = Field(default=(), description="How far ahead; none for those of the models.")
    day_minutes: int = Field(
        default=ALWAYS_OPEN_MINUTES,
        ge=1,
        le=1440,
        description="Minutes of trading in a day; 390 for US equities.",
    )
    volatility_bars: int = Field(
        default=20, ge=2, description="Bars that volatility and volume are measured on."
    )
    grace: Duration = Field(
        default=2 * SECOND, description="How long a group waits for the bars of its last symbols."
    )
    trace_every: int = Field(
        default=20,
        ge=1,
        description="Of decisions that don't trade, every so many-eth keeps its whole trace.",
    )
    strict: bool = Field(default=False, description="A gate that lacks an input raises; always so in live.")
    prediction: PredictionParameters = PredictionParameters()
    blending: BlendParameters = BlendParameters()
    costs: CostParameters = CostParameters()
    gates: GateParameters = GateParameters()
    sizing: SizeParameters = SizeParameters()
    learning: LearningParameters = LearningParameters()

    def kernel(self, window: int) -> KernelSettings:
        """The settings of the planning kernel; `window` is that of the models where none is given here."""
        return KernelSettings(
            prediction=self.predictions(window),
            blending=self.blending.settings(BlendSettings),
            arbitration=ArbitrationSettings(
                spread_weight=self.costs.spread_weight,
                timing_weight=self.costs.timing_weight,
                impact_weight=self.costs.impact_weight,
                threshold_bps=self.costs.threshold_bps,
                threshold_per_spread=self.costs.threshold_per_spread,
                day_minutes=self.day_minutes,
            ),
            gates=self.gates.gates(),
            sizing=self.sizing.settings(SizeSettings),
            sizer=self.sizing.chosen(),
        )

    def predictions(self, window: int) -> PredictionSettings:
        """The settings of the prediction stage."""
        section = self.prediction.model_copy(update={"window": self.prediction.window or window})
        return section.settings(PredictionSettings)

    def learner(self, window: int) -> LearningSettings:
        """The settings of the memory."""
        return LearningSettings(
            prediction=self.predictions(window),
            returns=self.learning.returns.settings(ReturnsSettings),
            bandit=self.learning.bandit.settings(BanditSettings),
            rewards=self.learning.rewards.settings(RewardSettings),
            history=self.blending.history,
        )
