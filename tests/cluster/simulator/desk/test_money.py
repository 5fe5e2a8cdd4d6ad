"""People move money at venues while the desk trades: it is told or recorded, and in the end in the books once."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import msgspec
import pytest

from actors.risk.state import RiskState
from cluster.simulator.desk.audit.transfers import Moved
from cluster.simulator.desk.faults import SECOND
from cluster.simulator.desk.money import move_money, record
from cluster.simulator.desk.shape import drawn_shape
from cluster.simulator.desk.world import DeskWorld
from cluster.simulator.faults import FaultPlan
from messages.venue_account import QueryAccount
from messages.venue_stream import VenueTransfer

pytestmark = pytest.mark.unit

AMOUNT = Decimal("1234.56")


def running(seed: int, *, told: bool) -> DeskWorld:
    """A desk without faults whose accounts were read."""
    chance = Random(f"money {seed}")
    shape = msgspec.structs.replace(drawn_shape(chance, FaultPlan({}, {}, False, 0)), lame=None)
    names = tuple(shape.config.venues) if told else ()
    shape = msgspec.structs.replace(shape, risk=msgspec.structs.replace(shape.risk, tells_transfers=names))
    world = DeskWorld(shape, chance)
    world.begin()
    run(world, 2 * SECOND)
    assert world.watch.limits.portfolio.opened
    return world


def run(world: DeskWorld, duration: int) -> None:
    until = world.clock.now + duration
    while world.clock.now < until:
        world.step()


def deposited(world: DeskWorld, *, told: bool) -> Moved:
    name = next(iter(world.exchanges))
    moved = Moved(name, f"{name}-x", "USDT", AMOUNT, told)
    world.moved.append(moved)
    world.exchanges[name].move_by_hand(moved)
    return moved


def risk_of(world: DeskWorld) -> RiskState:
    state = world.watch.shadows["risk"].actor.state
    assert isinstance(state, RiskState)
    return state


@pytest.mark.parametrize("seed", range(3))
def test_a_venue_that_tells_needs_no_record_and_one_is_not_counted(seed: int) -> None:
    world = running(seed, told=True)
    before = risk_of(world).deposits
    moved = deposited(world, told=True)
    run(world, SECOND)
    assert risk_of(world).deposits == before + AMOUNT
    record(world, moved)
    run(world, SECOND)
    assert risk_of(world).deposits == before + AMOUNT
    assert world.reached.counts["money that was told twice was booked once"] == 1


def test_money_that_nobody_tells_is_in_the_books_once_it_is_recorded() -> None:
    world = running(4, told=False)
    before = risk_of(world).deposits
    moved = deposited(world, told=False)
    run(world, SECOND)
    assert risk_of(world).deposits == before
    record(world, moved)
    record(world, moved)
    run(world, SECOND)
    assert risk_of(world).deposits == before + AMOUNT
    assert world.watch.limits.portfolio.transferred == {(moved.venue, moved.transfer_id): 1}


def test_a_transfer_has_its_place_in_the_stream_and_moves_the_balance_at_once() -> None:
    world = running(5, told=True)
    [name, *_] = world.exchanges
    venue = world.exchanges[name].venue
    before, last = venue.account(QueryAccount(name)).balances["USDT"], venue.published
    deposited(world, told=True)
    assert venue.account(QueryAccount(name)).balances["USDT"] == before + AMOUNT
    run(world, SECOND)
    told = [each for each in venue.events_after(last) if isinstance(each, VenueTransfer)]
    assert [(each.amount, each.currency) for each in told] == [(AMOUNT, "USDT")]


def test_withdrawals_leave_most_of_what_is_there_and_nothing_moves_before_the_account_was_read() -> None:
    world = running(6, told=True)
    for _ in range(60):
        move_money(world)
    assert len({each.transfer_id for each in world.moved}) == len(world.moved) > 30
    assert {each.amount > 0 for each in world.moved} == {True, False}
    for name, exchange in world.exchanges.items():
        assert all(amount > 0 for amount in exchange.venue.account(QueryAccount(name)).balances.values())
    unread = DeskWorld(world.shape, Random(1))
    assert not any(move_money(unread) for _ in range(20))
    assert unread.moved == []
