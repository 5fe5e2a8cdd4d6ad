"""Waiting for the worst moment: what is to happen as soon as an approval lies unread in an execution's mailbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cluster.simulator.desk.store import NotingStore
from messages.base import Address, Envelope
from messages.intents import SubmitOrder

_UNREAD = 1_000
"""How much unread mail is looked at: more than a step takes."""


class Moments:
    """See the module docstring. What waits is done once, however often it was asked for."""

    def __init__(self, store: NotingStore) -> None:
        self._store = store
        self._waiting: dict[str, Callable[[], object]] = {}

    def at_approval(self, name: str, act: Callable[[], object]) -> None:
        """Do something at the next approval of an order that may increase exposure, before execution has read it."""
        self._waiting[name] = act

    def addressed(self, addresses: Iterable[Address]) -> None:
        """These actors were sent mail just now."""
        if self._waiting and any(self._is_approved_to(address) for address in addresses):
            acts, self._waiting = self._waiting, {}
            for act in acts.values():
                act()

    def _is_approved_to(self, address: Address) -> bool:
        actor = self._store.actors.get(address) if address.startswith("execution/") else None
        if actor is None:
            return False
        unread = actor.mailbox.after(actor.position.mailbox, _UNREAD)
        messages = (entry.message for _, entry in unread if isinstance(entry, Envelope))
        return any(isinstance(each, SubmitOrder) and each.increases_exposure for each in messages)
