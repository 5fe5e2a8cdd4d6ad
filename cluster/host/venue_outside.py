"""The outside of an execution actor: its venue's port, with the last gate right before the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from actors.venues.port import AmendingVenue, DeadManVenue, MarginVenue, VenuePort
from messages.base import Effect, Message
from messages.errors import ConfigurationError, InvariantError, VenueConnectionError
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    ReplaceOrder,
    ReplaceResult,
)
from messages.venue_account import ArmDeadMan, ConfigureAccount, QueryAccount, QueryInstruments
from messages.venue_stream import StreamEvent

Gate = Callable[[PlaceOrder | ReplaceOrder, int], Reason | None]
"""Why an order may not leave at this desk time, by the newest mode known; None when it may."""

Performer = Callable[[Any, int], Awaitable[Message]]
"""Carries one effect out at a desk time."""

_SPECIAL: tuple[tuple[str, type, type[Effect]], ...] = (
    ("amend", AmendingVenue, ReplaceOrder),
    ("dead_man_switch", DeadManVenue, ArmDeadMan),
    ("margin", MarginVenue, ConfigureAccount),
)
"""What not every venue offers: the trait that declares it, the protocol that does it, the effect that asks for it."""


class VenueOutside:
    """Performs orders, changes, cancels and questions; see `cluster.host.actor_host.Outside`."""

    def __init__(
        self,
        port: VenuePort,
        gate: Gate,
        urgent_cancels: Callable[[], list[CancelOrder]],
        during_effect: Callable[[], None],
    ) -> None:
        """Raises `ConfigurationError` when the port declares what it can't do."""
        self.port = port
        self._gate = gate
        self._urgent_cancels = urgent_cancels
        self._during_effect = during_effect
        self._performers: Mapping[type[Effect], Performer] = {
            PlaceOrder: self._place,
            CancelOrder: self.port.cancel,
            QueryOrder: lambda effect, now: self.port.query(effect),
            QueryFills: lambda effect, now: self.port.fills(effect),
            QueryAccount: lambda effect, now: self.port.account(effect),
            QueryInstruments: lambda effect, now: self.port.instruments(effect),
            **self._special_performers(),
        }

    async def perform(self, effect: Effect, now: Callable[[], int]) -> Message | None:
        """See `Outside.perform`. Raises `InvariantError` for an effect that the venue does not offer."""
        performer = self._performers.get(type(effect))
        if performer is None:
            raise InvariantError(
                f"the venue does not offer {type(effect).__name__}",
                field=f"venues.{self.port.venue}",
                value=effect.lane,
                remedy="execution may ask for it only where the venue's traits declare it",
            )
        return await performer(effect, now())

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """See `Outside.withheld`: an order, or a change of one, that must not leave was never sent."""
        return not_sent(effect, reason) if isinstance(effect, PlaceOrder | ReplaceOrder) else None

    def store_away(self) -> list[Effect]:
        """See `Outside.store_away`: cancel everything that is not protective."""
        return list(self._urgent_cancels())

    async def follow(self, after: int, hand_over: Callable[[StreamEvent], None]) -> None:
        """Hand over the private stream's events for ever, from the one behind sequence `after`."""
        while True:
            try:
                async for event in self.port.events(after):
                    after = event.sequence
                    hand_over(event)
            except VenueConnectionError:
                await asyncio.sleep(0.5)

    def _special_performers(self) -> dict[type[Effect], Performer]:
        """Those of what the venue declares to offer beyond the port itself."""
        calls: dict[type[Effect], Performer] = {
            ReplaceOrder: self._replace,
            ArmDeadMan: lambda effect, now: self.port.arm_dead_man(effect),  # type: ignore[attr-defined]
            ConfigureAccount: lambda effect, now: self.port.configure(effect),  # type: ignore[attr-defined]
        }
        found = {}
        for trait, protocol, effect in _SPECIAL:
            if not getattr(self.port.traits, trait):
                continue
            if not isinstance(self.port, protocol):
                raise ConfigurationError(
                    f"the adapter of the venue declares `{trait}` and does not offer it",
                    field=f"venues.{self.port.venue}",
                    value=type(self.port).__name__,
                    remedy=f"its adapter has to fulfil {protocol.__name__}, or to declare {trait}=False",
                )
            found[effect] = calls[effect]
        return found

    async def _place(self, effect: PlaceOrder, now: int) -> Message:
        return await self._send(effect, now, lambda: self.port.place(effect, now))

    async def _replace(self, effect: ReplaceOrder, now: int) -> Message:
        port = self.port
        assert isinstance(port, AmendingVenue)
        return await self._send(effect, now, lambda: port.replace(effect, now))

    async def _send(
        self, effect: PlaceOrder | ReplaceOrder, now: int, call: Callable[[], Awaitable[Message]]
    ) -> Message:
        reason = self._gate(effect, now)
        if reason is not None:
            return not_sent(effect, reason)
        sending = asyncio.ensure_future(call())
        await asyncio.sleep(0)
        self._during_effect()
        return await sending


def not_sent(effect: PlaceOrder | ReplaceOrder, reason: Reason) -> PlaceResult | ReplaceResult:
    """The result of an order, or of a change of one, that did not leave."""
    result = PlaceResult if isinstance(effect, PlaceOrder) else ReplaceResult
    return result(client_order_id=effect.client_order_id, outcome=Outcome.NOT_SENT, reason=reason)
