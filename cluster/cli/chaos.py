"""The command that tries to break the desk: chaos."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Group
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cluster.cli.desks import JsonFlag
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.output import console, print_json, table

if TYPE_CHECKING:
    from cluster.simulator.desk.campaign import CampaignResult, Failure

_MOST_SHOWN = 5
_ROLES = ("strategy", "risk", "execution", "supervisor", "universe", "store", "operator")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command(epilog=EPILOG)(chaos)


def chaos(
    simulated: Annotated[
        bool, typer.Option("--simulated", help="The whole desk in one process, on a virtual clock.")
    ] = False,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds to run.")] = 2_000,
    first_seed: Annotated[int, typer.Option("--first-seed", min=0, help="The first of them.")] = 0,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes to run them in; default: one per core.")
    ] = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Let a desk live through faults drawn from seeds, and check after every step what must always hold.

    Crashes, zombies, lost answers of store and venues, lost history, operators: each seed draws its own mixture. A
    failed seed names the command that repeats it. With 1,000 seeds or more, a fault or a situation that never came up
    fails the campaign, too.
    """
    if not simulated:
        raise UsageError(
            "only the simulated campaign runs from here",
            field="--simulated",
            value=False,
            remedy="add --simulated; the tests in tests/chaos kill real processes",
        )
    from cluster.simulator.desk.campaign import run_campaign  # heavy, and only needed here

    chosen = workers or os.cpu_count() or 1
    began = time.monotonic()
    with _bar(hidden=as_json or not sys.stderr.isatty()) as bar:
        task = bar.add_task("seeds", total=seeds, rate="")

        def advance(count: int) -> None:
            done = bar.tasks[task].completed + count
            bar.update(task, advance=count, rate=f"{done / (time.monotonic() - began):.1f} seeds/s")

        result = run_campaign(seeds, first_seed, workers=min(chosen, seeds), progress=advance)
    if as_json:
        print_json({**msgspec.to_builtins(result), "passed": result.passed})
    else:
        console().print(_report(result, time.monotonic() - began))
    return Exit.OK if result.passed else Exit.TROUBLE


def _bar(*, hidden: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console(sys.stderr),
        disable=hidden,
    )


def _report(result: CampaignResult, took_s: float) -> Group:
    verdict = "[bold green]passed[/]" if result.passed else "[bold red]failed[/]"
    heading = (
        f"{verdict}: {result.seeds} seeds from {result.first_seed} in {took_s:.1f} s "
        f"({result.seeds / took_s:.1f} seeds/s), {result.steps:,} steps, {result.orders:,} orders, "
        f"{result.fills:,} fills, trace {result.trace}"
    )
    parts: list[object] = [heading, "", _faults(result), "", _situations(result)]
    if result.unreached:
        parts += ["", f"[bold]never came up:[/] {escape(', '.join(result.unreached))}"]
    for failure in result.failures[:_MOST_SHOWN]:
        parts += ["", _failure(failure)]
    if len(result.failures) > _MOST_SHOWN:
        rest = ", ".join(str(failure.seed) for failure in result.failures[_MOST_SHOWN:])
        parts += ["", f"further seeds that failed: {rest}"]
    return Group(*parts)  # type: ignore[arg-type]


def _faults(result: CampaignResult) -> Table:
    """Fault kind by role; `-` where a kind can't strike."""
    rows = table("fault", *(f">{role}" for role in _ROLES))
    for kind in dict.fromkeys(name.partition("/")[0] for name in result.struck):
        cells = [result.struck.get(f"{kind}/{role}") for role in _ROLES]
        rows.add_row(kind, *("-" if cell is None else f"{cell:,}" for cell in cells))
    return rows


def _situations(result: CampaignResult) -> Table:
    rows = table("situation", ">times")
    for name, count in result.reached.items():
        rows.add_row(escape(name), f"{count:,}")
    return rows


def _failure(failure: Failure) -> str:
    return (
        f"[bold red]seed {failure.seed}, step {failure.step}[/]: {escape(failure.problem)}\n"
        f"{escape(failure.history)}\n[bold]{escape(failure.reproduce)}[/]"
    )
