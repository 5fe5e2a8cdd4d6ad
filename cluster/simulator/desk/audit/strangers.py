"""Orders of others at a venue: their end, once they were told, raises nothing a second time.

A person has looked at them; a desk that is reduced anew by each of them is one that nobody can let trade on.
"""

from __future__ import annotations

from cluster.simulator.desk.audit.finding import Finding
from cluster.store.port import Section
from messages.account_events import ExternalSeen
from messages.base import Address
from messages.orders import OrderState

_ENDS = frozenset({OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED})
StrangerMemory = dict[tuple[Address, str], None]


class StrangerAudit:
    """See the module docstring; judged by what execution has committed."""

    def __init__(self) -> None:
        self._told: StrangerMemory = {}

    def committed(self, section: Section) -> None:
        """A step of execution was committed. Raises `Finding`."""
        for event in section.record.events:
            if not isinstance(event, ExternalSeen):
                continue
            activity = event.activity
            key = (section.address, activity.venue_order_id)
            ended = activity.state in _ENDS and activity.fill is None
            if ended and activity.suspect and key in self._told:
                what = f"the end of an order that was told is raised anew: {activity.venue_order_id}"
                raise Finding(4, what, actors=(section.address, "risk"), value=activity)
            self._told[key] = None

    def remember(self) -> StrangerMemory:
        """What a backup of the store taken now contains."""
        return dict(self._told)

    def forget_to(self, memory: StrangerMemory) -> None:
        """History was lost: told is what the backup knows."""
        self._told = dict(memory)
