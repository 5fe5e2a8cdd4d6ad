"""The observer on a real Redis: what is new each time, a snapshot when the beginning is gone, whatever is broken."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import httpx
import msgspec
import pytest

from actors.risk.state import RiskState
from cluster.host.launch import ChildLaunch, Launch
from cluster.metrics import MetricsService
from cluster.observe.books import Books
from cluster.observe.observer import RedisObserver
from cluster.observe.services import Services
from cluster.session_feed import FeedPlan
from cluster.steps.journal import JournalRecord, encode_record
from cluster.store.port import Incarnation, Position, StoredSnapshot
from cluster.store.redis_store import RedisStore, connect
from config import load_config
from messages import codec
from messages.errors import StoreUnavailableError
from tests.cluster.observe import stories
from tests.cluster.observe.stories import MS, T0, record

pytestmark = pytest.mark.integration

_desks = itertools.count()


def on_store(url: str, work: Callable[[RedisStore], Awaitable[None]]) -> None:
    """Run `work` on the store of a new desk."""

    async def there() -> None:
        store = RedisStore(connect(url), f"observed-{next(_desks)}")
        try:
            await store.open("g1")
            await work(store)
        finally:
            await store.close()

    asyncio.run(there())


async def journalled(store: RedisStore, address: str, *records: JournalRecord) -> None:
    """Write records as a commit would."""
    await store.claim(address, Incarnation("here", "boot", 1, 1))
    for each in records:
        await store.client.xadd(store.keys.journal(address), {"r": encode_record(each)}, id=f"{each.step}-0")


def test_a_poll_reads_what_is_new_and_only_that(redis_url: str) -> None:
    async def work(store: RedisStore) -> None:
        observer = RedisObserver(store)
        journal = stories.one_trade()
        for address, each in journal[:4]:
            await journalled(store, address, each)
        assert await observer.poll() == 4
        assert await observer.poll() == 0
        for address, each in journal[4:]:
            await journalled(store, address, each)
        assert await observer.poll() == len(journal) - 4
        assert observer.projection.orders.orders["rdaaa"].filled == stories.D("0.5")
        assert observer.projection.complete

    on_store(redis_url, work)


def test_a_trimmed_journal_is_begun_from_the_newest_sound_snapshot(redis_url: str) -> None:
    async def work(store: RedisStore) -> None:
        books = Books()
        books.apply(stories.opened(), T0)
        books.apply(stories.booked(), T0)
        await journalled(store, "risk", record(8, T0 + 60 * MS, stories.marks()))
        await snapshot(store, "risk", 7, books.state)
        await store.client.hset(store.keys.snapshots("risk"), 9, b"0123456789abcdefnonsense")
        observer = RedisObserver(store)
        assert await observer.poll() == 1
        projection = observer.projection
        assert projection.books.nav == stories.D("99999.00")
        assert projection.actors["risk"].recovered_from == 7
        assert not projection.complete

    on_store(redis_url, work)


async def snapshot(store: RedisStore, address: str, step: int, state: RiskState) -> None:
    """Keep a snapshot as a host would."""
    position = Position(step=step, now=T0)
    data = codec.pack([1, codec.to_plain(position), codec.to_plain(state)])
    stored = StoredSnapshot(step, data, codec.digest(data)[:16])
    epoch = (await store.where(address)).epoch
    assert await store.save_snapshot(address, epoch, stored)


def test_a_damaged_record_is_counted_and_passed_over(redis_url: str) -> None:
    async def work(store: RedisStore) -> None:
        await journalled(store, "risk", record(1, T0, stories.opened()))
        await store.client.xadd(store.keys.journal("risk"), {"r": b"0" * 40}, id="2-0")
        await journalled(store, "risk", record(3, T0, stories.normal_mode()))
        observer = RedisObserver(store)
        await observer.poll()
        view = observer.projection.actors["risk"]
        assert (view.damaged, view.step) == (1, 3)
        assert "risk step 2" in view.last_damage
        assert observer.projection.mode.mode is not None

    on_store(redis_url, work)


def test_a_store_that_lost_history_is_read_anew(redis_url: str) -> None:
    async def work(store: RedisStore) -> None:
        await journalled(store, "risk", record(1, T0, stories.opened()), record(2, T0, stories.normal_mode()))
        observer = RedisObserver(store)
        await observer.poll()
        await store.client.delete(store.keys.journal("risk"))
        await store.client.hset(store.keys.store, "generation", "g2")
        await journalled(store, "risk", record(1, T0, stories.opened()))
        await observer.poll()
        assert observer.projection.actors["risk"].step == 1
        assert observer.projection.mode.mode is None

    on_store(redis_url, work)


def test_dead_letters_are_listed_newest_first(redis_url: str) -> None:
    async def work(store: RedisStore) -> None:
        await store.put_aside("risk", "k1", b"abc", "first")
        await store.put_aside("risk", "k2", b"abcd", "second")
        total, letters = await RedisObserver(store).dead_letters(1)
        assert (total, letters[0].error, letters[0].size) == (2, "second", 4)

    on_store(redis_url, work)


def test_no_answer_is_told_and_the_projection_stays() -> None:
    async def there() -> None:
        store = RedisStore(connect("unix:///nowhere/redis.sock"), "gone")
        observer = RedisObserver(store)
        with pytest.raises(StoreUnavailableError):
            await observer.poll()
        assert not await observer.writable()
        await store.close()

    asyncio.run(there())


# ---------------------------------------------------------------------- the metrics page


def child(url: str, desk: str) -> ChildLaunch:
    """The launch of the metrics service of a desk."""
    loaded = load_config("synthetic", environ={}, overrides=[f"desk.name={desk}"])
    launch = Launch(
        desk=desk,
        namespace=desk,
        config=loaded.config,
        config_hash=loaded.hash,
        code_version="v",
        redis_url=url,
        folder="/nowhere",
        feed=FeedPlan(),
    )
    return ChildLaunch(launch, "metrics", "service", {}, None)


def test_the_service_publishes_itself_serves_all_pages_and_leaves_nothing_behind(redis_url: str) -> None:
    async def work(store: RedisStore) -> None:
        for address, each in stories.one_trade():
            await journalled(store, address, each)
        service = MetricsService(child(redis_url, store.keys.prefix.strip("{}")), poll_s=0.05)
        running = asyncio.create_task(service.run())
        await service.ready.wait()
        services = Services(store)
        assert await services.find("metrics") == service.url
        for heart in range(3):  # risk and execution give signs of life
            await beat(store, heart)
            await service.refresh()
        async with httpx.AsyncClient(base_url=service.url or "") as client:
            page = (await client.get("/metrics")).text
            health = await client.get("/healthz")
            ready = await client.get("/readyz")
        assert 'raydesk_verdicts_total{verdict="approved"} 1.0' in page
        assert health.status_code == 200, health.text
        assert [check["name"] for check in ready.json()["checks"]] == [
            "store",
            "risk",
            "venue/paper",
            "journals",
        ]
        service.stop()
        assert (await running).value == "shutdown"
        assert await services.find("metrics") is None
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    on_store(redis_url, work)


async def beat(store: RedisStore, heart: int) -> None:
    """One life sign of risk and execution."""
    for address in ("risk", "execution/paper"):
        await store.client.hset(store.keys.actor(address), "heartbeat", heart)


def test_the_service_ends_cleanly_when_it_is_cancelled(redis_url: str) -> None:
    async def work(store: RedisStore) -> None:
        service = MetricsService(child(redis_url, store.keys.prefix.strip("{}")))
        running = asyncio.create_task(service.run())
        await service.ready.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await Services(store).find("metrics") is None

    on_store(redis_url, work)


def test_health_is_told_as_json_with_503_while_a_check_fails(redis_url: str) -> None:
    async def work(store: RedisStore) -> None:
        service = MetricsService(child(redis_url, store.keys.prefix.strip("{}")), poll_s=0.05)
        running = asyncio.create_task(service.run())
        await service.ready.wait()
        async with httpx.AsyncClient(base_url=service.url or "") as client:
            answer = await client.get("/healthz")
        assert answer.status_code == 503
        assert msgspec.json.decode(answer.content)["healthy"] is False
        service.stop()
        await running

    on_store(redis_url, work)
