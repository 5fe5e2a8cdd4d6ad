"""What closed trades say of each symbol, for the feedback allocator: score, expectancy, router quality, fall."""

from __future__ import annotations

from collections.abc import Iterable

from actors.execution.routing.plan import Quality
from actors.execution.routing.quality import judged
from actors.execution.routing.settings import RoutingSettings
from actors.risk.allocation import SymbolIntelligence
from actors.strategy.intelligence.expectancy import expectancy
from actors.strategy.intelligence.score import symbol_score
from actors.strategy.intelligence.trades import ClosedTrade, worst_fall
from cluster.observe.strategies import StrategyView


def intelligence_of(views: Iterable[StrategyView], settings: RoutingSettings) -> list[SymbolIntelligence]:
    """A line per symbol, over all strategies that trade it, by name; unknown where none of their trades was judged."""
    trades: dict[str, list[ClosedTrade]] = {}
    for view in views:
        if not view.shadow:
            known = view.intelligence
            trades.setdefault(view.symbol, []).extend(() if known is None else known.closed)
    return [_of(symbol, trades[symbol], settings) for symbol in sorted(trades)]


def _of(symbol: str, trades: list[ClosedTrade], settings: RoutingSettings) -> SymbolIntelligence:
    trades = sorted(trades, key=lambda each: each.closed_at)
    score, figures = symbol_score(trades), expectancy(trades)
    if score is None or figures is None:
        return SymbolIntelligence(symbol, None, None, "ok", 0.0)
    count = len(trades)
    slips = [each.slippage_bps for each in trades if each.slippage_bps is not None]
    quality = Quality(
        orders=min(count, settings.quality_orders),
        maker=sum(each.maker for each in trades) / count,
        fallback=sum(each.fallback for each in trades) / count,
        slippage_bps=sum(slips) / len(slips) if slips else 0.0,
    )
    fall = worst_fall(trades) / (sum(each.notional for each in trades) / count)
    return SymbolIntelligence(symbol, score.score, figures.mean, judged(quality, settings).value, fall)
