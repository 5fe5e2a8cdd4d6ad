"""A desk of a thousand symbols with every check of risk's at work, and the load that risk is measured with on it.

Half of the symbols are held, long and short; limits are as wide as it takes to approve everything, so that each intent
goes through all checks and is reserved.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from cluster.bench.workload import EXECUTION, HOUR, VENUE, bench_launch
from cluster.host.launch import Launch
from config.schema import DeskConfig
from messages.account_events import AccountSeeded, MarginsTold, VenueReconciled
from messages.base import Address, Message
from messages.intents import OrderIntent, OrderTerms, OrderType, Side
from messages.market import Mark, Marks, QuoteSnapshot
from messages.venue_account import PositionMargin

SYMBOLS: Final = tuple(f"S{index:04}-USDT" for index in range(1_000))
LONG: Final = SYMBOLS[::4]
SHORT: Final = SYMBOLS[2::4]
MARKET_SYMBOLS: Final = 20
"""Symbols that one message of marks is about."""

LIMITS: Final[dict[str, object]] = {
    "max_order_notional": 1_000_000,
    "max_symbol_exposure": "90%",
    "max_gross_exposure": "100000%",
    "max_open_positions": 5_000,
    "max_open_orders": 1_000_000,
    "price_collar": "90%",
    "max_mark_age": "1h",
    "max_nav_age": "1h",
    "max_intent_age": "1h",
    "weekly_loss_limit": "50%",
    "max_portfolio_var": "10000%",
    "max_position_cvar": "10000%",
    "max_correlated_exposure": "100000%",
    "whitelist": list(SYMBOLS),
    "prevent_self_trade": True,
    "max_quantity": 1_000_000,
    "max_position_quantity": 100_000_000,
    "max_trade_nav": "50%",
    "fat_finger_multiple": 1_000,
    "max_mark_move": "90%",
    "max_spread": "10%",
    "max_depth_share": "10000%",
    "min_profit": "0%",
    "max_leverage": 1_000,
    "max_margin_use": "90%",
    "min_liquidation_distance": "1%",
    "max_net_exposure": "100000%",
    "max_concentration": "90%",
    "max_total_at_risk": "100000%",
    "max_symbol_orders": 1_000_000,
    "cooldown_after_fill": "1ns",
    "cooldown_after_win": "1ns",
    "cooldown_after_loss": "1ns",
    "cooldown_after_stop": "1ns",
    "max_consecutive_losses": 1_000,
    "max_errors": 100,
    "max_burst": 1_000,
    "burst_window": "1us",
    "max_symbol_hourly_trades": 10_000_000,
    "max_hourly_trades": 10_000_000,
    "max_daily_trades": 10_000_000,
    "max_cycle_orders": 10_000_000,
    "max_cycle_notional": 1_000_000_000_000,
    "regime": "bull",
    "regime_caps": {"bull": 1},
    "tiers": {"core": list(SYMBOLS[:500]), "satellite": list(SYMBOLS[500:])},
    "themes": {"first": list(SYMBOLS[:100])},
    "overrides": {
        f"venue:{VENUE}": {"max_exposure": "100000%"},
        "tier:core": {"max_exposure": "100000%"},
        "tier:satellite": {"max_exposure": "100000%"},
        "theme:first": {"max_exposure": "100000%"},
        "strategy:ema": {"max_order_notional": 900_000},
        "symbol:S0001-USDT": {"max_order_notional": 800_000},
    },
}
"""Every limit of `risk` that is off by default is on, but for times between entries: a batch is decided at one time."""

SPACING_S: Final = 1
MIN_SAMPLES: Final = 10
"""Samples come as soon as the settings allow, for a measurement that runs in real time has to wait for them."""


def wide_launch(url: str, folder: Path) -> Launch:
    """The desk of `workload`, with a thousand symbols and every limit set."""
    launch = bench_launch(url, folder)
    document = launch.config.model_dump(mode="json")
    document["symbols"] = {name: _listed(name) for name in SYMBOLS}
    document["feed"]["synthetic"]["start_prices"] = dict.fromkeys(SYMBOLS, "100")
    document["feed"]["synthetic"].update(duration=None)
    document["strategies"] = {"ema": {**document["strategies"]["ema"], "symbols": list(SYMBOLS)}}
    document["risk"] |= LIMITS
    document["risk"]["statistics"] |= {"spacing": f"{SPACING_S}s", "min_samples": MIN_SAMPLES}
    config = DeskConfig.model_validate(document)
    return Launch(
        desk=launch.desk,
        namespace=launch.namespace,
        config=config,
        config_hash=launch.config_hash,
        code_version=launch.code_version,
        redis_url=launch.redis_url,
        folder=launch.folder,
        feed=launch.feed,
    )


def _listed(name: str) -> dict[str, object]:
    return {
        "venue": VENUE,
        "listing": name.replace("-", ""),
        "tick": "0.01",
        "lot": "0.001",
        "min_notional": 5,
    }


def opening(generation: str) -> tuple[tuple[Address, Message], ...]:
    """What risk hears before it may approve: the account with its positions, and that it is as it should be; then what
    the venue says of their margin."""
    held = {**dict.fromkeys(LONG, Decimal(10)), **dict.fromkeys(SHORT, Decimal(-10))}
    margins = {name: PositionMargin(much, Decimal(5), 100 - 5 * much) for name, much in held.items()}
    return (
        (EXECUTION, AccountSeeded(VENUE, {"USDT": Decimal(100_000_000_000)}, held)),
        (EXECUTION, VenueReconciled(VENUE, clean=True, detail="", generation=generation)),
        (EXECUTION, MarginsTold(VENUE, margins)),
    )


class Market:
    """Prices of all symbols: one common move and one of its own for each, drawn from a seed."""

    def __init__(self, seed: int = 7) -> None:
        self._chance = random.Random(seed)
        self._prices = dict.fromkeys(SYMBOLS, 100.0)
        self._next = 0

    def all_marks(self, now: int) -> Marks:
        """Every symbol moves and is marked."""
        common = self._chance.gauss(0.0, 0.0004)
        for name in SYMBOLS:
            self._prices[name] *= math.exp(common + self._chance.gauss(0.0, 0.0005))
        return Marks(tuple(self._mark(name, now) for name in SYMBOLS))

    def some_marks(self, now: int) -> Marks:
        """The next few symbols move and are marked, as one process of strategies would tell it."""
        names = [SYMBOLS[(self._next + step) % len(SYMBOLS)] for step in range(MARKET_SYMBOLS)]
        self._next += MARKET_SYMBOLS
        for name in names:
            self._prices[name] *= math.exp(self._chance.gauss(0.0, 0.0001))
        return Marks(tuple(self._mark(name, now) for name in names))

    def _mark(self, name: str, now: int) -> Mark:
        bid = round(self._prices[name], 2)
        return Mark(name, bid, round(bid + 0.01, 2), now)


def intents(now: int) -> Iterator[OrderIntent]:
    """Orders for 500 USDT, symbol after symbol, without end; each adds to what is held, long or short."""
    number, short = 0, dict.fromkeys(SHORT)
    while True:
        symbol = SYMBOLS[number * 7 % len(SYMBOLS)]
        side = Side.SELL if symbol in short else Side.BUY
        terms = OrderTerms(
            symbol,
            VENUE,
            side,
            Decimal("5.000"),
            OrderType.MARKET,
            Decimal("100.5") if side is Side.BUY else Decimal("99.5"),
            now + HOUR,
        )
        quote = QuoteSnapshot(99.99, 100.0, 1_000.0, 1_000.0, now, now)
        yield OrderIntent("ema", terms, quote, "fast crossed above slow", 0.5)
        number += 1
