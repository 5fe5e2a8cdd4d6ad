"""From triggers to proposals: which case holds, how sure it is, and how large it is to be (sheet T 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from actors.strategy.pipeline.arrays import Bools, Codes, Floats, Ints, in_range
from actors.strategy.rules.cases import Case
from actors.strategy.rules.regime import Regime
from actors.strategy.rules.settings import ConvictionRules, SizeRules
from actors.strategy.rules.triggers import Fired
from messages.reasons import Reason

CONVICTION_PARTS = ("strength", "confidence", "vwap", "pivot", "rsi", "bounce", "core")
"""What conviction is the sum of, in the order of `Proposals.breakdown`."""


class Proposals(NamedTuple):
    """What is proposed for each symbol; where nothing is, `side` is 0, `size` 0 and the levels NaN.

    `case` int64[S] is the row of the table of cases, -1 for none; `side` float64[S] +1, -1 or 0; `size` float64[S] in
    percent of the budget; `conviction` float64[S] and its parts `breakdown` float64[S, 7]; `stop` and `target`
    float64[S], fractions of the entry; `hold` int64[S], ns; `canary` bool[S]. `reason` tells why nothing is
    proposed, `ACCEPTED` where something is.
    """

    case: Ints
    side: Floats
    size: Floats
    conviction: Floats
    breakdown: Floats
    stop: Floats
    target: Floats
    hold: Ints
    canary: Bools
    reason: tuple[Reason, ...]


class Strongest(NamedTuple):
    """The case of the trigger with the greatest strength x confidence, per symbol.

    `qualified` int64[S] counts the triggers that are strong enough and have a case; `fired` and `blocked` bool[S] say
    whether any fired at all, and whether only the regime forbids its case.
    """

    case: Ints
    strength: Floats
    confidence: Floats
    confirmed: Bools
    qualified: Ints
    fired: Bools
    blocked: Bools


def strongest(
    fired: Mapping[str, Fired], regime: Codes, table: Sequence[Case], rules: ConvictionRules
) -> Strongest:
    """The best case of each symbol; of equally strong ones the first of the table."""
    count = len(regime)
    best, strength, confidence = np.zeros(count), np.zeros(count), np.zeros(count)
    case = np.full(count, -1, dtype=np.int64)
    qualified = np.zeros(count, dtype=np.int64)
    confirmed = np.zeros((count, 4), dtype=np.bool_)
    any_fired, blocked = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    for row, each in enumerate(table):
        seen = fired.get(each.trigger)
        if seen is None:
            continue
        score = seen.strength * seen.confidence
        applies = (seen.direction == each.direction) & (score >= rules.qualified)
        if each.beyond:
            applies &= np.abs(seen.move) > each.beyond
        forbidden = applies & np.isin(regime, [int(one) for one in each.blocked])
        any_fired |= seen.direction != 0.0
        blocked |= forbidden
        applies &= ~forbidden
        qualified += applies
        better = applies & (score > best)
        best = np.where(better, score, best)
        case = np.where(better, row, case)
        strength = np.where(better, seen.strength, strength)
        confidence = np.where(better, seen.confidence, confidence)
        confirmed = np.where(better[:, None], seen.confirmed, confirmed)
    return Strongest(case, strength, confidence, confirmed, qualified, any_fired, blocked & (case < 0))


def conviction(
    strength: Floats, confidence: Floats, confirmed: Bools, *, core: bool, rules: ConvictionRules
) -> tuple[Floats, Floats]:
    """The conviction float64[S], 0 to 1, and its parts float64[S, 7], see `CONVICTION_PARTS`."""
    boosts = np.array([rules.vwap, rules.pivot, rules.rsi, rules.bounce])
    parts = np.concatenate(
        [
            (rules.strength * strength)[:, None],
            (rules.confidence * confidence)[:, None],
            confirmed * boosts,
            np.full((len(strength), 1), rules.core if core else 0.0),
        ],
        axis=1,
    )
    total = parts[:, 0].copy()
    for part in range(1, parts.shape[1]):
        total += parts[:, part]
    return in_range(total, 0.0, 1.0), parts


def sized(boost: Floats, stop: Floats, volatility: Floats, trust: Floats, rules: SizeRules) -> Floats:
    """float64[S]: the size in percent of the budget; NaN where volatility (percent a year) or the stop is missing.

    What the stop may lose, scaled to the reference volatility, at least `least`; no more than the boosted base, and
    that times the confidence `trust`. The cap goes last but for what can only make it smaller.
    """
    bounded = np.minimum(np.maximum(volatility, rules.least_volatility), rules.most_volatility)
    by_risk = rules.risk / stop * (rules.reference / bounded)
    return np.minimum(np.maximum(by_risk, rules.least), rules.base * boost) * trust


def propose(
    fired: Mapping[str, Fired],
    regime: Codes,
    volatility: Floats,
    table: Sequence[Case],
    *,
    sizes: SizeRules,
    convictions: ConvictionRules,
    core: bool,
) -> Proposals:
    """Proposals for all symbols; `volatility` float64[S] in percent a year, `core` whether they are of the core tier.

    A symbol without a regime or volatility gets none: what is missing is not taken for calm.
    """
    best = strongest(fired, regime, table, convictions)
    chosen = best.case
    total, parts = conviction(best.strength, best.confidence, best.confirmed, core=core, rules=convictions)
    stop, target = _column(table, chosen, "stop"), _column(table, chosen, "target")
    trust = best.confidence * _column(table, chosen, "discount")
    size = sized(_column(table, chosen, "boost"), stop, volatility, trust, sizes)
    canary = (total >= convictions.canary_from) & (total < convictions.canary_below) & (best.qualified == 1)
    size = np.where(canary, size * sizes.canary_share, size)
    known = (regime != Regime.UNKNOWN) & ~np.isnan(volatility)
    proposed = known & (chosen >= 0) & (total >= convictions.threshold) & (size > 0.0)
    hold = np.array([each.hold for each in table] + [0], dtype=np.int64)[chosen]
    reasons = tuple(
        _reason(bool(known[row]), best, row, proposed=bool(proposed[row])) for row in range(len(regime))
    )
    return Proposals(
        np.where(proposed, chosen, -1),
        np.where(proposed, _column(table, chosen, "side"), 0.0),
        np.where(proposed, size, 0.0),
        total,
        parts,
        np.where(proposed, stop, np.nan),
        np.where(proposed, target, np.nan),
        np.where(proposed, hold, 0),
        canary & proposed,
        reasons,
    )


def _column(table: Sequence[Case], chosen: Ints, name: str) -> Floats:
    """float64[S]: one column of the table by case; NaN for none."""
    values = np.array([float(getattr(each, name)) for each in table] + [np.nan])
    return np.asarray(values[chosen])  # -1 is the last


def _reason(known: bool, best: Strongest, row: int, *, proposed: bool) -> Reason:
    if proposed:
        return Reason.ACCEPTED
    if not known:
        return Reason.MISSING
    if best.case[row] >= 0:
        return Reason.LOW_CONVICTION
    if best.blocked[row]:
        return Reason.REGIME
    return Reason.WEAK_TRIGGER if best.fired[row] else Reason.NO_TRIGGER
