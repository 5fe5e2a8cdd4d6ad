"""A progress bar over desk time for whatever walks through market data: rows, rows/s, desk time, time left.

It knows nothing of feeds or cursors: its user says how many rows went by and which desk time is reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING

from cluster.feeds.columns import Chunk

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import GetTimeCallable

_NS = 1_000_000_000


class FeedProgress:
    """A context manager that shows how far a replay is; without a terminal it shows nothing.

    `first_time` and `last_time` bound the run in desk time (ns UTC); without a `last_time` the bar only pulses.
    `advance` is cheap enough to be called per chunk or per step, not per row: the screen is drawn at its own pace.
    """

    def __init__(
        self,
        first_time: int,
        last_time: int | None,
        *,
        label: str = "replay",
        console: Console | None = None,
        enabled: bool | None = None,
        get_time: GetTimeCallable | None = None,
    ) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._console = console or Console(stderr=True)
        self._first_time = first_time
        self.rows = 0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]:,} rows"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[desk_time]}"),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            get_time=get_time,
            disable=not (self._console.is_terminal if enabled is None else enabled),
        )
        total = None if last_time is None else max(1, last_time - first_time) / _NS
        self._task = self._progress.add_task(
            label, total=total, rows=0, rate="", desk_time=_clock(first_time), start=False
        )

    def __enter__(self) -> FeedProgress:
        self._progress.start()
        self._progress.start_task(self._task)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, rows: int, desk_time: int) -> None:
        """`rows` more rows went by; the desk stands at `desk_time` (ns UTC)."""
        self.rows += rows
        elapsed = self._progress.tasks[0].elapsed
        self._progress.update(
            self._task,
            completed=max(0, desk_time - self._first_time) / _NS,
            rows=self.rows,
            rate=f"{self.rows / elapsed:,.0f} rows/s" if elapsed else "",
            desk_time=_clock(desk_time),
        )

    def track(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """The same chunks, counted as they go by."""
        for chunk in chunks:
            yield chunk
            if len(chunk):
                self.advance(len(chunk), int(chunk.time[-1]))


def _clock(time: int) -> str:
    return datetime.fromtimestamp(time // _NS, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
