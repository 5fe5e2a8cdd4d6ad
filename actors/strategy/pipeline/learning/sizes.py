"""What a sizer in shadow, or one promoted from it, has learned of each symbol.

Plain figures as its own code made them of closed trades; a replay takes them from the events and asks no sizer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Floats


class SizerState(msgspec.Struct):
    """Of one sizer (`name`: its import path and parameters): by symbol its figures (float64) and how many closed trades
    they are of."""

    name: str
    figures: dict[str, bytes] = {}
    trades: dict[str, int] = {}


def after_lesson(state: SizerState | None, name: str, symbol: str, figures: bytes) -> SizerState:
    """The state after a closed trade of `symbol`; what another sizer knew is forgotten."""
    if state is None or state.name != name:
        state = SizerState(name)
    state.figures[symbol] = figures
    state.trades[symbol] = state.trades.get(symbol, 0) + 1
    return state


def known(state: SizerState | None, name: str, symbols: Sequence[str], columns: int) -> Floats:
    """float64[S,columns]: the figures of the sizer `name`, 0 for symbols of which it knows nothing."""
    rows = np.zeros((len(symbols), columns))
    if state is not None and state.name == name:
        for row, symbol in enumerate(symbols):
            stored = state.figures.get(symbol, b"")
            if len(stored) == rows.itemsize * columns:
                rows[row] = np.frombuffer(stored, dtype="<f8")
    return rows


def kept(state: SizerState | None, symbols: Collection[str]) -> SizerState | None:
    """The state of the symbols that stay."""
    if state is None:
        return None
    return SizerState(
        state.name,
        {symbol: each for symbol, each in state.figures.items() if symbol in symbols},
        {symbol: each for symbol, each in state.trades.items() if symbol in symbols},
    )
