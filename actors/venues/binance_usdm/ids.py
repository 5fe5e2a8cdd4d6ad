"""Which of our orders a venue's order id belongs to: lists of executions name only the venue's.

The venue numbers the orders of each listing by themselves, and stops in a row of their own: an id alone names nothing.
"""

from __future__ import annotations

from collections import OrderedDict

_KEPT = 20_000


class OrderIds:
    """Client order ids of plain orders by symbol and the venue's order id, the latest ones."""

    def __init__(self, keep: int = _KEPT) -> None:
        self._keep = keep
        self._client_ids: OrderedDict[tuple[str, str], str] = OrderedDict()

    def note(self, symbol: str, venue_order_id: str, client_order_id: str) -> None:
        """The venue told all three together, of a plain order: executions are never listed under a stop's own id."""
        key = symbol, venue_order_id
        self._client_ids[key] = client_order_id
        self._client_ids.move_to_end(key)
        if len(self._client_ids) > self._keep:
            self._client_ids.popitem(last=False)

    def client_id(self, symbol: str, venue_order_id: str) -> str | None:
        """The client order id, if it was told."""
        return self._client_ids.get((symbol, venue_order_id))
