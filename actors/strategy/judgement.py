"""What the closed trades of a strategy on a symbol say now, and what that does to the size of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from actors.strategy.intelligence.expectancy import (
    HOUR,
    HOURS,
    Expectancy,
    HourFigures,
    best_hour,
    expectancy,
    hourly,
    since,
)
from actors.strategy.intelligence.score import ScoreParts, size_factor, symbol_score
from actors.strategy.intelligence.settings import IntelligenceSettings
from actors.strategy.intelligence.trades import KEPT_FOR, ClosedTrade, IntelligenceState
from actors.strategy.slot import Slot
from messages.decisions import TraceValue

_ONE = Decimal(1)


class Judgement(NamedTuple):
    """What the trades of the settings' window say: their averages, the symbol's score, and the factor for sizes.

    `hours` are the hours of the UTC day, over the last seven days.
    """

    expectancy: Expectancy
    score: ScoreParts
    factor: float
    hours: tuple[HourFigures, ...]


def judgement(slot: Slot, now: int) -> Judgement | None:
    """What the closed trades say at `now`; None while there are too few, or where they are not judged."""
    settings, known = slot.settings.intelligence, slot.state.intelligence
    if settings is None or known is None:
        return None
    trades = _trades_that_count(known, settings, now)
    figures, score = expectancy(trades), symbol_score(trades)
    if figures is None or score is None:
        return None
    hours = hourly(since(known.closed, now - KEPT_FOR))
    return Judgement(figures, score, size_factor(score.score, settings), hours)


def size_factor_of(slot: Slot, now: int) -> Decimal:
    """What an order of the configured size is multiplied by; 1 where nothing is known."""
    settings, known = slot.settings.intelligence, slot.state.intelligence
    if settings is None or known is None:
        return _ONE
    score = symbol_score(_trades_that_count(known, settings, now))
    return _ONE if score is None else Decimal(repr(size_factor(score.score, settings)))


def _trades_that_count(
    known: IntelligenceState, settings: IntelligenceSettings, now: int
) -> list[ClosedTrade]:
    """Those of the settings' window; none where they are too few to say anything."""
    trades = since(known.closed, now - settings.window)
    return trades if len(trades) >= settings.min_trades else []


def traced_judgement(slot: Slot, now: int) -> dict[str, TraceValue]:
    """What the trace of a decision that trades says of closed trades; nothing where they are not judged."""
    if slot.settings.intelligence is None:
        return {}
    known = judgement(slot, now)
    if known is None:
        return {"symbol_score": None}
    best = best_hour(known.hours)
    return {
        "symbol_score": known.score.score,
        "expectancy_bps": known.expectancy.mean,
        "hit_rate": known.expectancy.hit_rate,
        "size_factor": known.factor,
        "hour_expectancy_bps": known.hours[now // HOUR % HOURS].expectancy_bps,
        "best_hour": None if best is None else float(best),
    }
