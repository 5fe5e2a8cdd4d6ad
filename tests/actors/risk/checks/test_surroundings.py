"""Checks on what is wrong around the desk and how much is dared: allow, resize, reject for each."""

from __future__ import annotations

import pytest

from messages.account_events import VenueCondition
from messages.anomalies import OverrideDegrade
from messages.control import Mode
from messages.intents import Purpose, Verdict
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, limits, ready, result

pytestmark = pytest.mark.unit


def test_size_factor_allows_everything_while_there_is_no_degrade_level() -> None:
    desk = ready()
    desk.intend(BUY, 8)
    assert desk.decision.verdict is Verdict.APPROVED
    assert all(one.check != "size_factor" for one in desk.decision.checks)


def test_size_factor_resizes_at_level_1() -> None:
    desk = ready()
    desk.give(OverrideDegrade("anna", 1, "drill"))
    desk.intend(BUY, 8)
    found = result(desk, "size_factor")
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.RESIZED, Reason.DEGRADED)
    assert (desk.decision.quantity, found.limit, found.observed) == (D(4), D("0.5"), D(1))


def test_size_factor_rejects_at_level_3_all_but_what_reduces() -> None:
    desk = ready()
    desk.trade(BUY, 3)
    desk.give(OverrideDegrade("anna", 3, "drill"))
    desk.intend(BUY, 8)
    assert desk.decision.verdict is Verdict.REJECTED
    assert result(desk, "size_factor").reason is Reason.DEGRADED
    desk.intend(SELL, 3)
    assert desk.decision.verdict is Verdict.APPROVED


@pytest.mark.parametrize(
    ("level", "verdict"), [(1, Verdict.APPROVED), (2, Verdict.APPROVED), (3, Verdict.REJECTED)]
)
@pytest.mark.parametrize("purpose", [Purpose.EXIT, Purpose.STOP, Purpose.TARGET])
def test_size_factor_lets_a_strategy_close_the_whole_of_what_it_holds(
    level: int, verdict: Verdict, purpose: Purpose
) -> None:
    """Another holds the same short: the account is flat, so that every part of the exit opens it."""
    desk = ready()
    desk.give(OverrideDegrade("anna", level, "drill"))
    desk.intend(SELL, 8, purpose=purpose)
    assert desk.decision.verdict is verdict
    desk.intend(SELL, 8, purpose=Purpose.ENTRY)
    assert desk.decision.verdict is not Verdict.APPROVED


CANARY = limits(canary_order_notional=D(500), canary_exposure=D(800))


def test_canary_order_allows_what_is_small() -> None:
    desk = ready(CANARY)
    desk.intend(BUY, 5)
    assert desk.decision.verdict is Verdict.APPROVED
    assert result(desk, "canary_order").room == D(0)


def test_canary_order_resizes_to_its_cap() -> None:
    desk = ready(CANARY)
    desk.intend(BUY, 6)
    assert (desk.decision.reason, desk.decision.quantity) == (Reason.CANARY, D(5))


def test_canary_order_rejects_what_is_too_small_at_its_cap() -> None:
    desk = Desk(bench.settings(limits(canary_order_notional=D(5), min_notional=D(10)))).seed().mark()
    desk.intend(BUY, 1)
    assert (desk.decision.verdict, desk.decision.reason) == (
        Verdict.REJECTED,
        Reason.BELOW_MINIMUM_AFTER_RESIZE,
    )


def test_canary_exposure_allows_resizes_and_rejects_by_all_that_is_held_and_open() -> None:
    desk = ready(CANARY).mark("ETH-USDT", 100)
    desk.trade(BUY, 5)
    desk.intend(BUY, 2, "ETH-USDT")
    assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(BUY, 4, "ETH-USDT")
    assert (desk.decision.reason, desk.decision.quantity) == (Reason.CANARY, D(1))
    desk.intend(BUY, 1, "ETH-USDT")
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.CANARY)


def two_venues() -> Desk:
    listed = (instrument("BTC-USDT"), instrument("BTC-USDT", "other"))
    return Desk(bench.settings(instruments=listed)).seed().seed(venue="other").mark()


def condition(desk: Desk, venue: str, cause: str, mode: Mode) -> None:
    desk.give(VenueCondition(venue, cause, mode, "seen"), f"execution/{venue}")


@pytest.mark.parametrize(("cause", "mode"), [("stream_down", Mode.REDUCE), ("account_unread", Mode.OBSERVE)])
def test_the_way_to_one_of_two_venues_holds_the_orders_of_that_venue_alone(cause: str, mode: Mode) -> None:
    desk = two_venues()
    desk.intend(BUY, 1)
    condition(desk, "other", cause, mode)
    assert desk.mode is Mode.NORMAL
    desk.intend(BUY, 1, venue="other")
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.VENUE_HEALTH)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED
    condition(desk, "other", cause, Mode.NORMAL)
    desk.intend(BUY, 1, venue="other")
    assert desk.decision.verdict is Verdict.APPROVED


def test_the_ways_to_all_venues_hold_the_desk() -> None:
    desk = two_venues()
    condition(desk, "other", "stream_down", Mode.REDUCE)
    condition(desk, "paper", "circuit_open", Mode.REDUCE)
    assert desk.mode is Mode.REDUCE
    condition(desk, "paper", "circuit_open", Mode.NORMAL)
    assert desk.mode is Mode.NORMAL


def test_what_is_unknown_at_one_venue_holds_the_desk() -> None:
    desk = two_venues()
    condition(desk, "other", "unknown_orders", Mode.REDUCE)
    assert desk.mode is Mode.REDUCE
