"""How capital is split over strategies, and how far limits may adapt; off unless the desk's settings say otherwise."""

from __future__ import annotations

from decimal import Decimal

import msgspec

SECOND = 1_000_000_000
DAY = 86_400 * SECOND


class AllocationSettings(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """The split of capital (sheet H 5.3). Times in ns, weights and parts as fractions.

    - `strategies`: who takes part, by name; `every`: the time between two observations, and between two splits.
    - `share`: the part of what may be spent that is split.
    - `min_observations` of `lookback` are needed of a strategy; until then it gets an equal part. Figures are
      annualised by `periods_per_year` where `every` is a day, by as many more or less where it is not.
    - `min_sharpe` is taken off a Sharpe ratio, what is left counts in units of `neutral_sharpe`.
    - `min_volatility`, `min_independence`: the least that is divided by, and that correlation leaves.
    - `min_weight`, `max_weight`: bounds of one strategy's weight.
    - `max_turnover`: how much of the capital one split may move; `min_change`: what is too little to be told.
    """

    enabled: bool = False
    strategies: tuple[str, ...] = ()
    every: int = DAY
    share: Decimal = Decimal(1)
    min_observations: int = 20
    lookback: int = 60
    periods_per_year: int = 252
    min_sharpe: float = 0.25
    neutral_sharpe: float = 1.0
    min_volatility: float = 0.001
    min_independence: float = 0.05
    min_weight: Decimal = Decimal("0.05")
    max_weight: Decimal = Decimal("0.6")
    max_turnover: Decimal = Decimal("0.25")
    min_change: Decimal = Decimal("0.01")


class AdaptationSettings(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """How limits adapt to what recent cycles were like (sheet B 8). Times in ns, ratios as fractions.

    - `cycle`: the time over which figures are gathered; the `window` latest cycles are looked at.
    - `max_changes` at a time. Limits stay between `floor` times what is configured and what is configured.
    - `reject_spike`: rejected orders, `throttle_spike`: refusals for rates, of one cycle that count as many;
      `drawdown_part` of `drawdown_reduce` counts as deep.
    - `healthy_cycles` in a row loosen again what was tightened.
    - `worse_loss`: the part of NAV whose loss, in each of three cycles in a row, takes changes back.
    """

    enabled: bool = False
    cycle: int = 300 * SECOND
    window: int = 5
    max_changes: int = 3
    floor: Decimal = Decimal("0.2")
    reject_spike: int = 3
    throttle_spike: int = 1
    drawdown_part: Decimal = Decimal("0.8")
    healthy_cycles: int = 3
    worse_loss: Decimal = Decimal("0.002")
