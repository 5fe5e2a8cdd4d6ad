"""The tables that turn what happens on the wire into what the desk is told, row by row."""

from __future__ import annotations

import httpx
import pytest

from actors.venues.failures import failure_of_exception, failure_of_status
from actors.venues.port import FAILURES, Failure
from messages.reasons import Reason
from messages.venue import Outcome

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (httpx.ConnectError("refused"), Failure.TRANSIENT),
        (httpx.ConnectTimeout("no route"), Failure.TRANSIENT),
        (httpx.PoolTimeout("all connections busy"), Failure.TRANSIENT),
        (httpx.ProxyError("no proxy"), Failure.TRANSIENT),
        (httpx.UnsupportedProtocol("ftp"), Failure.TRANSIENT),
        (httpx.InvalidURL("nonsense"), Failure.TRANSIENT),
        (httpx.WriteTimeout("half written"), Failure.UNCERTAIN),
        (httpx.WriteError("half written"), Failure.UNCERTAIN),
        (httpx.ReadTimeout("no answer"), Failure.UNCERTAIN),
        (httpx.ReadError("reset"), Failure.UNCERTAIN),
        (httpx.CloseError("closed"), Failure.UNCERTAIN),
        (httpx.RemoteProtocolError("half an answer"), Failure.UNCERTAIN),
        (httpx.LocalProtocolError("ours"), Failure.UNCERTAIN),
        (httpx.DecodingError("not gzip"), Failure.UNCERTAIN),
        (httpx.TooManyRedirects("round and round"), Failure.UNCERTAIN),
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
