"""Orders below the venue's minimum: passed, made large enough within bounds, or not made at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.precheck.minimum import Minimum, Verdict, least_quantity, plan_size, too_small
from messages.reasons import Reason

D = Decimal
LEAST = Minimum(lot=D("0.1"), quantity=D("0.2"), notional=D(50))
PASS, BUMP, ABSTAIN = Verdict.PASS, Verdict.BUMP, Verdict.ABSTAIN


@pytest.mark.unit
@pytest.mark.parametrize(
    ("wished", "price", "bump", "verdict", "quantity", "reason"),
    [
        ("0.57", "100", "0", PASS, "0.5", Reason.ACCEPTED),
        ("0.5", "100", "0", PASS, "0.5", Reason.ACCEPTED),
        ("0.4", "100", "0", ABSTAIN, "0", Reason.MIN_NOTIONAL),
        ("0.4", "100", "0.25", BUMP, "0.5", Reason.ACCEPTED),
        ("0.4", "100", "0.2", ABSTAIN, "0", Reason.MIN_NOTIONAL),
        ("0.1", "1000", "0", ABSTAIN, "0", Reason.MIN_QUANTITY),
        ("0.1", "1000", "1", BUMP, "0.2", Reason.ACCEPTED),
        ("0.05", "1000", "9", BUMP, "0.2", Reason.ACCEPTED),
        ("0", "1000", "9", ABSTAIN, "0", Reason.MIN_QUANTITY),
        ("-1", "1000", "9", ABSTAIN, "0", Reason.MIN_QUANTITY),
        ("0.49", "100", "0.03", BUMP, "0.5", Reason.ACCEPTED),
    ],
)
def test_the_table(
    wished: str, price: str, bump: str, verdict: Verdict, quantity: str, reason: Reason
) -> None:
    assert plan_size(D(wished), D(price), LEAST, max_bump=D(bump)) == (verdict, D(quantity), reason)


@pytest.mark.unit
@pytest.mark.parametrize(("quantity", "reason"), [("0.5", Reason.MIN_NOTIONAL), ("0.6", None)])
def test_what_is_left_after_a_fee_in_kind_must_be_enough_to_be_sold(
    quantity: str, reason: Reason | None
) -> None:
    charged = LEAST._replace(fee=D("0.01"))
    assert too_small(D(quantity), D(100), charged) is reason
    assert least_quantity(D(100), charged) == D("0.6")


@pytest.mark.property
@given(
    wished=st.integers(0, 500),
    price=st.integers(1, 2_000),
    least=st.builds(
        Minimum,
        lot=st.sampled_from([D("0.1"), D("0.25"), D(1)]),
        quantity=st.integers(0, 20).map(lambda tenths: D(tenths) / 10),
        notional=st.integers(0, 300).map(D),
        multiplier=st.sampled_from([D(1), D("0.01")]),
        fee=st.sampled_from([D(0), D("0.002")]),
    ),
    bump=st.sampled_from([D(0), D("0.1"), D(3)]),
)
def test_no_plan_is_too_small_off_the_lot_or_grows_too_much(
    wished: int, price: int, least: Minimum, bump: Decimal
) -> None:
    want = D(wished) / 10
    plan = plan_size(want, D(price), least, max_bump=bump)
    if plan.verdict is ABSTAIN:
        assert plan.quantity == 0
        return
    assert plan.quantity % least.lot == 0
    assert too_small(plan.quantity, D(price), least) is None
    assert plan.quantity <= want * (1 + bump)
    if plan.verdict is BUMP:
        assert too_small(plan.quantity - least.lot, D(price), least) is not None
