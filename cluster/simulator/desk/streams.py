"""The private streams of a simulated venue, as one process reads them: those that can be read again, and the others.

Where the venue keeps no history of its stream, what it told while nobody listened is lost: the reader numbers what it
hears, as an adapter does, and says when it begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol

import msgspec

from cluster.simulator.desk.faults import SECOND, DeskMisfortune
from cluster.simulator.desk.host import DeskHost
from cluster.simulator.desk.reached import Reached
from cluster.simulator.faults import MILLISECOND
from cluster.simulator.ports import VirtualClock
from cluster.simulator.venue import SimulatedVenue
from messages.venue_stream import StreamEvent, StreamOpened


class StreamWorld(Protocol):
    """What a reader needs of its world."""

    clock: VirtualClock
    chance: Random
    misfortune: DeskMisfortune
    reached: Reached

    def at(self, time: int, act: object) -> None:
        """Call `act` when the clock reaches `time`."""


class StreamReader:
    """One process's reading of a stream that can be read again: in order, each event once, from `after` on."""

    def __init__(self, world: StreamWorld, venue: SimulatedVenue, host: DeskHost, after: int) -> None:
        self._world = world
        self._venue = venue
        self._host = host
        self._after = after
        self.is_cut = False
        self.began_at: int | None = None
        """since when the connection stands, ns"""
        self.void = False
        """its process reads anew: what is still under way to it is dropped"""
        self._free_at = 0

    def begin(self, time: int) -> None:
        """The connection stands, at the venue's `time`: for the first time, or again after it was cut."""
        self._stands()
        self.tell(self._venue.events_after(self._after))

    def _stands(self) -> None:
        self.is_cut, self.began_at = False, self._world.clock.now

    def tell(self, events: Sequence[StreamEvent]) -> None:
        """The venue tells these events; nobody hears them while the connection is cut."""
        if events and not self.is_cut:
            self._after = max(self._after, events[-1].sequence)
            self._send(events)

    def _send(self, events: Sequence[StreamEvent]) -> None:
        """They are under way to the process."""
        world, misfortune = self._world, self._world.misfortune
        misfortune.victim = self._host.address
        delay = 1 + world.chance.randrange(5 * MILLISECOND)
        if misfortune.strikes("events_late"):
            delay = world.chance.randrange(SECOND)
        self._free_at = max(self._free_at, world.clock.now + delay)
        twice = misfortune.strikes("events_doubled")
        lot = [*events, *events] if twice else list(events)
        world.at(self._free_at, lambda: self._host._guarded(lambda: self._hand_over(lot)))

    def _hand_over(self, events: Sequence[StreamEvent]) -> None:
        if not self.void:
            for event in events:
                self._host.intake.venue_event(event)


class ForgetfulReader(StreamReader):
    """One process's reading of a stream that is told once; `_after` is the number it gave last."""

    def begin(self, time: int) -> None:
        """See `StreamReader.begin`."""
        self._stands()
        self._after += 1
        self._send([StreamOpened(self._venue.name, self._after, time)])

    def tell(self, events: Sequence[StreamEvent]) -> None:
        """See `StreamReader.tell`."""
        if not events:
            return
        if self.is_cut:
            self._world.reached.count("an event was told while nobody listened")
            return
        numbered = []
        for event in events:
            self._after += 1
            numbered.append(msgspec.structs.replace(event, sequence=self._after))
        self._send(numbered)
