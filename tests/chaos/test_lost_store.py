"""A store that loses history while the desk runs: noticed, renewed, compared with the venue, and nothing is doubled."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from cluster.observe.observer import RedisObserver
from messages.control import Mode, Resume
from messages.modes import Clearing, VenueCompared
from tests.chaos.desks import EXECUTION, RISK, ROOT, Session, session, settings, until
from tests.chaos.evidence import require_nothing_doubled
from tests.chaos.independent import read_records
from tests.chaos.kills import patient

pytestmark = [pytest.mark.chaos, pytest.mark.long]

WAIT_S = 120
"""How long each stage may take in machine time: on a busy machine all processes may be started anew meanwhile."""

Loss = Callable[[Session], Awaitable[None]]


async def _everything_is_deleted(desk: Session) -> None:
    await desk.desk.store.client.flushall()


async def _an_old_backup_is_put_back(desk: Session) -> None:
    redis = desk.desk.launch.embedded_redis
    assert redis is not None
    log = Path(redis.folder) / "appendonly.aof"
    backup = shutil.copy(log, log.with_suffix(".backup"))
    await _trades_on(desk, "behind the backup")
    root, server = await desk.pid(ROOT), await desk.pid("redis")
    assert root is not None
    assert server is not None
    os.kill(root, signal.SIGSTOP)  # it would start Redis again before the file is exchanged
    os.kill(server, signal.SIGKILL)
    shutil.copy(backup, log)
    os.kill(root, signal.SIGCONT)


@pytest.mark.parametrize("loss", [_everything_is_deleted, _an_old_backup_is_put_back])
def test_a_store_that_lost_history_is_renewed_and_nothing_is_doubled(loss: Loss, tmp_path: Path) -> None:
    asyncio.run(_lose_history(tmp_path, loss))


async def _lose_history(folder: Path, loss: Loss) -> None:
    loaded = settings(folder, "lost", "feed.synthetic.duration=null", "feed.max_quote_age=5s")
    async with session(folder, loaded, speed="1") as desk:
        await until(lambda: _traded(desk, 8), WAIT_S, "the desk trades")
        generation = await RedisObserver(desk.desk.store).generation()
        await loss(desk)
        await until(lambda: _renewed(desk, generation), WAIT_S, "the store has a new generation")
        await until(lambda: _tree_is_up(desk), WAIT_S, "all actors work again", desk.standing)
        await until(
            lambda: _has_compared(desk), WAIT_S, "risk compares its books with the venue", desk.standing
        )
        enough = _orders(desk) + 5
        await until(
            lambda: _trades_freely(desk, enough), WAIT_S, "trading goes on after the loss", desk.standing
        )
        await desk.drain()

        records = read_records(desk.orders_file)
        require_nothing_doubled(records)
        assert not records.open_orders
        held = {each.symbol: each.position for each in (await desk.picture()).books.open_positions()}
        assert {symbol: Decimal(quantity) for symbol, quantity in held.items()} == records.positions


def _orders(desk: Session) -> int:
    return len(read_records(desk.orders_file).received)


async def _trades_on(desk: Session, when: str) -> None:
    enough = _orders(desk) + 5
    await until(lambda: _traded(desk, enough), WAIT_S, f"trading goes on {when}")


async def _trades_freely(desk: Session, enough: int) -> bool:
    """A person lets the desk trade on as often as it asks: orders of the lost time may be heard of one by one."""
    await asyncio.sleep(0.2)  # a picture folds every journal
    mode = (await desk.picture()).mode
    if any(source.clearing is Clearing.PERSON for source in mode.sources.values()):
        await desk.desk.post(Resume(by="person", acknowledgement="books compared with the venue"))
        await asyncio.sleep(1)
    return mode.mode is Mode.NORMAL and _orders(desk) >= enough


async def _traded(desk: Session, orders: int) -> bool:
    return _orders(desk) >= orders


async def _renewed(desk: Session, before: str) -> bool:
    now = await patient(RedisObserver(desk.desk.store).generation)
    return now not in ("", before)


async def _has_compared(desk: Session) -> bool:
    """Risk's last word on its venue is that the books were compared, in the store's present generation."""
    generation = await patient(RedisObserver(desk.desk.store).generation)
    records = (await patient(lambda: desk.desk.store.load(RISK, 0))).records
    compared = [event for record in records for event in record.events if isinstance(event, VenueCompared)]
    return bool(compared) and compared[-1].generation == generation


async def _tree_is_up(desk: Session) -> bool:
    rows = {row["address"]: row["status"] for row in await patient(desk.desk.store.tree)}
    return EXECUTION in rows and all(status == "running" for status in rows.values())
