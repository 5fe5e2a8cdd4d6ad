"""Settings of the machinery below the actors: Redis, Ray and the supervisors."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from config.duration import MILLISECOND, SECOND, Duration, PositiveDuration
from config.ratio import Share
from config.schema.base import Contradiction, Port, PositiveCount, Settings, Text, matches

_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")

MemorySize = Annotated[str, matches(r"[1-9][0-9]{0,9}(kb|mb|gb)", "a size such as 512mb or 2gb")]


class RedisSettings(Settings):
    """Where mailboxes and journals are kept, and how safely."""

    mode: Literal["embedded", "url"] = Field(
        default="embedded",
        description="embedded starts a Redis for this desk; url uses one that runs already.",
    )
    url: SecretStr | None = Field(
        default=None, description="Address of the Redis of mode url, such as redis://:password@host:6379/0."
    )
    data_dir: Text | None = Field(
        default=None,
        description="Folder of the embedded Redis; null for a folder of the desk below ~/.raydesk.",
    )
    appendfsync: Literal["always", "everysec", "no"] = Field(
        default="always",
        description="When the embedded Redis flushes to disk: always survives power failure, everysec loses a "
        "second of it, no leaves it to the operating system.",
    )
    socket: Literal["unix", "tcp"] = Field(default="unix", description="How actors reach the embedded Redis.")
    port: Port | None = Field(
        default=None,
        description="Loopback port of the embedded Redis with socket tcp; null chooses a free one.",
    )
    maxmemory: MemorySize | None = Field(
        default=None,
        description="Memory at which the embedded Redis refuses writes, such as 512mb; null for no bound.",
    )
    on_store_loss: PositiveDuration = Field(
        default=5 * SECOND, description="Time without Redis after which non-protective orders are cancelled."
    )
    mailbox_capacity: PositiveCount = Field(
        default=10_000, description="Messages a mailbox holds before it refuses."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        if self.mode == "url" and self.url is None:
            yield Contradiction(
                ("url",), None, "is required in mode url", "set redis.url, best as ${REDIS_URL}"
            )
        if self.mode == "embedded" and self.url is not None:
            yield Contradiction(
                ("url",), None, "is not used in mode embedded", "set redis.mode to url, or remove redis.url"
            )
        if self.url is not None and not self.url.get_secret_value().startswith(_REDIS_SCHEMES):
            yield Contradiction(
                ("url",), None, "is not the address of a Redis", f"begin it with {', '.join(_REDIS_SCHEMES)}"
            )
        if self.port is not None and self.socket == "unix":
            yield Contradiction(
                ("port",),
                self.port,
                "is not used with socket unix",
                "set redis.socket to tcp, or remove redis.port",
            )


class HealthCheckSettings(Settings):
    """How soon Ray notices a dead node; its own defaults take 15 to 64 seconds."""

    initial_delay: Duration = Field(
        default=1 * SECOND, description="Time a new node is given before the first check."
    )
    period: PositiveDuration = Field(default=500 * MILLISECOND, description="Time between two checks.")
    timeout: PositiveDuration = Field(default=1 * SECOND, description="Time within which a node must answer.")
    failure_threshold: PositiveCount = Field(
        default=3, description="Failed checks in a row after which a node is dead."
    )


class RaySettings(Settings):
    """The Ray that hosts the actors' processes."""

    address: Text | None = Field(
        default=None,
        description="null starts a Ray of its own, auto joins the one on this machine, else host:port.",
    )
    namespace: Text | None = Field(default=None, description="Ray namespace; null for the desk's name.")
    dashboard: bool = Field(
        default=True, description="Whether a Ray started by the desk serves its dashboard."
    )
    dashboard_host: Text = Field(default="127.0.0.1", description="Address that the dashboard listens on.")
    dashboard_port: Port = Field(default=8265, description="Port of the dashboard.")
    symbols_per_actor: PositiveCount = Field(
        default=1, description="Strategy actors that share one process: one, until they can be packed."
    )
    resources: bool = Field(
        default=False,
        description="Whether actors ask for a custom resource per role; for clusters that label their nodes.",
    )
    health_check: HealthCheckSettings = Field(
        default=HealthCheckSettings(), description="How soon a dead node is noticed."
    )

    def contradictions(self) -> Iterator[Contradiction]:
        if self.symbols_per_actor != 1:
            yield Contradiction(
                ("symbols_per_actor",),
                self.symbols_per_actor,
                "each strategy actor has a process of its own: they can't be packed yet",
                "set it to 1; `group: true` of a strategy puts all its symbols into one actor",
            )


class BackoffSettings(Settings):
    """The growing pause before a child is started again."""

    minimum: PositiveDuration = Field(
        default=200 * MILLISECOND, description="Pause before the first restart."
    )
    maximum: PositiveDuration = Field(default=30 * SECOND, description="Longest pause before a restart.")
    jitter: Share = Field(default=Decimal("0.2"), description="Part of the pause that is drawn at random.")

    def contradictions(self) -> Iterator[Contradiction]:
        if self.minimum > self.maximum:
            yield Contradiction(
                ("minimum",), None, "is longer than backoff.maximum", "make minimum the shorter of the two"
            )


class IntensitySettings(Settings):
    """How many restarts a child may need before it is given up."""

    restarts: PositiveCount = Field(default=5, description="Restarts allowed within the period.")
    period: PositiveDuration = Field(
        default=60 * SECOND, description="The period in which restarts are counted."
    )


class SupervisionSettings(Settings):
    """How actors are watched, restarted, given up, snapshotted and stopped."""

    heartbeat_interval: PositiveDuration = Field(
        default=500 * MILLISECOND, description="Time between two heartbeats of an actor."
    )
    hang_timeout: PositiveDuration = Field(
        default=5 * SECOND,
        description="Time a heartbeat may stand still, while Redis answers, before its actor is hung.",
    )
    lease: PositiveDuration = Field(
        default=5 * SECOND,
        description="Time after which a replaced actor can't act any more; bounds venue requests too.",
    )
    backoff: BackoffSettings = Field(default=BackoffSettings(), description="Pauses between restarts.")
    intensity: IntensitySettings = Field(
        default=IntensitySettings(), description="Restarts after which a child is given up."
    )
    quiet_time: PositiveDuration | None = Field(
        default=None,
        description="Time after which a given-up child is tried again; null leaves it to a person.",
    )
    snapshot_every: PositiveCount = Field(default=500, description="Steps between two snapshots of an actor.")
    digest_every: PositiveCount = Field(
        default=50,
        description="Steps between two digests in the journal; up to twice as many while every step is one that an "
        "order waits for.",
    )
    poison_attempts: PositiveCount = Field(
        default=3, description="Failures after which a message is dead-lettered."
    )
    journal_retention_steps: PositiveCount = Field(
        default=10_000, description="Steps of the journal that are kept for replay at least."
    )
    shutdown_timeout: PositiveDuration = Field(
        default=5 * SECOND, description="Time a child has to stop by itself before it is terminated."
    )
    drain: Literal["cancel", "keep"] = Field(
        default="cancel",
        description="What shutdown does with working orders: cancel those not protective, or keep all.",
    )

    def contradictions(self) -> Iterator[Contradiction]:
        for name, timeout in (("hang_timeout", self.hang_timeout), ("lease", self.lease)):
            if timeout < 2 * self.heartbeat_interval:
                yield Contradiction(
                    (name,),
                    None,
                    "is shorter than two heartbeats: healthy actors would be replaced",
                    f"make {name} at least twice heartbeat_interval",
                )
