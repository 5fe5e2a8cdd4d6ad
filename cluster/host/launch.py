"""What a process must be told to host an actor: plain data that travels as a Ray argument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from cluster.embedded_redis import RedisSettings
from cluster.session_feed import FeedPlan
from config import DeskConfig
from messages.base import Address


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
