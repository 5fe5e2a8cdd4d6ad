"""What the portfolio may lose in bad times, with one more intent or as it is: VaR 99 %, CVaR 95 %, correlated exposure.

Parametric VaR = z(99 %) x volatility x square root of (horizon / spacing), zero mean (RiskMetrics 1996). Under the
worst fate of open orders: a volatility is a norm, so that it is at most that of the positions plus what each open order
adds by itself; the symbol that an intent is on is judged exactly, at both ends of what its orders can make of it.

A view, kept incrementally. Positions are counted in whole ten-thousandths of base currency and returns in whole
millionths, so that the portfolio's own return at each sample is an exact sum: what was kept step by step is, bit for
bit, what is made anew after a crash.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from actors.risk.covariance import Covariance
from actors.risk.following import Follower
from actors.risk.samples import UNIT
from actors.risk.state import RiskState
from actors.risk.statistics_settings import StatisticsSettings

Z99 = 2.3263478740408408
"""The 99 % quantile of the standard normal distribution."""

MONEY = 10_000
"""Positions are counted in ten-thousandths of a unit of base currency."""

_SAFE = 1.0 - 1e-9
"""What a room is cut by, so that what fills it does not exceed its limit by a rounding."""

_GREATEST = 2**62
"""Sums of whole numbers from here on could overflow: then nothing is known."""


class Fates(NamedTuple):
    """A symbol in whole ten-thousandths of base currency: what is held (signed), and what open orders may add to it."""

    held: int = 0
    buys: int = 0
    sells: int = 0
    exposure: int = 0


_NOTHING = Fates()


class Outlook(NamedTuple):
    """The portfolio's VaR as a function of one more order: `base + 2 d slope + d^2 own` is the variance with `d` more.

    `further` is what open orders of the intent's side may add to its symbol, `back` those of the other one; `rest` is
    what all other open orders add; `factor` makes base currency of it.
    """

    base: float
    slope: float
    own: float
    further: float
    back: float
    rest: float
    factor: float

    def value_at_risk(self, worth: float) -> float:
        """VaR in base currency with an order worth so much, filled or not."""
        ahead = self.further + worth * MONEY
        variance = max(self._variance(ahead), self._variance(-self.back))
        return self.factor * (math.sqrt(max(variance, 0.0)) + self.rest)

    def worth_within(self, limit: float) -> float:
        """The greatest worth of an order, in base currency, with which VaR stays within `limit`."""
        bound = (limit / self.factor - self.rest) * _SAFE
        if bound <= 0.0 or max(self._variance(self.further), self._variance(-self.back)) > bound * bound:
            return 0.0
        free = bound * bound - self.base
        if self.own <= 0.0:
            return math.inf
        root = math.sqrt(max(self.slope * self.slope + self.own * free, 0.0))
        return max(0.0, ((root - self.slope) / self.own - self.further) / MONEY * _SAFE)

    def _variance(self, more: float) -> float:
        return self.base + more * (2.0 * self.slope + more * self.own)


class PortfolioStatistics(Follower):
    """Follows a risk actor's state. `correlation` is from which correlation on two symbols count as one."""

    def __init__(self, settings: StatisticsSettings, correlation: float = 0.7) -> None:
        super().__init__()
        self.settings = settings
        self._correlation = correlation
        self._asked_for_groups = False
        self._scale = math.sqrt(settings.horizon / settings.spacing)
        self._factor = Z99 * self._scale / (MONEY * UNIT)
        self.forget()

    def forget(self) -> None:
        """Drop everything; it is made anew of the state when it is asked for."""
        self._state: RiskState | None = None
        self._covariance: Covariance | None = None
        # as small as can be: a row is read with every order
        self._together: npt.NDArray[np.int8] | None = None
        self._taken_at = -1
        self.lost, self.moved = True, {}

    def refresh(self, state: RiskState) -> None:
        """Bring everything up to date with the state. Costs little when little has moved."""
        samples = state.samples
        if self._covariance is None or samples.taken_at != self._taken_at:
            self._covariance = Covariance(samples, self.settings)
            self._taken_at, self.lost = samples.taken_at, True
            self._together = self._grouped() if self._asked_for_groups else None
        if self.lost or state is not self._state or not self.follows:
            self._count_all(state)
        elif self.moved:
            for symbol in self.moved:
                self._count(state, symbol)
            self.moved = {}

    def _grouped(self) -> npt.NDArray[np.int8]:
        assert self._covariance is not None
        return self._covariance.correlated(self._correlation).astype(np.int8)

    def _count_all(self, state: RiskState) -> None:
        assert self._covariance is not None
        width = len(self._covariance.symbols)
        self._fates = [_NOTHING] * width
        self._unknown: dict[str, None] = {}
        self._moves = np.zeros(len(self._covariance.weights), dtype=np.int64)
        self._exposures = np.zeros(width, dtype=np.int64)
        self._gross, self._open = 0, 0
        self._base: float | None = None
        self._state, self.lost, self.moved = state, False, {}
        for symbol in state.listings:
            self._count(state, symbol)

    def _count(self, state: RiskState, symbol: str) -> None:
        """Take over what has changed of one symbol."""
        covariance = self._covariance
        assert covariance is not None
        fates, row = fates_of(state, symbol), covariance.index.get(symbol)
        if row is None or not covariance.known[row]:
            if fates == _NOTHING:
                self._unknown.pop(symbol, None)
            else:
                self._unknown[symbol] = None
            if row is None:
                return
        before = self._fates[row]
        if fates == before:
            return
        self._fates[row] = fates
        if fates.held != before.held:
            self._moves += (fates.held - before.held) * covariance.returns[row]
            self._gross += abs(fates.held) - abs(before.held)
            self._base = None
        added = max(fates.buys, fates.sells) - max(before.buys, before.sells)
        self._open += added * covariance.volatilities[row]
        self._exposures[row] = fates.exposure

    # --- asking -----------------------------------------------------------------------------------------------

    def outlook(self, state: RiskState, symbol: str, *, is_buy: bool) -> Outlook | None:
        """How VaR goes on with one more order on a symbol; None while it is not known of all that is held or asked."""
        row = self._row(state, symbol)
        if row is None or self._unknown or not self._reckon():
            return None
        covariance, fates = self._covariance, self._fates[row]
        assert covariance is not None
        assert self._base is not None
        slope = self._slopes.get(row)
        if slope is None:
            slope = self._slopes[row] = float(covariance.weighted[row] @ self._paths)
        further, back = (fates.buys, fates.sells) if is_buy else (fates.sells, fates.buys)
        rest = self._open - max(further, back) * covariance.volatilities[row]
        return Outlook(
            self._base,
            slope if is_buy else -slope,
            covariance.variances[row],
            further,
            back,
            rest / 1_000,
            self._factor,
        )

    def value_at_risk(self, state: RiskState) -> float | None:
        """VaR 99 % of the portfolio under the worst fate of what is open, in base currency; None while not known."""
        self.refresh(state)
        if self._unknown or not self._reckon():
            return None
        assert self._base is not None
        return self._factor * (math.sqrt(max(self._base, 0.0)) + self._open / 1_000)

    def tail_loss(self, state: RiskState, symbol: str, *, is_buy: bool) -> float | None:
        """CVaR 95 % of one unit of base currency held of a symbol, over the horizon; None while not known."""
        if self._row(state, symbol) is None:
            return None
        assert self._covariance is not None
        tail = self._covariance.tail(symbol, rising=not is_buy)
        return None if tail is None else tail * self._scale

    def exposure_with(self, state: RiskState, symbol: str) -> Decimal | None:
        """The exposure of all other symbols that are correlated with one, in base currency; None while not known."""
        row = self._row(state, symbol)
        if row is None:
            return None
        if self._together is None:  # nobody has asked before
            self._together, self._asked_for_groups = self._grouped(), True
        others = int(self._together[row] @ self._exposures) - self._fates[row].exposure
        for each in self._unknown:
            if self._covariance and each not in self._covariance.index:
                others += fates_of(state, each).exposure
        return Decimal(others) / MONEY

    def _row(self, state: RiskState, symbol: str) -> int | None:
        self.refresh(state)
        assert self._covariance is not None
        row = self._covariance.index.get(symbol)
        return None if row is None or not self._covariance.known[row] else row

    def _reckon(self) -> bool:
        """Sum up the portfolio's own returns; False where the sum can't be trusted."""
        if self._base is None:
            covariance = self._covariance
            assert covariance is not None
            if self._gross * covariance.greatest >= _GREATEST:
                return False
            self._paths = self._moves.astype(np.float64)
            self._base = float((self._paths * covariance.weights) @ self._paths)
            self._slopes: dict[int, float] = {}  # by row; the same until a position changes
        return True


def fates_of(state: RiskState, symbol: str) -> Fates:
    """What is held and open of a symbol at all venues, valued at the ask, or dearer where it is reserved so."""
    mark = state.marks.get(symbol)
    price = 0.0 if mark is None else float(mark.ask)
    held = buys = sells = exposure = 0
    for listing in state.listings.get(symbol, ()):
        holding = state.holdings[listing]
        if not (holding.position or holding.buys or holding.sells):
            continue
        unit = price * float(holding.multiplier * holding.rate) * MONEY
        held += round(float(holding.position) * unit)
        buys += _dearer(holding.buys, unit, holding.buys_value)
        sells += _dearer(holding.sells, unit, holding.sells_value)
        exposure += math.ceil(float(holding.exposure) * MONEY)
    return Fates(held, buys, sells, exposure)


def _dearer(quantity: Decimal, unit: float, value: Decimal) -> int:
    return math.ceil(max(float(quantity) * unit, float(value) * MONEY)) if quantity else 0
