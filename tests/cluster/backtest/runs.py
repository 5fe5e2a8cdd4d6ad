"""Runs made by hand and made up: records, prices and the quotes of decisions, without a desk that ran."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import count

import msgspec
import numpy as np

from cluster.backtest.record import (
    FundingPayment,
    OrderCounts,
    Prices,
    PriceSeries,
    RunRecord,
    SymbolInfo,
)
from messages.intents import Side
from messages.orders import Fill, Liquidity

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_704_067_200 * SECOND
"""2024-01-01 00:00 UTC."""

_ids = count()


def info(symbol: str = "BTC-USDT", multiplier: str = "1") -> SymbolInfo:
    return SymbolInfo(
        symbol=symbol,
        venue="paper",
        quote_currency="USDT",
        multiplier=Decimal(multiplier),
        tick=Decimal("0.1"),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
    )


def fill(
    time: int,
    side: str,
    quantity: str,
    price: str,
    *,
    fee: str = "0",
    symbol: str = "BTC-USDT",
    strategy: str = "ema",
    intent: str | None = None,
    fee_currency: str = "USDT",
    liquidity: Liquidity = Liquidity.TAKER,
) -> Fill:
    """A fill `time` ns after the start, of an order of its own unless `intent` names one."""
    number = next(_ids)
    return Fill(
        fill_id=str(number),
        venue="paper",
        symbol=symbol,
        strategy=strategy,
        intent_id=intent or f"strategy/{symbol}#{number}",
        client_order_id=f"c{number}",
        venue_order_id=f"v{number}",
        side=Side(side),
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        fee_currency=fee_currency,
        liquidity=liquidity,
        event_time=START + time,
    )


def record(
    fills: Sequence[Fill] = (),
    *,
    end: int = DAY,
    funding: Sequence[FundingPayment] = (),
    symbols: Sequence[SymbolInfo] = (info(),),
    cash: str = "10000",
) -> RunRecord:
    return RunRecord(
        config_hash="c" * 64,
        code_version="0.1.0",
        seed=7,
        name="made by hand",
        base_currency="USDT",
        starting_balances={"paper": {"USDT": Decimal(cash)}},
        start=START,
        end=START + end,
        symbols=tuple(symbols),
        files=(),
        fills=list(fills),
        funding=list(funding),
        orders=OrderCounts(),
        rows=0,
        decisions=0,
        no_trades={},
        fill_model={"paper": "At the touch, taker fee."},
        notes=(),
        fingerprint="f" * 64,
    )


def series(*points: tuple[int, float]) -> PriceSeries:
    """Prices by ns after the start."""
    return PriceSeries(
        np.array([START + time for time, _ in points], np.int64),
        np.array([price for _, price in points], np.float64),
    )


def made_up(
    seed: int = 1,
    *,
    days: int = 90,
    fills: int = 600,
    prices: int = 20_000,
    symbols: Sequence[str] = ("BTC-USDT", "ETH-USDT", "SOL-USDT"),
) -> tuple[RunRecord, Prices, dict[str, tuple[float, float]]]:
    """A run of random walks and random orders: seeded, closes about as often as it opens."""
    random = np.random.default_rng(seed)
    series_by_symbol: dict[str, PriceSeries] = {}
    made: list[Fill] = []
    arrivals: dict[str, tuple[float, float]] = {}
    for index, symbol in enumerate(symbols):
        times = START + np.sort(random.integers(0, days * DAY, prices))
        times[0] = START
        walk = random.normal(0.0, 0.6 * np.sqrt(days / 365 / prices), prices)
        mids = (60_000.0, 3_000.0, 150.0)[index % 3] * np.exp(np.cumsum(walk))
        series_by_symbol[symbol] = PriceSeries(times, mids)
        made += _orders(random, symbol, times, mids, fills // len(symbols), arrivals)
    made.sort(key=lambda each: each.event_time)
    paid = [
        FundingPayment(START + hour * HOUR, symbols[0], None, Decimal(int(random.integers(-300, 300))) / 100)
        for hour in range(8, days * 24, 8)
    ]
    base = record(made, end=days * DAY, funding=paid, symbols=[info(symbol) for symbol in symbols])
    counts = OrderCounts(
        intents=fills + 40,
        approved=fills,
        rejected={"max_gross_nav_pct": 25, "stale_quote": 15},
        placed=fills,
        filled=fills - 10,
        cancelled=10,
        checks_per_intent=11.5,
    )
    return msgspec.structs.replace(base, name=f"made up {seed}", orders=counts), series_by_symbol, arrivals


def _orders(
    random: np.random.Generator,
    symbol: str,
    times: np.ndarray,
    mids: np.ndarray,
    number: int,
    arrivals: dict[str, tuple[float, float]],
) -> list[Fill]:
    made = []
    held = 0
    for row in np.sort(random.choice(np.arange(1, len(times)), number)).tolist():
        mid = float(mids[row])
        side = "sell" if held + int(random.integers(-2, 3)) > 0 else "buy"
        lots = int(random.integers(1, 4))
        held += lots if side == "buy" else -lots
        quantity = Decimal(lots) / 100 * (1 if mid > 10_000 else 20 if mid > 1_000 else 400)
        touch = mid * (1 + (0.0001 if side == "buy" else -0.0001))
        price = Decimal(f"{touch * (1 + random.normal(0, 0.00005)):.2f}")
        one = fill(
            int(times[row]) - START,
            side,
            str(quantity),
            str(price),
            fee=str((price * quantity * Decimal("0.0005")).quantize(Decimal("0.0001"))),
            symbol=symbol,
            strategy="ema" if random.random() < 0.7 else "momentum",
        )
        arrivals[one.intent_id] = (mid * 0.9999, mid * 1.0001)
        made.append(one)
    return made
