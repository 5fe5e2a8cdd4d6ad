"""The first stage: what models say, made comparable, weighed by how far it can be trusted, and turned into returns.

    z = Standardiser(shape).standardise(raw)              one scale for every (symbol, model, horizon)
    trust = confidence(ic, rmse, age_s, taus, ...)        IC x freshness x capacity x stability
    expected = expected_returns(z, slope, trust.shrink)   a fraction over the horizon: units before any bps

NaN is a missing prediction, slope or volume, and stays NaN to the end: it is never 0. Sheet F 2 and 16.10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Bools, Floats, Ints, in_range, sum_first
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
        series = np.flatnonzero(given)
        rings.push(raw.reshape(-1)[series], series)
        counts = rings.counts()
        mean, deviation = _moments(rings.cells, counts)
        flat = deviation < settings.flat
        deviation[flat] = np.inf
        z = (raw - mean) / deviation
        np.copyto(z, raw, where=counts < settings.minimum)
        z = in_range(z, -settings.clip, settings.clip)
        z[~given] = np.nan
        return z

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


def _moments(cells: Floats, counts: Ints) -> tuple[Floats, Floats]:
    """Mean and population standard deviation of the `counts` values that each series has in `cells[length, ...]`."""
    if counts.size and counts.min() >= cells.shape[0]:
        mean = sum_first(cells) / counts
        from_mean = cells - mean
    else:
        written = np.isfinite(cells)
        counts = np.maximum(counts, 1)
        mean = sum_first(np.where(written, cells, 0.0)) / counts
        from_mean = np.where(written, cells - mean, 0.0)
    from_mean *= from_mean
    return mean, np.sqrt(sum_first(from_mean) / counts)


class Confidence(NamedTuple):
    """How far predictions are to be trusted, each factor by itself; float64[S,M,H], between 0 and 1.

    `total` is IC x freshness x capacity x stability; `shrink` leaves out the IC, which the slope of a calibration
    and the weights of blending have in them already.
    """

    ic: Floats
    freshness: Floats
    capacity: Floats
    stability: Floats
    shrink: Floats
    total: Floats


def confidence(
    ic: Floats,
    rmse: Floats,
    age_s: Floats,
    tau_s: Floats,
    planned: Floats,
    adv: Floats,
    settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
) -> Confidence:
    """The confidence in each prediction.

    `ic` and `rmse` float64[S,M,H] come from realised returns; `age_s[S,M,H]` are the seconds since each prediction
    was made, `tau_s[H]` those in which it loses 1 - 1/e; `planned[S]` is the notional to be traded and `adv[S]` the
    average daily volume in the same currency.
    """
    floored = np.maximum(ic, settings.ic_floor)
    fresh = freshness(age_s, tau_s)
    room = np.empty(fresh.shape)
    room[:] = capacity(planned, adv, settings)[:, None, None]
    stable = stability(rmse, settings)
    shrink = fresh * room * stable
    return Confidence(floored, fresh, room, stable, shrink, floored * shrink)


def freshness(age_s: Floats, tau_s: Floats) -> Floats:
    """exp(-age / tau); 1 for a prediction stamped later than now."""
    return np.exp(-np.maximum(age_s, 0.0) / tau_s)


def capacity(
    planned: Floats,
    adv: Floats,
    settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
) -> Floats:
    """float64[S]: min(0.1 x ADV, planned) / planned, at most 1; 1 when nothing is planned.

    NaN when something is planned where the volume is not known: that is not the same as enough of it.
    """
    size = np.where(np.isfinite(planned), np.abs(planned), np.nan)
    nothing = size == 0.0
    volume = np.where((adv > 0.0) & (adv < np.inf), adv, np.nan)
    room = np.minimum(settings.capacity_share * volume, size) / np.where(nothing, 1.0, size)
    room[nothing] = 1.0
    return np.asarray(room)


def stability(
    rmse: Floats,
    settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
) -> Floats:
    """1 / (1 + RMSE); `unproven_stability` where no RMSE is known yet."""
    return np.where(np.isfinite(rmse), 1.0 / (1.0 + rmse), settings.unproven_stability)


def expected_returns(z: Floats, slope: Floats, shrink: Floats, raw: Floats, in_returns: Bools) -> Floats:
    """float64[S,M,H]: the return expected over the horizon, as a fraction; NaN where there is no calibration.

    z x slope x shrink, where the slope [S,M,H] is what the return over the horizon was per unit of z. A slope below
    zero counts as 0: a model that was wrong is not trusted to stay wrong. Models whose raw prediction is a return
    already (`in_returns[M]`) need no slope: raw x shrink.
    """
    calibrated = z * np.maximum(slope, 0.0)
    if in_returns.any():
        calibrated = np.where(in_returns[:, None], raw, calibrated)
    return np.asarray(calibrated * shrink)
