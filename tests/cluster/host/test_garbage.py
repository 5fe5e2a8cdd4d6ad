"""A process searches for garbage less often, however often it is told so."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from cluster.host.garbage import spare_what_is_loaded


@pytest.fixture
def usual() -> Iterator[int]:
    before = gc.get_threshold()
    yield before[0]
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_loaded_is_passed_over_and_the_rest_searched_ten_times_less_often(usual: int) -> None:
    for _ in range(2):
        spare_what_is_loaded()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] == 10 * usual
