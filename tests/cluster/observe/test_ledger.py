"""The ledger read out of risk's journal, whole or trimmed, and the files it is written to."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow.parquet
import pytest

from cluster.cli.report_documents import report_document
from cluster.observe.ledger import LedgerReading, read_ledger
from cluster.observe.ledger_files import write_entries, write_tax_lots
from cluster.replaying.recorded import RecordedActor
from cluster.steps.journal import JournalRecord, encode_record
from cluster.store.port import Position, StoredSnapshot
from messages import codec
from messages.errors import ConfigurationError, JournalCorruptError
from messages.modes import DrawdownState
from messages.transfers import RecordTransfer, Transfer
from tests.actors.risk.desk import BUY, SELL, Desk, ready

pytestmark = pytest.mark.unit

CUT = 5


def traded() -> Desk:
    """Bought in two lots, sold in between, one unit left."""
    desk = ready()
    desk.trade(BUY, 2, 100, fee=1)
    desk.trade(BUY, 2, 110, fee=1)
    desk.trade(SELL, 3, 120, fee=1)
    return desk


def recorded(desk: Desk, *, trimmed: bool = False) -> RecordedActor:
    """The desk's journal, an event per step; trimmed, it has a snapshot of the end and the last `CUT` steps."""
    records = [
        (step, encode_record(JournalRecord(step, 1, 1_000 + step, (), (event,), "", 0, 0, 0, 0)))
        for step, event in enumerate(desk.journal, start=1)
    ]
    if not trimmed:
        return RecordedActor("risk", tuple(records), (), (), ())
    step = len(records) - 2
    before = Desk(desk.settings)
    for event in desk.journal[:step]:
        before.risk.apply(event)
    state = before.risk.state
    data = codec.pack([1, codec.to_plain(Position(step=step)), codec.to_plain(state)])
    snapshot = StoredSnapshot(step, data, codec.digest(data)[:16])
    return RecordedActor("risk", tuple(records[-CUT:]), (snapshot,), (), ())


def rows(path: Path) -> list[dict[str, object]]:
    return pyarrow.parquet.read_table(path).to_pylist()


def test_a_whole_journal_tells_everything() -> None:
    desk = traded()
    reading = read_ledger(recorded(desk))
    assert reading.since is None
    assert reading.tells_all_since(None)
    assert reading.state.holdings == desk.risk.state.holdings
    assert len(reading.fills) == 3
    assert [entry.kind.value for entry in reading.entries] == ["transfer"] + ["fill", "fee"] * 3
    closed = [lot for lot in reading.tax_lots() if lot.gain is not None]
    assert [(lot.quantity, lot.gain) for lot in closed] == [
        (Decimal(2), Decimal(40)),
        (Decimal(1), Decimal(10)),
    ]


def test_money_from_outside_is_in_the_entries_and_in_the_report_of_its_day() -> None:
    desk = traded()
    desk.give(Transfer("t1", "paper", "USDT", Decimal(500), "TRANSFER", desk.ctx.now), "execution/paper")
    desk.give(RecordTransfer("anna", "paper", "USDT", Decimal(-20), "rent"))
    reading = read_ledger(recorded(desk))
    assert [entry.kind.value for entry in reading.entries[-2:]] == ["transfer", "transfer"]
    document = report_document("desk", "USDT", reading, None, (), {}, Decimal(0))
    assert [
        (each.transfer_id, each.amount, each.value, each.by, each.note) for each in document.transfers
    ] == [
        ("t1", 500, 500, "", "TRANSFER"),
        (document.transfers[1].transfer_id, -20, -20, "anna", "rent"),
    ]
    assert document.average is not None
    assert (document.average.deposits, document.average.difference) == (Decimal(480), 0)
    assert document.sound


def test_a_trimmed_journal_leaves_statement_and_open_lots_whole() -> None:
    desk = traded()
    whole, reading = read_ledger(recorded(desk)), read_ledger(recorded(desk, trimmed=True))
    assert reading.since == 1_000 + len(desk.journal) - CUT + 1
    assert not reading.tells_all_since(None)
    assert not reading.tells_all_since(reading.since - 1)
    assert reading.tells_all_since(reading.since)
    assert reading.statement(None) == whole.statement(None)
    assert [lot for lot in reading.tax_lots() if lot.closed_by is None] == [
        lot for lot in whole.tax_lots() if lot.closed_by is None
    ]
    assert len(reading.fills) < 3


def test_the_state_of_the_drawdown_is_read_with_the_rest() -> None:
    desk = traded()
    desk.trade(BUY, 100, 100)
    desk.mark(bid=10)
    assert desk.risk.state.drawdown_state is DrawdownState.DEFENSIVE
    assert read_ledger(recorded(desk)).state.drawdown_state is DrawdownState.DEFENSIVE


def test_a_trimmed_journal_without_a_snapshot_is_refused() -> None:
    gone = msgspec.structs.replace(recorded(traded(), trimmed=True), snapshots=())
    with pytest.raises(JournalCorruptError, match="no snapshot can be read"):
        read_ledger(gone)


def test_the_ledgers_file_is_balanced_and_grows_by_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "books.parquet"
    desk = traded()
    first = write_entries(path, "desk", read_ledger(recorded(desk)).entries)
    assert first == 2 + 3 * (4 + 2)
    assert write_entries(path, "desk", read_ledger(recorded(desk)).entries) == first
    desk.trade(SELL, 1, 130, fee=1)
    trimmed = read_ledger(recorded(desk, trimmed=True))
    assert write_entries(path, "desk", trimmed.entries) == first + 6
    sums: dict[tuple[object, object], Decimal] = {}
    for row in rows(path):
        key = row["entry"], row["unit"]
        sums[key] = sums.get(key, Decimal(0)) + Decimal(str(row["amount"]))
    assert set(sums.values()) == {Decimal(0)}
    cash = sum(Decimal(str(row["amount"])) for row in rows(path) if row["account"] == "cash/paper")
    assert cash == desk.risk.state.accounts["paper"].balances["USDT"]


def test_a_file_from_before_rates_were_written_goes_on_and_its_rates_are_not_known(tmp_path: Path) -> None:
    path = tmp_path / "books.parquet"
    desk = traded()
    first = write_entries(path, "desk", read_ledger(recorded(desk)).entries)
    assert {row["rate"] for row in rows(path) if row["unit"] == "USDT"} == {"1"}
    pyarrow.parquet.write_table(pyarrow.parquet.read_table(path).drop_columns("rate"), path)
    desk.trade(SELL, 1, 130, fee=1)
    assert write_entries(path, "desk", read_ledger(recorded(desk)).entries) == first + 6
    found = [row["rate"] for row in rows(path) if row["account"] == "cash/paper"]
    assert found == [None] * 7 + ["1", "1"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_closed_lots_stay_in_the_file_and_open_ones_are_renewed(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"lots.{ending}"
    desk = traded()

    def written() -> list[list[str | None]]:
        found = rows(path) if ending == "parquet" else list(csv.DictReader(path.open(newline="")))
        return [[str(row[name] or "") for name in ("quantity", "cost", "proceeds", "gain")] for row in found]

    assert write_tax_lots(path, "desk", "USDT", read_ledger(recorded(desk)).tax_lots()) == 3
    before = written()
    assert before == [["2", "200", "240", "40"], ["1", "110", "120", "10"], ["1", "110", "", ""]]
    desk.trade(SELL, 1, 130)
    assert write_tax_lots(path, "desk", "USDT", read_ledger(recorded(desk, trimmed=True)).tax_lots()) == 3
    assert written() == [*before[:2], ["1", "110", "130", "20"]]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("books.csv", None, "can't be written"),
        ("nowhere/books.parquet", None, "no such folder"),
        ("books.parquet", b"nonsense", "something else"),
    ],
)
def test_a_file_that_is_not_the_ledgers_is_left_alone(
    tmp_path: Path, name: str, content: bytes | None, problem: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        write_entries(path, "desk", ())
    assert caught.value.field == "--ledger"
    assert content is None or path.read_bytes() == content


@pytest.mark.parametrize("content", ["a,b\n1,2\n", None])
def test_lots_of_another_kind_or_desk_are_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "lots.csv"
    if content is None:
        write_tax_lots(path, "other", "USDT", [*read_ledger(recorded(traded())).tax_lots()])
    else:
        path.write_text(content)
    kept = path.read_bytes()
    with pytest.raises(ConfigurationError, match="this file"):
        write_tax_lots(path, "desk", "USDT", ())
    assert path.read_bytes() == kept


def test_an_empty_journal_is_an_empty_ledger(tmp_path: Path) -> None:
    reading = read_ledger(RecordedActor("risk", (), (), (), ()))
    assert isinstance(reading, LedgerReading)
    assert (reading.entries, list(reading.tax_lots())) == ((), [])
    with pytest.raises(ConfigurationError, match="no figures"):
        reading.statement(None)
    assert write_entries(tmp_path / "x.parquet", "desk", reading.entries) == 0
