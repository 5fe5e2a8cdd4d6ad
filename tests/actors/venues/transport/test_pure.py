"""The parts of the transport that are pure stay so: they are told the time."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import actors.venues.transport as transport

pytestmark = pytest.mark.unit

FOLDER = Path(str(transport.__file__)).parent


@pytest.mark.parametrize("name", ["breaker", "budget", "http1", "server_clock"])
def test_pure_parts_touch_no_machine(name: str) -> None:
    found: set[str] = set()
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    assert not found & {"time", "asyncio", "random", "os", "threading", "datetime", "socket"}
