"""README and docs say what is true: links lead somewhere, blocks parse, commands exist, generated pages are current."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
import yaml

from cluster.cli.exits import MEANINGS
from cluster.cli.main import app
from cluster.docs import PAGES, write_pages
from cluster.docs.meanings import FAILPOINTS, REASONS
from cluster.host.failpoints import NAMES
from cluster.host.settings_map import strategy_settings
from cluster.host.strategy_check import require_strategies
from cluster.host.tree_plan import tree_of
from cluster.metrics import DeskCollector, Picture
from cluster.session_feed import FeedPlan
from config import LoadedConfig, load_config
from config.catalogue import ANY_ENTRY, Node, schema_tree
from messages.intents import OrderIntent, Side
from messages.reasons import Reason
from tests.actors.strategy.stage import SECOND, Stage

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]
FILES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
NAMES_OF_FILES = [file.name for file in FILES]
PROFILES = {file.stem for file in (ROOT / "config" / "profiles").glob("*.yaml")}


class Block(NamedTuple):
    """A fenced block of a page: its language and text."""

    language: str
    text: str


def blocks(file: Path) -> list[Block]:
    return [Block(*found) for found in re.findall(r"^```(\w*)\n(.*?)^```$", file.read_text(), re.M | re.S)]


def block_after(file: Path, heading: str, language: str) -> str:
    """The first block of a language below a heading."""
    below = file.read_text().split(f"\n{heading}\n", 1)[1]
    found = re.search(rf"^```{language}\n(.*?)^```$", below, re.M | re.S)
    assert found is not None
    return found.group(1)


def prose(file: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", file.read_text(), flags=re.M | re.S)


def slugs(file: Path) -> set[str]:
    """The anchors of a page's headings, as Git hosts make them."""
    titles = re.findall(r"^#+ (.+)$", prose(file), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("file", FILES, ids=NAMES_OF_FILES)
def test_links_lead_somewhere(file: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(file)):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (file.parent / name).resolve() if name else file
        if not target.exists() or (anchor and anchor not in slugs(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("file", FILES, ids=NAMES_OF_FILES)
def test_blocks_parse(file: Path) -> None:
    for language, text in blocks(file):
        match language:
            case "python":
                ast.parse(text)
            case "yaml":
                assert isinstance(yaml.safe_load(text), dict)
            case "bash":
                bash = shutil.which("bash")
                assert bash is not None
                subprocess.run([bash, "-n"], input=text, text=True, check=True, timeout=10)
            case "mermaid":
                assert text.startswith("flowchart ")
            case _:
                pytest.fail(f"{file.name} has a block in {language!r}")


@pytest.mark.parametrize("file", FILES, ids=NAMES_OF_FILES)
def test_pages_speak_of_no_machine(file: Path) -> None:
    found = re.findall(r"(?<![\w.~])/(?:home|root|work|Users|mnt)/[\w/]*", file.read_text())
    assert found == []


# commands


def commands_in(text: str) -> Iterator[list[str]]:
    """The arguments of every `raydesk` in a block of shell."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and "=" in words[0]:
            words.pop(0)
        if words[:1] == ["raydesk"]:
            yield words[1:]


def require_valid(arguments: list[str]) -> None:
    """Fail unless the command, its options and the number of its arguments are right."""
    command: Any = typer.main.get_command(app)
    path = "raydesk"
    while hasattr(command, "commands") and arguments and arguments[0] in command.commands:
        path = f"{path} {arguments[0]}"
        command = command.commands[arguments[0]]
        arguments = arguments[1:]
    if hasattr(command, "commands") and arguments and not arguments[0].startswith("-"):
        pytest.fail(f"{path}: no such command: {arguments[0]}")
    command.make_context(path, list(arguments))


def test_every_command_shown_is_one() -> None:
    shown = [arguments for file in FILES for _, text in blocks(file) for arguments in commands_in(text)]
    assert len(shown) > 20
    for arguments in shown:
        require_valid(arguments)


def test_settings_given_in_examples_are_accepted() -> None:
    """What a grid tries of a ready-made profile, and what other limits are asked about of any of them."""
    shown = [arguments for file in FILES for _, text in blocks(file) for arguments in commands_in(text)]
    tried = 0
    for command, *rest in shown:
        values = {name: given_to(name, rest) for name in ("--grid", "--with", "--set")}
        if command == "sweep" and rest[0] in PROFILES:
            cases = [(rest[0], list(each)) for each in itertools.product(*map(points, values["--grid"]))]
        elif command == "replay":
            cases = [(name, values["--with"]) for name in ("demo", "replay", "synthetic")]
        else:
            continue
        for profile, overrides in cases:
            loaded = load_config(profile, environ={}, overrides=[*values["--set"], *overrides])
            require_strategies(loaded.config)
            tried += 1
    assert tried > 8


def given_to(option: str, arguments: Sequence[str]) -> list[str]:
    return [value for name, value in itertools.pairwise(arguments) if name == option]


def points(axis: str) -> list[str]:
    path, _, values = axis.partition("=")
    return [f"{path}={value}" for value in values.split(",")]


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    for wrong in (["fly"], ["status", "--colour"], ["trace"]):
        with pytest.raises((pytest.fail.Exception, Exception), match=r"(?i)no such|missing"):
            require_valid(wrong)


def test_the_table_of_commands_is_whole() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    listed = {row.split()[0] for row in re.findall(r"^\| `raydesk ([^`]+)` \|", text, re.M)}
    assert listed == set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_make_targets_shown_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    shown = {name for file in FILES for name in re.findall(r"\bmake ([a-z-]+)\b", _code_of(file))}
    assert {"demo", "test"} <= shown <= targets


def _code_of(file: Path) -> str:
    inline = re.findall(r"`([^`\n]+)`", prose(file))
    return "\n".join([*inline, *(text for _, text in blocks(file))])


def test_exit_codes_are_those_of_the_program() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    listed = dict(re.findall(r"^\| (\d) \| (.+) \|$", text, re.M))
    assert listed == {str(code.value): meaning for code, meaning in MEANINGS.items()}


# names

NO_SETTINGS = {
    "desk.remember",
    "feed.json",
    "desk.risk.log",
    "universe.yaml",
    "strategies.yaml",
    "venues.yaml",
}
"""What looks like a setting in the text: a method of a strategy's desk, and files."""


def test_settings_that_are_named_exist() -> None:
    sections = "|".join(schema_tree().children)
    unknown = []
    for file in FILES:
        for path in re.findall(rf"`((?:{sections})\.[\w.*]+)(?::[^`]*)?`", prose(file)):
            if path not in NO_SETTINGS and not _is_setting(path.split(".")):
                unknown.append(f"{file.name}: {path}")
    assert unknown == []


def _is_setting(path: list[str]) -> bool:
    node: Node | None = schema_tree()
    for key in path:
        node = node.children.get(ANY_ENTRY if node.form == "entries" else key) if node else None
    return node is not None


def test_metrics_that_are_named_exist() -> None:
    families = DeskCollector(Picture("", "", "")).collect()
    known = {f"{each.name}_total" if each.type == "counter" else each.name for each in families}
    named = {name for file in FILES for name in re.findall(r"`(raydesk_\w+)`", file.read_text())}
    assert named <= known


def test_every_reason_and_failpoint_is_explained_once() -> None:
    explained = [reason for layer in REASONS.values() for reason in layer]
    assert sorted(explained) == sorted(Reason)
    assert tuple(FAILPOINTS) == NAMES


# generated pages


@pytest.mark.golden
@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_current(name: str) -> None:
    committed = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert committed == PAGES[name](), "write them anew: python -m cluster.docs"


def test_one_command_writes_all_generated_pages(tmp_path: Path) -> None:
    assert [path.name for path in write_pages(tmp_path)] == list(PAGES)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        name: text() for name, text in PAGES.items()
    }


# the README's own strategy


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedConfig:
    """The README's strategy and settings as a reader would save them."""
    heading = "## A strategy of your own"
    (tmp_path / "breakout.py").write_text(block_after(ROOT / "README.md", heading, "python"))
    (tmp_path / "breakout.yaml").write_text(block_after(ROOT / "README.md", heading, "yaml"))
    monkeypatch.syspath_prepend(tmp_path)
    return load_config(tmp_path / "breakout.yaml", environ={})


def test_the_strategy_of_the_readme_has_fifteen_lines() -> None:
    text = block_after(ROOT / "README.md", "## A strategy of your own", "python")
    assert len([line for line in text.splitlines() if line.strip()]) <= 15


def test_the_strategy_of_the_readme_trades_breakouts(own: LoadedConfig) -> None:
    settings = strategy_settings(own.config, "BTC-USDT")
    assert [each.kind for each in settings.strategies] == ["breakout:Breakout"]
    stage = Stage(*settings.strategies)

    quiet(stage)
    assert _sides(stage) == []

    stage.quote(60_100.0, after=SECOND // 10)
    stage.quote(60_200.0, after=SECOND // 10)
    assert _sides(stage) == [Side.BUY]


def test_the_strategy_of_the_readme_goes_short_below_its_range(own: LoadedConfig) -> None:
    stage = Stage(*strategy_settings(own.config, "BTC-USDT").strategies)
    quiet(stage)
    stage.quote(59_900.0, after=SECOND // 10)
    assert _sides(stage) == [Side.SELL]


def quiet(stage: Stage) -> None:
    """Six seconds of one price: longer than the strategy looks back."""
    for _ in range(60):
        stage.quote(60_000.0, after=SECOND // 10)


def _sides(stage: Stage) -> list[Side]:
    return [message.terms.side for _, _, message in stage.sent if isinstance(message, OrderIntent)]


def test_the_tree_of_the_readme_is_the_desks(own: LoadedConfig) -> None:
    drawn = block_after(ROOT / "README.md", "## The house", "mermaid")
    addresses = dict(re.findall(r"(\w+)\[([\w/-]+)\]", drawn))
    edges = {
        (above, addresses[below]) for above, below in re.findall(r"(\w+)(?:\[[^\]]*\])? --> (\w+)", drawn)
    }
    tree = tree_of(own.config, FeedPlan(end=1))
    real = {(supervisor, child.id) for supervisor, spec in tree.items() for child in spec.children}
    assert {(addresses[above], below) for above, below in edges} <= real
    assert len(edges) == 10
