"""The equity curve: hand-made accounts, the same account recomputed plainly, and records that contradict themselves."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from cluster.backtest.equity import DAY as DAY_STEP
from cluster.backtest.equity import equity_curve, grid, step_for
from cluster.backtest.record import FundingPayment, Prices, PriceSeries, ReportSettings, RunRecord
from cluster.backtest.result import BacktestResult
from messages.errors import ConfigurationError, DataProviderError, InvariantError
from tests.cluster.backtest.runs import DAY, HOUR, MINUTE, SECOND, START, fill, info, made_up, record, series

FLAT = {"BTC-USDT": series((0, 100.0))}


def at(curve_times: np.ndarray, values: np.ndarray, time: int) -> float:
    return float(values[int(np.flatnonzero(curve_times == START + time)[0])])


# --- by hand --------------------------------------------------------------------------------------------------


def test_a_bought_and_sold_position_by_hand() -> None:
    run = record(
        [
            fill(1 * HOUR, "buy", "2", "100", fee="0.5"),
            fill(3 * HOUR, "sell", "2", "130", fee="0.5"),
        ],
        end=4 * HOUR,
    )
    prices = {"BTC-USDT": series((0, 100.0), (2 * HOUR, 120.0), (3 * HOUR, 130.0), (4 * HOUR, 10.0))}
    curve = equity_curve(run, prices)
    assert at(curve.times, curve.nav, 0) == 10_000
    assert at(curve.times, curve.cash, 1 * HOUR) == pytest.approx(10_000 - 200 - 0.5)
    assert at(curve.times, curve.nav, 1 * HOUR) == pytest.approx(9_999.5)
    assert at(curve.times, curve.position_value, 2 * HOUR) == 240
    assert at(curve.times, curve.nav, 2 * HOUR) == pytest.approx(10_039.5)
    assert at(curve.times, curve.position_value, 3 * HOUR) == 0
    assert at(curve.times, curve.nav, 4 * HOUR) == pytest.approx(10_059)
    assert curve.exposure_time == pytest.approx(0.5)


def test_shorts_count_in_gross_and_against_net_exposure() -> None:
    run = record(
        [fill(0, "buy", "1", "100"), fill(0, "sell", "3", "50", symbol="ETH-USDT")],
        symbols=[info(), info("ETH-USDT")],
    )
    curve = equity_curve(run, {**FLAT, "ETH-USDT": series((0, 50.0))})
    assert curve.gross_exposure[-1] == 250
    assert curve.net_exposure[-1] == -50
    assert curve.nav[-1] == 10_000


def test_the_multiplier_counts_in_cash_and_value() -> None:
    run = record([fill(0, "buy", "3", "100")], symbols=[info(multiplier="0.01")])
    curve = equity_curve(run, {"BTC-USDT": series((0, 100.0), (HOUR, 200.0))})
    assert curve.cash[-1] == pytest.approx(10_000 - 3)
    assert curve.nav[-1] == pytest.approx(10_003)


def test_funding_moves_cash() -> None:
    paid = [FundingPayment(START + 8 * HOUR, "BTC-USDT", None, Decimal("-1.25"))]
    curve = equity_curve(record(funding=paid), FLAT)
    assert at(curve.times, curve.nav, 7 * HOUR) == 10_000
    assert at(curve.times, curve.nav, 8 * HOUR) == pytest.approx(9_998.75)


def test_fees_in_other_currencies_are_told_apart() -> None:
    run = record([fill(0, "buy", "1", "100", fee="0.01", fee_currency="BNB")] * 2)
    curve = equity_curve(run, FLAT)
    assert curve.nav[-1] == 10_000
    assert curve.fees_elsewhere == {"BNB": Decimal("0.02")}


def test_a_closed_position_is_exactly_zero() -> None:
    # 0.1 + 0.2 - 0.3 is not zero in float64
    run = record([fill(0, "buy", "0.1", "100"), fill(1, "buy", "0.2", "100"), fill(2, "sell", "0.3", "100")])
    curve = equity_curve(run, FLAT)
    assert curve.position_value[-1] == 0.0
    assert curve.exposure_time == pytest.approx(2 / DAY)


def test_cash_is_added_up_over_venues_in_base_currency() -> None:
    run = msgspec.structs.replace(
        record(),
        starting_balances={"a": {"USDT": Decimal(5), "BTC": Decimal(1)}, "b": {"USDT": Decimal(7)}, "c": {}},
    )
    assert equity_curve(run, {}).nav[-1] == 12


def test_an_empty_run_has_a_flat_curve() -> None:
    curve = equity_curve(record(), {})
    assert set(curve.nav.tolist()) == {10_000.0}
    assert curve.exposure_time == 0.0
    assert len(curve.daily_nav) == 1


def test_a_run_without_duration_has_one_point() -> None:
    curve = equity_curve(record(end=0), {})
    assert curve.times.tolist() == [START]
    assert curve.exposure_time is None


def test_a_fill_behind_the_end_is_part_of_the_curve() -> None:
    curve = equity_curve(record([fill(DAY + SECOND, "buy", "1", "90")]), FLAT)
    assert curve.times[-1] == START + DAY + SECOND
    assert curve.nav[-1] == 10_010


# --- grid and days --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "step"),
    [(SECOND, 500_000), (HOUR, 2 * SECOND), (DAY, MINUTE), (90 * DAY, HOUR), (20 * 365 * DAY, 3 * DAY_STEP)],
)
def test_points_are_as_far_apart_as_people_count(span: int, step: int) -> None:
    found = step_for(span, 2000)
    assert found == max(step, 1_000_000)
    assert span / found <= 2500


def test_the_grid_is_aligned_and_has_both_ends() -> None:
    times = grid(START + 7, START + 5 * MINUTE + 3, MINUTE)
    assert times.tolist() == [START + 7, *(START + n * MINUTE for n in range(1, 6)), START + 5 * MINUTE + 3]
    assert grid(START, START + 2, 1).tolist() == [START, START + 1, START + 2]


def hourly(days: int) -> Prices:
    return {"BTC-USDT": series(*((hour * HOUR, 100.0 + hour) for hour in range(days * 24)))}


def test_days_close_at_midnight_and_the_last_at_the_end() -> None:
    curve = equity_curve(record([fill(0, "buy", "1", "100")], end=2 * DAY + HOUR), hourly(3))
    assert (curve.daily_times - START).tolist() == [0, DAY, 2 * DAY, 2 * DAY + HOUR]
    assert curve.daily_nav.tolist() == [10_000, 10_024, 10_048, 10_049]


def test_days_close_at_midnight_of_the_zone_also_when_clocks_change() -> None:
    # 2024-03-30 23:00 UTC is midnight in Berlin; the day that follows has 23 hours
    begin = START + 89 * DAY + 23 * HOUR
    run = msgspec.structs.replace(record(), start=begin, end=begin + 2 * DAY)
    prices = {"BTC-USDT": PriceSeries(begin + np.arange(49) * HOUR, np.full(49, 100.0))}
    curve = equity_curve(run, prices, ReportSettings(day_boundary="Europe/Berlin"))
    assert ((curve.daily_times - begin) // HOUR).tolist() == [0, 23, 47, 48]


def test_a_day_without_anything_is_no_day() -> None:
    # prices on the first and the fourth day only
    prices = {"BTC-USDT": series((HOUR, 100.0), (3 * DAY + HOUR, 110.0))}
    curve = equity_curve(record([fill(HOUR, "buy", "1", "100")], end=4 * DAY), prices)
    assert (curve.daily_times - START).tolist() == [0, DAY, 4 * DAY]


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="day_boundary"):
        equity_curve(record(), {}, ReportSettings(day_boundary="Mars/Olympus"))


# --- records that contradict themselves -----------------------------------------------------------------------


def test_a_position_before_any_price_is_refused() -> None:
    with pytest.raises(InvariantError, match="before the symbol had any price"):
        equity_curve(record([fill(0, "buy", "1", "100")]), {"BTC-USDT": series((1, 100.0))})
    with pytest.raises(InvariantError, match=r"prices\.BTC-USDT"):
        equity_curve(record([fill(0, "buy", "1", "100")]), {})


def test_an_unlisted_symbol_is_refused() -> None:
    with pytest.raises(InvariantError, match="ETH-USDT"):
        equity_curve(record([fill(0, "buy", "1", "100", symbol="ETH-USDT")]), FLAT)


def test_a_symbol_listed_twice_is_refused() -> None:
    with pytest.raises(InvariantError, match="listed twice"):
        equity_curve(record(symbols=[info(), info()]), {})


def test_a_symbol_in_another_currency_is_refused() -> None:
    foreign = msgspec.structs.replace(info(), quote_currency="EUR")
    with pytest.raises(InvariantError, match="EUR"):
        equity_curve(record(symbols=[foreign]), {})


@pytest.mark.parametrize(
    ("times", "mids", "message"),
    [
        ([1, 2], [1.0], "differ in length"),
        ([2, 1], [1.0, 1.0], "decrease"),
        ([1, 2], [1.0, float("nan")], "no price"),
        ([1, 2], [1.0, 0.0], "no price"),
    ],
)
def test_prices_that_are_none_are_refused(times: list[int], mids: list[float], message: str) -> None:
    with pytest.raises(DataProviderError, match=message):
        PriceSeries(np.array(times, np.int64), np.array(mids))


# --- against a plain recomputation ----------------------------------------------------------------------------


def plain_nav(run: RunRecord, prices: Prices, time: int) -> Decimal:
    """NAV at a moment: every fill so far in exact arithmetic, every position at its last mid."""
    nav = run.starting_balances["paper"]["USDT"]
    nav += sum((paid.amount for paid in run.funding if paid.time <= time), Decimal(0))
    held: dict[str, Decimal] = {}
    for each in run.fills:
        if each.event_time <= time:
            signed = each.quantity if each.side == "buy" else -each.quantity
            nav -= signed * each.price + each.fee
            held[each.symbol] = held.get(each.symbol, Decimal(0)) + signed
    for symbol, quantity in held.items():
        known = [
            mid for when, mid in zip(prices[symbol].times, prices[symbol].mids, strict=True) if when <= time
        ]
        nav += quantity * Decimal(float(known[-1]))
    return nav


@pytest.mark.parametrize("seed", range(4))
def test_the_curve_equals_a_plain_recomputation(seed: int) -> None:
    run, prices, _ = made_up(seed, days=5, fills=90, prices=400)
    curve = equity_curve(run, prices, ReportSettings(points=40))
    for index in range(0, len(curve), 7):
        plain = float(plain_nav(run, prices, int(curve.times[index])))
        assert curve.nav[index] == pytest.approx(plain, abs=1e-8)
    assert curve.daily_nav[-1] == pytest.approx(curve.nav[-1], abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_daily_returns_and_attribution_add_up_to_nav(seed: int) -> None:
    result = BacktestResult(*made_up(seed, days=40, fills=200, prices=2_000))
    it = result.statistics
    growth = np.prod([1 + day.value for day in it.daily])
    assert it.total_return == pytest.approx(growth - 1, abs=1e-12)
    assert np.prod([1 + month.value for month in it.monthly]) == pytest.approx(growth, abs=1e-12)
    for rows in (it.by_symbol, it.by_strategy):
        assert float(sum(row.net for row in rows)) == pytest.approx(it.profit, abs=1e-7)
        assert sum(row.fills for row in rows) == len(result.fills)
        assert sum(row.costs.fees for row in rows) == it.costs.fees
