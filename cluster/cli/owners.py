"""What a running desk tells of itself: who runs it, and how far its session has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cluster.cli.documents import Progress

if TYPE_CHECKING:
    from cluster.desk import Desk


class Facts(msgspec.Struct, frozen=True):
    """Who runs a desk, since when (machine time, ns UTC), and at which speed."""

    host: str
    pid: int
    since: int
    speed: str
    config_hash: str
    dashboard_url: str | None


def owner_facts(desk: Desk) -> Facts:
    """The facts of a running desk."""
    owner = desk.owner
    return Facts(
        owner.host, owner.incarnation.pid, owner.since, owner.speed, owner.config_hash, desk.dashboard_url
    )


async def progress_of(desk: Desk) -> Progress | None:
    """How far a replayed or bounded session has come; None when the desk does not say."""
    found = await desk.progress()
    if found is None:
        return None
    return Progress(found.time, found.start, found.end or None, found.draining, found.ended)
