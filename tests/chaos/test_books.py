"""The books of a full recorded session against its venue's own fills: NAV, profit both ways, fees, lots, entries."""

from __future__ import annotations

import ast
import csv
import json
import os
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from tests.chaos.independent import VenueFill, read_records
from tests.chaos.recomputed import SymbolBook, books_of, last_quotes
from tests.chaos.test_recorded_replay import FILES, PROJECT, START, replay

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.long]

SYMBOLS = ("BTC-USDT", "ETH-USDT")
CLOSE = Fraction(1, 10**8)
"""Parts of an average cost are rounded to 12 digits each time: over a session no more than this."""


def report(folder: Path, *options: str) -> dict[str, Any]:
    """What the stopped desk's books say, as a person asks for it."""
    command = [sys.executable, "-m", "cluster", "report", "--json"]
    command += ["--folder", str(folder), "--desk", folder.name, *options]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, timeout=120, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_unit_by_unit_a_small_story_comes_out_as_on_paper() -> None:
    def fill(side: str, quantity: str, price: str) -> VenueFill:
        return VenueFill("f", "c", "X", side, Decimal(price), Decimal(quantity), Decimal("0.5"), 0)

    told = [
        fill("buy", "2", "100"),
        fill("buy", "2", "110"),
        fill("sell", "3", "120"),
        fill("sell", "2", "90"),
    ]
    book = books_of(told)["X"]
    assert (book.fifo_profit, book.average_profit) == (40 + 10 - 20, 45 - 15)
    assert (book.position, book.cost, book.fifo_cost, book.fees) == (-1, -90, -90, 2)


@pytest.mark.parametrize("name", ["recomputed.py", "independent.py"])
def test_what_recomputes_uses_no_code_of_the_desk(name: str) -> None:
    """Nor does what it imports: standard library and each other."""
    tree = ast.parse((Path(__file__).parent / name).read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    foreign = {each for each in imported if each.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign <= {"tests.chaos.independent"}


@pytest.mark.timeout(600)
def test_nav_profit_and_fees_are_those_of_the_venues_own_fills(tmp_path: Path) -> None:
    folder = tmp_path / "books"
    replay(folder, "max", "supervision.journal_retention_steps=1000000")
    lots, entries = tmp_path / "lots.csv", tmp_path / "books.parquet"
    told = report(folder, "--lots", str(lots), "--ledger", str(entries))
    fills = read_records(folder / "current" / "venues" / "paper" / "orders.jsonl").fills
    books = books_of(fills)
    assert len(fills) >= 100
    assert set(books) == set(SYMBOLS)

    require_profit(told, books)
    require_worth(told, books, fills)
    assert told["whole"], "the journal was trimmed, and with it what the files could tell"
    assert {each["fill_id"] for each in told["fills"]} == {each.fill_id for each in fills}
    require_lots(lots, books)
    require_entries(entries, fills)


def require_profit(told: dict[str, Any], books: dict[str, SymbolBook]) -> None:
    """Realised profit by lots to the last digit, by average cost within its rounding, and fees."""
    by_listing = {each["listing"].partition("/")[2]: each for each in told["listings"]}
    for symbol, book in books.items():
        said = by_listing[symbol]
        assert Fraction(said["fifo"]) == book.fifo_profit, symbol
        assert abs(Fraction(said["realised"]) - book.average_profit) < CLOSE, symbol
        assert Fraction(said["fees"]) == book.fees, symbol
    assert Fraction(told["fifo"]["realised"]) == sum(book.fifo_profit for book in books.values())
    assert Fraction(told["fifo"]["fees"]) == sum(book.fees for book in books.values())


def require_worth(told: dict[str, Any], books: dict[str, SymbolBook], fills: list[VenueFill]) -> None:
    """NAV at the end: the venue's cash, and positions at one of the recording's last prices."""
    value = Fraction(0)
    held = {each["listing"].partition("/")[2]: each for each in told["positions"]}
    for symbol, path in zip(SYMBOLS, FILES, strict=True):
        book = books[symbol]
        assert (symbol in held) is bool(book.position)
        if not book.position:
            continue
        said = held[symbol]
        assert Fraction(said["quantity"]) == book.position
        assert Fraction(said["fifo_cost"]) == book.fifo_cost
        side = 0 if book.position > 0 else 1
        prices = {Fraction(quote[side]) for quote in last_quotes(path, 1_000)}
        assert Fraction(said["value"]) / book.position in prices, f"{symbol} is valued at no late price"
        value += Fraction(said["value"])
    traded = sum(
        (-(1 if each.side == "buy" else -1) * each.price * each.quantity - each.fee for each in fills),
        Decimal(0),
    )
    nav = Fraction(START + traded) + value
    assert Fraction(told["now"]["nav"]) == nav
    fifo, average = told["fifo"], told["average"]
    assert Fraction(fifo["end"]) == Fraction(average["end"]) == nav
    assert Fraction(fifo["start"]) == Fraction(START)
    assert Fraction(fifo["difference"]) == Fraction(average["difference"]) == 0
    ahead = value - sum(book.fifo_cost for book in books.values())
    assert Fraction(fifo["unrealised"]) == ahead


def require_lots(path: Path, books: dict[str, SymbolBook]) -> None:
    """The tax lots: as many closings, the same gain, the same open units."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for symbol, book in books.items():
        mine = [row for row in rows if row["symbol"] == symbol]
        closed = [row for row in mine if row["closed_at"]]
        assert len(closed) == book.closed_lots
        assert sum(Fraction(row["gain"]) for row in closed) == book.fifo_profit
        still = [Fraction(row["quantity"]) for row in mine if not row["closed_at"]]
        assert still == [quantity for quantity, _ in book.queue]


def require_entries(path: Path, fills: list[VenueFill]) -> None:
    """The ledger's file: every entry adds up to nothing, and its accounts show the venue's cash, units and fees."""
    sums: dict[tuple[str, str], Decimal] = {}
    accounts: dict[str, Decimal] = {}
    for row in pyarrow.parquet.read_table(path).to_pylist():
        amount = Decimal(row["amount"])
        key = row["entry"], row["unit"]
        sums[key] = sums.get(key, Decimal(0)) + amount
        accounts[row["account"]] = accounts.get(row["account"], Decimal(0)) + amount
    assert set(sums.values()) == {Decimal(0)}
    assert accounts["fees/paper"] == sum((each.fee for each in fills), Decimal(0))
    signed = [(each, 1 if each.side == "buy" else -1) for each in fills]
    paid = sum((sign * each.price * each.quantity + each.fee for each, sign in signed), Decimal(0))
    assert accounts["cash/paper"] == START - paid
    for symbol in SYMBOLS:
        held = sum((sign * each.quantity for each, sign in signed if each.symbol == symbol), Decimal(0))
        assert accounts[f"position/paper/{symbol}"] == held
