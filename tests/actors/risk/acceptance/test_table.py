"""Every scenario that the reference systems were accepted by is held by a test that exists, or says why it is not."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.actors.risk.acceptance import cycles, hedged_futures, horizons, spot_rules
from tests.actors.risk.acceptance.scenario import Scenario

pytestmark = pytest.mark.unit

TESTS = Path(__file__).parents[3]
SHEETS: dict[str, tuple[tuple[Scenario, ...], int]] = {
    "H 14": (hedged_futures.SCENARIOS, 24),
    "B 14": (cycles.SCENARIOS, 41),
    "T 11": (spot_rules.SCENARIOS, 47),
    "F 15": (horizons.SCENARIOS, 52),
}
"""The lists, and how many scenarios each sheet has."""

ALL = [(sheet, one) for sheet, (scenarios, _) in SHEETS.items() for one in scenarios]


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests in a file below `tests/`."""
    text = (TESTS / file).read_text(encoding="utf-8")
    return frozenset(re.findall(r"^\s*(?:async )?def (test_\w+)", text, re.MULTILINE))


@pytest.mark.parametrize("sheet", SHEETS)
def test_every_scenario_of_a_sheet_has_its_row(sheet: str) -> None:
    scenarios, count = SHEETS[sheet]
    assert len(scenarios) == count
    assert len({one.told for one in scenarios}) == count


@pytest.mark.parametrize(("sheet", "one"), ALL, ids=[f"{sheet}: {one.told}" for sheet, one in ALL])
def test_what_holds_a_scenario_exists(sheet: str, one: Scenario) -> None:
    assert one.tests or one.why, "neither a test nor a reason"
    for file, names in one.tests.items():
        there = names_in(file)
        assert there, f"{file} has no tests"
        assert set(names) <= there, f"{file} lacks {set(names) - there}"
