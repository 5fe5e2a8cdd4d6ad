"""The third stage: what it costs to act on each horizon, what is left of the edge, and which horizon is best.

    cost  = spread + 0.15 x volatility over the horizon + 10 bps x sqrt(participation / 1 %)
    net   = sign(alpha) x max(|alpha| - cost, 0)                   in bps; shorts and exits keep their sign
    score = net / sqrt(h / 5),  to be traded from |score| >= 2 + 0.5 x spread on

Alphas are expected returns, as fractions; volatility is that of a day's return and is scaled to the horizon here.
A spread, volatility or volume that is not known gives no cost, so no edge and no trade. What the horizons have paid so
far may prefer one that is to be traded to another that is, but never makes a trade. Sheet F 4 and 16.10.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Bools, Codes, Floats, Ints, every, picked, some
from actors.strategy.pipeline.horizons import ALWAYS_OPEN_MINUTES, horizon_divisors, horizon_volatility
from messages.errors import ConfigurationError
from messages.reasons import Reason

BPS = 10_000.0
_IMPACT_BPS = 10.0
"""What trading `_PARTICIPATION` of the average daily volume moves the price."""
_PARTICIPATION = 0.01


class ArbitrationSettings(msgspec.Struct, frozen=True, gc=False):
    """Weights of the three costs, the least score in bps and what each bp of spread adds to it, minutes of a day."""

    spread_weight: float = 1.0
    timing_weight: float = 0.15
    impact_weight: float = 1.0
    threshold_bps: float = 2.0
    threshold_per_spread: float = 0.5
    day_minutes: int = ALWAYS_OPEN_MINUTES

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not 0.0 <= value < np.inf:
                raise ConfigurationError(
                    "must not be below zero",
                    field=f"arbitration.{name}",
                    value=value,
                    remedy="give 0 or more",
                )
        if self.day_minutes == 0:
            raise ConfigurationError(
                "a day has no minutes",
                field="arbitration.day_minutes",
                value=0,
                remedy="1440, or 390 for US equities",
            )


class Costs(NamedTuple):
    """What one trade costs on each horizon, in bps: float64[S,H] each. NaN where an input is not known.

    `volatility` is what timing is made of: the standard deviation of the return over the horizon, a fraction.
    """

    spread: Floats
    timing: Floats
    impact: Floats
    total: Floats
    volatility: Floats


REASONS: tuple[str, ...] = (
    Reason.ACCEPTED.value,
    Reason.NO_ALPHAS.value,
    f"{Reason.MISSING.value}:spread",
    f"{Reason.MISSING.value}:volatility",
    f"{Reason.MISSING.value}:volume",
    Reason.SCORE_BELOW_THRESHOLD.value,
)
"""What `Arbitration.reason` stands for, in the order in which it is looked for; only the first means a trade."""
ACCEPTED, NO_ALPHAS, MISSING_SPREAD, MISSING_VOLATILITY, MISSING_VOLUME, BELOW_THRESHOLD = range(len(REASONS))


class Arbitration(NamedTuple):
    """The horizon to act on, and why.

    float64[S,H]: `edge_bps` is |alpha| - cost, below zero where costs are more; `net_bps` keeps the sign of alpha
    and is 0 there; `score` = net / sqrt(h / 5). By symbol: `threshold` of the score, `best` horizon by edge
    whether it is enough or not (-1 without any), `chosen` = best if it is to be traded, else -1, `direction` -1, 0, +1
    of the trade, `reason` an index into `REASONS`. `preference` is what the scores counted for, None for alike.
    """

    costs: Costs
    edge_bps: Floats
    net_bps: Floats
    score: Floats
    threshold: Floats
    best: Ints
    chosen: Ints
    direction: Ints
    reason: Codes
    preference: Floats | None = None


def trading_costs(
    minutes: Floats,
    spread_bps: Floats,
    volatility_daily: Floats,
    adv: Floats,
    planned: Floats,
    settings: ArbitrationSettings = ArbitrationSettings(),  # noqa: B008 — frozen
) -> Costs:
    """The costs of one trade over each horizon of `minutes[H]`.

    By symbol: `spread_bps`, `volatility_daily` (a fraction), `adv` and `planned`, the average daily volume and what
    is to be traded in the same currency. Nothing planned has no impact. A spread or volatility below zero, or not
    finite, is not known; so is a volume of zero or less where something is planned.
    """
    quoted, daily, volume, size = _known(np.array((spread_bps, volatility_daily, adv, np.abs(planned))))
    volatility = horizon_volatility(daily, minutes, settings.day_minutes)
    nothing = size == 0.0
    unsold = volume == 0.0
    if some(unsold):
        volume[unsold] = np.nan
    share = size / volume
    if some(nothing):
        share[nothing] = 0.0
    share /= _PARTICIPATION
    np.sqrt(share, out=share)
    parts = np.empty((4, *volatility.shape))
    spread, timing, impact, total = parts
    spread[:] = (settings.spread_weight * quoted)[:, None]
    np.multiply(volatility, settings.timing_weight * BPS, out=timing)
    impact[:] = (settings.impact_weight * _IMPACT_BPS * share)[:, None]
    np.add(spread, timing, out=total)
    total += impact
    return Costs(spread, timing, impact, total, volatility)


def cost_shares(costs: Costs) -> Floats:
    """float64[S,H]: costs in standard deviations of the return over the horizon, for `blending`.

    An IC is a return in the same unit, expected for one standard deviation of a prediction: that is why a share of it
    can be taken off. NaN where there is no volatility.
    """
    volatility = costs.volatility * BPS
    moves = volatility > 0.0
    if not every(moves):
        volatility[~moves] = np.nan
    return np.asarray(np.divide(costs.total, volatility, out=volatility))


def arbitrate(
    alpha: Floats,
    minutes: Floats,
    spread_bps: Floats,
    costs: Costs,
    settings: ArbitrationSettings = ArbitrationSettings(),  # noqa: B008 — frozen
    preference: Floats | None = None,
) -> Arbitration:
    """Choose the horizon of each symbol from `alpha[S,H]`, expected returns over `minutes[H]`, shortest first.

    The largest edge per sqrt(h / 5) is best, the shortest horizon of equal ones. `spread_bps[S]` sets the threshold,
    `costs` are those of `trading_costs`. Among the horizons whose scores reach the threshold, scores are compared
    after multiplication by `preference[S,H]`, above 0; see `horizon_preference`.
    """
    finite = np.isfinite(alpha)
    if not every(finite):
        alpha = np.where(finite, alpha, np.nan)
    divisors = horizon_divisors(minutes)
    edge = np.abs(alpha)
    edge *= BPS
    edge -= costs.total
    net = np.maximum(edge, 0.0)
    net *= np.sign(alpha)
    score = net / divisors
    ranked = edge / divisors
    known = np.isfinite(ranked)
    threshold = settings.threshold_per_spread * _known(spread_bps)
    threshold += settings.threshold_bps
    any_known: Bools | None = None
    if not every(known):
        ranked[~known] = -np.inf
        any_known = np.logical_or.reduce(known, axis=1)
    if preference is not None:
        ranked = _preferred(ranked, preference, threshold)
    best = ranked.argmax(axis=1)
    of_best = picked(score, best)
    trades: Bools = np.abs(of_best) >= threshold
    trades &= of_best != 0.0
    if any_known is not None:
        best[~any_known] = -1
        trades &= any_known
    chosen, direction = best, np.sign(of_best)
    reason = np.zeros(trades.shape, dtype=np.int8)
    if not every(trades):
        idle = ~trades
        chosen = best.copy()
        chosen[idle], direction[idle] = -1, 0.0
        reason[idle] = BELOW_THRESHOLD if any_known is None else _reasons(alpha, costs, any_known)[idle]
    return Arbitration(
        costs, edge, net, score, threshold, best, chosen, direction.astype(np.int64), reason, preference
    )


def horizon_preference(weights: Floats, share: Floats) -> Floats:
    """float64[S,H]: 1 where nothing was learned, else what scores count for by what the horizons have paid.

    `weights[S,H]` sum to 1 by symbol (`bandit.horizon_weights`), `share[S]` is the part that they decide: so it lies
    between 1 - share and 1 + share x (H - 1). Of horizons that were traded those count for more that paid better; one
    that was never traded counts as the bandit's weights do, like one that never lost, until it is.
    """
    return np.asarray(1.0 + share[:, None] * (weights * weights.shape[1] - 1.0))


def _preferred(ranked: Floats, preference: Floats, threshold: Floats) -> Floats:
    """What horizons are compared by where some are to be traded; what is best elsewhere is as without preference."""
    passes = ranked >= threshold[:, None]
    passes &= ranked > 0.0
    preferred = np.where(passes, ranked * preference, -np.inf)
    none = ~np.logical_or.reduce(passes, axis=1)
    if some(none):
        preferred[none] = ranked[none]
    return preferred


def _known(values: Floats) -> Floats:
    """What can be a spread, a volatility or a volume; NaN for the rest."""
    known = values >= 0.0
    known &= values < np.inf
    return values if every(known) else np.where(known, values, np.nan)


def _reasons(alpha: Floats, costs: Costs, any_known: Bools) -> Codes:
    """Of each symbol that is not traded, the first reason of `REASONS` that is true."""
    reasons = np.full(any_known.shape, BELOW_THRESHOLD, dtype=np.int8)
    for code, part in (
        (MISSING_VOLUME, costs.impact),
        (MISSING_VOLATILITY, costs.timing),
        (MISSING_SPREAD, costs.spread),
    ):
        reasons[~any_known & np.isnan(part[:, 0])] = code
    reasons[np.isnan(alpha).all(axis=1)] = NO_ALPHAS
    return reasons
