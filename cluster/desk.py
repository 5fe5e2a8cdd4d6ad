"""A desk as its operators hold it: start one, find one that runs, speak to it, stop it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import ray
from ray.exceptions import RayError

from cluster.account_lease import AccountLeases, StarterLocks
from cluster.arming import not_armed_because
from cluster.code_version import code_version
from cluster.embedded_redis import EmbeddedRedis, RedisSettings, chosen_port
from cluster.folders import default_folder, leave_word, not_running, read_word, session_folder
from cluster.history import require_nothing_before, require_one_kind_of_money
from cluster.host import paper_map
from cluster.host.handles import Handles
from cluster.host.launch import ChildLaunch, Launch
from cluster.host.replay_clock import PARKED, Progress, read_progress
from cluster.host.strategy_check import require_bars_in
from cluster.host.tree_plan import ROOT, tree_of
from cluster.host.universe_map import has_universe
from cluster.owner import Owner, OwnerLock, read_owner, this_owner
from cluster.paper.market import open_feeds
from cluster.preflight import require_preflight
from cluster.ray_session import RaySession, join
from cluster.session_feed import FeedPlan, keep_plan, replay_generation, session_feed
from cluster.store.port import Incarnation
from cluster.store.redis_store import RedisStore, connect
from config import DeskConfig
from config.loader import LoadedConfig
from messages.base import CONTROL, Address, Envelope, Message
from messages.control import ArmingDecided, Drain, SessionStarted, StoreRenewed
from messages.errors import StoreError, StoreUnavailableError

OPERATOR: Address = "operator"
RISK: Address = "risk"

_SETTLED = frozenset({"running", "given_up", "done"})


class Desk:
    """A running desk. `store` is a connection of its own; close it with `close`."""

    def __init__(
        self,
        launch: Launch,
        store: RedisStore,
        owner: Owner,
        session: RaySession | None = None,
        name_lock: StarterLocks | None = None,
    ) -> None:
        self.launch = launch
        self.store = store
        self.owner = owner
        self._ray = session
        self._name_lock = name_lock

    @property
    def dashboard_url(self) -> str | None:
        """Where the Ray dashboard is, if there is one."""
        return self.owner.dashboard

    async def addresses(self) -> list[Address]:
        """All actors that ever claimed, sorted."""
        return await self.store.addresses()

    async def progress(self) -> Progress | None:
        """How far a replayed or bounded session has come."""
        return await read_progress(self.store)

    async def post(self, message: Message, to: Address = CONTROL) -> str:
        """Send a message as the operator; returns its id."""
        now = time.time_ns()
        return await self.store.post(Envelope(OPERATOR, 0, to, "operator", "operator", now, message))

    async def ask(self, address: Address, method: str, *arguments: Any, timeout_s: float = 10.0) -> Any:
        """What a coroutine method of the actor's host returns; None when no process of that name answers in time."""
        try:
            self._join_ray()
        except StoreError:
            return None
        handle = Handles(self.launch.namespace).find(address)
        if handle is None:
            return None
        try:
            return await asyncio.wait_for(_awaited(handle.call.remote(method, *arguments)), timeout_s)
        except (RayError, TimeoutError):
            return None

    async def wait_until_end(self, timeout_s: float | None = None) -> bool:
        """Wait until the session has ended and all is at rest; False when the time ran out first."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while deadline is None or time.monotonic() < deadline:
            with suppress(StoreUnavailableError):  # Redis comes back: the root keeps it running
                progress = await self.progress()
                if progress is not None and progress.ended and await self._at_rest():
                    return True
            await asyncio.sleep(0.05)
        return False

    async def _at_rest(self) -> bool:
        traders = [
            name for name in await self.addresses() if not name.startswith(("supervisor", "clock", "metrics"))
        ]
        statuses = await self.store.status(traders)
        tree = {row["address"]: row["status"] for row in await self.store.tree()}
        return not any(
            status.urgent_depth or status.mailbox_depth or status.outstanding
            for status in statuses
            if not status.address.startswith("venue/")
            and tree.get(status.address) not in PARKED
            and not _is_retired(status.address, tree)
        )

    async def stop(self, *, drain: bool = True, timeout_s: float = 60.0) -> None:
        """Stop the whole tree in reverse order.

        With `drain` working orders are cancelled first, as `supervision.drain` says. Who started the desk also ends
        what was started for it, by `close`.
        """
        if drain and self.launch.config.supervision.drain == "cancel":
            await self.post(Drain(by=OPERATOR, reason="the desk is being stopped"))
            await self._settle(5.0)
        self._join_ray()
        await self._stop_tree(timeout_s)

    async def _settle(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not await self._at_rest():
            await asyncio.sleep(0.05)

    def _join_ray(self) -> None:
        """Another process's desk is reached over its Ray cluster. Raises `StoreError` when that does not answer."""
        if ray.is_initialized():
            return
        try:
            join(self.launch.ray_address)
        except ConnectionError as error:
            raise StoreError(
                f"the desk's Ray cluster does not answer: {error}",
                field="ray.address",
                value=self.launch.ray_address,
                remedy="see `raydesk ps`; a desk whose Ray cluster is gone is started again with `raydesk up`",
            ) from error

    async def _stop_tree(self, timeout_s: float) -> None:
        handles = Handles(self.launch.namespace)
        root = handles.find(ROOT)
        if root is not None:
            stopping = asyncio.ensure_future(_awaited(root.stop.remote()))
            await asyncio.wait({stopping}, timeout=timeout_s)
            if stopping.done():
                stopping.exception()
        for name in handles.names():
            await handles.end(name, await self._incarnation(name))

    async def _incarnation(self, name: Address) -> Incarnation | None:
        """The last process of an actor; None when Redis can't tell: then Ray's word must do."""
        try:
            [status] = await self.store.status([name])
        except StoreUnavailableError:
            return None
        return status.incarnation

    async def close(self) -> None:
        """Let go of the desk. Whoever started it thereby ends its Ray cluster and its embedded Redis."""
        await self.store.close()
        if self._ray is None:
            return
        self._ray.stop()
        if self.launch.embedded_redis is not None:
            await asyncio.to_thread(EmbeddedRedis(self.launch.embedded_redis).stop)
        if self._name_lock is not None:
            self._name_lock.release()


def _is_retired(address: Address, tree: Mapping[Address, str]) -> bool:
    """Whether a strategy was removed with its symbol: what comes for it now finds nobody, and is not waited for."""
    return address.startswith("strategy/") and bool(tree) and address not in tree


async def start_desk(
    loaded: LoadedConfig,
    *,
    data: Sequence[Path] = (),
    speed: str | None = None,
    fresh: bool = False,
    folder: Path | None = None,
    environ: MutableMapping[str, str],
) -> Desk:
    """Bring a desk up and return once its tree has started.

    `folder` is where it lives (default: below `~/.raydesk`). Its history is gone on from, with the market data and
    the speed it began with; with `fresh` a new session begins beside the earlier ones. Raises `ConfigurationError`,
    `DataProviderError`, `StoreUnavailableError`, or `DeskLockedError` when it runs already.
    """
    config = loaded.config
    base = (folder or default_folder(config)).resolve()
    name_lock = StarterLocks(base, config)
    name_lock.take(config.desk.name)
    try:
        home = session_folder(base, fresh=fresh)
        feed = session_feed(config, data, speed, home)
        if config.feed.mode == "recorded":
            source = paper_map.market_source(config, feed)
            require_bars_in(config, open_feeds(source, paper_map.paper_instruments(config)))
        url, embedded = _redis(config, home)
        store = RedisStore(connect(url), config.desk.name, capacity=config.redis.mailbox_capacity)
    except BaseException:
        name_lock.release()
        raise
    session: RaySession | None = None
    started: Handles | None = None
    try:
        token = secrets.token_hex(8)
        lock = OwnerLock(store, token)
        owner = this_owner(token, loaded.hash, config.desk.environment, feed.speed, None)
        await lock.take(owner)
        await AccountLeases(store, config, token).take(owner, config.desk.name)
        if config.desk.environment == "live":
            await require_preflight(loaded, store)
        if fresh:
            await require_nothing_before(store, config.desk.name)
        await require_one_kind_of_money(store, config.desk.environment)
        await open_store(store, config, feed)
        begun = SessionStarted(by=owner.user, universe=has_universe(config, feed))
        await store.post(Envelope(OPERATOR, 0, CONTROL, "", "", feed.clock().now(), begun))
        if not feed.granted:  # what is granted is to be the same on every machine
            reasons = not_armed_because(config)
            arming = ArmingDecided(config.desk.environment, not reasons, reasons)
            await store.post(Envelope(OPERATOR, 0, RISK, "", "", feed.clock().now(), arming))
        session = RaySession.open(
            config, environ
        )  # not in a thread: Ray's processes would die with the thread
        owner = msgspec.structs.replace(owner, dashboard=session.dashboard_url)
        await lock.take(owner)
        launch = Launch(
            desk=config.desk.name,
            namespace=config.ray.namespace or config.desk.name,
            config=config,
            config_hash=loaded.hash,
            code_version=code_version(),
            redis_url=url,
            folder=str(home),
            feed=feed,
            ray_address=session.address,
            owner=token,
            embedded_redis=embedded,
        )
        keep_plan(feed, home)
        leave_word(launch)
        desk = Desk(launch, store, owner, session, name_lock)
        handles = Handles(launch.namespace, resources=config.ray.resources)
        child = ChildLaunch(launch, ROOT, "supervisor", {"life": time.time_ns()}, None)
        root = handles.create(child, root=True)
        started = handles
        await _awaited(root.begin.remote())
        await _wait_for_tree(desk)
        desk.owner = msgspec.structs.replace(owner, tree_up=True)
        await lock.take(desk.owner)
    except BaseException:
        if started is not None:
            await _end_all(started)
        await _undo(store, session, embedded, name_lock)
        raise
    return desk


async def _end_all(handles: Handles) -> None:
    """End every process of a tree that did not come up, the root first: it would start the others again."""
    for name in sorted(handles.names(), key=lambda name: name != ROOT):
        await handles.end(name, None)


async def _undo(
    store: RedisStore, session: RaySession | None, embedded: RedisSettings | None, name_lock: StarterLocks
) -> None:
    """Leave nothing behind of a desk that did not come up."""
    await store.close()
    if session is not None:
        session.stop()
    if embedded is not None:
        EmbeddedRedis(embedded).stop()
    name_lock.release()


async def open_store(store: RedisStore, config: DeskConfig, feed: FeedPlan) -> str:
    """Give birth to the store; one that was there gets a new generation. Returns the one in force.

    Nobody who lives may know more than the store does: an older backup may have been put back, whose next ids the
    venue has seen. So a start is treated as a loss of history: the ids are new, and execution compares its account
    before anything trades. A session whose time is granted keeps its generation, which comes from the seed.
    """
    generation = _generation(config, feed)
    stored = await store.open(generation)
    if stored == generation or feed.granted:
        return stored
    notice = Envelope("store", 0, CONTROL, "", "", feed.clock().now(), StoreRenewed(generation=generation))
    return await store.renew(stored, generation, notice)


def _generation(config: DeskConfig, feed: FeedPlan) -> str:
    """Random, as it is part of every client order id; from the seed where a run must repeat exactly."""
    if feed.granted:
        return replay_generation(config)
    return secrets.token_hex(4)


async def find_desk(name: str, folder: Path | None = None) -> Desk:
    """The running desk of that name, as its starter left word of it.

    Raises `StoreUnavailableError` when there is none, or its Redis does not answer.
    """
    launch = read_word(name, folder)
    if launch.embedded_redis is not None and EmbeddedRedis(launch.embedded_redis).pid is None:
        raise not_running(name)
    store = RedisStore(connect(launch.redis_url), launch.desk, capacity=launch.config.redis.mailbox_capacity)
    owner = await read_owner(store)
    if owner is None:
        await store.close()
        raise not_running(name)
    return Desk(launch, store, owner)


async def _wait_for_tree(desk: Desk, timeout_s: float = 120.0) -> None:
    """Until every child that should run is up, or is being retried: what then fails is shown, not waited for.

    A child is up when its process says so: of a tree that was killed the rows still tell that everybody runs.
    Raises `StoreError` when the root has given up meanwhile, or the tree is not up when the time is over.
    """
    wanted = {
        child.id for spec in tree_of(desk.launch.config, desk.launch.feed).values() for child in spec.children
    }
    handles = Handles(desk.launch.namespace)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            rows = {row["address"]: row for row in await desk.store.tree()}
        except StoreUnavailableError:  # its Redis has died meanwhile: the root starts it again
            rows = {}
        missing = [
            name for name in sorted(wanted) if name not in rows or rows[name]["status"] not in _SETTLED
        ]
        if not missing:
            missing = await _silent(handles, [rows[name] for name in sorted(wanted)])
        if not missing:
            return
        if handles.find(ROOT) is None:
            why = "; ".join(
                f"{name}: {row['last_detail']}" for name, row in rows.items() if row["last_detail"]
            )
            raise StoreError("the desk gave up while it was starting", field="desk", value=why[:500])
        if time.monotonic() >= deadline:
            raise _not_up(desk, missing, rows, timeout_s)
        await asyncio.sleep(0.05)


async def _silent(handles: Handles, rows: Sequence[Mapping[str, Any]]) -> list[Address]:
    """Those that are told to run and are not found alive in the incarnation that is told."""
    running = [row for row in rows if row["status"] == "running"]
    found = {row["address"]: handles.find(row["address"]) for row in running}
    told = await asyncio.gather(*(handles.identify(each) for each in found.values() if each is not None))
    alive = {each.address: each.epoch for each in told if each is not None}
    return [row["address"] for row in running if alive.get(row["address"]) != row["incarnation"]]


def _not_up(
    desk: Desk, missing: Sequence[Address], rows: Mapping[Address, Mapping[str, Any]], timeout_s: float
) -> StoreError:
    told = [
        f"{name} {rows[name]['status']} {rows[name]['last_detail']}".rstrip()
        if name in rows
        else f"{name} unseen"
        for name in missing
    ]
    return StoreError(
        f"the desk's tree was not up within {timeout_s:g} s, and was ended",
        field=f"{len(missing)} children",
        value="; ".join(told)[:500],
        remedy="look at what they log: worker-*.out in /tmp/ray/session_latest/logs, and `logging.file` if it is set",
    )


def _redis(config: DeskConfig, home: Path) -> tuple[str, RedisSettings | None]:
    if config.redis.mode == "url":
        assert config.redis.url is not None
        return config.redis.url.get_secret_value(), None
    settings = RedisSettings(
        str(home / "redis"),
        appendfsync=config.redis.appendfsync,
        port=(config.redis.port or chosen_port(home / "redis")) if config.redis.socket == "tcp" else None,
        maxmemory=config.redis.maxmemory,
    )
    return EmbeddedRedis(settings).ensure_running(), settings


async def _awaited(reference: Any) -> Any:
    return await reference
