"""Whoever reads what others have written knows every type."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.messages.desk_types import desk_types

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "reader", ["cluster.observe.observer", "cluster.replaying.recorded", "cluster.cli.storage"]
)
def test_a_reader_of_journals_knows_all_types(reader: str) -> None:
    program = f"import {reader}; from messages.base import registered_types; print(*registered_types())"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {kind.__name__ for kind in desk_types()} <= set(said.stdout.split())
