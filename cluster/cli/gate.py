"""`--baseline` and `--tolerance`: how commands hold their runs to stored ones."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.exits import Exit, UsageError
from cluster.cli.output import say
from cluster.cli.sweep_text import gate_text
from config.ratio import parse_ratio

if TYPE_CHECKING:
    from cluster.sweep.gate import Runs

BaselineOption = Annotated[
    Path | None,
    typer.Option(
        "--baseline", help="Compare with a stored sweep or report.json; exit code 1 when it differs."
    ),
]
ToleranceOption = Annotated[
    str, typer.Option("--tolerance", help="By which part a figure may differ from its baseline: 5%, 10bps.")
]

Gate = Callable[["Runs"], Exit]
"""Compares, tells what differs, and says what it comes to."""


def gate_of(baseline: Path | None, tolerance: str) -> Gate | None:
    """The gate that was asked for; None without a baseline, which is read at once: before minutes of work.

    Raises `UsageError` for a tolerance that is none, `ConfigurationError` for a baseline that can't be read.
    """
    allowed = tolerance_of(tolerance)
    if baseline is None:
        return None
    from cluster.sweep.gate import compare, passes, read_baseline

    stored = read_baseline(baseline)

    def judge(found: Runs) -> Exit:
        differences = compare(found, stored, allowed)
        say(gate_text(differences))
        return Exit.OK if passes(differences) else Exit.TROUBLE

    return judge


def tolerance_of(text: str) -> Decimal:
    """A tolerance as a fraction. Raises `UsageError` for a text that is no ratio of zero or more."""
    try:
        found = parse_ratio(text)
        if found < 0:
            raise ValueError("must not be negative")
    except ValueError as error:
        raise UsageError(
            str(error), field="--tolerance", value=text, remedy="write 5%, 25bps or 0"
        ) from error
    return found
