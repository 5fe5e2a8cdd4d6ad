"""Every check as a case: what makes it fail, and what it then lets through. Those of other tests are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from actors.risk.limits import SECOND
from messages.account_events import MarginsTold
from messages.control import Halt, Mode, SetMode
from messages.intents import OrderType, Side
from messages.limits import ProductStatusChanged
from messages.orders import OrderState
from messages.reasons import Reason
from messages.universe import UniverseChanged
from messages.venue_account import PositionMargin
from tests.actors.risk.desk import BUY, SELL, D, Desk

Before = Callable[[Desk], object]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One check. `limits` and `settings` set it.

    `before` makes it fail, for a buy (`side`) of `rejected` with `terms`; without it that order exceeds it by itself,
    and with "0" one is rejected only where what is left is too small. `allowed` is the size of a buy that passes (with
    `calm` before it, and `calm_terms`). `resized` is what a buy of 10 shrinks to; None: a sell of more than is held (of
    `sold`) shrinks to that. `held` and `others` are in the account from the beginning; `late`: 5 came in afterwards.
    """

    reason: Reason
    limits: Mapping[str, Any] = {}
    settings: Mapping[str, Any] = {}
    before: Before | None = None
    calm: Before | None = None
    terms: Mapping[str, Any] = {}
    calm_terms: Mapping[str, Any] = {}
    sell_terms: Mapping[str, Any] | None = None
    side: Side = BUY
    allowed: str = "1"
    rejected: str = "1"
    resized: str | None = None
    held: str = "5"
    others: Mapping[str, str] = {}
    late: bool = False
    sold: str | None = None


def _buy(symbol: str = "BTC-USDT", quantity: str = "1") -> Before:
    def before(desk: Desk) -> None:
        if symbol != "BTC-USDT":
            desk.mark(symbol)
        desk.intend(BUY, quantity, symbol)

    return before


def _lose(symbol: str, times: int) -> Before:
    def before(desk: Desk) -> None:
        desk.mark(symbol)
        for _ in range(times):
            desk.trade(BUY, 1, 100, symbol=symbol)
            desk.trade(SELL, 1, 90, symbol=symbol)

    return before


def _crash(desk: Desk) -> None:
    desk.trade(BUY, 100)
    desk.mark(bid=50)


def _refused(desk: Desk) -> None:
    desk.report(desk.intend(BUY, 1), OrderState.REJECTED)


def _five_entries(desk: Desk) -> None:
    for _ in range(5):
        desk.report(desk.intend(BUY, 1), OrderState.CANCELLED)


def _outside(desk: Desk) -> None:
    desk.give(UniverseChanged(1, (), (), ("BTC-USDT",), "cycle"), "universe")


def _rest(side: Side, price: str) -> Before:
    def before(desk: Desk) -> None:
        desk.intend(side, 1, worst=price, order_type=OrderType.LIMIT, limit_price=D(price), strategy="maker")

    return before


def _rest_both(desk: Desk) -> None:
    """A sell for the buy that is refused, a buy for the sell that shrinks."""
    _rest(SELL, "101")(desk)
    _rest(BUY, "99")(desk)


def _of(scope: str, **settings: Any) -> dict[str, Any]:
    return {"overrides": {scope: {"max_exposure": D("0.005")}}, **settings}


def _closed(desk: Desk) -> None:
    desk.give(ProductStatusChanged("paper", {"BTC-USDT": "cancel_only"}), "execution/paper")


def _margin(maintenance: str, liquidation: str | None = None) -> Before:
    def before(desk: Desk) -> None:
        desk.mark("ETH-USDT")
        price = None if liquidation is None else D(liquidation)
        desk.give(
            MarginsTold("paper", {"ETH-USDT": PositionMargin(D(2), D(maintenance), price)}), "execution/paper"
        )

    return before


_AMOUNT: dict[str, Any] = {"allowed": "5", "resized": "5", "before": _buy(quantity="5")}
"""A limit of 500, which an order of 5 at 100 uses up."""
_HALF = D("0.005")

CASES: dict[str, Case] = {
    "kill_switch": Case(reason=Reason.KILL_SWITCH, before=lambda desk: desk.give(Halt("anna", "drill"))),
    "mode": Case(
        reason=Reason.MODE_REDUCE, before=lambda desk: desk.give(SetMode("anna", Mode.REDUCE, "drill"))
    ),
    "universe": Case(reason=Reason.NOT_IN_UNIVERSE, before=_outside),
    "whitelist": Case(
        reason=Reason.WHITELIST,
        limits={"whitelist": ("ETH-USDT",)},
        calm=lambda desk: desk.mark("ETH-USDT"),
        calm_terms={"symbol": "ETH-USDT"},
    ),
    "product_status": Case(reason=Reason.PRODUCT_STATUS, before=_closed),
    "side_block": Case(reason=Reason.SIDE_BLOCKED, limits={"block_side": "sell"}, side=SELL),
    "expiry": Case(reason=Reason.EXPIRED, limits={"max_intent_age": SECOND}, terms={"quote_age": SECOND + 1}),
    "nav_known": Case(reason=Reason.NAV_STALE, others={"ETH_USDT": "1"}),
    "nav_fresh": Case(
        reason=Reason.NAV_STALE,
        limits={"max_nav_age": SECOND},
        before=lambda desk: (desk.mark("ETH-USDT"), desk.wait(SECOND + 1).mark()),
        calm=lambda desk: (_buy("ETH-USDT")(desk), desk.wait(SECOND + 1).mark()),
        others={"ETH_USDT": "1"},
    ),
    "mark_fresh": Case(
        reason=Reason.MARK_STALE, limits={"max_mark_age": SECOND}, before=lambda desk: desk.wait(SECOND + 1)
    ),
    "mark_moved": Case(
        reason=Reason.MARK_MOVED,
        limits={"max_mark_move": D("0.01")},
        before=lambda desk: desk.mark(bid=102),
        terms={"quote_age": 0},
        calm=lambda desk: desk.mark(bid=101),
        calm_terms={"quote_age": 0},
    ),
    "spread": Case(
        reason=Reason.WIDE_SPREAD,
        limits={"max_spread": D("0.01")},
        before=lambda desk: desk.mark(bid=100, ask=103),
        calm=lambda desk: desk.mark(bid=100, ask=100.5),
    ),
    "depth": Case(
        reason=Reason.LOW_DEPTH,
        limits={"max_depth_share": D("0.5")},
        terms={"quote_age": 0, "size": 10.0},
        calm_terms={"quote_age": 0, "size": 10.0},
        allowed="5",
        resized="5",
        rejected="0",
    ),
    "fill_cooldown": Case(
        reason=Reason.COOLDOWN,
        limits={"cooldown_after_fill": SECOND},
        before=lambda desk: desk.trade(BUY, 1),
        calm=lambda desk: (desk.trade(BUY, 1), desk.wait(SECOND)),
    ),
    "outcome_cooldown": Case(
        reason=Reason.PER_SYMBOL_COOLDOWN,
        limits={"cooldown_after_loss": SECOND},
        before=_lose("BTC-USDT", 1),
        calm=lambda desk: (_lose("BTC-USDT", 1)(desk), desk.wait(SECOND)),
        held="0",
        late=True,
    ),
    "losing_streak": Case(
        reason=Reason.CONSECUTIVE_LOSSES,
        limits={"max_consecutive_losses": 2},
        before=_lose("ETH-USDT", 2),
        calm=_lose("ETH-USDT", 1),
    ),
    "symbol_spacing": Case(
        reason=Reason.SYMBOL_SPACING,
        limits={"symbol_spacing": SECOND},
        before=_buy(),
        calm=_buy("ETH-USDT"),
    ),
    "global_spacing": Case(
        reason=Reason.GLOBAL_SPACING,
        limits={"global_spacing": SECOND},
        before=_buy("ETH-USDT"),
        calm=lambda desk: (_buy("ETH-USDT")(desk), desk.wait(SECOND)),
    ),
    "error_circuit": Case(
        reason=Reason.ERROR_CIRCUIT,
        limits={"max_errors": 2},
        before=lambda desk: (_refused(desk), _refused(desk)),
        calm=_refused,
    ),
    "burst": Case(
        reason=Reason.BURST,
        limits={"max_burst": 2},
        before=lambda desk: (_buy()(desk), _buy("ETH-USDT")(desk)),
        calm=_buy(),
    ),
    "symbol_hourly": Case(
        reason=Reason.SYMBOL_HOURLY,
        limits={"max_symbol_hourly_trades": 1},
        before=_buy(),
        calm=_buy("ETH-USDT"),
    ),
    "hourly_trades": Case(
        reason=Reason.HOURLY_TRADES,
        limits={"max_hourly_trades": 1},
        before=_buy("ETH-USDT"),
    ),
    "daily_trades": Case(
        reason=Reason.DAILY_TRADES,
        limits={"max_daily_trades": 2},
        before=lambda desk: (_buy("ETH-USDT")(desk), _buy()(desk)),
        calm=_buy(),
    ),
    "cycle_orders": Case(
        reason=Reason.CYCLE_ORDERS,
        limits={"max_cycle_orders": 1},
        before=_buy("ETH-USDT"),
    ),
    "cycle_notional": Case(
        reason=Reason.CYCLE_NOTIONAL,
        limits={"max_cycle_notional": D(500)},
        **_AMOUNT,
    ),
    "minimum": Case(
        reason=Reason.MIN_NOTIONAL,
        limits={"min_notional": D(10)},
        rejected="0.05",
        held="0.05",
        sold="0.09",
    ),
    "order_notional": Case(
        reason=Reason.MAX_ORDER_NOTIONAL,
        limits={"max_order_notional": D(500)},
        allowed="5",
        resized="5",
        rejected="0",
    ),
    "order_quantity": Case(
        reason=Reason.MAX_QUANTITY, limits={"max_quantity": D(5)}, allowed="5", resized="5", rejected="0"
    ),
    "position_quantity": Case(reason=Reason.MAX_QUANTITY, limits={"max_position_quantity": D(5)}, **_AMOUNT),
    "trade_nav": Case(
        reason=Reason.MAX_TRADE_NAV,
        limits={"max_trade_nav": _HALF},
        allowed="5",
        resized="5",
        rejected="0",
    ),
    "fat_finger": Case(
        reason=Reason.FAT_FINGER,
        limits={"fat_finger_multiple": D(3)},
        before=_five_entries,
        calm=_five_entries,
        allowed="3",
        rejected="3.001",
    ),
    "price_collar": Case(
        reason=Reason.PRICE_COLLAR,
        limits={"price_collar": D("0.01")},
        terms={"worst": 102},
        sell_terms={"worst": 98},
    ),
    "self_trade": Case(
        reason=Reason.SELF_TRADE,
        limits={"prevent_self_trade": True},
        before=_rest_both,
        calm=_rest_both,
        calm_terms={"worst": "100.99"},
        terms={"worst": 101},
        sell_terms={"worst": 99},
    ),
    "symbol_exposure": Case(reason=Reason.SYMBOL_EXPOSURE, limits={"max_symbol_exposure": _HALF}, **_AMOUNT),
    "regime_cap": Case(
        reason=Reason.REGIME_CAP,
        limits={"max_symbol_exposure": D("0.01"), "regime": "bear", "regime_caps": {"bear": D("0.5")}},
        **_AMOUNT,
    ),
    "concentration": Case(
        reason=Reason.CONCENTRATION,
        limits={"max_concentration": D("0.5"), "concentration_floor": _HALF},
        **_AMOUNT,
    ),
    "tier_cap": Case(
        reason=Reason.TIER_CAP, settings=_of("tier:core", tiers={"BTC-USDT": "core"}), **_AMOUNT
    ),
    "theme_cap": Case(
        reason=Reason.THEME_CAP, settings=_of("theme:old", themes={"old": ("BTC-USDT",)}), **_AMOUNT
    ),
    "venue_cap": Case(reason=Reason.VENUE_CAP, settings=_of("venue:paper"), **_AMOUNT),
    "leverage": Case(reason=Reason.LEVERAGE_CAP, limits={"max_leverage": _HALF}, **_AMOUNT),
    "margin": Case(
        reason=Reason.MARGIN_CAP,
        limits={"max_margin_use": D("0.5")},
        others={"ETH_USDT": "2"},
        before=_margin("60000"),
    ),
    "liquidation": Case(
        reason=Reason.LIQUIDATION_DISTANCE,
        limits={"min_liquidation_distance": D("0.1")},
        others={"ETH_USDT": "2"},
        before=_margin("1", "90.01"),
    ),
    "gross_exposure": Case(reason=Reason.GROSS_EXPOSURE, limits={"max_gross_exposure": _HALF}, **_AMOUNT),
    "net_exposure": Case(reason=Reason.NET_EXPOSURE, limits={"max_net_exposure": _HALF}, **_AMOUNT),
    "total_at_risk": Case(
        reason=Reason.TOTAL_AT_RISK,
        limits={"max_total_at_risk": _HALF},
        allowed="5",
        rejected="5.001",
        sold="12",
    ),
    "cash_reserve": Case(reason=Reason.CASH_RESERVE, limits={"min_cash_reserve": D("0.995")}, **_AMOUNT),
    "open_positions": Case(
        reason=Reason.MAX_POSITIONS,
        limits={"max_open_positions": 1},
        before=lambda desk: desk.mark("ETH-USDT"),
        others={"ETH_USDT": "1"},
    ),
    "open_orders": Case(
        reason=Reason.MAX_OPEN_ORDERS, limits={"max_open_orders": 1}, before=_buy("ETH-USDT")
    ),
    "symbol_orders": Case(
        reason=Reason.MAX_SYMBOL_ORDERS,
        limits={"max_symbol_orders": 1},
        before=_buy(),
        calm=_buy("ETH-USDT"),
    ),
    "daily_loss": Case(reason=Reason.DAILY_LOSS, limits={"daily_loss_limit": D("0.01")}, before=_crash),
    "weekly_loss": Case(reason=Reason.WEEKLY_LOSS, limits={"weekly_loss_limit": D("0.01")}, before=_crash),
    "drawdown": Case(reason=Reason.DRAWDOWN, limits={"drawdown_reduce": D("0.01")}, before=_crash),
}
