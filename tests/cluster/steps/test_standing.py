"""Where the store stands against where an incarnation stood: each outcome by a table, and what its error tells."""

from __future__ import annotations

import msgspec
import pytest

from cluster.steps.doubt import check_standing, has_happened
from cluster.steps.journal import JournalRecord
from cluster.store.port import Position, Section, Where
from messages.errors import DeskError, FencedError, InDoubtError, StoreLostError

pytestmark = pytest.mark.unit

RECORD = JournalRecord(7, 3, 0, [], [], "", 0, 0, 0, 0)
SECTION = Section("counter", 3, Position(step=7), RECORD, [], {}, (), 0, 0, generation="g1")
"""Step 7 under epoch 3 of generation g1: 6 was acknowledged, 7 is in doubt."""


@pytest.mark.parametrize(("step", "happened"), [(6, False), (7, True)])
def test_a_step_in_doubt_has_happened_if_it_is_there(step: int, happened: bool) -> None:
    assert has_happened(SECTION, Where(3, step, "g1")) is happened


@pytest.mark.parametrize(
    ("where", "error", "value"),
    [
        (Where(4, 6, "g1"), FencedError, "epoch 4 over 3"),
        (Where(4, 7, "g1"), FencedError, "epoch 4 over 3"),
        (Where(4, 2, "g2"), FencedError, "epoch 4 over 3"),
        (Where(2, 6, "g1"), StoreLostError, "epoch 2, step 6, generation g1"),
        (Where(3, 5, "g1"), StoreLostError, "epoch 3, step 5, generation g1"),
        (Where(3, 7, "g2"), StoreLostError, "epoch 3, step 7, generation g2"),
        (Where(0, 0, ""), StoreLostError, "epoch 0, step 0, generation "),
        (Where(3, 8, "g1"), InDoubtError, "stored step 8, last committed 6"),
        (Where(3, 9, "g1"), InDoubtError, "stored step 9, last committed 6"),
    ],
)
def test_whatever_else_is_there_stops_the_incarnation_or_makes_it_start_over(
    where: Where, error: type[DeskError], value: str
) -> None:
    with pytest.raises(error) as caught:
        has_happened(SECTION, where)
    assert caught.value.field == "counter"
    assert str(caught.value.value).startswith(value)
    assert caught.value.remedy
    if error is StoreLostError:
        assert str(caught.value.value).endswith("where epoch 3, step 6, generation g1 was acknowledged")


def test_a_store_that_went_on_by_itself_is_not_lost() -> None:
    """Whoever asks decides what being ahead means; `check_standing` is about what must be there."""
    check_standing("counter", Where(3, 9, "g1"), 3, "g1", 6)


def test_the_generation_counts_even_if_epoch_and_step_agree() -> None:
    renewed = msgspec.structs.replace(SECTION, generation="g2")
    with pytest.raises(StoreLostError):
        has_happened(renewed, Where(3, 7, "g1"))
    assert has_happened(renewed, Where(3, 7, "g2"))
