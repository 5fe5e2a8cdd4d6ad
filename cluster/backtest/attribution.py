"""Who made the money: profit and costs of each symbol and of each strategy.

Profit is cash flow plus what is held at the end at its last mid. It needs no pairing of entries and exits, so that
the rows of each table add up to what NAV gained, whatever was left open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
import numpy as np

from cluster.backtest.costs import Costs, costs_of
from cluster.backtest.equity import last_price, symbols_of
from cluster.backtest.record import Arrivals, FundingPayment, Prices, RunRecord, SymbolInfo
from cluster.backtest.statistics import profit_factor, win_rate
from cluster.backtest.trades import Trade
from messages.orders import Fill

UNASSIGNED = ""
"""The name of what belongs to no strategy: funding that can't be told apart, fills of orders nobody asked for."""


class Attribution(msgspec.Struct, frozen=True):
    """One symbol's or strategy's part, in base currency: `net` = `gross` - fees + funding.

    `trades`, `win_rate` and `profit_factor` are over closed round trips.
    """

    name: str
    fills: int
    gross: Decimal
    net: Decimal
    costs: Costs
    trades: int
    win_rate: float | None
    profit_factor: float | None


def by_symbol(
    record: RunRecord, prices: Prices, trades: Sequence[Trade], arrivals: Arrivals
) -> tuple[Attribution, ...]:
    """One row per symbol that was traded or paid funding, by name."""
    return _attributed(record, prices, trades, arrivals, lambda it: it.symbol)


def by_strategy(
    record: RunRecord, prices: Prices, trades: Sequence[Trade], arrivals: Arrivals
) -> tuple[Attribution, ...]:
    """One row per strategy, by name; `UNASSIGNED` for what belongs to none."""
    return _attributed(record, prices, trades, arrivals, lambda it: it.strategy or UNASSIGNED)


class _Part:
    """What belongs to one name."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self.funding: list[FundingPayment] = []
        self.trades: list[Trade] = []


Owner = Callable[[Fill | FundingPayment | Trade], str]


def _attributed(
    record: RunRecord, prices: Prices, trades: Sequence[Trade], arrivals: Arrivals, owner: Owner
) -> tuple[Attribution, ...]:
    symbols = symbols_of(record)
    parts: dict[str, _Part] = {}
    for fill in record.fills:
        parts.setdefault(owner(fill), _Part()).fills.append(fill)
    for paid in record.funding:
        parts.setdefault(owner(paid), _Part()).funding.append(paid)
    for trade in trades:
        parts[owner(trade)].trades.append(trade)
    rows = []
    for name, part in sorted(parts.items()):
        costs = costs_of(part.fills, part.funding, symbols, record.base_currency, arrivals, record.rates)
        gross = _gross(part.fills, symbols, prices)
        profits = np.array([float(trade.net) for trade in part.trades], np.float64)
        rows.append(
            Attribution(
                name=name,
                fills=len(part.fills),
                gross=gross,
                net=gross - costs.fees + costs.funding,
                costs=costs,
                trades=len(part.trades),
                win_rate=win_rate(profits),
                profit_factor=profit_factor(profits),
            )
        )
    return tuple(rows)


def _gross(fills: Sequence[Fill], symbols: dict[str, SymbolInfo], prices: Prices) -> Decimal:
    """Cash in and out before fees, plus what is left at the last mid."""
    flow = Decimal(0)
    held: dict[str, Decimal] = {}
    for fill in fills:
        signed = fill.side.sign * fill.quantity * symbols[fill.symbol].scale
        flow -= signed * fill.price
        held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + signed
    for symbol, quantity in held.items():
        price = last_price(prices.get(symbol))
        if quantity and price is not None:
            flow += quantity * price
    return flow
