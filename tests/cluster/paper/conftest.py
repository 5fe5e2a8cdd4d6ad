"""A small paper venue to try things on: one or two symbols, a seeded market, time granted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.paper.settings import PaperSettings
from cluster.paper.venue import PaperVenue
from tests.cluster.paper.building import open_venue, settings_of


@pytest.fixture
def settings(tmp_path: Path) -> PaperSettings:
    """Settings of a venue whose folder does not exist yet."""
    return settings_of(tmp_path / "venue")


@pytest.fixture
def opened(settings: PaperSettings) -> Iterator[Callable[[], PaperVenue]]:
    """Opens the venue; called again, it first closes the one that is open, as a clean restart would."""
    current: list[PaperVenue] = []

    def reopen() -> PaperVenue:
        for venue in current:
            venue.close()
        current[:] = [open_venue(settings)]
        return current[0]

    yield reopen
    for venue in current:
        venue.close()


@pytest.fixture
def venue(opened: Callable[[], PaperVenue]) -> PaperVenue:
    """A venue just born, at `START`."""
    return opened()
