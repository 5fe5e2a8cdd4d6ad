"""Every source of the desk's mode, brought about and ended on the bench: what the mode's tests have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from actors.risk.limits import RiskLimits
from actors.risk.state import Capital
from messages.account_events import ExternalActivity, VenueCondition, VenueReconciled
from messages.anomalies import OverrideDegrade
from messages.control import (
    DeadLettered,
    Halt,
    KillFileSeen,
    Mode,
    Resume,
    SetMode,
    StoreRenewed,
)
from messages.orders import OrderState
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits

RESUME = Resume("anna", "seen and understood")
HOUR = 3_600_000_000_000
HELD, OTHER = "ETH-USDT", "SOL-USDT"

Act = Callable[[Desk], None]


def resume(desk: Desk) -> None:
    desk.give(RESUME)


def halt(desk: Desk) -> None:
    desk.give(Halt("anna", "drill"))


def ask_for(mode: Mode) -> Act:
    return lambda desk: desk.give(SetMode("anna", mode, "drill"))


def configured(**changes: object) -> Act:
    """Start again with other settings."""

    def act(desk: Desk) -> None:
        desk.settings = msgspec.structs.replace(desk.settings, **changes)
        desk.restart()
        desk.mark(OTHER, 10)

    return act


def kill_file(desk: Desk) -> None:
    desk.give(KillFileSeen("/run/halt", True, "flood"), "risk")


def kill_file_gone(desk: Desk) -> None:
    """Its being gone ends its own source; the kill switch it pulled waits for a person."""
    desk.give(KillFileSeen("/run/halt", False, ""), "risk")
    assert desk.mode is Mode.HALTED
    resume(desk)


def mark(price: float, symbol: str = "BTC-USDT") -> Act:
    return lambda desk: desk.mark(symbol, price) and None


def buy_and_mark(quantity: int, *prices: float, days: int = 0) -> Act:
    """Buy at 100, then see these marks, so many days apart."""

    def act(desk: Desk) -> None:
        desk.trade(BUY, quantity)
        for number, price in enumerate(prices):
            desk.wait(days * 24 * HOUR if number else 0).mark(OTHER, 10).mark(HELD, 10).mark(bid=price)

    return act


def days_pass(days: int) -> Act:
    return lambda desk: desk.wait(days * 24 * HOUR).mark(HELD, 10) and None


def senseless_checkpoint(desk: Desk) -> None:
    desk.risk.state.capital = Capital(D(1000), D(0), D(0), 99)
    desk.ctx.now = desk.risk.state.day_ends_at
    desk.mark()


def unmarked(desk: Desk) -> None:
    """A fill of a symbol that nobody has marked."""
    desk.fill("stray", BUY, 1, 50, symbol="XRP-USDT")


def marked_again(desk: Desk) -> None:
    desk.mark("XRP-USDT", 50)
    resume(desk)


def stray_fill(desk: Desk) -> None:
    desk.fill("stray", BUY, 1, 10, symbol=OTHER)


def stray_fill_undone(desk: Desk) -> None:
    desk.fill("stray2", SELL, 1, 10, symbol=OTHER)
    resume(desk)


def foreign_fee(desk: Desk) -> None:
    desk.fill(desk.intend(BUY, 1), BUY, 1, fee=1, fee_currency="BNB")


def store_renewed(desk: Desk) -> None:
    desk.give(StoreRenewed("g2"))


def clean(desk: Desk) -> None:
    desk.give(VenueReconciled("paper", True, "", "g2"), "execution/paper")


def dead_letter(desk: Desk) -> None:
    desk.give(DeadLettered("strategy/BTC-USDT", "m1", "Fill", True, "poison"), "host")


def order_of_nobody(desk: Desk) -> None:
    desk.report("strategy/BTC-USDT#99", OrderState.WORKING, final=False)


def overfill(desk: Desk) -> None:
    desk.fill(desk.intend(BUY, 1), BUY, 2)


def external(desk: Desk) -> None:
    activity = ExternalActivity(
        "paper", "x", "v", "BTC-USDT", BUY, OrderState.WORKING, D(0), None, False, desk.ctx.now
    )
    desk.give(activity, "execution/paper")


def venue_says(mode: Mode, cause: str, *, person: bool = False) -> Act:
    told = VenueCondition("paper", cause, mode, "seen" if mode is not Mode.NORMAL else "", person)
    return lambda desk: desk.give(told, "execution/paper")


def degrade(level: int) -> Act:
    return lambda desk: desk.give(OverrideDegrade("anna", level, "drill"))


class Case(NamedTuple):
    """A source, its row in the table, how it comes and how it ends. `replays`: by events alone."""

    source: str
    row: str
    mode: Mode
    comes: Act
    ends: Act
    chosen: RiskLimits = limits()
    replays: bool = True


_LOSS = limits(daily_loss_limit=D("0.05"))
_WEEK = limits(weekly_loss_limit=D("0.07"))
_FALL = limits(drawdown_reduce=D("0.10"), drawdown_halt=D("0.25"))
_SYMBOL, _GROSS = limits(max_symbol_exposure=D("0.5")), limits(max_gross_exposure=D("0.5"))

CASES: tuple[Case, ...] = (
    Case("operator", "operator", Mode.HALTED, halt, resume),
    Case("operator_mode", "operator_mode", Mode.REDUCE, ask_for(Mode.REDUCE), ask_for(Mode.NORMAL)),
    Case("operator_mode", "operator_mode", Mode.HALTED, ask_for(Mode.HALTED), ask_for(Mode.NORMAL)),
    Case("operator_mode", "operator_mode", Mode.OBSERVE, ask_for(Mode.OBSERVE), ask_for(Mode.NORMAL)),
    Case(
        "configuration",
        "configuration",
        Mode.HALTED,
        configured(kill_switch=True),
        configured(kill_switch=False),
    ),
    Case("safe_mode", "safe_mode", Mode.OBSERVE, configured(safe_mode=True), configured(safe_mode=False)),
    Case("kill_file", "kill_file", Mode.HALTED, kill_file, kill_file_gone),
    Case("drawdown", "drawdown", Mode.REDUCE, buy_and_mark(9, 86), mark(99), _FALL),
    Case("drawdown", "drawdown", Mode.REDUCE, buy_and_mark(9, 86), resume, _FALL),
    Case("drawdown_halt", "drawdown_halt", Mode.HALTED, buy_and_mark(9, 70), resume, _FALL),
    Case("daily_loss", "daily_loss", Mode.REDUCE, buy_and_mark(9, 93), days_pass(1), _LOSS),
    Case("weekly_loss", "weekly_loss", Mode.REDUCE, buy_and_mark(9, 95, 91, days=1), days_pass(3), _WEEK),
    Case("capital", "capital", Mode.REDUCE, senseless_checkpoint, resume, limits(self_financing=True), False),
    Case("nav_anomaly", "nav_anomaly", Mode.REDUCE, buy_and_mark(9, 400), resume),
    Case("missing_marks", "missing_marks", Mode.REDUCE, unmarked, marked_again),
    Case("anomalies", "anomalies", Mode.REDUCE, degrade(3), degrade(0)),
    Case("exposure:BTC-USDT", "exposure:SYMBOL", Mode.REDUCE, buy_and_mark(4, 200), mark(100), _SYMBOL),
    Case("gross_exposure", "gross_exposure", Mode.REDUCE, buy_and_mark(4, 200), mark(100), _GROSS),
    Case(
        "cash_reserve",
        "cash_reserve",
        Mode.REDUCE,
        buy_and_mark(4, 200),
        mark(100),
        limits(min_cash_reserve=D("0.5")),
    ),
    Case(
        "limit:net_exposure:long",
        "limit:NAME",
        Mode.REDUCE,
        buy_and_mark(4, 200),
        mark(100),
        limits(max_net_exposure=D("0.5")),
    ),
    Case(
        "open_positions",
        "open_positions",
        Mode.REDUCE,
        stray_fill,
        stray_fill_undone,
        limits(max_open_positions=1),
    ),
    Case("reconciliation:paper", "reconciliation:VENUE", Mode.REDUCE, store_renewed, clean),
    Case("dead_letter:strategy/BTC-USDT", "dead_letter:ACTOR", Mode.REDUCE, dead_letter, resume),
    Case("fee_conversion:BNB", "fee_conversion:CURRENCY", Mode.REDUCE, foreign_fee, resume),
    Case("unmatched_fill:paper", "unmatched_fill:VENUE", Mode.REDUCE, stray_fill, resume),
    Case("unreserved_order:execution/paper", "unreserved_order:ACTOR", Mode.REDUCE, order_of_nobody, resume),
    Case("overfill:paper", "overfill:VENUE", Mode.REDUCE, overfill, resume),
    Case("external:paper", "external:VENUE", Mode.REDUCE, external, resume),
    *(
        Case(
            f"venue:paper:{cause}",
            "venue:VENUE:CAUSE",
            mode,
            venue_says(mode, cause),
            venue_says(Mode.NORMAL, cause),
        )
        for cause, mode in (
            ("stream_down", Mode.REDUCE),
            ("unknown_orders", Mode.REDUCE),
            ("open_replace", Mode.REDUCE),
            ("account_unread", Mode.OBSERVE),
        )
    ),
    Case(
        "venue:paper:foreign_desk",
        "venue:VENUE:CAUSE",
        Mode.HALTED,
        venue_says(Mode.HALTED, "foreign_desk", person=True),
        resume,
    ),
    Case("unknown_symbol:XRP-USDT", "unknown_symbol:SYMBOL", Mode.REDUCE, unmarked, marked_again),
)
"""At least one for each row of the table; a test sees to that."""


def prepared(case: Case) -> Desk:
    """A desk with 1,000 in cash that holds 10 of ETH-USDT, before the source comes."""
    desk = Desk(bench.settings(case.chosen, kill_file="/run/halt")).seed(990, ETH_USDT="1")
    return desk.mark(HELD, 10).mark(OTHER, 10).mark()
