"""Hosts that take turns until nobody has mail, with nothing drawn and nothing encoded.

Backtests that keep their journals run on this, the others on `cluster.simulator.unrecorded`. Only who was sent
something is looked at again, so an idle actor costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from actors.base import Actor
from cluster.simulator.alarms import Alarms
from cluster.simulator.driver import SimulatedHost
from cluster.simulator.ports import Turn
from cluster.store.memory import MemoryStore
from cluster.store.port import Section
from messages.base import CONTROL, Address, Envelope, Message
from messages.errors import DeskError, InvariantError

_TIDY_EVERY = 256
_ENDED = Turn.ENDED


class PostingStore(MemoryStore):
    """A memory store that remembers who was sent mail since they were last looked at, and drops mail once taken."""

    def __init__(
        self,
        capacity: int = 10_000,
        keep_journal: bool = True,
        committed: Callable[[Sequence[Message]], None] | None = None,
    ) -> None:
        """`committed` is shown the events of every step in which something happened, as it is written."""
        super().__init__(capacity, keep_journal)
        self.addressed: dict[Address, None] = {}
        self._committed = committed
        self.alarms = Alarms()

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
            self._committed(section.record.events)
        self.alarms.move(section.address, section.next_timer)
        if not self.keep_journal and section.position.step % _TIDY_EVERY == 0:
            actor = self.actors[section.address]
            actor.urgent.trim(section.position.urgent)
            actor.mailbox.trim(section.position.mailbox)


class Rounds:
    """Drives hosts over one `PostingStore`."""

    def __init__(self, store: PostingStore, hosts: Mapping[Address, SimulatedHost]) -> None:
        self.store = store
        self.hosts = hosts
        self.alarms = store.alarms

    def begin(self, generation: str) -> None:
        """Open the store, let everybody claim and recover, and take what waits. Raises as `settle`."""
        self.store.open(generation)
        for address in self.hosts:
            self.settle(address)

    @property
    def actors(self) -> Mapping[Address, Actor[Any]]:
        """All actors by address."""
        return {address: host.machine.actor for address, host in self.hosts.items()}

    @property
    def steps(self) -> int:
        """How many steps were committed, over all actors."""
        return sum(host.machine.position.step for host in self.hosts.values())

    @property
    def outstanding(self) -> int:
        """How many effects were promised and not answered, over all actors."""
        return sum(host.machine.position.outstanding for host in self.hosts.values())

    def post(self, message: Message, sender: Address, now: int) -> None:
        """Put a message from without on the control stream; `now` is desk time, ns UTC."""
        self.store.post(Envelope(sender, 0, CONTROL, "", "", now, message))

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
