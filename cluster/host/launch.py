"""What a process must be told to host an actor: plain data that travels as a Ray argument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from cluster.embedded_redis import RedisSettings
from cluster.host.clocks import DeskClock, GrantedClock, PaceAnchor, PacedClock
from config import DeskConfig
from messages.base import Address


class FeedPlan(msgspec.Struct, frozen=True):
    """Where market data comes from and how desk time runs.

    `speed` is `lockstep`, `max` or a number (1 = as recorded); `start` and `end` bound the replay in ns UTC; `anchor`
    ties desk time to machine time when a number is given; `slice_ns` is how much time one grant gives.
    """

    files: tuple[str, ...] = ()
    cache: str = ""
    speed: str = "1"
    start: int = 0
    end: int | None = None
    slice_ns: int = 100_000_000
    anchor: PaceAnchor | None = None

    @property
    def granted(self) -> bool:
        """Whether the replay clock grants desk time, slice by slice."""
        return self.speed in ("lockstep", "max")

    @property
    def lockstep(self) -> bool:
        """Whether it grants every step as well."""
        return self.speed == "lockstep"

    def clock(self) -> DeskClock:
        """A desk clock that follows this plan."""
        if self.granted:
            return GrantedClock(self.start)
        return PacedClock(self.anchor) if self.anchor is not None else PacedClock.live()


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
        """The folder of a paper venue's own store."""
        return Path(self.folder) / "venues" / venue


class ChildLaunch(msgspec.Struct, frozen=True):
    """One child of the tree: what it is, who started it, and under which of its supervisor's epochs."""

    launch: Launch
    address: Address
    kind: str
    arguments: dict[str, Any]
    parent: tuple[Address, int] | None


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
