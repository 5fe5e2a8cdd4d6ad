"""The desk's metrics on one page: a Prometheus collector over the projection and the store, and its small server.

One service of the tree serves `/metrics`, `/healthz` and `/readyz` for the whole desk, with a token also `/halt`. The
actors themselves count nothing, so a restart loses nothing: every figure is read from the journals.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import uvicorn
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cluster.arming import not_armed_because
from cluster.halting import Halting
from cluster.host.launch import ChildLaunch
from cluster.observe.connection_metrics import connection_families
from cluster.observe.connections import Connections, read_connections
from cluster.observe.health import Health, HealthCheck, Pulses, judge
from cluster.observe.latency import SECOND
from cluster.observe.metric_families import Rows, counted, labelled
from cluster.observe.observer import RedisObserver
from cluster.observe.projection import Projection
from cluster.observe.services import Services
from cluster.store.port import ActorStatus
from cluster.store.redis_store import RedisStore, connect
from messages.control import Mode
from messages.errors import StoreUnavailableError
from messages.intents import Verdict
from messages.supervision import ExitReason

POLL_S = 1.0
"""How often the journals are read."""


class Picture:
    """What the page shows: the projection, the actors at one instant, and whether the store answers."""

    def __init__(self, desk: str, environment: str, config_hash: str) -> None:
        self.desk = desk
        self.environment = environment
        self.config_hash = config_hash
        self.projection = Projection()
        self.statuses: Sequence[ActorStatus] = ()
        self.pulses = Pulses()
        self.connections = Connections()
        self.dead_letters = 0
        self.armed: bool | None = None
        self.store_up = False
        self.polled = False


class DeskCollector(Collector):
    """Turns a picture into metric families; names are stable, labels have few values."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def collect(self) -> Iterator[Metric]:
        """All families, read from the picture as it is now."""
        picture = self._picture
        yield labelled(
            "raydesk_info",
            "What runs",
            ("desk", "environment", "config_hash"),
            [((picture.desk, picture.environment, picture.config_hash), 1)],
        )
        yield GaugeMetricFamily(
            "raydesk_store_up", "Whether Redis answered last", value=float(picture.store_up)
        )
        yield from self._actors()
        yield from self._trades()
        yield from self._money()
        yield from self._modes()
        yield from self._latencies()
        yield from connection_families(picture.connections)

    def _actors(self) -> Iterator[Metric]:
        picture, statuses = self._picture, self._picture.statuses
        now, restarts = picture.projection.now, picture.projection.family.restarts()
        depths = [
            ((status.address, queue), depth)
            for status in statuses
            for queue, depth in (("urgent", status.urgent_depth), ("mailbox", status.mailbox_depth))
        ]
        yield labelled("raydesk_mailbox_depth", "Messages not taken yet", ("actor", "queue"), depths)
        yield labelled(
            "raydesk_actor_lag_seconds",
            "How far an actor with unread mail is behind, in desk time",
            ("actor",),
            [((status.address,), _lag_s(status, now)) for status in statuses],
        )
        for name, text, values in (
            ("raydesk_actor_epoch", "Epoch", {s.address: s.epoch for s in statuses}),
            (
                "raydesk_effects_outstanding",
                "Unanswered effects",
                {s.address: s.outstanding for s in statuses},
            ),
            (
                "raydesk_journal_records",
                "Journal records kept",
                {s.address: s.journal_length for s in statuses},
            ),
        ):
            yield labelled(name, text, ("actor",), [((key,), value) for key, value in values.items()])
        yield labelled(
            "raydesk_heartbeat_age_seconds",
            "How long an actor's heartbeat has stood still, at least",
            ("actor",),
            [((s.address,), age) for s in statuses if (age := picture.pulses.age_s(s.address)) is not None],
        )
        steps = {status.address: status.step for status in statuses}
        yield counted("raydesk_steps", "Committed steps", ("actor",), _keyed(steps))
        yield counted("raydesk_restarts", "Restarts by supervisors", ("actor",), _keyed(restarts))
        yield counted(
            "raydesk_given_up", "Children given up", (), [((), picture.projection.family.given_up_events)]
        )
        views = sorted(picture.projection.strategies.views.items())
        yield counted(
            "raydesk_strategy_faults",
            "Failures of strategies beside others on their symbol",
            ("strategy", "symbol"),
            [(key, view.faults) for key, view in views if view.faults],
        )
        yield labelled(
            "raydesk_strategy_parked",
            "1 for strategies that are given up while the others on their symbol trade on",
            ("strategy", "symbol"),
            [(key, 1.0) for key, view in views if view.parked],
        )
        yield counted("raydesk_dead_letters", "Messages put aside", (), [((), picture.dead_letters)])
        yield counted(
            "raydesk_stage_overruns",
            "Stages of decisions that took longer than they may",
            ("actor", "stage"),
            sorted(picture.projection.strategies.overruns.items()),
        )

    def _trades(self) -> Iterator[Metric]:
        projection, desk = self._picture.projection, self._picture.projection.orders
        yield counted("raydesk_intents", "Intents", (), [((), desk.intents_seen)])
        verdicts = [((verdict.value,), desk.verdicts[verdict]) for verdict in Verdict]
        yield counted("raydesk_verdicts", "Risk's answers", ("verdict",), verdicts)
        rejected = [
            ((layer.value, why.value), n) for (layer, why), n in sorted(desk.rejected_by_layer.items())
        ]
        yield counted("raydesk_rejections", "Rejections by layer and reason", ("layer", "reason"), rejected)
        states = [((state.value,), count) for state, count in sorted(desk.states().items())]
        yield labelled("raydesk_orders", "Orders by their state now", ("state",), states)
        yield counted("raydesk_orders_placed", "Orders", (), [((), desk.orders_seen)])
        yield counted("raydesk_fills", "Fills", (), [((), desk.fills_seen)])
        fees = [((currency,), float(amount)) for currency, amount in sorted(desk.fees.items())]
        yield labelled("raydesk_fees", "Fees paid, rebates taken off", ("currency",), fees)
        events = [((named.value,), count) for named, count in sorted(projection.event_counts.items())]
        yield counted("raydesk_events", "Events by type", ("event",), events)

    def _money(self) -> Iterator[Metric]:
        """In base currency; what is not known is absent, never 0."""
        books = self._picture.projection.books
        for name, text, amount in (
            ("raydesk_equity", "NAV", books.nav),
            ("raydesk_cash", "Cash", books.cash),
            ("raydesk_realized", "Realised profit before fees", books.realised),
            ("raydesk_unrealized", "Unrealised profit before fees", books.unrealised),
            ("raydesk_exposure", "Gross value of all positions", books.exposure),
            ("raydesk_drawdown_ratio", "Fall from the highest NAV", books.drawdown),
        ):
            yield _known(name, text, amount)
        positions = [
            ((holding.venue, holding.symbol), float(holding.position))
            for holding in books.state.holdings.values()
        ]
        yield labelled("raydesk_position", "Position in base units", ("venue", "symbol"), positions)

    def _modes(self) -> Iterator[Metric]:
        mode = self._picture.projection.mode
        rows = [((each.value,), float(mode.mode is each)) for each in Mode]
        yield labelled("raydesk_mode", "The desk's mode", ("mode",), rows)
        yield GaugeMetricFamily("raydesk_mode_version", "Version of the mode", value=mode.version)
        degrade = self._picture.projection.degrade
        yield GaugeMetricFamily(
            "raydesk_degrade_level", "How far it trades less, 0 to 3", value=degrade.level
        )
        armed = self._picture.armed
        yield labelled("raydesk_armed", "Whether orders can reach a venue", (), _flag(armed))

    def _latencies(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "raydesk_hop_seconds", "Desk time from one moment of a trade to the next", labels=("hop",)
        )
        for hop, histogram in self._picture.projection.latencies.items():
            family.add_metric((hop.value,), histogram.cumulative(), histogram.total_ns / SECOND)
        yield family


def _known(name: str, text: str, amount: Decimal | None) -> Metric:
    return labelled(name, text, (), [] if amount is None else [((), float(amount))])


def _flag(value: bool | None) -> Rows:
    """Absent while it is not known."""
    return [] if value is None else [((), float(value))]


def _keyed(values: dict[str, int]) -> Rows:
    return [((key,), value) for key, value in sorted(values.items())]


def _lag_s(status: ActorStatus, now: int | None) -> float:
    waiting = status.urgent_depth > 0 or status.mailbox_depth > 0
    if not waiting or now is None or status.address.startswith("supervisor/"):
        return 0.0
    return max(0, now - status.now) / SECOND


def metrics_text(picture: Picture) -> bytes:
    """The page as Prometheus reads it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DeskCollector(picture))
    return generate_latest(registry)


class MetricsService:
    """Serves the page of one desk until it is cancelled or stopped; a service has no epoch of its own (0)."""

    epoch = 0

    def __init__(self, child: ChildLaunch, *, poll_s: float = POLL_S) -> None:
        launch = child.launch
        self.ready = asyncio.Event()
        self.url: str | None = None
        self._config = launch.config
        self._settings = launch.config.metrics
        self._fresh_s = launch.config.supervision.hang_timeout / SECOND
        self._venues = tuple(f"execution/{venue}" for venue in launch.config.venues)
        self._store = RedisStore(connect(launch.redis_url), launch.desk)
        self._observer = RedisObserver(self._store)
        self._services = Services(self._store)
        self._picture = Picture(launch.desk, launch.config.desk.environment, launch.config_hash)
        self._poll_s = poll_s
        self._stopping = asyncio.Event()
        self._ending = False
        self._reason = ExitReason.NORMAL

    async def run(self) -> ExitReason:
        """Serve until `stop` or cancellation; leaves no socket and no task behind."""
        listening = self._listen()
        server = _Server(uvicorn.Config(self._application(), log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        polling = asyncio.create_task(self._poll())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await self._publish()
            self.ready.set()
            await asyncio.wait({serving, polling, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for work in (serving, polling):
                if work.done():
                    work.result()
        finally:
            self._ending = server.should_exit = True
            for task in (polling, stopping):
                task.cancel()
            await asyncio.gather(serving, polling, stopping, return_exceptions=True)
            listening.close()
            await self._withdraw()
            await self._store.close()
        return self._reason

    def stop(self, reason: ExitReason = ExitReason.SHUTDOWN) -> None:
        """End the service; `run` returns the reason."""
        self._reason = reason
        self._stopping.set()

    def _listen(self) -> socket.socket:
        listening = socket.create_server((self._settings.host, self._settings.port or 0))
        listening.setblocking(False)
        host, port = listening.getsockname()[:2]
        self.url = f"http://{host}:{port}"
        return listening

    async def _poll(self) -> None:
        while not self._ending:  # a client may turn the cancellation of a request into a time-out
            await self.refresh()
            await asyncio.sleep(self._poll_s)

    async def refresh(self) -> None:
        """Bring the picture up to date; a store that does not answer shows as such and is asked again."""
        picture = self._picture
        try:
            await self._observer.poll()
            picture.statuses = await self._observer.statuses()
            picture.dead_letters, _ = await self._observer.dead_letters(1)
            running = self._observer.projection.universe.running
            picture.connections = await read_connections(
                self._store, self._config, time.time_ns(), running=running
            )
            picture.projection = self._observer.projection
            picture.armed = not not_armed_because(self._config, picture.projection.mode.mode)
            picture.store_up = await self._observer.writable()
            picture.polled = True
            if picture.store_up:
                await self._publish()
        except StoreUnavailableError:
            picture.store_up = False
            picture.connections = picture.connections.forgotten()
        else:
            picture.pulses.note(picture.statuses, time.monotonic())

    async def _publish(self) -> None:
        """Say where the page is; done again with every look, for a store that was replaced."""
        with contextlib.suppress(StoreUnavailableError):
            await self._services.publish("metrics", self.url or "")

    async def _withdraw(self) -> None:
        with contextlib.suppress(StoreUnavailableError):
            await self._services.withdraw("metrics", self.url or "")

    def health(self) -> Health:
        """The checks of `/healthz`."""
        picture = self._picture
        return judge(
            picture.projection,
            picture.statuses,
            picture.pulses,
            writable=picture.store_up,
            fresh_within_s=self._fresh_s,
            expected=self._venues,
            connections=picture.connections,
        )

    def readiness(self) -> Health:
        """The checks of `/readyz`: healthy, and the journals were read."""
        health = self.health()
        read = HealthCheck(
            "journals", self._picture.polled, "read" if self._picture.polled else "not read yet"
        )
        return Health(health.healthy and read.ok, (*health.checks, read))

    def _application(self) -> Starlette:
        async def metrics(request: Request) -> Response:
            return Response(metrics_text(self._picture), media_type=CONTENT_TYPE_LATEST)

        async def healthz(request: Request) -> Response:
            return _answer(self.health())

        async def readyz(request: Request) -> Response:
            return _answer(self.readiness())

        routes = [Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)]
        token = self._settings.control_token
        if token is not None:
            routes += Halting(self._store, token.get_secret_value()).routes()
        return Starlette(routes=routes)


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


def _answer(health: Health) -> Response:
    body: Any = msgspec.json.encode(health)
    return Response(body, status_code=200 if health.healthy else 503, media_type="application/json")
