"""Which of our orders a venue's order id belongs to: lists of executions name only the venue's."""

from __future__ import annotations

from collections import OrderedDict

_KEPT = 20_000


class OrderIds:
    """Client order ids by the venue's order id, the latest ones. What is not known here is asked for."""

    def __init__(self, keep: int = _KEPT) -> None:
        self._keep = keep
        self._client_ids: OrderedDict[str, str] = OrderedDict()

    def note(self, venue_order_id: str, client_order_id: str) -> None:
        """The venue told both together."""
        self._client_ids[venue_order_id] = client_order_id
        self._client_ids.move_to_end(venue_order_id)
        if len(self._client_ids) > self._keep:
            self._client_ids.popitem(last=False)

    def client_id(self, venue_order_id: str) -> str | None:
        """The client order id, if it was told."""
        return self._client_ids.get(venue_order_id)
