"""A desk that is stopped, put back to an older backup and started again: nobody lives who knows what is missing."""

from __future__ import annotations

import asyncio
import shutil
import time
from decimal import Decimal
from pathlib import Path

import pytest

from cluster.owner import LOCK_SECONDS
from messages.control import Mode, Resume
from messages.modes import VenueCompared
from tests.chaos.desks import RISK, Session, session, settings, until
from tests.chaos.evidence import require_nothing_doubled
from tests.chaos.independent import read_records

pytestmark = [pytest.mark.chaos, pytest.mark.long]


def test_no_client_order_id_comes_up_again_after_an_older_backup_was_put_back(tmp_path: Path) -> None:
    asyncio.run(_put_back_and_start(tmp_path))


async def _put_back_and_start(folder: Path) -> None:
    loaded = settings(folder, "cold", "feed.synthetic.duration=null", "feed.max_quote_age=5s")
    async with session(folder, loaded, speed="1") as desk:
        await _trades_on(desk, 8)
        redis = desk.desk.launch.embedded_redis
        assert redis is not None
        log = Path(redis.folder) / "appendonly.aof"
        backup = shutil.copy(log, log.with_suffix(".backup"))
        locked_until = time.monotonic() + LOCK_SECONDS
        await _trades_on(desk, 8)
        first = await desk.desk.store.where(RISK)
    before = read_records(desk.orders_file)
    shutil.copy(backup, log)
    await asyncio.sleep(locked_until - time.monotonic())  # the lock in the backup is of this very process

    async with session(folder, loaded, speed="1") as desk:
        assert (await desk.desk.store.where(RISK)).generation != first.generation
        await until(lambda: _has_compared(desk), 60, "risk has compared its books with the venue")
        if (
            await desk.picture()
        ).mode.mode is not Mode.NORMAL:  # what was done since the backup is for a person
            await desk.desk.post(Resume(by="person", acknowledgement="books compared with the venue"))
        await _trades_on(desk, 5)
        await desk.drain()
        records = read_records(desk.orders_file)
        held = {each.symbol: each.position for each in (await desk.picture()).books.open_positions()}

    assert records.client_order_ids[: len(before.client_order_ids)] == before.client_order_ids
    later = records.client_order_ids[len(before.client_order_ids) :]
    assert len(later) >= 5
    assert set(later).isdisjoint(before.client_order_ids), "the venue was sent an id a second time"
    require_nothing_doubled(records)
    assert not records.open_orders
    assert {symbol: Decimal(quantity) for symbol, quantity in held.items()} == records.positions


async def _trades_on(desk: Session, orders: int) -> None:
    enough = len(read_records(desk.orders_file).received) + orders

    async def traded() -> bool:
        return len(read_records(desk.orders_file).received) >= enough

    await until(traded, 60, f"{orders} more orders")


async def _has_compared(desk: Session) -> bool:
    """Risk's last word on its venue is that the books were compared, in the store's present generation."""
    generation = (await desk.desk.store.where(RISK)).generation
    records = (await desk.desk.store.load(RISK, 0)).records
    compared = [event for record in records for event in record.events if isinstance(event, VenueCompared)]
    return bool(compared) and compared[-1].generation == generation
