"""What a paper venue is set up with from the desk's settings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from actors.execution.routing.settings import RoutingSettings
from actors.precheck.funds import Collateral
from actors.risk.actor import RiskActor
from actors.venues.matching.instruments import MarketKind, MarketModel
from actors.venues.port import VenueTraits
from cluster.host import venue_map
from cluster.host.paper_map import paper_instruments
from cluster.host.risk_map import risk_settings
from cluster.host.settings_map import execution_settings, routing_settings, strategy_settings
from config import DeskConfig, load_config
from config.duration import SECOND

pytestmark = pytest.mark.unit

DESK = """\
venues:
  paper: {{kind: paper, starting_balances: {{USDT: 1000}}, fill: {fill}}}
symbols:
  BTC-USDT: {{venue: paper, listing: BTCUSDT, tick: 0.10, lot: 0.001}}
strategies:
  ema: {{kind: ema_cross, order: {{notional: 100}}}}
"""


@pytest.mark.parametrize(
    ("fill", "model"),
    [
        ("{}", MarketModel(kind=MarketKind.TOP, slippage=Decimal("0.0001"))),
        (
            "{market: bars, slippage: 5bps, max_participation: 10%}",
            MarketModel(kind=MarketKind.BARS, slippage=Decimal("0.0005"), max_participation=Decimal("0.1")),
        ),
        (
            "{market: bars, slippage: 0, max_participation: null}",
            MarketModel(kind=MarketKind.BARS, slippage=Decimal(0), max_participation=None),
        ),
        (
            "{market: depth, queue_position: false}",
            MarketModel(kind=MarketKind.DEPTH, queue_position=False, slippage=Decimal("0.0001")),
        ),
    ],
)
def test_the_fill_model_is_the_venues(tmp_path: Path, fill: str, model: MarketModel) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text(DESK.format(fill=fill), encoding="utf-8")
    (instrument,) = paper_instruments(load_config(file, environ={}).config)
    assert instrument.market == model


def loaded(tmp_path: Path, *flags: str) -> DeskConfig:
    """The settings above, with overrides."""
    file = tmp_path / "desk.yaml"
    file.write_text(DESK.format(fill="{}"), encoding="utf-8")
    return load_config(file, environ={}, overrides=flags).config


def test_routes_are_worked_by_default_as_execution_would_without_settings(tmp_path: Path) -> None:
    assert routing_settings(loaded(tmp_path).venues["paper"].routing) == RoutingSettings()


def test_every_setting_of_routes_reaches_execution(tmp_path: Path) -> None:
    wanted = {
        "maker_patience": ("7s", "maker_patience_ns", 7 * SECOND),
        "fallback_margin": ("2s", "fallback_margin_ns", 2 * SECOND),
        "reprice_drift": ("5bps", "reprice_drift", Decimal("0.0005")),
        "reprice_interval": ("3s", "reprice_interval_ns", 3 * SECOND),
        "max_reprices": ("9", "max_reprices", 9),
        "max_rejects": ("4", "max_rejects", 4),
        "offset_ticks": ("-1", "offset_ticks", -1),
        "max_offset_ticks": ("8", "max_offset_ticks", 8),
        "cost_budget": ("20bps", "cost_budget", Decimal("0.002")),
        "quote_age": ("4s", "quote_age_ns", 4 * SECOND),
        "twap_notional": ("50", "twap_notional", Decimal(50)),
        "twap_slices": ("6", "twap_slices", 6),
        "twap_interval": ("8s", "twap_interval_ns", 8 * SECOND),
        "quality_orders": ("11", "quality_orders", 11),
        "tuning.symbols": ('["BTC-USDT"]', "tuning_symbols", ("BTC-USDT",)),
        "tuning.offset_step": ("3", "tuning_offset_step", 3),
        "tuning.bias_step": ("10%", "tuning_bias_step", 0.1),
        "tuning.every": ("30", "tuning_every", 30),
    }
    flags = [f"venues.paper.routing.{name}={text}" for name, (text, _, _) in wanted.items()]
    config = loaded(tmp_path, *flags, "venues.paper.fees.taker=6bps", "venues.paper.initial_margin=20%")
    settings = execution_settings(config, "paper", VenueTraits())
    assert {field: getattr(settings.routing, field) for _, field, _ in wanted.values()} == {
        field: value for _, field, value in wanted.values()
    }
    assert set(RoutingSettings.__struct_fields__) - {field for _, field, _ in wanted.values()} == {
        "keep_symbols"
    }
    assert settings.taker_fee == Decimal("0.0006")
    assert settings.collateral == {"BTC-USDT": Collateral("USDT", Decimal("0.2"))}


@pytest.mark.parametrize(("in_base", "fee"), [(True, "0.0004"), (False, "0")])
def test_a_fee_taken_in_kind_is_known_where_orders_are_sized(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_base: bool, fee: str
) -> None:
    monkeypatch.setattr(venue_map, "traits_of", lambda config, venue: VenueTraits(fee_in_base=in_base))
    [strategy] = strategy_settings(loaded(tmp_path), "BTC-USDT").strategies
    assert strategy.instrument.fee_in_kind == Decimal(fee)
    assert strategy.instrument.taker_fee == Decimal("0.0004")


def test_limits_of_parts_of_the_desk_reach_risk() -> None:
    flags = (
        'risk.tiers={"core": ["BTC-USDT"]}',
        'risk.themes={"majors": ["BTC-USDT", "ETH-USDT"]}',
        'risk.overrides={"theme:majors": {"max_exposure": "15%"}, "symbol:BTC-USDT": {"symbol_spacing": "1m"}}',
        'risk.regime_caps={"bear": "50%"}',
        "risk.max_spread=20bps",
    )
    told = risk_settings(load_config("synthetic", environ={}, overrides=flags).config)
    assert told.tiers == {"BTC-USDT": "core"}
    assert told.themes == {"majors": ("BTC-USDT", "ETH-USDT")}
    assert told.overrides == {
        "theme:majors": {"max_exposure": Decimal("0.15")},
        "symbol:BTC-USDT": {"symbol_spacing": 60_000_000_000},
    }
    assert told.limits.regime_caps == {"bear": Decimal("0.5")}
    assert (told.limits.max_spread, told.limits.strict, told.live) == (Decimal("0.002"), False, False)
    RiskActor(told)
