"""Performance statistics: small pure functions, each with its formula and where it comes from.

Returns are simple returns per period (0.01 = 1 %), as float64 arrays. What too few points, a missing spread of
values or a division by zero leaves undefined is None, never 0 and never infinite. Sources are named by author;
definitions follow the `empyrical` library where there are several, so that figures can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from cluster.backtest.record import Times, Values

YEAR_NS = 365.25 * 86_400 * 1e9
"""A year of the calendar (Julian), in ns."""

SHORTEST_YEARS = 1 / 365.25
"""Runs shorter than a day are not annualised: a good hour is no good year."""

FEWEST_FOR_TAIL = 20
"""Returns below which the worst 5 % is less than one return."""


class Drawdown(msgspec.Struct, frozen=True):
    """The deepest fall of a curve below an earlier peak.

    `depth` is the fall as a fraction of the peak (0.1 = 10 %), `start` the time of the peak, `trough` of the lowest
    point, `end` of the first point back at the peak, None when that was not reached. `duration` is from the peak to
    the recovery or the end of the curve. Times ns UTC, duration ns.
    """

    depth: float
    start: int
    trough: int
    end: int | None
    duration: int


# --- returns --------------------------------------------------------------------------------------------------


def simple_returns(values: Values) -> Values | None:
    """Relative changes, v[i] / v[i-1] - 1. None when a base is not above zero: a return on nothing is undefined."""
    if len(values) < 2 or bool((values[:-1] <= 0).any()):
        return None
    changes: Values = values[1:] / values[:-1] - 1.0
    return changes


def total_return(first: float, last: float) -> float | None:
    """last / first - 1. None when `first` is not above zero."""
    return last / first - 1.0 if first > 0 else None


def annualised_return(total: float | None, years: float) -> float | None:
    """Compound annual growth rate, (1 + total)^(1 / years) - 1 (CFA Institute, GIPS).

    None for less than a day, for a total loss or worse, and where it grows beyond what a float can hold.
    """
    if total is None or total <= -1.0 or years < SHORTEST_YEARS:
        return None
    exponent = float(np.log1p(total)) / years
    return float(np.expm1(exponent)) if exponent < 700 else None


def volatility(returns: Values, periods_per_year: float) -> float | None:
    """Annualised standard deviation, std(r, ddof=1) x sqrt(periods per year). None for fewer than 2 returns."""
    if len(returns) < 2:
        return None
    return float(np.std(returns, ddof=1) * np.sqrt(periods_per_year))


def sharpe_ratio(returns: Values, periods_per_year: float, risk_free: float = 0.0) -> float | None:
    """mean(r - f) / std(r - f, ddof=1) x sqrt(periods per year) (Sharpe 1994).

    `risk_free` is f per year, spread evenly over its periods. None for fewer than 2 returns or no deviation.
    """
    if len(returns) < 2:
        return None
    excess = returns - risk_free / periods_per_year
    deviation = float(np.std(excess, ddof=1))
    if _is_nothing(deviation, excess):
        return None
    return float(np.mean(excess)) / deviation * float(np.sqrt(periods_per_year))


def downside_risk(returns: Values, periods_per_year: float, required: float = 0.0) -> float | None:
    """Annualised target semideviation, sqrt(mean(min(r - q, 0)^2)) x sqrt(periods per year), over all returns
    (Sortino and van der Meer 1991). `required` is q per year. None without returns."""
    if not len(returns):
        return None
    shortfall = np.minimum(returns - required / periods_per_year, 0.0)
    return float(np.sqrt(np.mean(shortfall**2)) * np.sqrt(periods_per_year))


def sortino_ratio(returns: Values, periods_per_year: float, required: float = 0.0) -> float | None:
    """mean(r - q) x periods per year / downside risk (Sortino and Price 1994).

    None for fewer than 2 returns, or when no return falls short.
    """
    risk = downside_risk(returns, periods_per_year, required)
    if len(returns) < 2 or risk is None or risk == 0:
        return None
    return float(np.mean(returns - required / periods_per_year)) * periods_per_year / risk


def calmar_ratio(annualised: float | None, depth: float | None) -> float | None:
    """Annualised return / maximum drawdown (Young 1991, over the whole run). None without a drawdown."""
    return None if annualised is None or not depth else annualised / depth


def skewness(returns: Values) -> float | None:
    """Adjusted Fisher-Pearson skewness, sqrt(n (n-1)) / (n-2) x m3 / m2^1.5 (Joanes and Gill 1998, G1).

    None for fewer than 3 returns or no deviation.
    """
    n = len(returns)
    moments = _central_moments(returns) if n >= 3 else None
    if moments is None:
        return None
    second, third, _ = moments
    return float(np.sqrt(n * (n - 1.0)) / (n - 2.0) * third / second**1.5)


def excess_kurtosis(returns: Values) -> float | None:
    """Sample excess kurtosis, (n-1) / ((n-2) (n-3)) x ((n+1) (m4 / m2^2 - 3) + 6) (Joanes and Gill 1998, G2); 0 for
    a normal distribution. None for fewer than 4 returns or no deviation."""
    n = len(returns)
    moments = _central_moments(returns) if n >= 4 else None
    if moments is None:
        return None
    second, _, fourth = moments
    biased = fourth / second**2 - 3.0
    return float((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * biased + 6.0))


def value_at_risk(returns: Values, share: float = 0.05) -> float | None:
    """The `share` quantile of the returns, linearly interpolated: historical value at risk (Jorion 2006).

    A return, so a loss is negative. None for fewer than 20 returns.
    """
    return float(np.quantile(returns, share)) if len(returns) >= FEWEST_FOR_TAIL else None


def conditional_value_at_risk(returns: Values, share: float = 0.05) -> float | None:
    """The mean of the worst returns, those up to index floor((n-1) x share): historical expected shortfall
    (Rockafellar and Uryasev 2000). None for fewer than 20 returns."""
    n = len(returns)
    if n < FEWEST_FOR_TAIL:
        return None
    index = int((n - 1) * share)
    return float(np.mean(np.partition(returns, index)[: index + 1]))


def drawdowns(values: Values) -> Values:
    """The fall below the highest value so far, as a fraction of it: 0 at a peak, 0.1 ten percent below. nan while
    the peak is not above zero."""
    peaks = np.maximum.accumulate(values)
    falls: Values = np.where(peaks > 0, 1.0 - values / np.where(peaks > 0, peaks, 1.0), np.nan)
    return falls


def maximum_drawdown(times: Times, values: Values) -> Drawdown | None:
    """The deepest fall below an earlier peak (Magdon-Ismail and Atiya 2004); the earliest of equals.

    None for an empty curve or one whose peak is not above zero. A curve that never falls has a depth of 0.
    """
    if not len(values) or not values[0] > 0:
        return None
    falls = drawdowns(values)
    trough = int(np.argmax(falls))
    # the last point at the peak: there the fall begins
    before = values[: trough + 1]
    peak = trough - int(np.argmax(before[::-1]))
    after = np.flatnonzero(values[trough:] >= values[peak])
    end = trough + int(after[0]) if len(after) else None
    last = len(values) - 1 if end is None else end
    return Drawdown(
        depth=float(falls[trough]),
        start=int(times[peak]),
        trough=int(times[trough]),
        end=None if end is None else int(times[end]),
        duration=int(times[last] - times[peak]),
    )


def compounded(returns: Sequence[float]) -> float:
    """What a series of returns makes together, product(1 + r) - 1."""
    return float(np.prod(1.0 + np.asarray(returns, np.float64)) - 1.0)


# --- trades ---------------------------------------------------------------------------------------------------


def win_rate(profits: Values) -> float | None:
    """The part of the trades with a profit above zero. None without trades."""
    return float(np.mean(profits > 0)) if len(profits) else None


def profit_factor(profits: Values) -> float | None:
    """sum of profits / |sum of losses| (Schwager 1984). None without a loss."""
    losses = -float(profits[profits < 0].sum())
    return float(profits[profits > 0].sum()) / losses if losses > 0 else None


def average_win(profits: Values) -> float | None:
    """The mean of the profits above zero. None without one."""
    wins = profits[profits > 0]
    return float(wins.mean()) if len(wins) else None


def average_loss(profits: Values) -> float | None:
    """The mean of the losses, below zero. None without one."""
    losses = profits[profits < 0]
    return float(losses.mean()) if len(losses) else None


def payoff_ratio(profits: Values) -> float | None:
    """average win / |average loss|. None without both."""
    win, loss = average_win(profits), average_loss(profits)
    return None if win is None or loss is None else win / -loss


def expectancy(profits: Values) -> float | None:
    """win rate x average win + loss rate x average loss: what a trade makes on average (Tharp 1998). None without
    trades."""
    if not len(profits):
        return None
    wins, losses = profits > 0, profits < 0
    return float(
        np.mean(wins) * (average_win(profits) or 0.0) + np.mean(losses) * (average_loss(profits) or 0.0)
    )


def expectancy_ratio(profits: Values) -> float | None:
    """expectancy / |average loss|: what a trade makes per unit it risks (Tharp 1998). None without a loss."""
    mean, loss = expectancy(profits), average_loss(profits)
    return None if mean is None or loss is None else mean / -loss


# --- the account ----------------------------------------------------------------------------------------------


def time_average(times: Times, values: Values) -> float | None:
    """The mean of a curve over time, each value holding until the next point. None for a curve without duration."""
    span = int(times[-1] - times[0]) if len(times) else 0
    if span <= 0:
        return None
    return float(np.sum(values[:-1] * np.diff(times)) / span)


def turnover(traded: float, average_nav: float | None) -> float | None:
    """Value of everything bought and sold / time average of NAV. None when that is not above zero."""
    return None if average_nav is None or average_nav <= 0 else traded / average_nav


def per_year(amount: float | None, years: float) -> float | None:
    """An amount per year. None for less than a day."""
    return None if amount is None or years < SHORTEST_YEARS else amount / years


def _is_nothing(deviation: float, values: Values) -> bool:
    """Whether a deviation is zero but for rounding: a constant series must not have an enormous ratio."""
    return not deviation > 1e-12 * float(np.max(np.abs(values), initial=0.0))


def _central_moments(returns: Values) -> tuple[float, float, float] | None:
    centred = returns - np.mean(returns)
    if _is_nothing(float(np.std(returns)), returns):
        return None
    # scaled first: the fourth power of a tiny return would vanish
    scale = float(np.max(np.abs(centred)))
    scaled = centred / scale
    return float(np.mean(scaled**2)), float(np.mean(scaled**3)), float(np.mean(scaled**4))
