"""A store that lost history costs every process a new claim, and nobody a restart that counts."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from cluster.simulator.desk.faults import SECOND, DeskMisfortune
from cluster.simulator.desk.shape import drawn_shape
from cluster.simulator.desk.world import DeskWorld
from cluster.simulator.faults import FaultPlan
from messages.supervision import ExitReason
from supervisors.lifecycle import ChildStatus
from supervisors.state import ChildRecord, SupervisorState

pytestmark = pytest.mark.unit


def children_after_a_loss(seed: int) -> list[ChildRecord]:
    """Every supervisor's children on a desk without other faults, four seconds after its store lost one second."""
    chance = Random(seed)
    shape = msgspec.structs.replace(drawn_shape(chance, FaultPlan({}, {}, False, 0)), lame=None, remote=0.0)
    world = DeskWorld(shape, chance, DeskMisfortune(shape.plan, chance))
    start = world.clock.now
    world.at(start + SECOND, world.backups.take)
    world.at(start + 2 * SECOND, world.backups.restore)
    world.begin()
    while world.clock.now < start + 6 * SECOND:
        world.step()
    if not world.histories:
        return []  # too few processes had gone on since the backup to tell that history was lost
    states = [shadow.actor.state for shadow in world.watch.shadows.values()]
    return [
        child for state in states if isinstance(state, SupervisorState) for child in state.children.values()
    ]


def test_a_lost_store_spends_no_restarts_and_everything_runs_again() -> None:
    desks = [found for seed in range(6) if (found := children_after_a_loss(seed))]
    assert len(desks) >= 4
    children = [child for desk in desks for child in desk]
    assert {child.status for child in children} == {ChildStatus.RUNNING}
    assert {child.last_exit for child in children} == {None, ExitReason.FENCED}
    assert [child.id for child in children if child.restarts or child.failures] == []
