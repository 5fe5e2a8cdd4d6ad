"""A whole desk in two currencies, one of which counts what its symbol's mark says: its books are the venue's."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cluster.backtest.desk import BacktestDesk
from cluster.backtest.runner import prepare, require_equal_books
from cluster.observe.books import Books
from messages.control import Mode
from messages.modes import ModeDecided
from messages.portfolio import FillBooked, RatesTaken
from tests.cluster.backtest.market import DESK, small_desk

pytestmark = pytest.mark.unit

D = Decimal
SYMBOLS = {
    "BTC-USDT": {"venue": "paper", "listing": "BTCUSDT", "tick": 0.1, "lot": 0.001, "min_notional": 10},
    "ETH-BTC": {"venue": "paper", "listing": "ETHBTC", "tick": 0.00001, "lot": 0.001, "min_notional": 0.0001},
}
PARTS: dict[str, Any] = {
    "desk": {
        **DESK["desk"],
        "rates": {"BTC": 60000},
        "rate_symbols": {"BTC": "BTC-USDT"},
        "rate_step": "0.5bps",
    },
    "feed": {
        "mode": "synthetic",
        "synthetic": {
            "seed": 5,
            "duration": "8s",
            "volatility": "5bps",
            "quotes_per_second": 20,
            "start_prices": {"BTC-USDT": 60000, "ETH-BTC": 0.05},
        },
    },
    "venues": {"paper": {**DESK["venues"]["paper"], "starting_balances": {"USDT": 100000, "BTC": 1}}},
    "symbols": SYMBOLS,
    "strategies": {
        "momentum": {
            "kind": "momentum",
            "symbols": ["BTC-USDT", "ETH-BTC"],
            "parameters": {"lookback": "500ms", "threshold": "1bps"},
            "order": {"style": "market", "notional": 1000, "deadline": "2s"},
            "cooldown": "200ms",
        },
    },
    "risk": {"max_order_notional": 5000, "max_symbol_exposure": "50%", "max_gross_exposure": "100%"},
}


def run(folder: Path) -> BacktestDesk:
    desk, _ = prepare(small_desk(folder, **PARTS), keep_journal=True)
    desk.run()
    return desk


def test_a_desk_whose_rate_follows_the_market_keeps_the_venues_books(tmp_path: Path) -> None:
    desk = run(tmp_path)
    require_equal_books(desk)
    journal = [event for record in desk.store.actors["risk"].journal for event in record.events]
    books = Books()
    for event in journal:
        books.apply(event, 0)
    state = books.state
    taken = [event for event in journal if isinstance(event, RatesTaken)]
    booked = [event for event in journal if isinstance(event, FillBooked) and event.symbol == "ETH-BTC"]
    assert len(taken) >= 10
    assert len({event.rate for event in booked}) >= 3, "each at the rate of its time"
    assert state.rates["BTC"] == taken[-1].rates["BTC"] != D(60000)
    holding = state.holdings["paper/ETH-BTC"]
    balances = state.accounts["paper"].balances
    cash = Fraction(balances["USDT"]) + Fraction(balances["BTC"]) * Fraction(state.rates["BTC"])
    assert Fraction(state.totals.cash) == cash
    assert holding.rate == state.rates["BTC"]
    assert state.revalued != 0
    modes = [event.mode for event in journal if isinstance(event, ModeDecided)]
    assert modes[-1] is Mode.NORMAL
    assert Mode.REDUCE in modes, "until the first mark it was not known what the balance counts"
