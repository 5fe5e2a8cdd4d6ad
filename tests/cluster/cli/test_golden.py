"""What scripts and people rely on: the help texts and the JSON schemas of all commands, held to stored ones.

After a change that is meant, store them anew: RAYDESK_UPDATE_GOLDEN=1 pytest tests/cluster/cli/test_golden.py
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from cluster.cli.documents import DOCUMENTS
from cluster.cli.exits import MEANINGS
from cluster.cli.main import app
from cluster.cli.probe import ProbeDocument
from cluster.conformance.suite import Report
from cluster.models.manifest import RunManifest
from cluster.models.promoting import Promotion
from cluster.models.verifying import VerifyDocument
from cluster.preflight import Preflight
from cluster.shadow.comparing import Comparison
from cluster.sweep.document import SweepDocument

pytestmark = pytest.mark.golden

GOLDEN = Path(__file__).parent / "golden"
PROMISED = {
    **DOCUMENTS,
    "sweep": SweepDocument,
    "exchange conformance": Report,
    "models train": RunManifest,
    "models verify": VerifyDocument,
    "models promote": Promotion,
    "probe": ProbeDocument,
    "preflight": Preflight,
    "shadow compare": Comparison,
}
COMMANDS = (
    "",
    "demo",
    "run",
    "up",
    "down",
    "status",
    "health",
    "tree",
    "ps",
    "orders",
    "positions",
    "trace",
    "probe",
    "halt",
    "resume",
    "flatten",
    "mode",
    "degrade",
    "preflight",
    "limits",
    "limits show",
    "limits set",
    "risk",
    "treasury",
    "treasury sweep",
    "treasury purge",
    "treasury trim",
    "treasury deposit",
    "treasury withdraw",
    "strategies",
    "strategies list",
    "strategies enable",
    "strategies disable",
    "strategies budget",
    "strategies sizer",
    "strategies suggest",
    "shadow",
    "shadow compare",
    "universe",
    "universe show",
    "universe add",
    "universe remove",
    "universe ban",
    "universe unban",
    "config",
    "config check",
    "config show",
    "store",
    "store show",
    "report",
    "export",
    "replay",
    "parity",
    "backtest",
    "sweep",
    "models",
    "models train",
    "models verify",
    "models promote",
    "drill",
    "bench",
    "chaos",
    "exchange",
    "exchange conformance",
    "record",
    "record init",
    "record check",
    "record history",
    "volumes",
)


@functools.cache
def help_text(command: str) -> str:
    """What `raydesk COMMAND --help` prints on a terminal of 100 columns without colour."""
    runner = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1", "TERMINAL_WIDTH": "100"})
    result = runner.invoke(app, [*command.split(), "--help"], prog_name="raydesk")
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.output.splitlines()) + "\n"


def held_to(name: str, text: str) -> None:
    """Compare with what is stored under this name, or store it when asked to."""
    path = GOLDEN / name
    if os.environ.get("RAYDESK_UPDATE_GOLDEN"):
        path.write_text(text)
    assert path.exists(), f"{path.name} is not stored: run with RAYDESK_UPDATE_GOLDEN=1 and look at it"
    assert text == path.read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_text_is_as_stored(command: str) -> None:
    held_to(f"help_{command.replace(' ', '_') or 'raydesk'}.txt", help_text(command))


@pytest.mark.parametrize("command", sorted(PROMISED))
def test_the_json_schema_is_as_stored(command: str) -> None:
    schema = msgspec.json.format(msgspec.json.encode(msgspec.json.schema(PROMISED[command])), indent=2)
    held_to(f"schema_{command.replace(' ', '_')}.json", schema.decode() + "\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_text_tells_the_exit_codes(command: str) -> None:
    told = " ".join(help_text(command).split())

    assert all(f"{code.value} {meaning}" in told for code, meaning in MEANINGS.items())


def test_nothing_stored_is_left_over() -> None:
    wanted = {f"help_{command.replace(' ', '_') or 'raydesk'}.txt" for command in COMMANDS}
    wanted |= {f"schema_{command.replace(' ', '_')}.json" for command in PROMISED}

    assert {path.name for path in GOLDEN.iterdir()} == wanted
