"""The market's regime, from its trend over a week and its volatility (sheet T 4); measured, never assumed."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from actors.strategy.pipeline.arrays import Codes, Floats, in_range


class Regime(IntEnum):
    """What kind of market it is; UNKNOWN while a measure is missing, and then nothing is entered."""

    UNKNOWN = -1
    BULL = 0
    CHOP = 1
    BEAR = 2
    CRASH = 3

    @property
    def word(self) -> str:
        """The name, as traces write it."""
        return self.name.lower()


class Regimes(NamedTuple):
    """Of each symbol: `code` int8[S], a `Regime`, and `confidence` float64[S], 0 to 1, NaN where it is unknown."""

    code: Codes
    confidence: Floats


def classify(trend: Floats, volatility: Floats) -> Regimes:
    """The regimes of `trend` (float64[S], percent over a week) and `volatility` (float64[S], percent a year).

    A crash goes before all else: below -10 % or above 100 %. Bull: from +10 %, volatility below 60 %. Bear: -5 % and
    below. All else is chop.
    """
    known = ~(np.isnan(trend) | np.isnan(volatility))
    crash = (trend < -10.0) | (volatility > 100.0)
    bull = ~crash & (trend >= 10.0) & (volatility < 60.0)
    bear = ~crash & (trend <= -5.0)
    code = np.where(
        crash, Regime.CRASH, np.where(bull, Regime.BULL, np.where(bear, Regime.BEAR, Regime.CHOP))
    )
    confidence = np.where(np.abs(trend) < 5.0, 0.8, 0.6)
    confidence = np.where(bear, np.minimum(0.8, 0.5 + np.abs(trend + 5.0) / 20.0), confidence)
    confidence = np.where(bull, in_range(0.5 + (trend - 10.0) / 50.0, 0.5, 0.9), confidence)
    confidence = np.where(crash, np.where((trend < -15.0) & (volatility > 120.0), 0.9, 0.7), confidence)
    return Regimes(np.where(known, code, Regime.UNKNOWN).astype(np.int8), np.where(known, confidence, np.nan))
