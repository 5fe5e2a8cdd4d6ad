"""A whole desk that lacks the currency of what it buys: it exchanges another for it first, and its books agree."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.strategy.strategy import Strategy
from actors.strategy.view import SymbolView
from cluster.backtest.desk import BacktestDesk
from cluster.backtest.runner import prepare, require_equal_books
from messages.treasury import ConversionEnded, ConversionStarted
from tests.cluster.backtest.market import DESK, SECOND, small_desk

pytestmark = pytest.mark.unit

D = Decimal


class Watcher(Strategy):
    """Brings the marks of its symbol, and never trades."""

    def on_quote(self, view: SymbolView) -> bool:
        return False

    def decide(self, desk: object) -> None:
        raise AssertionError("it is never asked")


class Buyer(Strategy):
    """Buys once, a second into the market, and holds."""

    def on_start(self) -> None:
        self.first: int | None = None

    def on_quote(self, view: SymbolView) -> bool:
        self.first = view.quote_time if self.first is None else self.first
        return view.quote_time > self.first + SECOND

    def decide(self, desk: Any) -> None:
        desk.target(1)


SYMBOLS = {
    "BTC-USDC": {"venue": "paper", "listing": "BTCUSDC", "tick": 0.1, "lot": 0.001, "min_notional": 10},
    "USDC-USDT": {"venue": "paper", "listing": "USDCUSDT", "tick": 0.0001, "lot": 0.01, "converts": True},
}
PARTS: dict[str, Any] = {
    "desk": {**DESK["desk"], "rates": {"USDC": 1}},
    "feed": {
        "mode": "synthetic",
        "synthetic": {
            "seed": 5,
            "duration": "5s",
            "volatility": "0.1bps",
            "quotes_per_second": 20,
            "start_prices": {"BTC-USDC": 60000, "USDC-USDT": 1},
        },
    },
    "venues": {
        "paper": {
            **DESK["venues"]["paper"],
            "starting_balances": {"USDT": 10000, "USDC": 500},
            "initial_margin": 1,
            "allow_short": False,
        }
    },
    "symbols": SYMBOLS,
    "strategies": {
        "watch": {
            "kind": f"{__name__}:Watcher",
            "symbols": ["USDC-USDT"],
            "order": {"style": "market", "notional": 100},
        },
        "buy": {
            "kind": f"{__name__}:Buyer",
            "symbols": ["BTC-USDC"],
            "order": {"style": "market", "notional": 2000, "deadline": "2s"},
        },
    },
    "risk": {"max_order_notional": 5000, "max_symbol_exposure": "50%", "max_gross_exposure": "100%"},
    "treasury": {"convert": {"enabled": True}},
}


def run(folder: Path) -> BacktestDesk:
    desk, _ = prepare(small_desk(folder, **PARTS), keep_journal=True)
    desk.run()
    return desk


def events(desk: BacktestDesk, kind: type) -> list[Any]:
    return [
        event
        for record in desk.store.actors["risk"].journal
        for event in record.events
        if isinstance(event, kind)
    ]


def test_the_desk_exchanges_what_it_needs_and_its_books_are_the_venues(tmp_path: Path) -> None:
    desk = run(tmp_path)
    (started,), (ended,) = events(desk, ConversionStarted), events(desk, ConversionEnded)
    assert (started.currency, ended.leg_id) == ("USDC", started.leg_id)
    assert ended.filled > started.deficit > 0
    require_equal_books(desk)
