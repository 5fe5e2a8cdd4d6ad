"""How well a symbol is traded, 0 to 1, and what that does to sizes (sheet H 6, symbol score v6).

`0.55 x expectancy + 0.35 x router - slippage - fees - 0.3 x |volatility scale - 1|`, limited to 0..1, where

- expectancy is `0.7 x (0.5 + 0.5 tanh(mean / 10 bps)) + 0.3 x hit rate`,
- router is `0.5 + 0.5 tanh(maker share - fallback share)`,
- slippage is mean slippage / 20 bps, at most 0.4; nothing for what is better than the mid,
- fees are 0.2 x fees / gross gain, at most 0.4, and 0.4 where there are fees but no gain.

The sheet has the mean in money; here it is in bps, so that the score does not depend on the size of orders.

The volatility scale is 1 wherever the score makes sizes. Orders of the configured size are made for no volatility in
particular, so there is none to compare the realised one with; a pipeline's sizers divide by the volatility or range of
the moment at each decision, so their sizes are always made for the realised one, and to take something off for it here
would count it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import tanh
from typing import NamedTuple

from actors.strategy.intelligence.expectancy import expectancy
from actors.strategy.intelligence.settings import IntelligenceSettings
from actors.strategy.intelligence.trades import ClosedTrade

_MOST_PENALTY = 0.4


class ScoreParts(NamedTuple):
    """The score and what it is made of; penalties are positive."""

    score: float
    expectancy: float
    router: float
    slippage: float
    fees: float
    volatility: float


def symbol_score(trades: Sequence[ClosedTrade], volatility_scale: float = 1.0) -> ScoreParts | None:
    """The score of the symbol that these trades were on; None without trades.

    `volatility_scale` is by how much its volatility differs from the one its sizes were made for, as a ratio.
    """
    figures = expectancy(trades)
    if figures is None:
        return None
    paid = 0.7 * (0.5 + 0.5 * tanh(figures.mean / 10.0)) + 0.3 * figures.hit_rate
    count = len(trades)
    maker, fallback = sum(each.maker for each in trades), sum(each.fallback for each in trades)
    router = 0.5 + 0.5 * tanh((maker - fallback) / count)
    slips = [each.slippage_bps for each in trades if each.slippage_bps is not None]
    slippage = min(max(sum(slips) / len(slips) / 20.0, 0.0), _MOST_PENALTY) if slips else 0.0
    fees = _fee_drag(sum(each.fees for each in trades), sum(each.gross for each in trades))
    volatility = 0.3 * abs(volatility_scale - 1.0)
    score = 0.55 * paid + 0.35 * router - slippage - fees - volatility
    return ScoreParts(min(max(score, 0.0), 1.0), paid, router, slippage, fees, volatility)


def size_factor(score: float | None, settings: IntelligenceSettings) -> float:
    """What sizes are multiplied by before any cap: `1 + 0.3 x (2 x score - 1)`, within the settings' bounds.

    1 where there is no score yet, or no feedback is wanted.
    """
    if score is None or not settings.feedback:
        return 1.0
    return min(max(1.0 + 0.3 * (2.0 * score - 1.0), settings.min_factor), settings.max_factor)


def _fee_drag(fees: float, gross: float) -> float:
    if fees <= 0.0:
        return 0.0
    return min(0.2 * fees / gross, _MOST_PENALTY) if gross > 0.0 else _MOST_PENALTY
