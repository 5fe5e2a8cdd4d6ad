"""What marks and late fills carry beyond a cap reduces the desk in the same step, and lets go when it is back."""

from __future__ import annotations

from typing import Any

import pytest

from messages.control import Mode
from messages.limits import DESK, SetLimit
from messages.modes import LimitBreached
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits, ready

pytestmark = pytest.mark.unit

HALF = {"max_exposure": D("0.5")}


@pytest.mark.parametrize(
    ("source", "reason", "chosen", "settings"),
    [
        ("limit:tier_cap:core", Reason.TIER_CAP, {}, {"overrides": {"tier:core": HALF}}),
        ("limit:theme_cap:old", Reason.THEME_CAP, {}, {"overrides": {"theme:old": HALF}}),
        ("limit:venue_cap:paper", Reason.VENUE_CAP, {}, {"overrides": {"venue:paper": HALF}}),
        ("limit:leverage:paper", Reason.LEVERAGE_CAP, {"max_leverage": D("0.5")}, {}),
        ("limit:net_exposure:long", Reason.NET_EXPOSURE, {"max_net_exposure": D("0.5")}, {}),
        ("limit:total_at_risk", Reason.TOTAL_AT_RISK, {"max_total_at_risk": D("0.5")}, {}),
        (
            "limit:symbol_exposure:paper/BTC-USDT",
            Reason.SYMBOL_EXPOSURE,
            {},
            {"overrides": {"symbol:BTC-USDT": {"max_symbol_exposure": D("0.5")}}},
        ),
    ],
)
def test_a_mark_beyond_a_cap_reduces_until_it_is_back(
    source: str, reason: Reason, chosen: dict[str, Any], settings: dict[str, Any]
) -> None:
    made = bench.settings(
        limits(**chosen), tiers={"BTC-USDT": "core"}, themes={"old": ("BTC-USDT",)}, **settings
    )
    desk = Desk(made).seed(1_000).mark()
    desk.trade(BUY, 4)
    desk.mark(bid=120)  # 480 of 1,080
    assert desk.mode is Mode.NORMAL
    desk.mark(bid=200)
    assert desk.risk.state.sources.keys() == {source}
    assert desk.mode is Mode.REDUCE
    (event,) = desk.events(LimitBreached)
    assert (event.reason, event.limit, event.observed) == (reason, D(700), D(800))
    desk.restart()
    desk.mark(bid=100)
    assert desk.mode is Mode.NORMAL


def test_what_was_never_approved_has_no_tolerance() -> None:
    desk = Desk(bench.settings(limits(max_net_exposure=D("0.5")))).seed(1_000).mark()
    desk.trade(SELL, 5)
    desk.fill("stray", SELL, "0.1")
    assert "limit:net_exposure:short" in desk.risk.state.sources


def test_a_cap_that_is_taken_back_holds_nothing_any_more() -> None:
    desk = ready()
    desk.trade(BUY, 100)
    for value, mode in (("0.05", Mode.REDUCE), (None, Mode.NORMAL)):
        desk.give(SetLimit("anna", "max_net_exposure", DESK, value))
        assert desk.mode is mode
