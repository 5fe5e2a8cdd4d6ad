"""Average daily volumes are asked for once per age, shared by a file, and never told without their age."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cluster.feeds.volumes import DailyVolume, VolumeCache, volumes_file
from messages.errors import ConfigurationError, VenueConnectionError

pytestmark = pytest.mark.unit

HOUR = 3_600_000_000_000


class Venue:
    """Tells the number of the question as volume."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.away = False

    async def average_daily_volume(self, symbol: str, days: int) -> float:
        if self.away:
            raise VenueConnectionError("away")
        self.asked.append((symbol, days))
        return float(len(self.asked))


class Cache:
    """A cache at a clock that is set by hand."""

    def __init__(self, folder: Path, venue: Venue) -> None:
        self.now = 100 * HOUR
        self.path = volumes_file(folder, "binance")
        self.held = VolumeCache(self.path, venue, max_age=6 * HOUR, now=lambda: self.now)

    def ask(self, symbol: str = "X", days: int = 7) -> DailyVolume:
        return asyncio.run(self.held.volume(symbol, days))


def test_it_is_asked_for_again_when_it_is_too_old(tmp_path: Path) -> None:
    venue = Venue()
    cache = Cache(tmp_path, venue)
    first = cache.ask()
    assert first == DailyVolume("X", 7, 1.0, 100 * HOUR)
    cache.now += 6 * HOUR
    assert cache.ask() == first
    assert first.age(cache.now) == 6 * HOUR
    cache.now += 1
    assert cache.ask() == DailyVolume("X", 7, 2.0, cache.now)
    assert venue.asked == [("X", 7)] * 2


def test_symbols_and_spans_are_kept_apart(tmp_path: Path) -> None:
    cache = Cache(tmp_path, Venue())
    told = [cache.ask("X", 7), cache.ask("Y", 7), cache.ask("X", 30)]
    assert [each.volume for each in told] == [1.0, 2.0, 3.0]
    assert [cache.ask("X", 7), cache.ask("Y", 7), cache.ask("X", 30)] == told


def test_another_process_finds_it_in_the_file(tmp_path: Path) -> None:
    first = Cache(tmp_path, Venue()).ask()
    other = Venue()
    assert Cache(tmp_path, other).ask() == first
    assert other.asked == []
    assert [path.name for path in tmp_path.iterdir()] == ["volumes-binance.json"]


def test_a_venue_that_is_away_is_an_error_once_it_is_too_old(tmp_path: Path) -> None:
    venue = Venue()
    cache = Cache(tmp_path, venue)
    first = cache.ask()
    venue.away = True
    assert cache.ask() == first
    cache.now += 7 * HOUR
    with pytest.raises(VenueConnectionError):
        cache.ask()
    known = cache.held.known("X", 7)
    assert known is not None
    assert known.age(cache.now) == 7 * HOUR
    assert cache.held.known("Y", 7) is None


def test_a_clock_that_was_set_back_makes_it_new_and_not_younger(tmp_path: Path) -> None:
    cache = Cache(tmp_path, Venue())
    first = cache.ask()
    assert first.age(first.time - HOUR) == 0


@pytest.mark.parametrize("content", [b"", b"[", b'[{"symbol": "X"}]', b"{}"])
def test_a_file_that_is_damaged_is_asked_for_again(tmp_path: Path, content: bytes) -> None:
    cache = Cache(tmp_path, Venue())
    cache.path.write_bytes(content)
    assert cache.ask().volume == 1.0
    assert cache.ask().volume == 1.0


def test_a_folder_that_cannot_be_written_costs_the_cache_and_no_answer(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file", Venue())
    assert [cache.ask().volume, cache.ask().volume] == [1.0, 2.0]


def test_an_age_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="above zero"):
        VolumeCache(tmp_path / "x.json", Venue(), max_age=0)
