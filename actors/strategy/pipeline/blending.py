"""The second stage: one expected return per horizon, from how well and how independently the models predict it.

    weights ~ (correlation + ridge x 1)^-1 mu,  mu = max(IC - 0.5 x cost share, 0.01)

limited to zero and above, made to sum to 1, flattened by w^T for short horizons, and mixed with what the learner
found. A model without an expected return has no weight; where none has one there is no alpha. Sheet F 3 and 16.10.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from actors.strategy.pipeline.arrays import (
    Bools,
    Floats,
    every,
    in_range,
    models_first,
    some,
    sum_first,
    symbols_first,
)
from actors.strategy.pipeline.correlation import HISTORY, Agreement
from messages.errors import ConfigurationError

_SMALLEST_PIVOT = 1e-12


class BlendSettings(msgspec.Struct, frozen=True, gc=False):
    """`ridge` is added to the diagonal; `cost_weight` is how much a cost share takes from an IC, which is at least
    `mu_floor` after it; fewer than `minimum` common rows of two models mean equal weights; `history` rows are kept.
    """

    ridge: float = 0.15
    cost_weight: float = 0.5
    mu_floor: float = 0.01
    minimum: int = 5
    history: int = HISTORY

    def __post_init__(self) -> None:
        allowed = {
            "ridge": self.ridge >= 0.0,
            "cost_weight": self.cost_weight >= 0.0,
            "mu_floor": self.mu_floor > 0.0,
            "minimum": self.minimum >= 1,
        }
        for name, is_allowed in allowed.items():
            if not is_allowed:
                raise ConfigurationError(
                    "is too small",
                    field=f"blending.{name}",
                    value=getattr(self, name),
                    remedy="give a larger number",
                )


class Blend(NamedTuple):
    """What the models say together, and how it came about.

    `mu`, `ridge` (weights before temperature), `tempered` (after it) and `weights` (after what was learned) are
    float64[S,M,H]; `alpha` (expected return over the horizon, a fraction) and `confidence` are float64[S,H], NaN
    where no model is known; `equal` bool[S,H] says where equal weights had to do.
    """

    mu: Floats
    ridge: Floats
    tempered: Floats
    weights: Floats
    alpha: Floats
    confidence: Floats
    equal: Bools


def blend(
    expected: Floats,
    confidence: Floats,
    ic: Floats,
    agreement: Agreement,
    cost_share: Floats,
    temperature: Floats,
    learned: Floats | None = None,
    learned_share: Floats | float = 0.0,
    settings: BlendSettings = BlendSettings(),  # noqa: B008 — frozen
) -> Blend:
    """Blend the models of each symbol and horizon.

    `expected`, `confidence` and `ic` are float64[S,M,H], `cost_share[S,H]` is in the unit of an IC (see
    `arbitration.cost_shares`), `temperature[H]` the exponent of the weights. `learned[S,M,H]` (NaN for a model that
    the learner does not know) gets `learned_share` of the say: a number, or float64[S] or float64[S,H].
    """
    returns, trust = models_first(expected), models_first(confidence)
    known = np.isfinite(returns)
    unknown = None if every(known) else ~known
    mu = _scores(models_first(ic), cost_share, settings)
    solved, equal = _ridge(mu, agreement, unknown, settings)
    tempered = _tempered(solved, unknown, temperature)
    weights = tempered
    if learned is not None:
        weights = _mixed(tempered, models_first(learned), unknown, learned_share)
    if unknown is not None:
        returns, trust = returns.copy(), trust.copy()
        returns[unknown] = trust[unknown] = 0.0
    alpha, trusted = sum_first(weights * returns), sum_first(weights * trust)
    if unknown is not None:
        nothing = np.logical_and.reduce(unknown, axis=0)
        alpha[nothing] = trusted[nothing] = np.nan
    return Blend(
        symbols_first(mu),
        symbols_first(solved),
        symbols_first(tempered),
        symbols_first(weights),
        alpha,
        trusted,
        equal,
    )


def scores(ic: Floats, cost_share: Floats, settings: BlendSettings = BlendSettings()) -> Floats:  # noqa: B008 — frozen
    """mu float64[S,M,H] = max(IC - 0.5 x cost share, 0.01); an IC or a share that is not known gives the floor."""
    return symbols_first(_scores(models_first(ic), cost_share, settings))


def _scores(ic: Floats, cost_share: Floats, settings: BlendSettings) -> Floats:
    mu = ic - settings.cost_weight * cost_share
    return np.asarray(np.fmax(mu, settings.mu_floor, out=mu))


def ridge_weights(
    mu: Floats,
    agreement: Agreement,
    known: Bools,
    settings: BlendSettings = BlendSettings(),  # noqa: B008 — frozen
) -> Floats:
    """float64[S,M,H] of non-negative weights that sum to 1 over the models `known[S,M,H]`, 0 for the others."""
    weights, _ = _ridge(models_first(mu), agreement, ~models_first(known), settings)
    return symbols_first(weights)


def temper(weights: Floats, temperature: Floats) -> Floats:
    """w^T, normalised, of float64[S,M,H] and T[H]: below 1 it flattens, from 1 on it changes nothing, at 0 and below
    all weights become equal.
    """
    first = models_first(weights)
    return symbols_first(_tempered(first, None, temperature))


def mix_learned(static: Floats, learned: Floats, known: Bools, share: Floats | float) -> Floats:
    """(1 - share) x static + share x learned, normalised over the models known; all float64[S,M,H].

    A learned weight below zero counts as 0, one that is missing as 1 / number of models known.
    """
    return symbols_first(_mixed(models_first(static), models_first(learned), ~models_first(known), share))


def _ridge(
    mu: Floats, agreement: Agreement, unknown: Bools | None, settings: BlendSettings
) -> tuple[Floats, Bools]:
    """Weights [M,S,H], and where they are equal because there was nothing better; `unknown` is None for nowhere."""
    few: Bools = agreement.samples.transpose(2, 3, 0, 1) < settings.minimum
    apart = None
    if unknown is not None:
        apart = unknown[:, None] | unknown
        few &= ~apart
    weights, solvable = _solve(mu, agreement.correlation.transpose(2, 3, 0, 1), apart, settings.ridge)
    np.fmax(weights, 0.0, out=weights)
    if unknown is not None:
        weights[unknown] = 0.0
    total = sum_first(weights)
    found = total > 0.0
    found &= solvable
    if every(found) and not some(few):
        weights /= total
        return weights, ~found
    equal: Bools = np.logical_or.reduce(few, axis=(0, 1)) | ~found
    np.copyto(weights, 1.0 if unknown is None else ~unknown, where=equal)
    total = sum_first(weights)
    equal &= total > 0.0
    total[total == 0.0] = 1.0
    weights /= total
    return weights, equal


def _solve(mu: Floats, correlation: Floats, apart: Bools | None, ridge: float) -> tuple[Floats, Bools]:
    """Solve (correlation + ridge x 1) w = mu for all symbols and horizons at once; [M,S,H] and where it could be.

    By Gauss-Jordan elimination without pivoting, which a positive definite matrix allows; a pivot that is not above
    zero says that it was none (correlations of pairs need not fit together). Pairs that are `apart`, for one of them is
    not known, are not correlated, and have no mu.
    """
    models = mu.shape[0]
    system = np.empty((models, models + 1, *mu.shape[1:]))
    system[:, :models] = correlation
    system[:, models] = mu
    pivots = system.reshape(models * (models + 1), *mu.shape[1:])[:: models + 2]
    if apart is not None:
        system[:, :models][apart] = 0.0
        system[:, models][apart.reshape(models * models, *mu.shape[1:])[:: models + 1]] = 0.0
    pivots[:] = 1.0 + ridge
    with np.errstate(all="ignore"):
        for index in range(models):
            row, factors = system[index, index + 1 :], system[:, index] / system[index, index]
            factors[index] = 0.0
            system[:, index + 1 :] -= factors[:, None] * row
        solved = system[:, models]
        solved /= pivots
    return solved, np.logical_and.reduce(pivots > _SMALLEST_PIVOT, axis=0)


def _tempered(weights: Floats, unknown: Bools | None, temperature: Floats) -> Floats:
    """An exponent of 0 makes every weight 1, also one of 0."""
    powered = weights ** in_range(temperature, 0.0, 1.0)
    if unknown is not None:
        powered[unknown] = 0.0
    total = sum_first(powered)
    if unknown is not None:
        total[total == 0.0] = 1.0
    powered /= total
    return np.asarray(powered)


def _mixed(static: Floats, learned: Floats, unknown: Bools | None, share: Floats | float) -> Floats:
    given = np.maximum(learned, 0.0)
    missing = ~np.isfinite(given)
    if some(missing):
        count = float(len(static)) if unknown is None else sum_first((~unknown).astype(np.float64))
        np.copyto(given, 1.0 / np.maximum(count, 1.0), where=missing)
    part = np.asarray(share, dtype=np.float64)
    part = part[:, None] if part.ndim == 1 else part
    given *= part
    mixed = static * (1.0 - part)
    mixed += given
    if unknown is not None:
        mixed[unknown] = 0.0
    total = sum_first(mixed)
    nothing = total == 0.0
    if some(nothing):
        total[nothing] = 1.0
        mixed /= total
        np.copyto(mixed, static, where=nothing)
        return mixed
    mixed /= total
    return mixed
