"""Funding in the private stream: each payment reaches risk once, whatever is repeated, skipped or restarted."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.execution.settings import ExecutionSettings
from messages.account_events import Funding, FundingReceived, StreamGapFound, VenueEventTaken
from messages.orders import OrderState
from messages.venue import Outcome
from messages.venue_account import AccountResult, QueryAccount
from messages.venue_stream import VenueFunding
from tests.actors.execution.rig import SAFE, START, SYMBOL, Rig, kinds, snapshot, venue_event

pytestmark = pytest.mark.unit


def funding(sequence: int, payment_id: str | None = None, *, time: int | None = None) -> VenueFunding:
    return VenueFunding(
        "paper",
        sequence,
        START + sequence if time is None else time,
        payment_id or f"p{sequence}",
        SYMBOL,
        "USDT",
        Decimal("-1.25"),
        Decimal("0.0001"),
    )


def told(rig: Rig) -> list[str]:
    """The payments risk heard of."""
    return [sent.message.payment_id for sent in rig.sent if isinstance(sent.message, Funding)]


def test_a_payment_reaches_risk_with_all_its_parts_and_nobody_else() -> None:
    rig = Rig()
    rig.take(funding(1))
    [sent] = rig.envelopes
    assert sent.recipient == "risk"
    expected = Funding("p1", "paper", SYMBOL, "USDT", Decimal("-1.25"), Decimal("0.0001"), START + 1)
    assert sent.message == expected
    assert rig.events == [VenueEventTaken(1), FundingReceived(expected)]
    assert (rig.state.stream_sequence, list(rig.state.payments)) == (1, ["p1"])


@pytest.mark.parametrize("again", [funding(1), funding(2, "p1"), funding(5, "p1")])
def test_a_payment_told_again_is_not_told_on(again: VenueFunding) -> None:
    rig = Rig()
    rig.take(funding(1))
    rig.take(again)
    assert told(rig) == ["p1"]


def test_orders_and_payments_share_one_sequence_without_a_gap() -> None:
    rig = Rig()
    order = rig.working()
    before = rig.state.stream_sequence
    rig.take(funding(before + 1))
    rig.take(venue_event(order, OrderState.FILLED, before + 2, filled="1", fill="f1"))
    assert rig.state.stream_missing == {}
    assert rig.actor.resume_after() == before + 2


def test_a_payment_that_was_skipped_is_taken_when_it_comes_and_the_account_is_looked_at() -> None:
    rig = Rig()
    rig.take(funding(3))
    assert kinds(rig.events)[0] == StreamGapFound.__name__
    assert rig.effects == [QueryAccount("paper")]
    assert rig.actor.resume_after() == 0
    rig.take(funding(1))
    rig.take(funding(2))
    rig.take(funding(2))
    assert told(rig) == ["p3", "p1", "p2"]
    assert rig.actor.resume_after() == 3


def test_what_was_paid_before_the_account_was_first_read_is_contained_in_it() -> None:
    rig = Rig(seeded=False)
    rig.take(AccountResult("paper", Outcome.ACCEPTED, balances={"USDT": Decimal(5)}, time=START + 10))
    rig.take(funding(1, time=START + 10))
    rig.take(funding(2, time=START + 11))
    assert told(rig) == ["p2"]
    assert rig.state.stream_sequence == 2


def test_a_venue_that_does_not_tell_the_time_of_its_account_loses_no_payment() -> None:
    rig = Rig(seeded=False)
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    rig.take(funding(1))
    assert told(rig) == ["p1"]


def test_only_the_latest_payments_are_remembered() -> None:
    rig = Rig(ExecutionSettings("paper", SAFE.traits, keep_payments=16))
    for sequence in range(1, 40):
        rig.take(funding(sequence))
    assert len(rig.state.payments) <= 16
    assert "p39" in rig.state.payments
    assert snapshot(rig.replayed()) == snapshot(rig.actor)


@pytest.mark.property
@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_is_repeated_reordered_or_restarted_each_payment_counts_once(seed: int) -> None:
    draw = random.Random(seed)
    rig = Rig()
    coming = [funding(sequence) for sequence in range(1, draw.randint(2, 25))]
    lot = coming + draw.choices(coming, k=draw.randint(0, 20))
    draw.shuffle(lot)
    for payment in lot:
        rig.take(payment)
        if draw.random() < 0.2:
            rig.restart()
    assert sorted(told(rig)) == sorted(each.payment_id for each in coming)
    assert rig.actor.resume_after() == len(coming)
    assert snapshot(rig.replayed()) == snapshot(rig.actor)
