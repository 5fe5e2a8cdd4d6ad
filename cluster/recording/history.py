"""Downloads a venue's past into a dataset: bars, aggregate trades and funding rates, part by part, resumable.

A part holds everything of its span of time in the order in which it could be known: a trade at its time, a bar at its
close. The manifest names it together with how far the download is, so a download that was killed goes on exactly there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from math import nan
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from actors.venues.history_port import HistoryPort
from actors.venues.market_port import Bar
from cluster.recording.manifest import (
    History,
    Hole,
    Listed,
    Manifest,
    load_manifest,
    part_name,
    store_manifest,
)
from cluster.recording.parts import PartWriter, RecordedRow
from cluster.recording.rates import read_rates, write_rates
from cluster.recording.trade_walk import TradeWalk
from messages.errors import ConfigurationError, VenueConnectionError
from messages.market import TickKind

LOG = logging.getLogger("raydesk.recording")

T = TypeVar("T")
_SECOND: Final = 1_000_000_000
_HOUR: Final = 3600 * _SECOND
_LONGEST_PAUSE_S: Final = 30.0


class DownloadSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A part spans `part` ns with trades, `part_of_bars` without; `slice` ns of it are in memory at once. What is
    younger than `settled` ns is left for the next time. A venue that does not answer is asked for `patience_s` in all,
    with pauses from `pause_s` on.
    """

    part: int = _HOUR
    part_of_bars: int = 7 * 24 * _HOUR
    slice: int = _HOUR // 6
    settled: int = 60 * _SECOND
    patience_s: float = 600.0
    pause_s: float = 1.0


def begin_history(
    folder: Path, *, start: int | None = None, trades: bool | None = None, funding: bool | None = None
) -> Manifest:
    """Make the dataset in `folder` one that `Download` goes on with; None is what it was begun with, or the default:
    no trades, but funding rates. `start` is in ns UTC.

    Raises `DataProviderError` when it is no dataset, `ConfigurationError` when something else was recorded or begun in
    it, or what to fetch is not known.
    """
    manifest = load_manifest(folder)
    if manifest.history is not None:
        _require_same(manifest.history, start=start, trades=trades, funding=funding)
        return manifest
    _require_fit(folder, manifest, trades=bool(trades))
    if start is None:
        raise ConfigurationError(
            "it must be known where the history begins",
            field="start",
            remedy="give it, such as --from 2024-08-01",
        )
    begun = History(start=start, done=start, trades=bool(trades), funding=funding is not False)
    manifest = msgspec.structs.replace(manifest, history=begun)
    store_manifest(folder, manifest)
    return manifest


def _require_same(begun: History, **wanted: object) -> None:
    for field, now in wanted.items():
        before = getattr(begun, field)
        if now is not None and now != before:
            raise ConfigurationError(
                f"this download began with {before}",
                field=f"history.{field}",
                value=now,
                remedy="go on with the same, or make another dataset",
            )


def _require_fit(folder: Path, manifest: Manifest, *, trades: bool) -> None:
    if manifest.parts:
        wrong = "a market was recorded here as it happened"
    elif manifest.depth:
        wrong = "no venue tells the books of the past"
    elif manifest.bar_ns is None and not trades:
        wrong = "neither bars nor trades are wanted"
    else:
        return
    raise ConfigurationError(
        wrong,
        field="folder",
        value=str(folder),
        remedy="make another dataset with raydesk record init --bars 1m, without --depth; or give --trades for trades",
    )


class Download:
    """Goes on with the history in `folder` up to `end` (ns UTC), or to now where that is earlier.

    Raises `DataProviderError` when the folder holds no history.
    """

    def __init__(self, folder: Path, port: HistoryPort, settings: DownloadSettings | None = None) -> None:
        self.manifest = load_manifest(folder)
        self.rows = 0
        """Rows written in this life."""
        self.reached = 0
        """The time (ns UTC) up to which everything is fetched; 0 before the run."""
        self.trouble = ""
        """Why the venue is asked again; empty when it answers."""
        self.on_progress: Callable[[], None] = _nobody
        """Called whenever one of these is another."""
        self._folder = folder
        self._port = port
        self._settings = settings or DownloadSettings()
        self._walks: dict[str, TradeWalk] = {}
        self._holes: list[Hole] = []

    @property
    def history(self) -> History:
        """How far the download is. Raises `ConfigurationError` when none was begun."""
        if self.manifest.history is None:
            raise ConfigurationError(
                "no download was begun here",
                field="folder",
                value=str(self._folder),
                remedy="begin one with raydesk record history",
            )
        return self.manifest.history

    async def run(self, end: int) -> None:
        """Fetch all that is missing. Raises `VenueConnectionError` when the venue has not answered for too long,
        `DataProviderError` for an answer that makes no sense; what was fetched is kept.
        """
        for left in self._folder.glob(".*.new"):
            left.unlink()  # of a download that was killed
        begun = self.history
        self.reached = begun.done
        end = min(end, await self._patiently(self._port.server_time) - self._settings.settled)
        if begun.trades:
            self._walks = {
                symbol: TradeWalk(self._port, symbol, self._patiently, begun.next_trade.get(listing), end=end)
                for symbol, listing in self.manifest.symbols.items()
            }
        await self._note_instruments()
        span = self._settings.part if begun.trades else self._settings.part_of_bars
        while (start := self.history.done) < end:
            stop = min((start // span + 1) * span, end)
            await self._part(start, stop)
        if begun.funding:
            await self._fetch_rates()

    async def _part(self, start: int, stop: int) -> None:
        bars = await self._bars(start, stop)
        writer = await asyncio.to_thread(PartWriter, self._folder, part_name(self.manifest.next_part))
        step = self._settings.slice if self._walks else stop - start
        for begin in range(start, stop, step):
            until = min(begin + step, stop)
            rows = [row for row in bars if begin < row[0] <= until] + await self._trades(begin, until)
            rows.sort(key=_time)
            await asyncio.to_thread(writer.write, rows)
            self.rows += len(rows)
            self.reached = until
            self.on_progress()
        part = await asyncio.to_thread(writer.finish)
        manifest, holes = self.manifest, tuple(self._holes)
        self._holes.clear()
        numbers = {
            manifest.symbols[symbol]: walk.next
            for symbol, walk in self._walks.items()
            if walk.next is not None
        }
        self._store(
            parts=manifest.parts if part is None else (*manifest.parts, part),
            holes=(*manifest.holes, *holes),
            history=msgspec.structs.replace(self.history, done=stop, next_trade=numbers),
        )

    async def _bars(self, start: int, stop: int) -> list[RecordedRow]:
        """The bars that closed after `start` and by `stop`."""
        rows: list[RecordedRow] = []
        length = self.manifest.bar_ns
        if length is None:
            return rows
        first, end = start - length + 1, stop - length + 1
        for symbol, listing in self.manifest.symbols.items():
            bars = await self._patiently(
                lambda symbol=symbol: self._port.bars(symbol, length, first, end)  # type: ignore[misc]
            )
            self._note_missing(listing, length, first, end, bars)
            for bar in bars:
                close, values = bar.time + length, (bar.open, bar.high, bar.low, bar.close, bar.volume)
                rows.append((close, close, listing, TickKind.BAR, *values))
        return rows

    async def _trades(self, start: int, stop: int) -> list[RecordedRow]:
        """The trades from `start` on and before `stop`."""
        rows: list[RecordedRow] = []
        for symbol, walk in self._walks.items():
            listing = self.manifest.symbols[symbol]
            for each in await walk.until(start, stop):
                values = (each.price, each.size, each.aggressor, nan, nan)
                rows.append((each.time, each.time, listing, TickKind.TRADE, *values))
            self._holes += walk.holes(listing)
        return rows

    def _note_missing(self, listing: str, length: int, first: int, end: int, bars: Sequence[Bar]) -> None:
        told = {bar.time for bar in bars}
        missing = [each for each in range(-(-first // length) * length, end, length) if each not in told]
        if missing:
            detail = f"{len(missing)} bars are not told by the venue"
            self._holes.append(
                Hole(listing=listing, start=missing[0], end=missing[-1] + length, detail=detail)
            )

    async def _fetch_rates(self) -> None:
        """Go on with the files of funding rates; one that is not as it was written is fetched again as a whole."""
        held = {each.listing: each for each in self.manifest.funding}
        history = self.history
        for symbol, listing in self.manifest.symbols.items():
            before = read_rates(self._folder, held[listing]) if listing in held else None
            begin = before[-1].time + 1 if before else history.start
            new = await self._patiently(
                lambda symbol=symbol, begin=begin: self._port.paid_rates(symbol, begin, history.done)  # type: ignore[misc]
            )
            if new:
                held[listing] = await asyncio.to_thread(
                    write_rates, self._folder, listing, (*(before or ()), *new)
                )
        self._store(funding=tuple(held.values()))

    async def _note_instruments(self) -> None:
        found = await self._patiently(lambda: self._port.instruments(list(self.manifest.symbols)))
        known = {each.instrument.symbol: each.instrument for each in self.manifest.instruments}
        now = time.time_ns()
        listed = [Listed(time=now, instrument=each) for each in found if known.get(each.symbol) != each]
        self._store(instruments=(*self.manifest.instruments, *listed))

    def _store(self, **changes: object) -> None:
        self.manifest = msgspec.structs.replace(self.manifest, **changes)
        store_manifest(self._folder, self.manifest)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until there is an answer: a budget that is spent comes back, and so do most venues."""
        pause, since = self._settings.pause_s, time.monotonic()
        while True:
            try:
                answer = await ask()
            except VenueConnectionError as error:
                if time.monotonic() - since + pause > self._settings.patience_s:
                    raise
                LOG.info("asking again in %g s: %s", pause, error)
                self._say(error.message)
            else:
                self._say("")
                return answer
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self.on_progress()


def _time(row: RecordedRow) -> int:
    return row[0]


def _nobody() -> None:
    """Whom progress interests before anybody has said so."""
