"""Gates and exits: whether a wanted position may be opened, and whether one that is held should be closed.

`evaluate(GateInputs, GateSettings)` asks the table `GATES`, `exit_signals` the models; `measures` makes their inputs.
"""

from __future__ import annotations

from actors.strategy.pipeline.gating.exits import Exits, exit_signals
from actors.strategy.pipeline.gating.gates import (
    GATES,
    Gate,
    GateInputs,
    GateResult,
    Verdict,
    ensure_known,
    evaluate,
)
from actors.strategy.pipeline.gating.measures import (
    ATR_PERIOD,
    BAD_TICK_BARS,
    CHOP_BARS,
    CHOP_LOOKBACK,
    atr_ratio,
    average_true_range,
    bad_tick_measures,
    barrier_probability,
    bars_seen,
    spread_bps,
)
from actors.strategy.pipeline.gating.outcomes import OUTCOMES, Outcome, code_of, is_missing, outcome, texts
from actors.strategy.pipeline.gating.settings import (
    BadTickSettings,
    BarrierSettings,
    ChopSettings,
    ChurnSettings,
    FeeSettings,
    GateSettings,
    SpreadSettings,
)

__all__ = [
    "ATR_PERIOD",
    "BAD_TICK_BARS",
    "CHOP_BARS",
    "CHOP_LOOKBACK",
    "GATES",
    "OUTCOMES",
    "BadTickSettings",
    "BarrierSettings",
    "ChopSettings",
    "ChurnSettings",
    "Exits",
    "FeeSettings",
    "Gate",
    "GateInputs",
    "GateResult",
    "GateSettings",
    "Outcome",
    "SpreadSettings",
    "Verdict",
    "atr_ratio",
    "average_true_range",
    "bad_tick_measures",
    "barrier_probability",
    "bars_seen",
    "code_of",
    "ensure_known",
    "evaluate",
    "exit_signals",
    "is_missing",
    "outcome",
    "spread_bps",
    "texts",
]
