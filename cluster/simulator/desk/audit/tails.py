"""What the portfolio may lose in bad times, added up anew from the marks: VaR, CVaR, exposure that moves together.

Risk judges VaR by a bound that holds under any fate of open orders; here each fate is tried, so that what is found may
be less than risk's figure, and never more. No numpy and no whole numbers: plain floats over a few symbols.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from statistics import NormalDist

import msgspec

from actors.risk.limits import RiskLimits
from actors.risk.statistics_settings import StatisticsSettings
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.portfolio import Approved, Portfolio
from messages.intents import Side
from messages.statistics import ReturnsSampled

_Z99 = NormalDist().inv_cdf(0.99)
_TAIL = 0.05
_SLACK, _CENT = 1 + 1e-5, 0.02
"""What figures may differ by: risk counts returns in millionths, and money in ten-thousandths."""
_ROUNDING = 0.5e-6
"""What a return may differ by where a column has gaps: risk scales it up, and rounds it to a whole millionth again."""
_DOUBT = 1e-3
"""A correlation so near to the threshold counts as neither."""

Broken = tuple[str, object, object]


class Samples(msgspec.Struct):
    """Returns of each symbol, the latest last, None where it was not marked; `mids` are those of the last sample."""

    taken_at: int = 0
    mids: dict[str, float] = {}
    columns: dict[str, list[float | None]] = {}


class TailAudit:
    """See the module docstring. `samples` are replaced whole at each sample, so that a backup may keep them."""

    def __init__(self, settings: StatisticsSettings) -> None:
        self.samples = Samples()
        self._settings = settings
        self._of: Samples | None = None
        self._covariances: dict[tuple[str, str], float] = {}

    # ------------------------------------------------------------------ samples

    def sampled(self, event: ReturnsSampled, books: Portfolio) -> None:
        """Risk took a sample. Raises `Finding` where its returns are not those of the marks."""
        known, lookback = self.samples, self._settings.lookback
        mids = {
            symbol: float(bid + ask) / 2
            for symbol, (bid, ask, time) in books.marks.items()
            if time > known.taken_at
        }
        returns: dict[str, float] = {}
        if not event.restarted:
            returns = {
                symbol: math.log(mid / known.mids[symbol])
                for symbol, mid in mids.items()
                if symbol in known.mids
            }
        found = {symbol: moved / 1_000_000 for symbol, moved in event.returns.items()}
        if found.keys() != returns.keys() or any(
            abs(found[symbol] - moved) > 1e-6 for symbol, moved in returns.items()
        ):
            raise Finding(3, "a sample of returns is not that of the marks", actors=("risk",), value=event)
        columns = {
            symbol: [*known.columns.get(symbol, ()), found.get(symbol)][-lookback:]
            for symbol in dict.fromkeys([*known.columns, *found])
        }
        self.samples = Samples(
            event.time,
            {**({} if event.restarted else known.mids), **mids},
            {
                symbol: column
                for symbol, column in columns.items()
                if any(each is not None for each in column)
            },
        )

    def _is_known(self, symbol: str) -> bool:
        column = self.samples.columns.get(symbol, ())
        return sum(each is not None for each in column) >= self._settings.min_samples

    def _covariance(self, one: str, other: str) -> float:
        if self._of is not self.samples:
            self._of, self._covariances = self.samples, {}
        key = (one, other) if one < other else (other, one)
        known = self._covariances.get(key)
        if known is None:
            known = self._covariances[key] = self._reckoned(*key)
        return known

    def _reckoned(self, one: str, other: str) -> float:
        """Exponentially weighted, zero mean; each column scaled up to the weight of what it has."""
        columns = self.samples.columns
        width = max(len(column) for column in columns.values())
        weights = [0.5 ** (age / self._settings.halflife) for age in range(width)]
        total = math.fsum(weights)
        first, second = columns[one][::-1], columns[other][::-1]

        def coverage(column: list[float | None]) -> float:
            return (
                math.fsum(weight for weight, each in zip(weights, column, strict=False) if each is not None)
                / total
            )

        product_ = math.fsum(
            weight * left * right
            for weight, left, right in zip(weights, first, second, strict=False)
            if left is not None and right is not None
        )
        return product_ / total / math.sqrt(coverage(first) * coverage(second))

    # ------------------------------------------------------------------ figures

    def value_at_risk(self, books: Portfolio, extra: Approved | None = None) -> float | None:
        """VaR 99 % under the worst fate of all open orders, base currency; None while it is not known of all."""
        fates = _fates(books, extra)
        if any(not self._is_known(symbol) for symbol in fates):
            return None
        symbols = list(fates)
        worst = 0.0
        for corner in product(*fates.values()):
            variance = math.fsum(
                left * right * self._covariance(one, other)
                for one, left in zip(symbols, corner, strict=True)
                for other, right in zip(symbols, corner, strict=True)
            )
            worst = max(worst, variance)
        return _Z99 * math.sqrt(worst) * self._scale

    def _least_value_at_risk(self, books: Portfolio, extra: Approved | None = None) -> float | None:
        """What VaR is at least, whichever way risk has rounded returns: a volatility is a norm."""
        found = self.value_at_risk(books, extra)
        if found is None:
            return None
        most = math.fsum(max(map(abs, corner)) for corner in _fates(books, extra).values())
        return found - _Z99 * self._scale * _ROUNDING * most

    @property
    def _scale(self) -> float:
        return math.sqrt(self._settings.horizon / self._settings.spacing)

    def _tail(self, symbol: str, side: Side) -> float | None:
        """The mean of the worst 5 % of what a position on this side made, as a fraction lost, over the horizon."""
        latest = [
            each for each in self.samples.columns[symbol][-self._settings.tail_samples :] if each is not None
        ]
        if len(latest) < min(self._settings.min_samples, self._settings.tail_samples):
            return None
        losses = sorted((side.sign * -math.expm1(each) for each in latest), reverse=True)
        worst = losses[: max(1, math.ceil(_TAIL * len(losses)))]
        return max(0.0, math.fsum(worst) / len(worst)) * self._scale

    def _moves_with(self, symbol: str, other: str, threshold: float) -> bool:
        """Whether two symbols count as one for sure."""
        if not self._is_known(other):
            return True
        deviations = math.sqrt(self._covariance(symbol, symbol) * self._covariance(other, other))
        return deviations > 0 and abs(self._covariance(symbol, other)) / deviations >= threshold + _DOUBT

    # ------------------------------------------------------------------ judging

    def broken(self, books: Portfolio, wanted: Approved, limits: RiskLimits, nav: Decimal) -> Broken | None:
        """The first limit on bad times that an approval exceeds: its name, its value, what was reckoned."""
        for name, part, observed in self._rows(books, wanted, limits):
            if observed is None:
                return f"{name} that nobody knows", part, None
            limit = float(part * nav)
            if observed > limit * _SLACK + _CENT:
                return name, limit, observed
        return None

    def _rows(
        self, books: Portfolio, wanted: Approved, limits: RiskLimits
    ) -> Iterator[tuple[str, Decimal, float | None]]:
        symbol = wanted.listing[1]
        known = self._is_known(symbol)
        if limits.max_portfolio_var is not None:
            yield "VaR", limits.max_portfolio_var, self._least_value_at_risk(books, wanted)
        if limits.max_position_cvar is not None:
            lost = self._tail(symbol, wanted.side) if known else None
            exposure = float(books.symbol_exposure(symbol, wanted))
            yield "CVaR", limits.max_position_cvar, None if lost is None else lost * exposure
        if limits.max_correlated_exposure is not None:
            together = float(books.symbol_exposure(symbol, wanted)) if known else None
            threshold = float(limits.correlation_threshold)
            for other in dict.fromkeys(each for _, each in books.listings()):
                if together is not None and other != symbol and self._moves_with(symbol, other, threshold):
                    together += float(books.symbol_exposure(other))
            yield "correlated exposure", limits.max_correlated_exposure, together

    def exceeds(self, books: Portfolio, limits: RiskLimits, nav: Decimal) -> Broken | None:
        """Whether facts carried VaR beyond its limit and the house's tolerance."""
        if limits.max_portfolio_var is None:
            return None
        limit = float(limits.max_portfolio_var * nav * (1 + limits.breach_tolerance))
        found = self._least_value_at_risk(books)
        return ("VaR", limit, found) if found is not None and found > limit * _SLACK + _CENT else None


def _fates(books: Portfolio, extra: Approved | None) -> dict[str, tuple[float, float]]:
    """By symbol, what may be held in the end, in base currency: with all buys filled, with all sells filled."""
    fates: dict[str, tuple[float, float]] = {}
    for listing in books.listings(extra):
        mark = books.marks.get(listing[1])
        ask = Decimal(0) if mark is None else mark[1]
        scale = books.scale(listing)
        orders = books.open_orders(listing)
        if extra is not None and extra.listing == listing:
            orders = [*orders, extra]
        held = float(books.positions.get(listing, Decimal(0)) * ask * scale)
        ends = []
        for side in (Side.BUY, Side.SELL):
            own = [each for each in orders if each.side is side]
            quantity = sum((each.left for each in own), Decimal(0))
            worth = max(sum((each.left * each.price for each in own), Decimal(0)), quantity * ask)
            ends.append(held + side.sign * float(worth * scale))
        known = fates.get(listing[1], (0.0, 0.0))
        fates[listing[1]] = (known[0] + ends[0], known[1] + ends[1])
    return fates
