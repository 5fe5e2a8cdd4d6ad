"""Finding the desk a command is about, and running a command's coroutine against it.

The runtime (Ray and all) is imported only when a command needs it, so that `--help` and `config` answer at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cluster.cli.exits import DeskNotRunningError, UsageError
from cluster.observe.connections import Connections, read_connections
from cluster.observe.health import Pulses
from cluster.observe.observer import RedisObserver
from config import LoadedConfig, load_config
from messages.errors import DataProviderError, DeskError, StoreUnavailableError

if TYPE_CHECKING:
    from cluster.desk import Desk

T = TypeVar("T")

DEFAULT_DESK = "desk"
_LOOK_S = 0.1

DeskName = Annotated[
    str | None,
    typer.Option("--desk", "-d", help="Name of the desk; default: the one in --config, else 'desk'."),
]
ConfigOption = Annotated[
    str | None, typer.Option("--config", "-c", help="Settings of the desk: a profile, a file or a folder.")
]
FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Where the desk lives; default: below ~/.raydesk.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout instead of text.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="Override a setting: section.key=value. May be repeated.")
]


class Watch:
    """A running desk, looked at: its projection, its actors, and how their hearts beat."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.observer = RedisObserver(desk.store)
        self.pulses = Pulses()
        self.statuses: Sequence[Any] = ()
        self.connections = Connections()

    @property
    def projection(self) -> Any:
        """The projection as of the last look."""
        return self.observer.projection

    @property
    def config(self) -> Any:
        """The settings the desk runs with."""
        return self.desk.launch.config

    async def look(self) -> None:
        """Read what is new."""
        self.connections = self.connections.forgotten()  # unless they can be read again
        await self.observer.poll()
        self.statuses = await self.observer.statuses()
        running = self.projection.universe.running
        self.connections = await read_connections(
            self.desk.store, self.config, time.time_ns(), running=running
        )
        self.pulses.note(self.statuses, time.monotonic())

    async def look_for_life(self) -> None:
        """Look, and look again until each heart was seen to beat, or was silent for so long that it counts as still: a
        single pause between two looks would take every actor that has just died for alive."""
        await self.look()
        while True:
            await asyncio.sleep(2.2 * self.config.supervision.heartbeat_interval / 1e9)
            await self.look()
            if not any(self._may_beat(status) for status in self.statuses):
                return

    def _may_beat(self, status: Any) -> bool:
        """Whether it can't be told yet if this actor lives."""
        if status.exit_reason or status.incarnation is None or self.pulses.has_moved(status.address):
            return False
        age = self.pulses.age_s(status.address)
        return age is None or age <= self.fresh_within_s

    async def look_until(self, holds: Callable[[], bool], within_s: float) -> tuple[bool, float]:
        """Look until it holds or the time is over; whether it held at the last look, and after how many seconds."""
        begun = time.monotonic()
        while True:
            await self.look()
            held, passed = holds(), time.monotonic() - begun
            if held or passed >= within_s:
                return held, passed
            await asyncio.sleep(_LOOK_S)

    @property
    def fresh_within_s(self) -> float:
        """How old a heartbeat may be."""
        fresh: float = self.config.supervision.hang_timeout / 1e9
        return fresh


def load(source: str, overrides: Sequence[str] | None = None) -> LoadedConfig:
    """The settings, with the process's environment and `section.key=value` overrides."""
    return load_config(source, environ=os.environ, overrides=tuple(overrides or ()))


def existing(data: Sequence[Path]) -> tuple[Path, ...]:
    """The files of `--data`; raises `UsageError` for a path, folder or pattern that stands for none."""
    if not data:
        return ()
    from cluster.feeds import expand_data  # brings numpy, and only recordings need it

    try:
        return tuple(expand_data(data))
    except DataProviderError as error:
        raise UsageError(error.message, field="--data", value=error.value, remedy=error.remedy) from error


def chosen_name(name: str | None, config: str | None) -> str:
    """The desk's name: as given, else that in the settings, else the default."""
    if name is not None:
        return name
    return DEFAULT_DESK if config is None else load(config).config.desk.name


async def find(name: str, folder: Path | None) -> Desk:
    """The running desk of this name. Raises `DeskNotRunningError`."""
    from cluster.desk import find_desk

    try:
        return await find_desk(name, folder)
    except DeskError as error:
        raise DeskNotRunningError(
            error.message,
            field="--desk",
            value=name,
            remedy="start it with `raydesk up CONFIG` or `raydesk run CONFIG`, or name another with --desk",
        ) from error


@asynccontextmanager
async def watched(name: str | None, config: str | None, folder: Path | None) -> AsyncIterator[Watch]:
    """A running desk, let go of at the end."""
    desk = await find(chosen_name(name, config), folder)
    try:
        yield Watch(desk)
    finally:
        with contextlib.suppress(StoreUnavailableError):
            await desk.close()


def on_desk(
    name: str | None, config: str | None, folder: Path | None, work: Callable[[Watch], Awaitable[T]]
) -> T:
    """Run `work` on a running desk and return what it returns. Raises `DeskNotRunningError`."""

    async def there() -> T:
        async with watched(name, config, folder) as watch:
            return await work(watch)

    return asyncio.run(there())
