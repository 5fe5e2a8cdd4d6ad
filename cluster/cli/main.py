"""The `raydesk` command: all groups of commands under one name, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape

from cluster.cli import (
    backtesting,
    bench,
    chaos,
    control,
    drill,
    exchange,
    inspection,
    limits,
    models,
    preflight,
    probe,
    reading,
    record,
    replaying,
    report,
    running,
    settings,
    shadow,
    storage,
    strategies,
    sweep,
    treasury,
    universe,
    volumes,
)
from cluster.cli.exits import EPILOG, Exit, code_of
from cluster.cli.output import say
from messages.errors import DeskError


def _leave(code: Exit | None, **_: object) -> None:
    """Every command returns its exit code; this is where it takes effect."""
    raise typer.Exit(int(code or Exit.OK))


app = typer.Typer(
    name="raydesk",
    help="A trading desk made of durable, supervised actors on Ray.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    result_callback=_leave,
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """A trading desk made of durable, supervised actors on Ray."""


for group in (
    running,
    backtesting,
    sweep,
    models,
    drill,
    reading,
    probe,
    inspection,
    volumes,
    control,
    preflight,
    limits,
    strategies,
    shadow,
    universe,
    treasury,
    report,
    settings,
    storage,
    replaying,
    bench,
    chaos,
    exchange,
    record,
):
    group.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code; see `cluster.cli.exits` for what the codes mean.

    Modules of the present folder can be imported, as with `python -m cluster`: strategies of one's own may lie there.
    """
    sys.path.append(os.getcwd())
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(int(run(given)))


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Errors are printed as one line, with `--debug` as a traceback.

    `--debug` is taken at any place.
    """
    debug = "--debug" in arguments
    try:
        app(args=[each for each in arguments if each != "--debug"], prog_name="raydesk")
    except SystemExit as end:  # typer has told what was wrong with the usage, or a command gave its code
        return end.code if isinstance(end.code, int) else Exit.OK
    except DeskError as error:
        if debug:
            raise
        say(f"[bold red]error:[/] {escape(str(error))}")
        return code_of(error)
    except KeyboardInterrupt:
        say("stopped")
        return Exit.TROUBLE
    return Exit.OK
