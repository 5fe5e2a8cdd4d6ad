"""Puts a child together in its own process: actor, step machine, host, outside. One builder per role."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from actors.base import Actor
from cluster.host import settings_map
from cluster.host.actor_host import ActorHost, HostSettings, Outside
from cluster.host.clocks import DeskClock
from cluster.host.failpoints import failpoints_for
from cluster.host.launch import ChildLaunch
from cluster.host.lease import this_incarnation
from cluster.host.process import role_of
from cluster.host.services import ServiceHost
from cluster.logs import configure_logging, log_step
from cluster.steps.machine import StepMachine
from cluster.steps.requests import Report
from cluster.store.redis_store import RedisStore, connect
from config import DeskConfig
from messages.child_specs import SECOND

if TYPE_CHECKING:
    from cluster.feeds.cursor import FeedCursor  # brings numpy, and only strategies have a feed

LOG = logging.getLogger("raydesk.host")

Host = ActorHost | ServiceHost


async def assemble(child: ChildLaunch) -> Host:
    """The host of `child`, ready to `run`."""
    config = child.launch.config
    configure_logging(config.logging, desk=child.launch.desk, actor=child.address)
    return await _BUILDERS[role_of(child.address)](child, config)


def open_store(child: ChildLaunch) -> RedisStore:
    """This process's own connections to the desk's store: one for commands, one to wait on."""
    launch = child.launch
    return RedisStore(
        connect(launch.redis_url),
        launch.desk,
        capacity=launch.config.redis.mailbox_capacity,
        wait_client=connect(launch.redis_url),
    )


# ---------------------------------------------------------------------- actors


async def _strategy(child: ChildLaunch, config: DeskConfig) -> Host:
    from actors.strategy.actor import StrategyActor
    from cluster.feeds.cursor import FeedCursor

    symbol = child.address.split("/", 1)[1]
    actor = StrategyActor(child.address, settings_map.strategy_settings(config, symbol))
    return _actor_host(child, config, actor, feed=FeedCursor(_feed(child, config, symbol)))


def _feed(child: ChildLaunch, config: DeskConfig, symbol: str) -> Any:
    from cluster.paper.market import open_feeds

    chosen = tuple(each for each in settings_map.paper_instruments(config) if each.symbol == symbol)
    return open_feeds(settings_map.market_source(config, child.launch.feed), chosen)[symbol]


async def _risk(child: ChildLaunch, config: DeskConfig) -> Host:
    from actors.risk.actor import RiskActor

    return _actor_host(child, config, RiskActor(settings_map.risk_settings(config)))


async def _execution(child: ChildLaunch, config: DeskConfig) -> Host:
    from actors.execution.actor import ExecutionActor, initial_state
    from actors.venues.paper import PaperPort
    from cluster.host.venue_outside import VenueOutside

    venue = child.address.split("/", 1)[1]
    port = PaperPort.of_folder(venue, child.launch.venue_folder(venue))
    settings = settings_map.execution_settings(config, venue, port.traits)
    actor = ExecutionActor(
        settings, initial_state(settings, "")
    )  # the store tells its generation as first mail
    failpoint = failpoints_for(child.address)
    outside = VenueOutside(
        port, actor.gate, actor.cancels_when_store_away, lambda: failpoint("during_effect")
    )
    host = _actor_host(child, config, actor, outside=outside)

    async def follow() -> None:
        after = host.intake.venue_seen = actor.resume_after()
        await outside.follow(after, host.intake.venue_event)

    host.follow = follow
    return host


def _actor_host(
    child: ChildLaunch,
    config: DeskConfig,
    actor: Actor[Any],
    *,
    outside: Outside | None = None,
    feed: FeedCursor | None = None,
    clock: DeskClock | None = None,
    kind: type[ActorHost] = ActorHost,
) -> ActorHost:
    launch, supervision = child.launch, config.supervision
    machine = StepMachine(
        actor,
        this_incarnation(child.address),
        settings_map.step_settings(config),
        parent=child.parent,
        seed=config.desk.seed,
    )
    return kind(
        machine,
        open_store(child),
        clock=clock or launch.feed.clock(),
        outside=outside,
        feed=feed,
        lockstep=launch.feed.lockstep and clock is None,
        settings=HostSettings(
            heartbeat_s=supervision.heartbeat_interval / SECOND,
            lease_s=supervision.lease / SECOND,
            on_store_loss_s=config.redis.on_store_loss / SECOND,
            stale_after=config.feed.max_quote_age,
        ),
        report=_reporter(child.address),
    )


def _reporter(address: str) -> Callable[[Report], None]:
    """Logs every committed step, and whatever else the step machine has to say."""

    def report(told: Report) -> None:
        if told.level == "step":
            log_step(told.fields["section"])
        else:
            level = logging.getLevelNamesMapping()[told.level.upper()]
            LOG.log(level, told.text, extra={"actor": address, **told.fields})

    return report


# ---------------------------------------------------------------------- supervisors


async def _supervisor(child: ChildLaunch, config: DeskConfig) -> Host:
    from cluster.host.supervisor_host import supervise

    return await supervise(child, config, _actor_host)


# ---------------------------------------------------------------------- services


async def _venue(child: ChildLaunch, config: DeskConfig) -> Host:
    venue = child.address.split("/", 1)[1]
    service = _PaperVenueService(settings_map.paper_settings(config, child.launch, venue))
    return _service_host(child, config, service)


class _PaperVenueService:
    """Hosts the paper venue's server in this process."""

    def __init__(self, settings: Any) -> None:
        from cluster.paper.server import PaperServer

        self.server = PaperServer(settings)
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            await self.server.start()
            self.ready.set()
            await self.server.wait()
        finally:
            await self.server.stop()


async def _clock(child: ChildLaunch, config: DeskConfig) -> Host:
    from actors.venues.paper import PaperPort
    from cluster.host.handles import Handles
    from cluster.host.replay_clock import PacedEnd, ReplayClock

    launch = child.launch
    store = open_store(child)
    if not launch.feed.granted:
        return _service_host(child, config, PacedEnd(launch.feed, store), store)
    clock = ReplayClock(
        launch.feed,
        store,
        Handles(launch.namespace),
        strategies=[f"strategy/{symbol}" for symbol in settings_map.traded_symbols(config)],
        venues={
            f"execution/{venue}": PaperPort.of_folder(venue, launch.venue_folder(venue))
            for venue in config.venues
        },
    )
    return _service_host(child, config, clock, store)


async def _metrics(child: ChildLaunch, config: DeskConfig) -> Host:
    from cluster.metrics import MetricsService

    return _service_host(child, config, MetricsService(child))


def _service_host(
    child: ChildLaunch, config: DeskConfig, service: Any, store: RedisStore | None = None
) -> ServiceHost:
    heartbeat_s = config.supervision.heartbeat_interval / SECOND
    return ServiceHost(child, service, store or open_store(child), heartbeat_s=heartbeat_s)


_BUILDERS: dict[str, Callable[[ChildLaunch, DeskConfig], Awaitable[Host]]] = {
    "strategy": _strategy,
    "risk": _risk,
    "execution": _execution,
    "supervisor": _supervisor,
    "venue": _venue,
    "clock": _clock,
    "metrics": _metrics,
}
