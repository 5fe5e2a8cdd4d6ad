"""`raydesk universe`: which symbols are traded and why, and having them come, go, or kept out for a time.

Changes are messages to the universe's actor, journalled with who asked, and survive restarts.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Annotated, Any

import typer

from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.output import console, moment, print_json, shown, table
from cluster.cli.universe_documents import (
    UniverseCommandDocument,
    UniverseDocument,
    UniverseEntry,
    document_of,
)
from cluster.observe.universe import UniverseBook
from config.duration import parse_duration
from messages.base import Address
from messages.universe import AddSymbol, BanSymbol, RemoveSymbol, UnbanSymbol

_UNIVERSE: Address = "universe"

OneSymbol = Annotated[str, typer.Argument(help="The symbol, as the settings name it.", metavar="SYMBOL")]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the universe's answer.")]

Command = AddSymbol | RemoveSymbol | BanSymbol | UnbanSymbol

universe = typer.Typer(
    help="Show which symbols are traded; add, remove and ban symbols while the desk trades.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EPILOG,
)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (show, add, remove, ban, unban):
        universe.command(epilog=EPILOG)(command)
    app.add_typer(universe, name="universe")


def show(
    desk: DeskName = None, config: ConfigOption = None, folder: FolderOption = None, as_json: JsonFlag = False
) -> Exit:
    """Show every candidate: traded, leaving or out, and why, with its tier, score and the market's figures."""

    async def read(watch: Watch) -> UniverseDocument:
        await watch.look()
        _refuse_without(watch)
        return document_of(watch.config, watch.projection.universe)

    document = on_desk(desk, config, folder, read)
    if as_json:
        print_json(document)
    else:
        _print(document)
    return Exit.OK


def add(
    symbol: OneSymbol,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Trade a symbol, whatever its figures, until it is removed."""
    message = AddSymbol(symbol, getpass.getuser())
    return _send(message, lambda book: symbol in book.members, desk, config, folder, as_json, wait)


def remove(
    symbol: OneSymbol,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Keep a symbol out until it is added: nothing is entered any more, what is held is closed."""
    message = RemoveSymbol(symbol, getpass.getuser())
    return _send(message, lambda book: symbol not in book.members, desk, config, folder, as_json, wait)


def ban(
    symbol: OneSymbol,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is journalled.")],
    lasts: Annotated[
        str | None,
        typer.Option(
            "--for", help="How long, such as 24h; default: universe.ban.", metavar="SPAN", show_default=False
        ),
    ] = None,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Have a symbol leave at once and keep it out for a time."""
    message = BanSymbol(symbol, getpass.getuser(), reason, None if lasts is None else _span(lasts))
    return _send(message, lambda book: symbol in book.bans, desk, config, folder, as_json, wait)


def unban(
    symbol: OneSymbol,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 10.0,
) -> Exit:
    """Lift a ban before it ends."""
    message = UnbanSymbol(symbol, getpass.getuser())
    return _send(message, lambda book: symbol not in book.bans, desk, config, folder, as_json, wait)


def _span(text: str) -> int:
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error), field="--for", value=text, remedy="write 30m, 24h or 7d") from error
    if found <= 0:
        raise UsageError(
            "a ban lasts longer than 0", field="--for", value=text, remedy="write 30m, 24h or 7d"
        )
    return found


def _refuse_without(watch: Watch) -> None:
    if watch.config.universe.mode == "off":
        raise UsageError(
            "this desk trades what its strategies name: there is no universe",
            field="universe.mode",
            value="off",
            remedy="start it with universe.mode static or dynamic",
        )


def _send(
    message: Command,
    is_done: Callable[[UniverseBook], bool],
    desk: str | None,
    config: str | None,
    folder: Any,
    as_json: bool,
    wait_s: float,
) -> Exit:
    document = on_desk(desk, config, folder, lambda watch: _command(watch, message, is_done, wait_s))
    if as_json:
        print_json(document)
    else:
        _print_answer(document)
    return Exit.OK if document.confirmed else Exit.TROUBLE


async def _command(
    watch: Watch, message: Command, is_done: Callable[[UniverseBook], bool], wait_s: float
) -> UniverseCommandDocument:
    """Post the message and look until the universe has taken it over or refused it, or the time is over."""
    await watch.look()
    _refuse_without(watch)
    book = watch.projection.universe
    refused = book.refused
    problem = ""

    def answered() -> bool:
        nonlocal problem
        problem = next(
            (each.problem for each in book.refusals[len(book.refusals) - (book.refused - refused) :]), ""
        )
        return bool(problem) or is_done(book)

    message_id = await watch.desk.post(message, to=_UNIVERSE)
    done, _ = await watch.look_until(answered, wait_s)
    rows = document_of(watch.config, book).symbols
    return UniverseCommandDocument(
        watch.config.desk.name,
        message_id,
        done and not problem,
        problem,
        book.version,
        tuple(each for each in rows if each.symbol == message.symbol),
    )


def _print_answer(document: UniverseCommandDocument) -> None:
    if document.problem:
        verdict = f"[bold red]refused[/]: {shown(document.problem)}"
    elif document.confirmed:
        verdict = f"[green]confirmed[/]: universe {document.version} of desk {shown(document.desk)}"
    else:
        verdict = "[bold red]not confirmed yet[/]"
    console().print(verdict)
    _print_rows(document.symbols)


def _print(document: UniverseDocument) -> None:
    judged = "" if document.judged_at is None else f", figures of {moment(document.judged_at)}"
    console().print(
        f"universe {document.version} of desk {shown(document.desk)} ({document.mode}), {shown(document.cause)}{judged}"
    )
    _print_rows(document.symbols)


_COLOURS = {"traded": "green", "leaving": "yellow", "banned": "red"}


def _print_rows(symbols: tuple[UniverseEntry, ...]) -> None:
    rows = table(
        "symbol",
        "",
        "tier",
        ">score",
        "why",
        ">cycles",
        ">volume",
        ">spread bps",
        ">depth",
        ">volatility",
        "until",
    )
    for each in symbols:
        colour = _COLOURS.get(each.state, "dim")
        why = each.reason if not each.detail else f"{each.reason}: {each.detail}"
        figures = (
            _figure(each.volume, ",.0f"),
            _figure(each.spread_bps, ".1f"),
            _figure(each.depth, ",.0f"),
            _figure(each.volatility, ".0%"),
        )
        rows.add_row(
            shown(each.symbol),
            f"[{colour}]{each.state}[/]",
            each.tier or "",
            _figure(each.score, ".3f"),
            shown(why),
            "" if not each.streak else f"{each.streak:+d}",
            *figures,
            "" if each.banned_until is None else moment(each.banned_until),
        )
    console().print(rows)


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
