"""Scenarios of the reference systems about limits, counters and anomalies, with their figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors.risk.anomalies import AnomalySettings
from actors.risk.limits import SECOND
from messages.account_events import VenueCondition
from messages.control import Mode
from messages.intents import Verdict
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits, result

pytestmark = pytest.mark.golden

HOUR = 3_600 * SECOND
TOLD = 48 * HOUR
"""Marks as old as this count: what is asked is the counter and not the age of a price."""


def with_nav(nav: int, **changes: object) -> Desk:
    """A desk of that NAV with BTC-USDT at 1, so that a quantity is an amount of money."""
    return Desk(bench.settings(limits(max_mark_age=TOLD, **changes))).seed(nav).mark(bid=1.0)


def failing(desk: Desk) -> list[Reason]:
    """Why the last intent did not pass as it was."""
    return [check.reason for check in desk.decision.checks if not check.passed]


# ---------------------------------------------------------------- one reason each, and after a restart too


def _fall(desk: Desk) -> None:
    desk.trade(BUY, 1, 1, fee=300)


def _lose(desk: Desk) -> None:
    desk.trade(BUY, 10, 1)
    desk.trade(SELL, 10, 1, fee=1)


def _err(desk: Desk) -> None:
    for _ in range(2):
        desk.report(desk.intend(BUY, 20, worst=1), OrderState.REJECTED)


def _hold(desk: Desk) -> None:
    desk.trade(BUY, 500, 1)


def _nothing(desk: Desk) -> None:
    pass


@pytest.mark.parametrize(
    ("changes", "before", "quantity", "reasons"),
    [
        ({"whitelist": ("ETH-USDT",)}, _nothing, 20, [Reason.WHITELIST]),
        ({"min_notional": D(10)}, _nothing, 5, [Reason.MIN_NOTIONAL]),
        ({"max_symbol_exposure": D("0.05")}, _hold, 20, [Reason.SYMBOL_EXPOSURE]),
        ({"daily_loss_limit": D("0.02")}, _fall, 20, [Reason.MODE_REDUCE, Reason.DAILY_LOSS]),
        ({"cooldown_after_loss": HOUR}, _lose, 20, [Reason.PER_SYMBOL_COOLDOWN]),
        ({"max_errors": 2}, _err, 20, [Reason.ERROR_CIRCUIT]),
    ],
)
def test_each_veto_has_its_own_reason_and_no_other_before_and_after_a_restart(
    changes: dict[str, Any], before: Callable[[Desk], None], quantity: int, reasons: list[Reason]
) -> None:
    """Sheet H 14: not whitelisted, below the minimum, symbol cap, day loss (which is a mode too), cooldown, errors."""
    desk = with_nav(10_000, **changes)
    before(desk)
    for _ in range(2):
        desk.intend(BUY, quantity, worst=1)
        assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, reasons[0])
        assert failing(desk) == reasons
        desk.restart()


# ---------------------------------------------------------------- caps and leverage


def test_between_clamp_and_cap_the_clamp_holds_above_the_cap_both_do() -> None:
    """Sheet H 14: a clamp at 15 % of NAV, a cap of one trade at 20 %. Here the order shrinks into the room left."""
    wanted = {
        1_400: [],
        1_700: [Reason.SYMBOL_EXPOSURE],
        2_100: [Reason.MAX_TRADE_NAV, Reason.SYMBOL_EXPOSURE],
    }
    for quantity, reasons in wanted.items():
        desk = with_nav(10_000, max_symbol_exposure=D("0.15"), max_trade_nav=D("0.2"))
        desk.intend(BUY, quantity, worst=1)
        assert failing(desk) == reasons
        assert desk.decision.quantity == min(D(quantity), D(1_500))


@pytest.mark.parametrize(
    ("own", "symbol", "most"),
    [("0.4", "BTC-USDT", 400), ("0.9", "BTC-USDT", 800), (None, "BTC-USDT", 800), ("0.4", "ETH-USDT", 800)],
    ids=["a stricter one of its own", "a looser one", "none", "another symbol's"],
)
def test_a_symbols_own_leverage_tightens_the_desks_and_never_loosens_it(
    own: str | None, symbol: str, most: int
) -> None:
    """Sheet H 14, but that there the symbol's own value wins either way."""
    overrides = {} if own is None else {"symbol:BTC-USDT": {"max_leverage": D(own)}}
    desk = Desk(bench.settings(limits(max_leverage=D("0.8")), overrides=overrides)).seed(1_000)
    desk.mark("BTC-USDT", 1.0).mark("ETH-USDT", 1.0)
    desk.intend(BUY, 950, symbol, worst=1)
    assert (desk.decision.reason, desk.decision.quantity) == (Reason.LEVERAGE_CAP, D(most))
    assert result(desk, "leverage").limit == D(most)


# ---------------------------------------------------------------- counters


@pytest.mark.parametrize(
    ("limit", "most", "window", "reason"),
    [
        ("max_hourly_trades", 5, HOUR, Reason.HOURLY_TRADES),
        ("max_daily_trades", 120, 24 * HOUR, Reason.DAILY_TRADES),
    ],
)
def test_as_many_trades_as_its_limit_pass_in_a_window_and_no_more(
    limit: str, most: int, window: int, reason: Reason
) -> None:
    """Sheet T 11: 5 of 5 an hour, 120 of 120 a day."""
    desk = with_nav(10_000, **{limit: most})
    for _ in range(most):
        desk.trade(BUY, 1, 1)
    desk.ctx.now = bench.START + window - 1
    desk.intend(BUY, 1, worst=1)
    assert (desk.decision.verdict, failing(desk)) == (Verdict.REJECTED, [reason])
    desk.ctx.now = bench.START + window
    desk.intend(BUY, 1, worst=1)
    assert desk.decision.verdict is Verdict.APPROVED


# ---------------------------------------------------------------- anomalies


@pytest.mark.parametrize(
    ("cause", "levels"),
    [
        ("circuit_open", [3]),
        ("unknown_orders", [3]),
        ("cursor_stall", [0, 0, 1, 1, 1, 2]),
    ],
    ids=["an open breaker", "a freeze", "three and six warnings"],
)
def test_what_a_venue_tells_leads_to_its_level(cause: str, levels: list[int]) -> None:
    """Sheet B 14: a breaker and a freeze are level 3, three warnings level 1, six level 2."""
    chosen = AnomalySettings(enabled=True)
    desk = Desk(bench.settings(limits(max_mark_age=TOLD), anomalies=chosen)).seed(10_000).mark(bid=1.0)
    desk.give(VenueCondition("paper", cause, Mode.REDUCE, "as told"), "execution/paper")
    found = []
    for _ in levels:
        desk.wait(chosen.interval).ring("watch")
        found.append(desk.risk.state.degrade.found)
    assert found == levels
