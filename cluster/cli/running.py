"""Commands that start and stop desks: run, demo, up, down."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from cluster.cli import background
from cluster.cli.banner import start_banner
from cluster.cli.desks import (
    ConfigOption,
    DeskName,
    FolderOption,
    JsonFlag,
    SetOption,
    Watch,
    chosen_name,
    existing,
    find,
    load,
)
from cluster.cli.documents import Progress
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.live import live_view, nearest_end
from cluster.cli.outcome import summary_tables
from cluster.cli.output import console, moment, money, print_json, say, shown, stdout_kept_clean
from cluster.cli.reading import mode_line, standing
from cluster.cli.session import Ending, Finished, Request, run_session
from cluster.host.strategy_check import require_strategies
from messages.modes import Clearing

Source = Annotated[str, typer.Argument(help="Settings: a profile (demo, replay, paper), a file or a folder.")]
Data = Annotated[
    list[Path] | None, typer.Option("--data", help="Recorded file, folder or pattern. May be repeated.")
]
SpeedOption = Annotated[
    str | None,
    typer.Option("--speed", help="A factor such as 1 or 10, max, or lockstep; default: the settings'."),
]
LINE_EVERY_S = 5.0


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (demo, run, up, down):
        app.command(epilog=EPILOG)(command)


def run(
    config: Source,
    data: Data = None,
    speed: SpeedOption = None,
    until_end: Annotated[bool, typer.Option("--until-end", help="End when the market data does.")] = False,
    seconds: Annotated[float | None, typer.Option("--for", min=0, help="End after so many seconds.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End when every strategy has decided once.")] = False,
    desk: Annotated[str | None, typer.Option("--desk", "-d", help="Run under this name.")] = None,
    folder: FolderOption = None,
    overrides: SetOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Run a desk in this terminal until its end, a signal, or its failure; ends in a summary."""
    ending = _ending(until_end, seconds, once)
    named = [f"desk.name={desk}"] if desk is not None else []
    loaded = load(config, [*(overrides or ()), *named])
    require_strategies(loaded.config)
    request = Request(
        loaded,
        existing(data or []),
        None if speed is None else _speed(speed),
        ending,
        seconds,
        folder,
    )
    return _session(request, as_json)


def demo(
    seconds: Annotated[float, typer.Option("--for", min=1, help="How long, in seconds.")] = 60.0,
    folder: FolderOption = None,
    overrides: SetOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Run a desk on a local exchange, over a real venue's protocol, for a minute: needs no data and no keys."""
    return _session(
        Request(load("demo", overrides), ending=Ending.AFTER, seconds=seconds, folder=folder), as_json
    )


def up(
    config: Source,
    data: Data = None,
    speed: SpeedOption = None,
    desk: Annotated[str | None, typer.Option("--desk", "-d", help="Run under this name.")] = None,
    folder: FolderOption = None,
    overrides: SetOption = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait until it is healthy.")
    ] = 120.0,
) -> Exit:
    """Start a desk in the background and return once it is healthy; end it with `raydesk down`."""
    named = [*(overrides or ()), *([f"desk.name={desk}"] if desk is not None else [])]
    loaded = load(config, named)  # what is wrong with the settings is said here, not in a log
    require_strategies(loaded.config)
    arguments = ["run", config]
    for path in existing(data or []):
        arguments += ["--data", str(path)]
    for each in named:
        arguments += ["--set", each]
    if speed is not None:
        arguments += ["--speed", _speed(speed)]
    from cluster.folders import default_folder  # with the desk's own imports

    home = (folder or default_folder(loaded.config)).resolve()
    arguments += ["--folder", str(home)]
    name = loaded.config.desk.name
    asyncio.run(background.refuse_second(name, home))
    started = background.start(arguments, home)
    document = asyncio.run(background.until_healthy(started, name, home, wait))
    console().print(f"desk {shown(name)} runs, pid {started.pid}, log {shown(started.log)}")
    console().print(f"{standing(document)}, mode {mode_line(document)}")
    if any(cause.clearing == Clearing.PERSON.value for cause in document.mode_causes.values()):
        console().print(f"a person is waited for: raydesk resume --desk {shown(name)}")
    return Exit.OK


def down(
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    wait: Annotated[float, typer.Option("--wait", min=1, help="Seconds it may take.")] = 60.0,
) -> Exit:
    """Stop a running desk in order: working orders are cancelled, the tree is stopped in reverse."""
    name = chosen_name(desk, config)

    async def stop() -> None:
        found = await find(name, folder)
        await background.stop(found, wait)

    asyncio.run(stop())
    console().print(f"desk {shown(name)} is down")
    return Exit.OK


def _ending(until_end: bool, seconds: float | None, once: bool) -> Ending:
    chosen = [
        ending
        for ending, wanted in (
            (Ending.UNTIL_END, until_end),
            (Ending.AFTER, seconds is not None),
            (Ending.ONCE, once),
        )
        if wanted
    ]
    if len(chosen) > 1:
        raise UsageError(
            "a run has one end",
            field="--until-end, --for, --once",
            value=len(chosen),
            remedy="give one of them",
        )
    return chosen[0] if chosen else Ending.NEVER


def _speed(speed: str) -> str:
    factor = speed.removesuffix("x")
    if speed in ("max", "lockstep"):
        return speed
    try:
        valid = 0 < float(factor) < float("inf")
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            "not a speed",
            field="--speed",
            value=speed,
            remedy="give a factor such as 1 or 10, max, or lockstep",
        )
    return factor


def _session(request: Request, as_json: bool) -> Exit:
    began = time.monotonic()
    if as_json:
        with stdout_kept_clean():
            finished = asyncio.run(run_session(request, started=lambda desk: None, show=_show_nothing))
        print_json(finished.summary)
    else:
        finished = _shown_session(request)
        console().print(summary_tables(finished.summary))
        took = time.monotonic() - began
        console().print(f"{finished.because}; {took:.0f} s from the command to here, with start and stop")
    for trouble in finished.troubles:
        say(f"[bold red]trouble:[/] {shown(trouble)}")
    return Exit.TROUBLE if finished.troubles or finished.because == "the desk has left" else Exit.OK


def _show_nothing(watch: Watch, progress: Progress | None, note: str) -> None:
    """With --json nothing is said before the end."""


def _shown_session(request: Request) -> Finished:
    """Run with a live view on a terminal, else with a line now and then."""
    screen = console()
    speed = request.speed or str(request.loaded.config.feed.speed)
    if not sys.stdout.isatty():
        lines = _Lines(screen, request.seconds)
        return asyncio.run(
            run_session(
                request,
                started=lambda desk: screen.print(
                    start_banner(request.loaded, speed=speed, dashboard_url=desk.dashboard_url)
                ),
                show=lines.show,
            )
        )
    elapsed_s = _SinceFirstLook()
    with Live("starting …", console=screen, auto_refresh=False, transient=True) as live:

        def show(watch: Watch, progress: Progress | None, note: str) -> None:
            fresh = watch.fresh_within_s
            frame = live_view(
                watch.projection,
                watch.statuses,
                watch.pulses,
                progress,
                elapsed_s=elapsed_s(),
                fresh_within_s=fresh,
                for_s=request.seconds,
                connections=watch.connections,
                note=note,
            )
            live.update(frame, refresh=True)

        return asyncio.run(
            run_session(
                request,
                started=lambda desk: live.console.print(
                    start_banner(request.loaded, speed=speed, dashboard_url=desk.dashboard_url)
                ),
                show=show,
            )
        )


class _SinceFirstLook:
    """Seconds of machine time since a started desk was first looked at; starting it is no part of its session."""

    def __init__(self) -> None:
        self._first: float | None = None

    def __call__(self) -> float:
        now = time.monotonic()
        self._first = now if self._first is None else self._first
        return now - self._first


class _Lines:
    """Where there is no terminal: one line now and then."""

    def __init__(self, screen: Console, for_s: float | None) -> None:
        self._screen = screen
        self._for_s = for_s
        self._elapsed_s = _SinceFirstLook()
        self._last = float("-inf")

    def show(self, watch: Watch, progress: Progress | None, note: str) -> None:
        """Print a line when it is time, or something is wrong."""
        now = time.monotonic()
        elapsed_s = self._elapsed_s()
        if now - self._last < LINE_EVERY_S:
            return
        self._last = now
        done, _ = nearest_end(progress, elapsed_s, self._for_s)
        desk = watch.projection.orders
        self._screen.print(
            f"{moment(watch.projection.now)} {'' if done is None else f'{done:.0%} '}"
            f"intents {desk.intents_seen}, orders {desk.orders_seen}, fills {desk.fills_seen}, "
            f"nav {money(watch.projection.books.nav)} {shown(note) if note else ''}".rstrip()
        )
