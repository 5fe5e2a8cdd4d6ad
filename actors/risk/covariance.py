"""How returns move together: variances, correlations and tails of a set of samples. A view: made of the state alone.

Exponentially weighted with zero mean (RiskMetrics Technical Document, 4th ed. 1996, section 5.2): the covariance of
i and j is the sum over t of w(t) r(i,t) r(j,t), where w(t) halves every `halflife` samples and sums to 1. The matrix
itself is never made: with the returns at hand, the variance of a portfolio with one more position costs one pass over
the samples, however many symbols there are. This file needs numpy; nobody loads it who has no limit on such figures.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from actors.risk.samples import MISSING, UNIT, ReturnSamples
from actors.risk.statistics_settings import StatisticsSettings

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TAIL = 0.05
"""The part of all samples whose mean is the conditional value at risk (CVaR 95 %)."""

VOLATILITY_UNIT = UNIT * 1_000
"""Volatilities are also kept as whole billionths, rounded up: sums of them are exact in any order."""


class Covariance:
    """The statistics of one set of samples; symbols with fewer than `min_samples` of them are not `known`.

    `returns` are whole millionths, a row for each symbol; `weighted` the same times the samples' weights; `variances`
    in squared millionths. A symbol whose samples do not reach back as far as others' is weighted up to what it has,
    row by row, so that its variance is that of the samples there are and the whole stays a covariance.
    """

    def __init__(self, samples: ReturnSamples, settings: StatisticsSettings) -> None:
        self.symbols = sorted(samples.columns)
        self.index = {symbol: row for row, symbol in enumerate(self.symbols)}
        columns = [np.frombuffer(samples.columns[symbol], dtype="<i4") for symbol in self.symbols]
        width = max((len(column) for column in columns), default=0)
        self.raw = np.full((len(columns), width), MISSING, dtype=np.int64)
        for row, column in enumerate(columns):
            self.raw[row, width - len(column) :] = column
        present = self.raw != MISSING
        weights = 0.5 ** (np.arange(width - 1, -1, -1) / settings.halflife)
        weights /= weights.sum() if width else 1.0
        self.known: list[bool] = (present.sum(axis=1) >= settings.min_samples).tolist()
        coverage = np.maximum(present @ weights, np.finfo(np.float64).tiny)
        scaled = np.where(present, self.raw, 0) / np.sqrt(coverage)[:, None]
        self.returns: Ints = np.rint(scaled).astype(np.int64)
        self.greatest = int(np.abs(self.returns).max(initial=0))
        self.weights: Floats = weights
        self.weighted: Floats = self.returns * weights
        variances = np.einsum("st,st->s", self.weighted, self.returns)
        self.variances: list[float] = variances.tolist()
        self.volatilities = [math.ceil(math.sqrt(each) * 1_000) for each in self.variances]
        self._tails: dict[tuple[int, bool], float] = {}
        self._tail_samples = settings.tail_samples
        self._least = min(settings.min_samples, settings.tail_samples)

    def correlated(self, threshold: float) -> npt.NDArray[np.bool_]:
        """Which symbols move together: those whose correlation, with either sign, is at least `threshold`.

        A symbol is with itself. One that is not known is with all: nobody can say that it is not.
        """
        deviations = np.sqrt(np.array(self.variances))
        scale = np.where(deviations > 0, deviations, 1.0)
        roots = np.sqrt(self.weights)
        standard = (self.returns * roots / scale[:, None]).astype(np.float32)
        together = np.abs(standard @ standard.T) >= threshold
        unknown = ~np.array(self.known, dtype=np.bool_)
        together[unknown, :] = True
        together[:, unknown] = True
        np.fill_diagonal(together, True)
        return np.asarray(together, dtype=np.bool_)

    def correlation(self, one: str, other: str) -> float:
        """The correlation of two symbols, -1 to 1; 0 where one of them never moves."""
        row, column = self.index[one], self.index[other]
        product = self.variances[row] * self.variances[column]
        if product <= 0.0:
            return 0.0
        return float(self.weighted[row] @ self.returns[column]) / math.sqrt(product)

    def tail(self, symbol: str, *, rising: bool) -> float | None:
        """The mean of the worst 5 % of the latest returns of a long position (a short one where `rising` hurts).

        A fraction, 0 or more: historical expected shortfall, the mean of the ceil(5 % x n) worst of the latest n
        samples (Acerbi and Tasche 2002). Losses of a price are 1 - exp(r) for a long, exp(r) - 1 for a short position.
        None where too few of those are known: a symbol may have enough samples in all, and have long not been marked.
        """
        row = self.index[symbol]
        known = self._tails.get((row, rising))
        if known is None:
            latest = self.raw[row, -self._tail_samples :]
            moved = np.sort(latest[latest != MISSING]) / UNIT
            if len(moved) < self._least:
                return None
            count = max(1, math.ceil(TAIL * len(moved)))
            worst = np.expm1(moved[-count:]) if rising else -np.expm1(moved[:count])
            known = self._tails[row, rising] = max(0.0, float(worst.mean()))
        return known
