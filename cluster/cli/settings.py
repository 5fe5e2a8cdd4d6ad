"""Commands about settings, which need no desk: config check and config show."""

from __future__ import annotations

import os
from typing import Annotated

import msgspec
import typer

from cluster.cli.desks import JsonFlag, SetOption, load
from cluster.cli.documents import ConfigCheckDocument, ConfigDocument, ProblemEntry, SettingEntry
from cluster.cli.exits import EPILOG, Exit
from cluster.cli.output import console, print_json, shown, table
from config import check_config, profile_names, rows

Source = Annotated[str, typer.Argument(help=f"A profile ({', '.join(profile_names())}), a file or a folder.")]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(
        name="config",
        help="Check and show settings.",
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command(epilog=EPILOG)(check)
    group.command(epilog=EPILOG)(show)
    app.add_typer(group)


def check(config: Source, overrides: SetOption = None, as_json: JsonFlag = False) -> Exit:
    """Find every problem in the settings. Exit code 0 when there is none, else 2.

    Where they are sound by themselves each strategy is made once, with its models: what keeps it from starting is told.
    """
    problems = check_config(config, environ=os.environ, overrides=tuple(overrides or ()))
    if not problems:
        from cluster.host.strategy_check import strategy_problems

        problems = strategy_problems(load(config, overrides).config)
    entries = tuple(
        ProblemEntry(each.path, each.message, each.value, each.source, each.remedy) for each in problems
    )
    found = ConfigCheckDocument(not entries, None if entries else load(config, overrides).hash, entries)
    if as_json:
        print_json(found)
    elif found.valid:
        console().print(f"valid, config hash {found.config_hash}")
    else:
        for problem in problems:
            console().print(shown(problem), soft_wrap=True)
    return Exit.OK if found.valid else Exit.USAGE


def show(config: Source, overrides: SetOption = None, as_json: JsonFlag = False) -> Exit:
    """Print each setting with its value and where that came from; secrets are masked."""
    loaded = load(config, overrides)
    document = ConfigDocument(
        loaded.hash, tuple(SettingEntry(row.path, row.value, row.source) for row in rows(loaded))
    )
    if as_json:
        print_json(document)
        return Exit.OK
    lines = table("setting", "value", "source")
    for entry in document.settings:
        value = entry.value if isinstance(entry.value, str) else msgspec.json.encode(entry.value).decode()
        lines.add_row(shown(entry.path), shown(value), shown(entry.source))
    console().print(lines)
    console().print(f"config hash {document.config_hash}")
    return Exit.OK
