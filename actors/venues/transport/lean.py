"""A lean HTTP/1.1 transport under httpx: kept connections over asyncio protocols, one request at a time on each.

httpx's own transport costs about 0.5 ms of processor time per request, half of what an order may take from quote to
socket; this one costs a tenth of it. It offers what JSON services need and leaves out the rest: no proxies, no HTTP/2,
no streaming. A request is written once: nothing here ever tries again, as only the caller knows what may be repeated.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from typing import cast

import httpx

from actors.venues.transport.http1 import AnswerParser, encoded_request

_Origin = tuple[str, str, int]
_PORTS = {"http": 80, "https": 443}


class LeanTransport(httpx.AsyncBaseTransport):
    """Connections to any number of hosts. Belongs to the event loop it is first used on.

    `connections` bounds how many are open at once, `keep_alive_s` how long one may have been idle to be used again.
    Failures are httpx's exceptions: up to and including the connect phase nothing was written.
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
        self._idle: dict[_Origin, deque[tuple[_Connection, float]]] = {}
        self._open: set[_Connection] = set()
        self._closed = False

    @property
    def open_connections(self) -> int:
        """How many connections there are, idle or at work."""
        return len(self._open)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its answer whole."""
        phases = request.extensions.get("timeout", {})
        wire = encoded_request(request, await request.aread())
        await self._enter(phases.get("pool"))
        try:
            answer = await self._exchange(request, wire, phases)
        finally:
            self._slots.release()
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=httpx.ByteStream(answer.body),
            extensions={"http_version": b"HTTP/1.1"},
        )

    async def aclose(self) -> None:
        """Close every connection; requests under way fail."""
        self._closed = True
        for connection in list(self._open):
            connection.close()
        self._idle.clear()

    async def _enter(self, wait_s: float | None) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(wait_s):
                await self._slots.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("all connections are busy") from error

    async def _exchange(
        self, request: httpx.Request, wire: bytes, phases: dict[str, float | None]
    ) -> AnswerParser:
        url = request.url
        origin = (url.scheme, url.host, url.port or _PORTS[url.scheme])
        connection = self._kept(origin) or await self._connect(origin, phases.get("connect"))
        try:
            answer = await connection.exchange(
                AnswerParser(request.method), wire, phases.get("write"), phases.get("read")
            )
        except BaseException:  # also when cancelled: what is left unread must not be the next one's answer
            connection.close()
            raise
        if answer.keep_alive and not self._closed and not connection.closed:
            self._idle.setdefault(origin, deque()).append((connection, time.monotonic()))
        else:
            connection.close()
        return answer

    def _kept(self, origin: _Origin) -> _Connection | None:
        """The connection used last: the others may grow old and be closed."""
        idle = self._idle.get(origin)
        oldest = time.monotonic() - self._keep_alive_s
        while idle:
            connection, since = idle.pop()
            if since >= oldest and not connection.closed:
                return connection
            connection.close()
        return None

    async def _connect(self, origin: _Origin, wait_s: float | None) -> _Connection:
        scheme, host, port = origin
        if self._closed:
            raise httpx.ConnectError("the transport is closed")
        try:
            async with asyncio.timeout(wait_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(self._open),
                    host,
                    port,
                    ssl=self._context() if scheme == "https" else None,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection to {host}:{port} within {wait_s} s") from error
        except OSError as error:
            raise httpx.ConnectError(f"no connection to {host}:{port}: {error}") from error
        return connection

    def _context(self) -> ssl.SSLContext:
        # Made when it is first needed: reading the authorities takes tens of milliseconds.
        if self._verify is None:
            self._verify = httpx.create_ssl_context(trust_env=False)
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
        self, parser: AnswerParser, wire: bytes, write_s: float | None, read_s: float | None
    ) -> AnswerParser:
        """Write a request and wait for its answer."""
        if self._transport is None or self.closed:
            raise httpx.ReadError("the connection was closed")
        self._parser = parser
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._transport.write(wire)
            if self._writable is not None:
                await self._written(self._writable, write_s)
            async with asyncio.timeout(read_s):
                return await self._answer
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"no answer within {read_s} s") from error
        finally:
            self._parser = self._answer = None

    def close(self) -> None:
        """Let go; harmless to repeat."""
        self.closed = True
        self._open_ones.discard(self)
        if self._transport is not None:
            self._transport.abort()

    async def _written(self, writable: asyncio.Future[None], write_s: float | None) -> None:
        try:
            async with asyncio.timeout(write_s):
                await asyncio.shield(writable)
        except TimeoutError as error:
            raise httpx.WriteTimeout(f"the request was not written within {write_s} s") from error

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
        except httpx.RemoteProtocolError as error:
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
            answer.set_exception(httpx.ReadError(f"the connection broke: {error}"))
        elif parser.end():
            answer.set_result(parser)
        else:
            where = "in the middle of" if parser.begun else "before"
            answer.set_exception(httpx.RemoteProtocolError(f"the connection ended {where} the answer"))

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None
