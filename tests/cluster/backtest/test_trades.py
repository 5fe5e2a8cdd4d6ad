"""Round trips: paired by hand, against a plain recomputation, and nothing lost between fills and trades."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.backtest.record import PriceSeries
from cluster.backtest.trades import Matching, RoundTrips, Trade, round_trips
from messages.orders import Fill
from tests.cluster.backtest.runs import HOUR, START, fill, info, made_up, record, series

FLAT = {"BTC-USDT": series((0, 100.0))}
BOTH = pytest.mark.parametrize("matching", list(Matching))


def trips(fills: Sequence[Fill], matching: Matching = Matching.AVERAGE, **more: object) -> RoundTrips:
    return round_trips(record(fills, **more), FLAT, matching)  # type: ignore[arg-type]


def shape(trade: Trade) -> tuple[str, str, str, str, str, str]:
    """Side, quantity, entry, exit, fees and net as text."""
    amounts = (trade.quantity, trade.entry_price, trade.exit_price, trade.fees, trade.net)
    return (trade.side, *(f"{amount.normalize():f}" for amount in amounts))


# --- by hand --------------------------------------------------------------------------------------------------


@BOTH
def test_one_long_and_one_short(matching: Matching) -> None:
    found = trips(
        [
            fill(0, "buy", "2", "100", fee="0.2"),
            fill(1 * HOUR, "sell", "2", "110", fee="0.3"),
            fill(2 * HOUR, "sell", "1", "120", fee="0.1"),
            fill(5 * HOUR, "buy", "1", "125", fee="0.1"),
        ],
        matching,
    )
    assert [shape(trade) for trade in found.trades] == [
        ("long", "2", "100", "110", "0.5", "19.5"),
        ("short", "1", "120", "125", "0.2", "-5.2"),
    ]
    assert [trade.holding for trade in found.trades] == [HOUR, 3 * HOUR]
    assert found.open == ()


def test_partial_closes_at_average_cost() -> None:
    # 1 @ 100 and 3 @ 120 cost 460, 115 each
    found = trips(
        [
            fill(0, "buy", "1", "100", fee="0.4"),
            fill(1, "buy", "3", "120", fee="1.2"),
            fill(2, "sell", "1", "125", fee="0.1"),
            fill(3, "sell", "3", "105", fee="0.3"),
        ]
    )
    assert [shape(trade) for trade in found.trades] == [
        ("long", "1", "115", "125", "0.5", "9.5"),
        ("long", "3", "115", "105", "1.5", "-31.5"),
    ]
    assert {trade.entry_time for trade in found.trades} == {START}


def test_partial_closes_first_in_first_out() -> None:
    found = trips(
        [
            fill(0, "buy", "1", "100", fee="0.4"),
            fill(1, "buy", "3", "120", fee="1.2"),
            fill(2, "sell", "2", "125", fee="0.2"),
            fill(3, "sell", "2", "105", fee="0.2"),
        ],
        Matching.FIFO,
    )
    assert [shape(trade) for trade in found.trades] == [
        ("long", "1", "100", "125", "0.5", "24.5"),
        ("long", "1", "120", "125", "0.5", "4.5"),
        ("long", "2", "120", "105", "1", "-31"),
    ]
    assert [trade.entry_time - START for trade in found.trades] == [0, 1, 1]


@BOTH
def test_a_fill_through_flat_closes_and_opens(matching: Matching) -> None:
    found = trips(
        [
            fill(0, "buy", "1", "100", fee="0.1"),
            fill(1, "sell", "4", "110", fee="0.4"),
            fill(2, "buy", "3", "90", fee="0.3"),
        ],
        matching,
    )
    assert [shape(trade) for trade in found.trades] == [
        ("long", "1", "100", "110", "0.2", "9.8"),
        ("short", "3", "110", "90", "0.6", "59.4"),
    ]


@BOTH
def test_the_fills_of_one_order_are_one_leg(matching: Matching) -> None:
    found = trips(
        [
            fill(0, "buy", "1", "100", intent="in"),
            fill(1, "buy", "1", "102", intent="in"),
            fill(2, "sell", "0.5", "110", intent="out"),
            fill(3, "sell", "1.5", "114", intent="out"),
        ],
        matching,
    )
    assert [shape(trade) for trade in found.trades] == [("long", "2", "101", "113", "0", "24")]
    only = found.trades[0]
    assert (only.entry_intent, only.exit_intent, only.entry_time, only.exit_time) == (
        "in",
        "out",
        START,
        START + 3,
    )


@BOTH
def test_strategies_do_not_close_each_other(matching: Matching) -> None:
    found = trips(
        [fill(0, "buy", "1", "100", strategy="a"), fill(1, "sell", "1", "110", strategy="b")], matching
    )
    assert found.trades == ()
    assert [(each.strategy, each.side) for each in found.open] == [("a", "long"), ("b", "short")]


def test_what_is_left_is_an_open_position_at_the_last_mid() -> None:
    run = record(
        [fill(0, "buy", "4", "100", fee="0.4"), fill(1, "sell", "1", "110")], symbols=[info(multiplier="2")]
    )
    found = round_trips(run, {"BTC-USDT": series((0, 100.0), (HOUR, 90.0))})
    (left,) = found.open
    assert (left.quantity, left.entry_price, left.last_price) == (3, 100, 90)
    assert (left.unrealised, left.fees) == (-60, Decimal("0.3"))
    assert found.trades[0].net == Decimal("19.9")


def test_fees_in_another_currency_are_no_part_of_net() -> None:
    found = trips(
        [fill(0, "buy", "1", "100", fee="0.01", fee_currency="BNB"), fill(1, "sell", "1", "101", fee="0.2")]
    )
    assert shape(found.trades[0]) == ("long", "1", "100", "101", "0.2", "0.8")


def test_fills_are_paired_in_the_order_of_their_times() -> None:
    found = trips([fill(5, "sell", "1", "110"), fill(0, "buy", "1", "100")])
    assert [trade.side for trade in found.trades] == ["long"]


# --- excursions -----------------------------------------------------------------------------------------------


def test_excursions_by_hand() -> None:
    prices = {"BTC-USDT": series((0, 100.0), (1, 90.0), (2, 125.0), (3, 110.0), (4, 500.0))}
    run = record([fill(0, "buy", "2", "101"), fill(3, "sell", "2", "109")], symbols=[info(multiplier="10")])
    (trade,) = round_trips(run, prices).trades
    assert (trade.mae, trade.mfe) == (-11 * 20, 24 * 20)
    run = record([fill(0, "sell", "2", "101"), fill(3, "buy", "2", "109")])
    (trade,) = round_trips(run, prices).trades
    assert (trade.mae, trade.mfe) == (-24 * 2, 11 * 2)


def test_a_trade_that_never_showed_a_loss_has_no_adverse_excursion() -> None:
    prices = {"BTC-USDT": series((0, 100.0), (9, 110.0))}
    (trade,) = round_trips(record([fill(0, "buy", "1", "100"), fill(9, "sell", "1", "110")]), prices).trades
    assert (trade.mae, trade.mfe) == (0.0, 10.0)


@pytest.mark.parametrize("seed", range(3))
@BOTH
def test_excursions_equal_a_plain_search(seed: int, matching: Matching) -> None:
    run, prices, _ = made_up(seed, days=6, fills=120, prices=3_000)
    found = round_trips(run, prices, matching).trades
    assert len(found) > 30
    for trade in found:
        mids = plain_window(prices[trade.symbol], trade)
        entry, size = float(trade.entry_price), float(trade.quantity)
        moves = [(mid - entry) * size * (1 if trade.side == "long" else -1) for mid in mids]
        assert trade.mae == pytest.approx(min(0.0, *moves), abs=1e-6)
        assert trade.mfe == pytest.approx(max(0.0, *moves), abs=1e-6)


def plain_window(prices: PriceSeries, trade: Trade) -> list[float]:
    seen = [
        float(mid)
        for time, mid in zip(prices.times.tolist(), prices.mids.tolist(), strict=True)
        if trade.entry_time <= time <= trade.exit_time
    ]
    return [*seen, float(trade.exit_price)]


# --- nothing is lost ------------------------------------------------------------------------------------------

orders = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 700).map(lambda n: Decimal(n) / 100),
        st.integers(9_000, 11_000).map(lambda n: Decimal(n) / 100),
        st.integers(0, 99).map(lambda n: Decimal(n) / 1000),
        st.integers(0, 1).map(lambda n: "ab"[n]),
        st.integers(0, 9),
    ),
    max_size=40,
)


@pytest.mark.property
@given(orders, st.sampled_from(list(Matching)))
def test_trades_and_open_positions_add_up_to_the_fills(
    drawn: list[tuple[str, Decimal, Decimal, Decimal, str, int]], matching: Matching
) -> None:
    fills = [
        fill(time, side, str(size), str(price), fee=str(fee), strategy=who, intent=f"{who}{side}{order}")
        for time, (side, size, price, fee, who, order) in enumerate(drawn)
    ]
    found = trips(fills, matching)
    cash = sum((-each.side.sign * each.price * each.quantity for each in fills), Decimal(0))
    held = sum((each.side.sign * each.quantity for each in fills), Decimal(0))
    gross = sum((trade.gross for trade in found.trades), Decimal(0))
    unrealised = sum((left.unrealised for left in found.open), Decimal(0))
    fees = sum((each.fees for each in (*found.trades, *found.open)), Decimal(0))
    left = sum((each.quantity * (1 if each.side == "long" else -1) for each in found.open), Decimal(0))
    assert gross + unrealised == cash + held * 100
    assert fees == sum((each.fee for each in fills), Decimal(0))
    assert left == held
    assert all(trade.quantity > 0 and trade.exit_time >= trade.entry_time for trade in found.trades)
    assert all(trade.mae <= float(trade.gross) + 1e-6 <= trade.mfe + 2e-6 for trade in found.trades)


@pytest.mark.parametrize("seed", range(3))
def test_a_closing_order_closes_as_much_under_either_matching(seed: int) -> None:
    run, prices, _ = made_up(seed, days=6, fills=150, prices=1_000)
    closed = []
    for matching in Matching:
        by_order: dict[str, Decimal] = {}
        for trade in round_trips(run, prices, matching).trades:
            by_order[trade.exit_intent] = by_order.get(trade.exit_intent, Decimal(0)) + trade.quantity
        closed.append(by_order)
    assert closed[0] == closed[1]
    assert len(closed[0]) > 20


def test_trades_are_ordered_by_their_exits() -> None:
    run, prices, _ = made_up(5)
    exits = np.array([trade.exit_time for trade in round_trips(run, prices).trades])
    assert (np.diff(exits) >= 0).all()
