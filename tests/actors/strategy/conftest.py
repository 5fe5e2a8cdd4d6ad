"""Fixtures: a stage with the obedient strategy."""

from __future__ import annotations

import pytest

from tests.actors.strategy.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """One obedient strategy with market orders of 1,000 and no exits."""
    return Stage()
