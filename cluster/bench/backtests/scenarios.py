"""The scenarios: one table of desks and markets, with how much each asks for."""

from __future__ import annotations

from typing import Any

import msgspec

from cluster.bench.backtests.market import START, Shape, made_feed
from cluster.feeds.columns import Feed
from config import DeskConfig

MILLISECOND = 1_000_000
MINUTE = 60_000 * MILLISECOND

_OURS = "cluster.bench.backtests.strategies"
_SEED = 7
_ONE = ("BTC-USDT",)
_TEN = tuple(
    f"{name}-USDT" for name in ("ADA", "BNB", "BTC", "DOT", "ETH", "LTC", "SOL", "TRX", "XLM", "XRP")
)
_QUICK_PART = 10
"""A quick run has a tenth of the rows."""


class Scenario(msgspec.Struct, frozen=True):
    """A desk and its market. `shape` is that of each symbol's feed, `strategy` is laid over the usual settings."""

    name: str
    says: str
    shape: Shape
    strategy: dict[str, Any]
    symbols: tuple[str, ...] = _ONE
    fill: str = "top"


SCENARIOS = {
    each.name: each
    for each in (
        Scenario(
            "ema",
            "1,000,000 quotes 10 ms apart; an EMA cross called with every quote; market orders",
            Shape(1_000_000, 10 * MILLISECOND),
            {"kind": "ema_cross", "parameters": {"fast": 45, "slow": 90, "sampling_interval": "0s"}},
        ),
        Scenario(
            "bars",
            "100,000 bars a minute apart; an EMA cross called with every bar; market orders at the next open",
            Shape(100_000, MINUTE, bars=True, volatility=20.0),
            {"kind": f"{_OURS}:BarCross", "parameters": {"fast": 3, "slow": 8}},
            fill="bars",
        ),
        Scenario(
            "market_per_quote",
            "20,000 quotes 100 ms apart; a market order on every quote, in and out in turn",
            Shape(20_000, 100 * MILLISECOND),
            {"kind": f"{_OURS}:EveryQuote"},
        ),
        Scenario(
            "limit_cancel",
            "20,000 quotes 100 ms apart; on every quote the resting limit order is cancelled and one placed anew",
            Shape(20_000, 100 * MILLISECOND),
            {
                "kind": f"{_OURS}:EveryQuoteAnew",
                "order": {"style": "limit", "notional": "2000", "offset_ticks": 500},
            },
        ),
        Scenario(
            "ten_symbols",
            "1,000,000 quotes of ten symbols, 1 ms apart; an EMA cross called with every quote; market orders",
            Shape(100_000, 10 * MILLISECOND),
            {"kind": "ema_cross", "parameters": {"fast": 45, "slow": 90, "sampling_interval": "0s"}},
            symbols=_TEN,
        ),
    )
}
"""All scenarios by name."""


def settings_of(scenario: Scenario) -> DeskConfig:
    """The desk of a scenario; every limit is checked, and none is near."""
    return DeskConfig.model_validate(
        {
            "desk": {"name": "bench", "environment": "paper"},
            "feed": {"mode": "recorded"},
            "venues": {
                "paper": {
                    "kind": "paper",
                    "starting_balances": {"USDT": "1000000"},
                    "latency_order": "5ms",
                    "latency_report": "5ms",
                    "fill": {"market": scenario.fill},
                }
            },
            "symbols": {
                symbol: {
                    "venue": "paper",
                    "listing": symbol.replace("-", ""),
                    "tick": "0.1",
                    "lot": "0.001",
                    "min_quantity": "0.001",
                    "min_notional": "10",
                }
                for symbol in scenario.symbols
            },
            "strategies": {
                "bench": {"symbols": "all", "order": {"notional": "2000"}, **scenario.strategy},
            },
        }
    )


def feeds_of(scenario: Scenario, *, quick: bool = False) -> tuple[dict[str, Feed], int, int]:
    """The feeds by symbol, and the first and last desk time, ns UTC."""
    shape = scenario.shape
    if quick:
        shape = msgspec.structs.replace(shape, rows=shape.rows // _QUICK_PART)
    apart = shape.spacing // len(scenario.symbols)
    feeds = {
        symbol: made_feed(symbol, shape, _SEED + number, delay=number * apart)
        for number, symbol in enumerate(scenario.symbols)
    }
    return feeds, START, START + (shape.rows + 1) * shape.spacing
