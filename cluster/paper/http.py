"""The venue's front end: REST for commands and questions, a WebSocket for its events; bearer token, JSON."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from cluster.http_faults import HalfAnswer
from cluster.paper.faults import Fault, FaultPlan
from cluster.paper.gateway import Refusal
from cluster.paper.lines import EventLine, decode_event
from cluster.paper.records import OrderRequest
from cluster.paper.settings import PaperSettings, TimeMode
from cluster.paper.stream import EventStreams
from cluster.paper.venue import PaperVenue
from cluster.paper.wire import (
    STATUSES,
    AdvanceBody,
    ClockBody,
    FaultsBody,
    RefusalBody,
    account_body,
    instrument_body,
    order_body,
)
from messages.errors import DeskError
from messages.reasons import Reason

T = TypeVar("T")

CutConnection = Callable[[tuple[str, int]], None]
"""Ends the connection of this remote address without an answer."""

_UNAUTHORISED = 4401
_MOST_LINES = 1_000
_encoder = msgspec.json.Encoder()


class FrontEnd:
    """The routes over one venue. `on_fatal` is told of an error after which the process must end."""

    def __init__(
        self,
        settings: PaperSettings,
        venue: PaperVenue,
        token: str,
        cut_connection: CutConnection,
        on_fatal: Callable[[DeskError], None],
    ) -> None:
        self._settings = settings
        self._venue = venue
        self._credentials = f"Bearer {token}".encode()
        self._cut_connection = cut_connection
        self._on_fatal = on_fatal
        self._faults = FaultPlan(settings.faults)
        self._advancing = asyncio.Lock()
        self.streams = EventStreams(venue, self._faults)
        self.application = Starlette(routes=self._routes())

    def _routes(self) -> list[Route | WebSocketRoute]:
        private = self._private
        return [
            Route("/orders", private(self._place), methods=["POST"]),
            Route("/orders", private(self._list_orders), methods=["GET"]),
            Route("/orders/{client_order_id}", private(self._cancel), methods=["DELETE"]),
            Route("/orders/{client_order_id}", private(self._find), methods=["GET"]),
            Route("/fills", private(self._fills), methods=["GET"]),
            Route("/events", private(self._events), methods=["GET"]),
            Route("/instruments", private(self._instruments), methods=["GET"]),
            Route("/account", private(self._account), methods=["GET"]),
            Route("/time", private(self._time), methods=["GET"]),
            Route("/clock/advance", private(self._advance), methods=["POST"]),
            Route("/faults", private(self._change_faults), methods=["POST"]),
            Route("/health", self._health, methods=["GET"]),
            WebSocketRoute("/stream", self._stream),
        ]

    def _private(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The handler, for those who have the token, with its errors as answers."""

        async def guarded(request: Request) -> Response:
            if not self._is_ours(request):
                return _refused(HTTPStatus.UNAUTHORIZED, Reason.VENUE_REJECTED, "give the venue's token")
            try:
                return await handler(request)
            except Refusal as refusal:
                status = STATUSES.get(refusal.reason, HTTPStatus.BAD_REQUEST)
                return _refused(status, refusal.reason, str(refusal))
            except DeskError as error:
                self._on_fatal(error)
                return _refused(HTTPStatus.SERVICE_UNAVAILABLE, Reason.STORE_AWAY, str(error))

        return guarded

    def _is_ours(self, connection: HTTPConnection) -> bool:
        given = connection.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, self._credentials)

    async def _place(self, request: Request) -> Response:
        order = _body(await request.body(), OrderRequest)
        return await self._with_fate(
            request, order.client_order_id, lambda: _json(order_body(self._venue.place(order)))
        )

    async def _cancel(self, request: Request) -> Response:
        client_order_id: str = request.path_params["client_order_id"]
        sent_at = _number(request, "sent_at", default=0)
        return await self._with_fate(
            request, client_order_id, lambda: _json(order_body(self._venue.cancel(client_order_id, sent_at)))
        )

    async def _find(self, request: Request) -> Response:
        client_order_id: str = request.path_params["client_order_id"]

        def find() -> Response:
            order = self._venue.find(client_order_id)
            if order is None:
                return _refused(HTTPStatus.NOT_FOUND, Reason.UNKNOWN_ORDER, "there never was such an order")
            return _json(order_body(order))

        return await self._with_fate(request, client_order_id, find)

    async def _list_orders(self, request: Request) -> Response:
        if request.query_params.get("open") != "1":
            raise _malformed(
                "open", request.query_params.get("open"), "ask for open=1, or for one order by its id"
            )
        return await self._with_fate(
            request, "", lambda: _json([order_body(order) for order in self._venue.open_orders()])
        )

    async def _fills(self, request: Request) -> Response:
        lines = self._venue.events(_number(request, "after", default=0), limit=_MOST_LINES)
        fills = [line for line in lines if _is_fill(line)]
        return self._lines(fills, _number(request, "after", default=0) + len(lines))

    async def _events(self, request: Request) -> Response:
        after = _number(request, "after", default=0)
        lines = self._venue.events(after, limit=_MOST_LINES)
        return self._lines(lines, after + len(lines))

    async def _account(self, request: Request) -> Response:
        venue = self._venue
        return await self._with_fate(
            request,
            "",
            lambda: _json(account_body(venue.account(), venue.open_orders(), venue.time, venue.published)),
        )

    async def _instruments(self, request: Request) -> Response:
        listed = [instrument_body(instrument) for instrument in self._settings.instruments]
        return await self._with_fate(request, "", lambda: _json(listed))

    async def _time(self, request: Request) -> Response:
        return self._clock()

    async def _advance(self, request: Request) -> Response:
        if self._settings.time.mode is not TimeMode.GRANTED:
            return _refused(
                HTTPStatus.CONFLICT, Reason.VENUE_REJECTED, "this venue's time is not granted but paced"
            )
        until = _body(await request.body(), AdvanceBody).time
        async with self._advancing:
            while not self._venue.advance(until):
                self.streams.notify()
                await asyncio.sleep(0)
        self.streams.notify()
        return self._clock()

    async def _change_faults(self, request: Request) -> Response:
        change = _body(await request.body(), FaultsBody)
        if change.settings is not None:
            self._faults.settings = change.settings
        if change.forget:
            self._faults.forget()
        self._faults.order(change.next)
        if change.disconnect_streams:
            self.streams.cut()
        return _json(self._faults.settings)

    async def _health(self, request: Request) -> Response:
        return _json({"status": "ok", "venue": self._settings.venue, "time": self._venue.time})

    async def _stream(self, socket: WebSocket) -> None:
        after = socket.query_params.get("after", "0")
        if not self._is_ours(socket) or not after.isdigit():
            await socket.close(_UNAUTHORISED, "give the venue's token, and after=<sequence>")
            return
        await self.streams.serve(socket, int(after))

    def _clock(self) -> Response:
        pace = self._settings.time
        return _json(
            ClockBody(
                venue=self._settings.venue,
                time=self._venue.time,
                sequence=self._venue.published,
                next_time=self._venue.next_time,
                mode=pace.mode,
                start=pace.start,
                wall_start=self._venue.born_at if pace.wall_start is None else pace.wall_start,
                speed=pace.speed,
            )
        )

    def _lines(self, lines: list[bytes], next_after: int) -> Response:
        head = f'{{"published":{self._venue.published},"after":{next_after},"events":['.encode()
        return Response(head + b",".join(lines) + b"]}", media_type="application/json")

    async def _with_fate(self, request: Request, subject: str, carry_out: Callable[[], Response]) -> Response:
        """Carry a request out, or let it meet the fault it is meant to meet."""
        fate = self._faults.fate(f"{request.method} {subject or request.url.path}")
        if fate is Fault.SILENT:
            await asyncio.sleep(self._faults.settings.late_by / 1e9)
        if fate in (Fault.LOST_BEFORE, Fault.SILENT):
            return self._cut(request)
        if fate is Fault.RATE_LIMITED:
            return _refused(HTTPStatus.TOO_MANY_REQUESTS, Reason.RATE_LIMIT, "too many requests")
        if fate is Fault.UNAVAILABLE:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, Reason.VENUE_REJECTED, "out of order")
        try:
            response = carry_out()
        finally:
            if fate is Fault.LOST_AFTER:
                self._cut(request)
        if fate is Fault.LATE:
            await asyncio.sleep(self._faults.settings.late_by / 1e9)
        if fate is Fault.HALF:
            return HalfAnswer(response, lambda: self._end(request))
        return response

    def _cut(self, request: Request) -> Response:
        self._end(request)
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)

    def _end(self, request: Request) -> None:
        if request.client is not None:
            self._cut_connection((request.client.host, request.client.port))


def _is_fill(line: bytes) -> bool:
    told = decode_event(line)
    return isinstance(told, EventLine) and told.fill is not None


def _body(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise _malformed("body", str(error), "send the fields of the protocol as JSON") from error


def _number(request: Request, name: str, *, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise _malformed(name, text[:40], "give a whole number of 0 or more")
    return int(text)


def _malformed(field: str, value: object, remedy: str) -> Refusal:
    return Refusal(Reason.INTENT_MALFORMED, "malformed request", field=field, value=value, remedy=remedy)


def _refused(status: HTTPStatus, reason: Reason, detail: str) -> Response:
    return _json(RefusalBody(reason, detail), status)


def _json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(_encoder.encode(value), status, media_type="application/json")
