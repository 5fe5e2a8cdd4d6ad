"""What corrections of the books have moved, from committed events: part of what strategies are to have in the end."""

from __future__ import annotations

from decimal import Decimal

from cluster.simulator.desk.audit.finding import Finding
from messages.account_events import PositionCorrected

ZERO = Decimal(0)


class Corrections:
    """`moved` is by strategy and symbol, signed base units; `booked` are the venue and id of each correction."""

    def __init__(self) -> None:
        self.moved: dict[tuple[str, str], Decimal] = {}
        self.booked: dict[tuple[str, str], None] = {}

    def committed(self, event: PositionCorrected) -> None:
        """A correction was journalled. Raises `Finding` for one of the account: each fill of it can be asked for."""
        if event.of_account:
            what = f"a position was corrected of which every fill is there to be found: {event.correction_id}"
            raise Finding(2, what, actors=(f"execution/{event.venue}", "risk"), value=event)
        self.booked[event.venue, event.correction_id] = None
        self.booked[event.venue, f"{event.correction_id}/nobody"] = None
        key = (event.strategy, event.symbol)
        self.moved[key] = self.moved.get(key, ZERO) + event.quantity * event.side.sign
