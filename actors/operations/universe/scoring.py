"""How candidates compare: 0.5 liquidity + 0.3 spread + 0.2 volatility, each from 0 (worst) to 1 (best) of them all.

Formula: liquidity = (volume - least) / (most - least); spread = 1 - (spread - least) / (most - least); volatility as
liquidity, for what does not move does not earn its costs. Where all are equal each has 1. A figure that is missing
counts as -1: worse than the worst, and never as a number of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

from actors.operations.universe.settings import Weights
from messages.universe import SymbolFigures

MISSING = -1.0
"""What a missing figure counts."""

_Pick = Callable[[SymbolFigures], float | None]


def known(value: float | None) -> float | None:
    """A figure that is one: finite and not below 0; else None."""
    return value if value is not None and isfinite(value) and value >= 0 else None


def scores(figures: Sequence[SymbolFigures], weights: Weights) -> dict[str, float]:
    """The score of each symbol."""
    liquidity = _normalised(figures, lambda each: known(each.volume))
    tightness = _normalised(figures, lambda each: _negative(known(each.spread_bps)))
    volatility = _normalised(figures, lambda each: known(each.volatility))
    return {
        each.symbol: weights.liquidity * liquidity[each.symbol]
        + weights.spread * tightness[each.symbol]
        + weights.volatility * volatility[each.symbol]
        for each in figures
    }


def ranked(figures: Sequence[SymbolFigures], found: Mapping[str, float]) -> list[SymbolFigures]:
    """The best first: by score, then by volume, then by name."""
    return sorted(figures, key=lambda each: (-found[each.symbol], -(known(each.volume) or 0.0), each.symbol))


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _normalised(figures: Sequence[SymbolFigures], pick: _Pick) -> dict[str, float]:
    values = {each.symbol: pick(each) for each in figures}
    there = [value for value in values.values() if value is not None]
    least, most = min(there, default=0.0), max(there, default=0.0)

    def part(value: float | None) -> float:
        if value is None:
            return MISSING
        return (value - least) / (most - least) if most > least else 1.0

    return {symbol: part(value) for symbol, value in values.items()}
