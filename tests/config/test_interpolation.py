"""`${NAME}` inside settings: put in late, never shown in errors, never silently empty."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.config.conftest import Load, Refuse

pytestmark = pytest.mark.unit


def test_a_variable_is_put_into_text(load: Load) -> None:
    loaded = load("logging: {file: '${HOME}/${DESK}.log'}\n", {"HOME": "/h", "DESK": "mine"})
    assert loaded.config.logging.file == "/h/mine.log"


def test_a_variable_may_stand_for_a_number(load: Load) -> None:
    risk = load("risk: {max_open_orders: '${N}', price_collar: '${P}'}\n", {"N": "3", "P": "2%"}).config.risk
    assert (risk.max_open_orders, risk.price_collar) == (3, Decimal("0.02"))


def test_a_variable_works_inside_a_list_and_in_a_flag(load: Load) -> None:
    loaded = load("", {"S": "BTC"}, {"strategies.ema.symbols": ["${S}-USDT"]})
    assert loaded.config.strategies["ema"].symbols == ("BTC-USDT",)


def test_a_doubled_dollar_is_a_plain_one(load: Load) -> None:
    assert load("logging: {file: 'a$${b}'}\n").config.logging.file == "a${b}"


@pytest.mark.parametrize("environ", [{}, {"LOGS": ""}])
def test_a_missing_variable_is_named_with_the_setting_that_needs_it(
    refuse: Refuse, environ: dict[str, str]
) -> None:
    error = refuse("logging: {file: '${LOGS}/x'}\n", environ)
    assert error.field == "logging.file"
    assert "needs the environment variable LOGS" in str(error)
    assert "desk.yaml:7" in str(error)


@pytest.mark.parametrize("broken", ["${", "${1}", "${A", "${A-b}"])
def test_a_broken_reference_is_refused(refuse: Refuse, broken: str) -> None:
    assert "has a broken reference" in str(refuse(f"logging: {{file: '{broken}'}}\n", {"A": "x"}))


def test_a_reference_that_is_overridden_needs_no_variable(load: Load) -> None:
    text = "redis: {mode: url, url: '${MISSING}'}\n"
    assert load(text, {"RAYDESK__REDIS__URL": "redis://h:1/0"}).config.redis.url


def test_an_error_shows_the_reference_and_not_what_was_put_in(refuse: Refuse) -> None:
    message = str(refuse("risk: {max_open_orders: '${KEY}'}\n", {"KEY": "hunter2"}))
    assert "${KEY}" in message
    assert "hunter2" not in message
