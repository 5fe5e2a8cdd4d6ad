"""A folder of settings: five files in a fixed order, none of which may contradict another in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import ConfigurationError, load_config

pytestmark = pytest.mark.unit

FILES = {
    "app.yaml": "desk: {name: mine}\n",
    "policy.yaml": "risk: {max_open_orders: 3}\n",
    "universe.yaml": "symbols:\n  BTC-USDT: {venue: paper, listing: BTCUSDT, tick: 0.1, lot: 0.001}\n",
    "venues.yaml": "venues:\n  paper: {kind: paper, starting_balances: {USDT: 1000}}\n",
    "strategies.yaml": "strategies:\n  ema: {kind: ema_cross, order: {notional: 100}}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with all five files."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_config(folder, environ={})
    return str(caught.value)


def test_the_five_files_make_one_configuration(folder: Path) -> None:
    loaded = load_config(folder, environ={})
    assert loaded.config.desk.name == "mine"
    assert loaded.sources["risk.max_open_orders"] == "policy.yaml:1"
    assert loaded.sources["symbols.BTC-USDT.tick"] == "universe.yaml:2"


def test_a_folder_and_one_file_of_the_same_settings_have_one_hash(folder: Path) -> None:
    one = folder / "one" / "desk.yaml"
    one.parent.mkdir()
    one.write_text("".join(FILES.values()), encoding="utf-8")
    assert load_config(folder, environ={}).hash == load_config(one, environ={}).hash


def test_files_may_share_a_section(folder: Path) -> None:
    (folder / "venues.yaml").write_text(
        FILES["venues.yaml"] + "risk: {max_open_positions: 2}\n", encoding="utf-8"
    )
    risk = load_config(folder, environ={}).config.risk
    assert (risk.max_open_orders, risk.max_open_positions) == (3, 2)


@pytest.mark.parametrize("second", ["risk: {max_open_orders: 9}\n", "risk: 5\n"])
def test_a_setting_in_two_files_is_refused_naming_both(folder: Path, second: str) -> None:
    (folder / "app.yaml").write_text(second, encoding="utf-8")
    message = refusal(folder)
    assert "app.yaml:1" in message
    assert "policy.yaml:1" in message


def test_a_file_that_would_be_passed_over_is_refused(folder: Path) -> None:
    (folder / "stategies.yaml").write_text("", encoding="utf-8")
    assert "stategies.yaml is not read" in refusal(folder)


def test_a_folder_may_build_on_a_profile(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("profile: paper\n", encoding="utf-8")
    (tmp_path / "policy.yaml").write_text("risk: {max_open_orders: 3}\n", encoding="utf-8")
    assert load_config(tmp_path, environ={}).config.risk.max_open_orders == 3


def test_a_folder_without_settings_is_refused(tmp_path: Path) -> None:
    assert "holds no settings" in refusal(tmp_path)


def test_a_path_that_does_not_exist_is_refused_with_the_profiles(tmp_path: Path) -> None:
    assert "demo, live, paper, pilot, replay" in refusal(tmp_path / "nowhere")
