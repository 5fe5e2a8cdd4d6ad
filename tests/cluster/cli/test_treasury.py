"""`raydesk treasury`: what it sends, what it waits for, and what it refuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from cluster.cli.documents import DOCUMENTS
from cluster.cli.exits import Exit
from messages.base import Message
from messages.flattening import FlattenEnded, FlattenStarted
from messages.intents import Side
from messages.reasons import Reason
from messages.treasury import (
    TreasuryCommand,
    TreasuryLine,
    TreasuryOperation,
    TreasuryOutcome,
    TreasuryReviewed,
)
from tests.cluster.cli.conftest import Command
from tests.cluster.cli.desks import StoredDesk
from tests.cluster.observe.stories import T0, record

pytestmark = pytest.mark.integration

D = Decimal


def review(
    operation: TreasuryOperation, outcome: TreasuryOutcome, *, dry_run: bool = False
) -> TreasuryReviewed:
    line = TreasuryLine("paper", "BTC-USDT", Side.SELL, D("0.5"), D("30000"), outcome, Reason.INELIGIBLE)
    return TreasuryReviewed("operator#1", operation, "anna", dry_run, (line,), T0)


def answering(desk: StoredDesk, *events: Message) -> Callable[[Message], None]:
    """Risk's answer to whatever is sent."""
    return lambda message: desk.append("risk", record(5, T0, *events))


def test_a_purge_tells_what_was_closed(desk: StoredDesk, command: Command) -> None:
    started = FlattenStarted("paper", "BTC-USDT", "anna", T0, reason=Reason.INELIGIBLE)
    ended = FlattenEnded("paper", "BTC-USDT", True, T0)
    found = review(TreasuryOperation.PURGE, TreasuryOutcome.BEGUN)
    desk.on_post = answering(desk, started, found, ended)
    said = command("treasury", "purge", "--json", on=desk)
    [sent] = desk.posted

    assert said.code == Exit.OK, said.err
    assert isinstance(sent, TreasuryCommand)
    assert (sent.operation, sent.venue, sent.dry_run) == (TreasuryOperation.PURGE, None, False)
    document = msgspec.json.decode(said.out.encode(), type=DOCUMENTS["treasury purge"])
    assert (document.answered, document.done, document.lines) == (True, True, found.lines)


def test_it_waits_for_what_is_still_being_closed(desk: StoredDesk, command: Command) -> None:
    started = FlattenStarted("paper", "BTC-USDT", "anna", T0, keep=D("0.2"), reason=Reason.OVER_CAP)
    desk.on_post = answering(desk, started, review(TreasuryOperation.TRIM, TreasuryOutcome.BEGUN))
    said = command("treasury", "trim", "--wait", "0.05", on=desk)

    assert said.code == Exit.TROUBLE
    assert "trim: not done yet" in said.out
    assert " ".join(said.out.split()).endswith("paper BTC-USDT sell 0.5 30000 begun ineligible_holding")


def test_a_dry_run_shows_the_plan(desk: StoredDesk, command: Command) -> None:
    desk.on_post = answering(desk, review(TreasuryOperation.PURGE, TreasuryOutcome.PLANNED, dry_run=True))
    said = command("treasury", "purge", "--dry-run", "--venue", "paper", on=desk)
    [sent] = desk.posted

    assert said.code == Exit.OK
    assert isinstance(sent, TreasuryCommand)
    assert (sent.dry_run, sent.venue) == (True, "paper")
    assert "a dry run" in said.out
    assert "planned" in said.out


def test_risk_that_does_not_answer_ends_with_one(desk: StoredDesk, command: Command) -> None:
    said = command("treasury", "purge", "--wait", "0.05", on=desk)

    assert said.code == Exit.TROUBLE
    assert "not answered" in said.out


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("purge", "--venue", "nowhere"), "--venue"),
        (("sweep",), "treasury.sweep"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_sent(
    arguments: tuple[str, ...], field: str, desk: StoredDesk, command: Command
) -> None:
    said = command("treasury", *arguments, on=desk)

    assert said.code == Exit.USAGE
    assert field in said.err
    assert desk.posted == []


def test_a_sweep_on_margin_is_not_offered(desk: StoredDesk, command: Command) -> None:
    sweeping = desk.loaded.config.treasury.sweep.model_copy(
        update={"reserve": {"USDT": D(100)}, "into": ("BTC-USDT",)}
    )
    treasury = desk.loaded.config.treasury.model_copy(update={"sweep": sweeping})
    config = desk.loaded.config.model_copy(update={"treasury": treasury})
    desk.loaded = dataclasses.replace(desk.loaded, config=config)
    said = command("treasury", "sweep", on=desk)

    assert said.code == Exit.USAGE
    assert "not offered" in said.err
    assert desk.posted == []
