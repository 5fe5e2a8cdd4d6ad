"""What trades of the past days paid on average, over a window of time and by the hour of the day (sheet H 6).

All in bps of what was entered, so that symbols and sizes compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from actors.strategy.intelligence.trades import ClosedTrade

HOUR = 3_600_000_000_000
HOURS = 24
BEST_HOUR_TRADES = 20
"""With fewer trades an hour is not the best one."""


class Expectancy(NamedTuple):
    """Averages of a number of `trades`, above 0, in bps of what was entered.

    `hit_rate` is the share that paid; `average_loss` is not above 0. `mean` is hit rate x average win + the rest x
    average loss; `per_risk` that over the average loss, None without one; `adjusted` the mean less the greatest fall of
    the sum from its best, per trade.
    """

    trades: int
    hit_rate: float
    average_win: float
    average_loss: float
    mean: float
    per_risk: float | None
    adjusted: float


class HourFigures(NamedTuple):
    """One hour of the UTC day: its trades (by when they closed), what they paid together in bps of what was entered
    together, None without trades, and their mean slippage in bps, None where that is not known."""

    trades: int
    expectancy_bps: float | None
    slippage_bps: float | None


def since(trades: Sequence[ClosedTrade], time: int) -> list[ClosedTrade]:
    """Those that closed after `time` (ns UTC)."""
    return [each for each in trades if each.closed_at > time]


def expectancy(trades: Sequence[ClosedTrade]) -> Expectancy | None:
    """The averages; None without trades."""
    if not trades:
        return None
    paid = [each.net_bps for each in trades]
    wins, losses = [each for each in paid if each > 0.0], [each for each in paid if each <= 0.0]
    hit = len(wins) / len(paid)
    win, loss = _mean(wins), _mean(losses)
    mean = hit * win + (1.0 - hit) * loss
    return Expectancy(
        len(paid),
        hit,
        win,
        loss,
        mean,
        mean / -loss if loss < 0.0 else None,
        mean - _greatest_fall(paid) / len(paid),
    )


def hourly(trades: Iterable[ClosedTrade]) -> tuple[HourFigures, ...]:
    """The 24 hours of the UTC day."""
    by_hour: list[list[ClosedTrade]] = [[] for _ in range(HOURS)]
    for each in trades:
        by_hour[each.closed_at // HOUR % HOURS].append(each)
    return tuple(_hour(each) for each in by_hour)


def best_hour(hours: Sequence[HourFigures]) -> int | None:
    """The hour with the best expectancy of those with 20 trades and none below 0; None when there is none."""
    found = [
        (figures.expectancy_bps, -hour)
        for hour, figures in enumerate(hours)
        if figures.trades >= BEST_HOUR_TRADES
        and figures.expectancy_bps is not None
        and figures.expectancy_bps >= 0.0
    ]
    return -max(found)[1] if found else None


def _hour(trades: Sequence[ClosedTrade]) -> HourFigures:
    if not trades:
        return HourFigures(0, None, None)
    slips = [each.slippage_bps for each in trades if each.slippage_bps is not None]
    entered = sum(each.notional for each in trades)
    return HourFigures(
        len(trades), sum(each.net for each in trades) / entered * 1e4, _mean(slips) if slips else None
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _greatest_fall(paid: Iterable[float]) -> float:
    total = best = worst = 0.0
    for each in paid:
        total += each
        best = max(best, total)
        worst = max(worst, best - total)
    return worst
