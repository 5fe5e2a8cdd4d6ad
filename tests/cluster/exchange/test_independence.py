"""The exchange and the desk's adapter of the same venue share no code: neither can confirm the other's mistakes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("cluster/exchange", "actors.venues.binance_usdm"),
        ("cluster/exchange", "actors.venues.transport"),
        ("cluster/exchange", "actors.venues.books"),
        ("actors/venues", "cluster.exchange"),
        ("tests/cluster/exchange", "actors.venues.binance_usdm"),
    ],
)
def test_neither_side_uses_the_other(folder: str, forbidden: str) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    users = [str(path) for path in files if any(name.startswith(forbidden) for name in imports(path))]
    assert users == []


@pytest.mark.parametrize("forbidden", ["ray", "redis"])
def test_the_exchange_needs_no_ray_and_no_redis(forbidden: str) -> None:
    users = [
        str(path)
        for path in (ROOT / "cluster" / "exchange").rglob("*.py")
        if any(name.split(".")[0] == forbidden for name in imports(path))
    ]
    assert users == []
