"""The equity curve, from fills, funding and prices alone: cash, position value, NAV and exposure over time.

It knows nothing of the books that risk keeps, so that the two can be compared. Money is added up exactly and
turned into float64 at the end; a position that was closed is exactly zero.

One accounting for spot and margined instruments: a fill moves cash by -sign x price x quantity x multiplier - fee,
and NAV = cash + position at its mid, each times the fixed rate of its currency. Fees and balances in a currency without
a rate are no part of NAV; such fees are told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from actors.risk.days import day_of
from cluster.backtest.record import (
    DEFAULT_SETTINGS,
    Prices,
    PriceSeries,
    ReportSettings,
    RunRecord,
    SymbolInfo,
    Times,
    Values,
    in_base,
)
from messages.errors import ConfigurationError, InvariantError

MILLISECOND = 1_000_000
SECOND = 1000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

STEPS = (
    *(n * MILLISECOND for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 4, 6, 12)),
)
"""Distances between points that people count in (ns); above them whole days."""


@dataclass(frozen=True, slots=True, eq=False)
class StepFunction:
    """A value that changes at known times: `values[i]` holds from `times[i]` on, `initial` before."""

    initial: float
    times: Times
    values: Values

    def at(self, times: Times) -> Values:
        """The value at each of `times`."""
        padded = np.concatenate(([self.initial], self.values))
        return padded[np.searchsorted(self.times, times, side="right")]


@dataclass(frozen=True, slots=True, eq=False)
class EquityCurve:
    """The account over time, in base currency. `times` (ns UTC): the start, every multiple of `step`, the end.

    `daily_times` and `daily_nav` are the closes of the days, behind the start's own; the last close is the end's.
    A day without a price, fill or payment is no day (a weekend at a stock exchange). `exposure_time` is the part of
    the time in which any position was held; None for a run without duration. `fees_elsewhere` are fees in currencies
    without a rate, by currency.
    """

    times: Times
    cash: Values
    position_value: Values
    gross_exposure: Values
    step: int
    daily_times: Times
    daily_nav: Values
    exposure_time: float | None
    fees_elsewhere: dict[str, Decimal]

    @property
    def nav(self) -> Values:
        """Cash and positions at their mids."""
        return self.cash + self.position_value

    @property
    def net_exposure(self) -> Values:
        """Long less short positions at their mids: what they are worth."""
        return self.position_value

    def __len__(self) -> int:
        return len(self.times)


def equity_curve(
    record: RunRecord, prices: Prices, settings: ReportSettings = DEFAULT_SETTINGS
) -> EquityCurve:
    """The equity curve of a run.

    Raises `InvariantError` when the record contradicts itself: a fill of an unknown symbol, a symbol in a quote
    currency of another rate or none, or a position without any price; `ConfigurationError` for an unknown time zone.
    """
    symbols = symbols_of(record)
    positions = _positions(record)
    for symbol, position in positions.items():
        _require_price(symbol, position, prices)
    cash = _cash(record, symbols)
    start, end = _span(record, cash.times)
    step = step_for(end - start, settings.points)
    times = grid(start, end, step)
    value, gross = _valued(times, positions, prices, symbols)
    closes = _closes(
        start, end, settings.day_boundary, [cash.times, *(each.times for each in prices.values())]
    )
    at_close, _ = _valued(closes, positions, prices, symbols)
    return EquityCurve(
        times=times,
        cash=cash.at(times),
        position_value=value,
        gross_exposure=gross,
        step=step,
        daily_times=closes,
        daily_nav=cash.at(closes) + at_close,
        exposure_time=_exposure_time(positions.values(), start, end),
        fees_elsewhere=_fees_elsewhere(record),
    )


def symbols_of(record: RunRecord) -> dict[str, SymbolInfo]:
    """The record's instruments by symbol, after what holds for all of them was checked."""
    symbols: dict[str, SymbolInfo] = {}
    for info in record.symbols:
        if info.symbol in symbols:
            raise InvariantError("a symbol is listed twice", field="symbols", value=info.symbol)
        rate = in_base(Decimal(1), info.quote_currency, record.base_currency, record.rates)
        if rate is None:
            raise InvariantError(
                f"the symbol is neither quoted in the base currency {record.base_currency} nor in one with a rate",
                field=f"symbols.{info.symbol}",
                value=info.quote_currency,
                remedy="trade symbols quoted in the base currency, or give the currency's rate",
            )
        if rate != info.rate:
            raise InvariantError(
                f"the record's rate of {info.quote_currency} is {rate}",
                field=f"symbols.{info.symbol}.rate",
                value=info.rate,
                remedy="give both the same rate",
            )
        symbols[info.symbol] = info
    for symbol in {fill.symbol for fill in record.fills} | {paid.symbol for paid in record.funding}:
        if symbol not in symbols:
            raise InvariantError(
                "a symbol was traded that the record does not list",
                field="symbols",
                value=symbol,
                remedy="list every instrument of the run in the record",
            )
    return symbols


def step_for(span: int, points: int) -> int:
    """The smallest distance (ns) people count in that cuts `span` into `points` parts or a quarter more."""
    wanted = -(-span * 4 // max(points * 5, 1))
    for step in STEPS:
        if step >= wanted:
            return step
    return -(-wanted // DAY) * DAY


def grid(start: int, end: int, step: int) -> Times:
    """`start`, the multiples of `step` between, and `end`."""
    inner = np.arange(start // step * step + step, end, step, dtype=np.int64)
    ends = [start] if start == end else [start, end]
    return np.concatenate((np.array(ends[:1], np.int64), inner, np.array(ends[1:], np.int64)))


def _cash(record: RunRecord, symbols: dict[str, SymbolInfo]) -> StepFunction:
    base, rates = record.base_currency, record.rates
    found = [
        in_base(amount, currency, base, rates)
        for held in record.starting_balances.values()
        for currency, amount in held.items()
    ]
    opening = sum((each for each in found if each is not None), Decimal(0))
    flows: list[tuple[int, Decimal]] = []
    for fill in record.fills:
        value = fill.price * fill.quantity * symbols[fill.symbol].scale
        fee = in_base(fill.fee, fill.fee_currency, base, rates)
        flows.append((fill.event_time, -fill.side.sign * value - (fee or Decimal(0))))
    flows += [(paid.time, paid.amount) for paid in record.funding]
    return _running(opening, flows)


def _positions(record: RunRecord) -> dict[str, StepFunction]:
    changes: dict[str, list[tuple[int, Decimal]]] = {}
    for fill in record.fills:
        changes.setdefault(fill.symbol, []).append((fill.event_time, fill.side.sign * fill.quantity))
    return {symbol: _running(Decimal(0), each) for symbol, each in sorted(changes.items())}


def _running(opening: Decimal, changes: list[tuple[int, Decimal]]) -> StepFunction:
    changes.sort(key=lambda change: change[0])
    total, times, values = opening, [], []
    for time, change in changes:
        total += change
        times.append(time)
        values.append(float(total))
    return StepFunction(float(opening), np.array(times, np.int64), np.array(values, np.float64))


def _require_price(symbol: str, position: StepFunction, prices: Prices) -> None:
    series = prices.get(symbol)
    if series is None or not len(series) or series.times[0] > position.times[0]:
        raise InvariantError(
            "a position was taken before the symbol had any price",
            field=f"prices.{symbol}",
            value=f"first fill at {int(position.times[0])} ns",
            remedy="hand over every price the run saw, up to and including the one that was traded on",
        )


def _span(record: RunRecord, events: Times) -> tuple[int, int]:
    if not len(events):
        return record.start, max(record.start, record.end)
    return min(record.start, int(events[0])), max(record.end, int(events[-1]))


def _valued(
    times: Times, positions: dict[str, StepFunction], prices: Prices, symbols: dict[str, SymbolInfo]
) -> tuple[Values, Values]:
    """Net and gross value of all positions at each of `times`."""
    net, gross = np.zeros(len(times)), np.zeros(len(times))
    for symbol, position in positions.items():
        held = position.at(times)
        mids = prices[symbol].last_before(times)
        value = np.where(held == 0, 0.0, held * mids * float(symbols[symbol].scale))
        net += value
        gross += np.abs(value)
    return net, gross


def _closes(start: int, end: int, zone_name: str, activity: Sequence[Times]) -> Times:
    """The start, and the end of every day in which anything happened."""
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            "is no time zone",
            field="day_boundary",
            value=zone_name,
            remedy="name one such as UTC or Europe/Berlin",
        ) from None
    edges = [start]
    while edges[-1] < end:
        edges.append(min(day_of(edges[-1], zone)[1], end))
    bounds = np.array(edges, np.int64)
    happened = np.zeros(len(bounds) - 1, np.int64)
    for times in activity:
        happened += np.diff(np.searchsorted(times, bounds, side="right"))
    return np.concatenate((bounds[:1], bounds[1:][happened > 0]))


def _exposure_time(positions: Iterable[StepFunction], start: int, end: int) -> float | None:
    """The part of the time from `start` to `end` in which any position is held, exactly."""
    if end <= start:
        return None
    held = list(positions)
    if not held:
        return 0.0
    times = np.unique(np.concatenate([each.times for each in held]))
    exposed = np.zeros(len(times), bool)
    for position in held:
        exposed |= position.at(times) != 0
    spans = np.diff(np.append(times, end))
    return float(spans[exposed].sum() / (end - start))


def _fees_elsewhere(record: RunRecord) -> dict[str, Decimal]:
    fees: dict[str, Decimal] = {}
    for fill in record.fills:
        if fill.fee and in_base(fill.fee, fill.fee_currency, record.base_currency, record.rates) is None:
            fees[fill.fee_currency] = fees.get(fill.fee_currency, Decimal(0)) + fill.fee
    return dict(sorted(fees.items()))


def last_price(series: PriceSeries | None) -> Decimal | None:
    """The last mid as an exact decimal; None where there is none."""
    return None if series is None or not len(series) else Decimal(repr(float(series.mids[-1])))
