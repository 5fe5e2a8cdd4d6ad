"""A lean HTTP/1.1 transport: kept connections over asyncio protocols, one request at a time on each.

httpx costs about 0.5 ms of processor time per request, half of what an order may take from quote to socket, and 80 ms
of every start of a process; this costs a tenth of it. It offers what JSON services need and leaves out the rest: no
proxies, no HTTP/2, no streaming. A request is written once: nothing here ever tries again, as only the caller knows
what may be repeated.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from typing import cast

import msgspec

from actors.venues.transport.http1 import AnswerParser, Origin, Request, encoded_request
from actors.venues.transport.http_errors import (
    ConnectError,
    ConnectTimeout,
    PoolTimeout,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    StartTimeout,
    WriteTimeout,
)


class Phases(msgspec.Struct, frozen=True):
    """How long each phase of a request may take, in seconds; `start_s` bounds all that comes before it is written."""

    connect_s: float = 2.0
    pool_s: float = 1.0
    write_s: float = 2.0
    read_s: float = 5.0
    start_s: float = 3_600.0


class LeanTransport:
    """Connections to any number of hosts. Belongs to the event loop it is first used on.

    `connections` bounds how many are open at once, `keep_alive_s` how long one may have been idle to be used again.
    Failures are those of `http_errors`: up to and including the connect phase nothing was written.
    """

    def __init__(
        self,
        *,
        connections: int = 64,
        keep_alive_s: float = 30.0,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self._keep_alive_s = keep_alive_s
        self._verify = verify
        self._slots = asyncio.Semaphore(connections)
        self._idle: dict[Origin, deque[tuple[_Connection, float]]] = {}
        self._open: set[_Connection] = set()
        self._closed = False

    @property
    def open_connections(self) -> int:
        """How many connections there are, idle or at work."""
        return len(self._open)

    async def send(self, request: Request, phases: Phases) -> AnswerParser:
        """Write one request and read its answer whole. Raises `HttpError`."""
        wire = encoded_request(request)
        latest = time.monotonic() + phases.start_s
        await self._enter(min(phases.pool_s, phases.start_s))
        try:
            return await self._exchange(request, wire, phases, latest)
        finally:
            self._slots.release()

    async def aclose(self) -> None:
        """Close every connection; requests under way fail."""
        self._closed = True
        for connection in list(self._open):
            connection.close()
        self._idle.clear()

    async def _enter(self, wait_s: float) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(wait_s):
                await self._slots.acquire()
        except TimeoutError as error:
            raise PoolTimeout("all connections are busy") from error

    async def _exchange(self, request: Request, wire: bytes, phases: Phases, latest: float) -> AnswerParser:
        """Write it and read the answer, unless by then it is later than `latest` (monotonic)."""
        origin = request.origin
        connection = self._kept(origin)
        if connection is None:
            left_s = max(0.0, latest - time.monotonic())
            connection = await self._connect(origin, min(phases.connect_s, left_s))
        if time.monotonic() >= latest:
            self._keep(origin, connection)
            raise StartTimeout(f"it could not be written within {phases.start_s:g} s")
        try:
            answer = await connection.exchange(
                AnswerParser(request.method), wire, phases.write_s, phases.read_s
            )
        except BaseException:  # also when cancelled: what is left unread must not be the next one's answer
            connection.close()
            raise
        if answer.keep_alive:
            self._keep(origin, connection)
        else:
            connection.close()
        return answer

    def _keep(self, origin: Origin, connection: _Connection) -> None:
        """Leave a connection for the next request."""
        if self._closed or connection.closed:
            connection.close()
        else:
            self._idle.setdefault(origin, deque()).append((connection, time.monotonic()))

    def _kept(self, origin: Origin) -> _Connection | None:
        """The connection used last: the others may grow old and be closed."""
        idle = self._idle.get(origin)
        oldest = time.monotonic() - self._keep_alive_s
        while idle:
            connection, since = idle.pop()
            if since >= oldest and not connection.closed:
                return connection
            connection.close()
        return None

    async def _connect(self, origin: Origin, wait_s: float) -> _Connection:
        scheme, host, port = origin
        if self._closed:
            raise ConnectError("the transport is closed")
        try:
            async with asyncio.timeout(wait_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(self._open),
                    host,
                    port,
                    ssl=self._context() if scheme == "https" else None,
                )
        except TimeoutError as error:
            raise ConnectTimeout(f"no connection to {host}:{port} within {wait_s} s") from error
        except OSError as error:
            raise ConnectError(f"no connection to {host}:{port}: {error}") from error
        return connection

    def _context(self) -> ssl.SSLContext:
        # Made when it is first needed: reading the authorities takes tens of milliseconds.
        if self._verify is None:
            import certifi  # the authorities that browsers trust, whatever this machine has installed

            self._verify = ssl.create_default_context(cafile=certifi.where())
        return self._verify


class _Connection(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self, open_ones: set[_Connection]) -> None:
        self.closed = False
        self._open_ones = open_ones
        self._transport: asyncio.Transport | None = None
        self._parser: AnswerParser | None = None
        self._answer: asyncio.Future[AnswerParser] | None = None
        self._writable: asyncio.Future[None] | None = None

    async def exchange(
        self, parser: AnswerParser, wire: bytes, write_s: float, read_s: float
    ) -> AnswerParser:
        """Write a request and wait for its answer."""
        if self._transport is None or self.closed:
            raise ReadError("the connection was closed")
        self._parser = parser
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._transport.write(wire)
            if self._writable is not None:
                await self._written(self._writable, write_s)
            async with asyncio.timeout(read_s):
                return await self._answer
        except TimeoutError as error:
            raise ReadTimeout(f"no answer within {read_s} s") from error
        finally:
            self._parser = self._answer = None

    def close(self) -> None:
        """Let go; harmless to repeat."""
        self.closed = True
        self._open_ones.discard(self)
        if self._transport is not None:
            self._transport.abort()

    async def _written(self, writable: asyncio.Future[None], write_s: float) -> None:
        try:
            async with asyncio.timeout(write_s):
                await asyncio.shield(writable)
        except TimeoutError as error:
            raise WriteTimeout(f"the request was not written within {write_s} s") from error

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)
        self._open_ones.add(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`. What comes unasked makes the connection unfit: it could pass for an answer."""
        parser, answer = self._parser, self._answer
        if parser is None or answer is None or answer.done():
            self.close()
            return
        try:
            if parser.feed(data):
                answer.set_result(parser)
        except RemoteProtocolError as error:
            answer.set_exception(error)

    def connection_lost(self, error: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.closed = True
        self._open_ones.discard(self)
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        parser, answer = self._parser, self._answer
        if parser is None or answer is None or answer.done():
            return
        if error is not None:
            answer.set_exception(ReadError(f"the connection broke: {error}"))
        elif parser.end():
            answer.set_result(parser)
        else:
            where = "in the middle of" if parser.begun else "before"
            answer.set_exception(RemoteProtocolError(f"the connection ended {where} the answer"))

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None
