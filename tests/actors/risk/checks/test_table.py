"""Each check allows, shrinks and rejects: one case of each, for every row of the list."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from actors.risk.checks import CHECKS
from messages.intents import Verdict
from tests.actors.risk import desk as bench
from tests.actors.risk.checks.cases import CASES, Case
from tests.actors.risk.checks.elsewhere import ELSEWHERE
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits, result

pytestmark = pytest.mark.unit

BTC = "paper/BTC-USDT"
ROOT = Path(__file__).parents[4]


def desk_of(case: Case, held: str = "0", others: bool = False) -> Desk:
    desk = Desk(bench.settings(limits(**case.limits), **case.settings))
    positions = {"BTC_USDT": held, **(case.others if others else {})}
    return desk.seed(**{name: quantity for name, quantity in positions.items() if D(quantity)}).mark()


def test_every_check_has_its_tests() -> None:
    assert {*CASES, *ELSEWHERE} == {check.name for check in CHECKS}


@pytest.mark.parametrize("name", CASES)
def test_what_is_within_the_limit_is_allowed(name: str) -> None:
    case = CASES[name]
    desk = desk_of(case)
    if case.calm is not None:
        case.calm(desk)
    desk.intend(BUY, case.allowed, **case.calm_terms)
    found = result(desk, name)
    assert found.passed, found
    assert desk.decision.verdict is Verdict.APPROVED, desk.decision


@pytest.mark.parametrize("name", CASES)
def test_what_exceeds_it_shrinks_to_what_would_pass(name: str) -> None:
    case = CASES[name]
    if case.resized is not None:
        desk = desk_of(case)
        desk.intend(BUY, 10, **case.terms)
        expected = D(case.resized)
    else:
        desk = desk_of(case, case.held, others=True)
        if case.before is not None:
            case.before(desk)
        if case.late:
            desk.fill("late", BUY, 5)
        holding = desk.risk.state.holdings[BTC]
        expected = holding.position - holding.sells
        asked = expected + 3 if case.sold is None else D(case.sold)
        terms = case.terms if case.sell_terms is None else case.sell_terms
        desk.intend(SELL, asked, **{"worst": _price(desk), **terms})
    found = result(desk, name)
    assert (found.passed, found.reason) == (False, case.reason)
    assert found.allowed == expected
    assert (desk.decision.verdict, desk.decision.quantity) == (Verdict.RESIZED, expected)


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].rejected != "0"])
def test_what_leaves_no_room_is_rejected(name: str) -> None:
    case = CASES[name]
    desk = desk_of(case, others=True)
    if case.before is not None:
        case.before(desk)
    desk.intend(case.side, case.rejected, **{"worst": _price(desk), **case.terms})
    found = result(desk, name)
    assert (found.passed, found.reason) == (False, case.reason)
    assert desk.decision.verdict is Verdict.REJECTED
    check = next(each for each in CHECKS if each.name == name)
    assert found.reason in check.reasons


def _price(desk: Desk) -> Decimal:
    mark = desk.risk.state.marks["BTC-USDT"]
    return mark.bid


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].rejected == "0"])
def test_a_limit_on_one_order_rejects_what_would_be_below_the_minimum(name: str) -> None:
    """What shrinks an order to a size of its own rejects only where that size is too small to trade."""
    case = CASES[name]
    large = bench.instrument("BTC-USDT", min_quantity=D(6))
    desk = Desk(bench.settings(limits(**case.limits), instruments=(large,))).seed().mark()
    desk.intend(BUY, 10, **case.terms)
    assert desk.decision.verdict is Verdict.REJECTED
    assert result(desk, name).reason is case.reason


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_tests_that_are_elsewhere_are_there(name: str) -> None:
    for place in ELSEWHERE[name].values():
        file, _, test = place.partition("::")
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), place


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_check_tested_elsewhere_has_all_three_or_says_why(name: str) -> None:
    check = next(each for each in CHECKS if each.name == name)
    wanted = {"allow", "reject"} if check.no_resize else {"allow", "resize", "reject"}
    assert set(ELSEWHERE[name]) == wanted
