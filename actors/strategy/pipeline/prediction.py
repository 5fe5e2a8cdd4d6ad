"""The first stage: what models say, made comparable, weighed by how far it can be trusted, and turned into returns.

    z = Standardiser(shape).standardise(raw)              one scale for every (symbol, model, horizon)
    trust = confidence(standing(ic, rmse), age_s, taus, ...)   IC x freshness x capacity x stability
    expected = expected_returns(z, slope, trust.shrink)   a fraction over the horizon: units before any bps

NaN is a missing prediction, slope or volume, and stays NaN to the end: it is never 0. Sheet F 2 and 16.10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Bools, Floats, every, in_range, some, sum_first
from actors.strategy.pipeline.rings import Rings, RingsState
from messages.errors import ConfigurationError


class PredictionSettings(msgspec.Struct, frozen=True, gc=False):
    """How predictions are standardised and trusted.

    `window` observations (not days), z from `minimum` of them on and limited to +-`clip`; a standard deviation below
    `flat` is none. `ic_floor` is the least IC a confidence is made of, `capacity_share` the part of the average daily
    volume that can be traded without loss of confidence, `unproven_stability` that of a model without an RMSE.
    """

    window: int = 10
    minimum: int = 3
    clip: float = 3.0
    flat: float = 1e-9
    ic_floor: float = 0.01
    capacity_share: float = 0.1
    unproven_stability: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.minimum <= self.window:
            raise ConfigurationError(
                "must be between 1 and the window",
                field="prediction.minimum",
                value=self.minimum,
                remedy=f"the window has {self.window} observations",
            )
        for name in ("clip", "flat", "ic_floor", "capacity_share", "unproven_stability"):
            value = getattr(self, name)
            if not 0.0 < value < np.inf:
                raise ConfigurationError(
                    "must be above zero",
                    field=f"prediction.{name}",
                    value=value,
                    remedy="give a positive number",
                )


class Standardiser:
    """z-scores of raw predictions, each series (symbol, model, horizon) against its own last observations.

    Its memory is as large as its shape and window, whatever it has seen, and comes back from `to_state` to the bit.
    """

    __slots__ = ("rings", "settings")

    def __init__(
        self,
        shape: tuple[int, int, int],
        settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
    ) -> None:
        self.settings = settings
        self.rings = Rings(settings.window, shape)

    def standardise(self, raw: Floats) -> Floats:
        """float64[S,M,H] of z-scores from float64[S,M,H] of new raw predictions, which are remembered.

        Give NaN where there is none, or where it is not a new one: it is not an observation, and its z is NaN. z is
        (raw - mean) / population standard deviation over the window with the new one in it, 0 where the series does
        not move, the raw value while there are fewer than `minimum` observations; limited to +-`clip`.
        """
        settings, rings = self.settings, self.rings
        given = np.isfinite(raw)
        all_given = every(given)
        if all_given:
            rings.push_all(raw)
        else:
            series = np.flatnonzero(given)
            rings.push(raw.reshape(-1)[series], series)
        if rings.full:
            mean, deviation = _moments(rings.cells, float(rings.length))
        else:
            mean, deviation = self._early_moments()
        deviation[deviation < settings.flat] = np.inf
        z = raw - mean
        z /= deviation
        if not rings.full:
            np.copyto(z, raw, where=rings.pushed < settings.minimum)
        z = in_range(z, -settings.clip, settings.clip)
        if not all_given:
            z[~given] = np.nan
        return z

    def _early_moments(self) -> tuple[Floats, Floats]:
        """As `_moments` while some series have fewer values than the window."""
        rings = self.rings
        written = np.isfinite(rings.cells)
        counts = np.maximum(rings.counts(), 1)
        mean = sum_first(np.where(written, rings.cells, 0.0)) / counts
        from_mean = np.where(written, rings.cells - mean, 0.0)
        from_mean *= from_mean
        return mean, np.sqrt(sum_first(from_mean) / counts)

    def selected(
        self, symbols: Sequence[int], models: Sequence[int], horizons: Sequence[int]
    ) -> Standardiser:
        """The same memory for another set: old indices in their new order along each axis, -1 for what is new."""
        chosen = Standardiser((len(symbols), len(models), len(horizons)), self.settings)
        chosen.rings = self.rings.selected(symbols, models, horizons)
        return chosen

    def to_state(self) -> RingsState:
        """The memory, to be stored."""
        return self.rings.to_state()

    def live(self) -> RingsState:
        """As `to_state`, but it changes with what is remembered; see `Rings.live`."""
        return self.rings.live()

    @classmethod
    def from_state(
        cls,
        state: RingsState,
        settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
    ) -> Standardiser:
        """The memory as it was. Raises `ConfigurationError` when it was kept with another window."""
        if state.length != settings.window or len(state.shape) != 3:
            raise ConfigurationError(
                "the predictions kept were made with another window",
                field="prediction.window",
                value=settings.window,
                remedy=f"keep {state.length}, or begin without the stored memory",
            )
        standardiser = cls((state.shape[0], state.shape[1], state.shape[2]), settings)
        standardiser.rings = Rings.from_state(state)
        return standardiser


def _moments(cells: Floats, count: float) -> tuple[Floats, Floats]:
    """Mean and population standard deviation of the `count` values that each series has in `cells[count, ...]`."""
    mean = sum_first(cells)
    mean /= count
    from_mean = cells - mean
    from_mean *= from_mean
    deviation = sum_first(from_mean)
    deviation /= count
    return mean, np.sqrt(deviation, out=deviation)


class Standing(NamedTuple):
    """What realised returns say of each series, float64[S,M,H]: `ic` of at least the floor, and `stability`.

    It stays as it is until more of them are realised.
    """

    ic: Floats
    stability: Floats


def standing(
    ic: Floats,
    rmse: Floats,
    settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
) -> Standing:
    """The standing of models with this IC and RMSE, float64[S,M,H] each; an RMSE of NaN is not known yet."""
    return Standing(np.maximum(ic, settings.ic_floor), stability(rmse, settings))


class Confidence(NamedTuple):
    """How far predictions are to be trusted, each factor by itself; float64[S,M,H], between 0 and 1.

    `total` is IC x freshness x capacity x stability; `shrink` leaves out the IC, which the slope of a calibration
    and the weights of blending have in them already. Factors that are alike along an axis may be 1 long there.
    """

    ic: Floats
    freshness: Floats
    capacity: Floats
    stability: Floats
    shrink: Floats
    total: Floats


def confidence(
    proven: Standing,
    age_s: Floats,
    tau_s: Floats,
    planned: Floats,
    adv: Floats,
    settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
) -> Confidence:
    """The confidence in each prediction.

    `age_s[S,M,H]` (or [S,1,1] where that is the same for all) are the seconds since each prediction was made,
    `tau_s[H]` those in which it loses 1 - 1/e; `planned[S]` is the notional to be traded and `adv[S]` the average daily
    volume in the same currency.
    """
    fresh = freshness(age_s, tau_s)
    room = capacity(planned, adv, settings)[:, None, None]
    shrink = fresh * room * proven.stability
    return Confidence(proven.ic, fresh, room, proven.stability, shrink, proven.ic * shrink)


def freshness(age_s: Floats, tau_s: Floats) -> Floats:
    """exp(-age / tau); 1 for a prediction stamped later than now."""
    aged = np.maximum(age_s, 0.0) / -tau_s
    return np.asarray(np.exp(aged, out=aged))


def capacity(
    planned: Floats,
    adv: Floats,
    settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
) -> Floats:
    """float64[S]: min(0.1 x ADV, planned) / planned, at most 1; 1 when nothing is planned.

    NaN when something is planned where the volume is not known: that is not the same as enough of it.
    """
    both = np.array((np.abs(planned), adv))
    real = both > 0.0
    real &= both < np.inf
    size, volume = both
    if every(real):
        return np.asarray(np.minimum(settings.capacity_share * volume, size) / size)
    nothing = size == 0.0
    both[~real] = np.nan
    room = np.minimum(settings.capacity_share * volume, size) / size
    room[nothing] = 1.0
    return np.asarray(room)


def stability(
    rmse: Floats,
    settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
) -> Floats:
    """1 / (1 + RMSE); `unproven_stability` where no RMSE is known yet."""
    stable = 1.0 + rmse
    np.divide(1.0, stable, out=stable)
    known = np.isfinite(rmse)
    if not every(known):
        stable[~known] = settings.unproven_stability
    return stable


def expected_returns(z: Floats, slope: Floats, shrink: Floats, raw: Floats, in_returns: Bools) -> Floats:
    """float64[S,M,H]: the return expected over the horizon, as a fraction; NaN where there is no calibration.

    z x slope x shrink, where the slope [S,M,H] is what the return over the horizon was per unit of z. A slope below
    zero counts as 0: a model that was wrong is not trusted to stay wrong. Models whose raw prediction is a return
    already (`in_returns[M]`) need no slope: raw x shrink.
    """
    expected = np.maximum(slope, 0.0)
    expected *= z
    if some(in_returns):
        expected[:, in_returns] = raw[:, in_returns]
    expected *= shrink
    return expected
