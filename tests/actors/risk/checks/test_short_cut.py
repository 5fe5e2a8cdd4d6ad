"""What `exposed` lets pass at once is exactly what the division would have let pass."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.checks.row import exposed
from actors.risk.exposure import long_fate, short_fate
from actors.risk.view import View
from messages.reasons import Reason
from tests.actors.risk.desk import instrument

pytestmark = pytest.mark.property

CENTS = st.integers(0, 2_000).map(lambda cents: Decimal(cents) / 100)
SOME = st.integers(1, 2_000).map(lambda cents: Decimal(cents) / 100)


def view_of(
    position: Decimal,
    buys: Decimal,
    buys_value: Decimal,
    sells: Decimal,
    unit: Decimal,
    dearer: Decimal,
    quantity: Decimal,
) -> View:
    """A buy as a view reckons it, with these orders open on both sides."""
    view = View.__new__(View)
    view.instrument = instrument("BTC-USDT")
    view.position, view.open_quantity, view.unit, view.quantity = position, buys, unit, quantity
    view.open_worth = max(buys_value, buys * unit)
    view.unit_value = unit + dearer
    view.worth = quantity * view.unit_value
    view.own_exposure = long_fate(position, buys, buys_value, unit)
    view.opposite_exposure = short_fate(position, sells, sells * unit, unit)
    view.reducible, view.is_reducing, view.is_adding = Decimal(0), False, position >= 0
    view.exposure_after = view._exposure_after()
    return view


@given(
    position=CENTS,
    buys=CENTS,
    buys_value=CENTS,
    sells=CENTS,
    unit=SOME,
    dearer=CENTS,
    quantity=SOME,
    others=CENTS,
    off=st.integers(-2, 2),
)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_at_once_or_by_division_the_same_passes(
    position: Decimal,
    buys: Decimal,
    buys_value: Decimal,
    sells: Decimal,
    unit: Decimal,
    dearer: Decimal,
    quantity: Decimal,
    others: Decimal,
    off: int,
) -> None:
    view = view_of(position, buys, buys_value, sells, unit, dearer, quantity)
    limit = others + view.exposure_after + Decimal(off) / 10_000  # about the limit is where they could differ
    found = exposed("gross_exposure", Reason.GROSS_EXPOSURE, view, limit, others)
    assert found.passed is (quantity <= view.quantity_within(limit - others))
    assert found.passed is (off >= 0)
