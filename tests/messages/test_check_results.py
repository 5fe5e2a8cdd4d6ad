"""A check's answer: what follows from its figures, and what older journals said of it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from messages import codec
from messages.intents import CheckResult, IntentRejected
from messages.reasons import Layer, Reason

pytestmark = pytest.mark.unit

D = Decimal


@pytest.mark.parametrize(
    ("result", "room"),
    [
        (CheckResult("gross_exposure", D(100), D(40), "quote"), D(60)),
        (CheckResult("cash_reserve", D(100), D(40), "quote", at_least=True), D(-60)),
        (CheckResult("open_orders", 5, 7, "count", Reason.MAX_OPEN_ORDERS), D(-2)),
        (CheckResult("whitelist"), None),
    ],
)
def test_the_room_is_what_is_left_of_the_limit(result: CheckResult, room: Decimal | None) -> None:
    assert result.room == room
    assert result.passed is (result.reason is Reason.ACCEPTED)


def test_what_is_not_said_is_not_stored() -> None:
    assert msgspec.to_builtins(CheckResult("whitelist")) == {"check": "whitelist"}
    figures = msgspec.to_builtins(CheckResult("spread", D("0.1"), D("0.05"), "ratio"))
    assert figures == {"check": "spread", "limit": "0.1", "observed": "0.05", "unit": "ratio"}


OLD = {
    "check": "cash_reserve",
    "passed": False,
    "reason": "cash_reserve",
    "limit": D(100),
    "observed": D(40),
    "room": D(-60),
    "unit": "quote",
    "allowed": D(3),
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, CheckResult("cash_reserve", D(100), D(40), "quote", Reason.CASH_RESERVE, D(3), at_least=True)),
        ({"room": D(60)}, CheckResult("cash_reserve", D(100), D(40), "quote", Reason.CASH_RESERVE, D(3))),
        (
            {"observed": D(100), "room": D(0)},
            CheckResult("cash_reserve", D(100), D(100), "quote", Reason.CASH_RESERVE, D(3)),
        ),
        (
            {"limit": None, "observed": None, "room": None, "unit": "", "allowed": None},
            CheckResult("cash_reserve", reason=Reason.CASH_RESERVE),
        ),
    ],
)
def test_an_answer_from_before_is_read_with_the_same_room(
    changes: dict[str, object], expected: CheckResult
) -> None:
    old = {**OLD, **changes}
    fields = {"intent_id": "i", "reason": "cash_reserve", "layer": "risk", "checks": [old]}
    read = codec.decode(codec.pack(["IntentRejected", 1, fields]))
    assert read == IntentRejected("i", Reason.CASH_RESERVE, Layer.RISK, (expected,))
    assert expected.room == old["room"]
