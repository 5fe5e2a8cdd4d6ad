"""One connection to the venue's market streams that lasts: opened again when it breaks, replaced before its time is up.

The venue ends every connection after 24 h. A successor is opened and subscribed while the old one still tells; what
the successor tells meanwhile is held back, then the old one is let go and the held frames follow. Whoever takes the
frames drops the repeated ones by their ids, so that nothing is missed and nothing comes out of order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from actors.venues.binance_usdm.market_frames import Answer, ServerShutdown, decode_frame
from actors.venues.binance_usdm.market_plan import LinePlan
from actors.venues.transport.reconnecting import Backoff, StormAlarm
from messages.errors import DataProviderError, VenueConnectionError

_LARGEST_FRAME: Final = 16 * 1024 * 1024
_CLOSE_S: Final = 0.5
_NS: Final = 1_000_000_000


class LineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How connections are kept; times in seconds.

    `base_url` has no path, such as `wss://fstream.binance.com`. The venue takes 10 messages a second from us, pings
    included, and ends connections after 24 h. `idle_s` without any frame is a dead connection: give quiet markets
    more. For `overlap_s` a successor and the connection before it both tell. Pauses between attempts double from the
    shortest to the longest, and begin anew after a connection that lasted `settled_s`.
    """

    base_url: str
    streams_per_connection: int = 200
    streams_per_command: int = 50
    commands_per_s: float = 4.0
    connect_s: float = 5.0
    answer_s: float = 10.0
    idle_s: float = 30.0
    ping_s: float = 15.0
    renew_s: float = 23.5 * 3600
    overlap_s: float = 1.0
    shortest_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    settled_s: float = 30.0
    storm_count: int = 6
    storm_window_s: float = 120.0


class LineTaker(Protocol):
    """Who takes what a line tells, on its event loop."""

    def take(self, frame: bytes) -> Answer | ServerShutdown | None:
        """Take one frame; what concerns the connection itself is given back. Raises `DataProviderError`."""

    def line_up(self, plan: LinePlan) -> None:
        """From now on the line's streams tell everything."""

    def line_down(self, plan: LinePlan, detail: str) -> None:
        """The line's streams tell nothing for a while."""


_BROKEN = (OSError, TimeoutError, WebSocketException, VenueConnectionError)


class Line:
    """Keeps the streams of `plan` coming; `run` ends only when cancelled."""

    def __init__(self, plan: LinePlan, settings: LineSettings, taker: LineTaker) -> None:
        self.plan = plan
        self.up = False
        self.detail = "not connected yet"
        self.reconnects = 0
        self._settings = settings
        self._backoff = Backoff(first_s=settings.shortest_pause_s, longest_s=settings.longest_pause_s)
        self._storm = StormAlarm(count=settings.storm_count, window_ns=int(settings.storm_window_s * _NS))
        self._serving_since: float | None = None
        self._taker = taker

    async def run(self) -> None:
        """Connect, subscribe, read, for ever."""
        socket = await self._opened()
        try:
            while True:
                if await self._due_for_renewal(socket):
                    socket = await self._renewed(socket)
                    continue
                self._lost(socket)
                await socket.close()
                await asyncio.sleep(self._failed())
                socket = await self._opened()
        finally:
            await socket.close()

    def storm(self) -> bool:
        """Whether the line breaks so often that somebody should look."""
        return self._storm.raised(int(_now() * _NS))

    async def _opened(self) -> _Socket:
        """A connection that serves, after as many attempts as it takes."""
        while True:
            try:
                socket = await self._open()
            except _BROKEN as error:
                self.detail = f"{type(error).__name__}: {error}"
                await asyncio.sleep(self._failed())
            else:
                self._serves(socket)
                return socket

    async def _open(self) -> _Socket:
        settings = self._settings
        connection = await connect(
            f"{settings.base_url}/{self.plan.path}/stream",
            compression=None,
            proxy=None,
            open_timeout=settings.connect_s,
            ping_interval=settings.ping_s,
            ping_timeout=settings.ping_s,
            close_timeout=_CLOSE_S,
            max_size=_LARGEST_FRAME,
        )
        socket = _Socket(connection, self._taker.take)
        try:
            # not `wait_for`, which passes over a cancel that comes with the answer
            async with asyncio.timeout(settings.answer_s + self._time_to_ask()):
                await self._subscribe(socket)
        except BaseException:
            await socket.close()
            raise
        return socket

    def _time_to_ask(self) -> float:
        """How long it takes to send all commands at their pace."""
        commands = -(-len(self.plan.streams) // self._settings.streams_per_command)
        return commands / self._settings.commands_per_s

    async def _subscribe(self, socket: _Socket) -> None:
        streams, size = self.plan.streams, self._settings.streams_per_command
        for first in range(0, len(streams), size):
            if first:
                await asyncio.sleep(1 / self._settings.commands_per_s)
            await socket.ask("SUBSCRIBE", streams[first : first + size])
        await socket.answered()

    def _serves(self, socket: _Socket) -> None:
        self.up, self.detail = True, ""
        self._serving_since = _now()
        self._taker.line_up(self.plan)
        socket.release()

    def _lost(self, socket: _Socket) -> None:
        self.up, self.detail = False, socket.reason
        self._taker.line_down(self.plan, socket.reason)

    def _failed(self) -> float:
        """Note a connection that failed or was lost; returns the pause before the next attempt."""
        self.reconnects += 1
        self._storm.reconnected(int(_now() * _NS))
        since, self._serving_since = self._serving_since, None
        if since is not None and _now() - since >= self._settings.settled_s:
            self._backoff.reset()
        return self._backoff.pause_s()

    async def _due_for_renewal(self, socket: _Socket) -> bool:
        """Wait until the connection is to be replaced (True), or has ended or gone silent (False)."""
        settings = self._settings
        while True:
            silent_at = socket.heard + settings.idle_s
            renew_at = socket.opened + settings.renew_s
            patience = min(silent_at, renew_at) - _now()
            if patience > 0:
                await asyncio.wait(
                    {socket.reader, socket.retiring}, timeout=patience, return_when=asyncio.FIRST_COMPLETED
                )
            if socket.reader.done():
                socket.reader.result()  # what is no failure of the connection is a defect, and must be seen
                return False
            if socket.retiring.done() or _now() >= renew_at:
                return True
            if _now() >= socket.heard + settings.idle_s:
                socket.reason = f"silent for {settings.idle_s:g} s"
                return False

    async def _renewed(self, old: _Socket) -> _Socket:
        """The successor of a connection whose time is up; without a gap if the old one lives until it serves."""
        while not old.reader.done():
            try:
                successor = await self._open()
            except _BROKEN as error:
                self.detail = f"not renewed: {type(error).__name__}: {error}"
                await asyncio.wait({old.reader}, timeout=self._failed())
                continue
            if old.reader.done():
                self._failed()
                self._lost(old)
            else:
                await asyncio.wait({old.reader}, timeout=self._settings.overlap_s)
            await old.close()
            if self.up:
                self.detail = ""
                successor.release()
            else:
                self._serves(successor)
            return successor
        return old


class _Socket:
    """One physical connection. Its frames are held back until `release`."""

    def __init__(
        self, connection: ClientConnection, take: Callable[[bytes], Answer | ServerShutdown | None]
    ) -> None:
        self.opened = self.heard = _now()
        self.reason = "closed"
        self.retiring: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connection = connection
        self._take = take
        self._held: list[bytes] | None = []
        self._asked = 0
        self._awaited: dict[int, asyncio.Future[None]] = {}
        self.reader = asyncio.create_task(self._read())

    async def ask(self, method: str, streams: tuple[str, ...]) -> None:
        """Send a command; `answered` waits for what the venue says to all of them."""
        self._asked += 1
        self._awaited[self._asked] = asyncio.get_running_loop().create_future()
        command = {"method": method, "params": streams, "id": self._asked}
        await self._connection.send(msgspec.json.encode(command).decode())

    async def answered(self) -> None:
        """Wait for the answers to all commands. Raises `VenueConnectionError` when one is no."""
        waiting = asyncio.gather(*self._awaited.values())
        futures: set[asyncio.Future[Any]] = {waiting, self.reader}
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            raise VenueConnectionError(
                f"the connection ended before the subscription was answered: {self.reason}", field="streams"
            )
        waiting.result()
        self._awaited.clear()

    def release(self) -> None:
        """Give out what was held back, and from now on everything at once."""
        held, self._held = self._held, None
        for frame in held or ():
            self._control(self._take(frame))

    async def close(self) -> None:
        """Let go of the connection. Harmless to repeat."""
        self.reader.cancel()
        await asyncio.gather(self.reader, return_exceptions=True)
        self.retiring.cancel()
        await self._connection.close()

    async def _read(self) -> None:
        receive = self._connection.recv
        try:
            while True:
                frame = await receive(decode=False)
                self.heard = _now()
                if self._held is None:
                    control = self._take(frame)
                    if control is not None:
                        self._control(control)
                else:
                    self._hold(frame, self._held)
        except (OSError, WebSocketException, DataProviderError) as error:
            self.reason = f"{type(error).__name__}: {error}"

    def _hold(self, frame: bytes, held: list[bytes]) -> None:
        told = decode_frame(frame)
        if isinstance(told, Answer | ServerShutdown):
            self._control(told)
        else:
            held.append(frame)

    def _control(self, told: Answer | ServerShutdown | None) -> None:
        if isinstance(told, ServerShutdown):
            if not self.retiring.done():
                self.retiring.set_result(None)
        elif isinstance(told, Answer) and isinstance(told.id, int):
            awaited = self._awaited.get(told.id)
            if awaited is None or awaited.done():
                return
            if told.error is None:
                awaited.set_result(None)
            else:
                awaited.set_exception(_refused(told))


def _refused(answer: Answer) -> VenueConnectionError:
    error = answer.error
    assert error is not None
    return VenueConnectionError(
        f"the venue refuses a subscription: {error.msg} (code {error.code})",
        field="streams",
        remedy="check the listings of the symbols",
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
