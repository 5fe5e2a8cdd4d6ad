"""The hash: the same for the same settings however written, another for any other, blind to secrets."""

from __future__ import annotations

import pytest

from config import DeskConfig, config_hash, load_config
from tests.config.conftest import Load

pytestmark = pytest.mark.unit


def test_the_hash_is_a_sha256_of_the_settings(load: Load) -> None:
    loaded = load()
    assert loaded.hash == config_hash(loaded.config)
    assert len(loaded.hash) == 64
    assert int(loaded.hash, 16) > 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("risk: {price_collar: 1%}\n", "risk: {price_collar: 0.01}\n"),
        ("risk: {price_collar: 1.0%}\n", "risk: {price_collar: 100bps}\n"),
        ("risk: {max_mark_age: 1m}\n", "risk: {max_mark_age: 60s}\n"),
        ("risk: {max_order_notional: 5000}\n", "risk: {max_order_notional: 5000.00}\n"),
        ("feed: {speed: 1}\n", "feed: {speed: '1.0x'}\n"),
        ("desk: {seed: 7}\n", ""),
        ("risk: {max_open_orders: 3}\ndesk: {seed: 1}\n", "desk: {seed: 1}\nrisk: {max_open_orders: 3}\n"),
    ],
)
def test_equal_settings_have_one_hash_however_they_are_written(load: Load, one: str, other: str) -> None:
    assert load(one).hash == load(other).hash


@pytest.mark.parametrize("flag", ["desk.seed=8", "risk.price_collar=2%", "strategies.ema.parameters.fast=3"])
def test_any_other_setting_has_another_hash(load: Load, flag: str) -> None:
    assert load(flags=[flag]).hash != load().hash


def test_where_a_setting_came_from_does_not_matter(load: Load) -> None:
    by_file, by_flag = load("desk: {seed: 9}\n"), load(flags=["desk.seed=9"])
    assert by_file.hash == by_flag.hash == load(environ={"RAYDESK__DESK__SEED": "9"}).hash


def test_a_secret_is_no_part_of_the_hash(load: Load) -> None:
    text = "redis: {mode: url, url: '${U}'}\n"
    assert load(text, {"U": "redis://:one@h"}).hash == load(text, {"U": "redis://:two@h"}).hash


def test_the_order_of_entries_does_not_matter() -> None:
    config = load_config("replay", environ={}).config
    data = config.model_dump()
    for section in ("venues", "symbols", "strategies"):
        data[section] = dict(reversed(data[section].items()))
    turned = DeskConfig.model_validate(data)
    assert list(turned.symbols) == list(config.symbols)[::-1]
    assert config_hash(turned) == config_hash(config)


def test_the_hash_of_a_profile_is_the_same_in_every_load() -> None:
    assert load_config("replay", environ={}).hash == load_config("replay", environ={"X": "1"}).hash
