"""`raydesk treasury`: sweep idle cash, purge what may not be held, trim what is over its cap.

Each is a message to risk, journalled with who asked; what comes of it goes through risk's checks and execution like any
other order. The command waits until risk has told what it found, and until what it began is done.
"""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from actors.risk.limits import listing_id
from cluster.cli.control_documents import TreasuryDocument
from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.exits import EPILOG, TAKES_NUMBER, Exit, UsageError, require_known
from cluster.cli.output import console, print_json, shown, table
from cluster.cli.transfers import deposit, withdraw
from cluster.observe.wording import number
from config.schema.venues import PaperVenueSettings
from messages.base import Address
from messages.treasury import TreasuryCommand, TreasuryLine, TreasuryOperation, TreasuryOutcome

_RISK: Address = "risk"

VenueOption = Annotated[
    str | None, typer.Option("--venue", help="At this venue only; default: at all.", show_default=False)
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait until it is done.")]

treasury = typer.Typer(
    help="Turn idle cash into holdings, close what may not be held, reduce what is over its cap, record transfers.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EPILOG,
)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (sweep, purge, trim):
        treasury.command(epilog=EPILOG)(command)
    for command in (deposit, withdraw):
        treasury.command(epilog=EPILOG, context_settings=TAKES_NUMBER)(command)
    app.add_typer(treasury, name="treasury")


def sweep(
    venue: VenueOption = None,
    dry_run: DryRun = False,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 30.0,
) -> Exit:
    """Buy treasury.sweep.into with the cash beyond treasury.sweep.reserve. Spot only."""
    return _send(TreasuryOperation.SWEEP, venue, dry_run, desk, config, folder, as_json, wait)


def purge(
    venue: VenueOption = None,
    dry_run: DryRun = False,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 30.0,
) -> Exit:
    """Close positions of symbols that are not in treasury.purge.eligible, until nothing of them is held."""
    return _send(TreasuryOperation.PURGE, venue, dry_run, desk, config, folder, as_json, wait)


def trim(
    venue: VenueOption = None,
    dry_run: DryRun = False,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 30.0,
) -> Exit:
    """Reduce positions that are over risk.max_symbol_exposure or risk.max_gross_exposure to it."""
    return _send(TreasuryOperation.TRIM, venue, dry_run, desk, config, folder, as_json, wait)


def _send(
    operation: TreasuryOperation,
    venue: str | None,
    dry_run: bool,
    desk: str | None,
    config: str | None,
    folder: Any,
    as_json: bool,
    wait_s: float,
) -> Exit:
    message = TreasuryCommand(getpass.getuser(), operation, venue, dry_run)
    document = on_desk(desk, config, folder, lambda watch: _carry_out(watch, message, wait_s))
    if as_json:
        print_json(document)
    else:
        _print(document)
    return Exit.OK if document.done else Exit.TROUBLE


async def _carry_out(watch: Watch, message: TreasuryCommand, wait_s: float) -> TreasuryDocument:
    await watch.look()
    _refuse_senseless(watch, message)
    message_id = await watch.desk.post(message, to=_RISK)

    def carried_out() -> bool:
        review = watch.projection.books.reviews.get(message_id)
        return review is not None and not any(_is_under_way(watch, line) for line in review.lines)

    done, passed = await watch.look_until(carried_out, wait_s)
    review = watch.projection.books.reviews.get(message_id)
    return TreasuryDocument(
        desk=watch.config.desk.name,
        message_id=message_id,
        operation=message.operation,
        dry_run=message.dry_run,
        answered=review is not None,
        done=done,
        lines=() if review is None else review.lines,
        seconds=round(passed, 3),
    )


def _is_under_way(watch: Watch, line: TreasuryLine) -> bool:
    """Whether what was begun is not done: a closing goes on until it is over, an order until its intent has ended."""
    if line.outcome is not TreasuryOutcome.BEGUN:
        return False
    if line.intent_id is None:
        return listing_id(line.venue, line.subject) in watch.projection.books.state.flattening
    intent = watch.projection.orders.intents.get(line.intent_id)
    return intent is None or not intent.ended


def _refuse_senseless(watch: Watch, message: TreasuryCommand) -> None:
    """A venue that the desk does not know, and a sweep that can find nothing whatever is on the accounts."""
    config = watch.config
    if message.venue is not None:
        require_known("--venue", message.venue, config.venues, "the desk does not know it")
    if message.operation is not TreasuryOperation.SWEEP:
        return
    chosen = config.treasury.sweep
    if not (chosen.reserve and chosen.into):
        raise UsageError(
            "the settings name nothing to sweep",
            field="treasury.sweep",
            value=list(chosen.into),
            remedy="name currencies in treasury.sweep.reserve and spot symbols in treasury.sweep.into",
        )
    for name in config.venues if message.venue is None else (message.venue,):
        venue = config.venues[name]
        if isinstance(venue, PaperVenueSettings) and venue.initial_margin == 1:
            return
    raise UsageError(
        "a sweep is not offered there: cash on a margin account is collateral and buys nothing by itself",
        field="--venue",
        value=message.venue or ", ".join(config.venues),
        remedy="name a venue that trades spot, paid in full",
    )


def _print(document: TreasuryDocument) -> None:
    if not document.answered:
        console().print("[bold red]risk has not answered yet[/]")
        return
    if not document.lines:
        console().print(f"[green]{document.operation.value}[/]: there is nothing to do")
        return
    verdict = "[green]done[/]" if document.done else "[bold red]not done yet[/]"
    console().print(f"{document.operation.value}: {'a dry run' if document.dry_run else verdict}")
    rows = table("venue", "what", "side", ">quantity", ">value", "outcome", "reason")
    for line in document.lines:
        numbers = ["" if each is None else number(each) for each in (line.quantity, line.value)]
        side = "" if line.side is None else line.side.value
        found = (shown(line.venue), shown(line.subject), side, *numbers)
        rows.add_row(*found, line.outcome.value, line.reason.value)
    console().print(rows)
