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
    trading_costs,
)
from actors.strategy.pipeline.arrays import Bools, Floats, Ints, picked, some
from actors.strategy.pipeline.blending import Blend, BlendSettings, blend
from actors.strategy.pipeline.correlation import Agreement
from actors.strategy.pipeline.gating import Exits, GateInputs, GateResult, GateSettings
from actors.strategy.pipeline.learning.returns import Statistics
from actors.strategy.pipeline.prediction import Confidence, PredictionSettings, Standing
from actors.strategy.pipeline.sizing import SizeInputs, Sizer, Sizes, SizeSettings, VolatilitySizer

StageWatch = Callable[[str], None]
"""Called at the end of each stage with its name; whoever measures time passes one in, a replay has none."""


class KernelSettings(msgspec.Struct, frozen=True):
    """The settings of all stages. `shadow` is a sizer that is asked beside `sizer` and has no say; None for none."""

    prediction: PredictionSettings = PredictionSettings()
    blending: BlendSettings = BlendSettings()
    arbitration: ArbitrationSettings = ArbitrationSettings()
    gates: GateSettings = GateSettings()
    sizing: SizeSettings = SizeSettings()
    sizer: Sizer = VolatilitySizer()
    shadow: Sizer | None = None


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

    `raw` and standardised `z`, the seconds since they were said, `statistics` of realised returns with the `standing`
    that follows from them, the models' `agreement`; `learned` weights of the models with the share of the say that they
    have (float64[S]), and what scores of horizons count for (float64[S,H], `preference`), None without a learner.
    """

    raw: Floats
    z: Floats
    age_s: Floats
    statistics: Statistics
    standing: Standing
    agreement: Agreement
    learned: Floats | None = None
    learned_share: Floats | float = 0.0
    preference: Floats | None = None


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
    `size_factor` is what sizes are multiplied by, before any cap, for what closed trades have shown; None for nothing.
    `sizer` float64[S,columns] is what a sizer that learns knows; None without one.
    """

    weight: Floats
    held_ns: Floats
    since_close_ns: Floats
    horizon: Ints
    size_factor: Floats | None = None
    sizer: Floats | None = None


class Plan(NamedTuple):
    """The decision for every symbol, and all that led to it.

    `expected` float64[S,M,H]; `horizon` int64[S] is the one by which a symbol is judged: the chosen one, else the one
    its position was opened on, else the best (-1 for none); `alpha` and `volatility` float64[S] are of that horizon.
    `shadow` are the sizes that the sizer beside would have made of the same, None without one: nothing follows of them.
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
    shadow: Sizes | None = None


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
        words.standing,
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
    blended = blend(
        expected,
        trust.total,
        statistics.ic,
        words.agreement,
        cost_shares(costs),
        axes.temperature,
        words.learned,
        words.learned_share,
        settings.blending,
    )
    watch("blending")
    chosen = arbitrate(
        blended.alpha, axes.minutes, market.spread_bps, costs, settings.arbitration, words.preference
    )
    horizon = _judged(chosen, held)
    alpha, volatility = picked(blended.alpha, horizon), picked(costs.volatility, horizon)
    watch("arbitration")
    inputs = _gate_inputs(chosen, alpha, market, held)
    gates = gating.evaluate(inputs, settings.gates)
    exits = gating.exit_signals(inputs, gates, settings.gates)
    watch("gating")
    wanted = SizeInputs(
        direction=inputs.direction,
        position=held.weight,
        alpha=alpha,
        volatility=volatility,
        allowed=gates.allowed,
        factor=gates.factor,
        decidable=gates.decidable,
        refusal=gates.refusal,
        leave=exits.leave,
        leave_code=exits.code,
        atr=market.atr,
        scale=held.size_factor,
        learned=held.sizer,
    )
    sizes = sizing.size(wanted, settings.sizing, settings.sizer)
    shadow = None if settings.shadow is None else sizing.size(wanted, settings.sizing, settings.shadow)
    watch("sizing")
    return Plan(
        trust, expected, blended, chosen, horizon, alpha, volatility, inputs, gates, exits, sizes, shadow
    )


def _judged(chosen: Arbitration, held: Held) -> Ints:
    """int64[S]: the horizon by which each symbol is judged."""
    kept = chosen.chosen < 0
    kept &= held.horizon >= 0
    kept &= held.weight != 0.0
    if not some(kept):
        return chosen.best
    return np.where(kept, held.horizon, chosen.best)


def _gate_inputs(chosen: Arbitration, alpha: Floats, market: Market, held: Held) -> GateInputs:
    return GateInputs(
        direction=chosen.direction.astype(np.float64),
        position=held.weight,
        alpha=alpha,
        edge_bps=picked(chosen.net_bps, chosen.chosen),
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
