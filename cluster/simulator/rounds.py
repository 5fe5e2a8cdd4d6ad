"""Full speed: hosts that take turns until nobody has mail, with nothing drawn and nothing encoded.

Backtests run on this. Only who was sent something is looked at again, so an idle actor costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from typing import NoReturn

from cluster.simulator.driver import SimulatedHost
from cluster.simulator.ports import Turn
from cluster.store.memory import MemoryStore
from cluster.store.port import Section
from messages.base import CONTROL, Address, Envelope
from messages.errors import DeskError, InvariantError

_TIDY_EVERY = 256
_ENDED = Turn.ENDED
_NEVER = 2**63 - 1


class PostingStore(MemoryStore):
    """A memory store that remembers who was sent mail since they were last looked at, and drops mail once taken."""

    def __init__(
        self,
        capacity: int = 10_000,
        keep_journal: bool = True,
        committed: Callable[[Section], None] | None = None,
    ) -> None:
        """`committed` is shown every step in which something happened, as it is written."""
        super().__init__(capacity, keep_journal)
        self.addressed: dict[Address, None] = {}
        self._committed = committed
        self._alarms: list[tuple[int, Address]] = []
        self._wakes: dict[Address, int] = {}

    def next_alarm(self) -> int:
        """The desk time at which the first timer of any actor is due, ns UTC; far beyond all time for none."""
        alarms, wakes = self._alarms, self._wakes
        while alarms and wakes.get(alarms[0][1]) != alarms[0][0]:
            heappop(alarms)  # moved or cancelled since
        return alarms[0][0] if alarms else _NEVER

    def take_alarms(self, now: int) -> list[Address]:
        """The actors whose first timer is due by `now`, each once, in order of the time."""
        due: list[Address] = []
        while self.next_alarm() <= now:
            _, address = heappop(self._alarms)
            del self._wakes[address]
            due.append(address)
        return due

    def post(self, envelope: Envelope) -> str:
        """See `Store.post`."""
        self.addressed[envelope.recipient] = None
        return super().post(envelope)

    def _write(self, section: Section) -> None:
        MemoryStore._write(self, section)
        if section.envelopes:
            addressed = self.addressed
            for envelope in section.envelopes:
                addressed[envelope.recipient] = None
        if self._committed is not None and section.record.events:
            self._committed(section)
        address, timer, wakes = section.address, section.next_timer, self._wakes
        if timer != wakes.get(address):
            if timer is None:
                del wakes[address]
            else:
                wakes[address] = timer
                heappush(self._alarms, (timer, address))
        if not self.keep_journal and section.position.step % _TIDY_EVERY == 0:
            actor = self.actors[address]
            actor.urgent.trim(section.position.urgent)
            actor.mailbox.trim(section.position.mailbox)


class Rounds:
    """Drives hosts over one `PostingStore`."""

    def __init__(self, store: PostingStore, hosts: Mapping[Address, SimulatedHost]) -> None:
        self.store = store
        self.hosts = hosts

    def settle(self, address: Address) -> None:
        """Let this actor work, then everybody it made work, until all is quiet.

        Raises what ended an actor: at full speed nobody is there to restart it.
        """
        host = self.hosts[address]
        if host.settle() is _ENDED:
            _raise_end(host)
        if self.store.addressed:
            self.settle_addressed()

    def settle_addressed(self) -> None:
        """Let everybody work who was sent something, until all is quiet. Raises as `settle`."""
        addressed, hosts = self.store.addressed, self.hosts
        while addressed:
            recipient = next(iter(addressed))
            del addressed[recipient]
            host = hosts.get(recipient)
            if host is not None:
                if host.settle() is _ENDED:
                    _raise_end(host)
            elif recipient == CONTROL:
                for each in hosts.values():
                    if each.settle() is _ENDED:
                        _raise_end(each)


def _raise_end(host: SimulatedHost) -> NoReturn:
    if isinstance(host.ended, DeskError):
        raise host.ended
    raise InvariantError("an actor ended", field=host.address, value=host.ended)
