"""A register of message types of a test's own, so that its types never reach another test."""

from __future__ import annotations

import pytest

from messages import base
from messages.base import registered_types


@pytest.fixture
def own_register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Types that are registered from here on are forgotten when the test ends."""
    monkeypatch.setattr(base, "_types", dict(registered_types()))
