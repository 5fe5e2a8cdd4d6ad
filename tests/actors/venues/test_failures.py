"""The tables that turn what happens on the wire into what the desk is told, row by row."""

from __future__ import annotations

import pytest

from actors.venues.failures import failure_of_exception, failure_of_status
from actors.venues.port import FAILURES, Failure
from actors.venues.transport.http_errors import (
    ConnectError,
    ConnectTimeout,
    DecodingError,
    LocalProtocolError,
    PoolTimeout,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    WriteTimeout,
)
from messages.reasons import Reason
from messages.venue import Outcome

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ConnectError("refused"), Failure.TRANSIENT),
        (ConnectTimeout("no route"), Failure.TRANSIENT),
        (PoolTimeout("all connections busy"), Failure.TRANSIENT),
        (WriteTimeout("half written"), Failure.UNCERTAIN),
        (ReadTimeout("no answer"), Failure.UNCERTAIN),
        (ReadError("reset"), Failure.UNCERTAIN),
        (RemoteProtocolError("half an answer"), Failure.UNCERTAIN),
        (LocalProtocolError("ours"), Failure.UNCERTAIN),
        (DecodingError("not gzip"), Failure.UNCERTAIN),
        (ValueError("a defect"), None),
    ],
)
def test_an_exception_means(error: Exception, failure: Failure | None) -> None:
    assert failure_of_exception(error) is failure


@pytest.mark.parametrize(
    ("statuses", "failure"),
    [
        ((200, 201, 204), None),
        ((400, 404, 409, 422), Failure.REJECT),
        ((401, 403), Failure.AUTH),
        ((418, 429), Failure.RATE_LIMIT),
        ((408, 500, 502, 503, 504), Failure.UNCERTAIN),
        ((100, 301, 307, 999), Failure.UNCERTAIN),
    ],
)
def test_a_status_means(statuses: tuple[int, ...], failure: Failure | None) -> None:
    assert {failure_of_status(status) for status in statuses} == {failure}


def test_every_failure_has_an_outcome_and_none_is_an_acceptance() -> None:
    assert set(FAILURES) == set(Failure)
    assert Outcome.ACCEPTED not in {outcome for outcome, _ in FAILURES.values()}


def test_only_what_was_surely_not_carried_out_may_be_sent_again() -> None:
    not_sent = {failure for failure, (outcome, _) in FAILURES.items() if outcome is Outcome.NOT_SENT}
    assert not_sent == {Failure.TRANSIENT, Failure.RATE_LIMIT}
    assert FAILURES[Failure.UNCERTAIN] == (Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)
