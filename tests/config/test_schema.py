"""The schema itself: documented, immutable, and carried whole to other processes."""

from __future__ import annotations

import json
import pickle

import pytest
from pydantic import ValidationError

from config import DeskConfig
from config.catalogue import is_secret, node_at, settings
from config.duration import SECOND
from tests.config.conftest import SMALLEST, Load, Refuse

pytestmark = pytest.mark.unit


def test_every_setting_and_section_is_described() -> None:
    undescribed = [path for path, node in settings() if not node.description.endswith(".")]
    assert undescribed == []
    sections = [node_at(path[:-1]) for path, _ in settings() if len(path) > 1 and path[-2] != "*"]
    assert all(node is not None and node.description for node in sections)


def test_the_secrets_are_known() -> None:
    assert [path for path, node in settings() if node.secret] == [
        ("redis", "url"),
        ("venues", "*", "api_key"),
        ("venues", "*", "api_secret"),
        ("metrics", "control_token"),
    ]
    assert is_secret(("redis", "url"))
    assert not is_secret(("redis", "mode"))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ((), "section"),
        (("venues",), "entries"),
        (("venues", "paper"), "section"),
        (("venues", "paper", "fees", "maker"), "setting"),
        (("venues", "paper", "starting_balances"), "entries"),
        (("strategies", "x", "parameters", "y"), "setting"),
        (("strategies", "x", "symbols"), "setting"),
    ],
)
def test_the_catalogue_knows_what_a_name_is(path: tuple[str, ...], form: str) -> None:
    node = node_at(path)
    assert node is not None
    assert node.form == form


@pytest.mark.parametrize("path", [("nothing",), ("desk", "name", "deeper"), ("venues", "paper", "nothing")])
def test_the_catalogue_knows_no_other_names(path: tuple[str, ...]) -> None:
    assert node_at(path) is None


def test_settings_cannot_be_changed(load: Load) -> None:
    config = load().config
    with pytest.raises(ValidationError, match="frozen"):
        config.desk.seed = 8


def test_settings_survive_the_way_to_another_process(load: Load) -> None:
    config = load("redis: {mode: url, url: 'redis://:hunter2@h'}\n").config
    carried = pickle.loads(pickle.dumps(config))
    assert carried == config
    assert carried.redis.url.get_secret_value() == "redis://:hunter2@h"


def test_a_dump_is_read_back_as_the_same_settings(load: Load) -> None:
    config = load(flags={"risk.max_gross_exposure": "150%", "feed.speed": "lockstep"}).config
    assert DeskConfig.model_validate(config.model_dump()) == config
    assert DeskConfig.model_validate(json.loads(config.model_dump_json())) == config


def test_contradictions_are_refused_without_the_loader_too(load: Load) -> None:
    data = load().config.model_dump()
    data["symbols"]["BTC-USDT"]["venue"] = "nowhere"
    with pytest.raises(ValidationError, match=r"symbols\.BTC-USDT\.venue: there is no such venue"):
        DeskConfig.model_validate(data)


def test_the_json_schema_names_durations_and_ratios_as_text() -> None:
    definitions = DeskConfig.model_json_schema()["$defs"]
    assert definitions["RiskSettings"]["properties"]["max_mark_age"]["type"] == "string"
    assert definitions["PaperVenueSettings"]["properties"]["kind"]["const"] == "paper"


def test_the_symbols_of_a_strategy_are_its_own_or_all(load: Load) -> None:
    assert load().config.symbols_of("ema") == ("BTC-USDT",)
    assert load(flags={"strategies.ema.symbols": ["BTC-USDT"]}).config.symbols_of("ema") == ("BTC-USDT",)
    with pytest.raises(KeyError):
        load().config.symbols_of("none")


def test_parameters_may_be_nested(load: Load) -> None:
    start = SMALLEST.replace(
        "order:", "parameters: {gates: [{name: spread, most: 12.5}], tiers: {core: 1}}, order:"
    )
    parameters = load(start=start).config.strategies["ema"].parameters
    assert parameters == {"gates": [{"name": "spread", "most": 12.5}], "tiers": {"core": 1}}
    assert isinstance(parameters["gates"][0]["most"], float)  # type: ignore[index]


def test_parameters_are_plain_numbers_and_texts(load: Load) -> None:
    start = SMALLEST.replace(
        "order:", "parameters: {fast: 20, threshold: 2bps, weight: 0.5, loud: true}, order:"
    )
    parameters = load(start=start).config.strategies["ema"].parameters
    assert parameters == {"fast": 20, "threshold": "2bps", "weight": 0.5, "loud": True}
    assert [type(value) for value in parameters.values()] == [int, str, float, bool]


def test_times_are_nanoseconds(load: Load) -> None:
    assert load().config.redis.on_store_loss == 5 * SECOND


@pytest.mark.parametrize("ratio", ["0", "101%", "-1%"])
def test_a_bars_volume_is_taken_in_part_or_whole(refuse: Refuse, ratio: str) -> None:
    error = refuse(flags=[f"venues.paper.fill.max_participation={ratio}"])
    assert "venues.paper.fill.max_participation" in str(error)
