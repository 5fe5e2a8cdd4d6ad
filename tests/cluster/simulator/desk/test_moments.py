"""The worst moment: an approval lies unread before execution. A kill switch then is execution's alone to obey."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec
import pytest

from cluster.simulator.desk.faults import SECOND, DeskMisfortune
from cluster.simulator.desk.shape import drawn_shape
from cluster.simulator.desk.troubles import befall
from cluster.simulator.desk.world import DeskWorld
from cluster.simulator.faults import FaultPlan
from messages.intents import SubmitOrder

pytestmark = pytest.mark.unit

SEEDS = range(6)
HELD_BACK = "a kill switch alone held an approved order back"


def trading(seed: int) -> DeskWorld:
    """A desk without faults that has traded for two seconds."""
    chance = Random(f"moments {seed}")
    shape = msgspec.structs.replace(drawn_shape(chance, FaultPlan({}, {}, False, 0)), lame=None, remote=0.0)
    world = DeskWorld(shape, chance, DeskMisfortune(shape.plan, chance))
    world.begin()
    run(world, 2 * SECOND)
    return world


def run(world: DeskWorld, duration: int, until: Callable[[], bool] = lambda: False) -> None:
    end = world.clock.now + duration
    while world.clock.now < end and not until():
        world.step()


def unread(world: DeskWorld) -> list[SubmitOrder]:
    """The approvals that no execution has taken."""
    found = []
    for address, actor in world.store.actors.items():
        if address.startswith("execution/"):
            entries = actor.mailbox.after(actor.position.mailbox, 100)
            found += [each.message for _, each in entries if isinstance(each.message, SubmitOrder)]
    return found


def test_what_waits_for_an_approval_is_done_once_before_execution_has_read_it() -> None:
    looks: list[list[list[SubmitOrder]]] = []
    for seed in SEEDS:
        world, seen = trading(seed), list[list[SubmitOrder]]()
        for _ in range(2):
            world.moments.at_approval("look", lambda world=world, seen=seen: seen.append(unread(world)))
        run(world, SECOND)
        looks.append(seen)
    assert all(len(seen) <= 1 for seen in looks)
    found = [seen[0] for seen in looks if seen]
    assert found, "no desk approved anything"
    assert all(any(each.increases_exposure for each in approvals) for approvals in found)


def test_what_waits_for_mail_is_done_once_while_it_is_unread() -> None:
    world, seen = trading(0), list[list[SubmitOrder]]()
    for _ in range(2):
        world.moments.at_mail("look", lambda: seen.append(unread(world)))
    run(world, SECOND)
    [approvals] = seen
    assert approvals


def test_a_kill_switch_at_that_moment_holds_the_order_back_though_its_approval_is_not_outdated() -> None:
    """That nothing which may increase exposure leaves from then on is an invariant that is checked on the way."""
    held = 0
    for seed in SEEDS:
        world = trading(seed)
        befall(world, "halted_at_approval")
        run(world, SECOND, until=lambda world=world: bool(world.reached.counts[HELD_BACK]))
        if world.reached.counts[HELD_BACK]:
            held += 1
            assert world.named["risk"].paused, "risk has not heard of the switch"
    assert held
