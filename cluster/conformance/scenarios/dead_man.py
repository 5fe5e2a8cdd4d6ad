"""The dead-man switch: the venue cancels by itself when it is not heard from."""

from __future__ import annotations

from actors.venues.port import DeadManVenue
from cluster.conformance.bench import Offer
from cluster.conformance.desk import Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.orders import OrderState
from messages.venue import Outcome
from messages.venue_account import ArmDeadMan, DeadManResult

DEAD_MAN = Group("dead-man switch")

_MILLISECOND = 1_000_000


async def _arm(desk: Desk, countdown_ms: int, *symbols: str) -> DeadManResult:
    port = desk.port
    assert isinstance(port, DeadManVenue), "the port has no dead-man switch, though its traits say so"
    arm = ArmDeadMan(desk.port.venue, symbols or (desk.symbol,), countdown_ms * _MILLISECOND)
    result = await port.arm_dead_man(arm)
    equal(result.outcome, Outcome.ACCEPTED, f"arm ({result.detail})")
    return result


@DEAD_MAN.scenario(Offer.DEAD_MAN_SWITCH)
async def it_fires_when_nothing_is_heard(desk: Desk) -> None:
    """Open orders are cancelled; stops stay, as they protect."""
    await desk.rests(desk.limit("watched"))
    await desk.rests(desk.stop("guard", "49000.0"))
    equal((await _arm(desk, 200)).symbols, (desk.symbol,), "symbols it runs for")
    await desk.becomes("watched", OrderState.CANCELLED)
    equal((await desk.there("guard", conditional=True)).state, OrderState.WORKING, "the stop")
    equal([order.state for order in desk.log.orders], ["cancelled", "working"], "log")


@DEAD_MAN.scenario(Offer.DEAD_MAN_SWITCH)
async def it_does_not_fire_while_it_is_kept(desk: Desk) -> None:
    """Each call starts the countdown anew. A call may come a second late, as on a busy machine."""
    await desk.rests(desk.limit("kept"))
    for _ in range(7):
        await _arm(desk, 1_500)
        await desk.settle(0.25)
    equal(desk.log.one("kept").state, "working", "log")
    await _arm(desk, 0)


@DEAD_MAN.scenario(Offer.DEAD_MAN_SWITCH)
async def it_is_disarmed(desk: Desk) -> None:
    """And nothing happens when its time comes."""
    await desk.rests(desk.limit("free"))
    await _arm(desk, 300)
    equal((await _arm(desk, 0)).symbols, (), "symbols it runs for")
    await desk.settle(0.5)
    equal(desk.log.one("free").state, "working", "log")


@DEAD_MAN.scenario(Offer.DEAD_MAN_SWITCH)
async def it_is_about_the_symbols_it_was_armed_for(desk: Desk) -> None:
    """Orders of others stay."""
    second = desk.bench.symbols[1]
    await desk.rests(desk.limit("mine"))
    await desk.rests(desk.limit("other", symbol=second))
    await _arm(desk, 200)
    await desk.becomes("mine", OrderState.CANCELLED)
    equal(desk.log.one("other").state, "working", "log")


@DEAD_MAN.scenario(Offer.DEAD_MAN_SWITCH)
async def it_runs_for_the_symbols_that_exist(desk: Desk) -> None:
    """One that is unknown does not leave the others unguarded."""
    port = desk.port
    assert isinstance(port, DeadManVenue)
    arm = ArmDeadMan(port.venue, (desk.symbol, "NONE-USDT"), 200 * _MILLISECOND)
    await desk.rests(desk.limit("guarded"))
    result = await port.arm_dead_man(arm)
    equal(result.symbols, (desk.symbol,), "symbols it runs for")
    demand(result.outcome is not Outcome.ACCEPTED, "the unknown symbol goes unsaid")
    await desk.becomes("guarded", OrderState.CANCELLED)
    equal(desk.log.one("guarded").state, "cancelled", "log")
