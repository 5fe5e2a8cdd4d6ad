"""The room left of each limit that is in force, for people: what it is, what is used of it, what is left."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from actors.risk.activity import HOUR, SymbolActivity, Window, cycle_start
from actors.risk.caps import Row, capped, part_of
from actors.risk.exposure import symbol_exposure
from actors.risk.facts import drawdown, investable, loss_of_day, loss_of_week
from actors.risk.limit_book import LimitBook
from actors.risk.limits import ONE, RiskLimits, RiskSettings
from actors.risk.state import RiskState
from actors.risk.statistical import make_statistics, money_up


class RoomSummary(msgspec.Struct, frozen=True):
    """One limit: what it is, what is used of it, what is left; None while NAV is not known."""

    name: str
    limit: Decimal | None
    used: Decimal | None
    left: Decimal | None
    unit: str


def room_of(
    state: RiskState, settings: RiskSettings, book: LimitBook, now: int | None = None
) -> tuple[RoomSummary, ...]:
    """The room left of the desk's limits, and of the caps of its tiers, themes and venues.

    Windows of time are those of `now` (desk time, ns UTC); left out without it.
    """
    limits = book.desk
    rows = [*_portfolio(state, limits), *_losses(state, limits)]
    if now is not None:
        rows += _pace(state, limits, now)
    rows += capped(state, settings, book)
    rows += _symbols(state, settings, book, now)
    if book.measures:
        rows += _bad_times(state, settings, limits)
    return tuple(
        RoomSummary(name, limit, used, None if limit is None or used is None else limit - used, unit)
        for name, limit, used, unit in rows
    )


def _portfolio(state: RiskState, limits: RiskLimits) -> Iterator[Row]:
    nav, totals = state.nav, state.totals
    yield "gross_exposure", part_of(limits.max_gross_exposure, nav), totals.exposure, "quote"
    if limits.canary_exposure is not None:
        yield "canary_exposure", limits.canary_exposure, None if nav is None else totals.exposure, "quote"
    yield "cash_reserve", investable(state, limits.min_cash_reserve), _used_cash(state), "quote"
    yield "open_positions", Decimal(limits.max_open_positions), Decimal(len(totals.active)), "count"
    yield "open_orders", Decimal(limits.max_open_orders), Decimal(len(state.reservations)), "count"


def _losses(state: RiskState, limits: RiskLimits) -> Iterator[Row]:
    yield "daily_loss", part_of(limits.daily_loss_limit, state.day_anchor), loss_of_day(state), "quote"
    if limits.weekly_loss_limit is not None:
        yield (
            "weekly_loss",
            part_of(limits.weekly_loss_limit, state.week_anchor),
            loss_of_week(state),
            "quote",
        )
    yield "drawdown_reduce", part_of(limits.drawdown_reduce, state.peak), drawdown(state), "quote"
    yield "drawdown_halt", part_of(limits.drawdown_halt, state.peak), drawdown(state), "quote"


def _pace(state: RiskState, limits: RiskLimits, now: int) -> Iterator[Row]:
    activity = state.activity
    hour, cycle = now // HOUR * HOUR, cycle_start(now, limits.cycle)
    rows: tuple[tuple[str, int | None, Window, int], ...] = (
        ("hourly_trades", limits.max_hourly_trades, activity.hour, hour),
        ("daily_trades", limits.max_daily_trades, activity.day, state.day_ends_at),
        ("cycle_orders", limits.max_cycle_orders, activity.cycle, cycle),
    )
    for name, most, window, began in rows:
        if most is not None:
            yield name, Decimal(most), Decimal(window.count_in(began)), "count"
    if limits.max_cycle_notional is not None:
        used = activity.cycle.value_in(cycle)
        yield "cycle_notional", limits.max_cycle_notional, used, "quote"
    if limits.max_burst is not None:
        recent = sum(time > now - limits.burst_window for time in activity.recent)
        yield "burst", Decimal(limits.max_burst), Decimal(recent), "count"
    if limits.max_consecutive_losses is not None:
        yield "losing_streak", Decimal(limits.max_consecutive_losses), Decimal(activity.losses), "count"


def _symbols(state: RiskState, settings: RiskSettings, book: LimitBook, now: int | None) -> Iterator[Row]:
    venues = {one.symbol: one.venue for one in settings.instruments}
    told = state.regime if settings.has_universe else None
    for symbol in {**dict.fromkeys(venues), **dict.fromkeys(state.listings)}:
        # of the scopes that do not depend on who asks
        limits = book.of("", venues.get(symbol, ""), symbol).limits
        most, used = part_of(limits.max_symbol_exposure, state.nav), symbol_exposure(state, symbol)
        yield f"symbol_exposure:{symbol}", most, used, "quote"
        if factors := limits.regime_caps:
            factor = factors.get(limits.regime or told or "", min(factors.values()))
            yield f"regime_cap:{symbol}", part_of(factor, most), used, "quote"
        part = limits.max_concentration
        if part is not None and part < ONE:
            others, floor = state.totals.exposure - used, part_of(limits.concentration_floor, state.nav)
            of_others = part * others / (ONE - part)
            yield f"concentration:{symbol}", None if floor is None else max(of_others, floor), used, "quote"
        if limits.max_symbol_orders is not None:
            orders = [state.holdings[listing].orders for listing in state.listings.get(symbol, ())]
            yield (
                f"symbol_orders:{symbol}",
                Decimal(limits.max_symbol_orders),
                Decimal(max(orders, default=0)),
                "count",
            )
        if now is not None:
            yield from _pace_of(symbol, state, limits, now)


def _pace_of(symbol: str, state: RiskState, limits: RiskLimits, now: int) -> Iterator[Row]:
    known = state.activity.symbols.get(symbol, SymbolActivity())
    if limits.max_symbol_hourly_trades is not None:
        entries = known.hour.count_in(now // HOUR * HOUR)
        yield f"symbol_hourly:{symbol}", Decimal(limits.max_symbol_hourly_trades), Decimal(entries), "count"
    if limits.max_errors is not None:
        errors = sum(time > now - limits.error_window for time in known.errors)
        yield f"error_circuit:{symbol}", Decimal(limits.max_errors), Decimal(errors), "count"


def _bad_times(state: RiskState, settings: RiskSettings, limits: RiskLimits) -> Iterator[Row]:
    """What goes by statistics of returns; used is None while too little is known of them."""
    known, nav = make_statistics(settings, limits), state.nav
    if limits.max_portfolio_var is not None:
        found = known.value_at_risk(state)
        yield (
            "portfolio_var",
            part_of(limits.max_portfolio_var, nav),
            None if found is None else money_up(found),
            "quote",
        )
    symbols = dict.fromkeys(state.holdings[listing].symbol for listing in state.totals.active)
    for symbol in symbols:
        exposure = symbol_exposure(state, symbol)
        if limits.max_position_cvar is not None:
            tails = [known.tail_loss(state, symbol, is_buy=is_long) for is_long in (True, False)]
            worst = (
                None if None in tails else money_up(max(filter(None, tails), default=0.0) * float(exposure))
            )
            yield f"position_cvar:{symbol}", part_of(limits.max_position_cvar, nav), worst, "quote"
        if limits.max_correlated_exposure is not None:
            others = known.exposure_with(state, symbol)
            together = None if others is None else others + exposure
            yield (
                f"correlated_exposure:{symbol}",
                part_of(limits.max_correlated_exposure, nav),
                together,
                "quote",
            )


def _used_cash(state: RiskState) -> Decimal | None:
    nav = state.nav
    return None if nav is None else nav - state.totals.cash + state.totals.buys_value
