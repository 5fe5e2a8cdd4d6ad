"""What a desk and its processes are launched with: plain data, part of which travels as Ray arguments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from cluster.session_feed import FeedPlan
from messages.base import Address

if TYPE_CHECKING:  # a process loads what its own specification is made of, and not what the others' are
    from actors.execution.settings import ExecutionSettings
    from actors.operations.universe.settings import UniverseSettings
    from actors.risk.limits import RiskSettings
    from actors.strategy.settings import StrategyActorSettings
    from actors.venues.matching.instruments import Instrument
    from cluster.embedded_redis import RedisSettings
    from cluster.exchange.settings import ServerSettings
    from cluster.host.actor_host import HostSettings
    from cluster.host.venue_access import BinanceUsdmAccess, LiveSource, RelayPart, VenueAccess
    from cluster.logs import LogSettings
    from cluster.paper.settings import MarketSource, PaperSettings
    from cluster.steps.settings import StepSettings
    from config import DeskConfig


class Launch(msgspec.Struct, frozen=True):
    """One desk's launch: the same for all its processes.

    `desk` is its name in the store, `namespace` in Ray; `folder` holds what lives on disk (Redis, paper venues);
    `embedded_redis` is set when the desk keeps its own Redis running. `owner` is the token of the single-desk lock.
    """

    desk: str
    namespace: str
    config: DeskConfig
    config_hash: str
    code_version: str
    redis_url: str
    folder: str
    feed: FeedPlan
    ray_address: str = "auto"
    owner: str = ""
    embedded_redis: RedisSettings | None = None

    def venue_folder(self, venue: str) -> Path:
        """The folder of a venue of the desk's own: a paper venue, or a local exchange."""
        return Path(self.folder) / "venues" / venue


class ChildLaunch(msgspec.Struct, frozen=True):
    """One child of the tree: what it is, who started it, and under which of its supervisor's epochs."""

    launch: Launch
    address: Address
    kind: str
    arguments: dict[str, Any]
    parent: tuple[Address, int] | None


class StrategyPart(msgspec.Struct, frozen=True):
    """What is a strategy process's own: its strategies, and where its instruments' market data comes from.

    Live prices come from each venue of its symbols; `instruments` are in the order of the settings.
    """

    settings: StrategyActorSettings
    source: MarketSource | tuple[LiveSource, ...]
    instruments: tuple[Instrument, ...]


class UniversePart(msgspec.Struct, frozen=True):
    """What is the universe's own: its rules, the ways to the venues it asks, and what a unit of a symbol counts."""

    settings: UniverseSettings
    access: Mapping[str, BinanceUsdmAccess]
    units: Mapping[str, float]


class ExecutionPart(msgspec.Struct, frozen=True):
    """What is an execution process's own: its venue account, and how it is reached."""

    settings: ExecutionSettings
    access: VenueAccess


if TYPE_CHECKING:
    Part = (
        StrategyPart
        | RiskSettings
        | ExecutionPart
        | UniversePart
        | PaperSettings
        | ServerSettings
        | RelayPart
        | ChildLaunch
    )


class ProcessSpec(msgspec.Struct, frozen=True):
    """All that the process of one child is told, taken from the desk's settings by whoever starts it.

    The settings themselves are not in it: their models take a process longer to load than all else that it does to
    recover. Supervisors and services that work on the settings get them with their `ChildLaunch` as their `part`.
    `about` says in a few words what the process is for; it is fixed for its life.
    """

    address: Address
    kind: str
    parent: tuple[Address, int] | None
    about: str
    desk: str
    namespace: str
    config_hash: str
    code_version: str
    redis_url: str
    mailbox_capacity: int
    seed: int
    feed: FeedPlan
    logging: LogSettings
    host: HostSettings
    steps: StepSettings
    part: Part


def role_of(address: Address) -> str:
    """The role of an address: its first part."""
    return address.split("/", 1)[0]


class Started(msgspec.Struct, frozen=True):
    """A child's answer once it is ready to work."""

    address: Address
    epoch: int
    pid: int
    node: str
    config_hash: str
    code_version: str
    kind: str
    parent: Address | None
