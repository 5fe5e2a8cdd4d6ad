"""Decimals to the last digit, on the way there and back."""

from __future__ import annotations

from cluster.conformance.bench import Tuning
from cluster.conformance.desk import ASK, BID, D, Desk
from cluster.conformance.scenario import Group, equal
from messages.intents import Side
from messages.orders import OrderState

PRECISION = Group("precision")

_EIGHT = D("0.00000001")


@PRECISION.scenario()
async def prices_and_quantities_arrive_as_they_were_sent(desk: Desk) -> None:
    """Nothing is rounded on the way."""
    rows = {"one": ("48000.1", "0.003"), "two": ("47999.9", "1.234"), "three": ("47123.7", "0.007")}
    for name, (price, quantity) in rows.items():
        await desk.rests(desk.limit(name, price, quantity))
        logged = desk.log.one(name)
        equal((logged.price, logged.quantity), (D(price), D(quantity)), f"log of {name}")
        found = await desk.there(name)
        equal(found.quantity, D(quantity), f"query of {name}")


@PRECISION.scenario()
async def numbers_in_any_notation_mean_the_same(desk: Desk) -> None:
    """1E+1 is ten, 0.0100 is a hundredth."""
    for name, price, quantity in (("sci", "4.8E+4", "1E-2"), ("zeros", "48000.000", "0.0100")):
        await desk.rests(desk.limit(name, price, quantity))
        logged = desk.log.one(name)
        equal((logged.price, logged.quantity), (D("48000"), D("0.01")), f"log of {name}")


@PRECISION.scenario()
async def fees_are_exact_to_the_last_digit(desk: Desk) -> None:
    """Of takers, at prices that do not come out even."""
    await desk.bench.show([(BID, "5")], [("50000.7", "0.003"), ("50001.3", "5")])
    await desk.accepted(desk.market("odd", "0.010"))
    await desk.becomes("odd", OrderState.FILLED)
    told = list(desk.ear.fills("odd").values())
    wanted = [
        (price * quantity * D("0.0004")).quantize(_EIGHT)
        for price, quantity in ((D("50000.7"), D("0.003")), (D("50001.3"), D("0.007")))
    ]
    equal([fill.fee for fill in told], wanted, "fees")
    equal({fill.fee_currency for fill in told}, {"USDT"}, "currency")
    equal([fill.fee for fill in desk.log.one("odd").fills], wanted, "fees in the log")


@PRECISION.scenario()
async def a_makers_fee_is_its_own(desk: Desk) -> None:
    """Half the taker's here."""
    await desk.rests(desk.limit("maker", "50000.3", "0.007"))
    await desk.bench.print_trade("50000.3", "1", Side.SELL)
    await desk.becomes("maker", OrderState.FILLED)
    wanted = (D("50000.3") * D("0.007") * D("0.0002")).quantize(_EIGHT)
    equal([fill.fee for fill in desk.ear.fills("maker").values()], [wanted], "fee")
    equal([fill.fee for fill in desk.log.one("maker").fills], [wanted], "fee in the log")


@PRECISION.scenario(tuning=Tuning(balance=D("98765.43210987")))
async def the_balance_adds_up_to_the_last_digit(desk: Desk) -> None:
    """Cash = what was there + what a round trip made - its fees."""
    await desk.buy_position("0.013")
    await desk.accepted(desk.market("back", "0.013", side=Side.SELL))
    await desk.becomes("back", OrderState.FILLED)
    fees = sum((fill.fee for name in ("opening", "back") for fill in desk.ear.fills(name).values()), D(0))
    wanted = D("98765.43210987") + (D(BID) - D(ASK)) * D("0.013") - fees
    equal((await desk.account()).balances["USDT"], wanted, "balance")
    logged = [fill for order in desk.log.orders for fill in order.fills]
    equal(sum((fill.fee for fill in logged), D(0)), fees, "fees in the log")
