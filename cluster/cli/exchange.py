"""The command that runs an exchange on this machine: exchange."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.markup import escape

from cluster.cli.conformance import conformance
from cluster.cli.desks import JsonFlag
from cluster.cli.exits import EPILOG, Exit, UsageError, require_known
from cluster.cli.output import console, say, shown, table

if TYPE_CHECKING:
    from cluster.exchange.published import ExchangeAddress
    from cluster.exchange.server import ExchangeServer
    from cluster.exchange.settings import ServerSettings

LOOK_S = 1.0
QUIET_LOOK_S = 30.0
"""How often the line of figures is written where it can't be written over."""


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(
        name="exchange",
        help="Run an exchange on this machine that speaks the protocol of Binance USD-M futures.",
        epilog=EPILOG,
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback(invoke_without_command=True)(exchange)
    group.command(epilog=EPILOG)(conformance)
    app.add_typer(group)


def exchange(
    context: typer.Context,
    symbols: Annotated[
        str | None,
        typer.Option("--symbols", help="How many listings, or which: BTCUSDT,ETHUSDT; default: 12."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="What the market is drawn from.")] = 1,
    rate: Annotated[
        float, typer.Option("--rate", help="Book updates a second and listing in the drawn market.")
    ] = 20.0,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Recorded files, folders or patterns that the books follow instead."),
    ] = None,
    speed: Annotated[float, typer.Option("--speed", help="How fast recorded data passes.")] = 1.0,
    levels: Annotated[
        str, typer.Option("--levels", help="What recorded books are made of: depth or quotes.")
    ] = "depth",
    account: Annotated[
        list[str] | None,
        typer.Option("--account", help="NAME or NAME=50000USDT,1BTC; default: desk with 1,000,000 USDT."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="KIND[:RATE][@PATTERN][,s=LOW-HIGH]; docs/exchange.md lists the kinds."),
    ] = None,
    faults: Annotated[Path | None, typer.Option("--faults", help="JSON file of faults.")] = None,
    fault_seed: Annotated[
        int | None, typer.Option("--fault-seed", help="What faults are drawn from.")
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option("--home", help="Folder of keys, log and state; without it nothing outlives the run."),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 = a free one.")] = 0,
    control_port: Annotated[
        int, typer.Option("--control-port", help="Of the control socket; 0 = a free one.")
    ] = 0,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Listen where other machines can reach it.")
    ] = False,
    as_json: JsonFlag = False,
) -> Exit | None:
    """Run an exchange on this machine that speaks the protocol of Binance USD-M futures, until Ctrl-C.

    Keys are made in its home folder. With --json stdout gets one line with the addresses once it answers.
    """
    if context.invoked_subcommand is not None:
        return None
    from cluster.exchange.core import ExchangeSettings  # heavy, and only needed here
    from cluster.exchange.fault_specs import fault_settings
    from cluster.exchange.settings import (
        AccountPlan,
        Levels,
        ServerSettings,
        account_of,
        checked,
        listings_of,
    )

    if data and symbols is None:
        raise UsageError(
            "it must be known what is recorded",
            field="--symbols",
            remedy="name the listings of the files, as in --symbols BTCUSDT,ETHUSDT",
        )
    if not data and (speed != 1.0 or levels != Levels.DEPTH.value):
        raise UsageError(
            "only recorded data has a speed and levels",
            field="--data",
            remedy="give the files, or leave out --speed and --levels",
        )
    require_known("--levels", levels, Levels, "there is no such choice")

    def settings(folder: Path) -> ServerSettings:
        return checked(
            ServerSettings(
                home=str(folder),
                market=ExchangeSettings(
                    seed=seed, listings=listings_of(symbols or "12"), updates_per_second=rate
                ),
                accounts=tuple(account_of(each) for each in account or ()) or (AccountPlan(name="desk"),),
                data=tuple(str(path) for path in data or ()),
                speed=speed,
                levels=Levels(levels),
                host=host,
                port=port,
                control_port=control_port,
                allow_remote=allow_remote,
                faults=fault_settings(fault or (), file=faults, seed=fault_seed),
            )
        )

    if home is not None:
        return _run(settings(home.expanduser()), as_json)
    with tempfile.TemporaryDirectory(prefix="raydesk-exchange-") as folder:
        return _run(settings(Path(folder)), as_json)


def _run(settings: ServerSettings, as_json: bool) -> Exit:
    import uvloop

    uvloop.run(_serve(settings, as_json))
    return Exit.OK


async def _serve(settings: ServerSettings, as_json: bool) -> None:
    from cluster.exchange.server import ExchangeServer

    server, stop = ExchangeServer(settings), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        address = await server.start()
        if as_json:
            sys.stdout.write(msgspec.json.encode(address).decode() + "\n")
            sys.stdout.flush()
        else:
            _banner(server, settings, address)
        ending = [asyncio.create_task(stop.wait()), asyncio.create_task(server.wait())]
        while not any(task.done() for task in ending):
            live = not as_json and sys.stderr.isatty()
            await asyncio.wait(
                ending, timeout=LOOK_S if live else QUIET_LOOK_S, return_when=asyncio.FIRST_COMPLETED
            )
            if not as_json:
                _line(server, live)
        for task in ending:
            task.cancel()
        if ending[1].done():
            ending[1].result()
    finally:
        await server.stop()
    if not as_json:
        say("stopped")


def _banner(server: ExchangeServer, settings: ServerSettings, address: ExchangeAddress) -> None:
    """What a client needs to know; keys are named, never shown."""
    rows = table("", "")
    rows.add_row("REST", address.rest)
    rows.add_row("streams", f"{address.stream}/public, /market, /private")
    rows.add_row("control", f"{address.control}/control (token in {escape(settings.home)}/control-token)")
    for name, key in server.keys.items():
        rows.add_row(f"account {escape(name)}", f"key {key.hint}, in {escape(address.keys)}")
    listings = [rules.listing for rules in settings.market.listings]
    named = ", ".join(listings[:12]) + (f" and {len(listings) - 12} more" if len(listings) > 12 else "")
    rows.add_row("listings", named)
    rows.add_row(
        "market", shown(settings.data) if settings.data else f"drawn from seed {settings.market.seed}"
    )
    if settings.faults.rules or settings.faults.timed:
        rows.add_row("faults", f"{len(settings.faults.rules)} rules, {len(settings.faults.timed)} timed")
    console().print(rows)


def _line(server: ExchangeServer, live: bool) -> None:
    """What goes on, in one line that is written over where that can be done."""
    figures = server.statistics()
    text = (
        f"orders {figures['orders']}  fills {figures['fills']}  trades {figures['public_trades']}  "
        f"connections {figures['connections']}  bans {figures['bans']}"
    )
    if live:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
    else:
        say(text)
