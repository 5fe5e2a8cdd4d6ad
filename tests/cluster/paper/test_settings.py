"""The venue's settings as a file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cluster.paper.faults import FaultSettings
from cluster.paper.settings import (
    PaperSettings,
    TimeMode,
    TimeSettings,
    checked,
    load_settings,
    market_digest,
)
from messages.errors import ConfigurationError
from tests.cluster.paper.building import START, instrument_of, settings_of

pytestmark = pytest.mark.unit


def test_settings_survive_the_file(settings: PaperSettings, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(msgspec.json.encode(settings))
    assert load_settings(path) == settings


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{", "truncated"), ('{"folder": 1}', "folder"), ("{}", "missing required field")],
)
def test_a_bad_file_is_named_with_its_fault(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=complaint) as error:
        load_settings(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json"):
        load_settings(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("venue", ""),
        ("folder", ""),
        ("instruments", ()),
        ("instruments", (instrument_of("A-B"), instrument_of("A-B"))),
        ("port", 70_000),
        ("time", TimeSettings(mode=TimeMode.PACED, start=START, speed=0.0)),
        ("time", TimeSettings(mode=TimeMode.PACED, start=0)),
        ("snapshot_commands", 0),
        ("snapshot_rows", 0),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: PaperSettings, field: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=field):
        checked(msgspec.structs.replace(settings, **{field: value}))


def test_only_what_history_depends_on_binds_a_store(tmp_path: Path) -> None:
    base = settings_of(tmp_path)
    free = msgspec.structs.replace(base, port=1234, faults=FaultSettings(late=0.5), fsync=True)
    bound = settings_of(tmp_path, symbols=("BTC-USDT",))
    assert market_digest(free) == market_digest(base)
    assert market_digest(bound) != market_digest(base)
