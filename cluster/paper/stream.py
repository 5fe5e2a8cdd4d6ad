"""The private stream: every event by sequence, from wherever the listener left off.

A listener is nothing but a cursor into the record; none of its events waits in memory, so a slow one costs nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from cluster.paper.faults import FaultPlan
from cluster.paper.venue import PaperVenue

AHEAD_OF_VENUE = 4409
"""Close code: the listener claims to know events that the venue has not told."""

CUT = 1011
"""Close code of a stream that was cut on purpose."""

_LINES_PER_FRAME = 500


class EventStreams:
    """All listeners of one venue."""

    def __init__(self, venue: PaperVenue, faults: FaultPlan) -> None:
        self._venue = venue
        self._faults = faults
        self._listeners: set[asyncio.Event] = set()
        self._cuts = 0

    def notify(self) -> None:
        """Wake all listeners: there may be something to tell."""
        for listener in self._listeners:
            listener.set()

    def cut(self) -> None:
        """Close all streams; the listeners may come back."""
        self._cuts += 1
        self.notify()

    async def serve(self, socket: WebSocket, after: int) -> None:
        """Send everything behind `after`, one frame per batch of lines, until the listener goes."""
        await socket.accept()
        if after > self._venue.published:
            await socket.close(AHEAD_OF_VENUE, f"the last event told is {self._venue.published}")
            return
        wake = asyncio.Event()
        self._listeners.add(wake)
        reader = asyncio.ensure_future(_until_gone(socket, wake))
        try:
            await self._tell(socket, after, wake, reader)
        except WebSocketDisconnect:
            return
        finally:
            self._listeners.discard(wake)
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader

    async def _tell(
        self, socket: WebSocket, after: int, wake: asyncio.Event, reader: asyncio.Future[None]
    ) -> None:
        cuts = self._cuts
        while not reader.done():
            if self._cuts != cuts:
                await socket.close(CUT, "cut on purpose")
                return
            lines = self._venue.events(after, limit=_LINES_PER_FRAME)
            if lines:
                await socket.send_bytes(b"\n".join(self._with_duplicates(lines, after)))
                after += len(lines)
            else:
                await wake.wait()
                wake.clear()

    def _with_duplicates(self, lines: list[bytes], after: int) -> list[bytes]:
        sent: list[bytes] = []
        for sequence, line in enumerate(lines, after + 1):
            sent.append(line)
            if self._faults.duplicates(sequence):
                sent.append(line)
        return sent


async def _until_gone(socket: WebSocket, wake: asyncio.Event) -> None:
    """Listeners have nothing to say; what is awaited is their going."""
    try:
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
    finally:
        wake.set()
