"""The last gate before the socket: reasons in order, and the whole table mode x exposure."""

from __future__ import annotations

import msgspec
import pytest

from actors.execution.gate import CHECKS, ENDING, MODE_REASON, refusal
from actors.execution.order import placement
from actors.execution.settings import ExecutionSettings
from messages.control import Halt, Mode
from messages.reasons import Reason
from messages.venue import PlaceOrder
from tests.actors.execution.rig import SAFE, START, Rig, terms

pytestmark = pytest.mark.unit


def effect(*, increases: bool = True, version: int = 3) -> PlaceOrder:
    return placement("rdx", terms(), version, increases, SAFE)


def judge(
    order: PlaceOrder,
    *,
    now: int = START,
    mode: Mode = Mode.NORMAL,
    version: int = 3,
    settings: ExecutionSettings = SAFE,
) -> Reason | None:
    return refusal(order, now, mode, version, settings)


@pytest.mark.parametrize(
    ("mode", "increasing", "decreasing"),
    [
        (Mode.NORMAL, None, None),
        (Mode.REDUCE, Reason.MODE_REDUCE, None),
        (Mode.HALTED, Reason.HALTED, None),
        (Mode.OBSERVE, Reason.MODE_OBSERVE, Reason.MODE_OBSERVE),
    ],
)
def test_what_each_mode_lets_pass(mode: Mode, increasing: Reason | None, decreasing: Reason | None) -> None:
    assert judge(effect(increases=True), mode=mode) is increasing
    assert judge(effect(increases=False), mode=mode) is decreasing


def test_an_order_may_leave_at_its_deadline_but_not_after() -> None:
    order = effect()
    assert judge(order, now=order.deadline) is None
    assert judge(order, now=order.deadline + 1) is Reason.EXPIRED


def test_an_approval_of_an_older_mode_is_void_and_one_of_a_newer_stands() -> None:
    assert judge(effect(version=2)) is Reason.MODE_OUTDATED
    assert judge(effect(version=4)) is None


def test_read_only_and_dry_run_let_nothing_pass() -> None:
    assert judge(effect(), settings=msgspec.structs.replace(SAFE, read_only=True)) is Reason.READ_ONLY
    assert judge(effect(), settings=msgspec.structs.replace(SAFE, dry_run=True)) is Reason.DRY_RUN


def test_the_first_reason_in_order_is_given() -> None:
    everything = msgspec.structs.replace(SAFE, read_only=True, dry_run=True)
    order = effect(version=1)
    assert judge(order, now=order.deadline + 1, mode=Mode.OBSERVE, settings=everything) is Reason.EXPIRED
    assert judge(order, mode=Mode.OBSERVE, settings=everything) is Reason.MODE_OUTDATED
    assert judge(effect(), mode=Mode.OBSERVE, settings=everything) is Reason.MODE_OBSERVE


def test_every_reason_of_the_gate_has_an_ending() -> None:
    reasons = {reason for reason, _ in CHECKS if reason is not None} | set(MODE_REASON.values())
    assert reasons == set(ENDING)


def test_the_actor_offers_the_gate_with_the_newest_mode_it_knows() -> None:
    rig = Rig()
    order = effect(version=0)
    assert rig.actor.gate(order, rig.now) is None
    rig.take(Halt("ana", "drill"), sender="operator")
    assert rig.actor.gate(order, rig.now) is Reason.HALTED
