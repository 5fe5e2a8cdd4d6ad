"""The exchange as a running server: its core, its protocol, its control socket, its life and its end.

`raydesk exchange --home DIR --port 18080` starts one; in a test or another process:

    server = ExchangeServer(ServerSettings(home=str(tmp_path)))
    address = await server.start()          # .rest, .stream: base URLs; .control: of the control socket
    key = server.keys["desk"]               # .api_key, .secret
    ...
    await server.stop()
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from cluster.exchange.api import Event, OrderChanged, PublicTrade, Refusal, Rules
from cluster.exchange.control import Control
from cluster.exchange.core import LocalExchange
from cluster.exchange.core.market import MarketSource
from cluster.exchange.core.recorded import RecordedMarket
from cluster.exchange.core.settings import AccountSpec
from cluster.exchange.faults import FaultPlan, FaultSettings, FilterChange, Maintenance, TimedFault
from cluster.exchange.fronts import Front
from cluster.exchange.fronts.binance_usdm.front import BinanceUsdmFront
from cluster.exchange.home import lock_home
from cluster.exchange.keys import ApiKey, load_or_make, token
from cluster.exchange.published import ExchangeAddress, publish_address, read_address
from cluster.exchange.settings import Levels, ServerSettings, checked
from cluster.exchange.web import WebServer, listen
from cluster.feeds.data_paths import expand_data
from messages.errors import ConfigurationError, DeskError, VenueConnectionError

TOKEN_FILE = "control-token"
CACHE_FOLDER = "cache"


class ExchangeServer:
    """One exchange, listening. `start`, then `wait` for its end or call `stop`."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        clock: Callable[[], int] = time.time_ns,
        market: MarketSource | None = None,
    ) -> None:
        """Opens nothing yet. `market` takes the place of the seeded or recorded one that the settings describe.

        Raises `ConfigurationError` for settings that make no sense.
        """
        self._settings = checked(settings)
        self._home = Path(settings.home)
        self._clock = clock
        self._market = market
        self._plan = FaultPlan(settings.faults)
        self._timed: list[tuple[float, Callable[[], None]]] = []
        self._core: LocalExchange | None = None
        self._front: Front | None = None
        self._web: list[WebServer] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: BaseException | None = None
        self._counts: Counter[str] = Counter()
        self._held = ExitStack()
        self.keys: dict[str, ApiKey] = {}
        self.ready = asyncio.Event()
        """Set once requests are answered."""

    async def start(self) -> ExchangeAddress:
        """Recover, listen, publish the address. Answers come only after recovery is complete.

        Raises what the core raises for its home and data, and `VenueConnectionError` when a port is taken.
        """
        settings = self._settings
        with ExitStack() as opened:  # given back unless everything can be opened
            opened.enter_context(lock_home(self._home))
            self.keys = load_or_make(self._home, [account.name for account in settings.accounts])
            last = self._last_ports()
            listener = _listener(settings.host, settings.port, last[0], "exchange.port")
            opened.callback(listener.close)
            control = _listener(settings.host, settings.control_port, last[1], "exchange.control_port")
            opened.callback(control.close)
            self._core = core = self._open_core()
            self._held = opened.pop_all()
        core.subscribe(self._count)
        self._front = front = BinanceUsdmFront(
            core, settings.front, self._plan, catch_up=self._catch_up, cut=self._cut
        )
        pings = {
            "ping_every_s": settings.front.ping_every_s,
            "pong_within_s": settings.front.pong_within_s,
        }
        back = Control(self, token(self._home / TOKEN_FILE))
        self._web = [WebServer(front.application, listener, **pings), WebServer(back.application, control)]
        self.replace_faults(settings.faults)
        self._tasks = [await web.start() for web in self._web]
        self._tasks.append(asyncio.create_task(self._keep_going()))
        address = self._publish()
        self.ready.set()
        return address

    async def wait(self) -> None:
        """Until the exchange ends. Raises what ended it."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self._failure = self._failure or task.exception()
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Answer what is under way, keep the state, let go of everything. Harmless to repeat."""
        self.ready.clear()
        if len(self._tasks) > len(self._web):
            self._tasks[-1].cancel()
        await asyncio.gather(*(web.stop() for web in self._web))
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._failure = self._failure or next((each for each in ended if isinstance(each, Exception)), None)
        self._tasks.clear()
        self._web.clear()
        front, self._front = self._front, None
        core, self._core = self._core, None
        if front is not None:
            front.close()
        if core is not None and self._failure is None:
            core.close()  # after a failure the next start recovers what is in the log
        self._held.close()

    # what the control socket can do

    def statistics(self) -> dict[str, object]:
        """What was asked, answered, traded and injected since the start."""
        front = {} if self._front is None else self._front.statistics()
        return {
            **front,
            "faults": dict(sorted(self._plan.injected.items())),
            "orders": self._counts["orders"],
            "fills": self._counts["fills"],
            "public_trades": self._counts["trades"],
            "time": self._running.now,
        }

    def sent_requests(self) -> list[object]:
        """The latest requests as they were sent, as many as the settings keep."""
        return [] if self._front is None else self._front.sent_requests()

    def faults(self) -> FaultSettings:
        """The faults in force."""
        return self._plan.settings

    def replace_faults(self, settings: FaultSettings) -> None:
        """Go on with these faults; timed ones count from now. Raises `ConfigurationError`."""
        for each in settings.timed:
            if isinstance(each, FilterChange):  # what can't be is told now, not when its time comes
                self._changed(each.listing, each.changes)
        self._plan.replace(settings)
        if self._front is not None:
            self._front.set_clock_offset(settings.clock_offset_s)
        began = time.monotonic()
        self._timed += [(began + at, action) for each in settings.timed for at, action in self._steps(each)]
        self._timed.sort(key=lambda entry: entry[0])

    def set_maintenance(self, on: bool) -> None:
        """Close or open the exchange."""
        self._running.set_maintenance(on)

    def change_rules(self, listing: str, changes: dict[str, str | int | bool]) -> None:
        """Change rules of a listing. Raises `ConfigurationError` for what is not there, or can't be so."""
        self._running.set_rules(self._changed(listing, changes))

    def _changed(self, listing: str, changes: dict[str, str | int | bool]) -> Rules:
        """The rules of a listing as they would be. Raises `ConfigurationError`."""
        core = self._running
        try:
            known = msgspec.to_builtins(core.rules(listing)[0])
        except Refusal:
            raise ConfigurationError("there is no such listing", field="listing", value=listing) from None
        unknown = next((name for name in changes if name not in known or name == "listing"), None)
        if unknown is not None:
            raise ConfigurationError("there is no such rule", field="changes", value=unknown)
        try:
            rules = msgspec.convert({**known, **changes}, Rules, strict=False)
        except msgspec.ValidationError as error:
            raise ConfigurationError(str(error), field="changes", value=changes) from error
        core.check_rules(rules)
        return rules

    def deposit(self, account: str, currency: str, amount: str) -> None:
        """Give an account money, or take it away. Raises `ConfigurationError`."""
        if account not in self.keys:
            raise ConfigurationError("there is no such account", field="account", value=account)
        try:
            value = Decimal(amount)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            raise ConfigurationError("this is no amount", field="amount", value=amount)
        self._running.deposit(account, currency, value)

    def cut_streams(self) -> int:
        """Reset all stream connections; tells how many there were."""
        return 0 if self._front is None else self._front.cut_streams()

    def expire_listen_keys(self) -> int:
        """End all listen keys; tells how many there were."""
        return 0 if self._front is None else self._front.expire_listen_keys()

    # the inside

    @property
    def _running(self) -> LocalExchange:
        if self._core is None:
            raise ConfigurationError("the exchange does not run", field="exchange", remedy="start it first")
        return self._core

    def _open_core(self) -> LocalExchange:
        settings = self._settings
        accounts = tuple(
            AccountSpec(
                account=plan.name,
                api_key=self.keys[plan.name].api_key,
                secret=self.keys[plan.name].secret,
                balances=plan.balances,
                maker_fee=plan.maker_fee,
                taker_fee=plan.taker_fee,
            )
            for plan in settings.accounts
        )
        market = msgspec.structs.replace(settings.market, accounts=accounts)
        source = self._market or (self._recorded() if settings.data else None)
        return LocalExchange(market, self._clock(), folder=self._home, market=source)

    def _recorded(self) -> RecordedMarket:
        settings = self._settings
        return RecordedMarket.open(
            expand_data(settings.data),
            settings.market.listings,
            cache_folder=self._home / CACHE_FOLDER,
            speed=settings.speed,
            by_depth=settings.levels is Levels.DEPTH,
        )

    def _catch_up(self) -> None:
        """Bring the market to the present. An error here ends the exchange."""
        try:
            self._running.advance(max(self._clock(), self._running.now))
        except DeskError as error:
            self._failure = error
            self._tasks[-1].cancel()
            raise

    async def _keep_going(self) -> None:
        """Move the market on, send what is due, carry out what was to happen by now."""
        front = self._front
        assert front is not None
        while True:
            self._catch_up()
            front.beat()
            while self._timed and self._timed[0][0] <= time.monotonic():
                self._timed.pop(0)[1]()
            await asyncio.sleep(self._settings.step_s)

    def _steps(self, fault: TimedFault) -> list[tuple[float, Callable[[], None]]]:
        """What a timed fault does, and when, in seconds from now."""
        if isinstance(fault, FilterChange):
            return [(fault.at_s, lambda: self.change_rules(fault.listing, fault.changes))]
        assert isinstance(fault, Maintenance)
        steps: list[tuple[float, Callable[[], None]]] = [(fault.at_s, lambda: self.set_maintenance(True))]
        if fault.for_s is not None:
            steps.append((fault.at_s + fault.for_s, lambda: self.set_maintenance(False)))
        return steps

    def _cut(self, client: tuple[str, int]) -> None:
        self._web[0].cut(client)

    def _count(self, event: Event) -> None:
        if isinstance(event, OrderChanged):
            self._counts["orders"] += event.order.version == 1
            self._counts["fills"] += event.trade is not None
        elif isinstance(event, PublicTrade):
            self._counts["trades"] += 1

    def _publish(self) -> ExchangeAddress:
        public, control = (f"{_bracketed(web.host)}:{web.port}" for web in self._web)
        return publish_address(self._home, public=public, control=control, pid=os.getpid())

    def _last_ports(self) -> tuple[int, int]:
        """The ports of the last time, 0 without one."""
        last = read_address(self._home)
        if last is None:
            return 0, 0
        return _port(last.rest), _port(last.control)


async def serve(settings: ServerSettings, *, stop: asyncio.Event | None = None) -> None:
    """Run an exchange until `stop` is set or the caller cancels. Raises what `ExchangeServer` raises."""
    server = ExchangeServer(settings)
    stopping = asyncio.create_task((stop or asyncio.Event()).wait())
    ended: asyncio.Task[None] | None = None
    try:
        await server.start()
        ended = asyncio.create_task(server.wait())
        await asyncio.wait([ended, stopping], return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            ended.result()
    finally:
        stopping.cancel()
        if ended is not None:
            ended.cancel()
        await server.stop()


def _listener(host: str, wanted: int, last: int, field: str) -> socket.socket:
    """The wanted port, or the one of the last time, or any."""
    if wanted:
        return listen(host, wanted, field)
    if last:
        with suppress(VenueConnectionError):
            return listen(host, last, field)
    return listen(host, 0, field)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _port(url: str) -> int:
    text = url.rpartition(":")[2]
    return int(text) if text.isdigit() else 0
