"""The hash: the same for the same settings however written, another for any other, blind to secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

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


def decimals(value: object) -> Iterator[Decimal]:
    if isinstance(value, Decimal):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from decimals(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from decimals(each)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("symbols.BTC-USDT.tick=0.10", "symbols.BTC-USDT.tick=0.1"),
        ("risk.max_order_notional=5e3", "risk.max_order_notional=5000.00"),
        ("risk.drawdown_halt=10.0%", "risk.drawdown_halt=0.1"),
        ("risk.min_notional=0.000", "risk.min_notional=0"),
        ("desk.seed=7", "desk.seed=7"),
    ],
)
def test_one_hash_is_one_form_of_every_number(load: Load, one: str, other: str) -> None:
    first, second = load(flags=[one]), load(flags=[other])
    assert first.hash == second.hash
    forms = [[str(each) for each in decimals(loaded.config)] for loaded in (first, second)]
    assert forms[0] == forms[1]
    assert len(forms[0]) > 20
    # defaults too: a setting that is written out is the same as one that is left out
    assert all("E" not in text and (not text.endswith("0") or "." not in text) for text in forms[0])


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


def test_models_are_found_from_any_process_and_the_hash_does_not_depend_on_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Load
) -> None:
    flag = 'strategies.ema.models=["runs/a", "/srv/models"]'
    monkeypatch.chdir(tmp_path)
    here = load("", flags=[flag])
    assert here.config.strategies["ema"].models == (str(tmp_path / "runs" / "a"), "/srv/models")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    there = load("", flags=[flag])
    assert there.config.strategies["ema"].models[0] == str(tmp_path / "other" / "runs" / "a")
    assert there.hash == here.hash
