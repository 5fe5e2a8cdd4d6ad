"""A market in which every gate lets a long pass; tests change what they are about."""

from __future__ import annotations

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.gating import GateInputs

SECOND = 1e9


def filled(value: float, symbols: int = 1) -> Floats:
    return np.full(symbols, float(value))


def good(symbols: int = 1, **changed: float | Floats) -> GateInputs:
    """Inputs of so many symbols, all alike but for what is changed: one number for all, or an array."""
    inputs = GateInputs(
        direction=filled(1, symbols),
        position=filled(0, symbols),
        alpha=filled(0.005, symbols),
        edge_bps=filled(40, symbols),
        p_peak=filled(0.1, symbols),
        p_valley=filled(0.0, symbols),
        spread_bps=filled(2, symbols),
        quote_age_ns=filled(0.1 * SECOND, symbols),
        price_deviation=filled(0.01, symbols),
        volume_ratio=filled(1.0, symbols),
        bars=filled(100, symbols),
        atr_ratio=filled(1.3, symbols),
        held_ns=filled(np.nan, symbols),
        since_close_ns=filled(np.inf, symbols),
        fee_bps=filled(4, symbols),
    )
    arrays = {
        name: value if isinstance(value, np.ndarray) else filled(value, symbols)
        for name, value in changed.items()
    }
    return msgspec.structs.replace(inputs, **arrays)
