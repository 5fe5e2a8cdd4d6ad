"""The commands that record a venue's market: record, record init, record check; `record_history` has another."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.markup import escape

from cluster.cli.desks import JsonFlag
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.output import console, print_json, say, table
from cluster.cli.record_history import DatasetArgument
from cluster.cli.record_history import register as register_history
from config.duration import parse_duration

if TYPE_CHECKING:
    from cluster.recording.recorder import Recorder

BINANCE_REST = "https://fapi.binance.com"
BINANCE_STREAM = "wss://fstream.binance.com"
LOOK_S = 1.0
_PERPETUAL = "-PERP"


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(
        name="record",
        help="Record a venue's market into a dataset that replays and backtests.",
        epilog=EPILOG,
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback(invoke_without_command=True)(record)
    group.command(name="init", epilog=EPILOG)(init)
    group.command(name="check", epilog=EPILOG)(check)
    register_history(group)
    app.add_typer(group)


def record(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of a dataset made by record init.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--for", help="Seconds to record; default: until Ctrl-C.")
    ] = None,
    part: Annotated[str, typer.Option("--part", help="A file is finished after this long.")] = "5m",
    as_json: JsonFlag = False,
) -> Exit | None:
    """Record quotes, trades, books, bars and the rules of instruments as they come, until Ctrl-C.

    Goes on with the dataset. Files get their names when they are whole; a recorder that is killed loses what the one
    in the making holds.
    """
    if context.invoked_subcommand is not None:
        return None
    if out is None:
        raise UsageError(
            "it must be known where to record",
            field="--out",
            remedy="make a dataset with raydesk record init",
        )
    import uvloop

    recorder = uvloop.run(_record(out.expanduser(), seconds, _duration("--part", part) / 1e9, as_json))
    if as_json:
        print_json(_summary(recorder))
    else:
        say(f"recorded {recorder.rows:,} rows; {len(recorder.manifest.parts)} parts in {escape(str(out))}")
    return Exit.OK


def init(
    dataset: DatasetArgument,
    symbols: Annotated[
        str,
        typer.Option("--symbols", help="What is recorded: BTC-USDT-PERP,ETH-USDT-PERP or SYMBOL=LISTING."),
    ],
    rest_url: Annotated[str, typer.Option("--rest-url", help="Address of the venue's REST.")] = BINANCE_REST,
    stream_url: Annotated[
        str, typer.Option("--stream-url", help="Address of the venue's streams.")
    ] = BINANCE_STREAM,
    depth: Annotated[bool, typer.Option("--depth", help="Record the books as well.")] = False,
    bars: Annotated[
        str | None, typer.Option("--bars", help="Also the venue's bars, of 1m for example.")
    ] = None,
) -> Exit:
    """Make an empty dataset of symbols at Binance USD-M futures, or at an exchange that speaks its protocol."""
    from actors.venues.binance_usdm.market_plan import interval_of
    from cluster.recording.manifest import Manifest, create_dataset

    length = None if bars is None else _duration("--bars", bars)
    if length is not None:
        interval_of(length)
    manifest = Manifest(
        venue="binance_usdm",
        rest_url=rest_url,
        stream_url=stream_url,
        created_at=time.time_ns(),
        symbols=_listings(symbols),
        depth=depth,
        bar_ns=length,
    )
    create_dataset(dataset.expanduser(), manifest)
    say(f"made {escape(str(dataset))}; raydesk record --out {escape(str(dataset))} records into it")
    return Exit.OK


def check(dataset: DatasetArgument, as_json: JsonFlag = False) -> Exit:
    """Read a dataset to its end and compare it with its manifest: files, hashes, counts, order, holes.

    Exit code 1 when it is unfit for use.
    """
    from cluster.recording.checking import check_dataset

    found = check_dataset(dataset.expanduser())
    sound = not any(finding.grave for finding in found)
    if as_json:
        print_json(
            {
                "sound": sound,
                "findings": [{**msgspec.to_builtins(finding), "grave": finding.grave} for finding in found],
            }
        )
    else:
        rows = table("finding", "place", "detail")
        for finding in found:
            colour = "red" if finding.grave else "yellow"
            rows.add_row(f"[{colour}]{finding.code}[/]", escape(finding.place), escape(finding.detail))
        if found:
            console().print(rows)
        say("sound" if sound else "unfit for use")
    return Exit.OK if sound else Exit.TROUBLE


# ---------------------------------------------------------------------- recording


async def _record(folder: Path, seconds: float | None, part_s: float, as_json: bool) -> Recorder:
    from actors.venues.binance_usdm.market import BinanceUsdmMarket, MarketSettings
    from actors.venues.binance_usdm.market_line import LineSettings
    from cluster.recording.manifest import load_manifest
    from cluster.recording.recorder import Recorder, RecorderSettings
    from cluster.recording.venue import rest_of

    manifest = load_manifest(folder)
    rest = rest_of(manifest)
    settings = MarketSettings(lines=LineSettings(base_url=manifest.stream_url))
    port = BinanceUsdmMarket(manifest.venue, manifest.symbols, rest, settings)
    recorder = Recorder(folder, port, RecorderSettings(part_s=part_s))
    try:
        await _until_told(recorder, port, seconds, as_json)
    finally:
        await port.close()
        await rest.close()
    return recorder


async def _until_told(recorder: Recorder, port: Any, seconds: float | None, as_json: bool) -> None:
    """Record until time is up or somebody says so, with a line of figures where it can be written over."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ends = None if seconds is None else time.monotonic() + seconds
    work, stopped = asyncio.create_task(recorder.run()), asyncio.create_task(stop.wait())
    try:
        while not (work.done() or stopped.done() or (ends is not None and time.monotonic() >= ends)):
            left = LOOK_S if ends is None else min(LOOK_S, max(0.0, ends - time.monotonic()))
            await asyncio.wait({work, stopped}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if not as_json and sys.stderr.isatty():
                sys.stderr.write(f"\r\x1b[K{_line(recorder, port)}")
                sys.stderr.flush()
    finally:
        stopped.cancel()
        work.cancel()
        (ended,) = await asyncio.gather(work, return_exceptions=True)
        if not as_json and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
    if isinstance(ended, Exception):
        raise _first(ended)


def _first(error: Exception) -> Exception:
    """The failure itself, where a group of tasks has wrapped it."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _line(recorder: Recorder, port: Any) -> str:
    health = port.health()
    return (
        f"rows {recorder.rows:,}  parts {len(recorder.manifest.parts)}  connected {health.connected} of "
        f"{health.connections}  reconnects {health.reconnects}  gaps {health.gaps}"
    )


def _summary(recorder: Recorder) -> dict[str, Any]:
    manifest = recorder.manifest
    return {
        "rows": recorder.rows,
        "parts": [part.file for part in manifest.parts],
        "holes": len(manifest.holes),
        "instruments": sorted({each.instrument.symbol for each in manifest.instruments}),
    }


# ---------------------------------------------------------------------- arguments


def _duration(option: str, text: str) -> int:
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error), field=option, value=text, remedy="write 30s, 5m or 1h") from error
    if found <= 0:
        raise UsageError("must be above zero", field=option, value=text, remedy="write 30s, 5m or 1h")
    return found


def _listings(text: str) -> dict[str, str]:
    """Symbols with their listings: as named, or the symbol without its dashes and its -PERP."""
    found: dict[str, str] = {}
    for word in filter(None, (each.strip() for each in text.split(","))):
        symbol, _, listing = word.partition("=")
        if symbol in found:
            raise UsageError("named twice", field="--symbols", value=symbol, remedy="name each symbol once")
        found[symbol] = listing or symbol.removesuffix(_PERPETUAL).replace("-", "")
    if not found or len(set(found.values())) != len(found):
        raise UsageError(
            "must be some symbols with a listing each",
            field="--symbols",
            value=text,
            remedy="write BTC-USDT-PERP,ETH-USDT-PERP or SYMBOL=LISTING",
        )
    return found
