"""`raydesk treasury deposit|withdraw`: what they send, what they wait for, and what they refuse."""

from __future__ import annotations

import dataclasses
import getpass
from decimal import Decimal

import msgspec
import pytest

from cluster.cli.documents import DOCUMENTS
from cluster.cli.exits import Exit
from config.schema.venues import BinanceUsdmSettings
from messages.base import Message
from messages.reasons import Reason
from messages.transfers import RecordTransfer, TransferBooked, TransferRefused
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import StoredDesk
from tests.cluster.observe.stories import T0, record

pytestmark = pytest.mark.integration

D = Decimal


@pytest.fixture
def at_venue(desk: StoredDesk) -> StoredDesk:
    """A desk with an account at a real venue beside the paper one."""
    venues = {**desk.loaded.config.venues, "usdm": BinanceUsdmSettings.model_construct(kind="binance_usdm")}
    config = desk.loaded.config.model_copy(update={"venues": venues})
    desk.loaded = dataclasses.replace(desk.loaded, config=config)
    return desk


def answering(desk: StoredDesk, event: Message, step: int = 5) -> None:
    """What risk says to whatever is sent."""
    desk.on_post = lambda message: desk.append("risk", record(step, T0, event))


def booked(amount: str, transfer_id: str = "operator#1") -> TransferBooked:
    value = D(amount)
    return TransferBooked(
        transfer_id, "usdm", "USDT", value, D(1_000) + value, D(1), value, D(1_000), "anna", "", T0, T0
    )


@pytest.mark.parametrize(("verb", "amount"), [("deposit", "250.5"), ("withdraw", "-250.5")])
def test_it_tells_risk_with_the_operator_s_name_and_waits_until_it_is_booked(
    verb: str, amount: str, at_venue: StoredDesk, command: Command
) -> None:
    answering(at_venue, booked(amount))
    said = command("treasury", verb, "usdm", "250.5", "USDT", "--note", "why", "--json", on=at_venue)
    [sent] = at_venue.posted

    assert said.code == Exit.OK, said.err
    assert sent == RecordTransfer(getpass.getuser(), "usdm", "USDT", D(amount), "why", "")
    document = msgspec.json.decode(said.out.encode(), type=DOCUMENTS[f"treasury {verb}"])
    assert (document.booked, document.answered, document.refused) == (True, True, None)
    assert (document.transfer_id, document.cash, document.value) == (
        "operator#1",
        D(1_000) + D(amount),
        D(amount),
    )


def test_people_read_it_in_one_line(at_venue: StoredDesk, command: Command) -> None:
    answering(at_venue, booked("-20", "w7"))
    said = command("treasury", "withdraw", "usdm", "20", "USDT", "--id", "w7", on=at_venue)
    assert said.code == Exit.OK, said.err
    assert " ".join(said.out.split()) == "withdrawal of 20 USDT at usdm booked as w7, cash 980 USDT"


def test_one_that_is_in_the_books_already_is_told_as_such(at_venue: StoredDesk, command: Command) -> None:
    at_venue.append("risk", record(5, T0, booked("20", "w7")))
    answering(at_venue, TransferRefused("w7", "usdm", "anna", Reason.TRANSFER_KNOWN, T0), step=6)
    said = command("treasury", "deposit", "usdm", "20", "USDT", "--id", "w7", on=at_venue)
    assert said.code == Exit.TROUBLE
    assert "not booked: transfer_known" in said.out


def test_risk_that_does_not_answer_ends_with_one(at_venue: StoredDesk, command: Command) -> None:
    said = command("treasury", "deposit", "usdm", "20", "USDT", "--wait", "0.05", on=at_venue)
    assert said.code == Exit.TROUBLE
    assert "not answered" in said.out


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("nowhere", "20", "USDT"), "VENUE"),
        (("paper", "20", "USDT"), "VENUE"),
        (("usdm", "0", "USDT"), "AMOUNT"),
        (("usdm", "nan", "USDT"), "AMOUNT"),
        (("usdm", "much", "USDT"), "AMOUNT"),
        (("usdm", "-20", "USDT"), "AMOUNT"),
        (("usdm", "20", "usdt"), "CURRENCY"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_sent(
    arguments: tuple[str, ...], field: str, at_venue: StoredDesk, command: Command
) -> None:
    said = command("treasury", "deposit", *arguments, on=at_venue)
    assert said.code == Exit.USAGE
    assert field in said.err
    assert at_venue.posted == []
