"""Desks in the background: the process that holds one (`raydesk up`), and how it is told to end (`raydesk down`)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cluster.cli.desks import find, watched
from cluster.cli.documents import StatusDocument
from cluster.cli.exits import DeskNotRunningError
from cluster.cli.reading import health_of, status_of
from messages.errors import DeskError, DeskLockedError, StoreError

if TYPE_CHECKING:
    from cluster.desk import Desk

_LOOK_S = 0.25
_TAIL = 1_500


class Started(msgspec.Struct, frozen=True):
    """The process that holds a desk, and the file that has what it says."""

    pid: int
    log: str


def start(arguments: Sequence[str], folder: Path) -> Started:
    """Start `raydesk` with these arguments in a session of its own, so that it outlives this terminal.

    What it says goes to `up.log` in the desk's folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "up.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cluster", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Started(process.pid, str(log))


async def refuse_second(name: str, folder: Path | None) -> None:
    """Raises `DeskLockedError` when a desk of this name runs already.

    One whose holder is proven gone does not, unless its Ray cluster is another's and lives on: its lock in Redis ends
    by itself, and who starts anew takes it over.
    """
    from cluster.host.lease import proven_gone

    try:
        desk = await find(name, folder)
    except DeskNotRunningError:
        return
    holder, rays = desk.owner.incarnation, desk.launch.config.ray.address
    await desk.close()
    if rays is None and proven_gone(holder):
        return
    raise DeskLockedError(
        "a desk of this name is running",
        field="desk.name",
        value=f"pid {holder.pid} on {holder.node}",
        remedy="end it with `raydesk down`, or choose another name with --desk",
    )


async def until_healthy(started: Started, name: str, folder: Path | None, at_most_s: float) -> StatusDocument:
    """The desk's status as soon as it is healthy.

    Raises `StoreError` with the end of its log when it ends or takes too long.
    """
    deadline = time.monotonic() + at_most_s
    while time.monotonic() < deadline:
        if _ended(started.pid):
            raise StoreError(
                f"the desk ended while it was starting: {_tail(started.log)}", field="up", value=name
            )
        found = await _status_if_healthy(started, name, folder)
        if found is not None:
            return found
        await asyncio.sleep(_LOOK_S)
    raise StoreError(
        f"the desk is not healthy after {at_most_s:g} s: {_tail(started.log)}",
        field="up",
        value=name,
        remedy="see `raydesk health` and `raydesk tree`; end it with `raydesk down`",
    )


async def stop(desk: Desk, at_most_s: float) -> None:
    """End a running desk: its holder drains it; without a living holder here it is done from here.

    Raises `StoreError` when it takes too long.
    """
    from cluster.host.lease import is_here, proven_gone

    holder = desk.owner.incarnation
    if not is_here(holder) or proven_gone(holder):
        await desk.stop(drain=True)
        await desk.close()
        return
    os.kill(holder.pid, signal.SIGTERM)
    deadline = time.monotonic() + at_most_s
    while not proven_gone(holder):
        if time.monotonic() > deadline:
            raise StoreError(
                "the desk does not end",
                field="down",
                value=f"pid {holder.pid}",
                remedy="look at its log; give it more time with --wait",
            )
        await asyncio.sleep(_LOOK_S)
    await desk.store.close()


async def _status_if_healthy(started: Started, name: str, folder: Path | None) -> StatusDocument | None:
    """None also where another process holds the desk of that name."""
    try:
        async with watched(name, None, folder) as watch:
            owner = watch.desk.owner
            # what beats beside a holder that starts its tree may be left of one that was killed
            if owner.incarnation.pid != started.pid or not owner.tree_up:
                return None
            await watch.look_for_life()
            return await status_of(watch) if (await health_of(watch)).healthy else None
    except DeskError:
        return None


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False


def _tail(log: str) -> str:
    try:
        return Path(log).read_text(errors="replace")[-_TAIL:].strip() or "it said nothing"
    except OSError:
        return "its log can't be read"
