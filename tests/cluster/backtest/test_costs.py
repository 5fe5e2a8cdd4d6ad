"""Costs against the quote of the decision, by hand; and what is unknown stays unknown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cluster.backtest.attribution import UNASSIGNED, by_strategy, by_symbol
from cluster.backtest.costs import costs_of
from cluster.backtest.record import FundingPayment
from messages.errors import DataProviderError
from messages.orders import Liquidity
from tests.cluster.backtest.runs import START, fill, info, record, series

SYMBOLS = {"BTC-USDT": info(multiplier="10")}


def test_shortfall_is_spread_and_slippage() -> None:
    # decided at 99 / 101; bought at 101.5: 1 of spread and 0.5 beyond the ask, for 2 x 10 units
    costs = costs_of([fill(0, "buy", "2", "101.5", intent="i")], [], SYMBOLS, "USDT", {"i": (99.0, 101.0)})
    assert (costs.spread, costs.slippage, costs.measured) == (20.0, 10.0, 1.0)
    costs = costs_of([fill(0, "sell", "2", "98.5", intent="i")], [], SYMBOLS, "USDT", {"i": (99.0, 101.0)})
    assert (costs.spread, costs.slippage) == (20.0, 10.0)


def test_a_passive_fill_earns_the_spread_back() -> None:
    costs = costs_of([fill(0, "buy", "1", "99", intent="i")], [], SYMBOLS, "USDT", {"i": (99.0, 101.0)})
    assert (costs.spread, costs.slippage) == (10.0, -20.0)


def test_fees_by_liquidity_and_value_traded() -> None:
    fills = [
        fill(0, "buy", "1", "100", fee="0.5"),
        fill(1, "sell", "1", "100", fee="-0.1", liquidity=Liquidity.MAKER),
        fill(2, "sell", "1", "100", fee="3", fee_currency="BNB"),
    ]
    costs = costs_of(fills, [], SYMBOLS, "USDT", {})
    assert (costs.fees, costs.maker_fees, costs.taker_fees) == (
        Decimal("0.4"),
        Decimal("-0.1"),
        Decimal("0.5"),
    )
    assert costs.traded == 3000
    assert costs.in_bps(costs.fees) == pytest.approx(4 / 3)


def test_without_a_quote_spread_and_slippage_are_unknown() -> None:
    costs = costs_of([fill(0, "buy", "1", "100")], [], SYMBOLS, "USDT", {})
    assert (costs.spread, costs.slippage, costs.measured) == (None, None, 0.0)
    assert costs_of([], [], SYMBOLS, "USDT", {}).measured is None


def test_partly_known_quotes_are_told() -> None:
    fills = [fill(0, "buy", "1", "100", intent="i"), fill(1, "buy", "3", "100")]
    assert costs_of(fills, [], SYMBOLS, "USDT", {"i": (99.0, 101.0)}).measured == 0.25


@pytest.mark.parametrize("quote", [(0.0, 1.0), (1.0, -1.0), (float("nan"), 1.0)])
def test_a_quote_that_is_none_is_refused(quote: tuple[float, float]) -> None:
    with pytest.raises(DataProviderError, match=r"arrivals\.i"):
        costs_of([fill(0, "buy", "1", "100", intent="i")], [], SYMBOLS, "USDT", {"i": quote})


def test_a_crossed_book_still_adds_up() -> None:
    costs = costs_of([fill(0, "buy", "1", "100", intent="i")], [], SYMBOLS, "USDT", {"i": (101.0, 98.0)})
    assert (costs.spread, costs.slippage) == (-15.0, 20.0)  # 10 x (100 - 99.5) in all


def test_attribution_by_hand() -> None:
    run = record(
        [
            fill(0, "buy", "1", "100", fee="0.1", strategy="a"),
            fill(1, "sell", "1", "130", fee="0.1", strategy="a"),
            fill(2, "sell", "2", "50", fee="0.2", symbol="ETH-USDT", strategy="b"),
        ],
        funding=[
            FundingPayment(START + 3, "ETH-USDT", "b", Decimal("0.5")),
            FundingPayment(START + 4, "ETH-USDT", None, Decimal("-0.25")),
        ],
        symbols=[info(), info("ETH-USDT")],
    )
    prices = {"BTC-USDT": series((0, 100.0)), "ETH-USDT": series((0, 50.0), (5, 60.0))}
    symbols = by_symbol(run, prices, (), {})
    assert [(row.name, row.gross, row.net) for row in symbols] == [
        ("BTC-USDT", Decimal(30), Decimal("29.8")),
        ("ETH-USDT", Decimal(-20), Decimal("-19.95")),
    ]
    strategies = by_strategy(run, prices, (), {})
    assert [(row.name, row.net) for row in strategies] == [
        (UNASSIGNED, Decimal("-0.25")),
        ("a", Decimal("29.8")),
        ("b", Decimal("-19.7")),
    ]
