"""Full speed: hosts that take turns until nobody has mail, with nothing drawn and nothing encoded.

Backtests run on this. Only who was sent something is looked at again, so an idle actor costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.simulator.driver import SimulatedHost
from cluster.simulator.ports import Turn
from cluster.store.memory import MemoryStore
from cluster.store.port import Section
from messages.base import CONTROL, Address, Envelope
from messages.errors import DeskError, InvariantError

_TIDY_EVERY = 1024
_ENDED = Turn.ENDED


class PostingStore(MemoryStore):
    """A memory store that remembers who was sent mail since they were last looked at, and drops mail once taken."""

    def __init__(self, capacity: int = 10_000, keep_journal: bool = True) -> None:
        super().__init__(capacity, keep_journal)
        self.addressed: dict[Address, None] = {}

    def _write(self, section: Section) -> None:
        super()._write(section)
        if section.position.step % _TIDY_EVERY == 0:
            actor = self.actors[section.address]
            actor.urgent.trim(section.position.urgent)
            actor.mailbox.trim(section.position.mailbox)

    def _deliver(self, envelope: Envelope) -> str:
        self.addressed[envelope.recipient] = None
        return super()._deliver(envelope)


class Rounds:
    """Drives hosts over one `PostingStore`."""

    def __init__(self, store: PostingStore, hosts: Mapping[Address, SimulatedHost]) -> None:
        self.store = store
        self.hosts = hosts

    def settle(self, address: Address) -> None:
        """Let this actor work, then everybody it made work, until all is quiet.

        Raises what ended an actor: at full speed nobody is there to restart it.
        """
        self._settle(self.hosts[address])
        addressed = self.store.addressed
        while addressed:
            recipient = next(iter(addressed))
            del addressed[recipient]
            if recipient == CONTROL:
                for host in self.hosts.values():
                    self._settle(host)
            elif recipient in self.hosts:
                self._settle(self.hosts[recipient])

    def _settle(self, host: SimulatedHost) -> None:
        if host.settle() is _ENDED:
            if isinstance(host.ended, DeskError):
                raise host.ended
            raise InvariantError("an actor ended", field=host.address, value=host.ended)
