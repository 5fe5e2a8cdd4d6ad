"""How alike models predict: the correlation of their last z-scores, by symbol and horizon.

The scores are rounded to 1/65536 before they are remembered. All sums of fifty such numbers and of their products
are then exact in float64: taking the oldest out and the newest in gives the same bits as adding up anew, for ever,
and a model that never moves is told from one that hardly does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from actors.strategy.pipeline.arrays import Floats, Ints, every, models_first, some
from actors.strategy.pipeline.rings import Rings, RingsState
from messages.errors import ConfigurationError

_Kind = TypeVar("_Kind", bound=np.generic)

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
        rows = models_first(z)
        rows = np.multiply(rows, _RESOLUTION, out=np.empty(rows.shape))
        np.rint(rows, out=rows)
        rows /= _RESOLUTION
        present = np.abs(rows) <= _LARGEST
        if every(present):
            replaced = self._rings.push_all(rows)
            if every(np.isfinite(replaced)):
                self._exchange(_flat(rows), _flat(replaced))
                return
            self._sums += _products(_flat(rows)) - _products(_flat(replaced))
            return
        rows[~present] = np.nan
        self._push_some(_flat(rows), np.flatnonzero(np.logical_or.reduce(_flat(present), axis=0)))

    def _push_some(self, rows: Floats, series: Ints) -> None:
        """Remember the rows of these series."""
        models, number = rows.shape
        if series.size < number:
            rows = rows[:, series]
        cells = np.arange(models)[:, None] * number + series
        replaced = self._rings.push(rows.reshape(-1), cells.reshape(-1)).reshape(rows.shape)
        change = _products(rows)
        change -= _products(replaced)
        if series.size < number:
            self._sums[..., series] += change
        else:
            self._sums += change

    def _exchange(self, rows: Floats, replaced: Floats) -> None:
        """Rows of all models and series for such rows: what `push` does else, to the same bits, at half the cost."""
        _, own, squares, products = self._sums
        gone = replaced[:, None] * replaced
        change = rows[:, None] * rows
        change -= gone
        products += change
        models = rows.shape[0]
        squares += change.reshape(models * models, -1)[:: models + 1][:, None]  # x_i x_i
        rows = rows - replaced
        own += rows[:, None]

    def agreement(self) -> Agreement:
        """The correlation of each pair of models, and how many rows it rests on."""
        models, symbols, horizons = self._rings.shape
        number, own, squares, products = self._sums
        spread = number * squares
        spread -= own * own
        scale = spread * spread.transpose(1, 0, 2)
        flat = scale <= 0.0
        if some(flat):
            scale[flat] = np.inf
        correlation = number * products
        correlation -= own * own.transpose(1, 0, 2)
        correlation /= np.sqrt(scale, out=scale)
        correlation.reshape(models * models, -1)[:: models + 1] = 1.0
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


def _flat(rows: NDArray[_Kind]) -> NDArray[_Kind]:
    """[models, symbols x horizons] of [models, symbols, horizons]."""
    return rows.reshape(rows.shape[0], -1)


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
