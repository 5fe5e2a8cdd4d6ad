"""Listens to a port's private stream in the background, and keeps all that it hears."""

from __future__ import annotations

import asyncio

from actors.venues.port import VenuePort
from messages.venue import VenueFill
from messages.venue_stream import StreamEvent, StreamOpened, VenueEvent, VenueFunding


class Ear:
    """`error` is what ended the stream, if anything did."""

    def __init__(self, port: VenuePort, after: int = 0) -> None:
        self.heard: list[StreamEvent] = []
        self._task = asyncio.create_task(self._listen(port, after))

    @property
    def ended(self) -> bool:
        """Whether the stream is over."""
        return self._task.done()

    @property
    def error(self) -> BaseException | None:
        """What ended the stream; None while it goes on, and when it ended in order."""
        return self._task.exception() if self._task.done() and not self._task.cancelled() else None

    @property
    def last(self) -> int:
        """The sequence of the last event."""
        return self.heard[-1].sequence if self.heard else 0

    @property
    def sequences(self) -> list[int]:
        """The sequences of all events, as they came."""
        return [event.sequence for event in self.heard]

    @property
    def openings(self) -> int:
        """How often the stream began anew."""
        return sum(isinstance(event, StreamOpened) for event in self.heard)

    @property
    def payments(self) -> list[VenueFunding]:
        """Payments of funding."""
        return [event for event in self.heard if isinstance(event, VenueFunding)]

    def of(self, client_order_id: str) -> list[VenueEvent]:
        """The events of one order."""
        return [
            event
            for event in self.heard
            if isinstance(event, VenueEvent) and event.client_order_id == client_order_id
        ]

    def fills(self, client_order_id: str) -> dict[str, VenueFill]:
        """The executions of one order by id, as whoever de-duplicates them has them."""
        return {
            event.fill.fill_id: event.fill for event in self.of(client_order_id) if event.fill is not None
        }

    async def close(self) -> None:
        """Stop listening."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self, port: VenuePort, after: int) -> None:
        async for event in port.events(after):
            self.heard.append(event)
