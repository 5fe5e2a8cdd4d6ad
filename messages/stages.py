"""What each stage of the decision pipeline saw and said: the records that make up the trace of a decision.

Apart from the decisions because people read them under these names. A figure that is missing is None, never 0;
returns and weights are fractions, costs and edges basis points, times ns UTC, names those of models and horizons.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.control import Mode
from messages.intents import Side
from messages.reasons import Reason

Figure = float | None
"""A number that may be missing."""


class Record(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Base of the records of a stage."""


class ModelPrediction(Record, frozen=True):
    """One model's word for one horizon: as it came, standardised, how far it is trusted, and as an expected return."""

    model: str
    raw: Figure = None
    z: Figure = None
    confidence: Figure = None
    expected: Figure = None


class HorizonPredictions(Record, frozen=True):
    """All models' words for one horizon."""

    horizon: str
    minutes: float
    models: tuple[ModelPrediction, ...]


class AllPredictions(Record, frozen=True):
    """The prediction stage. `bar_time` is the end of the last bar used, `missing` says per model why it is silent."""

    bar_time: int
    horizons: tuple[HorizonPredictions, ...]
    missing: dict[str, str] = {}


class BlendResult(Record, frozen=True):
    """One horizon's models as one: their weights (sum 1), the expected return and the confidence in it."""

    horizon: str
    weights: dict[str, Figure]
    alpha: Figure = None
    confidence: Figure = None
    temperature: Figure = None


class HorizonScore(Record, frozen=True):
    """One horizon's edge after costs, in bps; `score` is per root of five minutes.

    `preference` is the factor that it counted with in the choice, by what horizons have paid; None: nothing is learned.
    """

    horizon: str
    alpha: Figure = None
    spread_cost: Figure = None
    timing_cost: Figure = None
    impact_cost: Figure = None
    net: Figure = None
    score: Figure = None
    preference: Figure = None


class ArbitrationResult(Record, frozen=True):
    """Which horizon speaks, in which direction (+1, -1; 0 for none), and why; a score must reach `threshold`."""

    horizons: tuple[HorizonScore, ...]
    threshold: Figure
    horizon: str | None
    direction: int
    reason: Reason


class GateResult(Record, frozen=True):
    """One gate's word: whether it lets an entry pass, what it makes of its size (0 to 1), and why."""

    gate: str
    allowed: bool
    factor: Figure
    reason: Reason


class SpreadGateResult(Record, frozen=True):
    """What the spread gate looked at: the quote's spread and its age by the venue's clock."""

    allowed: bool
    reason: Reason
    spread_bps: Figure = None
    quote_age_ms: Figure = None


class SizingResult(Record, frozen=True):
    """From the edge to the weight to hold, as parts of the strategy's budget; nothing is done to `target` any more."""

    sizer: str
    volatility: Figure
    raw: Figure
    gated: Figure
    target: Figure
    current: Figure
    reason: Reason


class RiskStatus(Record, frozen=True):
    """What the actor itself knew of what it may do; the portfolio's risk judges the intent afterwards."""

    mode: Mode
    may_enter: bool
    reason: Reason


class TradeDecision(Record, frozen=True):
    """What is to be traded: quantity in base units at the touch; None for both where nothing is."""

    symbol: str
    side: Side | None
    quantity: Decimal | None
    price: Decimal | None
    horizon: str | None
    confidence: Figure
    reason: Reason


class TradeProposal(Record, frozen=True):
    """The trade in the terms of rules: part of the budget, conviction 0 to 1, distances of stop and target as parts of
    the price, and the longest time to hold in ns."""

    size_pct: Figure
    conviction: Figure
    stop: Figure = None
    target: Figure = None
    hold: int | None = None


class StageRecords(Record, frozen=True):
    """The trace of one decision, stage by stage; a stage that was not reached is None."""

    predictions: AllPredictions | None = None
    blends: tuple[BlendResult, ...] = ()
    arbitration: ArbitrationResult | None = None
    gates: tuple[GateResult, ...] = ()
    spread: SpreadGateResult | None = None
    sizing: SizingResult | None = None
    risk: RiskStatus | None = None
    decision: TradeDecision | None = None
    proposal: TradeProposal | None = None
