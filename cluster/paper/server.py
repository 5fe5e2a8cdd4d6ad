"""The paper venue as a running server: its socket, its published address, its token, its life and its end.

`serve` is a coroutine like any other, so that a process of its own (`python -m cluster.paper`) and a Ray actor can
host it alike.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import socket
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import uvicorn

from cluster.durable_files import write_atomically
from cluster.feeds.columns import Feed
from cluster.paper.http import FrontEnd
from cluster.paper.market import open_feeds
from cluster.paper.pacing import PacedClock, keep_pace
from cluster.paper.settings import PaperSettings, TimeMode, checked
from cluster.paper.venue import PaperVenue
from messages.errors import DeskError, VenueConnectionError

ADDRESS_FILE = "address.json"
TOKEN_FILE = "token"

_KEEP_ALIVE_S = 75
"""Longer than any client keeps an idle connection, so that none writes into one that is being closed."""


class Address(msgspec.Struct, frozen=True):
    """Where the venue listens, as published in `address.json` in its folder."""

    host: str
    port: int
    pid: int


class PaperServer:
    """One venue, listening. `start`, then `wait` for its end or call `stop`."""

    def __init__(self, settings: PaperSettings, *, feeds: Mapping[str, Feed] | None = None) -> None:
        """Opens nothing yet. `feeds` by symbol take the place of those that the settings describe.

        Raises `ConfigurationError` for settings that make no sense.
        """
        self._settings = checked(settings)
        self._folder = Path(settings.folder)
        self._feeds = feeds
        self._failure: BaseException | None = None
        self._venue: PaperVenue | None = None
        self._server: _Uvicorn | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> Address:
        """Recover, listen, publish the address. Answers come only after recovery is complete.

        Raises what `PaperVenue` and its feeds raise, and `VenueConnectionError` when the port is taken.
        """
        settings = self._settings
        feeds = self._feeds or open_feeds(settings.source, settings.instruments)
        self._venue = venue = PaperVenue(settings, feeds, machine_time=time.time_ns())
        try:
            listener = self._listen()
        except BaseException:
            venue.close()
            raise
        front = FrontEnd(settings, venue, self._token(), self._cut_connection, self._fail)
        self._server = _Uvicorn(
            uvicorn.Config(
                front.application,
                http="h11",
                ws="websockets-sansio",
                loop="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=1,
            )
        )
        self._tasks.append(asyncio.create_task(self._server.serve([listener])))
        while not self._server.started and not self._tasks[0].done():
            await asyncio.sleep(0.002)
        if settings.time.mode is TimeMode.PACED:
            start = settings.time.wall_start
            clock = PacedClock(settings.time, venue.born_at if start is None else start)
            self._tasks.append(asyncio.create_task(keep_pace(venue, clock, front.streams.notify)))
        host, port = listener.getsockname()[:2]
        address = Address(host, port, os.getpid())
        write_atomically(self._folder / ADDRESS_FILE, msgspec.json.encode(address))
        return address

    async def wait(self) -> None:
        """Until the venue ends. Raises what ended it, `StoreError` when its store can't be written."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self._failure = self._failure or task.exception()
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Answer what is under way, write a snapshot, let go of everything. Harmless to repeat."""
        pacing = self._tasks[1:]
        for task in pacing:
            task.cancel()
        if self._server is not None:
            self._server.should_exit = True
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._failure = self._failure or next((each for each in ended if isinstance(each, Exception)), None)
        venue, self._venue = self._venue, None
        if venue is not None:
            try:
                if self._failure is None:
                    venue.write_snapshot()
            finally:
                venue.close()

    @property
    def time(self) -> int:
        """How far the market is folded, ns UTC; 0 while the venue does not run."""
        return 0 if self._venue is None else self._venue.time

    def look_again(self) -> None:
        """The feeds have grown, by rows later than `time`."""
        if self._venue is not None:
            self._venue.look_again()

    def _fail(self, error: DeskError) -> None:
        self._failure = error
        if self._server is not None:
            self._server.should_exit = True

    def _cut_connection(self, client: tuple[str, int]) -> None:
        connections = self._server.server_state.connections if self._server is not None else set()
        for connection in connections:
            transport = connection.transport
            peer = None if transport is None else transport.get_extra_info("peername")
            if peer is not None and peer[:2] == client:
                transport.abort()

    def _listen(self) -> socket.socket:
        """The settings' port, or the one of the last time, or any."""
        wanted = self._settings.port
        if wanted:
            return _bound(self._settings.host, wanted)
        with suppress(VenueConnectionError):
            return _bound(self._settings.host, self._last_port())
        return _bound(self._settings.host, 0)

    def _last_port(self) -> int:
        try:
            return msgspec.json.decode((self._folder / ADDRESS_FILE).read_bytes(), type=Address).port
        except (FileNotFoundError, msgspec.DecodeError):
            return 0

    def _token(self) -> str:
        path = self._folder / TOKEN_FILE
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(32).encode(), mode=0o600)
        return path.read_text().strip()


async def serve(settings: PaperSettings, *, stop: asyncio.Event | None = None) -> None:
    """Run a paper venue until `stop` is set or the caller cancels. Raises what `PaperServer` raises."""
    server = PaperServer(settings)
    ended: asyncio.Task[None] | None = None
    stopping = asyncio.create_task((stop or asyncio.Event()).wait())
    try:
        await server.start()
        ended = asyncio.create_task(server.wait())
        await asyncio.wait([ended, stopping], return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            ended.result()
    finally:
        stopping.cancel()
        if ended is not None:
            ended.cancel()
        await server.stop()


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: signals belong to the process, not to the venue."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise VenueConnectionError(
            f"can't listen here: {errno.errorcode.get(error.errno or 0, error.strerror)}",
            field="paper.port",
            value=f"{host}:{port}",
            remedy="give a free port, or 0 for any",
        ) from error
    listener.setblocking(False)
    return listener
