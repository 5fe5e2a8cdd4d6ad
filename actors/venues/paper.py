"""The desk's adapter to the paper venue: HTTP for commands and questions, a WebSocket for events.

It keeps the port's promise that a call about an order ends in one result and is never repeated here. Its
declarations of the venue's bodies are its own, on purpose: the venue's front end has others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from actors.venues.failures import failure_of_status
from actors.venues.paper_bodies import (
    AccountBody,
    FillsPage,
    InstrumentBody,
    NewOrderBody,
    OrderBody,
    RefusalBody,
    fills_result,
    is_wanted,
    venue_instrument,
    venue_order,
    venue_trade,
)
from actors.venues.paper_stream import PaperStream
from actors.venues.paper_traits import PAPER_TRAITS
from actors.venues.port import FAILURES, Failure, PortHealth, VenueClock, VenueTraits
from actors.venues.transport.http import NoReply, Origin, Phases, Reply, exchange
from actors.venues.transport.lean import LeanTransport
from messages.errors import VenueConnectionError
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    CancelResult,
    FillsResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    QueryResult,
    VenueTrade,
)
from messages.venue_account import AccountResult, InstrumentsResult, QueryAccount, QueryInstruments
from messages.venue_stream import StreamEvent

T = TypeVar("T")

_REASONS = {str(reason.value): reason for reason in Reason}
_LONGEST_DETAIL = 300
_IDLE_CONNECTION_S = 30.0
_MOST_CONNECTIONS = 64


class Endpoint(msgspec.Struct, frozen=True):
    """Where the venue listens and the token it wants."""

    host: str
    port: int
    token: str


class PaperTimeouts(msgspec.Struct, frozen=True):
    """How long each phase of a request may take, in seconds."""

    connect_s: float = 1.0
    write_s: float = 1.0
    answer_s: float = 2.0
    advance_s: float = 60.0


class _Answer(msgspec.Struct, frozen=True):
    """The end of one exchange: `failure` None means that `body` is what the venue answered."""

    failure: Failure | None
    reason: Reason
    detail: str
    body: bytes = b""


class PaperPort:
    """A `VenuePort` and `ReplayVenue` over the paper venue. Belongs to the event loop it is first used on."""

    def __init__(
        self, venue: str, locate: Callable[[], Endpoint], *, timeouts: PaperTimeouts | None = None
    ) -> None:
        """`locate` tells where the venue is; asked again whenever it can't be reached there.

        It raises `VenueConnectionError` when it does not know.
        """
        self._venue = venue
        self._locate = locate
        self._timeouts = timeouts or PaperTimeouts()
        self._endpoint: Endpoint | None = None
        self._transport = LeanTransport(connections=_MOST_CONNECTIONS, keep_alive_s=_IDLE_CONNECTION_S)
        self._closing = asyncio.Event()
        self._stream: PaperStream | None = None

    @classmethod
    def of_folder(cls, venue: str, folder: Path, *, timeouts: PaperTimeouts | None = None) -> PaperPort:
        """A port to the venue whose store is in `folder` on this machine."""
        return cls(venue, lambda: _read_endpoint(folder), timeouts=timeouts)

    @property
    def venue(self) -> str:
        """The venue's name in the desk."""
        return self._venue

    @property
    def traits(self) -> VenueTraits:
        """What the paper venue declares of itself."""
        return PAPER_TRAITS

    async def connect(self) -> None:
        """Raises `VenueConnectionError` when the venue can't be reached or refuses us."""
        await self.clock()

    async def close(self) -> None:
        """Let go of all connections; running `events` end."""
        self._closing.set()
        await self._transport.aclose()

    async def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        """See `VenuePort.place`. What the venue has no words for is refused here: it must not become another order."""
        if order.close_position or order.take_profit or order.leg is not None:
            detail = "the paper venue has no close-position, take-profit or hedged orders"
            return PlaceResult(order.client_order_id, Outcome.REJECTED, Reason.NOT_OFFERED, None, detail)
        body = NewOrderBody(
            order.client_order_id,
            order.symbol,
            order.side,
            order.order_type,
            order.quantity,
            order.limit_price,
            order.stop_price,
            order.time_in_force,
            order.post_only,
            order.reduce_only,
            now,
        )
        answer = await self._exchange("POST", "/orders", body)
        placed = _decoded(answer, OrderBody)
        if isinstance(placed, OrderBody):
            return PlaceResult(
                order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED, placed.venue_order_id
            )
        outcome, reason = _outcome(placed)
        return PlaceResult(order.client_order_id, outcome, reason, None, placed.detail)

    async def cancel(self, cancel: CancelOrder, now: int) -> CancelResult:
        """See `VenuePort.cancel`."""
        path = f"/orders/{quote(cancel.client_order_id, safe='')}?sent_at={now}"
        answer = _decoded(await self._exchange("DELETE", path), OrderBody)
        if isinstance(answer, OrderBody):
            return CancelResult(cancel.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED)
        outcome, reason = _outcome(answer)
        return CancelResult(cancel.client_order_id, outcome, reason, answer.detail)

    async def query(self, query: QueryOrder) -> QueryResult:
        """See `VenuePort.query`."""
        path = f"/orders/{quote(query.client_order_id, safe='')}"
        answer = _decoded(await self._exchange("GET", path), OrderBody)
        if isinstance(answer, OrderBody):
            return QueryResult(query.client_order_id, Outcome.ACCEPTED, venue_order(answer))
        if answer.failure is Failure.REJECT and answer.reason is Reason.UNKNOWN_ORDER:
            return QueryResult(query.client_order_id, Outcome.ACCEPTED, None, answer.detail)
        return QueryResult(query.client_order_id, Outcome.NO_ANSWER, None, answer.detail)

    async def account(self, query: QueryAccount) -> AccountResult:
        """See `VenuePort.account`."""
        answer = _decoded(await self._exchange("GET", "/account"), AccountBody)
        if isinstance(answer, _Answer):
            return AccountResult(query.venue, Outcome.NO_ANSWER, detail=answer.detail)
        return AccountResult(
            query.venue,
            Outcome.ACCEPTED,
            open_orders=tuple(venue_order(order) for order in answer.open_orders),
            balances=answer.balances,
            positions={symbol: held.quantity for symbol, held in answer.positions.items()},
            time=answer.time,
        )

    async def fills(self, query: QueryFills) -> FillsResult:
        """See `VenuePort.fills`. The venue has one list of all fills, so that what was not asked for is left out."""
        found: list[VenueTrade] = []
        after, published = 0, 1
        while after < published:
            page = _decoded(await self._exchange("GET", f"/fills?after={after}"), FillsPage)
            if isinstance(page, _Answer):
                return fills_result(query, Outcome.NO_ANSWER, detail=page.detail)
            found += [venue_trade(line) for line in page.events if is_wanted(line, query)]
            if page.after <= after:
                break
            after, published = page.after, page.published
        return fills_result(query, Outcome.ACCEPTED, tuple(found))

    async def instruments(self, query: QueryInstruments) -> InstrumentsResult:
        """See `VenuePort.instruments`."""
        answer = _decoded(await self._exchange("GET", "/instruments"), list[InstrumentBody])
        if isinstance(answer, _Answer):
            return InstrumentsResult(query.venue, Outcome.NO_ANSWER, detail=answer.detail)
        listed = tuple(venue_instrument(told) for told in answer if told.symbol in query.symbols)
        return InstrumentsResult(query.venue, Outcome.ACCEPTED, listed)

    async def server_time(self) -> int:
        """See `VenuePort.server_time`."""
        return (await self.clock()).time

    def health(self) -> PortHealth:
        """See `VenuePort.health`."""
        stream = self._stream
        if stream is None:
            return PortHealth()
        return PortHealth(stream_up=stream.connected, reconnects=max(0, stream.connections - 1))

    async def events(self, after_sequence: int) -> AsyncIterator[StreamEvent]:
        """See `VenuePort.events`."""
        self._stream = PaperStream(self._venue, self._stream_address, self._closing)
        async for event in self._stream.events(after_sequence):
            yield event

    async def advance(self, time: int) -> int:
        """See `ReplayVenue.advance`."""
        answer = await self._exchange(
            "POST", "/clock/advance", {"time": time}, answer_s=self._timeouts.advance_s
        )
        return self._certain(answer, VenueClock).sequence

    async def clock(self) -> VenueClock:
        """See `ReplayVenue.clock`."""
        return self._certain(await self._exchange("GET", "/time"), VenueClock)

    async def _exchange(
        self, method: str, path: str, body: object = None, *, answer_s: float | None = None
    ) -> _Answer:
        """One request, once; whatever happens is in the answer."""
        if self._closing.is_set():
            return _failed(Failure.TRANSIENT, "the port is closed")
        try:
            endpoint = self._endpoint or self._find_venue()
        except VenueConnectionError as error:
            return _failed(Failure.TRANSIENT, str(error))
        reply = await exchange(
            self._transport,
            method,
            Origin("http", endpoint.host, endpoint.port),
            path,
            {"authorization": f"Bearer {endpoint.token}", "content-type": "application/json"},
            self._phases(self._timeouts.answer_s if answer_s is None else answer_s),
            b"" if body is None else msgspec.json.encode(body),
        )
        if isinstance(reply, NoReply):
            self._endpoint = None  # the venue may have moved
            return _failed(reply.failure, reply.detail)
        return _read(reply)

    def _find_venue(self) -> Endpoint:
        self._endpoint = self._locate()
        return self._endpoint

    def _stream_address(self) -> tuple[str, str]:
        endpoint = self._locate()
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        return f"ws://{host}:{endpoint.port}/stream", endpoint.token

    def _phases(self, answer_s: float) -> Phases:
        timeouts = self._timeouts
        return Phases(
            connect_s=timeouts.connect_s,
            pool_s=timeouts.connect_s,
            write_s=timeouts.write_s,
            read_s=answer_s,
        )

    def _certain(self, answer: _Answer, kind: type[VenueClock]) -> VenueClock:
        found = _decoded(answer, kind)
        if isinstance(found, _Answer):
            raise VenueConnectionError(
                f"the venue did not answer: {found.detail}",
                field=f"venues.{self._venue}",
                value=found.failure,
                remedy="see that the paper venue runs and that its folder is the one configured",
            )
        return found


def _read_endpoint(folder: Path) -> Endpoint:
    try:
        address = msgspec.json.decode((folder / "address.json").read_bytes(), type=dict[str, str | int])
        token = (folder / "token").read_text().strip()
        return Endpoint(str(address["host"]), int(address["port"]), token)
    except (OSError, msgspec.DecodeError, KeyError, ValueError) as error:
        raise VenueConnectionError(
            f"the paper venue has not published its address: {error}",
            field="venue folder",
            value=str(folder),
            remedy="start it, or give the folder it was started with",
        ) from error


def _read(reply: Reply) -> _Answer:
    failure = failure_of_status(reply.status)
    if failure is None:
        return _Answer(None, Reason.ACCEPTED, "", reply.body)
    try:
        refusal = msgspec.json.decode(reply.body, type=RefusalBody)
    except msgspec.DecodeError:
        refusal = RefusalBody()
    told = _known_reason(refusal.reason) if failure is Failure.REJECT else None
    detail = f"{reply.status} {refusal.detail}"[:_LONGEST_DETAIL]
    return _Answer(failure, told or FAILURES[failure][1], detail)


def _known_reason(code: str) -> Reason | None:
    return _REASONS.get(code)


def _failed(failure: Failure, detail: str) -> _Answer:
    return _Answer(failure, FAILURES[failure][1], detail[:_LONGEST_DETAIL])


def _outcome(answer: _Answer) -> tuple[Outcome, Reason]:
    return FAILURES[answer.failure or Failure.UNCERTAIN][0], answer.reason


def _decoded(answer: _Answer, kind: type[T]) -> T | _Answer:
    """What the venue answered, or the failure; an answer that can't be read is none."""
    if answer.failure is not None:
        return answer
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError as error:
        return _failed(Failure.UNCERTAIN, f"the answer can't be read: {error}")
