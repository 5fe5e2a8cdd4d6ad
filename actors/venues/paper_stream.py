"""The paper venue's private stream as the desk hears it: reconnected, resumed by sequence, each event once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from decimal import Decimal

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from messages.errors import ReconciliationError, VenueConnectionError
from messages.intents import Side
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason
from messages.venue import VenueFill
from messages.venue_stream import StreamEvent, VenueEvent, VenueFunding

_AHEAD_OF_VENUE = 4409
_REFUSED_STATUSES = frozenset({401, 403})
_SHORTEST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 5.0
_CONNECT_S = 2.0
_PING_S = 10.0
_LARGEST_FRAME = 16 * 1024 * 1024
_REASONS = {str(reason.value): reason for reason in Reason}


class _Fill(msgspec.Struct, frozen=True):
    fill_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity


class _Event(msgspec.Struct, frozen=True):
    sequence: int
    time: int
    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    state: OrderState
    filled: Decimal
    fill: _Fill | None
    reason: str


class _Funding(msgspec.Struct, frozen=True):
    sequence: int
    time: int
    payment_id: str
    symbol: str
    currency: str
    amount: Decimal
    rate: Decimal


class _Kind(msgspec.Struct, frozen=True):
    event: str


_decoder = msgspec.json.Decoder(_Event)
_funding_decoder = msgspec.json.Decoder(_Funding)
_kind_decoder = msgspec.json.Decoder(_Kind)
_FUNDING = "funding"


class PaperStream:
    """One listener. `address` tells the stream's URL and the token, and is asked before each connection."""

    def __init__(self, venue: str, address: Callable[[], tuple[str, str]], closing: asyncio.Event) -> None:
        self._venue = venue
        self._address = address
        self._closing = closing
        self._connected = False
        self.connections = 0
        """how many there have been"""

    @property
    def connected(self) -> bool:
        """Whether the venue is being listened to."""
        return self._connected

    async def events(self, after_sequence: int) -> AsyncIterator[StreamEvent]:
        """The events behind `after_sequence`, each once and in order, until `closing` is set.

        A gap makes it ask again from before the gap; if the venue then tells the same, the gap is passed on for
        the reader to see. Raises `VenueConnectionError` and `ReconciliationError` as the port says.
        """
        last = after_sequence
        gap_after: int | None = None
        pause = _SHORTEST_PAUSE_S
        while not self._closing.is_set():
            async with aclosing(self._one_connection(last)) as told:
                async for event in told:
                    if event.sequence <= last:
                        continue
                    if event.sequence != last + 1 and gap_after != last:
                        gap_after = last
                        break
                    last = event.sequence
                    yield event
            pause = _SHORTEST_PAUSE_S if self._connected else min(pause * 2, _LONGEST_PAUSE_S)
            self._connected = False
            await self._rest(pause)

    async def _one_connection(self, after: int) -> AsyncGenerator[StreamEvent, None]:
        """What one connection tells, until it ends for whatever reason."""
        try:
            url, token = self._address()
            socket = await connect(
                f"{url}?after={after}",
                additional_headers={"authorization": f"Bearer {token}"},
                compression=None,
                proxy=None,
                open_timeout=_CONNECT_S,
                ping_interval=_PING_S,
                ping_timeout=_PING_S,
                close_timeout=_SHORTEST_PAUSE_S,
                max_size=_LARGEST_FRAME,
            )
        except InvalidStatus as error:
            self._refuse_hopeless(error.response.status_code)
            return
        except (OSError, TimeoutError, WebSocketException, VenueConnectionError):
            return
        self._connected = True
        self.connections += 1
        closer = asyncio.create_task(self._close_when_closing(socket))
        try:
            async for event in self._read(socket):
                yield event
        except WebSocketException:
            pass  # the connection ended; the close code says whether another one helps
        finally:
            closer.cancel()
            await socket.close()
        if socket.close_code == _AHEAD_OF_VENUE:
            raise ReconciliationError(
                f"the venue has lost events it had told: {socket.close_reason}",
                field=f"venues.{self._venue}.sequence",
                value=after,
                remedy="the venue's store was replaced or cut; begin with a new desk, or restore the store",
            )

    async def _read(self, socket: ClientConnection) -> AsyncIterator[StreamEvent]:
        async for frame in socket:
            data = frame.encode() if isinstance(frame, str) else frame
            for line in data.split(b"\n"):
                told = self._decoded(line)
                yield self._event(told) if isinstance(told, _Event) else self._funding(told)

    def _decoded(self, line: bytes) -> _Event | _Funding:
        try:
            if _kind_decoder.decode(line).event == _FUNDING:
                return _funding_decoder.decode(line)
            return _decoder.decode(line)
        except msgspec.DecodeError as error:
            raise VenueConnectionError(
                f"an event of the venue can't be read: {error}",
                field=f"venues.{self._venue}.stream",
                value=line[:200],
                remedy="desk and venue are of different versions; start both from the same one",
            ) from error

    def _event(self, told: _Event) -> VenueEvent:
        fill = told.fill
        return VenueEvent(
            self._venue,
            told.sequence,
            told.time,
            told.client_order_id,
            told.venue_order_id,
            told.symbol,
            told.side,
            told.state,
            told.filled,
            None
            if fill is None
            else VenueFill(
                fill.fill_id, fill.price, fill.quantity, fill.fee, fill.fee_currency, fill.liquidity
            ),
            _REASONS.get(told.reason, Reason.VENUE_REJECTED),
        )

    def _funding(self, told: _Funding) -> VenueFunding:
        return VenueFunding(
            self._venue,
            told.sequence,
            told.time,
            told.payment_id,
            told.symbol,
            told.currency,
            told.amount,
            told.rate,
        )

    def _refuse_hopeless(self, status: int) -> None:
        if status in _REFUSED_STATUSES:
            raise VenueConnectionError(
                "the venue refuses our token",
                field=f"venues.{self._venue}.token",
                value=status,
                remedy="give the folder of the venue that listens there",
            )

    async def _close_when_closing(self, socket: ClientConnection) -> None:
        await self._closing.wait()
        await socket.close()

    async def _rest(self, pause: float) -> None:
        """Wait before the next connection, or until closing."""
        try:
            await asyncio.wait_for(self._closing.wait(), pause)
        except TimeoutError:
            return
