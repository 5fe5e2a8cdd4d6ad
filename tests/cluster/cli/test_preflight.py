"""What people are told that preflight comes to."""

from __future__ import annotations

import pytest
from rich.text import Text

from cluster.cli.preflight import verdict
from cluster.preflight import Preflight

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Preflight("mine", "live", True, True, (), ()), "mine in live: green; ARMED"),
        (
            Preflight("mine", "live", False, False, ("preflight", "read_only"), ()),
            "mine in live: not green; NOT_ARMED (preflight, read_only)",
        ),
        (
            Preflight("mine", "paper", False, True, (), ()),
            "mine in live: not green; as it is, in paper, ARMED",
        ),
    ],
)
def test_a_desk_that_is_not_live_is_told_two_things(found: Preflight, said: str) -> None:
    assert Text.from_markup(verdict(found)).plain == said
