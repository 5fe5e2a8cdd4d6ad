"""Where the moments of an order's way are taken: at the sockets of this process, without a change to what is measured.

All are ns of the machine's monotonic clock, which its processes share.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

_READS_KEPT = 256
_MILLISECOND = 1_000_000


class QuoteReads:
    """When each read of a market stream's socket came. Only for the process that it is made in."""

    def __init__(self) -> None:
        self._reads: deque[tuple[int, bytes]] = deque(maxlen=_READS_KEPT)

    def install(self) -> None:
        """From now on note the reads of all WebSocket connections of this process."""
        from websockets.asyncio.client import ClientConnection

        inner, note = ClientConnection.data_received, self.note

        def data_received(connection: Any, data: bytes) -> None:
            note(time.monotonic_ns(), data)
            inner(connection, data)

        ClientConnection.data_received = data_received  # type: ignore[assignment, method-assign]

    def note(self, at: int, data: bytes) -> None:
        """These bytes were read at `at`."""
        self._reads.append((at, data))

    def of_quote(self, quote_time: int) -> int | None:
        """When the first frame was read that told of a quote of this venue time (ns UTC); None when none is kept."""
        told = str(quote_time // _MILLISECOND).encode()
        return next((at for at, data in self._reads if b"bookTicker" in data and told in data), None)


class OrderWrites:
    """When each order's request was in the socket, and when its answer was read whole, by client order id."""

    def __init__(self) -> None:
        self.written: dict[str, int] = {}
        self.answered: dict[str, int] = {}

    def install(self) -> None:
        """From now on note the requests of this process's HTTP connections that place an order."""
        from actors.venues.transport import lean

        inner, probe = lean._Connection.exchange, self

        async def exchange(connection: Any, parser: Any, wire: bytes, write_s: float, read_s: float) -> Any:
            order_id = placed_in(wire)
            if order_id is None:
                return await inner(connection, parser, wire, write_s, read_s)
            # The loop writes at the end of the turn in which it was asked to, and this runs in the next one, or
            # later, when the exchange was woken by the write and has taken the processor.
            asyncio.get_running_loop().call_soon(probe._note_written, order_id)
            answer = await inner(connection, parser, wire, write_s, read_s)
            probe.answered[order_id] = time.monotonic_ns()
            return answer

        lean._Connection.exchange = exchange  # type: ignore[assignment, method-assign]

    def _note_written(self, order_id: str) -> None:
        self.written[order_id] = time.monotonic_ns()


class OrderArrivals:
    """When each order's request was read by the exchange, by client order id."""

    def __init__(self) -> None:
        self.arrived: dict[str, int] = {}

    def install(self) -> None:
        """From now on note the requests to this process's server that place an order."""
        from uvicorn.protocols.http.h11_impl import H11Protocol

        inner, arrived = H11Protocol.data_received, self.arrived

        def data_received(connection: Any, data: bytes) -> None:
            now, order_id = time.monotonic_ns(), placed_in(data)
            if order_id is not None:
                arrived[order_id] = now
            inner(connection, data)

        H11Protocol.data_received = data_received  # type: ignore[assignment, method-assign]


def placed_in(wire: bytes) -> str | None:
    """The client order id in a request that places an order; None for every other request."""
    if not wire.startswith(b"POST "):
        return None
    _, found, rest = wire.partition(b"newClientOrderId=")
    if not found:
        return None
    end = next((place for place, byte in enumerate(rest) if byte in b"& \r"), len(rest))
    return rest[:end].decode()
