"""How far ahead a prediction looks: `5m`, `1h`, `1d` as minutes, and what follows from a horizon's length.

A day has 1440 minutes where the market never closes and 390 in a session of US equities: the caller says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from actors.strategy.pipeline.arrays import Floats
from messages.errors import ConfigurationError

ALWAYS_OPEN_MINUTES = 1440
EQUITY_SESSION_MINUTES = 390

DEFAULT_HORIZONS = ("5m", "10m", "15m", "30m", "60m", "1d")
"""Shortest first, as everywhere in the pipeline."""

DEFAULT_TEMPERATURES: Mapping[int, float] = {5: 0.75, 10: 0.85, 15: 0.90}
"""Minutes to the exponent w^T of blending; all other horizons have 1 (sheet F 3)."""

SHORTEST_MINUTES = 5.0
"""What the horizon divisor sqrt(h / 5) is relative to."""

_LONGEST_TAU_S = 7200.0
_NAME = re.compile(r"([1-9]\d{0,5})([mhd])", re.ASCII)
_IN_TARGET = re.compile(r"(?:^|_)([1-9]\d{0,5}[mhd])(?=_|$)", re.ASCII)


class Horizon(NamedTuple):
    """A horizon by its name and its length in minutes of trading."""

    name: str
    minutes: int


def parse_horizon(name: str, day_minutes: int = ALWAYS_OPEN_MINUTES) -> Horizon:
    """The horizon that `name` stands for: a whole number of m, h or d.

    Raises `ConfigurationError` for any other form, and for a day that is not 1 to 1440 minutes long.
    """
    if not 1 <= day_minutes <= ALWAYS_OPEN_MINUTES:
        raise ConfigurationError(
            "a day of trading has between 1 and 1440 minutes",
            field="day_minutes",
            value=day_minutes,
            remedy="1440 for markets that never close, 390 for US equities",
        )
    match = _NAME.fullmatch(name)
    if match is None:
        raise ConfigurationError(
            "not a horizon",
            field="horizon",
            value=name,
            remedy="write a whole number of m, h or d: 5m, 1h, 1d",
        )
    minutes = {"m": 1, "h": 60, "d": day_minutes}[match.group(2)]
    return Horizon(name, int(match.group(1)) * minutes)


def parse_horizons(
    names: Iterable[str] = DEFAULT_HORIZONS, day_minutes: int = ALWAYS_OPEN_MINUTES
) -> tuple[Horizon, ...]:
    """Those horizons, shortest first: the order of the pipeline's horizon axis.

    Raises `ConfigurationError` when there is none, or two are equally long (`60m` and `1h`).
    """
    found = sorted((parse_horizon(name, day_minutes) for name in names), key=lambda each: each.minutes)
    if not found:
        raise ConfigurationError(
            "no horizon is given", field="horizons", remedy="name at least one, such as 5m"
        )
    for shorter, longer in pairwise(found):
        if shorter.minutes == longer.minutes:
            raise ConfigurationError(
                f"{shorter.name} and {longer.name} are equally long",
                field="horizons",
                value=[each.name for each in found],
                remedy="keep one of the two",
            )
    return tuple(found)


def horizon_of_target(target: str) -> str | None:
    """The horizon named in a model's target: `30m` of `fwd_ret_30m`; None when there is none."""
    found = _IN_TARGET.findall(target)
    return str(found[-1]) if found else None


def minutes_of(horizons: Iterable[Horizon]) -> Floats:
    """float64[H] of lengths in minutes."""
    return np.array([each.minutes for each in horizons], dtype=np.float64)


def taus_s(minutes: Floats) -> Floats:
    """float64[H]: seconds in which a prediction loses 1 - 1/e of its freshness.

    Half the horizon, at most two hours: 150 s for 5m to 1800 s for 60m, 7200 s for 1d (sheet F 2).
    """
    return np.minimum(minutes * 30.0, _LONGEST_TAU_S)


def temperatures(minutes: Floats, by_minutes: Mapping[int, float] = DEFAULT_TEMPERATURES) -> Floats:
    """float64[H]: the exponent of each horizon, 1 where the table has none."""
    return np.array([by_minutes.get(int(each), 1.0) for each in minutes], dtype=np.float64)


def horizon_divisors(minutes: Floats) -> Floats:
    """float64[H]: sqrt(h / 5), what makes the edges of horizons comparable."""
    return np.sqrt(minutes / SHORTEST_MINUTES)


def horizon_volatility(volatility_daily: Floats, minutes: Floats, day_minutes: int) -> Floats:
    """float64[S,H]: the standard deviation of the return over each horizon, from that of a day's return[S].

    By the square root of time: both are fractions, and a day is `day_minutes` of trading.
    """
    return volatility_daily[:, None] * np.sqrt(minutes / day_minutes)
