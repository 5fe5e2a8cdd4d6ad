"""Fixtures of the step machine's tests."""

from __future__ import annotations

import pytest

from tests.cluster.steps.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """A stage for one counter."""
    return Stage()
