"""Real desks for the chaos tests: their settings, and one way to start, drive and end them.

Everything here is the production path: `start_desk`, Ray processes, an embedded Redis, a paper venue with its own
store. What a test does to a running desk it does from outside, as an operator or an accident would.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cluster.desk import Desk, start_desk
from cluster.embedded_redis import EmbeddedRedis
from cluster.host.handles import Handles
from cluster.host.replay_clock import PARKED
from cluster.observe.observer import RedisObserver
from cluster.observe.projection import Projection
from cluster.observe.summary import summary
from cluster.store.port import ActorStatus
from config import load_config
from config.loader import LoadedConfig
from messages.base import Address
from messages.control import Drain
from messages.errors import StoreUnavailableError
from tests.chaos.independent import VenueRecords, read_records

SECOND = 1_000_000_000

BTC, ETH = "strategy/BTC-USDT", "strategy/ETH-USDT"
RISK, EXECUTION, VENUE, CLOCK = "risk", "execution/paper", "venue/paper", "clock"
ROOT, STRATEGIES, VENUES = "supervisor/desk", "supervisor/strategies", "supervisor/venues"

PROFILE: Mapping[str, Any] = {
    "desk": {"environment": "paper", "base_currency": "USDT", "seed": 11},
    "redis": {"mode": "embedded"},
    "ray": {"dashboard": False},
    "metrics": {"enabled": False},
    "logging": {"level": "warning"},
    "supervision": {
        "digest_every": 1,
        "snapshot_every": 40,
        "lease": "3s",
        "backoff": {"minimum": "50ms", "maximum": "1s"},
        "intensity": {"restarts": 60, "period": "60s"},
    },
    "feed": {
        "mode": "synthetic",
        "synthetic": {
            "seed": 5,
            "duration": "22s",
            "volatility": "3bps",
            "spread_ticks": 1,
            "quotes_per_second": 20,
            "start_prices": {"BTC-USDT": 60000, "ETH-USDT": 3000},
        },
    },
    "venues": {
        "paper": {
            "kind": "paper",
            "starting_balances": {"USDT": 100000},
            "latency_order": "5ms",
            "latency_report": "5ms",
        }
    },
    "symbols": {
        "BTC-USDT": {"venue": "paper", "listing": "BTCUSDT", "tick": 0.1, "lot": 0.001, "min_notional": 100},
        "ETH-USDT": {"venue": "paper", "listing": "ETHUSDT", "tick": 0.01, "lot": 0.001, "min_notional": 20},
    },
    "strategies": {
        "ema": {
            "kind": "ema_cross",
            "symbols": ["BTC-USDT"],
            "parameters": {"fast": 2, "slow": 5, "sampling_interval": "100ms"},
            "order": {"style": "market", "notional": 2000, "deadline": "2s"},
            "cooldown": "200ms",
            "stop": "50bps",
        },
        "momentum": {
            "kind": "momentum",
            "symbols": ["ETH-USDT"],
            "parameters": {"lookback": "500ms", "threshold": "1bps"},
            "order": {
                "style": "post_only",
                "notional": 1000,
                "offset_ticks": 30,
                "time_to_live": "700ms",
                "deadline": "2s",
            },
            "cooldown": "200ms",
            "max_holding": "2s",
        },
    },
    "risk": {"max_order_notional": 5000, "max_symbol_exposure": "10%", "max_gross_exposure": "30%"},
}
"""Two symbols, one strategy that takes and one that rests, on a market made from a seed; digests at every step."""


def settings(
    folder: Path, name: str, *overrides: str, without: Sequence[str] = (), **parts: Any
) -> LoadedConfig:
    """The profile as the desk `name`; `parts` replace or extend whole sections, `without` removes some."""
    document = {**PROFILE, **parts}
    document["desk"] = {**PROFILE["desk"], "name": name}
    for section in without:
        document.pop(section)
    path = folder / f"{name}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document))
    return load_config(path, environ={}, overrides=overrides)


@dataclass(frozen=True)
class Outcome:
    """What a session left behind: what the desk says, and what its venue has on record."""

    fingerprint: str
    summary: dict[str, Any]
    projection: Projection
    records: VenueRecords
    seconds: float
    folder: Path


GONE = {*PARKED, "removed"}
"""What a child is that takes no mail any more."""


class Session:
    """A running desk under test."""

    def __init__(self, desk: Desk, folder: Path, loaded: LoadedConfig) -> None:
        self.desk = desk
        self.folder = folder
        self.loaded = loaded
        self.started = time.monotonic()

    @property
    def orders_file(self) -> Path:
        """The paper venue's own record."""
        return self.desk.launch.venue_folder("paper") / "orders.jsonl"

    async def status(self, address: Address) -> ActorStatus:
        """What the store shows of one actor."""
        [status] = await self.desk.store.status([address])
        return status

    async def pid(self, address: Address) -> int | None:
        """The process of an actor, or of `redis`; None when there is none."""
        if address == "redis":
            assert self.desk.launch.embedded_redis is not None
            return EmbeddedRedis(self.desk.launch.embedded_redis).pid
        status = await self.status(address)
        return status.incarnation.pid if status.incarnation is not None else None

    async def time(self) -> int:
        """Desk time since the session's beginning, in ns."""
        progress = await self.desk.progress()
        return 0 if progress is None else progress.time - progress.start

    async def row(self, address: Address) -> dict[str, Any]:
        """One child's row of the tree."""
        return next((row for row in await self.desk.store.tree() if row["address"] == address), {})

    async def ended(self, timeout_s: float = 120.0) -> None:
        """Wait until the session is over and the desk at rest."""
        assert await self.desk.wait_until_end(timeout_s), "the session did not end in time"

    async def drain(self, timeout_s: float = 60.0) -> None:
        """End an endless session: no new orders, working ones cancelled, all mail read."""
        await self.desk.post(Drain(by="operator", reason="the test is over"))
        await until(self._is_still, timeout_s, "the desk comes to rest after a drain")

    async def _is_still(self) -> bool:
        before = self.orders_file.stat().st_size
        tree = {row["address"]: row["status"] for row in await self.desk.store.tree()}
        traders = [name for name in (BTC, ETH, RISK, EXECUTION) if tree.get(name, "removed") not in GONE]
        for _ in range(5):
            statuses = await self.desk.store.status(traders)
            if any(each.urgent_depth or each.outstanding or each.control_behind for each in statuses):
                return False
            await asyncio.sleep(0.1)
        return before == self.orders_file.stat().st_size and not read_records(self.orders_file).open_orders

    async def picture(self) -> Projection:
        """All journals folded into one picture."""
        observer = RedisObserver(self.desk.store)
        await observer.poll()
        return observer.projection

    async def standing(self) -> str:
        """How the desk stands, in lines: what one wants to know when it does not do what a test waits for."""
        picture, rows = await self.picture(), await self.desk.store.tree()
        statuses = await self.desk.store.status(await self.desk.addresses())
        open_intents = [each for each in picture.orders.intents.values() if not each.ended]
        lines = [f"mode {picture.mode.mode} for {picture.mode.reason!r}, {len(open_intents)} intents open"]
        lines += [f"  {name}: {source.reason}" for name, source in picture.mode.sources.items()]
        lines += [f"{row['address']} {row['status']} {row['last_detail']}".rstrip() for row in rows]
        lines += [
            f"{each.address}: epoch {each.epoch}, step {each.step}, mail {each.urgent_depth}+{each.mailbox_depth}, "
            f"{each.outstanding} effects outstanding, {each.exit_reason or 'lives'}"
            for each in statuses
        ]
        lines += [
            f"{each.address} {each.event_type.value}: {each.text}" for each in list(picture.happenings)[-20:]
        ]
        return "\n".join(lines)

    async def outcome(self) -> Outcome:
        """What the session has come to."""
        observer = RedisObserver(self.desk.store)
        await observer.poll()
        document = summary(observer.projection, await observer.statuses(), self.loaded.hash)
        return Outcome(
            document["fingerprint"],
            document,
            observer.projection,
            read_records(self.orders_file),
            time.monotonic() - self.started,
            self.folder,
        )


@asynccontextmanager
async def session(
    folder: Path, loaded: LoadedConfig, speed: str = "lockstep", *, data: Sequence[Path] = ()
) -> AsyncIterator[Session]:
    """A desk that runs while the block is open; nothing of it is left afterwards.

    It is ended by killing it: whether a desk stops in order is no matter of these tests, and takes long.
    """
    desk = await start_desk(loaded, data=data, speed=speed, folder=folder, environ=os.environ)
    try:
        yield Session(desk, folder, loaded)
    finally:
        handles = Handles(desk.launch.namespace)
        with suppress(StoreUnavailableError):
            names = [ROOT, *(name for name in await desk.addresses() if name != ROOT)]
            statuses = await desk.store.status(names)
            for each in statuses:
                await handles.end(each.address, each.incarnation)
        await desk.close()


async def until(
    condition: Callable[[], Awaitable[Any]],
    timeout_s: float,
    what: str,
    explain: Callable[[], Awaitable[str]] | None = None,
) -> Any:
    """Wait for a condition; returns what it was met with, fails with `what` and `explain` when it never was."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = await condition()
        if found:
            return found
        await asyncio.sleep(0.02)
    explanation = "" if explain is None else f"\n{await explain()}"
    raise AssertionError(f"never within {timeout_s} s: {what}{explanation}")
