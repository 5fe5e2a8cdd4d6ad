"""`raydesk drill`: named faults in a run on recorded data, and whether what must follow did."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.backtesting import CacheOption, DataOption, instant
from cluster.cli.desks import ConfigOption, JsonFlag, SetOption, load
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.output import clock, console, print_json, shown, span, table
from cluster.drill.document import DrillDocument, DrillEntry, DrillsDocument

if TYPE_CHECKING:
    from cluster.drill.drill import Drill

ALL = "all"


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command(epilog=EPILOG)(drill)


def drill(
    name: Annotated[str | None, typer.Argument(help="Which drill, or all; --list names them.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Begin here: a time in UTC, as 2024-08-08T12:00.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the drills and what each does.")] = False,
    cache: CacheOption = None,
    overrides: SetOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Put a fault into a run on recorded data and assert what must follow; without data on the synthetic market.

    Each drill runs the desk's own actors three times: without the fault, and twice with it, which must give one
    fingerprint. The settings are those of replay with data, of synthetic without, unless --config names others.
    """
    from cluster.drill.drills import DRILLS

    if listed:
        return _list(DRILLS.values(), as_json)
    source = config or ("replay" if data else "synthetic")
    done = tuple(
        _run(each, source, data or [], start, cache, overrides, quiet=as_json) for each in _chosen(name)
    )
    if as_json:
        print_json(DrillsDocument(drills=done))
    else:
        for document in done:
            _print(document)
    return Exit.OK if all(each.passed for each in done) else Exit.TROUBLE


def _chosen(name: str | None) -> list[Drill]:
    from cluster.drill.drills import DRILLS

    if name == ALL:
        return list(DRILLS.values())
    if name is None or name not in DRILLS:
        raise UsageError(
            "no drill is named" if name is None else "there is no such drill",
            field="NAME",
            value=name,
            remedy=f"name one of {', '.join(DRILLS)}, or {ALL}",
        )
    return [DRILLS[name]]


def _run(
    chosen: Drill,
    source: str,
    data: list[Path],
    start: str | None,
    cache: Path | None,
    overrides: list[str] | None,
    *,
    quiet: bool,
) -> DrillDocument:
    from cluster.drill.run import run_drill

    given = {each.partition("=")[0].strip() for each in overrides or ()}
    own = [each for each in chosen.overrides if each.partition("=")[0] not in given]
    loaded = load(source, [*own, *(overrides or ())])
    where = cache or Path.home() / ".raydesk" / "cache"
    begin = None if start is None else instant("--from", start)
    with _progress(chosen.name, quiet=quiet) as progress:
        return run_drill(chosen, loaded, data, where, start=begin, progress=progress)


def _print(document: DrillDocument) -> None:
    lines = table("", "what must follow", "seen")
    for entry in document.checks:
        mark = "[green]✓[/]" if entry.passed else "[bold red]✗[/]"
        lines.add_row(mark, shown(entry.check), shown(entry.observed))
    verdict = "[bold green]passed[/]" if document.passed else "[bold red]failed[/]"
    screen = console()
    screen.print(f"[bold]{document.drill}[/]: {shown(document.says)}")
    if document.fault_begin is not None and document.fault_end is not None:
        about = f" on {shown(document.subject)}" if document.subject else ""
        screen.print(f"fault{about} from {clock(document.fault_begin)} to {clock(document.fault_end)}")
    screen.print(lines)
    screen.print(f"{document.drill} {verdict}\n")


def _list(drills: Iterable[Drill], as_json: bool) -> Exit:
    entries = tuple(DrillEntry(each.name, each.says, each.length) for each in drills)
    if as_json:
        print_json(DrillsDocument(available=entries))
        return Exit.OK
    lines = table("!drill", "what happens", ">data it needs")
    for entry in entries:
        lines.add_row(shown(entry.drill), shown(entry.says), span(entry.needs))
    console().print(lines)
    return Exit.OK


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Callable[[int, float], None] | None]:
    """A bar with the time left, on a terminal; else nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from cluster.drill.run import RUNS

    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(name, total=RUNS)
        yield lambda done, share: bar.update(task, completed=done + share)
