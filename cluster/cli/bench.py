"""The command that measures the machine: bench."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from cluster.cli.desks import JsonFlag
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.output import console, print_json, stdout_kept_clean
from messages.errors import DeskError


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command(epilog=EPILOG)(bench)


def bench(
    sections: Annotated[
        list[str] | None, typer.Argument(help="What to measure; default: everything.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few repetitions: rough figures, soon.")] = False,
    against: Annotated[
        Path | None, typer.Option("--against", help="Also compare with an earlier run's --json output.")
    ] = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Measure durable hops, throughput, recovery, start and memory on this machine, each beside its raw floor."""
    from cluster.bench.report import compare, read_result, render  # heavy, and only needed here
    from cluster.bench.runner import SECTIONS, run_bench

    chosen = sections or list(SECTIONS)
    unknown = [name for name in chosen if name not in SECTIONS]
    if unknown:
        raise UsageError(
            "there is no such section",
            field="SECTIONS",
            value=unknown[0],
            remedy=f"name some of {', '.join(SECTIONS)}",
        )
    earlier = None if against is None else _earlier(against, read_result)  # before minutes of measuring
    with stdout_kept_clean() if as_json else nullcontext():
        result = run_bench(chosen, quick=quick)
    if not as_json:
        console().print(render(result, earlier))
    elif earlier is None:
        print_json(result)
    else:
        print_json({**result, "against": compare(result, earlier)})
    return Exit.OK


def _earlier(path: Path, read: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    try:
        return read(path)
    except DeskError as error:
        raise UsageError(error.message, field="--against", value=str(path), remedy=error.remedy) from error
