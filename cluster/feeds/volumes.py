"""Average daily volumes, asked for once in a while: a venue's answer is kept in a file with the time of its telling."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from messages.errors import ConfigurationError

LOG = logging.getLogger("raydesk.feed")


class DailyVolume(msgspec.Struct, frozen=True):
    """Mean daily volume (base units) of the `days` whole days before `time` (ns UTC), when the venue told it."""

    symbol: str
    days: int
    volume: float
    time: int

    def age(self, now: int) -> int:
        """How old it is at `now`, ns; a clock that was set back makes nothing younger than new."""
        return max(0, now - self.time)


class VolumeSource(Protocol):
    """Whom to ask: a `MarketDataPort`."""

    async def average_daily_volume(self, symbol: str, days: int) -> float:
        """See `MarketDataPort.average_daily_volume`."""


class VolumeCache:
    """The volumes of one venue in the file at `path`. One of them is asked for again when it is older than `max_age`
    (ns); `now` is the wall clock. Several processes may share the file: the last to write wins, and an answer that is
    lost so is asked for again.
    """

    def __init__(
        self, path: Path, source: VolumeSource, *, max_age: int, now: Callable[[], int] = time.time_ns
    ) -> None:
        if max_age <= 0:
            raise ConfigurationError(
                "must be above zero", field="volume_max_age", value=max_age, remedy="give an age such as 6h"
            )
        self._path = path
        self._source = source
        self._max_age = max_age
        self._now = now

    async def volume(self, symbol: str, days: int) -> DailyVolume:
        """The volume, not older than `max_age`.

        Raises `VenueConnectionError` when it is older or not known and the venue does not answer, `DataProviderError`
        when the venue knows no whole day of the symbol.
        """
        known = self.known(symbol, days)
        if known is not None and known.age(self._now()) <= self._max_age:
            return known
        told = await self._source.average_daily_volume(symbol, days)
        fresh = DailyVolume(symbol, days, told, self._now())
        self._write(fresh)
        return fresh

    def known(self, symbol: str, days: int) -> DailyVolume | None:
        """What was told last, however old; None for nothing."""
        return self._read().get((symbol, days))

    def _read(self) -> dict[tuple[str, int], DailyVolume]:
        try:
            held = msgspec.json.decode(self._path.read_bytes(), type=list[DailyVolume])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            LOG.warning("volumes that were kept can't be read, they are asked for again: %s", error)
            return {}
        return {(each.symbol, each.days): each for each in held}

    def _write(self, fresh: DailyVolume) -> None:
        held = self._read() | {(fresh.symbol, fresh.days): fresh}
        written = self._path.with_name(f".{self._path.name}.{os.getpid()}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            written.write_bytes(msgspec.json.format(msgspec.json.encode(list(held.values())), indent=2))
            written.replace(self._path)
        except OSError as error:
            LOG.warning("volumes can't be kept, they will be asked for again: %s", error)


def volumes_file(folder: Path, venue: str) -> Path:
    """Where the volumes of a venue are kept, below the session's folder."""
    return folder / f"volumes-{venue}.json"
