"""Limits that adapt: what cycles ask for, within which bounds, in which mode, and what is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.risk.adaptation import ADAPTATION, TRIGGERS, Step, has_become_worse, proposed, signs_of
from actors.risk.allocation_settings import AdaptationSettings
from actors.risk.limits import SECOND, RiskLimits
from messages.control import Mode, Resume, SetMode
from messages.limits import DESK, LimitSet, SetLimit
from messages.orders import OrderReport, OrderState
from messages.reasons import Reason
from messages.statistics import AdaptationOutcome, CycleFigures, LimitsAdapted
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, D, Desk

pytestmark = pytest.mark.unit

CHOSEN = AdaptationSettings(enabled=True, cycle=60 * SECOND)
HEALTHY = CycleFigures(0, 0, False, D(0), D(0))
LIMITS = RiskLimits(max_open_orders=10, max_open_positions=5, max_order_notional=D(1000))


def cycle(**changes: object) -> CycleFigures:
    return msgspec.structs.replace(HEALTHY, **changes)


# --- what cycles ask for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figures", "step"),
    [
        (cycle(rejects=3), Step("max_order_notional", D(1000), D(950), "rejects")),
        (cycle(throttled=1), Step("max_open_orders", 10, 9, "throttled")),
        (cycle(drawdown=D("0.8")), Step("max_gross_exposure", D(1), D("0.95"), "drawdown")),
        (cycle(missing_marks=True), Step("max_open_positions", 5, 4, "missing_marks")),
    ],
)
def test_each_sign_tightens_its_limit(figures: CycleFigures, step: Step) -> None:
    assert proposed([figures], LIMITS, {}, CHOSEN) == [step]


def test_a_little_of_it_is_no_sign() -> None:
    assert signs_of(cycle(rejects=2, drawdown=D("0.79")), CHOSEN) == frozenset()
    assert signs_of(cycle(drawdown=None, profit=None), CHOSEN) == frozenset()


def test_at_most_so_many_limits_change_at_a_time() -> None:
    bad = cycle(rejects=9, throttled=9, drawdown=D(1), missing_marks=True)
    assert [step.limit for step in proposed([bad], LIMITS, {}, CHOSEN)] == [row.limit for row in TRIGGERS[:3]]


def test_three_healthy_cycles_loosen_by_a_step_what_was_tightened() -> None:
    present: dict[str, Decimal | int] = {"max_open_orders": 7, "max_order_notional": D(980)}
    assert proposed([HEALTHY] * 2, LIMITS, present, CHOSEN) == []
    assert proposed([HEALTHY] * 3, LIMITS, present, CHOSEN) == [
        Step("max_order_notional", D(980), None, "healthy"),
        Step("max_open_orders", 7, 8, "healthy"),
    ]
    assert proposed([cycle(rejects=3), *[HEALTHY] * 2], LIMITS, present, CHOSEN) == []


def test_what_fell_before_people_raised_the_limit_is_brought_to_its_floor_at_once() -> None:
    present: dict[str, Decimal | int] = {"max_open_orders": 1, "max_order_notional": D(50)}
    assert proposed([HEALTHY] * 3, LIMITS, present, CHOSEN) == [
        Step("max_order_notional", D(50), D(200), "healthy"),
        Step("max_open_orders", 1, 2, "healthy"),
    ]
    assert proposed([cycle(rejects=3)], LIMITS, present, CHOSEN) == []


def test_only_the_latest_cycle_tightens() -> None:
    """One bad cycle is answered once, and not again for as long as it is in the window."""
    assert proposed([cycle(rejects=5), HEALTHY], LIMITS, {}, CHOSEN) == []


@pytest.mark.property
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans(), st.integers(0, 120)), max_size=60)
)
def test_limits_never_leave_their_bounds(drawn: list[tuple[int, int, bool, int]]) -> None:
    present: dict[str, Decimal | int] = {}
    cycles: list[CycleFigures] = []
    for rejects, throttled, missing, fall in drawn:
        cycles.append(CycleFigures(rejects, throttled, missing, D(fall) / 100, D(0)))
        for step in proposed(cycles[-5:], LIMITS, present, CHOSEN):
            if step.after is None:
                del present[step.limit]
            else:
                present[step.limit] = step.after
        for name, value in present.items():
            whole = getattr(LIMITS, name)
            assert CHOSEN.floor * whole <= value < whole
            assert type(value) is type(whole)


@pytest.mark.parametrize(
    ("cycles", "worse"),
    [
        ([], False),
        ([HEALTHY] * 5, False),
        ([HEALTHY, cycle(rejects=3)], True),
        ([cycle(drawdown=D("0.9"))], True),
        ([cycle(throttled=1)] * 2, False),
        ([cycle(throttled=1)] * 3, True),
        ([cycle(profit=D("-0.002"))] * 2, False),
        ([cycle(profit=D("-0.002"))] * 3, True),
        ([cycle(profit=None)] * 3, False),
    ],
)
def test_what_came_after_a_loosening_may_be_worse(cycles: list[CycleFigures], worse: bool) -> None:
    assert has_become_worse(cycles, CHOSEN) is worse


# --- the actor --------------------------------------------------------------------------------------------------


def adapting() -> Desk:
    limits = bench.limits(max_open_orders=10, max_order_notional=D(1000))
    return Desk(bench.settings(limits, adaptation=CHOSEN)).seed(100_000).mark()


def next_cycle(desk: Desk) -> None:
    desk.wait(CHOSEN.cycle - desk.ctx.now % CHOSEN.cycle)
    desk.mark()


def throttle(desk: Desk) -> None:
    intent_id = desk.intend(BUY, 1)
    report = OrderReport(
        intent_id, "BTC-USDT", None, OrderState.REJECTED, D(1), D(0), True, Reason.RATE_LIMIT, desk.ctx.now
    )
    desk.give(report, "execution/paper")


def refuse(desk: Desk) -> None:
    """As many orders as are too many for a cycle."""
    for _ in range(CHOSEN.reject_spike):
        desk.report(desk.intend(BUY, 1), OrderState.REJECTED)


def adapted(desk: Desk) -> Mapping[str, str]:
    return desk.risk.state.limit_changes.get(ADAPTATION, {})


def outcomes(desk: Desk) -> list[AdaptationOutcome]:
    return [each.outcome for each in desk.journal if isinstance(each, LimitsAdapted)]


def test_a_cycle_with_refusals_takes_an_order_away_and_is_recorded_with_its_version() -> None:
    desk = adapting()
    throttle(desk)
    next_cycle(desk)
    assert adapted(desk) == {"max_open_orders": "9"}
    assert desk.risk._limits.max_open_orders == 9
    told = desk.events(LimitsAdapted)[0]
    assert (told.outcome, told.version) == (AdaptationOutcome.APPLIED, desk.risk.state.limit_version)
    assert desk.events(LimitSet)[0].by == "risk/adaptation"


def test_adapted_limits_survive_a_restart() -> None:
    desk = adapting()
    throttle(desk)
    next_cycle(desk)
    desk.restart()
    assert desk.risk._limits.max_open_orders == 9
    assert desk.risk.state.adaptation.ends_at > desk.ctx.now


def test_without_being_asked_for_what_was_adapted_is_not_in_force() -> None:
    desk = adapting()
    throttle(desk)
    next_cycle(desk)
    desk.settings = msgspec.structs.replace(desk.settings, adaptation=AdaptationSettings())
    desk.restart()
    assert desk.risk._limits.max_open_orders == 10


def test_only_in_normal() -> None:
    desk = adapting()
    throttle(desk)
    desk.give(SetMode("ann", Mode.REDUCE, "test"))
    next_cycle(desk)
    assert adapted(desk) == {}
    assert outcomes(desk) == [AdaptationOutcome.REJECTED]


def test_what_a_person_sets_tighter_holds() -> None:
    desk = adapting()
    throttle(desk)
    next_cycle(desk)
    desk.give(SetLimit("ann", "max_open_orders", DESK, "4"))
    assert desk.risk._limits.max_open_orders == 4


def test_healthy_cycles_bring_the_limit_back_to_what_is_set() -> None:
    desk = adapting()
    throttle(desk)
    for _ in range(4):
        next_cycle(desk)
    assert adapted(desk) == {}
    assert desk.risk._limits.max_open_orders == 10


def test_a_loosening_after_which_it_gets_worse_is_taken_back_once() -> None:
    desk = adapting()
    for _ in range(2):
        throttle(desk)
        next_cycle(desk)
    assert adapted(desk) == {"max_open_orders": "8"}
    for _ in range(3):
        next_cycle(desk)
    assert adapted(desk) == {"max_open_orders": "9"}
    refuse(desk)
    next_cycle(desk)
    assert adapted(desk) == {"max_open_orders": "8"}
    assert outcomes(desk)[-1] is AdaptationOutcome.ROLLED_BACK
    for _ in range(2):
        next_cycle(desk)
    assert outcomes(desk).count(AdaptationOutcome.ROLLED_BACK) == 1
    assert desk.replayed().state.adaptation == desk.risk.state.adaptation


def test_what_is_taken_back_stays_above_the_floor_of_a_limit_that_people_have_raised() -> None:
    desk = adapting()
    desk.give(SetLimit("ann", "max_order_notional", DESK, "500"))
    for _ in range(2):
        refuse(desk)
        next_cycle(desk)
    assert adapted(desk) == {"max_order_notional": "451.2500"}
    for _ in range(3):
        next_cycle(desk)
    assert adapted(desk) == {"max_order_notional": "473.8125"}
    desk.give(SetLimit("ann", "max_order_notional", DESK, "5000"))
    refuse(desk)
    next_cycle(desk)
    assert outcomes(desk)[-1] is AdaptationOutcome.ROLLED_BACK
    assert adapted(desk) == {"max_order_notional": "473.8125"}


def test_a_tightening_is_never_taken_back_for_getting_worse() -> None:
    desk = adapting()
    for expected in ("9", "8", "7"):
        throttle(desk)
        next_cycle(desk)
        assert adapted(desk) == {"max_open_orders": expected}
    assert AdaptationOutcome.ROLLED_BACK not in outcomes(desk)


def test_a_loss_is_counted_against_nav_at_the_cycle_s_beginning() -> None:
    desk = adapting()
    next_cycle(desk)
    desk.trade(BUY, 10, 100)
    desk.mark("BTC-USDT", 90.0)
    desk.wait(CHOSEN.cycle - desk.ctx.now % CHOSEN.cycle).mark("BTC-USDT", 90.0)
    assert desk.risk.state.adaptation.cycles[-1].profit == D("-0.001")


def test_a_resume_changes_nothing_of_it() -> None:
    desk = adapting()
    throttle(desk)
    next_cycle(desk)
    desk.give(Resume("ann", "seen"))
    assert adapted(desk) == {"max_open_orders": "9"}
