"""What the rules go by: thresholds of triggers by regime, the table of cases, sizes, conviction, canary (sheet T 4, 5).

Plain structs; a strategy's parameters are mapped onto them. Thresholds are fractions of a price unless told.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from actors.strategy.rules.regime import Regime


class RegimeThresholds(msgspec.Struct, frozen=True, gc=False):
    """What a trigger asks for in one regime.

    `fast_move` is of one of the last four bars, `slow_move` of the last one; `volume` the ratio of a spike; `range` the
    least ratio of the true range to its median.
    """

    fast_move: float
    slow_move: float
    volume: float
    range: float


THRESHOLDS: Mapping[Regime, RegimeThresholds] = MappingProxyType(
    {
        Regime.BULL: RegimeThresholds(0.035, 0.07, 2.0, 1.2),
        Regime.CHOP: RegimeThresholds(0.012, 0.025, 1.8, 1.05),
        Regime.BEAR: RegimeThresholds(0.03, 0.07, 2.0, 1.2),
        Regime.CRASH: RegimeThresholds(0.03, 0.07, 2.0, 1.2),
    }
)


class TriggerSettings(msgspec.Struct, frozen=True):
    """How triggers measure, in bars; `scale` multiplies the thresholds on price moves (1 is as they stand)."""

    thresholds: Mapping[Regime, RegimeThresholds] = THRESHOLDS
    scale: float = 1.0
    least_bars: int = 60
    recent: int = 4
    lookback: int = 24
    momentum: float = 0.02
    momentum_full: float = 0.10
    agreement: int = 12
    near: float = 0.10
    recovered: float = 0.05
    recovery_full: float = 0.20
    ema: int = 21
    slope_over: int = 3
    slope: float = 0.05
    """Percent a bar."""
    confirmations: int = 3
    bounce: float = 0.006
    breakout_margin: float = 0.0
    """By how much a close must be beyond the range before it. The sheet's 0.5 % short of it was the price of a range
    that contained the bar itself."""
    screener_score: float = 0.8
    screener_full: float = 3.0


class SizeRules(msgspec.Struct, frozen=True, gc=False):
    """How a proposal is sized; all sizes in percent of the strategy's budget.

    `base` is the most before boosts, `risk` what may be lost at the stop, `reference` the volatility (percent a year)
    at which that is taken as it stands, `least` the smallest size unless the base is smaller.
    """

    base: float = 3.0
    risk: float = 1.0
    reference: float = 50.0
    least_volatility: float = 10.0
    most_volatility: float = 200.0
    least: float = 0.5
    canary_share: float = 0.25


class ConvictionRules(msgspec.Struct, frozen=True, gc=False):
    """How conviction adds up (0 to 1), from where on there is a proposal, and in which window it is a canary.

    The sheet ends the window at 0.34. No trigger that qualifies (strength x confidence >= 0.2) has a conviction below
    0.3464, so that there would never be a canary: here it ends at 0.40.
    """

    strength: float = 0.5
    confidence: float = 0.3
    vwap: float = 0.04
    pivot: float = 0.04
    rsi: float = 0.03
    bounce: float = 0.04
    core: float = 0.02
    threshold: float = 0.30
    qualified: float = 0.2
    canary_from: float = 0.32
    canary_below: float = 0.40
