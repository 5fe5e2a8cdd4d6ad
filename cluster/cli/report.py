"""`raydesk report`: a day in the books, and the ledger and its tax lots as files. It only reads."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, chosen_name
from cluster.cli.exits import EPILOG, DeskNotRunningError, Exit, UsageError
from cluster.cli.output import clock, console, moment, print_json, shown, table
from cluster.cli.report_documents import FileEntry, ReportDocument, report_document
from messages.base import Address
from messages.errors import StoreUnavailableError

RISK: Address = "risk"

DayOption = Annotated[
    str | None,
    typer.Option("--day", help="The day, such as 2026-03-31; default: the present one.", show_default=False),
]
LedgerOption = Annotated[
    Path | None, typer.Option("--ledger", help="Add all entries to this file (.parquet).", show_default=False)
]
LotsOption = Annotated[
    Path | None,
    typer.Option("--lots", help="Add all tax lots to this file (.csv or .parquet).", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command(epilog=EPILOG)(report)


def report(
    day: DayOption = None,
    ledger: LedgerOption = None,
    lots: LotsOption = None,
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Show a day in the books of a desk, running or stopped: what made NAV of NAV, positions, fills, funding.

    Exit code 1 when the parts don't add up to the last digit.
    """
    from cluster.observe.ledger import read_ledger
    from cluster.observe.ledger_files import write_entries, write_tax_lots
    from cluster.replaying.settings import restored
    from cluster.replaying.stored import read_actor

    if day is not None:
        _require_day(day)
    name = chosen_name(desk, config)
    try:
        header, risk = asyncio.run(read_actor(name, folder, RISK))
    except StoreUnavailableError as error:
        remedy = error.remedy
        if error.field == "desk":
            remedy = "name a desk that has run here with --desk or --folder"
        raise DeskNotRunningError(error.message, field=error.field, value=name, remedy=remedy) from error
    reading = read_ledger(risk)
    chosen = restored(header.config)
    currency = chosen.desk.base_currency
    reading.statement(day)  # or there is nothing to write
    files = []
    if ledger is not None:
        files.append(FileEntry(str(ledger), write_entries(ledger, name, reading.entries)))
    if lots is not None:
        files.append(FileEntry(str(lots), write_tax_lots(lots, name, currency, reading.tax_lots())))
    document = report_document(
        name,
        currency,
        reading,
        day,
        tuple(files),
        chosen.desk.off_exchange,
        chosen.risk.min_cash_reserve,
    )
    if as_json:
        print_json(document)
    else:
        print_report(document)
    return Exit.OK if document.sound else Exit.TROUBLE


def _require_day(day: str) -> None:
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise UsageError(
            "not a day", field="--day", value=day, remedy="write it as 2026-03-31, or leave it out for today"
        ) from error


def print_report(document: ReportDocument) -> None:
    """The day as tables."""
    out = console()
    over = "" if document.ended else ", not over yet"
    out.print(f"[bold]{shown(document.desk)}, {document.day}{over}[/], money in {shown(document.currency)}")
    _print_bridge(document)
    out.print(_standing(document))
    held = table("held", ">quantity", ">cost", ">cost (lots)", ">value")
    for each in document.positions:
        numbers = (each.quantity, each.cost, each.fifo_cost, each.value)
        held.add_row(shown(each.listing), *map(shown, numbers))
    made = table("listing", ">realised", ">by lots", ">fees", ">funding")
    for made_by in document.listings:
        numbers = (made_by.realised, made_by.fifo, made_by.fees, made_by.funding)
        made.add_row(shown(made_by.listing), *map(shown, numbers))
    for rows in (held, made):
        if rows.row_count:
            out.print()
            out.print(rows)
    _print_happenings(document)
    for file in document.files:
        out.print(f"{file.rows} rows in {file.file}", markup=False)


def _print_bridge(document: ReportDocument) -> None:
    average, fifo = document.average, document.fifo
    if average is None or fifo is None:
        console().print("[bold red]NAV is not known[/]: an account or a mark is missing")
        return
    rows = table("", ">average cost", ">lots, first in first out")
    for title, name in _LINES:
        values = [getattr(each, name) for each in (average, fifo)]
        if name in _SUBTRACTED:
            values = [-value for value in values]
        rows.add_row(title, *map(shown, values))
    console().print(rows)
    if not document.sound:
        console().print("[bold red]the parts don't add up: the books are wrong[/]")


def _standing(document: ReportDocument) -> str:
    """How the desk stands now, in a line or two."""
    now = document.now
    parts = [f"now: NAV {shown(now.nav)}", f"since Monday from {shown(now.week_anchor)}"]
    parts += [f"peak {shown(now.peak)}", f"drawdown {shown(now.drawdown)}, {now.drawdown_state.value}"]
    if len(now.venues) > 1:
        parts += [f"at {shown(venue)} {shown(value)}" for venue, value in now.venues.items()]
    parts.append(f"deployable {shown(now.deployable)}")
    if now.capital is not None:
        parts.append(f"capital {shown(now.capital)}, set aside {shown(now.treasury)}")
    if now.off_exchange:
        parts.append(f"with what is held elsewhere (AUM) {shown(now.aum)}")
    return ", ".join(parts)


_LINES = (
    ("NAV at the beginning", "start"),
    ("deposits less withdrawals", "deposits"),
    ("profit realised", "realised"),
    ("change of what open positions are ahead", "unrealised"),
    ("change of currencies' rates", "revalued"),
    ("fees", "fees"),
    ("funding", "funding"),
    ("NAV at the end", "end"),
    ("not explained", "difference"),
)
_SUBTRACTED = frozenset({"fees"})


def _print_happenings(document: ReportDocument) -> None:
    out = console()
    if not document.whole:
        out.print()
        out.print(
            f"[yellow]fills and funding before {moment(document.journal_since)} are gone from the journal[/]: "
            "--ledger and --lots, used more often, keep them"
        )
    fills = table(
        "time", "fill", "strategy", "side", ">quantity", "symbol", ">price", ">fee", "", ">realised"
    )
    for each in document.fills:
        fills.add_row(
            clock(each.time),
            shown(each.fill_id),
            shown(each.strategy),
            each.side.value,
            shown(each.quantity),
            shown(each.symbol),
            shown(each.price),
            shown(each.fee),
            shown(each.fee_currency),
            shown(each.realised),
        )
    payments = table("time", "payment", "symbol", ">funding", "", ">value")
    for paid in document.payments:
        payments.add_row(
            clock(paid.time),
            shown(paid.payment_id),
            shown(paid.symbol),
            shown(paid.amount),
            shown(paid.currency),
            shown(paid.value),
        )
    transfers = table("time", "transfer", "venue", ">amount", "", ">value", "by", "note")
    for moved in document.transfers:
        transfers.add_row(
            clock(moved.time),
            shown(moved.transfer_id),
            shown(moved.venue),
            shown(moved.amount),
            shown(moved.currency),
            shown(moved.value),
            shown(moved.by or moved.venue),
            shown(moved.note),
        )
    for rows in (fills, payments, transfers):
        if rows.row_count:
            out.print()
            out.print(rows)
