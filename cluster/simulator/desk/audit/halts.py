"""Invariant 7: after a halt was heard no order that may increase exposure leaves; and none of an outdated mode.

Nor is one placed between a lost store and risk's next word on the mode: nobody knows yet which approvals are void.
Judged from the control stream itself: an actor has heard what lies before its committed control cursor.
"""

from __future__ import annotations

from typing import NamedTuple

from cluster.simulator.desk.audit.finding import Finding
from cluster.store.memory import MemoryStore
from messages.base import Address, Envelope
from messages.control import Halt, Mode, ModeChanged, Resume, StoreRenewed
from messages.venue import PlaceOrder, ReplaceOrder

_TYING = frozenset({Mode.HALTED, Mode.OBSERVE})


class _Heard(NamedTuple):
    """What the control stream has told up to a point.

    `halted`: a kill switch holds that risk has not lifted; `mode_due`: risk has not told its mode since the store was
    renewed; `version` and `mode` are the newest.
    """

    halted: bool = False
    mode_due: bool = False
    version: int = 0
    mode: Mode = Mode.NORMAL


class HaltAudit:
    """See the module docstring."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def written(self, address: Address, order: PlaceOrder | ReplaceOrder, control: str) -> None:
        """A request to place or change an order is written; its actor has heard the control stream up to `control`."""
        heard = int(control.partition("-")[0])
        known = self._heard(heard)
        if order.increases_exposure and (known.halted or known.mode is not Mode.NORMAL):
            tied = "HALTED by a kill switch" if known.halted else known.mode.value
            raise self._finding(f"an order that may increase exposure left in mode {tied}", address, order)
        if order.mode_version < known.version:
            raise self._finding(
                f"an order approved under mode version {order.mode_version} left under {known.version}",
                address,
                order,
            )
        if known.mode_due and isinstance(order, PlaceOrder):
            raise self._finding(
                "an order was placed before risk had told its mode after a lost store", address, order
            )

    def _heard(self, count: int) -> _Heard:
        halted, resumed, mode_due, version, mode = False, False, False, 0, Mode.NORMAL
        for envelope in self._store.control.entries[:count]:
            message = envelope.message if isinstance(envelope, Envelope) else None
            if isinstance(message, Halt):
                halted, resumed = True, False
            elif isinstance(message, Resume):
                resumed = resumed or bool(message.acknowledgement.strip())
            elif isinstance(message, StoreRenewed):
                version, mode_due = 0, True
            elif isinstance(message, ModeChanged) and message.version > version:
                version, mode, mode_due = message.version, message.mode, False
                halted = halted and not (resumed or mode in _TYING)
        return _Heard(halted, mode_due, version, mode)

    def _finding(self, what: str, address: Address, order: PlaceOrder | ReplaceOrder) -> Finding:
        return Finding(7, f"{what}: {order.client_order_id}", actors=(address, "risk"), value=order)
