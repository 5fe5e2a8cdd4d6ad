"""The venue is killed at every point a process can be killed at, and goes on as if it had not been."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.randomness import Randomness
from cluster.paper.funding import ConstantFunding
from cluster.paper.gateway import Refusal
from cluster.paper.records import OrderRequest
from cluster.paper.settings import PaperSettings
from cluster.paper.venue import PaperVenue
from messages.errors import JournalCorruptError
from messages.intents import OrderType, Side
from messages.reasons import Reason
from tests.cluster.paper.building import (
    MILLISECOND,
    START,
    SYMBOLS,
    go,
    open_venue,
    order,
    record,
    resting,
    settings_of,
    told,
)

pytestmark = pytest.mark.property

Step = Callable[[PaperVenue], None]

FUNDING = tuple(
    ConstantFunding(symbol=symbol, rate=Decimal("0.0001"), interval=130 * MILLISECOND) for symbol in SYMBOLS
)


def place(request: OrderRequest) -> Step:
    """Place, as a desk does that asks again after a crash: already taken is as good as taken now."""

    def step(venue: PaperVenue) -> None:
        _unless_refused(lambda: venue.place(request), Reason.DUPLICATE_CLIENT_ORDER_ID)

    return step


def cancel(client_order_id: str, sent_at: int) -> Step:
    def step(venue: PaperVenue) -> None:
        _unless_refused(lambda: venue.cancel(client_order_id, sent_at), Reason.UNKNOWN_ORDER)

    return step


def _unless_refused(command: Callable[[], object], reason: Reason) -> None:
    try:
        command()
    except Refusal as refusal:
        if refusal.reason is not reason:
            raise


def advance(until: int) -> Step:
    return lambda venue: go(venue, until)


def script(seed: int, steps: int = 60) -> list[Step]:
    """Orders of several kinds, cancels and grants of time, some orders at the same instant."""
    random = Randomness(f"recovery/{seed}")
    now = START
    placed: list[str] = []
    made: list[Step] = []
    for number in range(steps):
        kind = random.below(10)
        if kind < 4:
            now += random.choice((0, 1, 3, 40, 700)) * MILLISECOND
            made.append(advance(now))
        elif kind < 5 and placed:
            made.append(cancel(random.choice(placed), now))
        else:
            placed.append(f"o{number}")
            made.append(place(_some_order(random, placed[-1], now)))
    return [*made, advance(now + 5_000 * MILLISECOND)]


def _some_order(random: Randomness, client_order_id: str, now: int) -> OrderRequest:
    symbol = random.choice(SYMBOLS)
    common: dict[str, Any] = {"symbol": symbol, "side": random.choice(tuple(Side)), "sent_at": now}
    whole = Decimal(1)
    if random.below(2):
        return order(client_order_id, quantity=Decimal(random.choice(("0.1", "3", "40"))), **common)
    # Around the opening prices of the synthetic markets, so that some rest, some trade and some are refused.
    around = {"BTC-USDT": 60_000, "ETH-USDT": 3_000}[symbol]
    price = Decimal(around) + Decimal(random.below(81) - 40) / 10
    if random.below(4) == 0:
        return order(client_order_id, order_type=OrderType.STOP, stop_price=price, quantity=whole, **common)
    return resting(
        client_order_id, limit_price=price, quantity=whole, post_only=bool(random.below(2)), **common
    )


def state_of(venue: PaperVenue) -> bytes:
    """Everything that must be the same, as bytes."""
    orders = {
        each: venue.find(each) for each in sorted(f"o{number}" for number in range(60)) if venue.find(each)
    }
    return msgspec.json.encode(
        [orders, venue.account(), venue.time, venue.next_time, venue.published, told(venue)]
    )


@dataclass
class Run:
    """An uninterrupted run, its folder, and how long its files were after each step."""

    folder: Path
    settings: PaperSettings
    steps: list[Step]
    journal_sizes: list[int] = field(default_factory=list)
    log_sizes: list[int] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    final: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)


@cache
def uninterrupted(seed: int, latency: int) -> Run:
    """One run with one journal, made once."""
    folder = Path(tempfile.mkdtemp(prefix="paper-venue-")) / "venue"
    run = Run(folder, settings_of(folder, latency=latency, funding=FUNDING), script(seed))
    venue = open_venue(run.settings)
    for step in run.steps:
        step(venue)
        run.journal_sizes.append((folder / "journal-000001.log").stat().st_size)
        run.log_sizes.append((folder / "orders.jsonl").stat().st_size)
        run.published.append(venue.published)
    run.final, run.events = state_of(venue), told(venue)
    venue.close()
    return run


@pytest.fixture(scope="module", autouse=True)
def _tidy() -> Any:
    yield
    for seed in SEEDS:
        for latency in LATENCIES:
            shutil.rmtree(uninterrupted(seed, latency).folder.parent, ignore_errors=True)
    uninterrupted.cache_clear()


SEEDS = (1, 2)
LATENCIES = (0, 5 * MILLISECOND)
RUNS = st.tuples(st.sampled_from(SEEDS), st.sampled_from(LATENCIES))


def test_the_script_reaches_what_it_claims_to_test() -> None:
    for seed in SEEDS:
        run = uninterrupted(seed, LATENCIES[1])
        seen = {each["event"] for each in run.events}
        assert {"accepted", "filled", "rejected", "cancelled", "funding"} <= seen
        assert len(run.events) > 50


@given(RUNS, st.data())
@settings(max_examples=80, deadline=None)
def test_a_journal_cut_at_any_byte_recovers_all_that_was_acknowledged(
    which: tuple[int, int], data: st.DataObject
) -> None:
    run = uninterrupted(*which)
    cut = data.draw(st.integers(0, run.journal_sizes[-1]), label="journal cut at")
    done = sum(size <= cut for size in run.journal_sizes)
    # Killed while a step was under way: its lines may be on record up to any byte, its answer was not given.
    log_before = run.log_sizes[done - 2] if done > 1 else 0
    log_after = run.log_sizes[done - 1] if done else 0
    is_between_writes = done > 0 and run.journal_sizes[done - 1] == cut
    log_cut = data.draw(
        st.integers(log_before if is_between_writes else log_after, log_after), label="log cut"
    )
    with tempfile.TemporaryDirectory() as folder:
        killed = Path(folder) / "venue"
        shutil.copytree(run.folder, killed)
        with (killed / "journal-000001.log").open("r+b") as journal:
            journal.truncate(cut)
        with (killed / "orders.jsonl").open("r+b") as log:
            log.truncate(log_cut)
        venue = open_venue(msgspec.structs.replace(run.settings, folder=str(killed)))
        assert venue.published >= (run.published[done - 1] if done else 0)
        assert told(venue) == run.events[: venue.published]
        for step in run.steps[max(0, done - 1) :]:
            step(venue)
        assert state_of(venue) == run.final
        venue.close()
        assert sequences(record(killed)) == list(range(1, len(run.events) + 1))


def sequences(lines: list[dict[str, Any]]) -> list[int]:
    return [each["sequence"] for each in lines if "sequence" in each]


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_restart_after_every_step_with_snapshots_in_between_changes_nothing(
    tmp_path: Path, latency: int
) -> None:
    run = uninterrupted(1, latency)
    chosen = settings_of(
        tmp_path / "venue", latency=latency, snapshot_commands=3, snapshot_rows=200, funding=FUNDING
    )
    for step, published in zip(run.steps, run.published, strict=True):
        venue = open_venue(chosen)
        step(venue)
        assert venue.published == published
        venue.close()
    venue = open_venue(chosen)
    assert state_of(venue) == run.final
    venue.close()
    snapshots = sorted(each.name for each in (tmp_path / "venue").glob("snapshot-*"))
    assert len(snapshots) == 2
    assert snapshots[-1] > "snapshot-000005"


def damaged(run: Run, tmp_path: Path, name: str, change: Callable[[bytes], bytes]) -> PaperSettings:
    """A store with several generations, one file of which was changed."""
    chosen = settings_of(tmp_path / "venue", snapshot_commands=8, funding=FUNDING)
    venue = open_venue(chosen)
    for step in run.steps:
        step(venue)
    venue.close()
    generations = sorted((tmp_path / "venue").glob("snapshot-*"))
    newest, older = generations[-1].stem.split("-")[1], generations[-2].stem.split("-")[1]
    path = tmp_path / "venue" / name.format(newest=newest, older=older)
    path.write_bytes(change(path.read_bytes()))
    return chosen


def flip_middle(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def test_a_damaged_snapshot_costs_time_and_nothing_else(tmp_path: Path) -> None:
    run = uninterrupted(1, LATENCIES[1])
    venue = open_venue(damaged(run, tmp_path, "snapshot-{newest}.msgpack", flip_middle))
    assert state_of(venue) == run.final
    venue.close()


def test_a_missing_newest_journal_is_an_empty_one(tmp_path: Path) -> None:
    run = uninterrupted(1, LATENCIES[1])
    chosen = settings_of(tmp_path / "venue", funding=FUNDING)
    venue = open_venue(chosen)
    for step in run.steps:
        step(venue)
    venue.write_snapshot()
    venue.close()
    (tmp_path / "venue" / "journal-000002.log").unlink()
    venue = open_venue(chosen)
    assert state_of(venue) == run.final
    venue.close()


@pytest.mark.parametrize("name", ["journal-{newest}.log", "orders.jsonl"])
def test_damage_in_the_middle_stops_the_venue(tmp_path: Path, name: str) -> None:
    chosen = damaged(uninterrupted(1, LATENCIES[1]), tmp_path, name, lambda data: b"garbage\n" + data)
    with pytest.raises(JournalCorruptError):
        open_venue(chosen)


def test_a_gap_between_two_journals_stops_the_venue(tmp_path: Path) -> None:
    chosen = damaged(uninterrupted(1, LATENCIES[1]), tmp_path, "snapshot-{newest}.msgpack", flip_middle)
    older = sorted(Path(chosen.folder).glob("journal-*"))[-2]
    older.write_bytes(older.read_bytes()[:-1])
    with pytest.raises(JournalCorruptError, match="another one follows"):
        open_venue(chosen)


def test_without_any_readable_snapshot_the_venue_does_not_begin_anew(tmp_path: Path) -> None:
    chosen = damaged(uninterrupted(1, LATENCIES[1]), tmp_path, "snapshot-{newest}.msgpack", flip_middle)
    for snapshot in Path(chosen.folder).glob("snapshot-*"):
        snapshot.write_bytes(b"")
    with pytest.raises(JournalCorruptError, match="no snapshot can be read"):
        open_venue(chosen)


def test_a_journal_that_lost_commands_on_record_is_noticed(tmp_path: Path) -> None:
    chosen = settings_of(tmp_path / "venue")
    venue = open_venue(chosen)
    venue.place(order("a"))
    venue.close()
    (tmp_path / "venue" / "journal-000001.log").write_bytes(b"")
    with pytest.raises(JournalCorruptError, match="journal has lost commands"):
        open_venue(chosen)
