"""`raydesk report` on a desk that has traded and stopped."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import redis

from cluster.cli.documents import DOCUMENTS
from cluster.cli.exits import Exit
from cluster.folders import leave_word
from cluster.host.launch import Launch
from cluster.replaying.recorded import Recorded
from cluster.replaying.settings import restored
from tests.cluster.cli.conftest import Command
from tests.cluster.replaying.sessions import short_session
from tests.cluster.replaying.test_commands import store

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Eight seconds of two strategies on 2026-01-01."""
    return short_session(tmp_path_factory.mktemp("report"), "reported")


@pytest.fixture
def folder(recorded: Recorded, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where that desk has left word of itself."""
    monkeypatch.setenv("RAYDESK__REDIS__URL", redis_url)
    client = redis.Redis.from_url(redis_url)
    for key in client.scan_iter("*reported*"):
        client.delete(key)
    store(client, recorded, recorded.header.desk)
    client.close()
    home = tmp_path / "desk"
    home.mkdir()
    (tmp_path / "current").symlink_to(home)
    launch = Launch(
        desk=recorded.header.desk,
        namespace=recorded.header.desk,
        config=restored(recorded.header.config),
        config_hash=recorded.header.config_hash,
        code_version=recorded.header.code_version,
        redis_url=redis_url,
        folder=str(home),
        feed=recorded.header.feed,
    )
    leave_word(launch)
    return tmp_path


def test_a_day_adds_up_and_names_its_fills(folder: Path, command: Command) -> None:
    said = command("report", "--desk", "reported", "--folder", str(folder), "--json")
    assert said.code == Exit.OK, said.err
    document = msgspec.json.decode(said.out.encode(), type=DOCUMENTS["report"])
    assert (document.day, document.currency, document.whole) == ("2026-01-01", "USDT", True)
    for bridge in (document.average, document.fifo):
        assert bridge.start == 100_000
        assert bridge.end == bridge.start + bridge.deposits + bridge.profit - bridge.costs
        assert bridge.end != bridge.start
    assert len(document.fills) > 5
    now = document.now
    assert (now.nav, now.venues, now.aum) == (
        document.average.end,
        {"paper": document.average.end},
        document.average.end,
    )
    assert (now.week, now.week_anchor, now.drawdown_state.value) == ("2026-W01", Decimal(100_000), "normal")
    assert sum((each.fee for each in document.fills), Decimal(0)) == document.average.fees
    assert sum((each.realised for each in document.fills), Decimal(0)) == document.average.realised
    held = {each.listing: each.quantity for each in document.positions}
    traded: dict[str, Decimal] = {}
    for fill in document.fills:
        name = f"{fill.venue}/{fill.symbol}"
        traded[name] = traded.get(name, Decimal(0)) + fill.side.sign * fill.quantity
    assert held == {name: quantity for name, quantity in traded.items() if quantity}


def test_people_read_it_as_tables_and_files_are_written(
    folder: Path, command: Command, tmp_path: Path
) -> None:
    books, lots = tmp_path / "books.parquet", tmp_path / "lots.csv"
    said = command(
        *("report", "--day", "2026-01-01", "--desk", "reported", "--folder", str(folder)),
        *("--ledger", str(books), "--lots", str(lots)),
    )
    assert said.code == Exit.OK, said.err
    for words in ("not over yet", "NAV at the beginning", "100000", "paper/BTC-USDT", f"rows in {books}"):
        assert words in said.out
    assert books.read_bytes().startswith(b"PAR1")
    assert lots.read_text().startswith("desk,lot,venue,symbol,side,quantity,")


def test_a_day_that_is_not_kept_is_bad_usage(folder: Path, command: Command) -> None:
    said = command("report", "--day", "2025-12-31", "--desk", "reported", "--folder", str(folder))
    assert said.code == Exit.USAGE
    assert "--day" in said.err
    assert "days kept: 2026-01-01" in said.err


def test_a_desk_that_never_ran_has_no_books(command: Command, tmp_path: Path) -> None:
    said = command("report", "--desk", "nobody", "--folder", str(tmp_path))
    assert said.code == Exit.NOT_RUNNING
    assert "--folder" in said.err


def test_books_that_do_not_add_up_end_with_one(
    folder: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actors.risk.books.statement import Bridge

    monkeypatch.setattr(Bridge, "difference", property(lambda bridge: Decimal("0.01")))
    said = command("report", "--desk", "reported", "--folder", str(folder), "--json")
    assert said.code == Exit.TROUBLE
    assert json.loads(said.out)["average"]["difference"] == "0.01"
    said = command("report", "--desk", "reported", "--folder", str(folder))
    assert said.code == Exit.TROUBLE
    assert "the books are wrong" in said.out


def test_what_is_no_day_is_refused(folder: Path, command: Command) -> None:
    said = command("report", "--desk", "reported", "--folder", str(folder), "--day", "yesterday")
    assert said.code == Exit.USAGE
    assert "--day: not a day (found 'yesterday') — write it as 2026-03-31" in said.err
