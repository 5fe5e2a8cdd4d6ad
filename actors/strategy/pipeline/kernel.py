"""The planning kernel: from what is known of S symbols to the weight to hold of each, in one call.

    expected returns -> blend -> arbitration -> gates and exits -> size

It is the only one: live trading, shadow, backtest and probe call it with the same arrays, and it keeps nothing. Its
order is fixed: symbols as given (their caller sorts them), models and horizons as in the memory, shortest horizon
first. No stage but ranking and the cap on all positions lets one symbol see another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np

from actors.strategy.pipeline import gating, prediction, sizing
from actors.strategy.pipeline.arbitration import (
    Arbitration,
    ArbitrationSettings,
    arbitrate,
    cost_shares,
    horizon_preference,
    trading_costs,
)
from actors.strategy.pipeline.arrays import Bools, Floats, Ints
from actors.strategy.pipeline.blending import Blend, BlendSettings, blend
from actors.strategy.pipeline.correlation import Agreement
from actors.strategy.pipeline.gating import Exits, GateInputs, GateResult, GateSettings
from actors.strategy.pipeline.horizons import horizon_volatility
from actors.strategy.pipeline.learning.returns import Statistics
from actors.strategy.pipeline.prediction import Confidence, PredictionSettings
from actors.strategy.pipeline.sizing import SizeInputs, Sizer, Sizes, SizeSettings, VolatilitySizer

StageWatch = Callable[[str], None]
"""Called at the end of each stage with its name; whoever measures time passes one in, a replay has none."""


class KernelSettings(msgspec.Struct, frozen=True):
    """The settings of all stages."""

    prediction: PredictionSettings = PredictionSettings()
    blending: BlendSettings = BlendSettings()
    arbitration: ArbitrationSettings = ArbitrationSettings()
    gates: GateSettings = GateSettings()
    sizing: SizeSettings = SizeSettings()
    sizer: Sizer = VolatilitySizer()


class Axes(msgspec.Struct, frozen=True):
    """What does not change from decision to decision: float64[H] each but the last, which is bool[M].

    Lengths of the horizons in minutes, seconds in which a prediction loses 1 - 1/e of its freshness, exponents of the
    blending, and which models predict returns instead of scores.
    """

    minutes: Floats
    tau_s: Floats
    temperature: Floats
    in_returns: Bools


class Words(msgspec.Struct, frozen=True):
    """What the models say and what is known of them: float64[S,M,H], NaN for missing.

    `raw` and standardised `z`, the seconds since they were said, `statistics` of realised returns, the models'
    `agreement`; `learned` weights of the models and `learned_horizons` (float64[S,H]) with the share of the say that
    they have (float64[S]), None without a learner.
    """

    raw: Floats
    z: Floats
    age_s: Floats
    statistics: Statistics
    agreement: Agreement
    learned: Floats | None = None
    learned_horizons: Floats | None = None
    learned_share: Floats | float = 0.0


class Market(msgspec.Struct, frozen=True):
    """What the market is like, float64[S] each, NaN for missing; see `GateInputs` for those not told here.

    `volatility_daily` is the standard deviation of a day's return, `adv` the average daily volume and `planned` the
    most that may be traded, both in quote currency; `atr` is a fraction of the price.
    """

    spread_bps: Floats
    quote_age_ns: Floats
    price_deviation: Floats
    volume_ratio: Floats
    bars: Floats
    atr_ratio: Floats
    atr: Floats
    volatility_daily: Floats
    adv: Floats
    planned: Floats
    fee_bps: Floats
    p_peak: Floats
    p_valley: Floats
    y_peak: Floats | None = None


class Held(msgspec.Struct, frozen=True):
    """What is held, float64[S] each: the weight (signed part of the budget), for how long, how long ago one was closed
    (ns; infinite for never); `horizon` int64[S] is the index of the one it was opened on, -1 where that is not known.
    """

    weight: Floats
    held_ns: Floats
    since_close_ns: Floats
    horizon: Ints


class Plan(NamedTuple):
    """The decision for every symbol, and all that led to it.

    `expected` float64[S,M,H]; `horizon` int64[S] is the one by which a symbol is judged: the chosen one, else the one
    its position was opened on, else the best (-1 for none); `alpha` and `volatility` float64[S] are of that horizon.
    """

    confidence: Confidence
    expected: Floats
    blend: Blend
    arbitration: Arbitration
    horizon: Ints
    alpha: Floats
    volatility: Floats
    gate_inputs: GateInputs
    gates: GateResult
    exits: Exits
    sizes: Sizes


def _unwatched(stage: str) -> None:
    """Nobody measures."""


def plan(
    axes: Axes,
    words: Words,
    market: Market,
    held: Held,
    settings: KernelSettings = KernelSettings(),  # noqa: B008 — frozen
    watch: StageWatch = _unwatched,
) -> Plan:
    """Decide on all symbols at once. Pure: equal arrays give equal plans, bit for bit."""
    statistics = words.statistics
    trust = prediction.confidence(
        statistics.ic,
        statistics.rmse,
        words.age_s,
        axes.tau_s,
        market.planned,
        market.adv,
        settings.prediction,
    )
    expected = prediction.expected_returns(
        words.z, statistics.slope, trust.shrink, words.raw, axes.in_returns
    )
    watch("prediction")
    costs = trading_costs(
        axes.minutes,
        market.spread_bps,
        market.volatility_daily,
        market.adv,
        market.planned,
        settings.arbitration,
    )
    shares = cost_shares(costs, market.volatility_daily, axes.minutes, settings.arbitration.day_minutes)
    blended = blend(
        expected,
        trust.total,
        statistics.ic,
        words.agreement,
        shares,
        axes.temperature,
        words.learned,
        words.learned_share,
        settings.blending,
    )
    watch("blending")
    preference = None
    if words.learned_horizons is not None:
        share = np.broadcast_to(words.learned_share, words.learned_horizons.shape[:1])
        preference = horizon_preference(words.learned_horizons, share)
    chosen = arbitrate(
        blended.alpha, axes.minutes, market.spread_bps, costs, settings.arbitration, preference
    )
    horizon, alpha, volatility = _judged(axes, blended, chosen, market, held, settings)
    watch("arbitration")
    inputs = _gate_inputs(chosen, alpha, market, held)
    gates = gating.evaluate(inputs, settings.gates)
    exits = gating.exit_signals(inputs, gates, settings.gates)
    watch("gating")
    sizes = sizing.size(
        SizeInputs(
            direction=inputs.direction,
            position=held.weight,
            alpha=alpha,
            volatility=volatility,
            allowed=gates.allowed,
            factor=gates.factor,
            decidable=gates.decidable,
            refusal=gates.headline,
            leave=exits.leave,
            leave_code=exits.code,
            atr=market.atr,
        ),
        settings.sizing,
        settings.sizer,
    )
    watch("sizing")
    return Plan(trust, expected, blended, chosen, horizon, alpha, volatility, inputs, gates, exits, sizes)


def _judged(
    axes: Axes,
    blended: Blend,
    chosen: Arbitration,
    market: Market,
    held: Held,
    settings: KernelSettings,
) -> tuple[Ints, Floats, Floats]:
    """The horizon by which each symbol is judged, with its alpha and the volatility of the return over it."""
    opened = np.where(held.weight != 0.0, held.horizon, -1)
    horizon = np.where(chosen.chosen >= 0, chosen.chosen, np.where(opened >= 0, opened, chosen.best))
    rows, columns = np.arange(horizon.shape[0]), np.maximum(horizon, 0)
    volatility = horizon_volatility(market.volatility_daily, axes.minutes, settings.arbitration.day_minutes)
    known = horizon >= 0
    alpha = np.where(known, blended.alpha[rows, columns], np.nan)
    return horizon, alpha, np.where(known, volatility[rows, columns], np.nan)


def _gate_inputs(chosen: Arbitration, alpha: Floats, market: Market, held: Held) -> GateInputs:
    rows = np.arange(chosen.chosen.shape[0])
    edge = np.where(chosen.chosen >= 0, chosen.net_bps[rows, np.maximum(chosen.chosen, 0)], np.nan)
    return GateInputs(
        direction=chosen.direction.astype(np.float64),
        position=held.weight,
        alpha=alpha,
        edge_bps=edge,
        p_peak=market.p_peak,
        p_valley=market.p_valley,
        y_peak=market.y_peak,
        spread_bps=market.spread_bps,
        quote_age_ns=market.quote_age_ns,
        price_deviation=market.price_deviation,
        volume_ratio=market.volume_ratio,
        bars=market.bars,
        atr_ratio=market.atr_ratio,
        held_ns=held.held_ns,
        since_close_ns=held.since_close_ns,
        fee_bps=market.fee_bps,
    )
