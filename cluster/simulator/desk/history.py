"""The last things that happened to each actor, for people: what a failed seed prints."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from cluster.store.port import Section
from messages.base import Address, Message

LENGTH = 40
"""How many entries are kept per actor."""

_LONGEST = 300


class History:
    """Per actor the last `LENGTH` entries; they are put into words only when somebody asks."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._entries: dict[Address, deque[tuple[int, int, Any]]] = {}
        self._count = 0

    def note(self, now: int, address: Address, entry: object) -> None:
        """Something happened to this actor; `entry` is words, a message, or a committed section."""
        entries = self._entries.get(address)
        if entries is None:
            entries = self._entries[address] = deque(maxlen=LENGTH)
        self._count += 1
        entries.append((self._count, now, entry))

    def told(self, addresses: Iterable[Address]) -> str:
        """The last entries of these actors together, in the order in which they happened."""
        chosen = [
            (count, now, address, entry)
            for address in addresses
            for count, now, entry in self._entries.get(address, ())
        ]
        chosen.sort(key=lambda each: each[0])
        return "\n".join(
            f"  {(now - self._start) / 1e9:9.4f} {address:<18} {_worded(entry)}"
            for _, now, address, entry in chosen[-LENGTH:]
        )


def _worded(entry: object) -> str:
    if isinstance(entry, Section):
        record = entry.record
        took = ", ".join(
            f"{item.kind.name.lower()} {item.reference}"
            + (f" {type(item.message).__name__}" if item.message is not None else "")
            for item in record.inputs
        )
        made = "; ".join(_brief(event) for event in record.events)
        sent = ", ".join(f"{type(each.message).__name__} to {each.recipient}" for each in entry.envelopes)
        return f"epoch {entry.epoch} step {record.step}: took {took} | {made} | sent {sent}"[: _LONGEST * 3]
    return _brief(entry) if isinstance(entry, Message) else str(entry)[:_LONGEST]


def _brief(message: Message) -> str:
    fields = []
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if isinstance(value, msgspec.Struct):
            value = type(value).__name__
        if value not in (None, "", (), {}, []):
            fields.append(f"{name}={value}")
    return f"{type(message).__name__}({', '.join(fields)})"[:_LONGEST]
