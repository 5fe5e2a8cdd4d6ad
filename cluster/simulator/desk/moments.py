"""Waiting for the worst moment: what is to happen as soon as mail, or an approval, lies unread before an execution."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cluster.simulator.desk.store import NotingStore
from messages.base import Address, Envelope
from messages.intents import SubmitOrder

_UNREAD = 1_000
"""How much unread mail is looked at: more than a step takes."""

Moment = Callable[[list[object]], bool]
"""Whether it has come, by what an execution has not read."""


class Moments:
    """See the module docstring. What waits is done once, however often it was asked for."""

    def __init__(self, store: NotingStore) -> None:
        self._store = store
        self._waiting: dict[str, tuple[Moment, Callable[[], object]]] = {}

    def at_mail(self, name: str, act: Callable[[], object]) -> None:
        """Do something when the next mail, an approval mostly, has come and execution has not read it."""
        self._waiting[name] = bool, act

    def at_approval(self, name: str, act: Callable[[], object]) -> None:
        """Do something at the next approval of an order that may increase exposure, before execution has read it."""
        self._waiting[name] = _is_approval_among, act

    def addressed(self, addresses: Iterable[Address]) -> None:
        """These actors were sent mail just now."""
        if not self._waiting:
            return
        unread = [self._unread(each) for each in addresses if each.startswith("execution/")]
        due = [name for name, (has_come, _) in self._waiting.items() if any(map(has_come, unread))]
        for _, act in [self._waiting.pop(name) for name in due]:
            act()

    def _unread(self, address: Address) -> list[object]:
        actor = self._store.actors.get(address)
        return (
            []
            if actor is None
            else [each for _, each in actor.mailbox.after(actor.position.mailbox, _UNREAD)]
        )


def _is_approval_among(unread: list[object]) -> bool:
    messages = (each.message for each in unread if isinstance(each, Envelope))
    return any(isinstance(each, SubmitOrder) and each.increases_exposure for each in messages)
