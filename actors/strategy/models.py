"""What a strategy sees of a model: what it needs, what it predicts, and one call. No file, no library, no state.

Models are trained and loaded by `cluster.models` and handed to the actor; any object of this shape will do in tests.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:  # a strategy without models is not to wait for numpy
    from actors.strategy.pipeline.arrays import Floats

InputMode = Literal["features", "raw_sequence"]
"""What a model is given: one row of features per symbol, or the last bars themselves."""


class Target(StrEnum):
    """What a model predicts for the time until its horizon.

    `forward_return` is a score that grows with the return; `peak` and `valley` are the probabilities that the price
    first falls, or first rises, by the barrier of its training.
    """

    FORWARD_RETURN = "forward_return"
    PEAK = "peak"
    VALLEY = "valley"

    @property
    def is_probability(self) -> bool:
        """Whether predictions are probabilities, 0 to 1."""
        return self is not Target.FORWARD_RETURN


class Calibration(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a model's predictions were worth on data that it had not seen.

    `slope` is the return over the horizon, a fraction, per unit of the standardised prediction (`window`
    observations, clipped to 3), or with `ranked` of the rank among all symbols in normal deviates; `ic` the
    rank correlation of prediction and return, -1 to 1; `rmse` the root mean square of `return - slope * z`, a
    fraction. `pairs` counts the predictions whose horizons do not overlap: the evidence there is, not the rows.
    """

    slope: float
    ic: float
    rmse: float
    pairs: int
    window: int
    ranked: bool = False


class Model(Protocol):
    """One trained model: one target at one horizon, for all the symbols it was trained for.

    Models of one `name` at several horizons are one column of the pipeline; no model serves two horizons.
    """

    @property
    def name(self) -> str:
        """Its name among the desk's models, such as `lightgbm`."""

    @property
    def family(self) -> str:
        """The kind of model: `lightgbm`, `xgboost`, `onnx`, `sklearn`, or `python` for one written by hand."""

    @property
    def target(self) -> Target:
        """What it predicts."""

    @property
    def horizon(self) -> str:
        """How far ahead, as `5m`, `1h`, `1d`."""

    @property
    def interval_minutes(self) -> int:
        """The length of the bars it was trained on; it must be given bars of this length."""

    @property
    def input_mode(self) -> InputMode:
        """What `predict` takes."""

    @property
    def features(self) -> tuple[str, ...]:
        """The features it takes, in their order; empty with `raw_sequence`."""

    @property
    def sequence_length(self) -> int | None:
        """The bars it takes with `raw_sequence`, else None."""

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """The symbols it may be asked about; None for any."""

    @property
    def cross_sectional(self) -> bool:
        """Whether its score means something only beside those of other symbols, and is to be ranked."""

    @property
    def calibration(self) -> Calibration | None:
        """What is known of it from training; None: nothing, so that it tells no return until it has been watched."""

    def predict(self, inputs: Floats) -> Floats:
        """One prediction per row: float64[n].

        `inputs` is float64[n, f] of `features`, or with `raw_sequence` float64[n, t, 5] of the last
        `sequence_length` bars as they are (`pipeline.windows`), oldest first; the model normalises them. A row with a
        missing value (NaN) is predicted NaN. Raises `InvariantError` for another shape.
        """
