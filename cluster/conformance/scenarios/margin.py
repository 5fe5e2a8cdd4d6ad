"""Leverage, margin and position modes."""

from __future__ import annotations

from actors.venues.port import MarginVenue
from cluster.conformance.bench import Offer
from cluster.conformance.desk import D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import PositionLeg, Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome
from messages.venue_account import ConfigureAccount, ConfigureResult, MarginMode, SymbolMargin

MARGIN = Group("margin")


async def _configure(desk: Desk, *symbols: SymbolMargin, hedge_mode: bool | None = None) -> ConfigureResult:
    port = desk.port
    assert isinstance(port, MarginVenue), "the port has no margin, though its traits say so"
    return await port.configure(ConfigureAccount(desk.port.venue, symbols, hedge_mode))


@MARGIN.scenario(Offer.MARGIN)
async def configuring_is_harmless_to_repeat(desk: Desk) -> None:
    """What already is so counts as done."""
    wanted = SymbolMargin(desk.symbol, 7, MarginMode.ISOLATED)
    for _ in range(3):
        result = await _configure(desk, wanted, hedge_mode=False)
        equal((result.outcome, result.refused), (Outcome.ACCEPTED, {}), f"configure ({result.detail})")
    settings = dict(desk.log.settings)
    equal((settings["leverage"], settings["isolated"]), (7, True), "settings in the log")


@MARGIN.scenario(Offer.MARGIN)
async def what_the_venue_refuses_is_told_by_symbol(desk: Desk) -> None:
    """The others are set."""
    first, second = desk.bench.symbols
    result = await _configure(desk, SymbolMargin(first, 1_000), SymbolMargin(second, 5))
    equal((result.outcome, set(result.refused)), (Outcome.ACCEPTED, {first}), f"configure ({result.refused})")
    equal(dict(desk.log.settings)["leverage"], 5, "settings in the log")


@MARGIN.scenario(Offer.HEDGE_MODE)
async def long_and_short_are_kept_apart_in_hedge_mode(desk: Desk) -> None:
    """A sell of the short leg does not close the long one."""
    equal((await _configure(desk, hedge_mode=True)).outcome, Outcome.ACCEPTED, "configure")
    await desk.buy_position("0.030", leg=PositionLeg.LONG)
    await desk.accepted(desk.market("short", "0.010", side=Side.SELL, leg=PositionLeg.SHORT))
    await desk.becomes("short", OrderState.FILLED)
    equal((await desk.account()).positions, {desk.symbol: D("0.020")}, "net position")
    closing = desk.market("close", "0.010", leg=PositionLeg.SHORT, reduce_only=True)
    await desk.accepted(closing)
    await desk.becomes("close", OrderState.FILLED)
    equal((await desk.account()).positions, {desk.symbol: D("0.030")}, "position")
    equal(len(desk.log.orders), 3, "orders in the log")


@MARGIN.scenario(Offer.HEDGE_MODE)
async def an_order_of_the_wrong_position_mode_is_refused(desk: Desk) -> None:
    """A leg where the account nets."""
    result = await desk.place(desk.limit("leg", leg=PositionLeg.LONG))
    equal((result.outcome, result.reason), (Outcome.REJECTED, Reason.POSITION_MODE), "place")
    equal(desk.log.of("leg"), [], "log")


@MARGIN.scenario(Offer.HEDGE_MODE)
async def the_position_mode_does_not_change_under_a_position(desk: Desk) -> None:
    """And that is said."""
    await desk.buy_position()
    result = await _configure(desk, hedge_mode=True)
    demand(result.outcome is Outcome.REJECTED, result)
    demand("hedge" not in dict(desk.log.settings), desk.log.settings)
