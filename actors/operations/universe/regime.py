"""The market's regime, as one symbol tells it: by its return of a week and its volatility.

The same rule as that of the strategy `rules` (`actors.strategy.rules.regime`), for one symbol and without arrays.
"""

from __future__ import annotations

from enum import StrEnum


class Regime(StrEnum):
    """What kind of market it is."""

    BULL = "bull"
    CHOP = "chop"
    BEAR = "bear"
    CRASH = "crash"


def regime_of(trend: float | None, volatility: float | None) -> Regime | None:
    """The regime of a `trend` (return over seven days) and a `volatility` (a year), both fractions; None unless both
    are known.

    A crash goes before all else: below -10 % or above 100 %. Bull: from +10 %, volatility below 60 %. Bear: -5 % and
    below. All else is chop.
    """
    if trend is None or volatility is None:
        return None
    if trend < -0.10 or volatility > 1.0:
        return Regime.CRASH
    if trend >= 0.10 and volatility < 0.60:
        return Regime.BULL
    return Regime.BEAR if trend <= -0.05 else Regime.CHOP
