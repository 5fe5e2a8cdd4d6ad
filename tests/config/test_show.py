"""`config show`: every setting, its value as one would write it, its source, and no secret."""

from __future__ import annotations

import json

import pytest

from config import rows
from config.catalogue import settings
from config.show import MASK
from tests.config.conftest import Load

pytestmark = pytest.mark.unit


def test_every_setting_is_shown_with_its_source(load: Load) -> None:
    shown = {
        row.path: row for row in rows(load("risk: {price_collar: 0.02}\n", {"RAYDESK__DESK__SEED": "3"}))
    }
    assert (shown["risk.price_collar"].value, shown["risk.price_collar"].source) == ("2%", "desk.yaml:7")
    assert (shown["desk.seed"].value, shown["desk.seed"].source) == (3, "RAYDESK__DESK__SEED")
    assert (shown["risk.max_mark_age"].value, shown["risk.max_mark_age"].source) == ("5s", "default")
    fixed = {".".join(path) for path, _ in settings() if "*" not in path}
    assert fixed <= set(shown)


def test_a_list_and_an_empty_mapping_are_one_row_each(load: Load) -> None:
    shown = {row.path: row for row in rows(load(flags={"strategies.ema.symbols": ["BTC-USDT"]}))}
    assert shown["strategies.ema.symbols"].value == ["BTC-USDT"]
    assert shown["strategies.ema.parameters"].value == {}
    assert shown["strategies.ema.symbols"].source == "flag"


def test_a_secret_is_masked_and_its_source_shown(load: Load) -> None:
    loaded = load("redis: {mode: url, url: 'redis://:hunter2@h'}\n")
    row = next(row for row in rows(loaded) if row.path == "redis.url")
    assert (row.value, row.source) == (MASK, "desk.yaml:7")
    assert "hunter2" not in repr(loaded)


def test_a_secret_that_is_not_set_is_shown_as_not_set(load: Load) -> None:
    assert next(row for row in rows(load()) if row.path == "redis.url").value is None


def test_the_rows_are_json(load: Load) -> None:
    json.dumps([(row.path, row.value, row.source) for row in rows(load())])
