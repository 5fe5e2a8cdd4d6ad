"""The command that measures the machine: bench."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from cluster.cli.desks import JsonFlag
from cluster.cli.exits import EPILOG, Exit, UsageError, require_known
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
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", help="Of the backtest only this one; may be given more than once."),
    ] = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Measure hops, quote to order, throughput, recovery, start, memory, decisions and backtests on this machine.

    Hops, orders, throughput and recovery are shown beside their raw floor. An order goes from the frame of a quote to
    the socket of a local exchange, each part of the way with its share. Risk is measured with what is on by default,
    and with every check on a thousand symbols. A decision of the pipeline is on one symbol, and on a thousand in one
    call. A backtest is the whole desk in one process: strategies, risk with every check and the ledger, execution, a
    paper venue.
    """
    from cluster.bench.backtests.scenarios import SCENARIOS
    from cluster.bench.report import compare, read_result, render  # heavy, and only needed here
    from cluster.bench.runner import SECTIONS, run_bench

    chosen = sections or (["backtest"] if scenario else list(SECTIONS))
    for name in chosen:
        require_known("SECTIONS", name, SECTIONS, "there is no such section")
    for name in scenario or ():
        require_known("--scenario", name, SCENARIOS, "there is no such scenario")
    earlier = None if against is None else _earlier(against, read_result)  # before minutes of measuring
    with stdout_kept_clean() if as_json else nullcontext():
        result = run_bench(chosen, quick=quick, scenarios=scenario or ())
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
