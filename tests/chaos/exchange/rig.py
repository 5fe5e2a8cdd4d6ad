"""A local exchange, a Redis and one trading process; the test is risk, strategy and supervisor.

What is done to them is done from outside: mail, signals, the exchange's control socket, raw HTTP with the key.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import psutil

from actors.execution.actor import ExecutionActor, initial_state
from actors.execution.settings import ExecutionSettings
from actors.execution.state import ExecutionState
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from cluster.embedded_redis import EmbeddedRedis, RedisSettings
from cluster.exchange.core.settings import ExchangeSettings
from cluster.exchange.faults import FaultSettings
from cluster.exchange.fronts.binance_usdm.context import FrontSettings
from cluster.exchange.fronts.binance_usdm.limits import LimitSettings
from cluster.exchange.published import ExchangeAddress, read_address
from cluster.exchange.settings import ServerSettings
from cluster.host.failpoints import VARIABLE
from cluster.steps.recovery import state_digest
from cluster.store.port import StreamName
from cluster.store.redis_store import RedisStore, connect
from messages import codec
from messages.base import Envelope, Message
from messages.control import Mode, ModeChanged
from tests.chaos.desks import until
from tests.chaos.exchange.exchange_log import ExchangeLog, read_log
from tests.chaos.exchange.scaled import EXECUTION_SETTINGS, LISTINGS, SYMBOLS, VENUE_SETTINGS, WIDE
from tests.chaos.exchange.trader import CAPACITY, DESK, EXECUTION, TraderPlan

PROJECT = Path(__file__).parents[3]
ACCOUNT = "desk"
MILLISECOND = 1_000_000
MODE_VERSION = 1
"""The version of the one mode that these desks are ever in."""


class Rig:
    """One running set. The trader is started again as often as it is killed, while `may_start` is set."""

    def __init__(self, folder: Path, server: ServerSettings, plan: TraderPlan, redis: EmbeddedRedis) -> None:
        self.folder = folder
        self.home = Path(server.home)
        self.plan = plan
        self.redis = redis
        self.store = RedisStore(connect(redis.url), DESK, capacity=CAPACITY)
        self.failpoints = folder / "failpoints"
        self.failpoints.mkdir()
        self.deaths = 0
        self.may_start = asyncio.Event()
        self.may_start.set()
        self.digests = 0
        self._actor = ExecutionActor(plan.execution, initial_state(plan.execution, ""))
        self._folded = 0
        self._folding = asyncio.Lock()
        self.stopping = False
        self.trader: subprocess.Popen[bytes] | None = None
        self.exchange: subprocess.Popen[bytes] | None = None
        self._left: list[subprocess.Popen[bytes]] = []
        self.address: ExchangeAddress | None = None
        self._settings_file = folder / "exchange.json"
        self._settings_file.write_bytes(msgspec.json.encode(server))
        self._plan_file = folder / "plan.json"
        self._plan_file.write_bytes(msgspec.json.encode(plan))
        self._http = httpx.AsyncClient(trust_env=False, verify=False, timeout=30.0)
        self._supervisor: asyncio.Task[None] | None = None

    # --- processes

    async def start(self) -> None:
        """Exchange first, then the trader and whoever starts it again."""
        await self.store.open("first")
        await self.start_exchange()
        self._supervisor = asyncio.create_task(self._supervise())
        # as risk does when a store is new: until its word has come nothing is placed
        await eventually(self, lambda state: bool(state.generation), 30.0, "the trader knows the store")
        await self.post(ModeChanged(Mode.NORMAL, MODE_VERSION, {}, "the start"))

    async def start_exchange(self) -> None:
        """Start the exchange, and wait until it answers."""
        self.exchange = self._spawn(
            "cluster.exchange", "--settings", str(self._settings_file), log="exchange.log"
        )
        pid = self.exchange.pid

        async def published() -> ExchangeAddress | None:
            address = read_address(self.home)
            return address if address is not None and address.pid == pid else None

        self.address = await until(published, 60.0, "the exchange serves")

    async def kill_exchange(self, for_s: float = 0.0) -> None:
        """Kill -9 the exchange, and start it again after a while."""
        assert self.exchange is not None
        self.exchange.kill()
        self.exchange.wait()
        await asyncio.sleep(for_s)
        await self.start_exchange()

    def kill_trader(self) -> None:
        """Kill -9 the trader; its successor is started at once."""
        if self.trader is not None and self.trader.poll() is None:
            self.trader.kill()

    def replace_trader(self) -> subprocess.Popen[bytes]:
        """Start another trader beside the present one, which is left to itself and returned."""
        assert self.trader is not None
        left, self.trader = self.trader, self._spawn_trader()
        self._left.append(left)
        return left

    def arm(self, point: str, signal_name: str = "KILL") -> Path:
        """Let the trader get the signal at the failpoint when it passes it next."""
        shot = self.failpoints / f"{point}@{EXECUTION.replace('/', '+')}@{time.monotonic_ns()}"
        staged = shot.with_name(f".{shot.name}")
        staged.write_text(f"0 {signal_name}")
        staged.rename(shot)
        return shot

    async def close(self) -> None:
        """End everything that was started."""
        self.stopping = True
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor
        for process in (*self._left, self.trader, self.exchange):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        await self._http.aclose()
        await self.store.close()

    async def _supervise(self) -> None:
        while not self.stopping:
            await self.may_start.wait()
            self.trader = self._spawn_trader()
            while self.trader.poll() is None:
                await asyncio.sleep(0.02)
            if self.trader.returncode != -signal.SIGKILL:
                raise AssertionError(f"the trader ended by itself:\n{self.tail('trader.log')}")
            self.deaths += 1

    def _spawn_trader(self) -> subprocess.Popen[bytes]:
        return self._spawn("tests.chaos.exchange.trader", str(self._plan_file), log="trader.log")

    def _spawn(self, module: str, *arguments: str, log: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"process-{log}").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": str(PROJECT), VARIABLE: str(self.failpoints)},
                stdout=output,
                stderr=output,
            )

    def tail(self, log: str) -> str:
        """The last lines a process wrote."""
        return "\n".join((self.folder / f"process-{log}").read_text().splitlines()[-40:])

    def require_alive(self) -> None:
        """Raises what ended the supervision of the trader: it dies by our signals alone."""
        if self._supervisor is not None and self._supervisor.done():
            self._supervisor.result()
        assert self.exchange is not None
        assert self.exchange.poll() is None, f"the exchange ended:\n{self.tail('exchange.log')}"

    # --- mail and journal

    async def post(self, message: Message, sender: str = "risk") -> None:
        """Put mail into the trader's mailbox."""
        await self.store.post(Envelope(sender, 0, EXECUTION, "", "", time.time_ns(), message))

    async def state(self) -> ExecutionState:
        """The trader's state, folded from its journal; where a digest was committed, the state must have it."""
        async with self._folding:
            for record in (await self.store.load(EXECUTION, self._folded)).records:
                for event in record.events:
                    self._actor.apply(event)
                self._folded = record.step
                if record.digest is not None:
                    assert record.digest == state_digest(self._actor), (
                        f"another state after step {record.step}"
                    )
                    self.digests += 1
        return self._actor.state

    async def events(self, *kinds: type[Message]) -> list[Any]:
        """All events of these types in the trader's journal."""
        records = (await self.store.load(EXECUTION, 0)).records
        return [event for record in records for event in record.events if isinstance(event, kinds)]

    async def mail_of(self, address: str) -> list[Message]:
        """All urgent mail that was ever sent to an address nobody reads."""
        entries = await self.store.read(address, {StreamName.URGENT: "0-0"}, 1_000_000)
        return [codec.decode_envelope(entry.data).message for entry in entries]

    # --- the exchange

    def log(self) -> ExchangeLog:
        """The exchange's own record of the account."""
        return read_log(self.home, ACCOUNT)

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """The answer of the exchange's control socket."""
        assert self.address is not None
        token = (self.home / "control-token").read_text().strip()
        answer = await self._http.request(
            method,
            f"{self.address.control}/control/{path}",
            content=None if body is None else msgspec.json.encode(body),
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def signed(self, method: str, path: str, **parameters: Any) -> Any:
        """A request as a person with the account's key would send it, by the protocol's documentation alone."""
        assert self.address is not None
        key = json.loads((self.home / "keys.json").read_text())[ACCOUNT]
        text = urlencode({**parameters, "timestamp": time.time_ns() // MILLISECOND})
        made = hmac.new(key["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
        answer = await self._http.request(
            method,
            f"{self.address.rest}{path}?{text}&signature={made}",
            headers={"X-MBX-APIKEY": key["api_key"]},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def prices(self) -> dict[str, tuple[Decimal, Decimal]]:
        """(bid, ask) by symbol; asked again while faults strike the question."""
        assert self.address is not None
        names = {rules.listing: symbol for symbol, rules in SYMBOLS.items()}
        while True:
            with suppress(httpx.HTTPError):
                answer = await self._http.get(f"{self.address.rest}/fapi/v1/ticker/bookTicker")
                if answer.status_code == 200 and answer.text.startswith("["):
                    return {
                        names[each["symbol"]]: (Decimal(each["bidPrice"]), Decimal(each["askPrice"]))
                        for each in answer.json()
                    }
            await asyncio.sleep(0.05)


@asynccontextmanager
async def rig(
    folder: Path,
    *,
    faults: FaultSettings | None = None,
    limits: LimitSettings = WIDE,
    venue: BinanceUsdmSettings = VENUE_SETTINGS,
    execution: ExecutionSettings = EXECUTION_SETTINGS,
) -> AsyncIterator[Rig]:
    """A rig that runs while the block is open; nothing of it is left afterwards."""
    home = folder / "exchange"
    server = ServerSettings(
        home=str(home),
        market=ExchangeSettings(seed=7, listings=LISTINGS, updates_per_second=4.0),
        front=FrontSettings(limits=limits),
        faults=faults or FaultSettings(),
    )
    redis = EmbeddedRedis(RedisSettings(folder=str(folder / "redis"), appendfsync="everysec"))
    plan = TraderPlan(redis.ensure_running(), str(home), execution, venue)
    made = Rig(folder, server, plan, redis)
    try:
        await made.start()
        yield made
    finally:
        await made.close()
        server_of_redis = redis.pid
        redis.stop()
        while server_of_redis is not None and psutil.pid_exists(server_of_redis):
            await asyncio.sleep(0.02)  # it takes its file away before it ends


async def eventually(
    rig: Rig, holds: Callable[[ExecutionState], bool], timeout_s: float, what: str
) -> ExecutionState:
    """The first state that holds."""
    deadline = time.monotonic() + timeout_s
    while True:
        rig.require_alive()
        state = await rig.state()
        if holds(state):
            return state
        assert time.monotonic() < deadline, f"never within {timeout_s} s: {what}\n{describe(state)}"
        await asyncio.sleep(0.3)


def is_ready(state: ExecutionState) -> bool:
    """Whether orders are taken: the account is as it should be, and was compared."""
    return bool(state.at_venue.configured) and not state.placing_held


def describe(state: ExecutionState) -> str:
    """What is open, for whom a test has failed."""
    lines = [
        f"{order.client_order_id} {order.symbol} {order.state} filled {order.filled}/{order.venue_filled} "
        f"seen={order.seen} asking={order.asking} probes={order.probes} absences={order.absences} "
        f"cancels={order.cancels} escalated={order.escalated} fills_asked={order.fills_asked}"
        for order in state.live_orders()
    ]
    venue = state.at_venue
    lines.append(f"configured={venue.configured!r} tries={venue.configure_attempt} held={state.placing_held}")
    lines.append(
        f"account_due={state.account_due} looks={state.account_looks} waiting={len(state.waiting)} "
        f"fills_due={venue.fills_due} differences={venue.differences} missing={len(state.stream_missing)}"
    )
    return "\n".join(lines)


def names(ids: Sequence[str]) -> str:
    """Ids for a message, not too many."""
    return ", ".join(sorted(ids)[:10]) + (f" and {len(ids) - 10} more" if len(ids) > 10 else "")
