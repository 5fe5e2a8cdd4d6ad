"""Tables that fit their terminal: whole figures, or none of a column."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cluster.cli.fitting import Fitted

pytestmark = pytest.mark.unit

ROWS = [("BTC-USDT-PERP", "1,000,000.78", "63,784.25"), ("ETH-USDT-PERP", "[red]-12.50[/]", "-")]


def drawn(width: int, elsewhere: str | None = "--json") -> str:
    """The table of `ROWS`, on so many columns."""
    rows = Fitted("!symbol", ">value", ">average", spare=("average", "value"), elsewhere=elsewhere)
    for row in ROWS:
        rows.add_row(*row)
    out = StringIO()
    Console(file=out, width=width, no_color=True).print(rows)
    return out.getvalue()


@pytest.mark.parametrize(
    ("width", "left_out"), [(40, None), (38, None), (37, "average"), (27, "average"), (26, "value, average")]
)
def test_the_columns_that_matter_less_go_first_and_are_named(width: int, left_out: str | None) -> None:
    told = drawn(width)
    assert ("1,000,000.78" in told) == (left_out is None or "value" not in left_out)
    assert ("left out" in told) == (left_out is not None)
    if left_out is not None:
        assert f"left out: {left_out} (--json)" in " ".join(told.split())


def test_without_another_place_nothing_is_said_of_what_was_left_out() -> None:
    assert "left out" not in drawn(20, elsewhere=None)


@given(st.integers(min_value=13, max_value=60))
def test_no_figure_is_cut_in_pieces(width: int) -> None:
    """Every cell of every column that is shown is whole, on one line, as wide as the terminal may be."""
    lines = drawn(width, elsewhere=None).splitlines()
    shown = lines[0].split()
    for line, row in zip(lines[1:], ROWS, strict=True):
        whole = {
            "symbol": row[0],
            "value": row[1].removeprefix("[red]").removesuffix("[/]"),
            "average": row[2],
        }
        assert line.split() == [whole[name] for name in shown]
