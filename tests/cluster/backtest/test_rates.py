"""Figures of a run in several currencies: all of them by the same fixed rates, so that they add up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest

from cluster.backtest.attribution import by_symbol
from cluster.backtest.costs import costs_of
from cluster.backtest.equity import equity_curve, symbols_of
from cluster.backtest.record import RunRecord
from cluster.backtest.runner import _notes as notes_of
from cluster.backtest.trades import round_trips
from config import load_config
from messages.errors import InvariantError
from tests.cluster.backtest.runs import HOUR, fill, info, record, series

pytestmark = pytest.mark.unit

RATES = {"EUR": Decimal("1.25"), "BNB": Decimal(300)}
EURO = msgspec.structs.replace(info("ETH-EUR"), quote_currency="EUR", rate=RATES["EUR"])
PRICES = {"ETH-EUR": series((0, 100.0), (HOUR, 110.0), (2 * HOUR, 120.0))}


def run(rates: Mapping[str, Decimal] = RATES) -> RunRecord:
    made = record(
        [
            fill(HOUR // 2, "buy", "2", "100", fee="1", symbol="ETH-EUR", fee_currency="EUR"),
            fill(HOUR * 3 // 2, "sell", "1", "110", fee="0.01", symbol="ETH-EUR", fee_currency="BNB"),
        ],
        end=2 * HOUR,
        symbols=[EURO],
    )
    balances = {"paper": {"USDT": Decimal(1000), "EUR": Decimal(400), "XYZ": Decimal(7)}}
    return msgspec.structs.replace(made, starting_balances=balances, rates=dict(rates))


def test_cash_positions_and_nav_count_at_the_rates() -> None:
    curve = equity_curve(run(), PRICES)
    assert curve.nav[0] == 1000 + 400 * 1.25
    cash = 1500 + (-200 - 1 + 110) * 1.25 - 3
    assert curve.cash[-1] == cash
    assert curve.position_value[-1] == curve.gross_exposure[-1] == 120 * 1.25
    assert curve.nav[-1] == cash + 150
    assert curve.fees_elsewhere == {}


def test_costs_trades_and_attribution_add_up_to_what_nav_gained() -> None:
    made = run()
    costs = costs_of(made.fills, [], symbols_of(made), "USDT", {}, made.rates)
    assert (costs.traded, costs.fees) == (Decimal(310) * Decimal("1.25"), Decimal("4.25"))
    trips = round_trips(made, PRICES)
    [trade] = trips.trades
    assert (trade.value, trade.gross, trade.net) == (
        Decimal(125),
        Decimal("12.5"),
        Decimal("12.5") - Decimal("3.625"),
    )
    assert (trade.entry_price, trade.mfe) == (Decimal(100), 12.5)
    assert trips.open[0].unrealised == 25
    [row] = by_symbol(made, PRICES, trips.trades, {})
    curve = equity_curve(made, PRICES)
    assert float(row.net) == pytest.approx(curve.nav[-1] - curve.nav[0])


def test_a_fee_without_a_rate_is_told_apart() -> None:
    made = run(rates={"EUR": RATES["EUR"]})
    assert equity_curve(made, PRICES).fees_elsewhere == {"BNB": Decimal("0.01")}


@pytest.mark.parametrize(
    ("rates", "field"), [({}, "symbols.ETH-EUR"), ({"EUR": Decimal(1)}, "symbols.ETH-EUR.rate")]
)
def test_a_symbol_that_cant_be_valued_is_refused(rates: dict[str, Decimal], field: str) -> None:
    with pytest.raises(InvariantError) as error:
        symbols_of(run(rates=rates))
    assert error.value.field == field


def test_the_report_names_the_rates() -> None:
    loaded = load_config("replay", environ={}, overrides=["desk.rates.EUR=1.0800", "desk.rates.BTC=43000"])
    notes = notes_of(loaded.config, start=0, recorded=True, charged=False, sliced=False, made_quotes=False)
    assert notes[-1] == "Valued at fixed rates: 1 EUR = 1.08, 1 BTC = 43000 USDT."
