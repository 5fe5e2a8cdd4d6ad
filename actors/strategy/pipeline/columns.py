"""The models of a pipeline in their places: columns by name, rows by horizon, and the barrier models beside them.

Pure: it is given bars and asks the models; nothing is kept of what they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from actors.strategy.models import Model, Target
from actors.strategy.pipeline.arrays import Floats, Ints
from actors.strategy.pipeline.features import bars_needed, feature_columns, features, neediest
from actors.strategy.pipeline.horizons import Horizon, parse_horizons
from actors.strategy.pipeline.ranking import rank_scores
from messages.errors import ConfigurationError

ALPHA = "alpha"
"""The name of the column of a strategy's own `alpha`."""

DEFAULT_WINDOW = 10
"""Observations that predictions are compared with where no model says how many its calibration was made with."""


class Barriers:
    """What the barrier models say: float64[S] each; NaN where there is no model, `second` None without a second."""

    __slots__ = ("peak", "second", "valley")

    def __init__(self, peak: Floats, valley: Floats, second: Floats | None) -> None:
        self.peak, self.valley, self.second = peak, valley, second


class Columns:
    """Where each model stands, with what all of them need of the bars.

    `names` are the columns (M), `horizons` the rows (H), shortest first. Raises `ConfigurationError` for models that
    don't fit the bars, the horizons or each other.
    """

    def __init__(
        self,
        models: Sequence[Model],
        *,
        interval_minutes: float,
        horizons: Sequence[str],
        day_minutes: int,
        symbols: Sequence[str],
        own_alpha: bool,
    ) -> None:
        for model in models:
            _check_interval(model, interval_minutes)
        scores = [each for each in models if each.target is Target.FORWARD_RETURN]
        known = list(horizons) or sorted({each.horizon for each in scores})
        if not known and (own_alpha or scores):
            raise ConfigurationError(
                "no horizon is given for the strategy's own alpha",
                field="parameters.horizons",
                value=list(horizons),
                remedy="name at least one, such as 5m",
            )
        self.horizons: tuple[Horizon, ...] = parse_horizons(known, day_minutes) if known else ()
        places = {each.name: place for place, each in enumerate(self.horizons)}
        scores = [each for each in scores if each.horizon in places]
        names = {each.name: None for each in scores}
        if own_alpha:
            names[ALPHA] = None
        self.names: tuple[str, ...] = tuple(names)
        self.own_alpha = own_alpha
        self._symbols = symbols
        self._placed = _placed(scores, self.names, places)
        self._barriers = {
            target: [each for each in _shortest_first(models, day_minutes) if each.target is target]
            for target in (Target.PEAK, Target.VALLEY)
        }
        self._asked = [*(each for each, _, _ in self._placed), *self._barriers[Target.PEAK]]
        self._asked += self._barriers[Target.VALLEY]
        self._features = any(each.input_mode == "features" for each in self._asked)

    @property
    def empty(self) -> bool:
        """Whether nobody predicts anything."""
        return not self.names

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many symbols, models and horizons."""
        return len(self._symbols), len(self.names), len(self.horizons)

    @property
    def ranked(self) -> tuple[bool, ...]:
        """By column, whether it compares symbols."""
        comparing = {each.name for each, _, _ in self._placed if each.cross_sectional}
        return tuple(name in comparing for name in self.names)

    @property
    def in_returns(self) -> tuple[bool, ...]:
        """By column, whether it tells returns instead of scores."""
        return tuple(self.own_alpha and name == ALPHA for name in self.names)

    @property
    def bars_needed(self) -> int:
        """How many bars the models look back on."""
        return max((_needed(each)[0] for each in self._asked), default=1)

    @property
    def window(self) -> int:
        """How many observations the models' calibrations compare a prediction with.

        Raises `ConfigurationError` when they were made with different numbers.
        """
        windows = {each.calibration.window for each, _, _ in self._placed if each.calibration is not None}
        if len(windows) > 1:
            raise ConfigurationError(
                "the models were calibrated on windows of different lengths",
                field="parameters.prediction.window",
                value=sorted(windows),
                remedy="train them with one, or say here which is used",
            )
        return windows.pop() if windows else DEFAULT_WINDOW

    def prior_slopes(self) -> Floats:
        """float64[M,H]: what training found to be the return per unit of z; NaN where it is not known."""
        slopes = np.full(self.shape[1:], np.nan)
        for model, column, row in self._placed:
            if model.calibration is not None:
                slopes[column, row] = model.calibration.slope
        return slopes

    def predict(self, bars: Floats, rows: Ints) -> Floats:
        """float64[S,M,H] of raw predictions for the symbols with these indices, NaN for the others and the own alpha.

        `bars` is float64[S,L,5]. Models that compare symbols give ranks in normal deviates.
        """
        raw = np.full(self.shape, np.nan)
        if not (self._placed and rows.size):
            return raw
        made = features(bars[rows]) if self._features else None
        for model, column, row in self._placed:
            said = self._ask(model, bars, rows, made)
            raw[rows, column, row] = rank_scores(said) if model.cross_sectional else said
        return raw

    def barriers(self, bars: Floats) -> Barriers:
        """The probabilities of a peak and a valley ahead, from the models with the shortest horizons."""
        everyone = np.arange(self.shape[0])
        peaks, valleys = self._barriers[Target.PEAK], self._barriers[Target.VALLEY]
        made = features(bars) if self._features and (peaks or valleys) else None
        unknown = np.full(self.shape[0], np.nan)
        said = [self._ask(each, bars, everyone, made) for each in (*peaks[:2], *valleys[:1])]
        return Barriers(
            said[0] if peaks else unknown,
            said[-1] if valleys else unknown,
            said[1] if len(peaks) > 1 else None,
        )

    def looks_back(self) -> Iterator[tuple[str, int, int, int, str]]:
        """Of each model of returns, and of the own alpha, by horizon: `name/horizon`, column, row, the bars it needs,
        and in words what for.
        """
        for model, column, row in self._placed:
            yield f"{model.name}/{model.horizon}", column, row, *_needed(model)
        if self.own_alpha:
            column = self.names.index(ALPHA)
            for row, horizon in enumerate(self.horizons):
                yield f"{ALPHA}/{horizon.name}", column, row, 0, ""

    def unheard_barriers(self, place: str, of_what: str, have: int) -> Iterator[str]:
        """Why nobody tells a probability: `place` is that of `kernel.Market`, `have` the bars there are."""
        target = Target.VALLEY if place == "p_valley" else Target.PEAK
        asked = self._barriers[target][1:2] if place == "y_peak" else self._barriers[target][:1]
        if not asked:
            yield f"no model of {of_what} is loaded"
        for model in asked:
            bars, why = _needed(model)
            said = f"needs {bars} bars{why}" if have < bars else "tells no probability"
            yield f"{model.name}/{model.horizon} {said}"

    def _ask(self, model: Model, bars: Floats, rows: Ints, made: Floats | None) -> Floats:
        """float64[n] for these rows; NaN for symbols that the model was not made for."""
        if model.input_mode == "features":
            assert made is not None
            inputs = made[:, feature_columns(model.features)]
        else:
            inputs = np.ascontiguousarray(bars[rows][:, -(model.sequence_length or 1) :])
        said = model.predict(inputs)
        if model.symbols is not None:
            served = np.array([self._symbols[row] in model.symbols for row in rows], dtype=np.bool_)
            said = np.where(served, said, np.nan)
        return said


def _needed(model: Model) -> tuple[int, str]:
    """How many bars a model looks back on, and in words what for."""
    if model.input_mode == "features":
        feature = neediest(model.features)
        return bars_needed([feature]), f" for {feature}"
    return model.sequence_length or 1, ""


def _check_interval(model: Model, interval_minutes: float) -> None:
    if model.interval_minutes != interval_minutes:
        raise ConfigurationError(
            f"the model {model.name} was trained on bars of {model.interval_minutes} minutes",
            field="parameters.interval",
            value=f"{interval_minutes:g} minutes",
            remedy="give it such bars, or train models on these",
        )


def _placed(
    models: Iterable[Model], names: Sequence[str], places: dict[str, int]
) -> list[tuple[Model, int, int]]:
    """Each model with its column and row. Raises `ConfigurationError` for two in one place."""
    taken: dict[tuple[int, int], Model] = {}
    for model in models:
        place = names.index(model.name), places[model.horizon]
        if place in taken:
            raise ConfigurationError(
                "two models have one name and one horizon",
                field="models",
                value=f"{model.name} {model.horizon}",
                remedy="give one of them another name, or leave it out",
            )
        taken[place] = model
    return [(model, *place) for place, model in taken.items()]


def _shortest_first(models: Iterable[Model], day_minutes: int) -> list[Model]:
    return sorted(
        models, key=lambda each: (parse_horizons([each.horizon], day_minutes)[0].minutes, each.name)
    )
