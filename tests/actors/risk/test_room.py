"""The room left: a row for every limit on a sum or a count, and the figures that the checks go by."""

from __future__ import annotations

import pytest

from actors.risk.checks.row import COUNT, MONEY
from actors.risk.limits import SECOND
from actors.risk.room import RoomSummary, room_of
from messages.account_events import MarginsTold
from messages.limits import RegimeChanged
from messages.venue_account import PositionMargin
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, D, Desk, limits, result

pytestmark = pytest.mark.unit

OF_ONE_ORDER = {"minimum", "order_notional", "canary_order", "trade_nav", "fat_finger"}
"""Limits on an order by itself: it uses up nothing of them."""
SAME_AS = {"drawdown": "drawdown_reduce"}
STATISTICAL = {"portfolio_var", "position_cvar", "correlated_exposure"}
"""Not known without returns; see `test_statistics`."""

ALL = limits(
    max_symbol_exposure=D("0.5"),
    weekly_loss_limit=D("0.5"),
    max_trade_nav=D(1),
    fat_finger_multiple=D(100),
    canary_order_notional=D(10_000),
    canary_exposure=D(90_000),
    regime_caps={"bull": D(1), "bear": D("0.5")},
    max_concentration=D("0.9"),
    max_leverage=D(3),
    max_margin_use=D("0.5"),
    min_liquidation_distance=D("0.1"),
    max_net_exposure=D(2),
    max_total_at_risk=D(2),
    max_symbol_orders=9,
    max_consecutive_losses=3,
    max_errors=5,
    max_burst=50,
    max_symbol_hourly_trades=10,
    max_hourly_trades=20,
    max_daily_trades=30,
    max_cycle_orders=40,
    max_cycle_notional=D(50_000),
)
PARTS = {"tiers": {"BTC-USDT": "core"}, "themes": {"old": ("BTC-USDT",)}}
CAPS = {scope: {"max_exposure": D(1)} for scope in ("tier:core", "theme:old", "venue:paper")}


def everything_set() -> Desk:
    desk = Desk(bench.settings(ALL, overrides=CAPS, **PARTS)).seed().mark().mark("ETH-USDT")
    desk.give(RegimeChanged("bear"), "universe")
    desk.trade(BUY, 3)
    desk.trade(BUY, 40, symbol="ETH-USDT")
    desk.give(MarginsTold("paper", {"BTC-USDT": PositionMargin(D(3), D(5), D(50))}), "execution/paper")
    desk.intend(BUY, 2)
    return desk


def rows_of(desk: Desk) -> dict[str, RoomSummary]:
    book = desk.risk._engine.book(desk.risk.state)
    rows = room_of(desk.risk.state, desk.settings, book, desk.ctx.now)
    return {row.name: row for row in rows}


def test_every_limit_on_a_sum_or_a_count_has_a_row() -> None:
    desk = everything_set()
    desk.intend(BUY, 1)
    named = {name.partition(":")[0] for name in rows_of(desk)}
    sums = {
        each.check for each in desk.decision.checks if each.unit in (MONEY, COUNT) and each.limit is not None
    }
    assert {SAME_AS.get(name, name) for name in sums - OF_ONE_ORDER - STATISTICAL} <= named


@pytest.mark.parametrize(
    ("row", "check"),
    [
        ("canary_exposure", "canary_exposure"),
        ("symbol_exposure:BTC-USDT", "symbol_exposure"),
        ("regime_cap:BTC-USDT", "regime_cap"),
        ("concentration:BTC-USDT", "concentration"),
        ("gross_exposure", "gross_exposure"),
        ("tier_cap:core", "tier_cap"),
        ("leverage:paper", "leverage"),
    ],
)
def test_an_order_that_is_approved_uses_up_what_its_check_said(row: str, check: str) -> None:
    desk = everything_set()
    desk.intend(BUY, 7)
    found, judged = rows_of(desk)[row], result(desk, check)
    assert (found.limit, found.used) == (judged.limit, judged.observed)


@pytest.mark.parametrize(("row", "used"), [("symbol_orders:BTC-USDT", 1), ("symbol_hourly:BTC-USDT", 2)])
def test_orders_and_entries_of_a_symbol_are_counted(row: str, used: int) -> None:
    desk = everything_set()
    assert rows_of(desk)[row].used == used
    desk.wait(3_600 * SECOND).mark()
    assert rows_of(desk)["symbol_hourly:BTC-USDT"].used == 0
