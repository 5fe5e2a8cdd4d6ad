"""Money moved at the venue: risk hears of each transfer once, and not of what the first reading contains."""

from __future__ import annotations

from decimal import Decimal

import pytest

from messages.account_events import AccountSeeded, Funding, StreamGapFound, VenueEventTaken
from messages.transfers import Transfer, TransferReceived
from messages.venue import Outcome
from messages.venue_account import AccountResult
from messages.venue_stream import VenueFunding, VenueTransfer
from tests.actors.execution.rig import START, SYMBOL, Rig, snapshot

pytestmark = pytest.mark.unit


def moved(sequence: int, transfer_id: str = "t1", *, time: int | None = None) -> VenueTransfer:
    at = START + sequence if time is None else time
    return VenueTransfer("paper", sequence, at, transfer_id, "USDT", Decimal(250), "TRANSFER")


def told(rig: Rig) -> list[str]:
    """The transfers risk heard of."""
    return [sent.message.transfer_id for sent in rig.sent if isinstance(sent.message, Transfer)]


def test_a_transfer_reaches_risk_with_all_its_parts_and_nobody_else() -> None:
    rig = Rig()
    rig.take(moved(1))
    [sent] = rig.envelopes
    expected = Transfer("t1", "paper", "USDT", Decimal(250), "TRANSFER", START + 1)
    assert (sent.recipient, sent.message) == ("risk", expected)
    assert rig.events == [VenueEventTaken(1), TransferReceived(expected)]
    assert snapshot(rig.replayed()) == snapshot(rig.actor)


@pytest.mark.parametrize("again", [moved(1), moved(2), moved(5)])
def test_a_transfer_told_again_is_not_told_on(again: VenueTransfer) -> None:
    rig = Rig()
    rig.take(moved(1))
    rig.take(again)
    assert told(rig) == ["t1"]


def test_a_transfer_and_a_payment_of_the_same_number_are_two() -> None:
    rig = Rig()
    rig.take(VenueFunding("paper", 1, START + 1, "t1", SYMBOL, "USDT", Decimal(-1)))
    rig.take(moved(2))
    assert told(rig) == ["t1"]


def test_what_the_first_reading_contains_is_not_told_on() -> None:
    rig = Rig()
    rig.state.account_as_of = START + 10
    rig.take(moved(1, time=START + 10))
    rig.take(moved(2, "t2", time=START + 11))
    assert told(rig) == ["t2"]


def test_what_is_told_before_the_first_reading_waits_for_it_and_counts_if_it_is_later() -> None:
    rig = Rig(seeded=False)
    rig.take(moved(1, "t1", time=START + 9))
    rig.take(moved(2, "t2", time=START + 11))
    rig.take(VenueFunding("paper", 3, START + 12, "p3", SYMBOL, "USDT", Decimal(-1)))
    rig.take(VenueFunding("paper", 4, START + 10, "p4", SYMBOL, "USDT", Decimal(-2)))
    assert rig.sent == []
    assert snapshot(rig.replayed()) == snapshot(rig.actor)
    rig.take(AccountResult("paper", Outcome.ACCEPTED, balances={"USDT": Decimal(5)}, time=START + 10))
    to_risk = [sent.message for sent in rig.sent if sent.recipient == "risk"]
    assert isinstance(to_risk[0], AccountSeeded)
    later = [each for each in to_risk if isinstance(each, Transfer | Funding)]
    assert [each.amount for each in later] == [-1, 250]
    assert rig.state.at_venue.balances == {"USDT": Decimal(5 - 1 + 250)}
    assert (rig.state.early_payments, rig.state.early_transfers) == ({}, {})
    rig.take(moved(5, "t2", time=START + 11))
    assert told(rig) == ["t2"]
    assert snapshot(rig.replayed()) == snapshot(rig.actor)


def test_of_an_account_that_does_not_tell_its_time_what_came_before_is_taken_as_contained() -> None:
    rig = Rig(seeded=False)
    rig.take(moved(1))
    rig.take(AccountResult("paper", Outcome.ACCEPTED, balances={"USDT": Decimal(5)}))
    assert told(rig) == []
    rig.take(moved(2, "t2"))
    assert told(rig) == ["t2"]


def test_a_gap_before_a_transfer_has_the_account_looked_at() -> None:
    rig = Rig()
    rig.take(moved(3))
    assert StreamGapFound(1, 2) in rig.events
    assert told(rig) == ["t1"]
