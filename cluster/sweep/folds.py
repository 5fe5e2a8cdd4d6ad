"""Walk-forward analysis: windows that roll through the data, what is chosen on one and then tried on the next.

The out-of-sample windows, one after the other, are the only part of a sweep that nothing was fitted to (Pardo 2008).
Each window begins flat and with nothing seen. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from cluster.backtest import statistics as stats
from cluster.backtest.report.wording import canonical_float
from cluster.sweep.evaluate import Curve
from cluster.sweep.figures import Figures
from config.duration import format_duration, parse_duration
from messages.errors import ConfigurationError

_PART = re.compile(r"(train|test|step)=(\S+)", re.ASCII)


class WalkForward(msgspec.Struct, frozen=True):
    """Lengths of the windows in ns, and how far the pair moves on."""

    train: int
    test: int
    step: int


class Fold(msgspec.Struct, frozen=True):
    """One pair of windows, ns UTC, all bounds inclusive."""

    train_start: int
    train_end: int
    test_start: int
    test_end: int


def parse_walk_forward(text: str) -> WalkForward:
    """`train=2d,test=1d` with `step=1d` as wanted; the step is the length of a test by default.

    Raises `ConfigurationError` for anything else, for lengths of zero, and for a step shorter than a test, by which
    the same days would count twice.
    """
    spans: dict[str, int] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None or match.group(1) in spans:
            raise _wrong(text, "write train=2d,test=1d or train=2d,test=1d,step=1d")
        try:
            spans[match.group(1)] = parse_duration(match.group(2))
        except ValueError as error:
            raise _wrong(text, str(error)) from error
    if not {"train", "test"} <= spans.keys() or not all(spans.values()):
        raise _wrong(text, "give both train and test a length above zero")
    if spans.get("step", spans["test"]) < spans["test"]:
        raise _wrong(text, "move on by at least the length of a test, or days would count twice")
    return WalkForward(spans["train"], spans["test"], spans.get("step", spans["test"]))


def folds_of(plan: WalkForward, start: int, end: int) -> tuple[Fold, ...]:
    """The pairs of windows that fit between `start` and `end` (ns UTC, inclusive).

    Raises `ConfigurationError` when not even one does.
    """
    found = []
    train_start = start
    while (test_end := train_start + plan.train + plan.test - 1) <= end:
        test_start = train_start + plan.train
        found.append(Fold(train_start, test_start - 1, test_start, test_end))
        train_start += plan.step
    if not found:
        wanted, given = format_duration(plan.train + plan.test), f"{(end - start + 1) / 1e9:.0f}s"
        raise _wrong(f"{wanted} in {given} of data", "give more data, or choose shorter windows")
    return tuple(found)


def chained(curves: Sequence[Curve], periods_per_year: int) -> Figures:
    """The figures of accounts that follow each other, each with what the one before has made of the money.

    Days that two windows share are compounded. Empty without a curve.
    """
    if not curves:
        return {}
    factor, days = 1.0, dict[str, float]()
    times: list[int] = []
    values: list[float] = []
    for curve in curves:
        first = curve.nav[0]
        times += curve.times
        values += [factor * each / first for each in curve.nav]
        factor = values[-1]
        for period, daily in curve.daily:
            days[period] = (1.0 + days.get(period, 0.0)) * (1.0 + daily) - 1.0
    returns = np.array(list(days.values()), np.float64)
    drawdown = stats.maximum_drawdown(np.array(times, np.int64), np.array(values, np.float64))
    annualised = stats.annualised_return(factor - 1.0, (times[-1] - times[0]) / stats.YEAR_NS)
    depth = None if drawdown is None else drawdown.depth
    found: dict[str, float | None] = {
        "total_return": factor - 1.0,
        "annualised_return": annualised,
        "sharpe": stats.sharpe_ratio(returns, periods_per_year),
        "sortino": stats.sortino_ratio(returns, periods_per_year),
        "calmar": stats.calmar_ratio(annualised, depth),
        "volatility": stats.volatility(returns, periods_per_year),
        "max_drawdown": depth,
    }
    return {name: None if value is None else canonical_float(value) for name, value in found.items()}


def _wrong(value: str, remedy: str) -> ConfigurationError:
    return ConfigurationError("no way to walk forward", field="--walk-forward", value=value, remedy=remedy)
