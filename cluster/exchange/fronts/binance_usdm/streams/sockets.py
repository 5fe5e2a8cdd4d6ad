"""The WebSocket paths: taking a client in, its control messages, its limits, its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from cluster.exchange.faults import FaultPlan
from cluster.exchange.fronts.binance_usdm.context import FrontState
from cluster.exchange.fronts.binance_usdm.streams.connection import Connection
from cluster.exchange.fronts.binance_usdm.streams.hub import StreamHub
from cluster.exchange.fronts.binance_usdm.streams.names import StreamClass

GOING_AWAY = 1001
POLICY = 1008
_INVALID = 2
_NOT_JSON = 3
_CLASSES = (StreamClass.PUBLIC, StreamClass.MARKET, StreamClass.PRIVATE)

_encoder = msgspec.json.Encoder()


class _Control(msgspec.Struct):
    """What a client may send."""

    method: str
    id: int | str | None = None
    params: list[Any] = []


class StreamSockets:
    """Serves all stream paths of one front end."""

    def __init__(self, front: FrontState, hub: StreamHub, faults: FaultPlan) -> None:
        self.connections: set[Connection] = set()
        self.opened = 0
        self.dropped = 0
        """Clients that were too slow."""
        self._front = front
        self._hub = hub
        self._faults = faults

    def routes(self) -> list[WebSocketRoute]:
        """The paths: `/<class>/ws`, `/<class>/ws/<stream>`, `/<class>/stream`, and the same without a class."""
        made = []
        for stream_class in (*_CLASSES, StreamClass.LEGACY):
            prefix = "" if stream_class is StreamClass.LEGACY else f"/{stream_class}"
            raw, combined = self._path(stream_class, False), self._path(stream_class, True)
            made += [
                WebSocketRoute(f"{prefix}/ws", raw),
                WebSocketRoute(f"{prefix}/ws/{{streams:path}}", raw),
                WebSocketRoute(f"{prefix}/stream", combined),
            ]
        return made

    def cut(self) -> int:
        """Reset all connections; tells how many there were."""
        count = len(self.connections)
        for connection in list(self.connections):
            connection.cut()
        return count

    def _path(self, stream_class: StreamClass, combined: bool) -> Callable[[WebSocket], Any]:
        async def serve(socket: WebSocket) -> None:
            await self._serve(socket, stream_class, combined)

        return serve

    async def _serve(self, socket: WebSocket, stream_class: StreamClass, combined: bool) -> None:
        wire = socket.scope["state"]["wire"]
        connection = Connection(
            socket,
            stream_class,
            combined=combined,
            queue=self._front.settings.queue,
            faults=self._faults,
            abort=wire.abort,
        )
        await socket.accept()
        self.opened += 1
        self.connections.add(connection)
        wire.on_control_frame = lambda: self._count(connection)
        life = asyncio.get_running_loop().call_later(
            self._front.settings.connection_life_s, connection.close, GOING_AWAY, "connection life is over"
        )
        sender = asyncio.create_task(connection.send_waiting())
        try:
            if self._begin(connection, socket):
                await self._listen(connection, socket, sender)
            else:
                connection.close(POLICY, "no such listen key")
                await sender
        except WebSocketDisconnect:
            pass
        finally:
            life.cancel()
            self._hub.leave(connection)
            self.connections.discard(connection)
            self.dropped += connection.too_slow
            sender.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await sender

    def _begin(self, connection: Connection, socket: WebSocket) -> bool:
        """Subscribe to what the address names; False for a listen key that is not there.

        A market stream of no meaning is taken and stays silent, as at the venue: clients number their connections so.
        """
        query = socket.query_params
        named = socket.path_params.get("streams") or query.get("streams") or ""
        labels = [label for label in named.split("/") if label]
        if (key := query.get("listenKey")) is not None:
            labels.append(key)
        if (events := query.get("events")) is not None:
            connection.events = frozenset(events.split("/"))
        if len(labels) > self._front.settings.streams_per_connection:
            return False
        taken = [self._hub.subscribe(connection, label) for label in labels]
        return all(taken) or connection.stream_class in (StreamClass.PUBLIC, StreamClass.MARKET)

    async def _listen(self, connection: Connection, socket: WebSocket, sender: asyncio.Task[None]) -> None:
        """Answer control messages until either side ends."""
        while True:
            receiver = asyncio.ensure_future(socket.receive_text())
            await asyncio.wait((receiver, sender), return_when=asyncio.FIRST_COMPLETED)
            if not receiver.done():
                receiver.cancel()
                await asyncio.gather(receiver, return_exceptions=True)
                return
            text = receiver.result()
            if not self._count(connection):
                return
            connection.answer(self._control(connection, text))

    def _count(self, connection: Connection) -> bool:
        """Count a frame of the client; who sends too many is disconnected."""
        now = asyncio.get_running_loop().time()
        if connection.count_incoming(now, self._front.settings.messages_per_second):
            return True
        connection.cut()
        return False

    def _control(self, connection: Connection, text: str) -> str:
        try:
            asked = msgspec.json.decode(text, type=_Control)
        except msgspec.ValidationError as error:
            return _error(_INVALID, f"Invalid request: {error}", None)
        except msgspec.DecodeError as error:
            return _error(_NOT_JSON, f"Invalid JSON: {error}", None)
        if asked.method == "LIST_SUBSCRIPTIONS":
            return _result(list(connection.subscriptions), asked.id)
        if asked.method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            return _error(_INVALID, f"Invalid request: unknown method `{asked.method}`", asked.id)
        if not asked.params or not all(isinstance(label, str) for label in asked.params):
            return _error(_INVALID, "Invalid request: params must be a list of stream names", asked.id)
        if asked.method == "UNSUBSCRIBE":
            for label in asked.params:
                self._hub.unsubscribe(connection, label)
            return _result(None, asked.id)
        known = len({*connection.subscriptions, *asked.params})
        if known > self._front.settings.streams_per_connection:
            return _error(_INVALID, "Invalid request: too many streams", asked.id)
        for label in asked.params:
            if not self._hub.subscribe(connection, label):
                return _error(_INVALID, f"Invalid request: no such stream `{label}`", asked.id)
        return _result(None, asked.id)


def _result(result: object, number: int | str | None) -> str:
    return _encoder.encode({"result": result, "id": number}).decode()


def _error(code: int, text: str, number: int | str | None) -> str:
    return _encoder.encode({"error": {"code": code, "msg": text}, "id": number}).decode()
