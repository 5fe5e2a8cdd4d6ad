"""Settings of a live desk can be backtested: paper stands in for the venue, recorded prices for live ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.backtest.runner import backtest
from config import LoadedConfig
from messages.errors import ConfigurationError
from tests.cluster.backtest.market import DESK, small_desk

pytestmark = pytest.mark.unit

SYMBOLS = {
    "BTC-USDT": {"venue": "paper", "listing": "BTCUSDT", "tick": 0.1, "lot": 0.001, "min_notional": 100}
}
PAPER = {
    "feed": {"mode": "recorded"},
    "symbols": SYMBOLS,
    "strategies": {"ema": DESK["strategies"]["ema"]},
}
LIVE = {
    **PAPER,
    "feed": {"mode": "auto"},
    "venues": {
        "paper": {
            "kind": "binance_usdm",
            "fees": {"maker": "2bps", "taker": "4bps"},
            "exchange": {"starting_balances": {"USDT": 100000}},
        }
    },
}


@pytest.fixture
def quotes(tmp_path: Path) -> Path:
    """Ten minutes of a price that goes up and down."""
    rows = ["timestamp,bid,bid_size,ask,ask_size"]
    for number in range(3_000):
        price = 60_000 + abs(number % 400 - 200)
        rows.append(f"{1_700_000_000_000 + number * 200},{price},1,{price + 0.1:.1f},1")
    path = tmp_path / "BTCUSDT_quotes.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_live_settings_trade_a_recording_as_those_of_a_paper_venue_do(tmp_path: Path, quotes: Path) -> None:
    paper, live = (_loaded(tmp_path / name, parts) for name, parts in (("paper", PAPER), ("live", LIVE)))
    ran = [backtest(each, [quotes], cache=tmp_path / "cache").record for each in (paper, live)]
    assert len(ran[0].fills) > 5
    assert ran[0].fingerprint == ran[1].fingerprint
    assert ran[0].starting_balances == ran[1].starting_balances


def test_live_settings_need_data_to_be_backtested(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no data is given"):
        backtest(_loaded(tmp_path / "live", LIVE))


def _loaded(folder: Path, parts: dict[str, object]) -> LoadedConfig:
    folder.mkdir()
    return small_desk(folder, **parts)
