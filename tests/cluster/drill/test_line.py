"""The bad line: what each fault does to a request, and what the desk hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.drill.arrangement import Span, Trouble
from cluster.drill.line import BadLine, Request
from cluster.drill.places import busiest
from cluster.paper.faults import Fault
from cluster.simulator.ports import VirtualClock
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    CancelResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryOrder,
    QueryResult,
)
from messages.venue_account import AccountResult, QueryAccount

pytestmark = pytest.mark.unit


class Venue:
    """A venue that takes everything and remembers it."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        self.heard.append(order)
        return PlaceResult(order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED, "v1")

    def cancel(self, cancel: CancelOrder, now: int) -> CancelResult:
        self.heard.append(cancel)
        return CancelResult(cancel.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED)

    def query(self, query: QueryOrder) -> QueryResult:
        self.heard.append(query)
        return QueryResult(query.client_order_id, Outcome.ACCEPTED)

    def account(self, query: QueryAccount) -> AccountResult:
        self.heard.append(query)
        return AccountResult(query.venue, Outcome.ACCEPTED)


class Stage:
    def __init__(self, *troubles: Trouble) -> None:
        self.venue, self.clock, self.requests = Venue(), VirtualClock(10), list[Request]()
        self.line = BadLine(self.venue, self.clock, troubles, self.requests)  # type: ignore[arg-type]


def order() -> PlaceOrder:
    from decimal import Decimal

    from messages.intents import OrderType, Side, TimeInForce

    one = Decimal(1)
    return PlaceOrder(
        "c1",
        "BTC-USDT",
        Side.BUY,
        one,
        OrderType.MARKET,
        TimeInForce.IOC,
        False,
        False,
        one,
        None,
        99,
        1,
        True,
    )


def during(*faults: Fault, kinds: tuple[Any, ...] = (PlaceOrder,)) -> Trouble:
    return Trouble(Span(10, 20), kinds, faults)


@pytest.mark.parametrize(
    ("fault", "outcome", "reason", "carried_out"),
    [
        (Fault.RATE_LIMITED, Outcome.NOT_SENT, Reason.RATE_LIMIT, False),
        (Fault.LOST_BEFORE, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME, False),
        (Fault.UNAVAILABLE, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME, False),
        (Fault.LOST_AFTER, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME, True),
        (Fault.LATE, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME, True),
    ],
)
def test_a_request_meets_its_fault(fault: Fault, outcome: Outcome, reason: Reason, carried_out: bool) -> None:
    stage = Stage(during(fault))

    answer = stage.line.place(order(), 10)

    assert (answer.outcome, answer.reason) == (outcome, reason)
    assert stage.venue.heard == ([order()] if carried_out else [])
    [request] = stage.requests
    assert (request.time, request.fault, request.answer, request.arrived) == (10, fault, answer, carried_out)


def test_faults_take_turns_and_end_with_their_span() -> None:
    stage = Stage(during(Fault.RATE_LIMITED, Fault.LOST_AFTER))
    outcomes = [stage.line.place(order(), 10).outcome for _ in range(3)]
    stage.clock.now = 20
    outcomes.append(stage.line.place(order(), 20).outcome)

    assert outcomes == [Outcome.NOT_SENT, Outcome.NO_ANSWER, Outcome.NOT_SENT, Outcome.ACCEPTED]


def test_a_question_without_an_answer_says_nothing() -> None:
    stage = Stage(during(Fault.RATE_LIMITED, kinds=(QueryOrder, QueryAccount, CancelOrder)))

    assert stage.line.query(QueryOrder("c1", "BTC-USDT")).outcome is Outcome.NO_ANSWER
    assert stage.line.account(QueryAccount("paper")).outcome is Outcome.NO_ANSWER
    assert stage.line.cancel(CancelOrder("c1", "BTC-USDT"), 10).outcome is Outcome.NOT_SENT
    assert stage.venue.heard == []


def test_other_requests_pass() -> None:
    stage = Stage(during(Fault.RATE_LIMITED))
    assert stage.line.query(QueryOrder("c1", "BTC-USDT")).outcome is Outcome.ACCEPTED
    assert stage.requests[0].fault is Fault.NONE


def test_the_busiest_span_is_the_first_with_most_in_it() -> None:
    second = 1_000_000_000
    times = [3 * second, 8 * second, 8 * second + 1, 9 * second]
    within = Span(0, 20 * second)

    assert busiest(times, within, 2 * second) == 8 * second
    assert busiest([3 * second], within, 2 * second) == 2 * second
    assert busiest([], within, 2 * second) is None
    assert busiest([30 * second], within, 2 * second) is None
    assert busiest(times, Span(0, second), 2 * second) is None
