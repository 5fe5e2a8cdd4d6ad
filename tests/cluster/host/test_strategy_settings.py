"""What a strategy actor is set up with from the desk's settings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from actors.strategy.actor import StrategyActor
from actors.strategy.intelligence import IntelligenceSettings
from actors.strategy.schedule import MINUTE, DecideOn, ScheduleSettings, SessionWindow
from actors.strategy.settings import StrategySettings
from cluster.host.settings_map import strategy_settings
from cluster.models.for_strategies import models_for
from config import load_config
from messages.errors import ModelLoadError

pytestmark = pytest.mark.unit

DESK = """\
venues:
  paper: {kind: paper, starting_balances: {USDT: 1000}}
symbols:
  BTC-USDT: {venue: paper, listing: BTCUSDT, tick: 0.10, lot: 0.001}
  ETH-USDT: {venue: paper, listing: ETHUSDT, tick: 0.10, lot: 0.001}
strategies:
  ema:
    kind: ema_cross
    order: {notional: 100}
"""


def settings(tmp_path: Path, text: str = "") -> StrategySettings:
    """The strategy of BTC-USDT, with these lines added to it."""
    file = tmp_path / "desk.yaml"
    file.write_text(DESK + text, encoding="utf-8")
    [strategy] = strategy_settings(load_config(file, environ={}).config, "BTC-USDT").strategies
    return strategy


def test_budget_weight_and_precedence_reach_the_actor(tmp_path: Path) -> None:
    chosen = settings(tmp_path, "    budget: 5000\n    weight: 2.5\n    deduplicate: true\n")
    assert (chosen.budget, chosen.budget_parts) == (Decimal(5_000), 2)
    assert (chosen.weight, chosen.deduplicate) == (Decimal("2.5"), True)
    plain = settings(tmp_path)
    assert (plain.budget, plain.weight, plain.deduplicate) == (None, Decimal(1), False)


def test_the_schedule_reaches_the_actor(tmp_path: Path) -> None:
    chosen = settings(
        tmp_path, '    schedule: {on: interval, interval: 5m, windows: ["mon-fri 08:00-16:30"]}\n'
    )
    assert chosen.schedule == ScheduleSettings(
        DecideOn.INTERVAL,
        5 * MINUTE,
        (SessionWindow((0, 1, 2, 3, 4), 480 * MINUTE, 990 * MINUTE),),
    )
    assert settings(tmp_path).schedule == ScheduleSettings()


def test_a_trailing_stop_reaches_the_actor(tmp_path: Path) -> None:
    assert settings(tmp_path, "    trailing: 2%\n").exits.trailing == Decimal("0.02")
    assert settings(tmp_path).exits.trailing is None


def test_nested_parameters_reach_the_class_that_checks_them(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    pipeline = """\
  flow:
    kind: pipeline
    budget: 10000
    order: {notional: 100}
    parameters:
      interval: 5m
      horizons: [5m, 1h]
      gates: {spread: {max_spread_bps: 8}, chop: {enabled: false}}
"""
    file.write_text(DESK + pipeline, encoding="utf-8")
    chosen = strategy_settings(load_config(file, environ={}).config, "BTC-USDT")
    actor = StrategyActor("strategy/BTC-USDT", chosen, models=models_for(chosen))
    parameters = actor.strategies[1].parameters
    assert parameters.gates.spread.max_spread_bps == 8.0  # type: ignore[attr-defined]
    assert parameters.horizons == ("5m", "1h")  # type: ignore[attr-defined]


def test_models_that_are_not_there_are_named(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text(DESK + f"    models: [{tmp_path / 'run'}]\n", encoding="utf-8")
    chosen = strategy_settings(load_config(file, environ={}).config, "BTC-USDT")
    with pytest.raises(ModelLoadError, match="run directory"):
        models_for(chosen)


def test_without_models_nothing_of_them_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text(DESK, encoding="utf-8")
    assert models_for(strategy_settings(load_config(file, environ={}).config, "BTC-USDT")) == {}


def test_intelligence_reaches_the_actor_only_where_it_is_wanted(tmp_path: Path) -> None:
    assert settings(tmp_path).intelligence is None
    assert settings(tmp_path, "    intelligence: {rest: 1h}\n").intelligence is None
    chosen = settings(
        tmp_path, "    intelligence: {enabled: true, window: 12h, max_drawdown: 5%, max_factor: 1.5}\n"
    )
    assert chosen.intelligence == IntelligenceSettings(window=720 * MINUTE, max_drawdown=0.05, max_factor=1.5)
    never = settings(tmp_path, "    intelligence: {enabled: true, max_drawdown: null}\n")
    assert never.intelligence is not None
    assert never.intelligence.max_drawdown is None
