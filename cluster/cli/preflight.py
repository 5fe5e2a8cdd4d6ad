"""`raydesk preflight`: whether real orders may leave with these settings, and if not, every reason."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.desks import FolderOption, JsonFlag, SetOption, load
from cluster.cli.exits import EPILOG, Exit
from cluster.cli.output import console, print_json, shown, table
from config import LoadedConfig
from messages.errors import StoreUnavailableError

if TYPE_CHECKING:
    from cluster.preflight import Preflight

Source = Annotated[str, typer.Argument(help="Settings: a profile (pilot, live), a file or a folder.")]
COLOURS = {"passed": "green", "failed": "bold red", "skipped": "yellow"}


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command(epilog=EPILOG)(preflight)


def preflight(
    config: Source, folder: FolderOption = None, overrides: SetOption = None, as_json: JsonFlag = False
) -> Exit:
    """Check whether real orders may leave: settings, this machine, then every venue. Nothing is changed anywhere.

    A live desk runs the same checks when it starts, and does not start unless they hold; what only halts it is told.
    """
    document = asyncio.run(_run(load(config, overrides), folder))
    if as_json:
        print_json(document)
        return Exit.OK if document.green else Exit.TROUBLE
    rows = table("check", "", "")
    for each in document.checks:
        colour = COLOURS[each.status.value]
        rows.add_row(shown(each.name), f"[{colour}]{each.status.value}[/]", shown(each.detail))
    console().print(rows)
    console().print(verdict(document))
    return Exit.OK if document.green else Exit.TROUBLE


def verdict(document: Preflight) -> str:
    """What the checks come to. They are those of live: whether orders of a paper desk may leave is another matter."""
    green = "[green]green[/]" if document.green else "[bold red]not green[/]"
    armed = "ARMED" if document.armed else f"NOT_ARMED ({shown(document.not_armed_because)})"
    now = "" if document.environment == "live" else f"as it is, in {document.environment}, "
    return f"{shown(document.desk)} in live: {green}; {now}{armed}"


async def _run(loaded: LoadedConfig, folder: Path | None) -> Preflight:
    """With the store of the desk where that is up."""
    from cluster.desk import find_desk
    from cluster.preflight import run_preflight
    from cluster.store.redis_store import RedisStore, connect

    name, redis = loaded.config.desk.name, loaded.config.redis
    store: RedisStore | None = None
    if redis.mode == "url" and redis.url is not None:
        store = RedisStore(connect(redis.url.get_secret_value()), name)
    else:
        with contextlib.suppress(StoreUnavailableError):
            store = (await find_desk(name, folder)).store
    try:
        return await run_preflight(loaded, store)
    finally:
        if store is not None:
            await store.close()
