"""Takes a venue's market as it comes and writes it down: rows to parts, rules of instruments and holes to the manifest.

The stream is never kept waiting: files are written in a thread beside it, and at most `part_s` of it is lost when the
process is killed, as an unfinished Parquet file can't be read.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from actors.venues.market_port import MarketDataPort, Subscription
from cluster.recording.manifest import Hole, Listed, load_manifest, part_name, store_manifest
from cluster.recording.parts import PartWriter, RecordedRow
from messages.errors import ConfigurationError, DataProviderError, VenueConnectionError

LOG = logging.getLogger("raydesk.recording")

_MISSING = (VenueConnectionError, DataProviderError)


class RecorderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Rows are written down every `write_s`; a part is finished after `part_s` or `part_rows`, whichever is first;
    the rules of instruments are asked for every `instruments_s`.
    """

    write_s: float = 1.0
    part_s: float = 300.0
    part_rows: int = 2_000_000
    instruments_s: float = 3600.0


class Recorder:
    """Goes on with the dataset in `folder`. Raises `DataProviderError` when it is none, `ConfigurationError` when it is
    a download.

    `now` is the clock of reception, ns UTC; rows are never told to come before the one before them.
    """

    def __init__(
        self,
        folder: Path,
        port: MarketDataPort,
        settings: RecorderSettings,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self.manifest = load_manifest(folder)
        if self.manifest.history is not None:
            raise ConfigurationError(
                "this dataset is a download of the past",
                field="folder",
                value=str(folder),
                remedy="go on with raydesk record history, or make another dataset with raydesk record init",
            )
        self.rows = 0
        """Rows taken in this life."""
        self._folder = folder
        self._port = port
        self._settings = settings
        self._now = now
        self._last = max((part.last_time for part in self.manifest.parts), default=0)
        self._waiting: list[RecordedRow] = []
        self._part: PartWriter | None = None
        self._part_since = 0.0
        self._number = self.manifest.next_part
        self._open: dict[str, tuple[int, str]] = {}
        self._holes: list[Hole] = []
        self._listed: list[Listed] = []

    async def run(self) -> None:
        """Record until cancelled; then everything taken is written and the manifest names it."""
        for left in self._folder.glob(".*.new"):
            left.unlink()  # of a recorder that was killed: a Parquet file without its end can't be read
        if self.manifest.parts:
            self._begin_hole(self.manifest.symbols, self.manifest.parts[-1].last_time, "not recorded")
        stopping = asyncio.Event()
        writing = asyncio.create_task(self._keep_writing(stopping))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._port.stream(self._subscriptions(), self))
                group.create_task(self._keep_asking())
                group.create_task(_watch(writing))
        finally:
            stopping.set()
            await asyncio.wait({writing})
            writing.result()

    def _subscriptions(self) -> list[Subscription]:
        manifest = self.manifest
        return [
            Subscription(symbol, listing, depth=manifest.depth, bar_ns=manifest.bar_ns)
            for symbol, listing in manifest.symbols.items()
        ]

    # ------------------------------------------------------------------ the sink

    def tick(
        self, symbol: str, kind: int, event_time: int, v0: float, v1: float, v2: float, v3: float, v4: float
    ) -> None:
        """See `MarketSink.tick`."""
        listing = self.manifest.symbols[symbol]
        self._waiting.append((self._time(), event_time, listing, kind, v0, v1, v2, v3, v4))
        self.rows += 1

    def _time(self) -> int:
        self._last = max(self._last, self._now())
        return self._last

    def interrupted(self, symbols: Sequence[str], detail: str) -> None:
        """See `MarketSink.interrupted`."""
        self._begin_hole(symbols, self._time(), detail)

    def restored(self, symbols: Sequence[str]) -> None:
        """See `MarketSink.restored`."""
        for symbol in symbols:
            start, detail = self._open.pop(symbol, (None, ""))
            if start is not None:
                listing = self.manifest.symbols[symbol]
                self._holes.append(Hole(listing=listing, start=start, end=self._time(), detail=detail))

    def _begin_hole(self, symbols: Iterable[str], start: int, detail: str) -> None:
        for symbol in symbols:
            self._open.setdefault(symbol, (start, detail))

    # ------------------------------------------------------------------ writing

    async def _keep_writing(self, stopping: asyncio.Event) -> None:
        """Write what has come, now and then, and all of it in the end. Never cancelled: a part that is being finished
        in its thread would be lost to the manifest.

        Raises `DataProviderError` when the folder can't be written.
        """
        try:
            while not stopping.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), self._settings.write_s)
                await self._write()
                if self._is_full():
                    await self._finish_part()
            await self._write()  # what has come while a part was being finished
            self._leave_holes_open()
            await self._finish_part()
        except OSError as error:
            raise DataProviderError(
                f"the recording can't be written: {error.strerror or error}",
                field="folder",
                value=str(self._folder),
                remedy="make room or check the permissions, and go on with the same dataset",
            ) from error

    def _is_full(self) -> bool:
        part, settings = self._part, self._settings
        return part is not None and (
            part.rows >= settings.part_rows or time.monotonic() - self._part_since >= settings.part_s
        )

    async def _write(self) -> None:
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        if self._part is None:
            self._part = await asyncio.to_thread(PartWriter, self._folder, part_name(self._number))
            self._part_since = time.monotonic()
            self._number += 1
        await asyncio.to_thread(self._part.write, rows)

    async def _finish_part(self) -> None:
        """Have the part in the making finished, and the manifest name it with all that is new."""
        part, self._part = self._part, None
        finished = None if part is None else await asyncio.to_thread(part.finish)
        holes, self._holes = self._holes, []
        listed, self._listed = self._listed, []
        self.manifest = msgspec.structs.replace(
            self.manifest,
            parts=self.manifest.parts if finished is None else (*self.manifest.parts, finished),
            holes=(*self.manifest.holes, *holes),
            instruments=(*self.manifest.instruments, *listed),
        )
        await asyncio.to_thread(store_manifest, self._folder, self.manifest)

    def _leave_holes_open(self) -> None:
        for symbol, (start, detail) in self._open.items():
            listing = self.manifest.symbols[symbol]
            self._holes.append(Hole(listing=listing, start=start, end=None, detail=detail))
        self._open.clear()

    # ------------------------------------------------------------------ instruments

    async def _keep_asking(self) -> None:
        """Note the rules of the instruments whenever they are others than before."""
        while True:
            try:
                found = await self._port.instruments(list(self.manifest.symbols))
            except _MISSING as error:
                LOG.warning("the rules of the instruments are not known: %s", error)
                await asyncio.sleep(min(self._settings.instruments_s, 5.0))
                continue
            known = {each.instrument.symbol: each.instrument for each in self.manifest.instruments}
            self._listed += [
                Listed(time=self._time(), instrument=each) for each in found if known.get(each.symbol) != each
            ]
            await asyncio.sleep(self._settings.instruments_s)


async def _watch(writing: asyncio.Task[None]) -> None:
    """Fail as soon as the writing fails, without ever cancelling it."""
    await asyncio.shield(writing)
