"""What exposures and fees take of an account, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.precheck.funds import Exposure, required

D = Decimal
VALUES = st.integers(0, 1_000).map(D)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("exposures", "fees", "needed"),
    [
        ([], "0", "0"),
        ([Exposure(D(1), D(0), D(100), D(0))], "0.1", "100.1"),
        ([Exposure(D("0.1"), D(200), D(100), D(0))], "1", "31"),
        ([Exposure(D("0.1"), D(200), D(0), D(300))], "0", "20"),
        ([Exposure(D("0.1"), D(200), D(0), D(500))], "0", "30"),
        ([Exposure(D("0.1"), D(-200), D(100), D(50))], "0", "25"),
        ([Exposure(D("0.2"), D(100)), Exposure(D("0.5"), D(-10))], "0", "25"),
    ],
    ids=["nothing", "cash", "added", "reduced", "turned", "short", "of each its own part"],
)
def test_the_larger_of_what_buys_and_sells_could_make_of_a_position_counts(
    exposures: list[Exposure], fees: str, needed: str
) -> None:
    assert required(exposures, D(fees)) == D(needed)


@pytest.mark.property
@given(st.integers(-1_000, 1_000).map(D), VALUES, VALUES, VALUES)
def test_no_further_order_makes_it_less(
    position: Decimal, buys: Decimal, sells: Decimal, more: Decimal
) -> None:
    before = required([Exposure(D("0.1"), position, buys, sells)])
    assert required([Exposure(D("0.1"), position, buys + more, sells)]) >= before
    assert required([Exposure(D("0.1"), position, buys, sells + more)]) >= before
