"""Refusals, row by row as the venue's sheet has them, and the three meanings of 503."""

from __future__ import annotations

import json

import pytest

from actors.venues.binance_usdm.codes import CODES, meaning, words_of
from actors.venues.port import FAILURES, Failure
from messages.reasons import Reason
from messages.venue import Outcome

pytestmark = pytest.mark.unit


def told(status: int, code: int = 0, msg: str = "") -> tuple[Failure, Reason] | None:
    return meaning(status, words_of(json.dumps({"code": code, "msg": msg, "more": 1}).encode()))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (-1121, Reason.SYMBOL_UNKNOWN),
        (-2011, Reason.UNKNOWN_ORDER),
        (-2013, Reason.UNKNOWN_ORDER),
        (-2018, Reason.INSUFFICIENT_BALANCE),
        (-2019, Reason.INSUFFICIENT_BALANCE),
        (-2021, Reason.STOP_WOULD_TRIGGER),
        (-2022, Reason.REDUCE_ONLY_WOULD_INCREASE),
        (-2025, Reason.VENUE_MAX_ORDERS),
        (-2027, Reason.LEVERAGE),
        (-4003, Reason.MIN_QUANTITY),
        (-4005, Reason.MAX_QUANTITY),
        (-4014, Reason.TICK_SIZE),
        (-4016, Reason.PRICE_BAND),
        (-4023, Reason.LOT_SIZE),
        (-4024, Reason.PRICE_BAND),
        (-4045, Reason.VENUE_MAX_ORDERS),
        (-4061, Reason.POSITION_MODE),
        (-4116, Reason.DUPLICATE_CLIENT_ORDER_ID),
        (-4131, Reason.PRICE_BAND),
        (-4164, Reason.MIN_NOTIONAL),
        (-5021, Reason.FILL_OR_KILL),
        (-5022, Reason.POST_ONLY_WOULD_TAKE),
        (-99999, Reason.VENUE_REJECTED),
    ],
)
def test_a_rejection_has_the_canonical_reason(code: int, reason: Reason) -> None:
    assert told(400, code) == (Failure.REJECT, reason)


@pytest.mark.parametrize("code", [-1100, -1102, -1106, -1115, -1116, -1117, -1128, -1130, -4015, -4120])
def test_what_only_a_defect_of_ours_causes_is_fatal(code: int) -> None:
    assert told(400, code) == (Failure.FATAL, Reason.VENUE_FAULT)


@pytest.mark.parametrize(
    ("status", "code", "msg", "failure", "reason"),
    [
        (401, -2015, "", Failure.AUTH, Reason.AUTH),
        (401, -1002, "", Failure.AUTH, Reason.AUTH),
        (400, -1022, "", Failure.AUTH, Reason.AUTH),
        (401, 0, "", Failure.AUTH, Reason.AUTH),
        (403, 0, "", Failure.RATE_LIMIT, Reason.RATE_LIMIT),
        (429, -1003, "", Failure.RATE_LIMIT, Reason.RATE_LIMIT),
        (418, -1003, "", Failure.RATE_LIMIT, Reason.RATE_LIMIT),
        (429, -1015, "", Failure.RATE_LIMIT, Reason.RATE_LIMIT),
        (429, 0, "", Failure.RATE_LIMIT, Reason.RATE_LIMIT),
        (400, -1021, "", Failure.TRANSIENT, Reason.CLOCK_SKEW),
        (400, -5028, "", Failure.TRANSIENT, Reason.CLOCK_SKEW),
        (503, -1008, "Request throttled", Failure.TRANSIENT, Reason.NOT_SENT),
        (503, 0, "Service Unavailable.", Failure.TRANSIENT, Reason.NOT_SENT),
        (
            503,
            0,
            "Unknown error, please check your request or try again later.",
            Failure.UNCERTAIN,
            Reason.UNKNOWN_OUTCOME,
        ),
        (503, 0, "", Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
        (502, 0, "Service Unavailable.", Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
        (500, -1001, "", Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
        (400, -1000, "", Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
        (400, -1006, "", Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
        (408, -1007, "", Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
        (408, 0, "", Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
        (504, -2010, "a code does not make a 5xx sure", Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
        (302, 0, "", Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME),
        (404, 0, "", Failure.FATAL, Reason.VENUE_FAULT),
    ],
)
def test_statuses_and_codes_together(
    status: int, code: int, msg: str, failure: Failure, reason: Reason
) -> None:
    assert told(status, code, msg) == (failure, reason)


def test_success_is_no_failure_and_a_body_without_words_has_none() -> None:
    assert told(200) is None
    for body in (b"", b"<html>", b"[]", b'{"code":"x"}', b"null"):
        assert words_of(body).code == 0
        assert meaning(503, words_of(body)) == (Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME)


def test_no_code_is_an_acceptance_and_the_reason_fits_the_failure() -> None:
    for code, (failure, reason) in CODES.items():
        assert code < 0
        assert reason is not Reason.ACCEPTED
        own = FAILURES[failure][1]
        assert failure in (Failure.REJECT, Failure.TRANSIENT) or reason is own
        assert (FAILURES[failure][0] is Outcome.NO_ANSWER) == (reason is Reason.UNKNOWN_OUTCOME)
