"""Settings of routes: what is refused, and what a stand-in for a venue takes over."""

from __future__ import annotations

from decimal import Decimal

import pytest

from config.duration import SECOND
from tests.config.conftest import Load, Refuse

pytestmark = pytest.mark.unit

ROUTING = "venues.paper.routing"


@pytest.mark.parametrize(
    ("flags", "field", "said"),
    [
        ([f"{ROUTING}.offset_ticks=6"], f"{ROUTING}.offset_ticks", "is beyond max_offset_ticks"),
        ([f"{ROUTING}.offset_ticks=-6"], f"{ROUTING}.offset_ticks", "is beyond max_offset_ticks"),
        ([f'{ROUTING}.tuning.symbols=["ETH-USDT"]'], f"{ROUTING}.tuning.symbols", "there is no such symbol"),
        (
            [f'{ROUTING}.tuning.symbols=["BTC-USDT","BTC-USDT"]'],
            f"{ROUTING}.tuning.symbols",
            "is listed twice",
        ),
        (
            [
                "strategies.ema.order.route=maker_first",
                "strategies.ema.order.deadline=5s",
                f"{ROUTING}.fallback_margin=5s",
            ],
            "strategies.ema.order.deadline",
            "is no longer than venues.paper.routing.fallback_margin",
        ),
        ([f"{ROUTING}.twap_slices=0"], f"{ROUTING}.twap_slices", "1"),
        ([f"{ROUTING}.cost_budget=-1bps"], f"{ROUTING}.cost_budget", "0"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    refuse: Refuse, flags: list[str], field: str, said: str
) -> None:
    error = refuse(flags=flags)
    assert error.field == field
    assert said in str(error)
    assert error.remedy


def test_a_direct_order_needs_no_time_for_taking(load: Load) -> None:
    flags = ["strategies.ema.order.deadline=5s", f"{ROUTING}.fallback_margin=5s"]
    assert load(flags=flags).config.venues["paper"].routing.fallback_margin == 5 * SECOND


def test_a_backtest_routes_and_protects_as_the_desk_does(load: Load) -> None:
    flags = [
        "venues.paper.kind=binance_usdm",
        "venues.paper.exchange.seed=1",
        "venues.paper.protective_stop=2%",
        f"{ROUTING}.maker_patience=7s",
        "feed.mode=auto",
    ]
    start = (
        "venues: {paper: {}}\n"
        "symbols: {BTC-USDT: {venue: paper, listing: BTCUSDT, tick: 0.10, lot: 0.001}}\n"
        "strategies: {ema: {kind: ema_cross, order: {notional: 100}}}\n"
    )
    venue = load(flags=flags, start=start).config.simulated.venues["paper"]
    assert venue.kind == "paper"
    assert venue.routing.maker_patience == 7 * SECOND
    assert venue.protective_stop == Decimal("0.02")
