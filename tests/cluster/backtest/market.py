"""A small desk on a market made from a seed, for the tests of the run loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from config import LoadedConfig, load_config

SECOND = 1_000_000_000

DESK: Mapping[str, Any] = {
    "desk": {"name": "small", "environment": "paper", "base_currency": "USDT", "seed": 3},
    "redis": {"mode": "embedded"},
    "feed": {
        "mode": "synthetic",
        "synthetic": {
            "seed": 5,
            "duration": "20s",
            "volatility": "3bps",
            "spread_ticks": 1,
            "quotes_per_second": 20,
            "start_prices": {"BTC-USDT": 60000, "ETH-USDT": 3000},
        },
    },
    "venues": {
        "paper": {
            "kind": "paper",
            "starting_balances": {"USDT": 100000},
            "fees": {"maker": "2bps", "taker": "4bps"},
            "latency_order": "5ms",
            "latency_report": "5ms",
        }
    },
    "symbols": {
        "BTC-USDT": {"venue": "paper", "listing": "BTCUSDT", "tick": 0.1, "lot": 0.001, "min_notional": 100},
        "ETH-USDT": {"venue": "paper", "listing": "ETHUSDT", "tick": 0.01, "lot": 0.001, "min_notional": 20},
    },
    "strategies": {
        "ema": {
            "kind": "ema_cross",
            "symbols": ["BTC-USDT"],
            "parameters": {"fast": 2, "slow": 5, "sampling_interval": "100ms"},
            "order": {"style": "market", "notional": 2000, "deadline": "2s"},
            "cooldown": "200ms",
            "stop": "50bps",
        },
        "momentum": {
            "kind": "momentum",
            "symbols": ["ETH-USDT"],
            "parameters": {"lookback": "500ms", "threshold": "1bps"},
            "order": {
                "style": "post_only",
                "notional": 1000,
                "offset_ticks": 3,
                "time_to_live": "700ms",
                "deadline": "2s",
            },
            "cooldown": "200ms",
            "max_holding": "2s",
        },
    },
    "risk": {"max_order_notional": 5000, "max_symbol_exposure": "10%", "max_gross_exposure": "30%"},
}
"""Two symbols: one strategy that takes, one that rests."""


def small_desk(folder: Path, *overrides: str, **parts: Any) -> LoadedConfig:
    """The settings, with whole sections replaced by `parts`."""
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump({**DESK, **parts}))
    return load_config(path, environ={}, overrides=overrides)
