"""The outside of an execution actor: its venue's port, with the last gate right before the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from actors.venues.port import VenuePort
from messages.base import Effect, Message
from messages.errors import VenueConnectionError
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryAccount,
    QueryOrder,
    StreamEvent,
)

Gate = Callable[[PlaceOrder, int], Reason | None]
"""Why an order may not leave at this desk time, by the newest mode known; None when it may."""


class VenueOutside:
    """Performs orders, cancels and questions; see `cluster.host.actor_host.Outside`."""

    def __init__(
        self,
        port: VenuePort,
        gate: Gate,
        urgent_cancels: Callable[[], list[CancelOrder]],
        during_effect: Callable[[], None],
    ) -> None:
        self.port = port
        self._gate = gate
        self._urgent_cancels = urgent_cancels
        self._during_effect = during_effect
        self._performers: dict[type[Effect], Callable[[Any, int], Awaitable[Message]]] = {
            PlaceOrder: self._place,
            CancelOrder: self.port.cancel,
            QueryOrder: lambda effect, now: self.port.query(effect),
            QueryAccount: lambda effect, now: self.port.account(effect),
        }

    async def perform(self, effect: Effect, now: Callable[[], int]) -> Message | None:
        """See `Outside.perform`."""
        return await self._performers[type(effect)](effect, now())

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """See `Outside.withheld`: an order that must not leave was never sent."""
        if isinstance(effect, PlaceOrder):
            return _not_sent(effect, reason)
        return None

    def store_away(self) -> list[Effect]:
        """See `Outside.store_away`: cancel everything that is not protective."""
        return list(self._urgent_cancels())

    async def _place(self, effect: PlaceOrder, now: int) -> Message:
        reason = self._gate(effect, now)
        if reason is not None:
            return _not_sent(effect, reason)
        sending = asyncio.create_task(self.port.place(effect, now))
        await asyncio.sleep(0)
        self._during_effect()
        return await sending

    async def follow(self, after: int, hand_over: Callable[[StreamEvent], None]) -> None:
        """Hand over the private stream's events for ever, from the one behind sequence `after`."""
        while True:
            try:
                async for event in self.port.events(after):
                    after = event.sequence
                    hand_over(event)
            except VenueConnectionError:
                await asyncio.sleep(0.5)


def _not_sent(effect: PlaceOrder, reason: Reason) -> PlaceResult:
    return PlaceResult(client_order_id=effect.client_order_id, outcome=Outcome.NOT_SENT, reason=reason)
