"""One session of a desk from start to end: started, watched, ended by its own end, a time, a signal or its failure.

Apart from the commands, which only say when it is to end; everything here is awaited and testable with a stand-in.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cluster.cli.desks import Watch
from cluster.cli.documents import Progress
from cluster.cli.owners import progress_of
from cluster.observe.summary import RunSummary, run_summary
from config import LoadedConfig
from messages.control import Drain
from messages.errors import StoreError, StoreUnavailableError
from messages.intents import Purpose

if TYPE_CHECKING:
    from cluster.desk import Desk

LOOK_S = 0.5
ONCE_AT_MOST_S = 60.0
SETTLE_S = 10.0
"""How long working orders are given to end before the tree is stopped."""
PATIENCE_S = 60.0
"""How long the store may be away before a session is taken for lost."""


class Ending(StrEnum):
    """When a session ends by itself."""

    NEVER = "never"
    UNTIL_END = "until_end"
    AFTER = "after"
    ONCE = "once"


class Request(msgspec.Struct, frozen=True):
    """What is to be run, and until when; `seconds` of machine time go with `AFTER`."""

    loaded: LoadedConfig
    data: tuple[Path, ...] = ()
    speed: str | None = None
    ending: Ending = Ending.NEVER
    seconds: float | None = None
    folder: Path | None = None


class Finished(msgspec.Struct, frozen=True):
    """A session's outcome: the summary, what a person has to look at, and why it ended."""

    summary: RunSummary
    troubles: tuple[str, ...]
    because: str


Show = Callable[[Watch, Progress | None, str], None]
"""Called after each look: the watch, the progress, and a note when the store did not answer."""

Starter = Callable[[Request], Awaitable["Desk"]]


async def start(request: Request) -> Desk:
    """Start the desk of this request."""
    from cluster.desk import start_desk

    return await start_desk(
        request.loaded,
        data=request.data,
        speed=request.speed,
        fresh=request.ending is not Ending.NEVER,
        folder=request.folder,
        environ=os.environ,
    )


async def run_session(
    request: Request, *, started: Callable[[Desk], None], show: Show, starter: Starter = start
) -> Finished:
    """Start a desk, watch it until its end, stop it, and sum up. Ends in order on SIGINT and SIGTERM."""
    desk = await starter(request)
    try:
        started(desk)
        watch = Watch(desk)
        with _signals() as signalled:
            because = await _watch(request, watch, show, signalled)
        return await _finish(request, watch, because)
    finally:
        await desk.close()


async def _watch(request: Request, watch: Watch, show: Show, signalled: asyncio.Event) -> str:
    """Look again and again until the session is over; returns why."""
    began = answered = time.monotonic()
    ended = asyncio.create_task(_wait_for_end(watch)) if request.ending is Ending.UNTIL_END else None
    try:
        while True:
            progress, note = None, ""
            try:
                await watch.look()
                progress = await progress_of(watch.desk)
                answered = time.monotonic()
            except StoreUnavailableError as error:
                note = str(error)
            show(watch, progress, note)
            now = time.monotonic()
            because = _over(request, watch, signalled, ended, now - began)
            if because is None and now - answered > PATIENCE_S:
                raise StoreError("the store has been away for too long", field="session", value=note)
            if because is None and not note and await _was_left(watch):
                because = "the desk has left"
            if because is not None:
                return because
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(signalled.wait(), LOOK_S)
    finally:
        if ended is not None:
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)


def _over(
    request: Request,
    watch: Watch,
    signalled: asyncio.Event,
    ended: asyncio.Task[None] | None,
    elapsed_s: float,
) -> str | None:
    if signalled.is_set():
        return "stopped by a signal"
    if ended is not None and ended.done():
        ended.result()
        return "the session has ended"
    if request.ending is Ending.AFTER and request.seconds is not None and elapsed_s >= request.seconds:
        return f"{request.seconds:g} s are over"
    if request.ending is Ending.ONCE:
        if every_strategy_decided(watch):
            return "every strategy has decided once"
        if elapsed_s > ONCE_AT_MOST_S:
            return f"not every strategy decided within {ONCE_AT_MOST_S:g} s"
    return None


def every_strategy_decided(watch: Watch) -> bool:
    """Whether each strategy actor has taken a decision on market data."""
    deciders = [status.address for status in watch.statuses if status.address.startswith("strategy/")]
    return bool(deciders) and all(watch.projection.actor(address).observations for address in deciders)


async def _wait_for_end(watch: Watch) -> None:
    while True:
        try:
            if await watch.desk.wait_until_end(1.0):
                return
        except StoreUnavailableError:
            await asyncio.sleep(LOOK_S)


async def _was_left(watch: Watch) -> bool:
    """Whether the root has left for good, as it does when it gives up or is told to by another."""
    try:
        root = next(status for status in watch.statuses if status.address == ROOT)
    except StopIteration:
        return False
    return root.exit_reason in ("shutdown", "normal")


ROOT = "supervisor/desk"


async def _finish(request: Request, watch: Watch, because: str) -> Finished:
    """Let working orders end, stop the tree, and read the journals to their end."""
    from cluster.cli.outcome import troubles

    if request.ending is not Ending.UNTIL_END and watch.config.supervision.drain == "cancel":
        with contextlib.suppress(StoreUnavailableError):
            await watch.desk.post(Drain(by="operator", reason=because))
            await _until_settled(watch, SETTLE_S)
    await watch.desk.stop(drain=False)
    await watch.look()
    letters, _ = await watch.observer.dead_letters(1)
    summary = run_summary(watch.projection, watch.statuses, request.loaded.hash)
    return Finished(summary, troubles(watch.projection, letters), because)


async def _until_settled(watch: Watch, at_most_s: float) -> None:
    """Until no order works any more and all mail is read; what does not settle is left as it is."""
    deadline = time.monotonic() + at_most_s
    while time.monotonic() < deadline:
        await watch.look()
        traders = [each for each in watch.statuses if not each.address.startswith(_NO_TRADERS)]
        busy = any(
            each.urgent_depth or each.mailbox_depth or each.outstanding or each.control_behind
            for each in traders
        )
        working = any(
            order.open and order.purpose is not Purpose.PROTECTIVE
            for order in watch.projection.orders.orders.values()
        )
        if not busy and not working:
            return
        await asyncio.sleep(0.1)


_NO_TRADERS = ("supervisor/", "clock", "metrics", "venue/")


@contextlib.contextmanager
def _signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set, instead of ending the process."""
    signalled, loop = asyncio.Event(), asyncio.get_running_loop()
    taken = []
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, signalled.set)
        except (
            ValueError,
            RuntimeError,
            NotImplementedError,
        ):  # not the main thread: someone else's to handle
            continue
        taken.append(number)
    try:
        yield signalled
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
