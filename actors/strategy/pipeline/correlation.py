"""How alike models predict: the correlation of their last z-scores, by symbol and horizon.

The scores are rounded to 1/65536 before they are remembered. All sums of fifty such numbers and of their products
are then exact in float64: taking the oldest out and the newest in gives the same bits as adding up anew, for ever,
and a model that never moves is told from one that hardly does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.rings import Rings, RingsState
from messages.errors import ConfigurationError

HISTORY = 50
_MOST = 64
_RESOLUTION = 65536.0
_LARGEST = 4.0
"""With scores up to 4, 64 rows: a sum of products is below 2^10 and a whole number of 2^-32, and its product with 64,
like the square of a sum, below 2^16: 48 bits of the 53."""


class Agreement(NamedTuple):
    """`correlation` float64[S,H,M,M], 1 on the diagonal and 0 where it is not known; `samples` of each pair alike."""

    correlation: Floats
    samples: Floats


class Correlations:
    """The last `history` rows of z-scores of each (symbol, horizon), and sums over each pair of models.

    A pair is judged by the rows in which both models were present. The size never grows.
    """

    __slots__ = ("_rings", "_sums")

    def __init__(self, shape: tuple[int, int, int], history: int = HISTORY) -> None:
        """Empty, for `shape` = (symbols, models, horizons)."""
        if not 2 <= history <= _MOST:
            raise ConfigurationError(
                f"must be between 2 and {_MOST}",
                field="blending.history",
                value=history,
                remedy="50 is usual",
            )
        symbols, models, horizons = shape
        self._rings = Rings(history, (models, symbols, horizons))
        # rows that have both models, and over these the sums of x_i, x_i^2 and x_i x_j: [4, i, j, symbol x horizon]
        self._sums: Floats = np.zeros((4, models, models, symbols * horizons))

    def push(self, z: Floats) -> None:
        """Remember float64[S,M,H] of z-scores within +-4, NaN where there is none; rows without any are left out."""
        models, symbols, horizons = self._rings.shape
        number = symbols * horizons
        rows = np.rint(z.transpose(1, 0, 2).reshape(models, number) * _RESOLUTION) / _RESOLUTION
        rows[np.abs(rows) > _LARGEST] = np.nan
        series = np.flatnonzero(np.isfinite(rows).any(axis=0))
        if series.size < number:
            rows = rows[:, series]
        cells = np.arange(models)[:, None] * number + series
        replaced = self._rings.push(rows.reshape(-1), cells.reshape(-1)).reshape(rows.shape)
        if series.size == number and np.isfinite(rows).all() and np.isfinite(replaced).all():
            self._exchange(rows, replaced)
            return
        products = _products(np.concatenate([rows, replaced], axis=1))
        change = products[..., : series.size]
        change -= products[..., series.size :]
        if series.size < number:
            self._sums[..., series] += change
        else:
            self._sums += change

    def _exchange(self, rows: Floats, replaced: Floats) -> None:
        """Rows of all models and series for such rows: what `push` does else, to the same bits, at half the cost."""
        _, own, squares, products = self._sums
        own += (rows - replaced)[:, None]
        squares += (rows * rows - replaced * replaced)[:, None]
        change = rows[:, None] * rows
        change -= replaced[:, None] * replaced
        products += change

    def agreement(self) -> Agreement:
        """The correlation of each pair of models, and how many rows it rests on."""
        models, symbols, horizons = self._rings.shape
        number, own, squares, products = self._sums
        others = own.transpose(1, 0, 2)
        spread = number * squares - own * own
        scale = spread * spread.transpose(1, 0, 2)
        scale[scale <= 0.0] = np.inf
        correlation = (number * products - own * others) / np.sqrt(scale)
        diagonal = np.arange(models)
        correlation[diagonal, diagonal] = 1.0
        shape = (models, models, symbols, horizons)
        return Agreement(
            correlation.reshape(shape).transpose(2, 3, 0, 1), number.reshape(shape).transpose(2, 3, 0, 1)
        )

    def selected(
        self, symbols: Sequence[int], models: Sequence[int], horizons: Sequence[int]
    ) -> Correlations:
        """The same memory for another set: old indices in their new order along each axis, -1 for what is new."""
        chosen = Correlations((len(symbols), len(models), len(horizons)), self._rings.length)
        chosen._adopt(self._rings.selected(models, symbols, horizons))
        return chosen

    def to_state(self) -> RingsState:
        """The rows, to be stored; the sums follow from them exactly."""
        return self._rings.to_state()

    def live(self) -> RingsState:
        """As `to_state`, but it changes with what is remembered; see `Rings.live`."""
        return self._rings.live()

    @classmethod
    def from_state(cls, state: RingsState) -> Correlations:
        """The memory as it was, to the last bit."""
        models, symbols, horizons = state.shape
        correlations = cls((symbols, models, horizons), state.length)
        correlations._adopt(Rings.from_state(state))
        return correlations

    def _adopt(self, rings: Rings) -> None:
        self._rings = rings
        models = rings.shape[0]
        for rows in rings.cells.reshape(rings.length, models, -1):
            self._sums += _products(rows)


def _products(rows: Floats) -> Floats:
    """[4, i, j, n]: for each pair of models the row's 1, x_i, x_i^2 and x_i x_j; 0 where one of them is missing."""
    models, series = rows.shape
    finite = np.isfinite(rows)
    present, values = finite.astype(np.float64), np.where(finite, rows, 0.0)
    products = np.empty((4, models, models, series))
    np.multiply(present[:, None], present, out=products[0])
    np.multiply(values[:, None], present, out=products[1])
    np.multiply((values * values)[:, None], present, out=products[2])
    np.multiply(values[:, None], values, out=products[3])
    return products
