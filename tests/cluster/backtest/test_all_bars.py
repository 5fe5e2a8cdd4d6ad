"""Every file of bars in the manifest of recorded data at once: one desk of many markets, currencies and times."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from actors.risk.exposure import in_base
from cluster.backtest.result import BacktestResult
from cluster.backtest.runner import FUNDING, prepare, result_of
from config import load_config

pytestmark = [pytest.mark.integration, pytest.mark.long]

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"

Listed = Mapping[str, tuple[str, str, str, str]]
"""By symbol: its venue, listing, tick and lot."""

BTC_PAIRS = ("ADA", "DASH", "ETC", "ETH", "LTC", "XLM")
STOCKS = ("AIG", "BAC", "IBM", "SPY")

LISTED: Listed = {
    **{f"{coin}-BTC": ("bars", f"{coin}/BTC", "0.00000001", "0.001") for coin in BTC_PAIRS},
    "XRP-USDT-PERP": ("bars", "XRP/USDT:USDT", "0.0001", "0.1"),
    "BTC-BUSD": ("bars", "BTCBUSD", "0.01", "0.00001"),
    "BTC-USDT-PERP": ("bars", "BTC-PERP", "0.0001", "0.0001"),
    "BTC-EUR": ("quotes", "BTCEUR", "0.01", "0.00001"),
    "BTC-USD": ("quotes", "BTCUSD@crypto/coinbase", "0.01", "0.00001"),
    "BTC-USD-PERP": ("quotes", "BTCUSD@cryptofuture/binance", "0.1", "0.0001"),
    "ETH-USD": ("quotes", "ETHUSD", "0.01", "0.0001"),
    "LTC-USD": ("quotes", "LTCUSD", "0.01", "0.001"),
    "ADA-USDT-PERP": ("quotes", "ADAUSDT", "0.0001", "1"),
    **{f"{stock}-USD": ("quotes", f"{stock}@minute", "0.0001", "1") for stock in STOCKS},
    **{f"{stock}S-USD": ("quotes", f"{stock}@second", "0.0001", "1") for stock in STOCKS},
}
FILES = ("freqtrade/*-5m*.feather", "nautilus/*_1m.csv", "lean/crypto", "lean/cryptofuture")
FILES += ("lean/equity/usa/minute", "lean/equity/usa/second")

RATES = {"BTC": "43000", "ETH": "2500.5", "EUR": "1.08", "BUSD": "1", "USDT": "0.9998"}


def desk(folder: Path, listed: Listed) -> Path:
    """The settings of a desk that trades every close of these symbols' bars."""
    kinds = {"bars": {"market": "bars"}, "quotes": {"market": "top"}}
    balances = {"USD": 1_000_000, "BTC": 5, "EUR": 100_000, "BUSD": 100_000, "USDT": 100_000}
    settings: dict[str, Any] = {
        "desk": {"name": "bars", "environment": "paper", "base_currency": "USD", "seed": 1, "rates": RATES},
        "redis": {"mode": "embedded"},
        "feed": {"mode": "recorded"},
        "venues": {
            name: {
                "kind": "paper",
                "starting_balances": balances,
                "fees": {"maker": "2bps", "taker": "4bps"},
                "fill": kinds[name],
            }
            for name in dict.fromkeys(venue for venue, *_ in listed.values())
        },
        "symbols": {
            symbol: {"venue": venue, "listing": listing, "tick": tick, "lot": lot}
            for symbol, (venue, listing, tick, lot) in listed.items()
        },
        "strategies": {
            "ema": {
                "kind": "ema_cross",
                "symbols": "all",
                "parameters": {"on": "bars", "fast": 20, "slow": 60},
                "order": {"style": "market", "notional": 5000, "deadline": "2s"},
            }
        },
        "risk": {
            "max_order_notional": 20_000,
            "max_symbol_exposure": "50%",
            "max_gross_exposure": "200%",
            "max_open_positions": 50,
            "daily_loss_limit": "50%",
            "drawdown_reduce": "50%",
            "drawdown_halt": "60%",
        },
    }
    path = folder / "bars.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def played(folder: Path, listed: Listed, patterns: tuple[str, ...], *funding: str) -> BacktestResult:
    """The run; the books of desk and venues were found equal on the way."""
    if not DATA.exists():
        pytest.skip("skipped: no recorded data")
    loaded = load_config(desk(folder, listed), environ={})
    files = [DATA / pattern for pattern in patterns]
    made, market = prepare(loaded, files, funding=[DATA / each for each in funding], cache=folder / "cache")
    made.run()
    result = result_of(loaded, made, market)
    state = made.actors["risk"].state
    assert not [name for name in state.sources if name.startswith("fee_conversion")]
    worth = sum(
        (
            in_base(venue.engine.account("bars").balances, state.rates, "USD")
            for venue in made.venues.values()
        ),
        Decimal(0),
    )
    assert worth == state.totals.cash
    assert float(state.totals.cash) == pytest.approx(float(result.equity.cash[-1]), rel=1e-12)
    return result


def traded(result: BacktestResult) -> set[str]:
    return {fill.symbol for fill in result.fills}


def test_all_bars_make_one_desk_of_six_currencies(tmp_path: Path) -> None:
    result = played(tmp_path, LISTED, FILES, "freqtrade/XRP_USDT_USDT-8h-funding_rate.feather")
    assert traded(result) == set(LISTED)
    assert len(result.fills) > 1_000
    assert {fill.fee_currency for fill in result.fills} == {"USD", "BTC", "EUR", "BUSD", "USDT"}
    assert result.equity.fees_elsewhere == {}
    charged = {paid.symbol for paid in result.record.funding}
    assert charged == {"XRP-USDT-PERP"}
    notes = result.record.notes
    assert FUNDING in notes
    assert any(note.startswith("Valued at fixed rates: 1 BTC = 43000, ") for note in notes)
    assert sum((row.costs.funding for row in result.statistics.by_symbol), Decimal(0)) != 0
    total = sum((row.net for row in result.statistics.by_symbol), Decimal(0))
    assert float(total) == pytest.approx(result.statistics.profit, abs=0.01)
    page = result.write_report(tmp_path / "report")
    assert "Valued at fixed rates" in page.read_text()
