"""The ledger and its tax lots as files: Parquet, or CSV for lots. Written again, a file keeps what it has and grows.

Amounts are text, every digit of them: no number type of either format holds them all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from actors.risk.books.entries import Entry
from actors.risk.books.tax import TaxLot
from cluster.durable_files import write_atomically
from cluster.observe.wording import number
from messages.errors import ConfigurationError

Row = Mapping[str, str | int | None]

ENTRY_COLUMNS = {
    "desk": str,
    "entry": str,
    "kind": str,
    "time": int,
    "venue": str,
    "symbol": str,
    "strategy": str,
    "account": str,
    "unit": str,
    "amount": str,
    "rate": str,
}
LOT_COLUMNS = {
    "desk": str,
    "lot": str,
    "venue": str,
    "symbol": str,
    "side": str,
    "quantity": str,
    "opened_by": str,
    "opened_at": int,
    "closed_by": str,
    "closed_at": int,
    "cost": str,
    "proceeds": str,
    "gain": str,
    "currency": str,
}


def write_entries(path: Path, desk: str, entries: Iterable[Entry]) -> int:
    """Add entries that are not in the file yet, a row per leg; returns how many rows it has then.

    Raises `ConfigurationError` when the file is no Parquet file, no ledger, or another desk's.
    """
    _require(path, "--ledger", (".parquet",))
    kept = _read(path, desk, ENTRY_COLUMNS, "--ledger")
    known = {row["entry"] for row in kept}
    fresh = [row for entry in entries if entry.id not in known for row in _entry_rows(desk, entry)]
    return _write(path, [*kept, *fresh], ENTRY_COLUMNS)


def write_tax_lots(path: Path, desk: str, currency: str, lots: Iterable[TaxLot]) -> int:
    """Add closed lots that are not in the file yet, and put the open ones as they are now in place of those of before.

    Raises `ConfigurationError` as `write_entries` does.
    """
    _require(path, "--lots", (".csv", ".parquet"))
    kept = [row for row in _read(path, desk, LOT_COLUMNS, "--lots") if row["closed_by"] is not None]
    known = {row["lot"] for row in kept}
    fresh = [_lot_row(desk, currency, lot) for lot in lots if lot.id not in known]
    return _write(path, [*kept, *fresh], LOT_COLUMNS)


def _entry_rows(desk: str, entry: Entry) -> Iterator[Row]:
    for leg in entry.legs:
        yield {
            "desk": desk,
            "entry": entry.id,
            "kind": entry.kind.value,
            "time": entry.time,
            "venue": entry.venue,
            "symbol": entry.symbol,
            "strategy": entry.strategy,
            "account": leg.account,
            "unit": leg.unit,
            "amount": _text(leg.amount),
            "rate": _text(entry.rates.get(leg.unit)),
        }


def _lot_row(desk: str, currency: str, lot: TaxLot) -> Row:
    return {
        "desk": desk,
        "lot": lot.id,
        "venue": lot.venue,
        "symbol": lot.symbol,
        "side": lot.side,
        "quantity": _text(lot.quantity),
        "opened_by": lot.opened_by or None,
        "opened_at": lot.opened_at,
        "closed_by": lot.closed_by,
        "closed_at": lot.closed_at,
        "cost": _text(lot.cost),
        "proceeds": _text(lot.proceeds),
        "gain": _text(lot.gain),
        "currency": currency,
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else number(amount)


# --- files ----------------------------------------------------------------------------------------------------


def _require(path: Path, option: str, endings: Sequence[str]) -> None:
    if path.suffix not in endings:
        raise ConfigurationError(
            "a file of this kind can't be written",
            field=option,
            value=str(path),
            remedy=f"let its name end in {' or '.join(endings)}",
        )
    if not path.parent.is_dir():
        raise ConfigurationError(
            "there is no such folder", field=option, value=str(path.parent), remedy="make it, or name another"
        )


def _read(path: Path, desk: str, columns: Mapping[str, type], option: str) -> list[Row]:
    if not path.exists():
        return []
    rows = _rows_of_csv(path, columns) if path.suffix == ".csv" else _rows_of_parquet(path)
    if (
        columns is ENTRY_COLUMNS and rows is not None
    ):  # those of a file from before rates were written are not known
        rows = [{"rate": None, **row} for row in rows]
    if rows is None or any(set(row) != set(columns) for row in rows):
        problem = "this file holds something else"
    elif any(row["desk"] != desk for row in rows):
        problem = f"this file is another desk's, not that of {desk}"
    else:
        return rows
    raise ConfigurationError(problem, field=option, value=str(path), remedy="name another file")


def _rows_of_parquet(path: Path) -> list[Row] | None:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        rows: list[Row] = pyarrow.parquet.read_table(path).to_pylist()
    except pa.ArrowInvalid:
        return None
    return rows


def _rows_of_csv(path: Path, columns: Mapping[str, type]) -> list[Row] | None:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames is None or list(reader.fieldnames) != list(columns):
            return None
        try:
            return [
                {name: columns[name](value) if value else None for name, value in row.items()}
                for row in reader
            ]
        except ValueError:
            return None


def _write(path: Path, rows: Sequence[Row], columns: Mapping[str, type]) -> int:
    if path.suffix == ".csv":
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(columns))
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(path, text.getvalue().encode())
    else:
        write_atomically(path, _parquet(rows, columns))
    return len(rows)


def _parquet(rows: Sequence[Row], columns: Mapping[str, type]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet

    kinds: dict[type, Any] = {str: pa.string(), int: pa.int64()}
    schema = pa.schema([pa.field(name, kinds[kind]) for name, kind in columns.items()])
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(pa.Table.from_pylist(list(rows), schema=schema), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data
