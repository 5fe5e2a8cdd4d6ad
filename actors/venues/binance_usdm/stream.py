"""The private stream's connections: opened, watched, replaced before the venue ends them, opened again after a loss.

A connection that is replaced in time is read beside its successor for a while, so that nothing falls between; only
when there was none at all is the stream `OPENED` anew.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from enum import Enum
from typing import Any, Final
from urllib.parse import quote

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from actors.venues.binance_usdm.events import ABOUT_ORDERS, LISTEN_KEY_EXPIRED, SERVER_SHUTDOWN, kind_of
from actors.venues.binance_usdm.listen_key import Kept, ListenKeys
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from actors.venues.transport.reconnecting import Backoff, StormAlarm
from messages.errors import DataProviderError, VenueConnectionError

_SECOND = 1_000_000_000
_LARGEST_FRAME = 16 * 1024 * 1024
_CLOSE_S = 0.2
_TICK_S = 1.0
_logger = logging.getLogger(__name__)


class Mark(Enum):
    """What the stream says of itself between frames."""

    OPENED = "opened"


OPENED: Final = Mark.OPENED


class Frame(msgspec.Struct, frozen=True):
    """One frame as it came, and the name of its event."""

    kind: str
    text: str | bytes


Item = Frame | Mark | VenueConnectionError


class PrivateStream:
    """One account's stream. `frames` has one reader at a time."""

    def __init__(self, settings: BinanceUsdmSettings, keys: ListenKeys) -> None:
        self._settings = settings
        self._ways = settings.stream
        self._keys = keys
        self._storm = StormAlarm(
            count=self._ways.storm_count, window_ns=int(self._ways.storm_window_s * _SECOND)
        )
        self._lines: set[_Line] = set()
        self._expected: int | None = None
        self._told = time.monotonic_ns()
        self._opened = 0
        self._closing = asyncio.Event()

    @property
    def up(self) -> bool:
        """Whether a connection is there."""
        return any(not line.ended.done() for line in self._lines)

    @property
    def reconnects(self) -> int:
        """How often it had to be opened again."""
        return max(0, self._opened - 1)

    @property
    def storming(self) -> bool:
        """Whether it has to be opened again too often."""
        return self._storm.raised(time.monotonic_ns())

    def expect(self, since: int) -> None:
        """Something of an order must be told that began at `since` (monotonic ns): silence now means a dead stream."""
        if self._told < since and self._expected is None:
            self._expected = since

    def close(self) -> None:
        """End `frames`."""
        self._closing.set()

    async def frames(self) -> AsyncIterator[Frame | Mark]:
        """All frames, until `close`. Raises `VenueConnectionError` when the venue refuses our credentials."""
        inbox: asyncio.Queue[Item | None] = asyncio.Queue()
        worker = asyncio.create_task(self._work(inbox))
        worker.add_done_callback(lambda _: inbox.put_nowait(None))
        try:
            while (item := await inbox.get()) is not None:
                if isinstance(item, VenueConnectionError):
                    raise item
                yield item
            if not worker.cancelled():
                worker.result()  # a defect of ours must not look like the end of the stream
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker

    async def _work(self, inbox: asyncio.Queue[Item | None]) -> None:
        backoff = Backoff(first_s=self._ways.first_pause_s, longest_s=self._ways.longest_pause_s)
        try:
            while not self._closing.is_set():
                line = await self._open(inbox)
                if line is not None:
                    since = time.monotonic()
                    self._note_opened()
                    inbox.put_nowait(OPENED)
                    line.start()
                    await self._watch(line, inbox)
                    if time.monotonic() - since > self._ways.longest_pause_s:
                        backoff.reset()
                await self._rest(backoff.pause_s())
        except VenueConnectionError as error:
            inbox.put_nowait(error)
        finally:
            for line in list(self._lines):
                await line.close()

    async def _open(self, inbox: asyncio.Queue[Item | None]) -> _Line | None:
        """A new connection that is not read yet; None when there is none to be had."""
        key = await self._keys.make()
        if key is None:
            return None
        try:
            socket = await connect(
                f"{self._settings.stream_url}/private/ws/{quote(key, safe='')}",
                compression=None,
                proxy=None,
                open_timeout=self._ways.open_s,
                ping_interval=self._ways.ping_s,
                ping_timeout=self._ways.pong_s,
                close_timeout=_CLOSE_S,
                max_size=_LARGEST_FRAME,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            _logger.warning("%s: no private stream: %s", self._settings.venue, error)
            return None
        line = _Line(socket, inbox, self)
        self._lines.add(line)
        return line

    async def _watch(self, line: _Line, inbox: asyncio.Queue[Item | None]) -> None:
        """Keep a stream going; returns when there is no connection any more."""
        keep_at = time.monotonic() + self._ways.keepalive_s
        renew_at = time.monotonic() + self._ways.renewal_s
        while not self._closing.is_set():
            await self._tick(line)
            now = time.monotonic()
            if line.ended.done() or line.key_gone:
                break
            if self._is_silent():
                _logger.warning("%s: the private stream is silent; opening another", self._settings.venue)
                break
            if now >= keep_at:
                kept = await self._keys.keep()
                if kept is Kept.GONE:
                    break
                alive = kept is Kept.ALIVE
                keep_at = now + (self._ways.keepalive_s if alive else self._ways.keepalive_retry_s)
            if now >= renew_at or line.leaving:
                successor = await self._succeed(line, inbox)
                renew_at = now + (self._ways.keepalive_retry_s if successor is None else self._ways.renewal_s)
                line.leaving = False
                line = successor or line
        self._expected = None
        for each in list(self._lines):
            await each.close()

    async def _succeed(self, line: _Line, inbox: asyncio.Queue[Item | None]) -> _Line | None:
        """Open the next connection while the present one is still read."""
        successor = await self._open(inbox)
        if successor is None:
            return None
        if line.ended.done():  # too late: something may have fallen between
            self._note_opened()
            inbox.put_nowait(OPENED)
        successor.start()
        line.close_after(self._ways.overlap_s)
        return successor

    async def _tick(self, line: _Line) -> None:
        closing = asyncio.create_task(self._closing.wait())
        either: tuple[asyncio.Future[Any], ...] = (line.ended, closing)
        ways = self._ways
        tick = min(_TICK_S, ways.silence_s / 4, ways.keepalive_s / 4, ways.renewal_s / 4)
        await asyncio.wait(either, timeout=tick, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()

    def note(self, kind: str) -> None:
        """A frame of this kind came."""
        if kind in ABOUT_ORDERS:
            self._told = time.monotonic_ns()
            self._expected = None

    def forget(self, line: _Line) -> None:
        """A connection ended."""
        self._lines.discard(line)

    def _is_silent(self) -> bool:
        since = self._expected
        return since is not None and time.monotonic_ns() - since > self._ways.silence_s * _SECOND

    def _note_opened(self) -> None:
        self._opened += 1
        if self._opened > 1 and self._storm.reconnected(time.monotonic_ns()):
            _logger.error(
                "%s: the private stream was opened %d times within %.0f s",
                self._settings.venue,
                self._ways.storm_count,
                self._ways.storm_window_s,
            )

    async def _rest(self, pause_s: float) -> None:
        """Wait before the next connection, or until closing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._closing.wait()


class _Line:
    """One connection. `ended` is done when it is over, `key_gone` set when its key is, `leaving` when the venue says
    that it will end it."""

    def __init__(
        self, socket: ClientConnection, inbox: asyncio.Queue[Item | None], stream: PrivateStream
    ) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.key_gone = False
        self.leaving = False
        self._socket = socket
        self._inbox = inbox
        self._stream = stream
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to read."""
        self._spawn(self._read())

    def close_after(self, seconds: float) -> None:
        """Read on for a while, then close."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await self._socket.close()

        self._spawn(later())

    async def close(self) -> None:
        """Close now."""
        for task in self._tasks:
            task.cancel()
        self._end()
        await self._socket.close()

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                self._take(text)
        except WebSocketException:
            pass  # the connection ended; the next one is opened whatever the cause
        finally:
            self._end()

    def _take(self, text: str | bytes) -> None:
        try:
            kind = kind_of(text)
        except DataProviderError as error:
            _logger.warning("private stream: %s", error)
            self._inbox.put_nowait(OPENED)  # whatever it said is lost: the reader must ask
            return
        self._stream.note(kind)
        if kind == LISTEN_KEY_EXPIRED:
            self.key_gone = True
            self._end()
        elif kind == SERVER_SHUTDOWN:
            self.leaving = True
        else:
            self._inbox.put_nowait(Frame(kind, text))

    def _end(self) -> None:
        self._stream.forget(self)
        if not self.ended.done():
            self.ended.set_result(None)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
