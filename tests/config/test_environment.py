"""The environment: RAYDESK__ variables, `.env`, and the two controls that may only tighten."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import load_config, rows
from tests.config.conftest import SMALLEST, Load, Refuse, Write

pytestmark = pytest.mark.unit

PAPER = "desk: {environment: paper}\n"


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("RAYDESK__RISK__MAX_OPEN_ORDERS", "3", "risk.max_open_orders", 3),
        ("raydesk__risk__max_open_orders", "3", "risk.max_open_orders", 3),
        ("RAYDESK__RISK__PRICE_COLLAR", "5%", "risk.price_collar", "5%"),
        ("RAYDESK__RISK__KILL_SWITCH", "true", "risk.kill_switch", True),
        ("RAYDESK__SYMBOLS__BTC_USDT__TICK", "0.5", "symbols.BTC-USDT.tick", "0.5"),
        ("RAYDESK__SYMBOLS__BTC-USDT__TICK", "0.5", "symbols.BTC-USDT.tick", "0.5"),
        ("RAYDESK__VENUES__PAPER__STARTING_BALANCES__USDT", "5", "venues.paper.starting_balances.USDT", "5"),
        ("RAYDESK__STRATEGIES__EMA__PARAMETERS__FAST", "20", "strategies.ema.parameters.fast", 20),
        ("RAYDESK__STRATEGIES__EMA__PARAMETERS__WEIGHT", "0.5", "strategies.ema.parameters.weight", 0.5),
        ("RAYDESK__STRATEGIES__EMA__SYMBOLS", '["BTC-USDT"]', "strategies.ema.symbols", ["BTC-USDT"]),
        ("RAYDESK__RISK", '{"max_open_orders": 3}', "risk.max_open_orders", 3),
        ("RAYDESK__FEED__SYNTHETIC__DURATION", "null", "feed.synthetic.duration", None),
        ("RAYDESK__REDIS__APPENDFSYNC", "no", "redis.appendfsync", "no"),
        ("RAYDESK__FEED__SPEED", "4x", "feed.speed", 4.0),
    ],
)
def test_a_variable_sets(load: Load, name: str, text: str, path: str, value: object) -> None:
    row = next(row for row in rows(load(environ={name: text})) if row.path == path)
    assert (row.value, row.source) == (value, name)


def test_other_variables_are_nobodys_business(load: Load) -> None:
    assert load(environ={"RAYDESK_HOME": "/x", "PATH": "/bin", "RAYDESK": "1"}).hash == load().hash


def test_an_url_is_taken_as_it_stands(load: Load) -> None:
    url = "redis://:pa${x} #007: {y}@host:1/0"
    loaded = load("redis: {mode: url}\n", {"RAYDESK__REDIS__URL": url})
    assert loaded.config.redis.url is not None
    assert loaded.config.redis.url.get_secret_value() == url


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"RAYDESK__RISK__MAX_GROSS": "1"}, "risk.max_gross: unknown setting in RAYDESK__RISK__MAX_GROSS"),
        ({"RAYDESK__": "1"}, "sets nothing"),
        ({"RAYDESK__RISK____X": "1"}, "sets nothing"),
        ({"RAYDESK__STRATEGIES__EMA__SYMBOLS": "[BTC-USDT]"}, "is not JSON"),
        ({"RAYDESK__DESK__SEED": "1", "raydesk__desk__seed": "2"}, "is set by RAYDESK__DESK__SEED too"),
        ({"RAYDESK__DESK": "1", "RAYDESK__DESK__SEED": "2"}, "desk is set as a whole"),
        ({"RAYDESK__DESK__SEED": "x"}, "must be a valid integer"),
    ],
)
def test_a_variable_that_sets_nothing_sensible_is_refused(
    refuse: Refuse, environ: dict[str, str], complaint: str
) -> None:
    assert complaint in str(refuse(environ=environ))


@pytest.mark.parametrize("flags", [["x"], ["=1"], [".a=1"], {"": 1}])
def test_a_flag_that_names_no_setting_is_refused(refuse: Refuse, flags: object) -> None:
    assert "write section.key=value" in str(refuse(flags=flags))


def test_a_flag_given_twice_is_refused(refuse: Refuse) -> None:
    assert "is set twice" in str(refuse(flags=["desk.seed=1", "desk.seed=2"]))


@pytest.mark.parametrize("on", ["1", "true", "YES", "on"])
def test_dry_run_and_kill_switch_outrank_everything(load: Load, on: str) -> None:
    loaded = load(
        PAPER, {"DRY_RUN": on, "KILL_SWITCH": on}, ["desk.environment=paper", "risk.kill_switch=false"]
    )
    assert loaded.config.desk.environment == "dry_run"
    assert loaded.config.risk.kill_switch is True
    assert loaded.sources["desk.environment"] == "DRY_RUN"
    assert loaded.sources["risk.kill_switch"] == "KILL_SWITCH"


@pytest.mark.parametrize("off", ["0", "false", "no", "off", ""])
def test_switched_off_they_loosen_nothing(load: Load, off: str) -> None:
    tight = "desk: {environment: dry_run}\nrisk: {kill_switch: true}\n"
    loaded = load(tight, {"DRY_RUN": off, "KILL_SWITCH": off})
    assert loaded.config.desk.environment == "dry_run"
    assert loaded.config.risk.kill_switch is True
    assert load(PAPER, {"DRY_RUN": off}).config.desk.environment == "paper"


def test_a_safety_control_that_cannot_be_understood_is_refused(refuse: Refuse) -> None:
    error = refuse(environ={"DRY_RUN": "maybe"})
    assert error.field == "DRY_RUN"
    assert "neither on nor off" in str(error)


def test_dry_run_tames_even_a_live_desk(load: Load) -> None:
    assert load("desk: {environment: live}\n", {"DRY_RUN": "1"}).config.desk.environment == "dry_run"


def test_a_dotenv_beside_the_settings_is_read_and_weaker_than_the_environment(
    load: Load, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("RAYDESK__DESK__SEED=3\nRAYDESK__DESK__NAME=from-file\n", encoding="utf-8")
    loaded = load(environ={"RAYDESK__DESK__SEED": "4"})
    assert (loaded.config.desk.seed, loaded.config.desk.name) == (4, "from-file")
    assert loaded.sources["desk.name"] == ".env:2 RAYDESK__DESK__NAME"
    assert loaded.sources["desk.seed"] == "RAYDESK__DESK__SEED"


def test_a_profile_reads_the_dotenv_of_the_folder_it_is_given(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RAYDESK__DESK__NAME=mine\n", encoding="utf-8")
    assert load_config("demo", environ={}).config.desk.name == "demo"
    assert load_config("demo", environ={}, folder=tmp_path).config.desk.name == "mine"


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ("desk: {environment: live}\n", {}),
        ("", {"RAYDESK__DESK__ENVIRONMENT": "live"}),
        ("desk: {environment: '${STAGE}'}\n", {"STAGE": "live"}),
    ],
)
def test_a_live_desk_reads_no_dotenv(
    refuse: Refuse, tmp_path: Path, text: str, environ: dict[str, str]
) -> None:
    (tmp_path / ".env").write_text("RAYDESK__NONSENSE=1\n", encoding="utf-8")
    message = str(refuse(text, environ))
    assert "arming.live_trading: live trading is not armed" in message
    assert "nonsense" not in message


def test_a_dotenv_cannot_make_a_desk_live(refuse: Refuse, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RAYDESK__DESK__ENVIRONMENT=live\n", encoding="utf-8")
    assert "live can't be chosen by .env" in str(refuse())


def test_a_dotenv_line_that_cannot_be_read_is_named_but_not_shown(
    write: Write, refuse: Refuse, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("# fine\nsecret hunter2\n", encoding="utf-8")
    message = str(refuse(start=SMALLEST))
    assert ".env:2" in message
    assert "hunter2" not in message
