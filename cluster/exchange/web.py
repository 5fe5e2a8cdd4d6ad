"""uvicorn as the exchange needs it: no signal handlers, connections that can be cut, control frames that count."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from messages.errors import ConfigurationError, VenueConnectionError

_KEEP_ALIVE_S = 75
"""Longer than any client keeps an idle connection, so that none writes into one that is being closed."""
_LARGEST_MESSAGE = 1 << 20
_SEND_BUFFER = 1 << 18
"""What the system may hold for a client that does not read: else it takes megabytes until a slow one is noticed."""


class WebServer:
    """One application listening on one address."""

    def __init__(
        self,
        application: Callable[..., Any],
        listener: socket.socket,
        *,
        ping_every_s: float = 180.0,
        pong_within_s: float = 600.0,
    ) -> None:
        self.host, self.port = listener.getsockname()[:2]
        self._listener = listener
        self._task: asyncio.Task[None] | None = None
        self._server = _Uvicorn(
            uvicorn.Config(
                application,
                http="h11",
                ws=StreamProtocol,
                ws_ping_interval=ping_every_s,
                ws_ping_timeout=pong_within_s,
                ws_per_message_deflate=False,
                ws_max_size=_LARGEST_MESSAGE,
                loop="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=1,
                proxy_headers=False,
                server_header=False,
            )
        )

    async def start(self) -> asyncio.Task[None]:
        """Listen; returns the task that ends with the server."""
        self._task = asyncio.create_task(self._server.serve([self._listener]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.002)
        return self._task

    async def stop(self) -> None:
        """Answer what is under way, close all connections. Harmless to repeat."""
        self._server.should_exit = True
        if self._task is None:
            self._listener.close()
            return
        await asyncio.gather(self._task, return_exceptions=True)

    def cut(self, client: tuple[str, int]) -> None:
        """End the connection of this remote address at once, without an answer."""
        for connection in list(self._server.server_state.connections):
            transport = connection.transport
            peer = None if transport is None else transport.get_extra_info("peername")
            if peer is not None and peer[:2] == client:
                transport.abort()


class StreamProtocol(WebSocketsSansIOProtocol):
    """Gives the application its connection as `scope["state"]["wire"]`: to end it, and to hear of control frames."""

    on_control_frame: Callable[[], object] | None = None

    def abort(self) -> None:
        """End the connection at once; what waits in its buffers is gone."""
        self.transport.abort()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["state"]["wire"] = self  # before the application's task runs for the first time

    def handle_ping(self) -> None:
        super().handle_ping()
        self._count()

    def handle_pong(self, event: Frame) -> None:
        super().handle_pong(event)
        self._count()

    def _count(self) -> None:
        if self.on_control_frame is not None:
            self.on_control_frame()


def listen(host: str, port: int, field: str) -> socket.socket:
    """A listening address; port 0 = any. Raises `VenueConnectionError` naming `field` when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol named, asyncio leaves Nagle's algorithm on, and answers of two writes take 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # connections inherit it
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise VenueConnectionError(
            f"can't listen here: {errno.errorcode.get(error.errno or 0, error.strerror)}",
            field=field,
            value=f"{host}:{port}",
            remedy="give a free port, or 0 for any",
        ) from error
    listener.setblocking(False)
    return listener


def require_loopback(host: str, field: str) -> None:
    """Raises `ConfigurationError` for an address that other machines can reach."""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise ConfigurationError(
            "other machines could reach the exchange here",
            field=field,
            value=host,
            remedy="give 127.0.0.1, or say that this is meant with allow_remote",
        )


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: signals belong to the process, not to the exchange."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
