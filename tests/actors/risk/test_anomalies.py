"""Anomalies: what is found, the levels that follow, how they hold and fall, and what becomes of orders."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.risk.anomalies import MINUTE, SECOND, AnomalySettings, advance, look
from actors.risk.limits import RiskSettings
from actors.risk.state import Degrade
from messages.account_events import VenueCondition, VenueReconciled
from messages.anomalies import (
    Anomaly,
    AnomalyCleared,
    AnomalyCode,
    AnomalyDetected,
    AnomalySeverity,
    DegradeChanged,
    OverrideDegrade,
)
from messages.control import Mode, Resume
from messages.intents import Verdict
from messages.market import Mark, Marks
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, result

pytestmark = pytest.mark.unit

SETTINGS = AnomalySettings(enabled=True)
WARN = {"x": Anomaly(AnomalyCode.STALE_MARKET_DATA, AnomalySeverity.WARN)}
ERROR = {"x": Anomaly(AnomalyCode.VENUE_DOWN, AnomalySeverity.ERROR)}
CALM: dict[str, Anomaly] = {}


def watching(**changes: object) -> RiskSettings:
    return bench.settings(anomalies=msgspec.structs.replace(SETTINGS, **changes))


def desk_with(**changes: object) -> Desk:
    return Desk(watching(**changes)).seed(100_000).mark()


def look_again(desk: Desk, times: int = 1, *, fresh: bool = True) -> None:
    """Let so many looks pass; with `fresh` marks."""
    for _ in range(times):
        desk.wait(SETTINGS.interval)
        if fresh:
            desk.mark()
        desk.ring("watch")


def names(desk: Desk) -> list[str]:
    return list(desk.risk.state.degrade.active)


# --- levels -------------------------------------------------------------------------------------------------------


def walk(*looks: dict[str, Anomaly], every: int = SETTINGS.interval) -> list[int]:
    """The level after each of these looks."""
    degrade, levels = Degrade(), []
    for number, found in enumerate(looks):
        step = advance(degrade, found, SETTINGS, number * every)
        degrade.found, degrade.until = step.found, step.until
        degrade.warn_streak, degrade.stable = step.warn_streak, step.stable
        levels.append(step.found)
    return levels


def test_three_looks_with_a_warning_lead_to_level_1_six_to_level_2_an_error_to_3() -> None:
    assert walk(*[WARN] * 7) == [0, 0, 1, 1, 1, 2, 2]
    assert walk(WARN, WARN, CALM, WARN, WARN) == [0] * 5
    assert walk(ERROR) == [3]


def test_a_stricter_level_does_not_wait_for_a_milder_ones_time() -> None:
    assert walk(WARN, WARN, WARN, ERROR) == [0, 0, 1, 3]


def test_a_level_holds_and_then_falls_one_by_one() -> None:
    minute_by_minute = walk(ERROR, *[CALM] * 60, every=MINUTE)
    assert minute_by_minute[:30] == [3] * 30
    assert minute_by_minute[30:34] == [2] * 4
    assert minute_by_minute[34:42] == [1] * 8
    assert minute_by_minute[42:] == [0] * 19


def test_what_goes_on_keeps_the_level_up() -> None:
    levels = walk(*[WARN] * 6, *[CALM, CALM, CALM, WARN] * 20, every=MINUTE)
    assert levels[5:] == [2] * 81


@given(st.lists(st.sampled_from([CALM, WARN, ERROR]), max_size=200), st.integers(1, 600))
def test_a_level_never_falls_by_more_than_one_nor_while_it_holds(
    looks: list[dict[str, Anomaly]], every: int
) -> None:
    levels = [0, *walk(*looks, every=every * SECOND)]
    risen_at = 0
    for number, (before, after) in enumerate(itertools.pairwise(levels)):
        assert after >= before - 1
        if after < before == 3:
            assert (number - risen_at) * every * SECOND >= SETTINGS.hold_error
        if after == 3 and looks[number] is ERROR:
            risen_at = number
        if looks[number] is not CALM:
            assert after >= before


# --- what is found ------------------------------------------------------------------------------------------------


def stale(desk: Desk) -> None:
    desk.trade(BUY, 1)
    desk.wait(31 * SECOND)


def slow(desk: Desk) -> None:
    desk.intend(BUY, 1, quote_age=2 * SECOND)


def rejected(desk: Desk) -> None:
    for _ in range(3):
        desk.report(desk.intend(BUY, 1), OrderState.REJECTED)


def skewed(desk: Desk) -> None:
    desk.give(Marks((Mark("ETH-USDT", 50.0, 50.0, desk.ctx.now + 31 * SECOND),)), "strategy/ETH-USDT")


def compared(cash: int) -> VenueReconciled:
    return VenueReconciled("paper", True, "", "", {"USDT": D(cash)})


def diverged(desk: Desk) -> None:
    for _ in range(2):
        desk.give(compared(99_950), "execution/paper")


def unmarked(desk: Desk) -> None:
    desk.fill("stray", BUY, 1, 50, symbol="SOL-USDT")


def stalled(desk: Desk) -> None:
    desk.give(VenueCondition("paper", "cursor_stall", Mode.REDUCE, "asked 5 times"), "execution/paper")


@pytest.mark.parametrize(
    ("cause", "name", "observed"),
    [
        (stale, "stale_market_data:BTC-USDT", "31"),
        (slow, "exchange_latency_spike:BTC-USDT", "2"),
        (rejected, "order_reject_spike:paper", "3"),
        (skewed, "clock_skew:strategy/ETH-USDT", "31"),
        (diverged, "pnl_divergence:paper", "50"),
        (unmarked, "missing_marks:SOL-USDT", None),
        (stalled, "cursor_stall:paper", None),
    ],
)
def test_each_anomaly_is_found_at_the_next_look_and_told_once(cause, name: str, observed: str | None) -> None:  # type: ignore[no-untyped-def]
    desk = desk_with()
    cause(desk)
    assert names(desk) == []
    desk.ring("watch")
    assert [event.anomaly.name for event in desk.events(AnomalyDetected)] == [name]
    seen = desk.risk.state.degrade.active[name].observed
    assert (seen is None) if observed is None else (seen is not None and int(seen) == int(observed))
    desk.restart()
    desk.ring("watch")
    assert desk.events(AnomalyDetected) == []
    assert names(desk) == [name]


@pytest.mark.parametrize(
    "nearly",
    [
        lambda desk: desk.intend(BUY, 1, quote_age=2 * SECOND - 1),
        lambda desk: [desk.report(desk.intend(BUY, 1), OrderState.REJECTED) for _ in range(2)],
        lambda desk: desk.give(compared(99_951), "execution/paper"),
        lambda desk: desk.give(compared(99_000), "execution/paper"),  # once: a fill may be under way
        lambda desk: desk.give(
            Marks((Mark("ETH-USDT", 50.0, 50.0, desk.ctx.now + 30 * SECOND),)), "strategy/ETH-USDT"
        ),
    ],
)
def test_what_is_within_its_bound_is_no_anomaly(nearly) -> None:  # type: ignore[no-untyped-def]
    desk = desk_with()
    nearly(desk)
    desk.ring("watch")
    assert names(desk) == []


def test_a_divergence_is_measured_by_the_smaller_of_two_comparisons_and_ends_with_one_that_agrees() -> None:
    desk = desk_with()
    for cash in (99_000, 99_900):
        desk.give(compared(cash), "execution/paper")
    desk.ring("watch")
    found = desk.risk.state.degrade.active["pnl_divergence:paper"]
    assert (found.severity, found.observed) == (AnomalySeverity.WARN, D(100))
    for cash in (99_500, 99_800):
        desk.give(compared(cash), "execution/paper")
    look_again(desk)
    assert desk.risk.state.degrade.level == 3
    desk.give(compared(100_000), "execution/paper")
    look_again(desk)
    assert [event.name for event in desk.events(AnomalyCleared)] == ["pnl_divergence:paper"]


def test_rejects_count_within_their_window_only() -> None:
    desk = desk_with()
    for _ in range(3):
        desk.report(desk.intend(BUY, 1), OrderState.REJECTED)
        look_again(desk, 4)
    assert names(desk) == []


def test_a_mark_that_nobody_needs_may_grow_old() -> None:
    desk = desk_with()
    desk.wait(31 * SECOND).ring("watch")
    assert names(desk) == []
    assert look(desk.risk.state, SETTINGS, desk.ctx.now) == {}


# --- what follows -------------------------------------------------------------------------------------------------


def degraded(level: int, **changes: object) -> Desk:
    desk = desk_with(**changes)
    desk.give(OverrideDegrade("anna", level, "drill"))
    return desk


@pytest.mark.parametrize(
    ("level", "verdict", "quantity", "mode"),
    [
        (0, Verdict.APPROVED, "8", Mode.NORMAL),
        (1, Verdict.RESIZED, "4", Mode.NORMAL),
        (2, Verdict.RESIZED, "2", Mode.NORMAL),
        (3, Verdict.REJECTED, "0", Mode.REDUCE),
        (99, Verdict.REJECTED, "0", Mode.REDUCE),
    ],
)
def test_each_level_makes_new_orders_smaller(level: int, verdict: Verdict, quantity: str, mode: Mode) -> None:
    desk = degraded(level)
    desk.intend(BUY, 8)
    assert (desk.decision.verdict, desk.decision.quantity) == (verdict, D(quantity))
    assert desk.mode is mode
    if level in (1, 2):
        assert desk.decision.reason is Reason.DEGRADED


def test_exits_keep_their_size() -> None:
    desk = desk_with()
    desk.trade(BUY, 8)
    desk.give(OverrideDegrade("anna", 3, "drill"))
    desk.intend(SELL, 8)
    assert (desk.decision.verdict, desk.decision.quantity) == (Verdict.APPROVED, D(8))


def test_the_factor_comes_before_caps_nothing_multiplies_after_them() -> None:
    desk = (
        Desk(msgspec.structs.replace(watching(), limits=bench.limits(max_order_notional=D(600))))
        .seed()
        .mark()
    )
    desk.give(OverrideDegrade("anna", 1, "drill"))
    desk.intend(BUY, 8)
    assert desk.decision.quantity == D(4)
    desk.intend(BUY, 20)
    assert (desk.decision.quantity, result(desk, "size_factor").allowed) == (D(6), D(10))


def test_an_operators_level_is_taken_back_by_its_own_command_only() -> None:
    desk = degraded(2)
    desk.give(Resume("anna", "seen"))
    assert desk.risk.state.degrade.level == 2
    desk.give(OverrideDegrade("anna", 0, "over"))
    assert (desk.risk.state.degrade.level, desk.risk.state.degrade.factor) == (0, D(1))


def test_a_resume_ends_what_looks_have_led_to() -> None:
    desk = desk_with()
    desk.give(VenueCondition("paper", "circuit_open", Mode.REDUCE, "no answers"), "execution/paper")
    desk.ring("watch")
    desk.give(VenueCondition("paper", "circuit_open", Mode.NORMAL, ""), "execution/paper")
    assert desk.mode is Mode.REDUCE
    desk.give(Resume("anna", " "))
    assert desk.risk.state.degrade.level == 3
    desk.give(Resume("anna", "the venue had its maintenance"))
    assert (desk.mode, desk.risk.state.degrade.level) == (Mode.NORMAL, 0)


def test_levels_survive_a_restart_and_go_on_counting() -> None:
    desk = desk_with()
    desk.trade(BUY, 1)
    desk.wait(31 * SECOND)
    for _ in range(3):
        desk.ring("watch")
        desk.wait(SETTINGS.interval)
        desk.restart()
    assert desk.risk.state.degrade.level == 1
    [changed] = [event for event in desk.journal if isinstance(event, DegradeChanged)]
    assert (changed.found, changed.factor, changed.because) == (1, D("0.5"), "stale_market_data:BTC-USDT")
    for _ in range(3):
        desk.ring("watch")
        desk.wait(SETTINGS.interval)
    assert desk.risk.state.degrade.level == 2


def test_watching_that_is_switched_off_ends_its_level_and_on_again_begins_anew() -> None:
    desk = desk_with()
    stalled(desk)
    desk.give(VenueCondition("paper", "unknown_orders", Mode.REDUCE, "c1"), "execution/paper")
    desk.ring("watch")
    assert desk.risk.state.degrade.level == 3
    desk.settings = bench.settings()
    desk.restart()
    desk.mark()
    assert (desk.risk.state.degrade.level, desk.risk.state.degrade.factor) == (0, D(1))
    assert "anomalies" not in desk.risk.state.sources
    desk.settings = watching()
    desk.restart()
    desk.wait(MINUTE).mark()
    assert desk.risk.state.degrade.level == 3
    assert "watch" in desk.timers


def test_nothing_is_watched_unless_it_is_set() -> None:
    desk = Desk().seed().mark()
    skewed(desk)
    assert "watch" not in desk.timers
    assert desk.risk.state.degrade == Degrade()
