"""Checks on how often: waits after fills and losses, spacing, errors, bursts, counts by the hour, day and cycle.

What they count are approved intents that may increase exposure; a rejected one uses no slot, an exit neither. Hours
and cycles are windows of UTC, days the desk's own. See `actors.risk.activity` for what is remembered.
"""

from __future__ import annotations

from actors.risk.activity import HOUR, Outcome, SymbolActivity, cycle_start
from actors.risk.checks.row import COUNT, MONEY, Check, bounded, counted, held_to, passed, waited
from actors.risk.view import View
from messages.intents import CheckResult
from messages.reasons import Reason

_COOLDOWN, _SYMBOL_HOURLY, _HOURLY_TRADES = Reason.COOLDOWN, Reason.SYMBOL_HOURLY, Reason.HOURLY_TRADES
_DAILY_TRADES, _CYCLE_ORDERS, _IN_A_BURST = Reason.DAILY_TRADES, Reason.CYCLE_ORDERS, Reason.BURST
"""Bound once: to look a member up on its enum class costs as much as a comparison of Decimals."""

_NEVER = SymbolActivity()
_OUTCOME, _STREAK = passed("outcome_cooldown"), passed("losing_streak")
_ERRORS, _BURST = passed("error_circuit"), passed("burst")


def _symbol(view: View) -> SymbolActivity:
    return view.state.activity.symbols.get(view.terms.symbol, _NEVER)


def _fill_cooldown(view: View) -> CheckResult:
    least = view.limits.cooldown_after_fill
    assert least is not None
    return waited("fill_cooldown", _COOLDOWN, view, _symbol(view).filled_at, least)


def _outcome_cooldown(view: View) -> CheckResult:
    """After a position of the symbol was closed with a profit, with a loss, or by its stop."""
    known, limits = _symbol(view), view.limits
    if known.outcome is None:
        return _OUTCOME
    least = {
        Outcome.WIN: limits.cooldown_after_win,
        Outcome.LOSS: limits.cooldown_after_loss,
        Outcome.STOP: limits.cooldown_after_stop,
    }.get(known.outcome)
    if least is None:
        return _OUTCOME
    return waited("outcome_cooldown", Reason.PER_SYMBOL_COOLDOWN, view, known.outcome_at, least)


def _losing_streak(view: View) -> CheckResult:
    """So many positions in a row were closed with a loss, whatever their symbols: everything waits."""
    most, activity = view.limits.max_consecutive_losses, view.state.activity
    assert most is not None
    if activity.losses < most:
        return _STREAK
    least = view.limits.losing_streak_cooldown
    return waited("losing_streak", Reason.CONSECUTIVE_LOSSES, view, activity.lost_at, least)


def _symbol_spacing(view: View) -> CheckResult:
    least = view.limits.symbol_spacing
    assert least is not None
    return waited("symbol_spacing", Reason.SYMBOL_SPACING, view, _symbol(view).entered_at, least)


def _global_spacing(view: View) -> CheckResult:
    least = view.limits.global_spacing
    assert least is not None
    return waited("global_spacing", Reason.GLOBAL_SPACING, view, view.state.activity.entered_at, least)


def _error_circuit(view: View) -> CheckResult:
    """So many orders of the symbol were refused by its venue within the window."""
    most = view.limits.max_errors
    assert most is not None
    times = _symbol(view).errors
    since = view.now - view.limits.error_window
    errors = sum(time > since for time in times) if times else 0
    if not errors:
        return _ERRORS
    return held_to("error_circuit", Reason.ERROR_CIRCUIT, view, most, errors, COUNT, holds=errors < most)


def _burst(view: View) -> CheckResult:
    """At most so many within any span of the window's length: the one that began so many ago is older than that."""
    most, times = view.limits.max_burst, view.state.activity.recent
    assert most is not None
    if len(times) < most or not most:
        return _BURST if most else counted("burst", _IN_A_BURST, view, 0, 1)
    passed_ns = view.now - times[-most]
    count = most + (passed_ns < view.limits.burst_window)
    return counted("burst", _IN_A_BURST, view, most, count)


def _symbol_hourly(view: View) -> CheckResult:
    most = view.limits.max_symbol_hourly_trades
    assert most is not None
    count = _symbol(view).hour.count_in(view.now // HOUR * HOUR)
    return counted("symbol_hourly", _SYMBOL_HOURLY, view, most, count + 1)


def _hourly(view: View) -> CheckResult:
    most = view.limits.max_hourly_trades
    assert most is not None
    count = view.state.activity.hour.count_in(view.now // HOUR * HOUR)
    return counted("hourly_trades", _HOURLY_TRADES, view, most, count + 1)


def _daily(view: View) -> CheckResult:
    most = view.limits.max_daily_trades
    assert most is not None
    count = view.state.activity.day.count_in(view.state.day_ends_at)
    return counted("daily_trades", _DAILY_TRADES, view, most, count + 1)


def _cycle_orders(view: View) -> CheckResult:
    most, cycle = view.limits.max_cycle_orders, view.state.activity.cycle
    assert most is not None
    count = cycle.count_in(cycle_start(view.now, view.limits.cycle))
    return counted("cycle_orders", _CYCLE_ORDERS, view, most, count + 1)


def _cycle_notional(view: View) -> CheckResult:
    """What all approvals of the cycle are worth together."""
    limit, cycle = view.limits.max_cycle_notional, view.state.activity.cycle
    assert limit is not None
    began = cycle_start(view.now, view.limits.cycle)
    used = cycle.value_in(began)
    observed = used + view.worth
    if observed <= limit:
        return CheckResult("cycle_notional", limit, observed, MONEY)
    allowed = view.quantity_worth(limit - used)
    return bounded("cycle_notional", Reason.CYCLE_NOTIONAL, view, limit, observed, allowed)


CHECKS: tuple[Check, ...] = (
    Check(
        "fill_cooldown",
        _fill_cooldown,
        "cooldown_after_fill",
        (Reason.COOLDOWN,),
        "the symbol's last fill is long enough ago",
        ("cooldown_after_fill",),
    ),
    Check(
        "outcome_cooldown",
        _outcome_cooldown,
        "cooldown_after_loss",
        (Reason.PER_SYMBOL_COOLDOWN,),
        "so is its last position, by how it ended: `cooldown_after_win`, `_loss`, `_stop`",
        ("cooldown_after_win", "cooldown_after_loss", "cooldown_after_stop"),
    ),
    Check(
        "losing_streak",
        _losing_streak,
        "max_consecutive_losses",
        (Reason.CONSECUTIVE_LOSSES,),
        "not so many positions in a row lost, or `losing_streak_cooldown` has passed",
        ("max_consecutive_losses",),
    ),
    Check(
        "symbol_spacing",
        _symbol_spacing,
        "symbol_spacing",
        (Reason.SYMBOL_SPACING,),
        "the symbol's last entry is long enough ago",
        ("symbol_spacing",),
    ),
    Check(
        "global_spacing",
        _global_spacing,
        "global_spacing",
        (Reason.GLOBAL_SPACING,),
        "so is the desk's",
        ("global_spacing",),
    ),
    Check(
        "error_circuit",
        _error_circuit,
        "max_errors",
        (Reason.ERROR_CIRCUIT,),
        "the venue has not refused too many orders of the symbol within `error_window`",
        ("max_errors",),
    ),
    Check(
        "burst",
        _burst,
        "max_burst",
        (Reason.BURST,),
        "not too many entries within `burst_window`",
        ("max_burst",),
    ),
    Check(
        "symbol_hourly",
        _symbol_hourly,
        "max_symbol_hourly_trades",
        (Reason.SYMBOL_HOURLY,),
        "not too many entries of the symbol in this hour",
        ("max_symbol_hourly_trades",),
    ),
    Check(
        "hourly_trades",
        _hourly,
        "max_hourly_trades",
        (Reason.HOURLY_TRADES,),
        "nor of the desk",
        ("max_hourly_trades",),
    ),
    Check(
        "daily_trades",
        _daily,
        "max_daily_trades",
        (Reason.DAILY_TRADES,),
        "nor on this day",
        ("max_daily_trades",),
    ),
    Check(
        "cycle_orders",
        _cycle_orders,
        "max_cycle_orders",
        (Reason.CYCLE_ORDERS,),
        "nor in this cycle",
        ("max_cycle_orders",),
    ),
    Check(
        "cycle_notional",
        _cycle_notional,
        "max_cycle_notional",
        (Reason.CYCLE_NOTIONAL,),
        "entries of this cycle are not worth too much together",
        ("max_cycle_notional",),
    ),
)
