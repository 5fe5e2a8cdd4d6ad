"""Where things live in Redis. All keys of a desk carry one hash tag, so that they share a slot on Redis Cluster."""

from __future__ import annotations

from cluster.store.port import StreamName
from messages.base import CONTROL, Address


class Keys:
    """The key names of one desk."""

    def __init__(self, desk: str) -> None:
        self.prefix = f"{{{desk}}}"
        self.store = f"{self.prefix}:store"
        self.index = f"{self.prefix}:actors"
        self.control = f"{self.prefix}:control"
        self.dead_letters = f"{self.prefix}:dead-letters"
        self.owner = f"{self.prefix}:owner"
        self.notes = f"{self.prefix}:notes"
        self.tree = f"{self.prefix}:tree"
        self.operator = f"{self.prefix}:operator"

    def actor(self, address: Address) -> str:
        """Hash: epoch, step, cursors, counters, life signs."""
        return f"{self.prefix}:actor:{address}"

    def journal(self, address: Address) -> str:
        """Stream: one record per step, with the step as its id."""
        return f"{self.prefix}:journal:{address}"

    def timers(self, address: Address) -> str:
        """Hash: timer key to timer."""
        return f"{self.prefix}:timers:{address}"

    def snapshots(self, address: Address) -> str:
        """Hash: step to checksum and state."""
        return f"{self.prefix}:snapshots:{address}"

    def attempts(self, address: Address) -> str:
        """Hash: input key to the number of failed attempts at it."""
        return f"{self.prefix}:attempts:{address}"

    def stream(self, address: Address, name: StreamName) -> str:
        """One of the streams an actor reads."""
        if name is StreamName.CONTROL or address == CONTROL:
            return self.control
        return f"{self.prefix}:{name.value}:{address}"
