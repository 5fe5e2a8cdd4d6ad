"""Invariant 7: after a halt was heard no order that may increase exposure leaves; and none of an outdated mode.

Judged from the control stream itself: an actor has heard what lies before its committed control cursor.
"""

from __future__ import annotations

from cluster.simulator.desk.audit.finding import Finding
from cluster.store.memory import MemoryStore
from messages.base import Address, Envelope
from messages.control import Halt, Mode, ModeChanged, Resume, StoreRenewed
from messages.venue import PlaceOrder, ReplaceOrder

_TYING = frozenset({Mode.HALTED, Mode.OBSERVE})


class HaltAudit:
    """See the module docstring."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def written(self, address: Address, order: PlaceOrder | ReplaceOrder, control: str) -> None:
        """A request to place or change an order is written; its actor has heard the control stream up to `control`."""
        heard = int(control.partition("-")[0])
        halted, version, mode = self._heard(heard)
        if order.increases_exposure and (halted or mode is not Mode.NORMAL):
            tied = "HALTED by a kill switch" if halted else mode.value
            raise self._finding(f"an order that may increase exposure left in mode {tied}", address, order)
        if order.mode_version < version:
            raise self._finding(
                f"an order approved under mode version {order.mode_version} left under {version}",
                address,
                order,
            )

    def _heard(self, count: int) -> tuple[bool, int, Mode]:
        """Whether a kill switch holds that risk has not lifted; the newest mode version and mode."""
        halted, resumed, version, mode = False, False, 0, Mode.NORMAL
        for envelope in self._store.control.entries[:count]:
            message = envelope.message if isinstance(envelope, Envelope) else None
            if isinstance(message, Halt):
                halted, resumed = True, False
            elif isinstance(message, Resume):
                resumed = resumed or bool(message.acknowledgement.strip())
            elif isinstance(message, StoreRenewed):
                version = 0
            elif isinstance(message, ModeChanged) and message.version > version:
                version, mode = message.version, message.mode
                halted = halted and not (resumed or mode in _TYING)
        return halted, version, mode

    def _finding(self, what: str, address: Address, order: PlaceOrder | ReplaceOrder) -> Finding:
        return Finding(7, f"{what}: {order.client_order_id}", actors=(address, "risk"), value=order)
