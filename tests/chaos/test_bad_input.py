"""Bad input on a desk that trades: each a clear error or a quarantine that says what and where; nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.desk import start_desk
from cluster.observe.observer import DeadLetter, RedisObserver
from cluster.steps.journal import decode_record, encode_record
from cluster.store.port import StreamName
from messages import codec
from messages.control import Mode, Resume
from messages.errors import DeskLockedError
from messages.supervision import ExitReason, StopFinished
from tests.chaos.desks import BTC, ETH, EXECUTION, PROFILE, RISK, Session, session, settings, until
from tests.chaos.evidence import require_nothing_doubled
from tests.chaos.kills import Killer

pytestmark = pytest.mark.chaos

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs coroutines on the one event loop of this module, on which its desk lives."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def desk(run: Run, tmp_path_factory: pytest.TempPathFactory, ray_cluster: None) -> Iterator[Session]:
    """A desk that trades on an endless market while the tests of this module spoil its input."""
    folder = tmp_path_factory.mktemp("spoiled")
    supervision = {
        **PROFILE["supervision"],
        "snapshot_every": 10,
        "intensity": {"restarts": 4, "period": "60s"},
        "backoff": {"minimum": "50ms", "maximum": "200ms"},
    }
    loaded = settings(
        folder, "spoiled", "feed.synthetic.duration=null", "feed.max_quote_age=5s", supervision=supervision
    )
    opened = session(folder, loaded, speed="1")
    yield run(opened.__aenter__())
    run(opened.__aexit__(None, None, None))


def test_a_second_desk_of_the_same_name_is_refused_and_told_who_is_first(desk: Session, run: Run) -> None:
    with pytest.raises(DeskLockedError, match=f"pid {os.getpid()}"):
        run(start_desk(desk.loaded, speed="1", folder=desk.folder, environ=os.environ))


def test_a_second_desk_of_the_same_name_on_the_same_redis_is_refused(
    desk: Session, run: Run, tmp_path: Path
) -> None:
    redis = {"mode": "url", "url": desk.desk.launch.redis_url}
    loaded = settings(tmp_path, "spoiled", redis=redis)
    with pytest.raises(DeskLockedError, match=f"pid {os.getpid()}"):
        run(start_desk(loaded, speed="1", folder=tmp_path, environ=os.environ))


def test_a_message_of_an_unknown_type_is_put_aside_and_its_reader_goes_on(desk: Session, run: Run) -> None:
    data = codec.pack(["person", 1, ETH, "", "", 0, ["NoSuchMessage", 1, {}]])
    run(_deliver(desk, ETH, StreamName.MAILBOX, data))
    letter = run(_letter_for(desk, ETH, "mailbox"))
    assert "NoSuchMessage" in letter.error
    run(_steps_on(desk, ETH))
    assert run(desk.picture()).mode.mode is Mode.NORMAL


def test_a_message_that_nobody_expects_is_put_aside_and_its_reader_goes_on(desk: Session, run: Run) -> None:
    run(desk.desk.post(StopFinished(child="x", incarnation=1, reason=ExitReason.CRASH), to=RISK))
    letter = run(_letter_for(desk, RISK, ""))
    assert "StopFinished" in letter.error
    run(_steps_on(desk, RISK))


def test_a_grave_message_that_is_lost_reduces_trading_until_a_person_looks(desk: Session, run: Run) -> None:
    run(_deliver(desk, EXECUTION, StreamName.URGENT, b"\xc1 not even MessagePack"))
    run(_letter_for(desk, EXECUTION, "urgent"))
    run(until(lambda: _mode_is(desk, Mode.REDUCE), 60, "risk reduces trading"))
    run(desk.desk.post(Resume(by="person", acknowledgement="I have looked at the dead letter")))
    run(until(lambda: _mode_is(desk, Mode.NORMAL), 60, "a person clears it"))
    run(_steps_on(desk, EXECUTION))


def test_a_damaged_snapshot_is_passed_over(desk: Session, run: Run, tmp_path: Path) -> None:
    run(_damage_newest_snapshot(desk, RISK))
    before = run(desk.status(RISK))
    run(_kill(desk, RISK, tmp_path))
    after = run(desk.status(RISK))
    assert after.epoch > before.epoch
    run(_steps_on(desk, RISK))


def test_a_damaged_journal_record_parks_its_actor_and_says_where(
    desk: Session, run: Run, tmp_path: Path
) -> None:
    run(_kill_with_its_last_record_replaced(desk, BTC, _flipped, tmp_path))
    run(until(lambda: _status_is(desk, BTC, "given_up"), 60, "the actor is parked"))
    detail = run(desk.row(BTC))["last_detail"]
    assert "checksum" in detail
    assert BTC in detail
    run(_steps_on(desk, ETH))


def test_a_state_that_does_not_match_the_dead_ones_digest_parks_its_actor(
    desk: Session, run: Run, tmp_path: Path
) -> None:
    """Recovery compares: the digest of the last commit is replaced by another one, under a sound checksum."""
    run(_kill_with_its_last_record_replaced(desk, ETH, _of_another_state, tmp_path))
    run(until(lambda: _status_is(desk, ETH, "given_up"), 60, "the actor is parked"))
    assert "differs from the one that was committed" in run(desk.row(ETH))["last_detail"]


def test_after_all_of_it_nothing_is_doubled_and_the_books_are_the_venues(desk: Session, run: Run) -> None:
    run(desk.drain())
    outcome = run(desk.outcome())
    require_nothing_doubled(outcome.records)
    booked = {each.fill_id for intent in outcome.projection.orders.intents.values() for each in intent.ledger}
    assert booked == {each.fill_id for each in outcome.records.fills}


# ---------------------------------------------------------------------- what is done to the desk


async def _deliver(desk: Session, address: str, stream: StreamName, data: bytes) -> None:
    """Put raw bytes into a mailbox, as only a broken or foreign program would."""
    store = desk.desk.store
    keys = [store.keys.actor(address), store.keys.stream(address, stream)]
    await store._run("post", keys, [stream.value, data])


async def _kill(desk: Session, address: str, shots: Path, *, await_successor: bool = True) -> None:
    killer = Killer(desk, shots)
    await killer.strike(address)
    if await_successor:
        await killer.finish()
    else:
        for watch in killer._watches:
            watch.cancel()


async def _damage_newest_snapshot(desk: Session, address: str) -> None:
    store = desk.desk.store
    key = store.keys.snapshots(address)

    async def stored() -> Any:
        return await store.client.hgetall(key)

    found = await until(stored, 60, f"{address} has a snapshot")
    newest = max(found, key=int)
    await store.client.hset(key, newest, _flipped(found[newest]))


async def _kill_with_its_last_record_replaced(
    desk: Session, address: str, altered: Callable[[bytes], bytes], shots: Path
) -> None:
    """Put another record in the place of the newest one of the journal, then kill its writer.

    The process is stopped meanwhile: a step committed between the change and the kill would carry a sound record,
    and one that a snapshot covers is not read again.
    """
    store = desk.desk.store
    key = store.keys.journal(address)
    pid = await desk.pid(address)
    assert pid is not None

    async def stopped_past_its_snapshot() -> int | None:
        os.kill(pid, signal.SIGSTOP)
        await _journal_stands_still(desk, address)
        [(entry_id, _)] = await store.client.xrevrange(key, count=1)
        step = int(entry_id.split(b"-")[0])
        snapshots = await store.client.hkeys(store.keys.snapshots(address))
        if step > max((int(each) for each in snapshots), default=0):
            return step
        os.kill(pid, signal.SIGCONT)
        return None

    step = await until(
        stopped_past_its_snapshot, 60, f"{address} has committed a step since its last snapshot"
    )
    [(entry_id, fields)] = await store.client.xrevrange(key, count=1)
    await store.client.xadd(key, {"r": altered(fields[b"r"])}, id=f"{step}-1")
    await store.client.xdel(key, entry_id)
    await _kill(desk, address, shots, await_successor=False)


async def _journal_stands_still(desk: Session, address: str) -> None:
    """Wait until what a stopped process had already sent has arrived: the same newest record for 0.2 s."""
    store = desk.desk.store
    key = store.keys.journal(address)

    async def still() -> bool:
        before = await store.client.xrevrange(key, count=1)
        await asyncio.sleep(0.2)
        after = await store.client.xrevrange(key, count=1)
        return bool(before) and before[0][0] == after[0][0]

    await until(still, 60, f"the journal of the stopped {address} stands still")


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 0xFF])


def _of_another_state(data: bytes) -> bytes:
    record = decode_record(data, where="the test")
    shape = (record.digest or "").rpartition("-")[0]
    return encode_record(msgspec.structs.replace(record, digest=f"{shape}-{'0' * 16}"))


# ---------------------------------------------------------------------- what is seen of it


async def _letter_for(desk: Session, address: str, stream: str) -> DeadLetter:
    observer = RedisObserver(desk.desk.store)

    async def found() -> DeadLetter | None:
        _, letters = await observer.dead_letters()
        return next((each for each in letters if each.address == address and stream in each.input), None)

    letter: DeadLetter = await until(found, 60, f"a dead letter of {address}")
    return letter


async def _steps_on(desk: Session, address: str) -> None:
    step = (await desk.status(address)).step

    async def further() -> bool:
        status = await desk.status(address)
        return status.step > step + 2 and status.exit_reason is None

    await until(further, 60, f"{address} goes on")


async def _mode_is(desk: Session, mode: Mode) -> bool:
    return (await desk.picture()).mode.mode is mode


async def _status_is(desk: Session, address: str, status: str) -> bool:
    return bool((await desk.row(address)).get("status") == status)
