"""Finding strategies and checking their parameters: every mistake names the field, the value and the remedy."""

from __future__ import annotations

import importlib.metadata
from decimal import Decimal
from importlib.metadata import EntryPoint

import pytest

from actors.strategy import registry
from actors.strategy.builtin.ema_cross import EmaCross
from actors.strategy.builtin.momentum import Momentum
from actors.strategy.settings import CooldownSettings, ExitSettings, OrderSettings
from config.entry_points import STRATEGY_GROUP, strategy_entry_points
from config.schema.strategies import BUILT_IN_STRATEGIES
from messages.errors import ConfigurationError
from tests.actors.strategy.sample_strategies import AlwaysRaises
from tests.actors.strategy.stage import SAMPLES, Stage, strategy

pytestmark = pytest.mark.unit


def test_built_in_strategies_are_found_by_name() -> None:
    assert registry.find("ema_cross") is EmaCross
    assert registry.find("momentum") is Momentum


def test_the_settings_know_the_same_built_in_strategies() -> None:
    assert set(registry.BUILT_IN) == set(BUILT_IN_STRATEGIES)


def test_a_strategy_of_ones_own_is_found_by_its_import_path() -> None:
    assert registry.find(f"{SAMPLES}:AlwaysRaises") is AlwaysRaises


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("ema_cros", "did you mean ema_cross"),
        ("martingale", "momentum, pipeline"),
        ("no_such_package.strategies:Mine", "can't be imported: ModuleNotFoundError"),
        (f"{SAMPLES}:Missing", "Missing in .* has no such name"),
        (f"{SAMPLES}:NotAStrategy", "is not a class derived from Strategy"),
        (f"{SAMPLES}:not_even_a_class", "is not a class derived from Strategy"),
        ("actors.strategy.strategy:Strategy", "is not a class derived from Strategy"),
        (":Mine", "no built-in strategy"),
    ],
)
def test_a_strategy_that_can_not_be_found_says_why(kind: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        registry.make(strategy(kind, "trend"))
    assert caught.value.field == "strategies.trend.kind"
    assert caught.value.value == kind


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        ({"fast": 0}, "fast", "greater than or equal to 1"),
        ({"fast": "ten"}, "fast", "valid integer"),
        ({"quick": 3}, "quick", "its parameters are: fast, slow"),
        ({"fast": 30, "slow": 20}, "", r"fast \(30\) must be below slow \(20\)"),
        ({"sampling_interval": 5}, "sampling_interval", "no unit"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value_and_what_is_allowed(parameters, field, message) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        registry.make(strategy("ema_cross", "trend", parameters=parameters))
    where = "strategies.trend.parameters"
    assert caught.value.field == (f"{where}.{field}" if field else where)


def test_all_wrong_parameters_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"fast: .*slow: "):
        registry.make(strategy("ema_cross", parameters={"fast": "x", "slow": "y"}))


def test_parameters_are_read_in_the_units_people_write() -> None:
    made = registry.make(strategy("momentum", parameters={"lookback": "5s", "threshold": "2bps"}))
    assert isinstance(made, Momentum)
    assert (made.parameters.lookback, made.parameters.threshold) == (5_000_000_000, 0.0002)


def test_a_strategy_twice_on_one_symbol_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="twice"):
        Stage(strategy(), strategy())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order": OrderSettings(Decimal(0))}, "order.notional"),
        ({"order": OrderSettings(Decimal(1), collar=Decimal(2))}, "order.collar"),
        ({"order": OrderSettings(Decimal(1), deadline=0)}, "order.deadline"),
        ({"exits": ExitSettings(stop=Decimal(0))}, "exits.stop"),
        ({"exits": ExitSettings(trailing=Decimal(1))}, "exits.trailing"),
        ({"exits": ExitSettings(retry_min=0)}, "exits.retry_min"),
        ({"cooldown": CooldownSettings(after_close=-1)}, "cooldown.after_close"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_their_field(changes, field) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Stage(strategy(**changes))
    assert caught.value.field == f"strategies.obey.{field}"


def test_an_interval_of_marks_must_be_above_zero() -> None:
    with pytest.raises(ConfigurationError, match="marks_interval"):
        Stage(marks_interval=0)


def test_a_strategy_of_an_installed_package_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "strategy_entry_points", lambda: {"raiser": f"{SAMPLES}:AlwaysRaises"})
    assert registry.find("raiser") is AlwaysRaises
    with pytest.raises(ConfigurationError, match="did you mean raiser"):
        registry.find("raisor")


def test_a_name_that_two_packages_give_to_different_classes_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = [
        EntryPoint("one", "a.b:C", STRATEGY_GROUP),
        EntryPoint("two", "a.b:C", STRATEGY_GROUP),
        EntryPoint("two", "a.b:D", STRATEGY_GROUP),
        EntryPoint("one", "a.b:C", STRATEGY_GROUP),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    strategy_entry_points.cache_clear()
    assert strategy_entry_points() == {"one": "a.b:C"}
    strategy_entry_points.cache_clear()
