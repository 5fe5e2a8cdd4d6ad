"""Puts a child together in its own process: actor, step machine, host, outside. One builder per role."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.base import Actor
from cluster.host.actor_host import ActorHost, Outside
from cluster.host.clocks import DeskClock
from cluster.host.connection_notes import keep_noting_feed, keep_noting_port
from cluster.host.failpoints import failpoints_for
from cluster.host.launch import ProcessSpec, role_of
from cluster.host.lease import this_incarnation
from cluster.host.services import ServiceHost
from cluster.host.venue_access import PaperAccess, keep_connecting, market_port, trading_port
from cluster.logs import configure_logging, log_step
from cluster.steps.machine import StepMachine
from cluster.steps.requests import Report
from cluster.store.redis_store import RedisStore, connect
from messages.errors import DeskError

if TYPE_CHECKING:  # the rest is imported by the builders: a process loads what its own actor needs
    from actors.risk.limits import RiskSettings
    from actors.strategy.actor import StrategyActor
    from actors.strategy.strategy import History
    from cluster.exchange.server import ExchangeServer
    from cluster.exchange.settings import ServerSettings
    from cluster.feeds.grouped import Cursor
    from cluster.feeds.live.feed import LiveFeed
    from cluster.host.launch import ChildLaunch, ExecutionPart, StrategyPart, UniversePart
    from cluster.host.venue_access import LiveSource, RelayPart
    from cluster.paper.server import PaperServer
    from cluster.paper.settings import PaperSettings

LOG = logging.getLogger("raydesk.host")

Host = ActorHost | ServiceHost

_LOG_AFTER_S = 0.005
"""Less than a process lingers when its actor has ended, so that its last steps are logged too."""


async def assemble(spec: ProcessSpec) -> Host:
    """The host of the child that `spec` describes, ready to `run`."""
    configure_logging(spec.logging, desk=spec.desk, actor=spec.address)
    return await _BUILDERS[role_of(spec.address)](spec, spec.part)


def open_store(spec: ProcessSpec) -> RedisStore:
    """This process's own way to the desk's store."""
    return RedisStore(connect(spec.redis_url), spec.desk, capacity=spec.mailbox_capacity)


# ---------------------------------------------------------------------- actors


async def _strategy(spec: ProcessSpec, part: StrategyPart) -> Host:
    from actors.strategy.actor import StrategyActor
    from cluster.host.stage_timer import StageTimer
    from cluster.models.for_strategies import models_for

    timer, unloaded = StageTimer(), dict[str, DeskError]()
    models = models_for(part.settings, unloaded)
    actor = StrategyActor(spec.address, part.settings, models=models, unloaded=unloaded, watch=timer)
    for strategy, error in unloaded.items():
        LOG.error("the models of %s can't be loaded: %s", strategy, error, extra={"actor": spec.address})
    if isinstance(part.source, tuple):
        host = await _live_strategy(spec, actor, part.source)
    else:
        from cluster.feeds.grouped import cursor_of
        from cluster.paper.market import open_feeds

        feeds = open_feeds(part.source, part.instruments)
        host = _actor_host(spec, actor, feed=cursor_of(list(feeds.values())))
    if not spec.feed.lockstep:  # a reproducible run is to have nothing of this machine's time in it
        timer.tell = host.intake.signal
    return host


async def _live_strategy(spec: ProcessSpec, actor: StrategyActor, sources: Sequence[LiveSource]) -> ActorHost:
    from cluster.feeds.grouped import LiveGroupCursor

    clock = spec.feed.clock()
    feeds = [await _live_feed(spec, source, clock, actor.histories) for source in sources]
    await asyncio.gather(*(feed.begin() for feed in feeds))
    symbols = [(feed, symbol) for feed in feeds for symbol in feed.symbols]
    cursors = [feed.cursor(symbol) for feed, symbol in symbols]
    cursor = cursors[0] if len(cursors) == 1 else LiveGroupCursor(cursors)
    host = _actor_host(spec, actor, feed=cursor, clock=clock)
    for feed in feeds:
        feed.on_rows = host.wake.set
        host.background.append(feed.run)
    host.background += [partial(keep_noting_feed, host.store, feed, symbol) for feed, symbol in symbols]
    return host


async def _live_feed(
    spec: ProcessSpec, source: LiveSource, clock: DeskClock, histories: Sequence[History]
) -> LiveFeed:
    from cluster.feeds.live.feed import LiveFeed
    from cluster.feeds.live.relay_client import RelayClient
    from cluster.feeds.live.warm_up import reaching

    market = await market_port(source.access, desk=spec.desk, redis_url=spec.redis_url)
    streams = RelayClient(Path(source.relay_socket)) if source.relay_socket else market
    settings = reaching(source.settings, histories)
    return LiveFeed(source.subscriptions, streams, market, settings, clock.now)


async def _risk(spec: ProcessSpec, part: RiskSettings) -> Host:
    from actors.risk.actor import RiskActor

    actor = RiskActor(part)
    host = _actor_host(spec, actor)
    if part.kill_file:
        from cluster.host.kill_file import watch_kill_file

        path = Path(part.kill_file)
        host.background.append(lambda: watch_kill_file(path, lambda: actor.state.sources, host.intake.signal))
    return host


async def _execution(spec: ProcessSpec, part: ExecutionPart) -> Host:
    from actors.execution.actor import ExecutionActor, initial_state
    from cluster.host.venue_outside import VenueOutside
    from cluster.host.venue_way import keep_judging

    settings = part.settings
    lease_ns = round(spec.host.lease_s * 1_000_000_000)
    port = await trading_port(part.access, desk=spec.desk, redis_url=spec.redis_url, lease_ns=lease_ns)
    actor = ExecutionActor(
        settings, initial_state(settings, "")
    )  # the store tells its generation as first mail
    failpoint = failpoints_for(spec.address)
    outside = VenueOutside(
        port, actor.gate, actor.cancels_when_store_away, lambda: failpoint("during_effect")
    )
    host = _actor_host(spec, actor, outside=outside)

    async def follow() -> None:
        after = host.intake.venue_seen = actor.resume_after()
        await outside.follow(after, host.intake.venue_event)

    host.follow = follow
    if not isinstance(part.access, PaperAccess):
        host.background += [lambda: keep_connecting(port), lambda: keep_noting_port(host.store, port)]
        host.background.append(lambda: keep_judging(port, settings.clock_bound_ns, host.intake.signal))
    return host


async def _universe(spec: ProcessSpec, part: UniversePart) -> Host:
    from actors.operations.universe.actor import UniverseActor
    from cluster.host.universe_outside import UniverseOutside

    asked = {
        venue: await market_port(access, desk=spec.desk, redis_url=spec.redis_url)
        for venue, access in part.access.items()
    }
    ports = {each.symbol: asked[each.venue] for each in part.settings.candidates if each.venue in asked}
    return _actor_host(
        spec, UniverseActor(part.settings, spec.address), outside=UniverseOutside(ports, part.units)
    )


def _actor_host(
    spec: ProcessSpec,
    actor: Actor[Any],
    *,
    outside: Outside | None = None,
    feed: Cursor | None = None,
    clock: DeskClock | None = None,
    kind: type[ActorHost] = ActorHost,
) -> ActorHost:
    machine = StepMachine(
        actor, this_incarnation(spec.address), spec.steps, parent=spec.parent, seed=spec.seed
    )
    return kind(
        machine,
        open_store(spec),
        clock=clock or spec.feed.clock(),
        outside=outside,
        feed=feed,
        lockstep=spec.feed.lockstep and clock is None,
        settings=spec.host,
        report=_reporter(spec.address),
    )


def _reporter(address: str) -> Callable[[Report], None]:
    """Logs every committed step, and whatever else the step machine has to say.

    Steps are logged a moment later: a line costs as long as signing a request, and would be on the way of every order.
    """

    def report(told: Report) -> None:
        if told.level == "step":
            asyncio.get_running_loop().call_later(_LOG_AFTER_S, log_step, told.fields["section"])
        else:
            level = logging.getLevelNamesMapping()[told.level.upper()]
            LOG.log(level, told.text, extra={"actor": address, **told.fields})

    return report


# ---------------------------------------------------------------------- supervisors


async def _supervisor(spec: ProcessSpec, part: ChildLaunch) -> Host:
    from cluster.host.supervisor_host import supervise

    def make_host(actor: Actor[Any], **outfit: Any) -> ActorHost:
        return _actor_host(spec, actor, **outfit)

    return await supervise(part, make_host)


# ---------------------------------------------------------------------- services


async def _venue(spec: ProcessSpec, part: PaperSettings | ServerSettings) -> Host:
    return _service_host(spec, _VenueService(_venue_server(part)))


def _venue_server(part: PaperSettings | ServerSettings) -> PaperServer | ExchangeServer:
    from cluster.paper.settings import PaperSettings

    if isinstance(part, PaperSettings):
        from cluster.paper.server import PaperServer

        return PaperServer(part)
    from cluster.exchange.server import ExchangeServer

    return ExchangeServer(part)


class _VenueService:
    """Hosts the server of a venue of the desk's own in this process."""

    def __init__(self, server: PaperServer | ExchangeServer) -> None:
        self.server = server
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            await self.server.start()
            self.ready.set()
            await self.server.wait()
        finally:
            await self.server.stop()


async def _relay(spec: ProcessSpec, part: RelayPart) -> Host:
    from cluster.feeds.live.relay import RelayService, RelaySettings

    port = await market_port(part.access, desk=spec.desk, redis_url=spec.redis_url)
    return _service_host(
        spec, RelayService(port, part.subscriptions, RelaySettings(socket=Path(part.socket)))
    )


async def _clock(spec: ProcessSpec, part: ChildLaunch) -> Host:
    from actors.venues.paper import PaperPort
    from cluster.host.handles import Handles
    from cluster.host.replay_clock import PacedEnd, ReplayClock
    from cluster.host.strategy_places import strategy_addresses

    launch, config = part.launch, part.launch.config
    store = open_store(spec)
    if not launch.feed.granted:
        return _service_host(spec, PacedEnd(launch.feed, store), store)
    clock = ReplayClock(
        launch.feed,
        store,
        Handles(launch.namespace),
        strategies=strategy_addresses(config),
        venues={
            f"execution/{venue}": PaperPort.of_folder(venue, launch.venue_folder(venue))
            for venue in config.venues
        },
    )
    return _service_host(spec, clock, store)


async def _metrics(spec: ProcessSpec, part: ChildLaunch) -> Host:
    from cluster.metrics import MetricsService

    return _service_host(spec, MetricsService(part))


def _service_host(spec: ProcessSpec, service: Any, store: RedisStore | None = None) -> ServiceHost:
    return ServiceHost(spec, service, store or open_store(spec))


_BUILDERS: dict[str, Callable[[ProcessSpec, Any], Awaitable[Host]]] = {
    "strategy": _strategy,
    "risk": _risk,
    "execution": _execution,
    "universe": _universe,
    "supervisor": _supervisor,
    "venue": _venue,
    "relay": _relay,
    "clock": _clock,
    "metrics": _metrics,
}
