"""Commands that a desk carries out: those on its mode wait for risk's answer, flatten until nothing is held."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from actors.risk.modes import OPERATOR_MODE
from cluster.cli import pictures
from cluster.cli.control_documents import (
    CommandDocument,
    FlattenDocument,
    ModeCause,
    PositionLeft,
    ResumeDocument,
)
from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.exits import EPILOG, Exit, UsageError, require_known
from cluster.cli.output import console, percent, print_json, shown, table
from cluster.observe.summary import plain
from messages.anomalies import OverrideDegrade
from messages.base import CONTROL, Address, Message
from messages.control import Flatten, Halt, Mode, Resume, SetMode
from messages.modes import Clearing

RISK: Address = "risk"

Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for risk's answer.")]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command(epilog=EPILOG)(halt)
    app.command(epilog=EPILOG)(resume)
    app.command(epilog=EPILOG)(mode)
    app.command(epilog=EPILOG)(degrade)
    app.command(epilog=EPILOG)(flatten)


def halt(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is journalled.")] = "halted by hand",
    flatten: Annotated[bool, typer.Option("--flatten", help="Also close all positions.")] = False,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Pull the kill switch: no order that may increase exposure, working orders cancelled. Survives restarts."""
    message = Halt(by=getpass.getuser(), reason=reason, flatten=flatten)
    document = on_desk(desk, config, folder, lambda watch: _command(watch, message, wait, _is_halted))
    return _answer(document, as_json)


def resume(
    acknowledgement: Annotated[
        str | None,
        typer.Option("--ack", help="What you have looked at and accept; without it nothing is cleared."),
    ] = None,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Clear the kill switch and everything that waits for a person. Needs an acknowledgement in words.

    Without one it says what would be cleared, and what no resume ends.
    """
    words = None if acknowledgement is None else acknowledgement.strip()
    if words == "":
        raise UsageError(
            "the acknowledgement is empty",
            field="--ack",
            value=acknowledgement,
            remedy="say what you have looked at",
        )
    message = None if words is None else Resume(by=getpass.getuser(), acknowledgement=words)
    document = on_desk(desk, config, folder, lambda watch: _resume(watch, message, wait))
    if as_json:
        print_json(document)
    else:
        _print_resume(document)
    if message is None:
        return Exit.USAGE
    return Exit.OK if document.confirmed else Exit.TROUBLE


def mode(
    wanted: Annotated[Mode, typer.Argument(metavar="MODE", help="normal, reduce or observe.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is journalled.")] = "set by hand",
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Ask for at least this mode until it is taken back by `mode normal`, which ends nothing else.

    In reduce only what reduces exposure passes; in observe the desk looks and does nothing: stops do not work either.
    """
    # what ends with `mode normal` would be a kill switch that nobody has to acknowledge
    if wanted is Mode.HALTED:
        raise UsageError(
            "a desk is halted by its kill switch",
            field="MODE",
            value=wanted.value,
            remedy="raydesk halt; `raydesk resume` ends it",
        )
    message = SetMode(by=getpass.getuser(), mode=wanted, reason=reason)

    def taken(watch: Watch) -> bool:
        source = watch.projection.mode.sources.get(OPERATOR_MODE)
        return (Mode.NORMAL if source is None else source.mode) is wanted

    document = on_desk(desk, config, folder, lambda watch: _command(watch, message, wait, taken))
    return _answer(document, as_json)


def degrade(
    level: Annotated[
        int, typer.Argument(min=0, max=3, help="0: none, 1 and 2: smaller orders, 3: nothing new.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is journalled.")] = "set by hand",
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Ask for at least this degrade level until it is taken back by `degrade 0`; see the setting risk.anomalies."""
    message = OverrideDegrade(by=getpass.getuser(), level=level, reason=reason)

    def taken(watch: Watch) -> bool:
        return bool(watch.projection.degrade.manual == level)

    document = on_desk(desk, config, folder, lambda watch: _command(watch, message, wait, taken, to=RISK))
    return _answer(document, as_json)


def flatten(
    symbol: Annotated[
        str | None, typer.Argument(help="Close this symbol's position only.", show_default=False)
    ] = None,
    venue: Annotated[
        str | None, typer.Option("--venue", help="Close what is held at this venue only.", show_default=False)
    ] = None,
    stages: Annotated[
        int, typer.Option("--stages", min=1, max=100, help="Close each position in so many parts.")
    ] = 1,
    every: Annotated[
        float, typer.Option("--every", min=0, help="Seconds between the parts; the last takes what is left.")
    ] = 0.0,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait until nothing is held any more.")
    ] = 30.0,
) -> Exit:
    """Close positions: working orders are cancelled, then exits go through risk until nothing is left.

    The desk trades on: halt it first where nothing new may be opened.
    """
    message = Flatten(getpass.getuser(), symbol, venue, stages, every=round(every * 1e9))
    document = on_desk(desk, config, folder, lambda watch: _flatten(watch, message, wait))
    if as_json:
        print_json(document)
    else:
        _print_flatten(document)
    return Exit.OK if document.flat else Exit.TROUBLE


def _print_flatten(document: FlattenDocument) -> None:
    """What was closed and what was not, a line each."""
    if not (document.closed or document.left):
        console().print("[green]flat[/]: nothing was held")
        return
    verdict = "[green]flat[/]" if document.flat else "[bold red]not flat yet[/]"
    closed, all_ = len(document.closed), len(document.closed) + len(document.left)
    console().print(f"{verdict}: {closed} of {all_} positions closed in {document.seconds:.1f} s")
    rows = table("venue", "symbol", ">quantity", "")
    for word, positions in (("closed", document.closed), ("[bold red]still held[/]", document.left)):
        for each in positions:
            rows.add_row(shown(each.venue), shown(each.symbol), shown(each.quantity), word)
    console().print(rows)


async def _flatten(watch: Watch, message: Flatten, wait_s: float) -> FlattenDocument:
    """Post the message and look until the positions held then are closed, or the time is over.

    The desk may open one again as soon as it is closed: what counts is that it was closed once.
    """
    await watch.look()
    _refuse_unknown(watch, message)
    held, closings = _held(watch, message), Counter(watch.projection.books.closings)
    open_ = dict(held)
    left: dict[str, PositionLeft] = {}

    def flat() -> bool:
        nonlocal open_, left
        books, now_held = watch.projection.books, _held(watch, message)
        open_ = {
            listing: now_held[listing]
            for listing in open_
            if listing in now_held and books.closings[listing] == closings[listing]
        }
        # opened after the first look, and found by risk
        left = open_ | {
            listing: now_held[listing] for listing in now_held if listing in books.state.flattening
        }
        return not left

    message_id = await watch.desk.post(message)
    done, passed = await watch.look_until(flat, wait_s)
    closed = tuple(position for listing, position in held.items() if listing not in left)
    name = watch.config.desk.name
    return FlattenDocument(name, message_id, done, tuple(left.values()), closed, round(passed, 3))


def _held(watch: Watch, message: Flatten) -> dict[str, PositionLeft]:
    """The positions that the message names, by listing."""
    return {
        listing: PositionLeft(holding.venue, holding.symbol, plain(holding.position))
        for listing, holding in watch.projection.books.state.holdings.items()
        if holding.position
        and message.symbol in (None, holding.symbol)
        and message.venue in (None, holding.venue)
    }


def _refuse_unknown(watch: Watch, message: Flatten) -> None:
    """A name that the desk does not know closes nothing, which must not look like success."""
    for name, value, known in (
        ("SYMBOL", message.symbol, watch.config.symbols),
        ("--venue", message.venue, watch.config.venues),
    ):
        if value is not None:
            require_known(name, value, known, "the desk does not know it")


def _is_halted(watch: Watch) -> bool:
    mode = watch.projection.mode.mode
    return mode is not None and mode.strictness >= Mode.HALTED.strictness


async def _resume(watch: Watch, message: Resume | None, wait_s: float) -> ResumeDocument:
    """Say what a resume ends and what it can't; with a message, post it and look until that is so."""
    await watch.look()
    causes, before = pictures.mode_causes(watch.projection), watch.projection.mode.version
    clears = {name: cause for name, cause in causes.items() if cause.clearing == Clearing.PERSON.value}
    stays = {name: cause for name, cause in causes.items() if name not in clears}
    message_id, confirmed = None, False
    if message is not None:
        message_id = await watch.desk.post(message)
        # what a person is waited for anew since has its own time: another resume, after another look
        confirmed, _ = await watch.look_until(lambda: watch.projection.mode.version > before, wait_s)
        confirmed = confirmed and not _is_halted_by(watch, clears)
    mode = watch.projection.mode
    return ResumeDocument(
        watch.config.desk.name, message_id, confirmed, mode.mode, mode.version, clears, stays
    )


def _is_halted_by(watch: Watch, clears: Mapping[str, ModeCause]) -> bool:
    standing = watch.projection.mode.sources
    return any(name in standing and standing[name].since == cause.since for name, cause in clears.items())


def _print_resume(document: ResumeDocument) -> None:
    sent = document.message_id is not None
    mode = "not known" if document.mode is None else document.mode.value.upper()
    if sent:
        verdict = "[green]confirmed[/]" if document.confirmed else "[bold red]not confirmed by risk yet[/]"
        console().print(f"{verdict}: desk {shown(document.desk)} is {mode} (version {document.mode_version})")
    else:
        console().print(f"desk {shown(document.desk)} is {mode}; nothing was sent")
    for words, causes in (("cleared" if sent else "would clear", document.clears), ("stays", document.stays)):
        for name, cause in causes.items():
            ends = f", cleared by {cause.clearing}" if words == "stays" else ""
            console().print(f"  {words}: {shown(name)}, {cause.mode.value}, {shown(cause.reason)}{ends}")
    if not sent:
        console().print("say what you have looked at: raydesk resume --ack TEXT")


async def _command(
    watch: Watch, message: Message, wait_s: float, confirms: Callable[[Watch], bool], to: Address = CONTROL
) -> CommandDocument:
    """Post the message and look until the desk confirms it, or the time is over."""
    await watch.look()
    message_id = await watch.desk.post(message, to)
    confirmed, _ = await watch.look_until(lambda: confirms(watch), wait_s)
    mode = watch.projection.mode
    return CommandDocument(
        desk=watch.config.desk.name,
        message_id=message_id,
        confirmed=confirmed,
        mode=mode.mode,
        mode_version=mode.version,
        mode_causes=pictures.mode_causes(watch.projection),
        degrade_level=watch.projection.degrade.level,
        size_factor=watch.projection.degrade.factor,
    )


def _answer(document: CommandDocument, as_json: bool) -> Exit:
    if as_json:
        print_json(document)
    else:
        mode = "not known" if document.mode is None else document.mode.value.upper()
        verdict = "[green]confirmed[/]" if document.confirmed else "[bold red]not confirmed by risk yet[/]"
        sizes = ""
        if document.degrade_level:
            sizes = f", degrade level {document.degrade_level}: new orders at {percent(document.size_factor)}"
        console().print(
            f"{verdict}: desk {shown(document.desk)} is {mode} (version {document.mode_version}){sizes}"
        )
        for name, cause in document.mode_causes.items():
            console().print(
                f"  {shown(name)}: {cause.mode.value}, {shown(cause.reason)}, cleared by {cause.clearing}"
            )
    return Exit.OK if document.confirmed else Exit.TROUBLE
