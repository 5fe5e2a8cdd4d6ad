"""`raydesk treasury deposit` and `withdraw`: tell the books of money that was moved at a venue, outside the desk.

No money moves by it. Venues that tell of transfers themselves need nobody to record them: a transfer counts once,
whoever tells it, by its id.
"""

from __future__ import annotations

import getpass
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.exits import Exit, UsageError, require_known
from cluster.cli.output import console, print_json, shown
from cluster.observe.wording import number
from config.schema.venues import PaperVenueSettings
from messages.base import Address
from messages.reasons import Reason
from messages.transfers import RecordTransfer, TransferBooked

_RISK: Address = "risk"
_CURRENCY = re.compile(r"[A-Z0-9]{2,12}")

VenueArgument = Annotated[str, typer.Argument(help="The venue whose account it was.")]
AmountArgument = Annotated[str, typer.Argument(help="How much, above 0, such as 2500.50.")]
CurrencyArgument = Annotated[str, typer.Argument(help="Of which currency, such as USDT.")]
NoteOption = Annotated[str, typer.Option("--note", help="Why; it is journalled with your name.")]
IdOption = Annotated[
    str, typer.Option("--id", help="The venue's id of it, by which it counts once.", show_default=False)
]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait until it is booked.")]


class TransferDocument(msgspec.Struct, frozen=True):
    """`raydesk treasury deposit|withdraw`: what was told, and what the books made of it.

    `amount` came in, or went out when below 0; `cash` is the balance in `currency` afterwards, `value` the amount in
    base currency (null where the currency has no rate). `refused` is why it was not booked.
    """

    desk: str
    message_id: str
    transfer_id: str
    venue: str
    currency: str
    amount: Decimal
    answered: bool
    booked: bool
    refused: Reason | None
    cash: Decimal | None
    value: Decimal | None
    seconds: float


def deposit(
    venue: VenueArgument,
    amount: AmountArgument,
    currency: CurrencyArgument,
    note: NoteOption = "",
    transfer_id: IdOption = "",
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 30.0,
) -> Exit:
    """Record money that came into a venue's account: it is deposited, and no profit."""
    return _send(venue, _amount(amount), currency, note, transfer_id, desk, config, folder, as_json, wait)


def withdraw(
    venue: VenueArgument,
    amount: AmountArgument,
    currency: CurrencyArgument,
    note: NoteOption = "",
    transfer_id: IdOption = "",
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    wait: Wait = 30.0,
) -> Exit:
    """Record money that left a venue's account: what was set aside as treasury first, and no loss."""
    return _send(venue, -_amount(amount), currency, note, transfer_id, desk, config, folder, as_json, wait)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise UsageError("no amount", field="AMOUNT", value=text, remedy="a number above 0, such as 2500.50")
    return amount


def _send(
    venue: str,
    amount: Decimal,
    currency: str,
    note: str,
    transfer_id: str,
    desk: str | None,
    config: str | None,
    folder: Path | None,
    as_json: bool,
    wait_s: float,
) -> Exit:
    message = RecordTransfer(getpass.getuser(), venue, currency, amount, note, transfer_id)
    document = on_desk(desk, config, folder, lambda watch: _carry_out(watch, message, wait_s))
    if as_json:
        print_json(document)
    else:
        _print(document)
    return Exit.OK if document.booked else Exit.TROUBLE


async def _carry_out(watch: Watch, message: RecordTransfer, wait_s: float) -> TransferDocument:
    await watch.look()
    _refuse_senseless(watch, message)
    books = watch.projection.books
    before = books.transfers.get(f"{message.venue}/{message.transfer_id}")
    message_id = await watch.desk.post(message, to=_RISK)
    transfer_id = message.transfer_id or message_id
    key = f"{message.venue}/{transfer_id}"
    _, passed = await watch.look_until(lambda: books.transfers.get(key) not in (None, before), wait_s)
    told = books.transfers.get(key)
    answered = told is not None and told is not before
    booked = told if answered and isinstance(told, TransferBooked) else None
    refused = told.reason if answered and told is not None and not isinstance(told, TransferBooked) else None
    return TransferDocument(
        desk=watch.config.desk.name,
        message_id=message_id,
        transfer_id=transfer_id,
        venue=message.venue,
        currency=message.currency,
        amount=message.amount,
        answered=answered,
        booked=booked is not None,
        refused=refused,
        cash=None if booked is None else booked.cash,
        value=None if booked is None else booked.value,
        seconds=round(passed, 3),
    )


def _refuse_senseless(watch: Watch, message: RecordTransfer) -> None:
    """A venue that the desk does not know, one that has no money of its own, and what is no currency."""
    if not _CURRENCY.fullmatch(message.currency):
        raise UsageError(
            "no currency", field="CURRENCY", value=message.currency, remedy="its code, such as USDT"
        )
    venues = watch.config.venues
    require_known("VENUE", message.venue, venues, "the desk does not know it")
    if isinstance(venues[message.venue], PaperVenueSettings):
        raise UsageError(
            "no money can be moved there: a paper account has what its settings give it",
            field="VENUE",
            value=message.venue,
            remedy=f"begin a new desk with other venues.{message.venue}.starting_balances",
        )


def _print(document: TransferDocument) -> None:
    if not document.answered:
        console().print("[bold red]risk has not answered yet[/]")
        return
    if document.refused is not None:
        console().print(f"[bold red]not booked[/]: {document.refused.value}")
        return
    kind = "deposit" if document.amount > 0 else "withdrawal"
    amount = f"{number(abs(document.amount))} {shown(document.currency)}"
    console().print(
        f"[green]{kind}[/] of {amount} at {shown(document.venue)} booked as {shown(document.transfer_id)}, "
        f"cash {number(document.cash)} {shown(document.currency)}"
    )
