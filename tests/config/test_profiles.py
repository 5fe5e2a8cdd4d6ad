"""The ready-made profiles load, trade on paper only and say what they promise."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cluster.host.risk_map import risk_settings
from cluster.preflight import HARD_CAPS
from config import ConfigurationError, DeskConfig, load_config, profile_names
from config.catalogue import settings
from config.duration import MILLISECOND, SECOND

pytestmark = pytest.mark.unit


REAL = ("live", "pilot")
"""Profiles that send real orders, once a person has armed them."""
PLAYING = tuple(name for name in profile_names() if name not in REAL)
KEYS = {"BINANCE_API_KEY": "key-of-the-account", "BINANCE_API_SECRET": "secret-of-the-account"}
ARMED = {"arming.live_trading": True, "arming.acknowledgement": "I_UNDERSTAND"}


def real(name: str, **changes: object) -> DeskConfig:
    """A profile with what a person has to add."""
    return load_config(name, environ=KEYS, overrides={**ARMED, **changes}).config


@pytest.fixture(params=PLAYING)
def profile(request: pytest.FixtureRequest) -> DeskConfig:
    """Each of the profiles."""
    return load_config(str(request.param), environ={}).config


def test_the_profiles_are_known() -> None:
    assert profile_names() == ("demo", "live", "paper", "pilot", "replay", "synthetic")


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
    assert [load_config(name, environ={}).config.desk.name for name in PLAYING] == list(PLAYING)
    assert [real(name).desk.name for name in REAL] == list(REAL)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("missing", [*ARMED, *KEYS])
def test_no_profile_trades_live_before_a_person_has_said_everything(name: str, missing: str) -> None:
    keys = {each: value for each, value in KEYS.items() if each != missing}
    said = {each: value for each, value in ARMED.items() if each != missing}
    with pytest.raises(ConfigurationError, match=missing):
        load_config(name, environ=keys, overrides=said)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"arming.stage": None}, "arming.stage"),
        ({"venues.binance.protective_stop": None}, "venues.binance.protective_stop"),
        ({"venues.binance.read_only": True}, "venues.binance.read_only"),
        ({"metrics.enabled": False}, "metrics.enabled"),
        ({"arming.stage": "pilot", "risk.canary_exposure": None}, "risk.canary_exposure"),
    ],
)
def test_live_is_refused_without_what_it_needs(name: str, change: dict[str, object], field: str) -> None:
    with pytest.raises(ConfigurationError, match=field):
        real(name, **change)


def test_live_spells_out_every_threshold() -> None:
    loaded = load_config("live", environ=KEYS, overrides=ARMED)
    assert [name for name in HARD_CAPS if f"risk.{name}" not in loaded.sources] == []
    anomalies = [path for path, _ in settings() if path[:2] == ("risk", "anomalies")]
    assert [".".join(path) for path in anomalies if ".".join(path) not in loaded.sources] == []


def test_the_pilot_is_live_with_the_caps_of_a_canary() -> None:
    live, pilot = real("live"), real("pilot")
    assert live.risk.canary_exposure is None
    assert (pilot.risk.canary_order_notional, pilot.risk.canary_exposure) == (Decimal(150), Decimal(300))
    assert pilot.venues == live.venues
    for name, strategy in pilot.strategies.items():
        assert pilot.risk.min_notional <= strategy.order.notional <= Decimal(150), name
    limits = risk_settings(real("pilot", **{"risk.max_order_notional": 100_000})).limits
    assert limits.canary_order_notional == Decimal(150)


def test_dry_run_and_kill_switch_tighten_a_live_profile() -> None:
    dry = load_config("live", environ={**KEYS, "DRY_RUN": "1"}).config
    assert dry.desk.environment == "dry_run"
    held = load_config("live", environ={**KEYS, "KILL_SWITCH": "1"}, overrides=ARMED).config
    assert held.risk.kill_switch


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
