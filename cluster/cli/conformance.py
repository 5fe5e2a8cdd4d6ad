"""The command that tests venue ports: exchange conformance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from cluster.cli.desks import JsonFlag
from cluster.cli.exits import Exit, UsageError, require_known
from cluster.cli.output import console, print_json, say, table

if TYPE_CHECKING:
    from cluster.conformance.suite import Report

_STYLES = {"green": "green", "red": "bold red", "not offered": "dim"}


def conformance(
    venue: Annotated[
        list[str] | None,
        typer.Option("--venue", help="Only this one; may be given more than once. Default: all."),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="Only scenarios whose group or name contains this.")
    ] = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Run the scenarios that every venue port must pass, each on a venue of its own on this machine.

    Prints a table of scenarios and venues: green, red, or not offered. Any red cell makes the exit code 1.
    """
    import uvloop

    from cluster.conformance.benches import VENUES  # heavy, and only needed here
    from cluster.conformance.scenarios import SCENARIOS
    from cluster.conformance.suite import run_suite

    wanted = list(dict.fromkeys(venue or VENUES))
    for name in wanted:
        require_known("--venue", name, VENUES, "there is no such venue")
    chosen = [each for each in SCENARIOS if not scenario or scenario in f"{each.group} {each.name}"]
    if not chosen:
        raise UsageError(
            "there is no such scenario",
            field="--scenario",
            value=scenario,
            remedy="give a part of its name or of its group's; without it all are run and listed",
        )
    report = uvloop.run(run_suite([VENUES[name] for name in wanted], chosen))
    if as_json:
        print_json(report)
    else:
        _show(report)
    return Exit.TROUBLE if report.red else Exit.OK


def _show(report: Report) -> None:
    rows = table("group", "scenario", *report.venues)
    width, group = len(report.venues), ""
    for start in range(0, len(report.cells), width):
        cells = report.cells[start : start + width]
        told = [f"[{_STYLES[cell.verdict.value]}]{cell.verdict.value}[/]" for cell in cells]
        rows.add_row("" if cells[0].group == group else cells[0].group, cells[0].scenario, *told)
        group = cells[0].group
    console().print(rows)
    for cell in report.red:
        say(f"[bold red]red:[/] {escape(f'{cell.venue}: {cell.group}: {cell.scenario}: {cell.detail}')}")
    counts = report.counts
    say(
        f"{len(report.cells) // width} scenarios on {width} venues: {counts['green']} green, "
        f"{counts['red']} red, {counts['not offered']} not offered"
    )
