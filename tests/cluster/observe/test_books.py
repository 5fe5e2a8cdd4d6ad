"""What people are shown of the books is what risk decides on: folded from its events, the same to the last digit."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.observe.books import REVIEWS_KEPT, Books
from messages.transfers import RecordTransfer, TransferBooked, TransferRefused
from tests.actors.risk.desk import D, ready
from tests.actors.risk.ledger_world import World, act

pytestmark = pytest.mark.unit

SAME = (
    "accounts",
    "holdings",
    "strategies",
    "totals",
    "marks",
    "rates",
    "revalued",
    "deposits",
    "booked",
    "capital",
)
ANCHORS = ("peak", "day", "day_anchor", "week", "week_anchor", "days", "nav")


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_folded_from_the_journal_they_are_those_of_risk(seed: int) -> None:
    draw = random.Random(seed)
    world = World(marked=draw.random() < 0.6)
    for _ in range(40):
        act(world, draw)
    books = Books()
    for event in world.desk.journal:
        books.apply(event, 0)
    for name in (*SAME, *ANCHORS):
        assert getattr(books.state, name) == getattr(world.state, name), name


def test_what_became_of_the_latest_transfers_is_kept() -> None:
    desk = ready()
    for number in range(REVIEWS_KEPT + 3):
        desk.give(RecordTransfer("anna", "paper", "USDT", D(1), "", f"t{number}"))
    desk.give(RecordTransfer("anna", "paper", "USDT", D(1), "", "t5"))
    books = Books()
    for event in desk.journal:
        books.apply(event, 0)
    assert len(books.transfers) == REVIEWS_KEPT
    assert isinstance(books.transfers["paper/t50"], TransferBooked)
    assert isinstance(books.transfers["paper/t5"], TransferRefused)
    assert "paper/t0" not in books.transfers
