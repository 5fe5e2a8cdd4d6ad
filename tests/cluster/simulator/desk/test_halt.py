"""The kill switch takes one message: execution obeys the operator's own word in its next step, with or without risk."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from cluster.simulator.desk.faults import SECOND, DeskMisfortune
from cluster.simulator.desk.shape import drawn_shape
from cluster.simulator.desk.world import DeskWorld
from cluster.simulator.faults import MILLISECOND, FaultPlan
from cluster.steps.journal import InputKind
from cluster.store.port import Section
from messages.base import CONTROL
from messages.control import Halt, Mode
from messages.intents import Verdict
from messages.modes import ModeDecided
from messages.order_events import ExecutionModeSet, OrderPlacing
from messages.portfolio import IntentDecided

pytestmark = pytest.mark.unit

SEEDS = range(4)


class Watched(DeskWorld):
    """Keeps every committed step, in order."""

    def _tell(self, section: Section) -> None:
        super()._tell(section)
        self.__dict__.setdefault("committed", []).append(section)


def halted(seed: int, *, without_risk: bool) -> tuple[list[Section], list[Section]]:
    """The steps before the kill switch is posted, and those of the time after it."""
    chance = Random(f"halt {seed}")
    calm = FaultPlan({}, {}, False, 0)
    shape = msgspec.structs.replace(drawn_shape(chance, calm), lame=None, remote=0.0)
    world = Watched(shape, chance, DeskMisfortune(shape.plan, chance))
    world.begin()
    until = world.clock.now + 2 * SECOND
    while world.clock.now < until:
        world.step()
    before = list(world.__dict__["committed"])
    if without_risk:
        risk = world.named["risk"]
        risk.paused = True
        world.doze(risk)
    world.post(Halt("anna", "drill"), to=CONTROL)
    until = world.clock.now + 1_500 * MILLISECOND
    while world.clock.now < until:
        world.step()
    return before, world.__dict__["committed"][len(before) :]


def has(section: Section, kind: type) -> bool:
    return any(isinstance(event, kind) for event in section.record.events)


def obeys(section: Section) -> bool:
    """Whether the kill switch took effect in this step of an execution actor."""
    return any(isinstance(each, ExecutionModeSet) and each.halt_unconfirmed for each in section.record.events)


def adds(section: Section) -> bool:
    """Whether an order that may increase exposure was promised in this step."""
    return any(isinstance(each, OrderPlacing) and each.increases_exposure for each in section.record.events)


@pytest.mark.parametrize("without_risk", [False, True], ids=["with_risk", "risk_stands_still"])
def test_execution_obeys_in_its_next_step_and_adds_nothing_from_then_on(without_risk: bool) -> None:
    added = 0
    for seed in SEEDS:
        before, after = halted(seed, without_risk=without_risk)
        added += sum(adds(each) for each in before)
        for address in {each.address for each in before if each.address.startswith("execution/")}:
            steps = [each for each in after if each.address == address]
            hops = next(number for number, each in enumerate(steps) if obeys(each))
            # a step that had taken its inputs before the word came is committed first; one more is one too many
            assert hops <= 1, (seed, address, hops)
            taken = [item.kind for item in steps[hops].record.inputs]
            assert InputKind.CONTROL in taken
            assert taken[0] is InputKind.CONTROL, "control is read before all other mail"
            late = [each for each in steps[hops:] if adds(each)]
            assert late == [], (seed, address)
        if without_risk:  # its supervisor finds it hung and replaces it, but long after
            risks = next((n for n, each in enumerate(after) if each.address == "risk"), len(after))
            assert max(n for n, each in enumerate(after) if obeys(each)) < risks, seed
    assert added > len(SEEDS), "the desks traded too little for this to say anything"


def test_risk_halts_the_desk_in_its_next_step_too_and_approves_nothing_that_adds() -> None:
    for seed in SEEDS:
        _, after = halted(seed, without_risk=False)
        steps = [each for each in after if each.address == "risk"]
        hops = next(number for number, each in enumerate(steps) if has(each, ModeDecided))
        assert hops <= 1, (seed, hops)
        decided = [event for event in steps[hops].record.events if isinstance(event, ModeDecided)]
        assert decided[-1].mode is Mode.HALTED
        approved = [
            event
            for each in steps[hops + 1 :]
            for event in each.record.events
            if isinstance(event, IntentDecided) and event.verdict is not Verdict.REJECTED
        ]
        assert not any(event.increases_exposure for event in approved), seed
