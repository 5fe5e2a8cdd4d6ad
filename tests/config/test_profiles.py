"""The ready-made profiles load, trade on paper only and say what they promise."""

from __future__ import annotations

from decimal import Decimal

import pytest

from config import DeskConfig, load_config, profile_names
from config.duration import MILLISECOND, SECOND

pytestmark = pytest.mark.unit


@pytest.fixture(params=profile_names())
def profile(request: pytest.FixtureRequest) -> DeskConfig:
    """Each of the profiles."""
    return load_config(str(request.param), environ={}).config


def test_the_profiles_are_known() -> None:
    assert profile_names() == ("demo", "paper", "replay", "synthetic")


def test_a_profile_trades_on_paper(profile: DeskConfig) -> None:
    assert profile.desk.environment == "paper"
    assert not any(getattr(venue, "real_money", False) for venue in profile.venues.values())


def test_a_profiles_orders_can_be_approved(profile: DeskConfig) -> None:
    for name, strategy in profile.strategies.items():
        assert profile.risk.min_notional <= strategy.order.notional <= profile.risk.max_order_notional
        assert all(
            strategy.order.notional >= profile.symbols[each].min_notional for each in profile.symbols_of(name)
        )


def test_a_profile_is_named_like_its_desk() -> None:
    assert [load_config(name, environ={}).config.desk.name for name in profile_names()] == list(
        profile_names()
    )


def test_replay_trades_both_recorded_symbols_taking_and_resting() -> None:
    config = load_config("replay", environ={}).config
    assert {name: symbol.listing for name, symbol in config.symbols.items()} == {
        "BTC-USDT": "BTCUSDT",
        "ETH-USDT": "ETHUSDT",
    }
    assert config.symbols["BTC-USDT"].tick == Decimal("0.1")
    assert config.venues["paper"].fees.taker == Decimal("0.0004")
    assert config.venues["paper"].latency_order == 5 * MILLISECOND
    assert {strategy.order.style for strategy in config.strategies.values()} == {"market", "post_only"}


def test_the_synthetic_market_outlasts_a_slow_start() -> None:
    feed = load_config("synthetic", environ={}).config.feed
    assert feed.mode == "synthetic"
    assert feed.synthetic.duration is not None
    assert feed.synthetic.duration >= 300 * SECOND


def test_the_demo_trades_a_dozen_symbols_over_a_real_protocol() -> None:
    config = load_config("demo", environ={}).config
    assert len(config.symbols) >= 12
    assert {venue.kind for venue in config.venues.values()} == {"binance_usdm"}
    assert not any(venue.real_money for venue in config.venues.values())
    assert config.feed.live
