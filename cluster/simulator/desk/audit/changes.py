"""Changes of working orders: each was promised, and what execution takes for its end is what the venue did."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.promises import Promise
from cluster.simulator.venue import SimulatedVenue
from messages.routing import ReplaceEnded, ReplaceStarted
from messages.venue import Outcome, ReplaceOrder, ReplaceResult

Change = tuple[Decimal, Decimal]
"""Price and whole quantity."""


class ChangeAudit:
    """See the module docstring. History that was lost takes with it what was under way: that is not judged."""

    def __init__(self, venues: Mapping[str, SimulatedVenue]) -> None:
        self._venues = venues
        self._promised: dict[str, list[Change]] = {}
        self._open: dict[str, Change] = {}
        self._denied: dict[str, list[Change]] = {}
        self._lost: dict[str, None] = {}

    def committed(self, event: ReplaceStarted | ReplaceEnded, promise: Promise) -> None:
        """Execution has begun a change, or believes that it is over."""
        name = event.client_order_id
        if isinstance(event, ReplaceStarted):
            change = (event.price, event.quantity)
            if event.amends:
                self._promised.setdefault(name, []).append(change)
                self._open[name] = change
            return
        believed = self._open.pop(name, None)
        record = self._venues[promise.terms.venue].ledger.find(name)
        if believed is None or record is None or record.ended or promise.overdue or name in self._lost:
            return
        made = (record.request.limit_price, record.request.quantity) == believed
        if made is not event.applied:
            what = f"a change is believed {'made' if event.applied else 'not made'}: {name}"
            raise Finding(1, what, actors=(promise.execution,), value=(believed, record.request))
        if not event.applied:
            self._denied.setdefault(name, []).append(believed)

    def written(self, wanted: ReplaceOrder) -> bool:
        """A request leaves; whether it was promised, and not written before."""
        promised = self._promised.get(wanted.client_order_id, [])
        change = (wanted.limit_price, wanted.quantity)
        if change not in promised:
            return wanted.client_order_id in self._lost
        promised.remove(change)
        return True

    def arrived(self, wanted: ReplaceOrder, result: ReplaceResult, promise: Promise) -> None:
        """A request has reached the venue: none that is made was given up before."""
        name = wanted.client_order_id
        denied = self._denied.get(name, [])
        made = result.outcome is Outcome.ACCEPTED
        given_up = (wanted.limit_price, wanted.quantity) in denied and name not in self._open
        if made and given_up and not promise.overdue and name not in self._lost:
            what = f"a change was made that had been given up: {name}"
            raise Finding(1, what, actors=(promise.execution,), value=wanted)

    def forget(self) -> None:
        """History was lost."""
        self._lost.update(dict.fromkeys([*self._promised, *self._open]))
