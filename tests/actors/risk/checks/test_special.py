"""Checks that a table of cases can't tell whole: what they count, what they compare with, and what they let go."""

from __future__ import annotations

from typing import Any

import pytest

from actors.risk.limits import SECOND
from messages.control import Halt
from messages.intents import OrderType, Purpose, Verdict
from messages.limits import DESK, RegimeChanged, SetLimit
from messages.orders import OrderState
from messages.reasons import Reason
from messages.universe import Tier, UniverseChanged, UniverseMember
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, limits, ready, result

pytestmark = pytest.mark.unit

HOUR = 3_600 * SECOND


def refused(desk: Desk) -> Reason:
    assert desk.decision.verdict is Verdict.REJECTED
    return desk.decision.reason


# --- a sell brings what it cost -------------------------------------------------------------------------------


def long(**changes: Any) -> Desk:
    desk = ready(limits(min_profit=D("0.0055"), **changes))
    desk.trade(BUY, 5, 100)
    return desk


def test_a_sell_that_brings_its_cost_and_a_profit_passes() -> None:
    """15 bps of fees, 10 of slippage, 30 of profit: sheet B 4."""
    desk = long()
    desk.intend(SELL, 5, worst="100.55", order_type=OrderType.LIMIT, limit_price=D("100.55"))
    assert desk.decision.verdict is Verdict.APPROVED
    desk = long().mark(bid=101)
    desk.intend(SELL, 5, worst=99)  # at the market it is reckoned at the bid
    assert desk.decision.verdict is Verdict.APPROVED


def test_a_sell_below_cost_and_profit_is_refused_unless_it_must_be() -> None:
    desk = long()
    desk.intend(SELL, 5, worst="100.54", order_type=OrderType.LIMIT, limit_price=D("100.54"))
    assert refused(desk) is Reason.MIN_PROFIT
    assert result(desk, "min_profit").limit == D("100.55")
    desk.intend(SELL, 5, worst=99, purpose=Purpose.STOP)
    assert desk.decision.verdict is Verdict.APPROVED


def test_in_a_mode_that_reduces_no_sell_waits_for_a_profit() -> None:
    desk = long()
    desk.give(Halt("anna", "drill"))
    desk.intend(SELL, 5, worst=99, purpose=Purpose.EXIT)
    assert desk.decision.verdict is Verdict.APPROVED


# --- counts ---------------------------------------------------------------------------------------------------


def test_a_rejected_intent_uses_no_slot_and_neither_does_an_exit() -> None:
    desk = ready(limits(max_cycle_orders=2, max_order_notional=D(1_000), price_collar=D("0.01")))
    desk.trade(BUY, 5)
    desk.intend(BUY, 1, worst=150)
    assert refused(desk) is Reason.PRICE_COLLAR
    desk.trade(SELL, 5)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(BUY, 1)
    assert refused(desk) is Reason.CYCLE_ORDERS


@pytest.mark.parametrize(
    ("limit", "window"),
    [
        ({"max_cycle_orders": 1, "cycle": 60 * SECOND}, 60 * SECOND),
        ({"max_hourly_trades": 1}, HOUR),
        ({"max_daily_trades": 1}, 24 * HOUR),
        ({"max_symbol_hourly_trades": 1}, HOUR),
    ],
)
def test_a_window_of_utc_ends_at_its_end_and_survives_a_restart(limit: dict[str, Any], window: int) -> None:
    desk = ready(limits(**limit, max_mark_age=48 * HOUR))
    desk.ctx.now = bench.START + window - SECOND
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.restart()
    desk.ctx.now = bench.START + window - 1
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.REJECTED
    desk.ctx.now = bench.START + window
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_a_burst_is_counted_over_any_span_not_by_the_clock() -> None:
    desk = ready(limits(max_burst=2, burst_window=10 * SECOND, max_mark_age=HOUR))
    times = []
    for _ in range(30):
        desk.wait(SECOND)
        desk.intend(BUY, "0.1")
        if desk.decision.verdict is Verdict.APPROVED:
            times.append(desk.ctx.now)
    assert len(times) == 6
    assert all(later - earlier >= 10 * SECOND for earlier, later in zip(times, times[2:], strict=False))


def test_sixty_seconds_after_a_trade_two_minutes_of_spacing_remain() -> None:
    """Sheet T 11: 60 s after a trade, 180 s limit: blocked, 120 s remaining."""
    desk = ready(limits(global_spacing=180 * SECOND, max_mark_age=HOUR))
    desk.intend(BUY, 1)
    desk.wait(60 * SECOND)
    desk.intend(BUY, 1)
    assert refused(desk) is Reason.GLOBAL_SPACING
    assert result(desk, "global_spacing").room == D(-120 * SECOND)


def test_three_losses_in_a_row_make_the_desk_wait_and_a_win_ends_the_streak() -> None:
    """Sheet T 11: 3 losses 30 min ago, 60 min cooldown: blocked, 30 min left."""
    desk = ready(limits(max_consecutive_losses=3, max_mark_age=HOUR * 3, losing_streak_cooldown=HOUR))

    def trip(price: int) -> None:
        desk.trade(BUY, 1, 100)
        desk.trade(SELL, 1, price)

    for price in (90, 90, 110, 90, 90, 90):
        trip(price)
    desk.wait(HOUR // 2)
    desk.intend(BUY, 1)
    assert refused(desk) is Reason.CONSECUTIVE_LOSSES
    assert result(desk, "losing_streak").room == D(-HOUR // 2)
    desk.wait(HOUR // 2)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_fees_make_a_loss_of_what_prices_alone_did_not() -> None:
    desk = ready(limits(cooldown_after_loss=HOUR))
    desk.trade(BUY, 1, 100, fee="0.1")
    desk.trade(SELL, 1, 100, fee="0.1")
    desk.intend(BUY, 1)
    assert refused(desk) is Reason.PER_SYMBOL_COOLDOWN


def test_a_position_that_is_closed_in_parts_has_one_outcome() -> None:
    desk = ready(limits(max_consecutive_losses=2))
    desk.trade(BUY, 4, 100)
    for _ in range(3):
        desk.trade(SELL, 1, 90)
    assert desk.risk.state.activity.losses == 0
    desk.trade(SELL, 1, 90)
    assert desk.risk.state.activity.losses == 1


@pytest.mark.parametrize(
    ("limit", "purpose", "price", "waits"),
    [
        ("cooldown_after_stop", Purpose.STOP, 90, True),
        ("cooldown_after_stop", Purpose.EXIT, 90, False),
        ("cooldown_after_loss", Purpose.EXIT, 90, True),
        ("cooldown_after_loss", Purpose.STOP, 90, False),
        ("cooldown_after_win", Purpose.EXIT, 110, True),
        ("cooldown_after_win", Purpose.EXIT, 90, False),
    ],
)
def test_the_wait_goes_by_how_the_position_ended(
    limit: str, purpose: Purpose, price: int, waits: bool
) -> None:
    desk = ready(limits(**{limit: HOUR}))
    desk.trade(BUY, 1)
    closing = desk.intend(SELL, 1, worst=price, purpose=purpose)
    desk.fill(closing, SELL, 1, price)
    desk.report(closing, OrderState.FILLED, 1)
    desk.intend(BUY, 1)
    assert (desk.decision.verdict is Verdict.REJECTED) is waits


def test_errors_count_within_their_window_only() -> None:
    desk = ready(limits(max_errors=2, error_window=10 * SECOND, max_mark_age=HOUR))
    for _ in range(2):
        desk.report(desk.intend(BUY, 1), OrderState.REJECTED)
    desk.intend(BUY, 1)
    assert refused(desk) is Reason.ERROR_CIRCUIT
    desk.restart()
    desk.wait(10 * SECOND)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_without_such_limits_nothing_is_counted() -> None:
    desk = ready()
    desk.trade(BUY, 1)
    assert not desk.risk.state.activity.symbols
    assert not [event for event in desk.journal if type(event).__module__ == "messages.pace"]


# --- comparisons ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["mark_moved", "depth"])
@pytest.mark.parametrize("strict", [False, True])
def test_what_nobody_told_refuses_where_the_desk_is_strict(check: str, strict: bool) -> None:
    desk = ready(limits(max_mark_move=D("0.1"), max_depth_share=D("0.5"), strict=strict))
    desk.intend(BUY, 1)  # without a quote
    assert result(desk, check).passed is not strict
    assert (result(desk, check).reason is Reason.BOOK_UNKNOWN) is strict


def test_while_the_regime_is_not_told_the_least_factor_holds() -> None:
    chosen = limits(max_symbol_exposure=D("0.01"), regime_caps={"bull": D("1.2"), "crash": D(0)})
    desk = ready(chosen)
    desk.intend(BUY, 1)
    assert refused(desk) is Reason.REGIME_CAP


def test_a_factor_above_one_does_not_lift_the_limit_itself() -> None:
    desk = ready(
        limits(max_symbol_exposure=D("0.005"), regime="bull", regime_caps={"bull": D("1.2")}),
    )
    desk.intend(BUY, 6)
    assert (desk.decision.reason, desk.decision.quantity) == (Reason.SYMBOL_EXPOSURE, D(5))


def test_the_universe_s_tier_counts_where_the_settings_have_none() -> None:
    settings = bench.settings(overrides={"tier:core": {"max_exposure": D("0.005")}})
    desk = Desk(settings).seed().mark()
    member = UniverseMember("BTC-USDT", Tier.CORE, 0.9, Reason.ELIGIBLE, 0)
    desk.intend(BUY, 6)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.report(f"strategy/BTC-USDT#{desk.messages}", OrderState.CANCELLED)
    desk.give(UniverseChanged(1, (member,), (), (), "cycle"), "universe")
    desk.intend(BUY, 6)
    assert (desk.decision.reason, desk.decision.quantity) == (Reason.TIER_CAP, D(5))


def test_the_symbols_of_a_theme_share_its_cap_the_others_do_not() -> None:
    settings = bench.settings(
        themes={"old": ("BTC-USDT", "ETH-USDT")}, overrides={"theme:old": {"max_exposure": D("0.005")}}
    )
    desk = Desk(settings).seed().mark().mark("ETH-USDT").mark("SOL-USDT")
    desk.intend(BUY, 3)
    desk.intend(BUY, 3, "ETH-USDT")
    assert (desk.decision.reason, desk.decision.quantity) == (Reason.THEME_CAP, D(2))
    desk.intend(BUY, 3, "SOL-USDT")
    assert desk.decision.verdict is Verdict.APPROVED


def test_leverage_goes_by_the_account_of_the_venue_alone() -> None:
    two = bench.settings(
        limits(max_leverage=D(2)), instruments=(instrument("BTC-USDT"), instrument("BTC-USDT", "other"))
    )
    desk = Desk(two).seed(1_000).seed(100_000, "other").mark()
    desk.intend(BUY, 30)
    assert (desk.decision.reason, desk.decision.quantity) == (Reason.LEVERAGE_CAP, D(20))
    desk.intend(BUY, 30, venue="other")
    assert desk.decision.verdict is Verdict.APPROVED


def test_shorts_make_room_in_the_net_exposure() -> None:
    desk = ready(limits(max_net_exposure=D("0.005"))).mark("ETH-USDT")
    desk.trade(SELL, 5, symbol="ETH-USDT")
    desk.intend(BUY, 12)
    assert (desk.decision.reason, desk.decision.quantity) == (Reason.NET_EXPOSURE, D(10))


def test_the_order_that_is_replaced_counts_until_it_is_gone() -> None:
    """The worst case of a replace: old and new together stay within the symbol's limit (sheet B 4)."""
    desk = ready(limits(max_symbol_exposure=D("0.005")))
    old = desk.intend(BUY, 3, order_type=OrderType.LIMIT, limit_price=D(100))
    desk.intend(BUY, 3, worst=101, order_type=OrderType.LIMIT, limit_price=D(101))
    assert desk.decision.verdict is Verdict.RESIZED
    assert desk.decision.quantity == D("1.98")  # (500 - 300) / 101, whole lots
    desk.report(f"strategy/BTC-USDT#{desk.messages}", OrderState.CANCELLED)
    desk.report(old, OrderState.CANCELLED)
    desk.intend(BUY, 3, worst=101, order_type=OrderType.LIMIT, limit_price=D(101))
    assert desk.decision.verdict is Verdict.APPROVED


@pytest.mark.parametrize(("post_only", "verdict"), [(True, Verdict.APPROVED), (False, Verdict.REJECTED)])
def test_what_only_adds_to_the_book_can_t_trade_with_oneself(post_only: bool, verdict: Verdict) -> None:
    desk = ready(limits(prevent_self_trade=True))
    desk.intend(SELL, 1, worst=101, order_type=OrderType.LIMIT, limit_price=D(101))
    terms = {"order_type": OrderType.LIMIT, "limit_price": D(101), "post_only": post_only}
    desk.intend(BUY, 1, worst=101, **terms)
    assert desk.decision.verdict is verdict


def test_concentration_is_judged_beside_what_others_hold() -> None:
    chosen = limits(max_concentration=D("0.25"), concentration_floor=D("0.001"))
    desk = ready(chosen).mark("ETH-USDT")
    desk.intend(BUY, 1, "ETH-USDT")
    desk.intend(BUY, 10)
    # 100 of ETH elsewhere leave a third of that, but the floor leaves 100
    assert (desk.decision.reason, desk.decision.quantity) == (Reason.CONCENTRATION, D(1))


def test_the_regime_that_the_universe_tells_counts_unless_a_person_names_another() -> None:
    caps = {"bull": D(1), "bear": D("0.5")}
    desk = ready(limits(max_symbol_exposure=D("0.01"), regime_caps=caps))
    sizes = []
    for message in (
        RegimeChanged("bull"),
        RegimeChanged("bear"),
        SetLimit("anna", "regime", DESK, "bull"),
        SetLimit("anna", "regime", DESK, None),
        RegimeChanged("bull"),
        RegimeChanged(None),
    ):
        desk.give(message, "universe")
        desk.restart()
        desk.report(desk.intend(BUY, 20), OrderState.CANCELLED)
        sizes.append(desk.decision.quantity)
    assert sizes == [D(10), D(5), D(10), D(5), D(10), D(5)]
