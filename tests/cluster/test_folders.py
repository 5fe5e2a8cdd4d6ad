"""How other processes find a desk: also one of which an earlier version of the code has left word."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.folders import leave_word, read_word, session_folder
from cluster.host.launch import Launch
from cluster.session_feed import FeedPlan
from config import DeskConfig, load_config

pytestmark = pytest.mark.unit


def left_word(folder: Path, config: DeskConfig, *, fresh: bool = False) -> Path:
    """Word of a desk with these settings. Returns its session's folder."""
    home = session_folder(folder, fresh=fresh)
    leave_word(
        Launch(
            desk="written",
            namespace="written",
            config=config,
            config_hash="",
            code_version="",
            redis_url="redis://localhost",
            folder=str(home),
            feed=FeedPlan(),
        )
    )
    return home


def synthetic() -> DeskConfig:
    config: DeskConfig = load_config("synthetic", environ={}).config
    return config


def test_settings_are_read_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAYDESK__REDIS__URL", "redis://localhost")
    config = synthetic()
    left_word(tmp_path, config)

    assert read_word("written", tmp_path).config == config.model_copy(
        update={"redis": config.redis.model_copy(update={"url": None})}
    )


def test_settings_that_came_after_the_word_was_left_have_their_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYDESK__REDIS__URL", "redis://localhost")
    written = synthetic()
    fresh = synthetic()
    name = next(iter(written.strategies))
    del written.risk.__dict__["max_gross_exposure"]
    del written.strategies[name].__dict__["weight"]
    del written.__dict__["treasury"]
    left_word(tmp_path, written)

    read = read_word("written", tmp_path).config

    assert read.risk.max_gross_exposure == type(fresh.risk)().max_gross_exposure
    assert read.strategies[name].weight == fresh.strategies[name].weight
    assert read.treasury == fresh.treasury
    assert read.symbols == fresh.symbols


def test_current_leads_to_the_latest_session_that_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYDESK__REDIS__URL", "redis://localhost")
    for fresh in (False, True, False, True):
        home = left_word(tmp_path, synthetic(), fresh=fresh)
        session_folder(tmp_path, fresh=True)  # of a start that is refused then
        assert (tmp_path / "current").resolve() == home.resolve()
        assert read_word("written", tmp_path).folder == str(home)


def test_no_secret_is_written_down(tmp_path: Path) -> None:
    secrets = ("the-key-of-the-account", "the-secret-it-signs-with", "a-token-that-halts")
    config = load_config(
        "demo",
        environ={},
        overrides={
            "venues.binance.exchange": None,
            "venues.binance.rest_url": "https://demo-fapi.binance.com",
            "venues.binance.stream_url": "wss://demo-fstream.binance.com",
            "venues.binance.api_key": secrets[0],
            "venues.binance.api_secret": secrets[1],
            "metrics.control_token": secrets[2],
        },
    ).config
    left_word(tmp_path, config)

    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert written
    assert not any(secret.encode() in written for secret in secrets)
