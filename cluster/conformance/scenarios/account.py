"""What the account tells: cash, positions, open orders, funding."""

from __future__ import annotations

import asyncio

from cluster.conformance.bench import Offer, Tuning
from cluster.conformance.desk import ASK, HIGH, LOW, D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import Side
from messages.orders import OrderState

ACCOUNT = Group("account")


@ACCOUNT.scenario()
async def a_new_account_has_its_cash_and_nothing_else(desk: Desk) -> None:
    """With the venue's time."""
    account = await desk.account()
    equal(
        (account.balances, account.positions, account.open_orders), ({"USDT": D(100_000)}, {}, ()), "account"
    )
    demand(account.time is not None, "no time is told")


@ACCOUNT.scenario()
async def a_long_position_is_positive(desk: Desk) -> None:
    """And cash pays the fee."""
    await desk.buy_position()
    account = await desk.account()
    equal(account.positions, {desk.symbol: D("0.010")}, "positions")
    fee = desk.log.one("opening").fills[0].fee
    paid = D(100_000) - account.balances["USDT"]
    value = D(ASK) * D("0.010")
    equal(paid in (fee, fee + value), True, f"paid is {paid}: neither the fee nor fee and value")


@ACCOUNT.scenario()
async def a_short_position_is_negative(desk: Desk) -> None:
    """Where one may be short at all."""
    await desk.accepted(desk.market("short", "0.020", side=Side.SELL))
    await desk.becomes("short", OrderState.FILLED)
    equal((await desk.account()).positions, {desk.symbol: D("-0.020")}, "positions")
    equal(desk.log.one("short").filled, D("0.020"), "log")


@ACCOUNT.scenario()
async def a_position_that_is_flat_is_not_told(desk: Desk) -> None:
    """Not even as zero."""
    await desk.buy_position()
    await desk.accepted(desk.market("back", side=Side.SELL))
    await desk.becomes("back", OrderState.FILLED)
    equal((await desk.account()).positions, {}, "positions")


@ACCOUNT.scenario()
async def open_orders_are_all_told(desk: Desk) -> None:
    """With their terms, and only those that are open."""
    await desk.rests(desk.limit("buy", LOW))
    await desk.rests(desk.limit("sell", HIGH, "0.020", side=Side.SELL))
    await desk.rests(desk.limit("over", LOW))
    await desk.cancelled("over")
    told = {
        order.client_order_id: (order.side, order.quantity) for order in (await desk.account()).open_orders
    }
    equal(told, {"buy": (Side.BUY, D("0.010")), "sell": (Side.SELL, D("0.020"))}, "open orders")
    logged = {order.client_order_id for order in desk.log.orders if order.state == "working"}
    equal(set(told), logged, "open orders in the log")


@ACCOUNT.scenario()
async def a_hundred_open_orders_are_all_told(desk: Desk) -> None:
    """However many there are."""
    names = {f"n{chr(97 + number // 10)}{chr(97 + number % 10)}" for number in range(100)}
    await asyncio.gather(*(desk.accepted(desk.limit(name, LOW, "0.003")) for name in sorted(names)))
    await desk.until(lambda: all(desk.ear.of(name) for name in names), "that all of them work")
    equal({order.client_order_id for order in (await desk.account()).open_orders}, names, "open orders")
    equal({order.state for order in desk.log.orders}, {"working"}, "log")


@ACCOUNT.scenario(Offer.STOPS)
async def open_orders_contain_the_stops(desk: Desk) -> None:
    """Also where the venue lists them apart."""
    await desk.rests(desk.limit("plain"))
    await desk.rests(desk.stop("guard", "49000.0"))
    told = {order.client_order_id for order in (await desk.account()).open_orders}
    equal(told, {"plain", "guard"}, "open orders")
    equal({order.state for order in desk.log.orders}, {"working"}, "log")


@ACCOUNT.scenario(tuning=Tuning(funding_every_s=2.0))
async def funding_is_told_once_with_its_amount(desk: Desk) -> None:
    """What the venue wrote down is what the stream tells, in the stream's numbers."""
    await desk.buy_position("1")
    await desk.until(lambda: bool(desk.ear.payments), "a payment")
    await desk.accepted(desk.market("back", "1", side=Side.SELL))
    await desk.becomes("back", OrderState.FILLED)
    await desk.until(lambda: len(desk.ear.payments) >= len(desk.log.funding), "all payments")
    await desk.settle(0.2)
    told = desk.ear.payments
    equal([payment.amount for payment in told], [amount for _, amount in desk.log.funding], "amounts")
    equal(len({payment.payment_id for payment in told}), len(told), "ids")
    demand(all(payment.amount < 0 and payment.currency == "USDT" for payment in told), told)
    equal({payment.symbol for payment in told}, {desk.symbol}, "symbols")
    equal(desk.ear.sequences, list(range(1, len(desk.ear.heard) + 1)), "sequences")


@ACCOUNT.scenario()
async def the_account_survives_a_restart(desk: Desk) -> None:
    """Cash, positions and open orders."""
    await desk.buy_position()
    await desk.rests(desk.limit("open"))
    before = await desk.account()
    await desk.bench.stop()
    await desk.bench.start()
    after = await desk.account()
    equal((after.balances, after.positions), (before.balances, before.positions), "account")
    equal(after.open_orders, before.open_orders, "open orders")
