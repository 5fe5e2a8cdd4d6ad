"""The table of cases: what is proposed when a trigger fires (sheet T 5).

The sheet only buys. Here a trigger that follows a market is taken both ways; its falls of `price_move` and `momentum`
are bought as dips, as there, or sold with `falls: sell`, by the mirror of the case for a rise.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from actors.strategy.rules.regime import Regime
from config.duration import HOUR

_CRASH = frozenset({Regime.CRASH})
_BULL = frozenset({Regime.BULL})
_NONE: frozenset[Regime] = frozenset()


class Falls(StrEnum):
    """What a fall is to `price_move` and `momentum`: a dip to buy, or a way to go along with."""

    BUY = "buy"
    SELL = "sell"


class Case(msgspec.Struct, frozen=True):
    """A row: `trigger` in this `direction` by more than `beyond` (fraction) proposes `side` (+1 buy, -1 sell).

    `stop` and `target` are fractions of the entry, `hold` ns; `boost` multiplies the base size, `discount` the
    confidence. It proposes nothing in the regimes of `blocked`.
    """

    trigger: str
    direction: int
    side: int
    stop: float
    target: float
    hold: int
    boost: float = 1.0
    discount: float = 1.0
    beyond: float = 0.0
    tag: str = ""
    blocked: frozenset[Regime] = _NONE


def _along(trigger: str, stop: float, target: float, hours: int, **more: float) -> tuple[Case, Case]:
    return tuple(  # type: ignore[return-value]
        Case(trigger, way, way, stop, target, hours * HOUR, **more)  # type: ignore[arg-type]
        for way in (1, -1)
    )


_ALWAYS = (
    Case("price_move", 1, 1, 0.06, 0.12, 48 * HOUR, beyond=0.015),
    *_along("volume_spike", 0.08, 0.15, 72, beyond=0.02),
    *_along("breakout", 0.06, 0.20, 120, boost=1.2),
    Case("reversal", 1, 1, 0.12, 0.25, 48 * HOUR, boost=0.8, discount=0.8, blocked=_CRASH),
    Case("reversal", -1, -1, 0.12, 0.25, 48 * HOUR, boost=0.8, discount=0.8, blocked=_BULL),
    Case("momentum", 1, 1, 0.08, 0.15, 72 * HOUR),
    *_along("screener", 0.06, 0.12, 48, boost=0.7),
)
_FALLS = {
    Falls.BUY: (
        Case("price_move", -1, 1, 0.10, 0.20, 24 * HOUR, 0.7, 1.0, 0.025, "price_dip", _CRASH),
        Case("momentum", -1, 1, 0.10, 0.18, 48 * HOUR, 0.85, 0.9, 0.03, "momentum_dip", _CRASH),
    ),
    Falls.SELL: (
        Case("price_move", -1, -1, 0.06, 0.12, 48 * HOUR, beyond=0.015),
        Case("momentum", -1, -1, 0.08, 0.15, 72 * HOUR, blocked=_BULL),
    ),
}


def cases(falls: Falls = Falls.BUY, *, allow_short: bool = True) -> tuple[Case, ...]:
    """The rows that hold; without `allow_short` none of those that sell."""
    return tuple(each for each in (*_ALWAYS, *_FALLS[falls]) if allow_short or each.side > 0)
