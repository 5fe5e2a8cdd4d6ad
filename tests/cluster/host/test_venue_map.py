"""Settings of a venue with a protocol of its own, as its processes get them."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.execution.settings import ExternalPolicy, ReconcilePolicy
from cluster.host import venue_map
from cluster.host.launch import Launch
from cluster.host.tree_plan import tree_of
from cluster.host.venue_access import BinanceUsdmAccess, PaperAccess
from cluster.session_feed import FeedPlan
from config.loader import load_config
from messages.child_specs import SECOND
from messages.venue_account import MarginMode

pytestmark = pytest.mark.unit

REMOTE = (
    "venues.binance.exchange=null",
    "venues.binance.rest_url=https://demo-fapi.binance.com/",
    "venues.binance.stream_url=wss://fstream.binancefuture.com",
    "venues.binance.api_key=the-key",
    "venues.binance.api_secret=the-secret",
)


def launched(profile: str, *overrides: str) -> Launch:
    loaded = load_config(profile, environ={}, overrides=overrides)
    return Launch(
        desk=loaded.config.desk.name,
        namespace="n",
        config=loaded.config,
        config_hash=loaded.hash,
        code_version="",
        redis_url="",
        folder="/home",
        feed=FeedPlan(),
    )


def test_a_paper_venue_is_reached_through_its_folder() -> None:
    assert venue_map.access_of(launched("synthetic"), "paper") == PaperAccess("paper", "/home/venues/paper")


def test_a_local_exchange_is_reached_through_its_home() -> None:
    access = venue_map.access_of(launched("demo"), "binance")
    assert isinstance(access, BinanceUsdmAccess)
    assert (access.home, access.key, access.secret) == ("/home/venues/binance", "", "")
    assert access.settings.listings["BTC-USDT-PERP"] == "BTCUSDT"


def test_an_account_elsewhere_is_reached_at_its_address_with_its_key() -> None:
    access = venue_map.access_of(launched("demo", *REMOTE), "binance")
    assert isinstance(access, BinanceUsdmAccess)
    assert (access.home, access.key, access.secret) == ("", "the-key", "the-secret")
    assert access.settings.rest_url == "https://demo-fapi.binance.com"
    assert access.settings.stream_url == "wss://fstream.binancefuture.com"


def test_a_venue_elsewhere_is_no_process_of_the_desk() -> None:
    near, far = launched("demo"), launched("demo", *REMOTE)
    assert "venue/binance" in _children(near)
    assert "venue/binance" not in _children(far)
    assert "execution/binance" in _children(far)


def test_more_symbols_than_wanted_on_a_connection_each_share_a_relay() -> None:
    few, many = launched("demo"), launched("demo", "venues.binance.relay_above=5")
    assert "relay/binance" not in _children(few)
    assert venue_map.live_sources(few, ("BTC-USDT-PERP",))[0].relay_socket == ""
    assert _children(many).index("relay/binance") < _children(many).index("execution/binance")
    part = venue_map.relay_of(many, "binance")
    assert len(part.subscriptions) == 12
    assert venue_map.live_sources(many, ("BTC-USDT-PERP",))[0].relay_socket == part.socket


def test_execution_is_told_what_the_settings_say_of_its_account() -> None:
    settings = venue_map.execution_of(
        launched(
            "demo", "venues.binance.reconcile.policy=auto", "venues.binance.reconcile.external_orders=cancel"
        ).config,
        "binance",
    )
    assert (settings.desk, len(settings.symbols)) == ("demo", 12)
    assert settings.reconcile_policy is ReconcilePolicy.AUTO
    assert settings.external_policy is ExternalPolicy.CANCEL
    assert settings.dead_man_ns == 60 * SECOND
    assert {(each.leverage, each.margin) for each in settings.margins} == {(5, MarginMode.CROSS)}
    assert settings.request_expiry_ns == 4 * SECOND


def test_what_is_not_wanted_of_the_account_is_left_as_it_is() -> None:
    launch = launched("demo", "venues.binance.leverage=null", "venues.binance.margin=null")
    assert venue_map.execution_of(launch.config, "binance").margins == ()


def test_the_exchange_lists_the_desks_symbols_as_the_desk_knows_them() -> None:
    launch = launched(
        "demo",
        "venues.binance.exchange.start_prices.BTC-USDT-PERP=50000",
        "venues.binance.exchange.latency=20ms",
        'venues.binance.exchange.faults=["timeout_after:5%@POST /fapi/v1/order"]',
    )
    settings = venue_map.exchange_of(launch, "binance")
    listed = {rules.listing: rules for rules in settings.market.listings}
    assert set(listed) == {each.listing for each in launch.config.symbols.values()}
    bitcoin = listed["BTCUSDT"]
    assert (bitcoin.tick, bitcoin.lot) == (Decimal("0.1"), Decimal("0.001"))
    assert (bitcoin.min_notional, bitcoin.taker_fee) == (Decimal(100), Decimal("0.0004"))
    assert settings.market.start_prices == {"BTCUSDT": 50000.0}
    assert [rule.kind.value for rule in settings.faults.rules] == ["timeout_after", "latency"]
    assert settings.faults.rules[1].low_s == 0.02
    [account] = settings.accounts
    assert account.balances == {"USDT": Decimal(100_000)}


def test_what_travels_to_a_process_holds_no_secret_that_it_does_not_need() -> None:
    launch = launched("demo", *REMOTE)
    assert b"the-secret" not in msgspec.msgpack.encode(venue_map.live_sources(launch, ("BTC-USDT-PERP",))[0])


def _children(launch: Launch) -> list[str]:
    specs = tree_of(launch.config, launch.feed).values()
    return [child.id for spec in specs for child in spec.children]
