"""Exit codes and error lines: one clear line with field, value and remedy, and no traceback unless asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.cli.exits import DeskNotRunningError, Exit, UsageError, code_of
from cluster.cli.main import run
from messages.errors import ConfigurationError, DeskError, JournalCorruptError, StoreUnavailableError
from tests.cluster.cli.conftest import Command

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (DeskNotRunningError, Exit.NOT_RUNNING),
        (UsageError, Exit.USAGE),
        (ConfigurationError, Exit.USAGE),
        (StoreUnavailableError, Exit.TROUBLE),
        (JournalCorruptError, Exit.TROUBLE),
        (DeskError, Exit.TROUBLE),
    ],
)
def test_each_kind_of_error_has_its_exit_code(kind: type[DeskError], code: Exit) -> None:
    assert code_of(kind("no")) is code


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """A folder in which no desk runs."""
    return str(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["health"],
        ["tree"],
        ["ps"],
        ["orders"],
        ["positions"],
        ["trace", "x"],
        ["halt"],
        ["resume", "--ack", "seen"],
        ["store"],
        ["store", "show", "risk"],
        ["down"],
    ],
)
def test_without_a_running_desk_the_code_is_three_and_the_remedy_told(
    arguments: list[str], command: Command, nowhere: str
) -> None:
    said = command(*arguments, "--folder", nowhere)

    assert said.code == Exit.NOT_RUNNING
    assert said.out == ""
    assert said.err.startswith("error: --desk: ")
    assert "raydesk up" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["run"],
        ["resume", "--ack", "  "],
        ["trace"],
        ["orders", "--state", "nonsense"],
        ["orders", "--limit", "0"],
        ["run", "demo", "--speed", "fast"],
        ["run", "demo", "--speed", "0"],
        ["run", "demo", "--once", "--until-end"],
        ["run", "demo", "--data", "/no/such/file"],
        ["run", "demo", "--set", "desk.nme=x"],
        ["run", "no-such-profile"],
        ["config", "show", "demo", "--set", "risk.daily_loss_limit=5"],
        ["bench", "--against", "/no/such/file"],
    ],
)
def test_bad_usage_and_bad_settings_end_with_two(arguments: list[str], command: Command) -> None:
    said = command(*arguments)

    assert said.code == Exit.USAGE
    assert said.out == ""
    assert "rror: " in said.err
    assert "Traceback" not in said.err


def test_an_error_names_field_value_and_remedy(command: Command) -> None:
    said = command("run", "demo", "--speed", "fast")

    assert (
        said.err
        == "error: --speed: not a speed (found 'fast') — give a factor such as 1 or 10, max, or lockstep\n"
    )


def test_debug_shows_where_an_error_came_from(nowhere: str) -> None:
    with pytest.raises(DeskNotRunningError):
        run(["status", "--folder", nowhere, "--debug"])


def test_without_arguments_the_help_is_shown(command: Command) -> None:
    said = command()

    assert said.code == Exit.USAGE
    assert "Usage: raydesk" in said.out + said.err


def test_config_check_lists_every_problem_and_ends_with_two(command: Command) -> None:
    said = command("config", "check", "demo", "--json", "--set", "desk.nme=x", "--set", "risk.min_notional=y")

    assert said.code == Exit.USAGE
    assert said.json["valid"] is False
    assert {problem["path"] for problem in said.json["problems"]} == {"desk.nme", "risk.min_notional"}


def test_config_check_of_sound_settings_tells_their_hash(command: Command) -> None:
    said = command("config", "check", "replay", "--json")

    assert said.code == Exit.OK
    assert len(said.json["config_hash"]) == 64


def test_config_show_prints_each_setting_with_its_source_and_masks_secrets(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYDESK__REDIS__MODE", "url")
    monkeypatch.setenv("RAYDESK__REDIS__URL", "redis://:hunter2@localhost:6379/0")
    said = command("config", "show", "demo", "--json", "--set", "desk.name=other")
    found = {row["path"]: row for row in said.json["settings"]}

    assert (found["desk.name"]["value"], found["desk.name"]["source"]) == ("other", "flag")
    assert "hunter2" not in said.out
    assert set(found["redis.url"]["value"]) == {"*"}
    assert "hunter2" not in command("config", "show", "demo").out
