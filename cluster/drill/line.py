"""A bad line between an execution actor and its venue, behind the last gate, with a record of every request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from actors.venues.port import FAILURES, Failure
from cluster.drill.arrangement import Trouble
from cluster.paper.faults import Fault
from cluster.simulator.ports import VirtualClock
from cluster.simulator.venue import SimulatedVenue
from messages.base import Effect, Message
from messages.venue import (
    CancelOrder,
    CancelResult,
    FillsResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    QueryResult,
)
from messages.venue_account import AccountResult, InstrumentsResult, QueryAccount, QueryInstruments

R = TypeVar("R", bound=Message)

_FAILURES: dict[Fault, Failure] = {
    Fault.RATE_LIMITED: Failure.RATE_LIMIT,
    Fault.UNAVAILABLE: Failure.UNCERTAIN,
    Fault.LOST_BEFORE: Failure.UNCERTAIN,
    Fault.LOST_AFTER: Failure.UNCERTAIN,
    Fault.LATE: Failure.UNCERTAIN,
}
"""What a venue's adapter makes of each fault; an answer later than its time-out is none."""

_CARRIED_OUT = frozenset({Fault.NONE, Fault.LOST_AFTER, Fault.LATE})


class Request(msgspec.Struct, frozen=True):
    """One request that left: what was asked at desk time `time` (ns UTC), the fault it met, the answer."""

    time: int
    effect: Effect
    fault: Fault
    answer: Message

    @property
    def arrived(self) -> bool:
        """Whether the venue has heard of it."""
        return self.fault in _CARRIED_OUT


class BadLine:
    """Stands where the venue stands; requests meet the troubles, in turn, and are recorded."""

    def __init__(
        self,
        venue: SimulatedVenue,
        clock: VirtualClock,
        troubles: Sequence[Trouble],
        requests: list[Request],
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._troubles = troubles
        self._requests = requests
        self._met = [0] * len(troubles)

    def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        """See `SimulatedVenue.place`."""
        return self._exchange(order, lambda: self._venue.place(order, now), _place_failed)

    def cancel(self, cancel: CancelOrder, now: int) -> CancelResult:
        """See `SimulatedVenue.cancel`."""
        return self._exchange(cancel, lambda: self._venue.cancel(cancel, now), _cancel_failed)

    def query(self, query: QueryOrder) -> QueryResult:
        """See `SimulatedVenue.query`."""
        return self._exchange(query, lambda: self._venue.query(query), _query_failed)

    def account(self, query: QueryAccount) -> AccountResult:
        """See `SimulatedVenue.account`."""
        return self._exchange(query, lambda: self._venue.account(query), _account_failed)

    def fills(self, query: QueryFills) -> FillsResult:
        """See `SimulatedVenue.fills`."""
        return self._exchange(query, lambda: self._venue.fills(query), _fills_failed)

    def instruments(self, query: QueryInstruments) -> InstrumentsResult:
        """See `SimulatedVenue.instruments`."""
        return self._exchange(query, lambda: self._venue.instruments(query), _instruments_failed)

    def _exchange(self, effect: Effect, carry_out: Callable[[], R], failed: Callable[..., R]) -> R:
        now = self._clock.now
        fault = self._fate(effect, now)
        answer = carry_out() if fault in _CARRIED_OUT else None
        if answer is None or fault is not Fault.NONE:
            answer = failed(effect, _FAILURES[fault])
        self._requests.append(Request(now, effect, fault, answer))
        return answer

    def _fate(self, effect: Effect, now: int) -> Fault:
        for index, trouble in enumerate(self._troubles):
            if now in trouble.span and isinstance(effect, trouble.kinds):
                self._met[index] += 1
                return trouble.faults[(self._met[index] - 1) % len(trouble.faults)]
        return Fault.NONE


def _place_failed(order: PlaceOrder, failure: Failure) -> PlaceResult:
    outcome, reason = FAILURES[failure]
    return PlaceResult(order.client_order_id, outcome, reason, None, failure.value)


def _cancel_failed(cancel: CancelOrder, failure: Failure) -> CancelResult:
    outcome, reason = FAILURES[failure]
    return CancelResult(cancel.client_order_id, outcome, reason, failure.value)


def _query_failed(query: QueryOrder, failure: Failure) -> QueryResult:
    # a question without an answer says nothing, whatever the failure
    return QueryResult(query.client_order_id, Outcome.NO_ANSWER, None, failure.value)


def _account_failed(query: QueryAccount, failure: Failure) -> AccountResult:
    return AccountResult(query.venue, Outcome.NO_ANSWER, detail=failure.value)


def _fills_failed(query: QueryFills, failure: Failure) -> FillsResult:
    return FillsResult(query.venue, query.symbol, Outcome.NO_ANSWER, detail=failure.value)


def _instruments_failed(query: QueryInstruments, failure: Failure) -> InstrumentsResult:
    return InstrumentsResult(query.venue, Outcome.NO_ANSWER, detail=failure.value)
