"""Settings of the storms: a real desk's waits scaled to an exchange on the same machine, and everything in use."""

from __future__ import annotations

from actors.execution.settings import SECOND, ExecutionSettings
from actors.venues.binance_usdm.settings import BinanceUsdmSettings, StreamSettings
from actors.venues.binance_usdm.traits import binance_usdm_traits
from actors.venues.transport.http import Phases
from cluster.exchange.core.listings import default_listings
from cluster.exchange.fronts.binance_usdm.limits import LimitSettings
from messages.venue_account import MarginMode, SymbolMargin
from tests.chaos.exchange.trader import DESK, VENUE

LISTINGS = default_listings(6)
SYMBOLS = {f"{rules.base}-USDT-PERP": rules for rules in LISTINGS}
MILLISECOND = 1_000_000

WIDE = LimitSettings(
    weight_per_minute=1_000_000, orders_per_ten_seconds=100_000, orders_per_minute=600_000, tolerated=1_000
)
"""Limits that do not matter: a storm is about faults, and has its own rate."""

VENUE_SETTINGS = BinanceUsdmSettings(
    venue=VENUE,
    rest_url="http://127.0.0.1:1",
    stream_url="ws://127.0.0.1:1",
    listings={symbol: rules.listing for symbol, rules in SYMBOLS.items()},
    recv_window_ms=500,
    phases=Phases(connect_s=0.5, pool_s=0.5, write_s=0.5, read_s=0.25),
    stream=StreamSettings(
        open_s=0.5,
        ping_s=1.0,
        pong_s=1.0,
        keepalive_s=20.0,
        keepalive_retry_s=0.3,
        overlap_s=0.2,
        silence_s=0.3,
        first_pause_s=0.02,
        longest_pause_s=0.5,
    ),
    order_patience_s=3.0,
    address_limit=WIDE.weight_per_minute,
    orders_10s=WIDE.orders_per_ten_seconds,
    orders_1m=WIDE.orders_per_minute,
)
"""How the venue is reached: its waits about a hundredth of a real desk's, as the exchange is on the same machine.

An answer is waited for half as long as a request is good for, so that some are carried out after they were given up.
"""

EXECUTION_SETTINGS = ExecutionSettings(
    venue=VENUE,
    traits=binance_usdm_traits(VENUE_SETTINGS.request_expiry_ns),
    desk=DESK,
    symbols=tuple(SYMBOLS),
    tick_sizes={symbol: rules.tick for symbol, rules in SYMBOLS.items()},
    clock_bound_ns=100 * MILLISECOND,
    place_backoff_ns=10 * MILLISECOND,
    probe_delays_ns=(10 * MILLISECOND, 50 * MILLISECOND),
    probe_base_ns=300 * MILLISECOND,
    probe_max_ns=9 * SECOND,
    cancel_check_ns=100 * MILLISECOND,
    cancel_backoff_ns=20 * MILLISECOND,
    cancel_backoff_max_ns=300 * MILLISECOND,
    account_backoff_ns=50 * MILLISECOND,
    account_backoff_max_ns=600 * MILLISECOND,
    fills_overlap_ns=5 * SECOND,
    reconcile_interval_ns=3 * SECOND,
    dead_man_ns=4 * SECOND,
    instruments_interval_ns=5 * SECOND,
    max_order_age_ns=30 * SECOND,
    margins=tuple(SymbolMargin(symbol, 5, MarginMode.CROSS) for symbol in SYMBOLS),
    hedge_mode=False,
)
"""Probe times scaled 1:100, the rest of the waits alike, and everything in use that a desk may use."""
