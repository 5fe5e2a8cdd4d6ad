"""The auditor's own VaR, CVaR and correlations: against figures by hand, against risk's, and of what they judge."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from actors.risk.covariance import Covariance
from actors.risk.limits import RiskLimits
from actors.risk.samples import ReturnSamples, keep
from actors.risk.statistics_settings import StatisticsSettings
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.portfolio import Approved, Portfolio
from cluster.simulator.desk.audit.tails import TailAudit
from messages.intents import Side
from messages.statistics import ReturnsSampled

pytestmark = pytest.mark.unit

BTC, ETH = ("alpha", "BTC-USDT"), ("alpha", "ETH-USDT")
SETTINGS = StatisticsSettings(
    spacing=1, lookback=4, halflife=2, min_samples=2, tail_samples=4, horizon=4, enabled=True
)
PRICES = ((100, 50), (101, 50.2), (99, 50.1), (100, 50.3))


def measured() -> tuple[TailAudit, Portfolio, ReturnSamples]:
    """Three returns of two symbols, and what risk keeps of the same."""
    audit, books, kept = TailAudit(SETTINGS), Portfolio(base="USDT", opened={"alpha": None}), ReturnSamples()
    for time, prices in enumerate(PRICES, start=1):
        mids = {}
        for listing, price in zip((BTC, ETH), prices, strict=True):
            exact = Decimal(str(price))
            books.marks[listing[1]] = (exact, exact, time)
            mids[listing[1]] = float(exact)
        returns = {
            symbol: round(math.log(mid / kept.mids[symbol]) * 1e6)
            for symbol, mid in mids.items()
            if symbol in kept.mids
        }
        event = ReturnsSampled(returns, 4, 1, time == 1, time)
        audit.sampled(event, books)
        keep(kept, event, mids)
    return audit, books, kept


def order(listing: tuple[str, str], side: Side, quantity: str) -> Approved:
    return Approved(listing, side, Decimal(quantity), books_price(listing))


def books_price(listing: tuple[str, str]) -> Decimal:
    return Decimal(100) if listing is BTC else Decimal("50.3")


def test_var_of_positions_is_that_of_risk() -> None:
    audit, books, kept = measured()
    books.positions = {BTC: Decimal(3), ETH: Decimal(-2)}
    theirs = Covariance(kept, SETTINGS)
    values = {"BTC-USDT": 300.0, "ETH-USDT": -2 * 50.3}
    variance = sum(
        values[one]
        * values[other]
        * float(theirs.weighted[theirs.index[one]] @ theirs.returns[theirs.index[other]])
        for one in values
        for other in values
    )
    expected = 2.3263478740408408 * math.sqrt(variance) * 2 / 1e6
    assert audit.value_at_risk(books) == pytest.approx(expected, rel=1e-4)


def test_the_worst_fate_of_open_orders_counts() -> None:
    audit, books, _ = measured()
    books.positions = {BTC: Decimal(3)}
    alone = audit.value_at_risk(books)
    assert alone is not None
    books.intents["i"] = order(BTC, Side.SELL, "2")
    assert audit.value_at_risk(books) == pytest.approx(alone)  # sold, it is less
    more = audit.value_at_risk(books, order(BTC, Side.BUY, "3"))
    assert more == pytest.approx(2 * alone)


def test_an_approval_beyond_a_limit_or_of_what_nobody_knows_is_found() -> None:
    audit, books, _ = measured()
    wanted, nav = order(BTC, Side.BUY, "1"), Decimal(1000)
    observed = audit.value_at_risk(books, wanted)
    assert observed is not None
    wide, narrow = (Decimal(str(observed / 1000 * factor)) for factor in (1.01, 0.9))
    assert audit.broken(books, wanted, RiskLimits(max_portfolio_var=wide), nav) is None
    broken = audit.broken(books, wanted, RiskLimits(max_portfolio_var=narrow), nav)
    assert broken is not None
    assert broken[0] == "VaR"
    worst = -math.expm1(math.log(99 / 101))
    cvar = audit.broken(books, wanted, RiskLimits(max_position_cvar=Decimal("0.0001")), nav)
    assert cvar is not None
    assert cvar[2] == pytest.approx(100 * worst * 2, rel=1e-4)
    unknown = audit.broken(
        books, order(("alpha", "XRP-USDT"), Side.BUY, "1"), RiskLimits(max_portfolio_var=wide), nav
    )
    assert unknown is not None
    assert unknown[0] == "VaR that nobody knows"


def test_what_moves_together_is_exposed_together() -> None:
    audit, books, _ = measured()
    books.positions = {ETH: Decimal(-2)}
    wanted, nav = order(BTC, Side.BUY, "1"), Decimal(1000)
    together = RiskLimits(max_correlated_exposure=Decimal("0.15"), correlation_threshold=Decimal("0.05"))
    apart = RiskLimits(max_correlated_exposure=Decimal("0.15"), correlation_threshold=Decimal("0.99"))
    broken = audit.broken(books, wanted, together, nav)
    assert broken is not None
    assert broken[2] == pytest.approx(100 + 2 * 50.3)
    assert audit.broken(books, wanted, apart, nav) is None


def test_facts_beyond_var_and_tolerance_are_found() -> None:
    audit, books, _ = measured()
    books.positions = {BTC: Decimal(3)}
    found = audit.value_at_risk(books)
    assert found is not None
    part = Decimal(str(found / 1000))
    limits = RiskLimits(max_portfolio_var=part, breach_tolerance=Decimal("0.1"))
    assert audit.exceeds(books, limits, Decimal(1000)) is None
    assert audit.exceeds(books, limits, Decimal(900)) is not None
    assert audit.exceeds(books, RiskLimits(), Decimal(1)) is None


def test_a_sample_that_is_not_of_the_marks_is_found() -> None:
    audit, books, _ = measured()
    books.marks["BTC-USDT"] = (Decimal(102), Decimal(102), 9)
    right = ReturnsSampled({"BTC-USDT": round(math.log(1.02) * 1e6)}, 4, 1, False, 9)
    with pytest.raises(Finding, match="not that of the marks"):
        TailAudit(SETTINGS).sampled(right, books)
    audit.sampled(right, books)
    with pytest.raises(Finding, match="not that of the marks"):
        audit.sampled(ReturnsSampled({"BTC-USDT": 1}, 4, 1, False, 10), books)
