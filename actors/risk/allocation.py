"""How capital is split over strategies: by Sharpe ratio, volatility and correlation of what they made. Pure functions.

Sheet H 5.3: score = max(0, (Sharpe - 0.25) / 1.0) x 1 / max(volatility, 0.001)
x max(1 - mean positive correlation, 0.05); a negative Sharpe ratio is raised by 0.2 before. Scores become weights, at
least `min_weight` and at most `max_weight` each, what is cut off going to the others; with no score above zero all
weights are equal. `feedback` only suggests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from actors.risk.activity import ZERO
from actors.risk.allocation_settings import DAY, AllocationSettings
from messages.control import Mode

_RAISED = 0.2
"""By how much a negative Sharpe ratio is raised before it is scored."""

_CENT = Decimal("0.01")
_EPSILON = 1e-12


class AllocationState(msgspec.Struct):
    """What is remembered of strategies: profit so far at the last observation, returns since, budgets given.

    `returns` are aligned at their ends, None where a period is not known. `pinned` are strategies whose budget a person
    has set: they keep it. `observed_at` is desk time, ns UTC.
    """

    observed_at: int = 0
    profits: dict[str, Decimal] = {}
    returns: dict[str, list[float | None]] = {}
    budgets: dict[str, Decimal] = {}
    pinned: dict[str, Decimal] = {}


class Figures(NamedTuple):
    """A strategy's record, annualised; `correlation` is the mean of the positive ones. None: too short."""

    sharpe: float | None = None
    volatility: float | None = None
    correlation: float | None = None
    score: float | None = None


class Change(NamedTuple):
    """A budget that becomes another, in base currency."""

    strategy: str
    before: Decimal
    after: Decimal


def figures_of(
    returns: Mapping[str, Sequence[float | None]], settings: AllocationSettings
) -> dict[str, Figures]:
    """The record of each strategy that takes part."""
    known = {name: list(returns.get(name, ()))[-settings.lookback :] for name in settings.strategies}
    found = {}
    for name in settings.strategies:
        own = [each for each in known[name] if each is not None]
        if len(own) < max(2, settings.min_observations):
            found[name] = Figures()
            continue
        year = settings.periods_per_year * DAY / settings.every
        mean, deviation = _moments(own)
        volatility = deviation * math.sqrt(year)
        sharpe = mean / deviation * math.sqrt(year) if deviation > _EPSILON else 0.0
        others = [_correlation(known[name], known[other]) for other in settings.strategies if other != name]
        positive = [each for each in others if each is not None and each > 0.0]
        correlation = sum(positive) / len(positive) if positive else 0.0
        found[name] = Figures(
            sharpe, volatility, correlation, score(sharpe, volatility, correlation, settings)
        )
    return found


def score(sharpe: float, volatility: float, correlation: float, settings: AllocationSettings) -> float:
    """How much a strategy's record is worth; 0 or more."""
    raised = sharpe + _RAISED if sharpe < 0.0 else sharpe
    paid = max(0.0, (raised - settings.min_sharpe) / settings.neutral_sharpe)
    calm = 1.0 / max(volatility, settings.min_volatility)
    return paid * calm * max(1.0 - correlation, settings.min_independence)


def weights_of(figures: Mapping[str, Figures], settings: AllocationSettings) -> dict[str, float]:
    """The part of the capital that each strategy gets; they add up to 1, or to less where all are at their greatest.

    Those with too short a record get an equal part, the others share the rest by their scores.
    """
    if not figures:
        return {}
    equal = 1.0 / len(figures)
    scores = {name: each.score for name, each in figures.items() if each.score is not None}
    weights = dict.fromkeys(figures, equal)
    rest, total = equal * len(scores), sum(scores.values())
    if total > 0.0:
        weights |= {name: rest * each / total for name, each in scores.items()}
    return _bounded(weights, float(settings.min_weight), float(settings.max_weight))


def _bounded(weights: dict[str, float], least: float, most: float) -> dict[str, float]:
    """Each weight within its bounds; what is cut off goes to those that have room, in proportion to their weights.

    Where the least of all is too much, it is an equal part; where the most of all is too little, the sum falls short.
    """
    least = min(least, 1.0 / len(weights), most)
    fixed: dict[str, float] = {}
    while True:
        free = {name: each for name, each in weights.items() if name not in fixed}
        room, total = 1.0 - sum(fixed.values()), sum(free.values())
        share = {
            name: (room * each / total if total > _EPSILON else room / len(free))
            for name, each in free.items()
        }
        over = {name: most for name, each in share.items() if each > most + _EPSILON}
        under = {name: least for name, each in share.items() if each < least - _EPSILON}
        excess = sum(share[name] - most for name in over)
        lack = sum(least - share[name] for name in under)
        if not over and not under:
            return {name: fixed.get(name, share.get(name, 0.0)) for name in weights}
        fixed |= over if excess >= lack else under


def plan(
    weights: Mapping[str, float],
    capital: Decimal,
    budgets: Mapping[str, Decimal],
    settings: AllocationSettings,
    mode: Mode,
) -> list[Change]:
    """From the budgets there are to those the weights ask for: what falls first, then what rises.

    One split moves `max_turnover` of the capital at most: all changes are cut by the same share. What rises gets no
    more than is there: a fall too small to be told leaves it less, and so does one that joins. In REDUCE budgets only
    fall; in HALTED and OBSERVE they stay.
    """
    if mode not in (Mode.NORMAL, Mode.REDUCE) or capital <= 0:
        return []
    moves = {}
    for name, weight in weights.items():
        before = budgets.get(name, capital / len(weights))
        moves[name] = (before, Decimal(str(round(weight, 9))) * capital - before)
    if mode is Mode.REDUCE:
        moves = {name: move for name, move in moves.items() if move[1] < 0}
    turned = sum((abs(change) for _, change in moves.values()), ZERO)
    share = min(Decimal(1), settings.max_turnover * capital / turned) if turned else Decimal(1)
    changes = [
        Change(name, before, _in_cents(before + change * share))
        for name, (before, change) in moves.items()
        if abs(change * share) >= settings.min_change * capital or name not in budgets
    ]
    known = {name: budgets[name] for name in weights if name in budgets}
    changes = _affordable(changes, capital, known)
    return sorted(changes, key=lambda each: (each.after > each.before, each.strategy))


def _affordable(changes: list[Change], capital: Decimal, known: Mapping[str, Decimal]) -> list[Change]:
    """The changes with what rises cut, so that all budgets are within the capital, or within what they were before."""
    before = sum(known.values(), ZERO)
    rises = {each.strategy: each.after - known.get(each.strategy, ZERO) for each in changes}
    over = before + sum(rises.values(), ZERO) - max(capital, before)
    rising = sum((each for each in rises.values() if each > 0), ZERO)
    if over <= 0 or not rising:
        return changes
    kept, cut = 1 - over / rising, []
    for each in changes:
        rise, base = rises[each.strategy], known.get(each.strategy, ZERO)
        after = each.after if rise <= 0 else _in_cents(base + rise * kept)
        if after != base:
            cut.append(each._replace(after=after))
    return cut


def _in_cents(budget: Decimal) -> Decimal:
    """Whole cents, rounded down; a budget of 0 would be none."""
    return max(budget.quantize(_CENT, ROUND_FLOOR), _CENT)


def _moments(numbers: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of a sample."""
    mean = math.fsum(numbers) / len(numbers)
    return mean, math.sqrt(math.fsum((each - mean) ** 2 for each in numbers) / (len(numbers) - 1))


def _correlation(one: Sequence[float | None], other: Sequence[float | None]) -> float | None:
    """Over the periods that are known of both, aligned at their ends; None where they say nothing."""
    width = min(len(one), len(other))
    pairs = [
        (left, right)
        for left, right in zip(one[len(one) - width :], other[len(other) - width :], strict=True)
        if left is not None and right is not None
    ]
    if len(pairs) < 2:
        return None
    (left_mean, left_deviation), (right_mean, right_deviation) = (
        _moments(side) for side in zip(*pairs, strict=True)
    )
    if left_deviation <= _EPSILON or right_deviation <= _EPSILON:
        return None
    together = math.fsum((left - left_mean) * (right - right_mean) for left, right in pairs)
    return together / (len(pairs) - 1) / (left_deviation * right_deviation)


# --- suggestions ------------------------------------------------------------------------------------------------


class FeedbackMode(StrEnum):
    """How deep the worst symbol has fallen: below 5 %, below 10 %, deeper."""

    NORMAL = "normal"
    CAUTIOUS = "cautious"
    DEFENSIVE = "defensive"


class FeedbackRow(NamedTuple):
    """What a mode suggests: the weight of all symbols together, and factors of the caps on NAV parts and on trades."""

    below: float
    total_weight: float
    nav_cap_factor: float
    trade_cap_factor: float


FEEDBACK: dict[FeedbackMode, FeedbackRow] = {
    FeedbackMode.NORMAL: FeedbackRow(0.05, 0.9, 1.05, 1.0),
    FeedbackMode.CAUTIOUS: FeedbackRow(0.10, 0.65, 0.85, 0.85),
    FeedbackMode.DEFENSIVE: FeedbackRow(math.inf, 0.45, 0.65, 0.7),
}
"""Sheet H 6, feedback allocator."""

_QUALITY_FACTORS = {"broken": 0.2, "degraded": 0.6}


class SymbolIntelligence(NamedTuple):
    """What is known of a symbol's trades: score 0 to 1, expectancy in bps, how its orders fare, fall from its best."""

    symbol: str
    score: float | None
    expectancy_bps: float | None
    quality: str
    drawdown: float


class Suggestion(NamedTuple):
    """What the feedback allocator suggests; it changes nothing."""

    mode: FeedbackMode
    weights: dict[str, float]
    max_symbol_exposure: Decimal
    max_order_notional: Decimal
    max_open_positions: int
    rationale: tuple[str, ...]


def feedback(
    symbols: Sequence[SymbolIntelligence],
    max_symbol_exposure: Decimal,
    max_order_notional: Decimal,
    max_open_positions: int,
) -> Suggestion | None:
    """Weights and caps by what is known of the symbols; None where nothing is.

    A symbol's signal is its score + min(expectancy / 10, 0.3), at least 0, times 0.2 where its router is broken and 0.6
    where it is degraded; signals share the total weight of the mode.
    """
    scored = [each for each in symbols if each.score is not None]
    if not scored:
        return None
    worst = max(symbols, key=lambda each: (each.drawdown, each.symbol))
    mode, row = next((mode, row) for mode, row in FEEDBACK.items() if worst.drawdown < row.below)
    signals = {each.symbol: _signal(each) for each in scored}
    total = sum(signals.values())
    weights = {
        name: row.total_weight * (each / total if total > 0.0 else 1.0 / len(signals))
        for name, each in signals.items()
    }
    rationale = [f"{mode.value}: {worst.symbol} has fallen {worst.drawdown:.2%}"]
    rationale += [
        f"{each.symbol}: router {each.quality}" for each in scored if each.quality in _QUALITY_FACTORS
    ]
    return Suggestion(
        mode,
        weights,
        max_symbol_exposure * Decimal(str(row.nav_cap_factor)),
        max_order_notional * Decimal(str(row.trade_cap_factor)),
        max(1, math.floor(max_open_positions * row.total_weight)),
        tuple(rationale),
    )


def _signal(symbol: SymbolIntelligence) -> float:
    paid = (symbol.score or 0.0) + min((symbol.expectancy_bps or 0.0) / 10.0, 0.3)
    return max(0.0, paid) * _QUALITY_FACTORS.get(symbol.quality, 1.0)
