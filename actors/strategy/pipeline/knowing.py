"""What a decision can't know yet, what it can't know in this market, and what it should have been told.

Bars that are still coming in, and a quote that is not fresh, are known states: nothing is traded, and that is all. A
figure of bars that is undefined though all of them are there, as a ratio in a market that stands still, refuses as
any gate does. What is left is an input that somebody forgot: a bar without volume, a gate without its models. It
refuses as well, and in strict mode it raises, so that a person hears of it.
"""

from __future__ import annotations

from math import isnan

from actors.strategy.pipeline.gating import ensure_known
from actors.strategy.pipeline.kernel import Market, Plan
from actors.strategy.pipeline.records import Verdict
from messages.decisions import Decision
from messages.errors import GatingError
from messages.reasons import Reason

_OF_BARS = frozenset({"price_deviation", "atr_ratio", "atr", "volatility", "volume"})
"""Inputs that are measured on the last bars."""
_OF_MODELS = frozenset({"alpha", "edge", "strength", "size", "p_peak", "p_valley", "y_peak"})
"""Inputs that models say, or that follow from what they say."""


def while_warming_up(said: Verdict) -> Verdict:
    """How a decision ends on a symbol whose window is not full: what bars or models lack is no more than that."""
    lacking = said.reason is Reason.MISSING and said.detail in _OF_BARS | _OF_MODELS
    if lacking or said.reason is Reason.NO_ALPHAS:
        return Verdict(Decision.NO_TRADE, Reason.WARMING_UP, said.detail)
    return said


def require_told(row: int, symbol: str, made: Plan, seen: Market) -> None:
    """Strict mode, for a symbol whose window is full and whose quote is fresh: raise `GatingError` for the first
    input that should have been there.
    """
    for name, value in (("volume", seen.adv[row]), ("volatility", seen.volatility_daily[row])):
        if isnan(value) and isnan(made.arbitration.costs.total[row, 0]):
            raise GatingError(
                f"the costs of {symbol} lack an input",
                field=f"costs.{name}",
                value=f"{Reason.MISSING.value}:{name}",
                remedy="take bars that have a volume, set costs.daily_volume, or set costs.impact_weight to 0",
            )
    if made.gate_inputs.direction[row]:
        ensure_known(made.gates, row, symbol, may_lack=_OF_BARS)
