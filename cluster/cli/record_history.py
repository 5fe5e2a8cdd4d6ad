"""`raydesk record history`: a venue's past into a dataset."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from cluster.cli.backtesting import instant
from cluster.cli.desks import JsonFlag
from cluster.cli.exits import EPILOG, Exit
from cluster.cli.output import moment, print_json, say

if TYPE_CHECKING:
    from cluster.recording.history import Download

DatasetArgument = Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of the dataset.")]


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command(name="history", epilog=EPILOG)(history)


def history(
    dataset: DatasetArgument,
    start: Annotated[
        str | None, typer.Option("--from", help="Begin here: a date or time in UTC, as 2024-08-08T12:00.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="End here (inclusive); default: now.")] = None,
    trades: Annotated[
        bool | None, typer.Option("--trades/--no-trades", help="Aggregate trades as well; default: no.")
    ] = None,
    funding: Annotated[
        bool | None, typer.Option("--funding/--no-funding", help="Paid funding rates; default: yes.")
    ] = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Download what the venue tells of the past: bars of the dataset's length, funding rates, aggregate trades.

    Goes on where the last download of the dataset has ended, however it ended. Stays within the venue's request budget.
    """
    from cluster.recording.history import begin_history

    folder = dataset.expanduser()
    begin_history(
        folder, start=None if start is None else instant("--from", start), trades=trades, funding=funding
    )
    until = time.time_ns() if end is None else instant("--to", end, last=True) + 1
    import uvloop

    download = uvloop.run(_download(folder, until, as_json))
    if as_json:
        print_json(_summary(download))
    else:
        done = moment(download.history.done)
        say(f"downloaded {download.rows:,} rows; all up to {done} is in {escape(str(dataset))}")
    return Exit.OK


async def _download(folder: Path, until: int, as_json: bool) -> Download:
    """Download until all is there or somebody says stop; what was not finished then is fetched the next time."""
    from actors.venues.binance_usdm.market_history import MarketHistory
    from cluster.recording.history import Download
    from cluster.recording.manifest import load_manifest
    from cluster.recording.venue import rest_of

    manifest = load_manifest(folder)
    rest = rest_of(manifest)
    download = Download(folder, MarketHistory(rest, manifest.symbols))
    if not as_json and sys.stderr.isatty():
        download.on_progress = lambda: _tell(download)
    work = asyncio.create_task(download.run(until))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        (ended,) = await asyncio.gather(work, return_exceptions=True)
    finally:
        await rest.close()
    if not as_json and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if isinstance(ended, Exception):
        raise ended
    return download


def _tell(download: Download) -> None:
    waiting = f"  waiting: {download.trouble}" if download.trouble else ""
    sys.stderr.write(f"\r\x1b[K{moment(download.reached)}  rows {download.rows:,}{waiting}")
    sys.stderr.flush()


def _summary(download: Download) -> dict[str, Any]:
    manifest, history = download.manifest, download.history
    return {
        "rows": download.rows,
        "start": history.start,
        "done": history.done,
        "parts": [part.file for part in manifest.parts],
        "funding": {each.listing: each.rows for each in manifest.funding},
        "holes": len(manifest.holes),
    }
