"""The venue's record: one file for evidence, stream and catch-up, that never says two different things."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from cluster.paper.lines import EventLine, decode_event
from cluster.paper.order_log import OrderLog
from messages.errors import JournalCorruptError
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason

pytestmark = pytest.mark.unit


def event(sequence: int, state: OrderState = OrderState.WORKING) -> EventLine:
    return EventLine(
        sequence,
        sequence,
        sequence,
        "accepted",
        f"order-{sequence}",
        f"desk:order-{sequence}",
        "BTC-USDT",
        Side.BUY,
        state,
        Decimal("0.01"),
        Decimal(0),
        None,
        Reason.ACCEPTED,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.jsonl"


@pytest.fixture
def log(path: Path) -> Iterator[OrderLog]:
    log = OrderLog(path)
    for number in range(1, 6):
        log.command(number, b'{"command":%d,"event":"received"}' % number)
        log.event(event(2 * number - 1))
        log.event(event(2 * number))
    log.flush()
    yield log
    log.close()


def sequences(lines: list[bytes]) -> list[int]:
    return [decode_event(line).sequence for line in lines]


@pytest.mark.parametrize(
    ("after", "until", "limit", "expected"),
    [
        (0, 10, 100, range(1, 11)),
        (4, 10, 100, range(5, 11)),
        (4, 7, 100, range(5, 8)),
        (4, 10, 2, range(5, 7)),
        (10, 10, 100, range(0)),
        (12, 10, 100, range(0)),
        (9, 99, 100, range(10, 11)),
    ],
)
def test_events_are_read_from_any_sequence(
    log: OrderLog, after: int, until: int, limit: int, expected: range
) -> None:
    assert sequences(log.read(after, until, limit=limit)) == list(expected)


def test_a_reopened_record_knows_where_it_was(log: OrderLog, path: Path) -> None:
    again = OrderLog(path)
    assert (again.sequence, again.commands) == (10, 5)
    assert sequences(again.read(3, 10, limit=100)) == list(range(4, 11))
    again.close()


def test_what_is_on_record_is_not_written_again(log: OrderLog, path: Path) -> None:
    before = path.read_bytes()
    log.command(3, b'{"command":3,"event":"received"}')
    log.event(event(7))
    log.flush()
    assert path.read_bytes() == before


def test_another_history_than_the_one_told_is_refused(log: OrderLog) -> None:
    with pytest.raises(JournalCorruptError, match="another history"):
        log.event(event(7, OrderState.REJECTED))


def test_a_half_written_line_is_cut_off(log: OrderLog, path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole + msgspec.json.encode(event(11))[:30])
    again = OrderLog(path)
    assert again.sequence == 10
    again.event(event(11))
    again.flush()
    assert path.read_bytes() == whole + msgspec.json.encode(event(11)) + b"\n"
    again.close()


@pytest.mark.parametrize("damage", ["missing line", "garbage"])
def test_a_damaged_record_is_refused(log: OrderLog, path: Path, damage: str) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[4:5] = [] if damage == "missing line" else [b"\x00\x00\x00\n"]
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalCorruptError, match="at byte"):
        OrderLog(path)


def test_lost_events_and_lost_commands_are_noticed(log: OrderLog) -> None:
    log.check_events(10)
    log.check_commands(5)
    with pytest.raises(JournalCorruptError, match="events are missing"):
        log.check_events(11)
    with pytest.raises(JournalCorruptError, match="journal has lost commands"):
        log.check_commands(4)
