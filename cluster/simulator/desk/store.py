"""The store of a simulated desk: it tells who was sent mail, and is cheap to copy, as what it keeps is frozen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.store.memory import MemoryStore
from messages.base import Address, Envelope


class NotingStore(MemoryStore):
    """A memory store that remembers in `addressed` who was sent mail since somebody looked."""

    def __init__(self, capacity: int = 10_000, keep_journal: bool = True) -> None:
        super().__init__(capacity, keep_journal)
        self.addressed: dict[Address, None] = {}
        self.on_refused: Callable[[Envelope], None] | None = None

    def copy(self) -> NotingStore:
        """See `MemoryStore.copy`: containers are copied, frozen objects shared."""
        clone = type(self)(self.capacity, self.keep_journal)
        clone.__dict__.update(_copied(self.__dict__))
        return clone

    def become(self, backup: MemoryStore) -> None:
        """See `MemoryStore.become`."""
        self.__dict__.update(backup.copy().__dict__)

    def _deliver(self, envelope: Envelope) -> None:
        self.addressed[envelope.recipient] = None
        if type(envelope.message).refusable:
            self.addressed[envelope.sender] = None  # it may come back
            receiver = self._actor(envelope.recipient).mailbox
            if receiver.added - receiver.taken >= self.capacity and self.on_refused is not None:
                self.on_refused(envelope)
        super()._deliver(envelope)


def _copied(value: Any) -> Any:
    """Lists and dictionaries copied in depth, and the store's own records with them; everything else is frozen."""
    if isinstance(value, list):
        return list(value)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    slots = getattr(type(value), "__slots__", None)
    if type(value).__module__ == MemoryStore.__module__:
        clone = object.__new__(type(value))
        if slots:
            for name in slots:
                setattr(clone, name, _copied(getattr(value, name)))
        else:
            clone.__dict__.update(_copied(value.__dict__))
        if hasattr(clone, "streams"):
            clone.streams = {
                name: clone.urgent if stream is value.urgent else clone.mailbox
                for name, stream in value.streams.items()
            }
        return clone
    return value
