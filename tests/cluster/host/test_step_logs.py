"""Steps are logged soon, and never before the effects that they have promised are begun."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cluster.host import assembly
from cluster.steps.requests import Report

pytestmark = pytest.mark.unit


def test_a_step_is_logged_a_moment_later_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[Any] = []
    monkeypatch.setattr(assembly, "log_step", logged.append)

    async def work() -> None:
        report = assembly._reporter("risk")
        for section in ("first", "second"):
            report(Report("step", "", {"section": section}))
        await asyncio.sleep(0)
        assert logged == []
        await asyncio.sleep(0.05)  # as long as a process lingers when its actor has ended

    asyncio.run(work())
    assert logged == ["first", "second"]
