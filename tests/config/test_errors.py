"""Every shape of refusal: the path, the place, the value, what is allowed; all at once; and never a secret."""

from __future__ import annotations

import traceback

import pytest

from config import ConfigurationError, check_config
from tests.config.conftest import Refuse, Write

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        (
            "risk: {max_gros_exposure: 1}\n",
            "risk.max_gros_exposure",
            ["unknown", "mean risk.max_gross_exposure?"],
        ),
        (
            "max_open_orders: 3\n",
            "max_open_orders",
            ["unknown setting", "did you mean risk.max_open_orders?"],
        ),
        ("redis: {redis: 1}\n", "redis.redis", ["unknown setting", "did you mean redis?"]),
        ("rsk: {}\n", "rsk", ["unknown setting", "did you mean risk?"]),
        ("metrics: {zzz: 1}\n", "metrics.zzz", ["known here: enabled, host, port"]),
        ("risk: {price_collar: 5}\n", "risk.price_collar", ["ambiguous; write 5% or 500%", "found '5'"]),
        ("risk: {price_collar: five}\n", "risk.price_collar", ["written 5%, 25bps or 0.05", "five"]),
        ("risk: {daily_loss_limit: 101%}\n", "risk.daily_loss_limit", ["must be less than or equal to 1"]),
        ("risk: {max_mark_age: 5}\n", "risk.max_mark_age", ["a bare number has no unit; write 5s or 5ms"]),
        ("risk: {max_open_orders: 0}\n", "risk.max_open_orders", ["must be greater than or equal to 1"]),
        ("risk: {max_open_orders: true}\n", "risk.max_open_orders", ["must be a whole number"]),
        ("risk: {max_open_orders: 1.5}\n", "risk.max_open_orders", ["must be a valid integer"]),
        ("risk: {max_order_notional: nan}\n", "risk.max_order_notional", ["finite"]),
        ("risk: {day_boundary: Mars/Base}\n", "risk.day_boundary", ["time zone, such as UTC"]),
        ("risk: 5\n", "risk", ["must hold settings by name"]),
        ("desk: {name: My Desk}\n", "desk.name", ["a-z, 0-9 and '-'", "My Desk"]),
        ("desk: {environment: real}\n", "desk.environment", ["must be 'dry_run', 'paper' or 'live'", "real"]),
        ("arming: {acknowledgement: sure}\n", "arming.acknowledgement", ["I_UNDERSTAND"]),
        ("feed: {speed: fast}\n", "feed.speed", ["max, or lockstep", "fast"]),
        ("feed: {speed: 0}\n", "feed.speed", ["above zero"]),
        ("feed: {speed: [1]}\n", "feed.speed", ["max, or lockstep"]),
        ("redis: {maxmemory: 10 apples}\n", "redis.maxmemory", ["a size such as 512mb"]),
        ("metrics: {port: 70000}\n", "metrics.port", ["less than or equal to 65535"]),
    ],
)
def test_one_wrong_setting(refuse: Refuse, text: str, field: str, said: list[str]) -> None:
    error = refuse(text)
    assert error.field == field
    assert "desk.yaml:7" in str(error)
    for words in said:
        assert words in str(error)


START = "venues: {paper: {kind: paper, starting_balances: {USDT: 1}}}\n"
SYMBOL = "symbols: {BTC-USDT: {venue: paper, listing: B, tick: 0.1, lot: 0.1}}\n"
STRATEGY = "strategies: {ema: {kind: ema_cross, order: {notional: 1}}}\n"


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        (SYMBOL + STRATEGY, "venues", "is required"),
        (START + STRATEGY + "symbols: {}\n", "symbols", "at least one entry"),
        (
            START.replace("kind: paper", "kind: bitmex") + SYMBOL + STRATEGY,
            "venues.paper.kind",
            "must be 'paper'",
        ),
        (START.replace("kind: paper, ", "") + SYMBOL + STRATEGY, "venues.paper.kind", "is required"),
        (
            START.replace("USDT: 1", "") + SYMBOL + STRATEGY,
            "venues.paper.starting_balances",
            "at least one entry",
        ),
        (
            START.replace("USDT", "usdt") + SYMBOL + STRATEGY,
            "venues.paper.starting_balances.usdt",
            "capital letters",
        ),
        (START + SYMBOL.replace("BTC-", "btc-") + STRATEGY, "symbols.btc-USDT", "BASE-QUOTE"),
        (
            START + SYMBOL.replace(", tick: 0.1", "") + STRATEGY,
            "symbols.BTC-USDT.tick",
            "Smallest step of the price",
        ),
        (
            START + SYMBOL.replace("tick: 0.1", "tick: 0") + STRATEGY,
            "symbols.BTC-USDT.tick",
            "greater than 0",
        ),
        (
            START + SYMBOL + STRATEGY.replace("ema_cross", "magic"),
            "strategies.ema.kind",
            "package.module:Class",
        ),
        (
            START + SYMBOL + STRATEGY.replace("kind", "symbols: BTC, kind"),
            "strategies.ema.symbols",
            "must be 'all'",
        ),
        (
            START + SYMBOL + STRATEGY.replace("kind", "symbols: [], kind"),
            "strategies.ema.symbols",
            "at least one",
        ),
        (
            START + SYMBOL + STRATEGY.replace("kind", "symbols: [b], kind"),
            "strategies.ema.symbols.0",
            "BASE-QUOTE",
        ),
        (
            START + SYMBOL + STRATEGY.replace("kind", "parameters: {x: [1, {y: null}]}, kind"),
            "strategies.ema.parameters.x",
            "[1].y must be a number, a text, true, false, or a list or mapping of them",
        ),
    ],
)
def test_one_wrong_entry(refuse: Refuse, text: str, field: str, said: str) -> None:
    error = refuse(start=text)
    assert error.field == field
    assert said in str(error)


def test_all_problems_are_told_at_once(refuse: Refuse) -> None:
    error = refuse("risk: {price_collar: 5, max_open_orders: x}\nfeed: {speed: fast}\nmystery: 1\n")
    message = str(error)
    assert message.startswith("4 problems in the settings:\n")
    for path in ("risk.price_collar", "risk.max_open_orders", "feed.speed", "mystery"):
        assert f"\n  {path}: " in message
    assert error.reason_code == "configuration_error"


def test_the_same_problems_can_be_had_as_records(write: Write) -> None:
    file = write("risk: {price_collar: 5}\n")
    (problem,) = check_config(file, environ={})
    assert (problem.path, problem.source) == ("risk.price_collar", "desk.yaml:7")
    assert check_config(write(), environ={}) == ()


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ("redis: {mode: url, url: 'http://u:hunter2@h'}\n", {}),
        ("redis: {mode: embedded, url: 'redis://:hunter2@h'}\n", {}),
        ("redis: {mode: wrong, url: 'redis://:hunter2@h'}\n", {}),
        ("redis: {mode: url, url: [hunter2]}\n", {}),
        ("redis: {mode: url, pasword: hunter2}\n", {}),
        ("redis: hunter2\n", {}),
        ("redis: {mode: url, url: 'x${P}'}\n", {"P": "hunter2"}),
        ("redis: {mode: url}\n", {"RAYDESK__REDIS__URL": "hunter2"}),
    ],
)
def test_no_secret_is_ever_told(refuse: Refuse, text: str, environ: dict[str, str]) -> None:
    error = refuse(text, environ)
    told = "".join(traceback.format_exception(error)) + repr(error) + str(error.value)
    assert error.__context__ is None
    assert "hunter2" not in told


def test_the_error_is_the_desks_own(refuse: Refuse) -> None:
    assert isinstance(refuse("x: 1\n"), ConfigurationError)
