"""Defaults < profile < file < RAYDESK__ variables < flags; each setting knows which of them won."""

from __future__ import annotations

import pytest

from config import load_config
from tests.config.conftest import Load, Refuse, Write

pytestmark = pytest.mark.unit

NAME = "RAYDESK__DESK__SEED"
FILE = "desk: {seed: 2}\n"


def test_what_nobody_sets_is_the_default(load: Load) -> None:
    loaded = load()
    assert loaded.config.desk.seed == 7
    assert "desk.seed" not in loaded.sources


@pytest.mark.parametrize(
    ("text", "environ", "flags", "seed", "source"),
    [
        (FILE, {}, [], 2, "desk.yaml:7"),
        (FILE, {NAME: "3"}, [], 3, NAME),
        (FILE, {NAME: "3"}, ["desk.seed=4"], 4, "flag"),
        ("", {}, ["desk.seed=4"], 4, "flag"),
        ("", {}, {"desk.seed": 5}, 5, "flag"),
    ],
)
def test_the_stronger_layer_wins_and_is_named(
    load: Load, text: str, environ: dict[str, str], flags: object, seed: int, source: str
) -> None:
    loaded = load(text, environ, flags)
    assert loaded.config.desk.seed == seed
    assert loaded.sources["desk.seed"] == source


def test_a_file_builds_on_a_profile_and_changes_only_what_it_names(load: Load) -> None:
    loaded = load(start="profile: paper\nrisk: {max_open_orders: 3}\n")
    assert loaded.config.risk.max_open_orders == 3
    assert loaded.sources["risk.max_open_orders"] == "desk.yaml:2"
    assert loaded.config.risk.max_open_positions == 5
    assert loaded.sources["risk.max_open_positions"].startswith("profile paper:")


def test_a_file_builds_on_another_file_by_path(load: Load, write: Write) -> None:
    write("desk: {name: base, seed: 1}\n", name="shared/base.yaml")
    loaded = load(start="profile: shared/base.yaml\ndesk: {seed: 2}\n")
    assert (loaded.config.desk.name, loaded.config.desk.seed) == ("base", 2)


def test_null_takes_an_entry_of_the_profile_away(load: Load) -> None:
    loaded = load(start="profile: paper\nsymbols: {ETH-USDT: null}\n")
    assert list(loaded.config.symbols) == ["BTC-USDT"]
    assert not any(path.startswith("symbols.ETH") for path in loaded.sources)


def test_a_section_whose_lines_are_all_commented_out_says_nothing(load: Load) -> None:
    assert (
        load(start="profile: paper\nsymbols:\nrisk:\n  # max_open_orders: 3\n").config.risk.max_open_orders
        == 10
    )


def test_null_is_a_value_where_the_setting_allows_it(load: Load) -> None:
    loaded = load("feed: {synthetic: {duration: null}}\n")
    assert loaded.config.feed.synthetic.duration is None
    assert loaded.sources["feed.synthetic.duration"] == "desk.yaml:7"


def test_lists_replace_and_mappings_join(load: Load) -> None:
    loaded = load(start="profile: replay\nstrategies: {ema: {symbols: [BTC-USDT], parameters: {fast: 5}}}\n")
    ema = loaded.config.strategies["ema"]
    assert ema.symbols == ("BTC-USDT",)
    assert ema.parameters["fast"] == 5
    assert (
        ema.parameters["slow"]
        == load_config("replay", environ={}).config.strategies["ema"].parameters["slow"]
    )


@pytest.mark.parametrize(
    ("start", "complaint"),
    [
        ("profile: nowhere.yaml\n", "there are no settings at"),
        ("profile: desk.yaml\n", "builds on itself"),
        ("profile: [a]\n", "must be a profile's name or path"),
        ("profile: paper\nsymbols: {XRP-USDT: null}\n", "null removes an entry of the profile"),
    ],
)
def test_a_profile_that_cannot_be_built_on_is_refused(refuse: Refuse, start: str, complaint: str) -> None:
    assert complaint in str(refuse(start=start))


def test_a_profile_is_loaded_by_name_and_a_path_of_that_name_by_path(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write("desk: {name: mine}\n", name="paper/app.yaml").parent
    monkeypatch.chdir(folder.parent)
    assert load_config("paper", environ={}).config.desk.name == "paper"
    assert load_config("./paper", environ={}).config.desk.name == "mine"
