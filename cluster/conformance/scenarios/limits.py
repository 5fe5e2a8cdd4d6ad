"""Request limits: kept by ourselves, honoured when the venue says so, and cancels never wait behind orders."""

from __future__ import annotations

import asyncio
from collections import Counter

from cluster.conformance.bench import Offer, Trouble, Tuning
from cluster.conformance.desk import Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import TimeInForce
from messages.reasons import Reason
from messages.venue import Outcome

LIMITS = Group("rate limits")

_SMALL = Tuning(orders_10s=60, orders_1m=120, weight_1m=1_200)
_ALLOWED = 60


def _name(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return f"n{letters[number // 676]}{letters[number // 26 % 26]}{letters[number % 26]}"


@LIMITS.scenario(Offer.REQUEST_LIMITS)
async def a_429_is_honoured(desk: Desk) -> None:
    """Nothing is sent before its time is over; then orders go again."""
    await desk.strike(Trouble.TOO_MANY)
    equal((await desk.place(desk.limit("first"))).reason, Reason.RATE_LIMIT, "first")
    before = sum(desk.bench.statuses().values())
    withheld = await desk.place(desk.limit("second"))
    equal((withheld.outcome, withheld.reason), (Outcome.NOT_SENT, Reason.RATE_LIMIT), "second")
    equal(sum(desk.bench.statuses().values()), before, "requests the venue saw")
    await asyncio.sleep(2.0)
    await desk.accepted(desk.limit("third"))
    equal([order.client_order_id for order in desk.log.orders], ["third"], "log")


@LIMITS.scenario(Offer.REQUEST_LIMITS, tuning=_SMALL, alone=True)
async def under_ten_times_the_load_nobody_is_banned(desk: Desk) -> None:
    """The venue never has to say 429, let alone 418."""
    orders = [desk.limit(_name(number), time_in_force=TimeInForce.IOC) for number in range(10 * _ALLOWED)]
    results = await asyncio.gather(*(desk.place(order) for order in orders))
    reasons = Counter(result.reason for result in results)
    equal(set(reasons), {Reason.ACCEPTED, Reason.RATE_LIMIT}, "reasons")
    demand(reasons[Reason.ACCEPTED] >= _ALLOWED // 2, reasons)
    statuses = desk.bench.statuses()
    demand(not {"418", "429"} & set(statuses), statuses)
    equal(len(desk.log.orders), reasons[Reason.ACCEPTED], "orders in the log")


@LIMITS.scenario(Offer.REQUEST_LIMITS, tuning=_SMALL, alone=True)
async def cancels_overtake_new_orders(desk: Desk) -> None:
    """All of them go through while orders are held back."""
    names = [_name(number) for number in range(30)]
    for name in names:
        await desk.accepted(desk.limit(name))
    flood = asyncio.gather(
        *(
            desk.place(desk.limit(_name(1_000 + number), time_in_force=TimeInForce.IOC))
            for number in range(10 * _ALLOWED)
        )
    )
    cancels = await asyncio.gather(*(desk.cancel(name) for name in names))
    equal({result.outcome for result in cancels}, {Outcome.ACCEPTED}, "cancels")
    refused = Counter(result.reason for result in await flood)
    demand(refused[Reason.RATE_LIMIT] > 0, refused)
    equal({desk.log.one(name).state for name in names}, {"cancelled"}, "log")
    demand(not {"418", "429"} & set(desk.bench.statuses()), desk.bench.statuses())


@LIMITS.scenario(Offer.REQUEST_LIMITS, tuning=_SMALL, alone=True)
async def two_ports_of_one_address_share_one_budget(desk: Desk) -> None:
    """Together they stay within it."""
    beside = await desk.bench.port_beside()
    ports = (desk.port, beside)
    orders = [desk.limit(_name(number), time_in_force=TimeInForce.IOC) for number in range(2 * _ALLOWED)]
    results = await asyncio.gather(
        *(ports[number % 2].place(order, desk.bench.now()) for number, order in enumerate(orders))
    )
    accepted = sum(result.outcome is Outcome.ACCEPTED for result in results)
    demand(_ALLOWED // 2 <= accepted <= _ALLOWED, f"{accepted} were accepted")
    demand(not {"418", "429"} & set(desk.bench.statuses()), desk.bench.statuses())
    equal(len(desk.log.orders), accepted, "orders in the log")


@LIMITS.scenario(Offer.REQUEST_LIMITS, tuning=_SMALL)
async def how_much_is_spent_is_told(desk: Desk) -> None:
    """A share that rises."""
    before = desk.port.health().rate_used
    for number in range(20):
        await desk.accepted(desk.limit(_name(number)))
    after = desk.port.health().rate_used
    demand(before is not None and after is not None and before < after <= 1, f"{before}, then {after}")
    demand((after or 0) >= 20 / _ALLOWED, f"{after}")
