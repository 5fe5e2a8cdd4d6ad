"""One symbol's row of a plan as the records that people read; numbers that are none become None."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import isfinite

import msgspec
import numpy as np

from actors.strategy.pipeline.arbitration import ACCEPTED as TRADED
from actors.strategy.pipeline.arbitration import NO_ALPHAS
from actors.strategy.pipeline.arbitration import REASONS as ARBITRATION_REASONS
from actors.strategy.pipeline.gating import GATES, outcome
from actors.strategy.pipeline.kernel import Axes, Plan, Words
from actors.strategy.pipeline.sizing import Sizer
from messages.decisions import Decision
from messages.intents import Side
from messages.reasons import Reason
from messages.stages import (
    AllPredictions,
    ArbitrationResult,
    BlendResult,
    Figure,
    GateResult,
    HorizonPredictions,
    HorizonScore,
    ModelPrediction,
    RiskStatus,
    SizingResult,
    SpreadGateResult,
    StageRecords,
    TradeDecision,
    TradeProposal,
)


class Names(msgspec.Struct, frozen=True):
    """What the axes of a plan stand for."""

    symbols: tuple[str, ...]
    models: tuple[str, ...]
    horizons: tuple[str, ...]


class Verdict(msgspec.Struct, frozen=True):
    """How a decision on a symbol ended: `detail` says which input is missing, where one is."""

    decision: Decision
    reason: Reason
    detail: str | None = None


_HOLDS = frozenset({Reason.ACCEPTED, Reason.HOLD_POSITION, Reason.NO_TRADE_BAND, Reason.CAPPED})
_NO_TRADE = frozenset(
    {
        Reason.MISSING,
        Reason.NO_ALPHAS,
        Reason.UNCALIBRATED,
        Reason.SCORE_BELOW_THRESHOLD,
        Reason.NO_DIRECTION,
        Reason.ALPHA_EXIT,
    }
)


def verdict(row: int, plan: Plan, words: Words) -> Verdict:
    """How the decision on the symbol of this row ends: TRADE, or what kept it from one."""
    sizes = plan.sizes
    if sizes.trade[row]:
        return Verdict(Decision.TRADE, Reason.SIGNAL)
    said = outcome(int(sizes.code[row]))
    reason, text = said.reason, said.text
    code = int(plan.arbitration.reason[row])
    if reason is Reason.NO_DIRECTION and code != TRADED:
        text = ARBITRATION_REASONS[code]
        reason = Reason(text.partition(":")[0])
        if code == NO_ALPHAS and _is_unweighed(row, plan, words):
            reason, text = Reason.UNCALIBRATED, Reason.UNCALIBRATED.value
            if not np.isfinite(plan.confidence.capacity[row]).any():
                reason, text = Reason.MISSING, f"{Reason.MISSING.value}:volume"
    detail = text.partition(":")[2] or None
    if reason in _HOLDS:
        return Verdict(Decision.HOLD, reason, detail)
    return Verdict(Decision.NO_TRADE if reason in _NO_TRADE else Decision.BLOCKED, reason, detail)


def _is_unweighed(row: int, plan: Plan, words: Words) -> bool:
    """Whether models did predict, but what their predictions are worth can't be told."""
    said = np.isfinite(words.z[row])
    return bool(said.any() and not np.isfinite(plan.expected[row]).any())


def stage_records(
    row: int,
    plan: Plan,
    names: Names,
    axes: Axes,
    words: Words,
    *,
    bar_time: int,
    sizer: str,
    risk: RiskStatus,
    decision: TradeDecision,
    proposal: TradeProposal | None,
) -> StageRecords:
    """The trace of the decision on the symbol of this row."""
    return StageRecords(
        predictions=_predictions(row, plan, names, axes, words, bar_time),
        blends=_blends(row, plan, names, axes),
        arbitration=_arbitration(row, plan, names),
        gates=_gates(row, plan),
        spread=_spread(row, plan),
        sizing=_sizing(row, plan, sizer),
        risk=risk,
        decision=decision,
        proposal=proposal,
    )


def trade_decision(
    row: int, plan: Plan, names: Names, said: Verdict, quantity: Decimal | None, price: Decimal | None
) -> TradeDecision:
    """What is to be traded of the symbol of this row."""
    change = float(plan.sizes.target[row] - plan.gate_inputs.position[row])
    trades = said.decision is Decision.TRADE
    side = (Side.BUY if change > 0 else Side.SELL) if trades else None
    return TradeDecision(
        symbol=names.symbols[row],
        side=side,
        quantity=quantity if trades else None,
        price=price if trades else None,
        horizon=_horizon(row, plan, names),
        confidence=conviction(row, plan),
        reason=said.reason,
    )


def conviction(row: int, plan: Plan) -> Figure:
    """The confidence in the horizon that the symbol is judged by, 0 to 1."""
    place = int(plan.horizon[row])
    return None if place < 0 else _figure(plan.blend.confidence[row, place])


def _horizon(row: int, plan: Plan, names: Names) -> str | None:
    place = int(plan.horizon[row])
    return None if place < 0 else names.horizons[place]


def _predictions(
    row: int, plan: Plan, names: Names, axes: Axes, words: Words, bar_time: int
) -> AllPredictions:
    horizons = tuple(
        HorizonPredictions(
            horizon,
            float(axes.minutes[place]),
            tuple(
                ModelPrediction(
                    model,
                    _figure(words.raw[row, column, place]),
                    _figure(words.z[row, column, place]),
                    _figure(plan.confidence.total[row, column, place]),
                    _figure(plan.expected[row, column, place]),
                )
                for column, model in enumerate(names.models)
            ),
        )
        for place, horizon in enumerate(names.horizons)
    )
    slopes = words.statistics.slope[row]
    missing = {
        model: "no prediction" if not np.isfinite(words.z[row, column]).any() else Reason.UNCALIBRATED.value
        for column, model in enumerate(names.models)
        if not np.isfinite(plan.expected[row, column]).any()
        and (not np.isfinite(words.z[row, column]).any() or not np.isfinite(slopes[column]).any())
    }
    return AllPredictions(bar_time, horizons, missing)


def _blends(row: int, plan: Plan, names: Names, axes: Axes) -> tuple[BlendResult, ...]:
    blend = plan.blend
    return tuple(
        BlendResult(
            horizon,
            {model: _figure(blend.weights[row, column, place]) for column, model in enumerate(names.models)},
            _figure(blend.alpha[row, place]),
            _figure(blend.confidence[row, place]),
            _figure(axes.temperature[place]),
        )
        for place, horizon in enumerate(names.horizons)
    )


def _arbitration(row: int, plan: Plan, names: Names) -> ArbitrationResult:
    made = plan.arbitration
    costs = made.costs
    chosen = int(made.chosen[row])
    return ArbitrationResult(
        tuple(
            HorizonScore(
                horizon,
                _figure(plan.blend.alpha[row, place] * 1e4),
                _figure(costs.spread[row, place]),
                _figure(costs.timing[row, place]),
                _figure(costs.impact[row, place]),
                _figure(made.net_bps[row, place]),
                _figure(made.score[row, place]),
                None if made.preference is None else _figure(made.preference[row, place]),
            )
            for place, horizon in enumerate(names.horizons)
        ),
        _figure(made.threshold[row]),
        None if chosen < 0 else names.horizons[chosen],
        int(made.direction[row]),
        Reason(ARBITRATION_REASONS[int(made.reason[row])].partition(":")[0]),
    )


def _gates(row: int, plan: Plan) -> tuple[GateResult, ...]:
    return tuple(
        GateResult(
            gate.name,
            bool(answer.allowed[row]),
            _figure(answer.factor[row]),
            outcome(int(answer.code[row])).reason,
        )
        for gate, answer in zip(GATES, plan.gates.verdicts, strict=True)
    )


def _spread(row: int, plan: Plan) -> SpreadGateResult:
    place = next(index for index, gate in enumerate(GATES) if gate.name == "spread")
    answer = plan.gates.verdicts[place]
    return SpreadGateResult(
        bool(answer.allowed[row]),
        outcome(int(answer.code[row])).reason,
        _figure(plan.gate_inputs.spread_bps[row]),
        _figure(plan.gate_inputs.quote_age_ns[row] / 1e6),
    )


def _sizing(row: int, plan: Plan, sizer: str) -> SizingResult:
    sizes = plan.sizes
    return SizingResult(
        sizer,
        _figure(plan.volatility[row]),
        _figure(sizes.wished[row]),
        _figure(sizes.gated[row]),
        _figure(sizes.target[row]),
        _figure(plan.gate_inputs.position[row]),
        outcome(int(sizes.code[row])).reason,
    )


def beside_figures(row: int, plan: Plan, sizer: Sizer) -> dict[str, str | float | None]:
    """What the sizer beside the one that decides would do with the symbol of this row, as figures of a trace."""
    shadow = plan.shadow
    if shadow is None:
        return {}
    said: dict[str, str | float | None] = {
        "shadow_sizer": sizer.name,
        "shadow_wish": _figure(shadow.wished[row]),
        "shadow_target": _figure(shadow.target[row]),
        "shadow_reason": outcome(int(shadow.code[row])).text,
        "sizer_target": _figure(plan.sizes.target[row]),
    }
    error = getattr(sizer, "error", None)
    return said if error is None else said | {"shadow_error": error}


def _figure(value: float) -> Figure:
    number = float(value)
    return number if isfinite(number) else None


def shares_of(row: int, plan: Plan, models: Sequence[str]) -> dict[str, float]:
    """The models' weights in the horizon that the symbol is judged by, those that have one."""
    place = int(plan.horizon[row])
    if place < 0:
        return {}
    weights = plan.blend.weights[row, :, place]
    return {model: float(weights[column]) for column, model in enumerate(models) if weights[column] > 0}
