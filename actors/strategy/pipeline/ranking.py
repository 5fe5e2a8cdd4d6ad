"""Cross-sectional ranking: what a model says of a symbol compared with what it says of all others at that moment.

The one stage in which symbols see each other.
"""

from __future__ import annotations

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import Floats, in_range


class RankingSettings(msgspec.Struct, frozen=True, gc=False):
    """`minimum` symbols that a ranking needs, `limit` of percentiles from 0 and 1, `clip` of the score."""

    minimum: int = 5
    limit: float = 0.001
    clip: float = 3.0


def rank_scores(values: Floats, settings: RankingSettings = RankingSettings()) -> Floats:  # noqa: B008 — frozen
    """float64[S,...] of scores in normal deviates from float64[S,...] of raw predictions; each column by itself.

    probit(clip(percentile, 0.001, 0.999)), then limited to +-3 (sheet F 2). A missing value has no rank; a column
    with fewer than `minimum` symbols has no ranking at all: NaN throughout.
    """
    shares = percentiles(values)
    scores = in_range(
        probit(in_range(shares, settings.limit, 1.0 - settings.limit)), -settings.clip, settings.clip
    )
    enough = np.isfinite(values).sum(axis=0) >= settings.minimum
    return np.where(enough, scores, np.nan)


def percentiles(values: Floats) -> Floats:
    """float64[S,...]: average rank / N among the N values of the column that are not missing; ties share a rank.

    The lowest of five has 0.2, the highest 1.
    """
    columns = values.reshape(values.shape[0], -1)
    shares = np.full(columns.shape, np.nan)
    for index in range(columns.shape[1]):
        column = np.ascontiguousarray(columns[:, index])
        present = np.isfinite(column)
        known = column[present]
        ordered = np.sort(known)
        below, upto = np.searchsorted(ordered, known, "left"), np.searchsorted(ordered, known, "right")
        shares[present, index] = (below + upto + 1) * 0.5 / max(known.size, 1)
    return shares.reshape(values.shape)


_SPLIT_CENTRE, _SPLIT_TAIL = 0.425, 5.0
_CENTRE = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
)  # fmt: skip
_TAIL = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
     3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0),
)  # fmt: skip
_FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
)  # fmt: skip


def probit(probabilities: Floats) -> Floats:
    """The inverse of the standard normal distribution, elementwise; NaN outside of the open interval (0, 1).

    Wichura's algorithm AS 241 (PPND16, Applied Statistics 37, 1988), as in `statistics.NormalDist.inv_cdf`: about
    1 part in 10^16.
    """
    p = np.where((probabilities > 0.0) & (probabilities < 1.0), probabilities, np.nan)
    q = p - 0.5
    central = np.abs(q) <= _SPLIT_CENTRE
    r = np.sqrt(-np.log(np.where(central, 0.5, np.minimum(p, 1.0 - p))))
    tail = np.where(r <= _SPLIT_TAIL, _ratio(_TAIL, r - 1.6), _ratio(_FAR_TAIL, r - _SPLIT_TAIL))
    return np.where(central, q * _ratio(_CENTRE, 0.180625 - q * q), np.copysign(tail, q))


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Floats) -> Floats:
    """A rational function by Horner's rule, highest power first."""
    above, below = (np.full(x.shape, each[0]) for each in coefficients)
    for numerator, denominator in zip(coefficients[0][1:], coefficients[1][1:], strict=True):
        above = above * x + numerator
        below = below * x + denominator
    return np.asarray(above / below)
