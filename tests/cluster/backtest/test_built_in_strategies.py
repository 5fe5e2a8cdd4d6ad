"""Built-in strategies on a week of real five-minute bars: they trade both ways, pay their costs, and repeat exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.backtest.result import BacktestResult
from cluster.backtest.runner import backtest
from config import load_config

pytestmark = pytest.mark.unit

BARS = Path(__file__).parents[4] / "shared/data/freqtrade/XRP_USDT_USDT-5m-futures.feather"
KINDS: dict[str, dict[str, Any]] = {
    "rules": {
        "interval": "1h",
        "bars": "feed",
        "trend_bars": 48,
        "volatility_bars": 48,
        "falls": "sell",
        "triggers": ["price_move", "volume_spike", "breakout", "momentum"],
    },
    "breakout": {"bars": "feed", "lookback": 48, "exit_lookback": 24},
    "mean_reversion": {"sampling_interval": "5m", "lookback": 48, "least": "50bps"},
    "profit_taking": {"lookback": "6h", "move": "1%", "gain": "40bps", "every": "5m"},
}


def run(kind: str, folder: Path) -> BacktestResult:
    """A week of one strategy with a budget of half the money."""
    if not BARS.exists():
        pytest.skip("skipped: no recorded data")
    settings = {
        "desk": {"name": "week", "environment": "paper"},
        "feed": {"mode": "recorded", "max_quote_age": "10m"},
        "venues": {
            "paper": {"kind": "paper", "starting_balances": {"USDT": 100_000}, "fill": {"market": "bars"}}
        },
        "symbols": {
            "XRP-USDT": {
                "venue": "paper",
                "listing": "XRP_USDT_USDT",
                "tick": "0.0001",
                "lot": "0.1",
                "min_notional": 5,
            }
        },
        "strategies": {
            kind: {
                "kind": kind,
                "budget": 50_000,
                "order": {"notional": 2_000, "deadline": "10m"},
                "parameters": KINDS[kind],
                "intelligence": {"enabled": True, "max_drawdown": None},
                **({"stop": "3%"} if kind == "profit_taking" else {}),
            }
        },
    }
    path = folder / f"{kind}.yaml"
    path.write_text(yaml.safe_dump(settings))
    return backtest(load_config(path, environ={}), [BARS], cache=folder / "cache")


@pytest.mark.parametrize("kind", KINDS)
def test_it_trades_a_real_week_and_does_so_again(kind: str, tmp_path: Path) -> None:
    result = run(kind, tmp_path)
    assert result.statistics.trades >= 2
    assert result.statistics.costs.fees > 0
    sides = {trade.side for trade in result.trades}
    assert sides == ({"long"} if kind == "profit_taking" else {"long", "short"})
    assert run(kind, tmp_path).record.fingerprint == result.record.fingerprint
