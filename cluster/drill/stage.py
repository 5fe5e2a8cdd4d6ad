"""The desk of a drill: the lockstep of the replay clock with an arrangement of faults in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from cluster.backtest.market import MarketData
from cluster.drill.arrangement import Arrangement, Command
from cluster.drill.line import BadLine, Request
from cluster.session_feed import FeedPlan
from cluster.simulator.driver import SimulatedHost
from cluster.simulator.lockstep import LockstepDesk
from cluster.simulator.venue import SimulatedVenue, VenueOutside
from config import DeskConfig
from messages.base import Address, Envelope, Message
from messages.venue_stream import StreamEvent

OPERATOR = "drill"
"""Who a drill's commands come from."""


class DrillDesk(LockstepDesk):
    """`requests` has every request that left for a venue, in order."""

    def __init__(self, config: DeskConfig, market: MarketData, end: int, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        self.requests: list[Request] = []
        self._commands: list[Command] = sorted(arrangement.commands, key=lambda each: each.time)
        step = config.feed.slice
        plan = FeedPlan(speed="lockstep", start=market.start - market.start % step, end=end, slice_ns=step)
        feeds = {
            symbol: arrangement.market[symbol](feed) if symbol in arrangement.market else feed
            for symbol, feed in market.feeds.items()
        }
        seen = {symbol: alter(feeds[symbol]) for symbol, alter in arrangement.seen.items()}
        super().__init__(config, plan, market=feeds, seen=seen)

    def _host(self, address: Address) -> SimulatedHost:
        host = super()._host(address)
        venue = self.venues.get(address)
        if venue is not None:
            line = BadLine(venue, self.clock, self.arrangement.troubles, self.requests)
            gate = host.machine.actor.gate  # type: ignore[attr-defined]
            host.outside = VenueOutside(cast(SimulatedVenue, line), gate)
        return host

    def _news(self, address: Address) -> Sequence[StreamEvent]:
        silence = self.arrangement.silence
        if silence is not None and self.venues[address].time in silence:
            return ()  # the venue keeps them until somebody listens
        return super()._news(address)

    def _slice(self, until: int) -> None:
        while self._commands and self._commands[0].time <= until:
            command = self._commands.pop(0)
            message = command.message if isinstance(command.message, Message) else command.message(self)
            self.store.post(Envelope(OPERATOR, 0, command.recipient, "", "", self.clock.now, message))
        super()._slice(until)
