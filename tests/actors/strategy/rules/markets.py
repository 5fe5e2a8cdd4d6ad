"""Made bars for the tests of rules: float64[1, L, 5], and joined for several symbols."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.rules.regime import Regime
from actors.strategy.rules.triggers import Seen


def bars(
    closes: Sequence[float] | Floats, volumes: Sequence[float] | Floats | None = None, width: float = 0.0
) -> Floats:
    """One symbol's bars; each opens at the close before it and is `width` (fraction) wider than it must be."""
    close = np.asarray(closes, dtype=np.float64)
    opened = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(opened, close) * (1 + width), np.minimum(opened, close) * (1 - width)
    volume = np.ones(len(close)) if volumes is None else np.asarray(volumes, dtype=np.float64)
    return np.stack([opened, high, low, close, volume], axis=1)[None]


def flat(count: int = 169, price: float = 100.0) -> Floats:
    """Bars on which nothing happens."""
    return bars(np.full(count, price))


def seen(slow: Floats, fast: Floats | None = None, regime: Regime = Regime.CHOP) -> Seen:
    """What triggers look at; without shorter bars there are none."""
    count = slow.shape[0]
    empty = np.full((count, 64, 5), np.nan)
    return Seen(slow, empty if fast is None else fast, np.full(count, int(regime), dtype=np.int8))
