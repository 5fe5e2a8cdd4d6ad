"""Margin by hand-computed tables: what is bound, what is free, when a position ends, who pays."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cluster.exchange.api import AccountChanged, Leg, OrderChanged, Position
from messages.reasons import Reason
from tests.cluster.exchange.core.lab import BTC, ETH, SECOND, D, Lab, Script, accounts, refusal, rules

pytestmark = pytest.mark.unit


def lab_at_100(cash: int = 10_000, **more: object) -> Lab:
    """An endless book at 100 / 100 + 1 tick and a mark of 100; no fees, leverage 10, maintenance 5 %."""
    free_of_fees = rules(maker_fee=D(0), taker_fee=D(0), liquidation_fee=D(0))
    script = Script({BTC: ([(100, 10_000)], [(101, 10_000)])})
    lab = Lab(free_of_fees, script=script, specs=accounts("a", "b", balances={"USDT": D(cash)}), **more)
    lab.mark(100.0)
    return lab


def position(lab: Lab, account: str = "a") -> Position:
    (found,) = lab.exchange.positions(account)
    return found


def test_what_a_position_binds_and_what_is_left():
    lab = lab_at_100()
    lab.sell(50)
    held = position(lab)
    assert (held.quantity, held.entry_price, held.leverage, held.isolated) == (D(-50), D(100), 10, False)
    assert (held.initial_margin, held.maintenance_margin) == (D(500), D(250))
    assert (lab.cash(), lab.free()) == (D(10_000), D(9_500))
    lab.mark(90.0)
    assert position(lab).unrealized == D(500)
    # 10000 + 500 profit - 50 x 90 / 10
    assert lab.free() == D(10_050)


def test_orders_bind_the_worse_of_what_buys_and_sells_could_make_of_the_position():
    lab = lab_at_100()
    lab.sell(50)
    lab.sell(10, 110)
    assert lab.free() == D(10_000) - (50 * 100 + 10 * 110) // 10
    lab.buy(60, 90)
    # -5000 + 60 x 90 = 400: not the worse side
    assert lab.free() == D(10_000) - (50 * 100 + 10 * 110) // 10
    lab.buy(90, 80)
    # -5000 + 5400 + 7200 = 7600
    assert lab.free() == D(10_000) - 760


def test_what_makes_a_position_smaller_needs_no_margin():
    lab = lab_at_100(cash=600)
    lab.sell(50)
    lab.mark(105.0)
    assert lab.free() == 0
    assert refusal(lab.sell, 1) is Reason.INSUFFICIENT_BALANCE
    assert lab.buy(50, 90).open


def test_leverage_is_bounded_and_moves_what_is_bound():
    lab = lab_at_100()
    lab.sell(50)
    lab.exchange.set_leverage("a", BTC, 5)
    assert (lab.free(), lab.exchange.leverage("a", BTC)) == (D(9_000), (5, False))
    assert refusal(lab.exchange.set_leverage, "a", BTC, 11) is Reason.LEVERAGE
    assert refusal(lab.exchange.set_leverage, "a", BTC, 0) is Reason.LEVERAGE
    assert refusal(lab.exchange.set_leverage, "a", "XYZ", 5) is Reason.SYMBOL_UNKNOWN


LIQUIDATIONS = [
    # cash, side, quantity, liquidation price: cash + q (p - entry) = |q| p 5 %
    (600, -1, 50, "106.66666667"),  # 600 + 50 (100 - p) = 2.5 p
    (1000, 1, 90, "94.61988304"),  # entry 101: 1000 + 90 (p - 101) = 4.5 p
    (10_000, 1, 50, None),  # could lose all of its value
    (10_000, -1, 500, "114.28571429"),
]


@pytest.mark.parametrize(("cash", "sign", "quantity", "price"), LIQUIDATIONS)
def test_the_liquidation_price_is_where_equity_meets_maintenance(
    cash: int, sign: int, quantity: int, price: str | None
):
    lab = lab_at_100(cash)
    (lab.buy if sign > 0 else lab.sell)(quantity)
    assert position(lab).liquidation_price == (None if price is None else D(price))


def test_a_cross_position_goes_at_its_liquidation_price_and_not_before():
    lab = lab_at_100(cash=600)
    lab.sell(50)
    order = lab.buy(1, 90)
    lab.mark(106.66)
    assert lab.held() == D(-50)
    lab.events.clear()
    lab.mark(106.67)
    assert (lab.held(), lab.now(order).open) == (0, False)
    (closing,) = [each.order for each in lab.of(OrderChanged) if each.order.liquidation and each.trade]
    assert closing.request.client_order_id.startswith("autoclose-")
    # bought back at 101: the book had not moved with the mark
    assert lab.cash() == D(600) - 50


def test_liquidation_charges_its_fee_as_far_as_there_is_money():
    script = Script({BTC: ([(100, 10_000)], [(101, 10_000)])})
    costly = rules(maker_fee=D(0), taker_fee=D(0), liquidation_fee=D("0.1"))
    lab = Lab(costly, script=script, specs=accounts("a", balances={"USDT": D(600)}))
    lab.mark(100.0)
    lab.sell(50)
    lab.mark(107.0)
    # 600 - 50 loss = 550 left; the fee would be 505
    assert [(each.kind, each.amount) for each in lab.exchange.payments("a")][1:] == [
        ("liquidation_fee", D(-505))
    ]
    assert lab.cash() == D(45)
    assert {each.cause for each in lab.of(AccountChanged)} >= {"order", "liquidation_fee"}


def test_what_an_account_owes_after_liquidation_is_paid_by_the_insurance():
    lab = lab_at_100(cash=600)
    lab.sell(50)
    lab.levels(bids=[(100, 0)], asks=[(101, 0), (120, 10_000)])
    lab.mark(118.0)
    # 50 x 20 = 1000 lost of 600
    assert [(each.kind, each.amount) for each in lab.exchange.payments("a")][1:] == [("insurance", D(400))]
    assert lab.cash() == 0


def test_liquidation_waits_for_somebody_to_close_against():
    lab = lab_at_100(cash=600)
    lab.sell(50)
    lab.levels(asks=[(101, 200)])
    lab.mark(118.0)
    assert (lab.held(), lab.cash()) == (D(-30), D(580))
    lab.levels(asks=[(102, 1000)])
    lab.mark(118.0)
    assert (lab.held(), lab.cash()) == (0, D(520))


def test_an_isolated_position_answers_with_its_own_margin_only():
    lab = lab_at_100()
    assert lab.exchange.set_isolated("a", BTC, True)
    assert not lab.exchange.set_isolated("a", BTC, True)
    lab.sell(50)
    assert refusal(lab.exchange.set_isolated, "a", BTC, False) is Reason.POSITION_MODE
    # margin 500: 500 + 50 (100 - p) = 2.5 p
    assert position(lab).liquidation_price == D("104.76190476")
    assert lab.free() == D(9_500)
    lab.levels(bids=[(100, 0)], asks=[(101, 0), (120, 10_000)])
    lab.mark(104.0)
    assert (lab.held(), lab.free()) == (D(-50), D(9_500))
    lab.mark(105.0)
    # 1000 lost, 500 of it its own
    assert (lab.held(), lab.cash()) == (0, D(9_500))
    assert lab.exchange.payments("a")[-1].kind == "insurance"


def test_the_margin_of_an_isolated_position_goes_back_as_it_is_closed():
    lab = lab_at_100()
    lab.exchange.set_isolated("a", BTC, True)
    lab.sell(50)
    lab.buy(20)
    # margin 300 of 500 left; 20 lost in closing
    assert lab.free() == D(10_000) - 300 - 20
    lab.exchange.set_leverage("a", BTC, 5)
    assert lab.free() == D(10_000) - 600 - 20


def test_of_several_cross_positions_the_one_that_needs_most_goes_first():
    free_of_fees = {"maker_fee": D(0), "taker_fee": D(0), "liquidation_fee": D(0)}
    script = Script({name: ([(100, 10_000)], [(101, 10_000)]) for name in (BTC, ETH)})
    lab = Lab(
        rules(**free_of_fees),
        rules(ETH, **free_of_fees),
        script=script,
        specs=accounts("a", balances={"USDT": D(1000)}),
    )
    lab.mark(100.0)
    lab.mark(100.0, ETH)
    lab.sell(60)
    lab.sell(20, listing=ETH)
    # 1000 - 60 x 12.5 = 250 < 3 x 112.5 + 100; at 101 the larger one loses 60, which the smaller can carry
    lab.mark(112.5)
    assert (lab.held(), lab.held(listing=ETH)) == (0, D(-20))
    assert lab.cash() == D(940)


def test_funding_moves_from_longs_to_shorts_at_its_times():
    lab = lab_at_100(funding_interval=10 * SECOND)
    lab.sell(50)
    lab.buy(20, account="b")
    lab.mark(200.0, rate=0.001)
    lab.tick(10 * SECOND)
    paid = {name: [each for each in lab.exchange.payments(name) if each.kind == "funding"] for name in "ab"}
    assert [(each.amount, each.rate, each.listing) for each in paid["a"]] == [(D(10), D("0.001"), BTC)]
    assert [each.amount for each in paid["b"]] == [D(-4)]
    assert paid["a"][0].time % (10 * SECOND) == 0
    assert [each.payment for each in lab.of(AccountChanged) if each.cause == "funding"] == paid["a"] + paid[
        "b"
    ]


def test_funding_of_an_isolated_position_comes_out_of_its_margin():
    lab = lab_at_100(funding_interval=10 * SECOND)
    lab.exchange.set_isolated("a", BTC, True)
    lab.buy(50)
    before = position(lab).liquidation_price
    lab.mark(100.0, rate=0.01)
    lab.tick(10 * SECOND)
    after = position(lab).liquidation_price
    # 50 of its margin were paid: 50 / (50 x 0.95) nearer
    assert before is not None
    assert after is not None
    assert round(after - before, 4) == round(D(50) / (D(50) * D("0.95")), 4)
    assert lab.free() == D(10_000) - 505


def test_hedge_mode_keeps_long_and_short_apart():
    lab = lab_at_100()
    assert lab.exchange.set_hedge_mode("a", True)
    assert refusal(lab.buy, 1) is Reason.POSITION_MODE
    assert refusal(lab.buy, 1, leg=Leg.LONG, account="b") is Reason.POSITION_MODE
    lab.buy(10, leg=Leg.LONG)
    lab.sell(4, leg=Leg.SHORT)
    assert (lab.held(leg=Leg.LONG), lab.held(leg=Leg.SHORT)) == (D(10), D(-4))
    assert refusal(lab.sell, 11, leg=Leg.LONG) is Reason.REDUCE_ONLY_WOULD_INCREASE
    assert refusal(lab.buy, 5, leg=Leg.SHORT) is Reason.REDUCE_ONLY_WOULD_INCREASE
    lab.sell(10, leg=Leg.LONG)
    assert (lab.held(leg=Leg.LONG), lab.held(leg=Leg.SHORT)) == (0, D(-4))
    assert refusal(lab.exchange.set_hedge_mode, "a", False) is Reason.POSITION_MODE
    lab.buy(4, leg=Leg.SHORT)
    assert lab.exchange.set_hedge_mode("a", False)
    assert not lab.exchange.hedge_mode("a")


def test_both_legs_bind_margin_and_never_trade_with_each_other():
    lab = lab_at_100()
    lab.exchange.set_hedge_mode("a", True)
    lab.buy(10, leg=Leg.LONG)
    lab.sell(10, leg=Leg.SHORT)
    # entry 101 and 100, mark 100: 10 of loss, 2 x 100 of margin
    assert lab.free() == D(10_000) - 10 - 200
    resting = lab.sell(5, 102, leg=Leg.LONG)
    lab.levels(asks=[(101, 0), (102, 0), (103, 1000)])
    taker = lab.buy(5, 103, leg=Leg.SHORT)
    assert (taker.average_price, lab.now(resting).reason) == (D(103), Reason.SELF_TRADE)


def test_fees_are_the_accounts_own_where_it_has_some():
    script = Script({BTC: ([(100, 10_000)], [(101, 10_000)])})
    specs = (
        *accounts("a"),
        *accounts("b", maker_fee=D("-0.0001"), taker_fee=D("0.001")),
    )
    lab = Lab(script=script, specs=specs)
    lab.sell(10)
    lab.sell(10, account="b")
    assert [lab.exchange.trades(name)[0].fee for name in "ab"] == [D("0.5"), D(1)]
    lab.buy(10, 100, account="b")
    lab.levels(prints=[(99, 100, -1)])
    assert lab.exchange.trades("b")[1].fee == D("-0.1")
    assert lab.cash("b") == Decimal(10_000) - 1 + Decimal("0.1")
