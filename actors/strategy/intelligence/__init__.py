"""What a strategy's closed trades say of a symbol: expectancy, a score, a factor for sizes, and when to let it rest.

Pure functions over a bounded list of closed trades. Amounts are float64 in base currency (this is statistics, not
bookkeeping); what trades are worth is compared in bps of what they were entered with.
"""

from __future__ import annotations

from actors.strategy.intelligence.expectancy import (
    Expectancy,
    HourFigures,
    best_hour,
    expectancy,
    hourly,
    since,
)
from actors.strategy.intelligence.score import ScoreParts, size_factor, symbol_score
from actors.strategy.intelligence.settings import IntelligenceSettings
from actors.strategy.intelligence.trades import (
    TRADES_KEPT,
    ClosedTrade,
    IntelligenceState,
    OpenTrade,
    count_fill,
    worst_fall,
)

__all__ = [
    "TRADES_KEPT",
    "ClosedTrade",
    "Expectancy",
    "HourFigures",
    "IntelligenceSettings",
    "IntelligenceState",
    "OpenTrade",
    "ScoreParts",
    "best_hour",
    "count_fill",
    "expectancy",
    "hourly",
    "since",
    "size_factor",
    "symbol_score",
    "worst_fall",
]
