"""The Ray process of an actor: one class per kind, so that the dashboard's actor page reads like the desk.

Its loop for work is apart from its loop for control: it can be watched, asked and stopped while it is busy. It
announces its end by ending: whoever holds the never-ending call `hold` notices within milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import socket
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

import ray

from cluster.host.garbage import spare_what_is_loaded
from cluster.host.launch import ProcessSpec, Started, role_of
from messages.errors import DeskError, FencedError
from messages.supervision import ExitReason

T = TypeVar("T")

log = logging.getLogger("raydesk.process")

_LINGER_S = 3.0
"""How long Ray may take to end a process that asked for its end."""

CONTROL_CALLS = 64
"""How many control calls a process answers at once; `hold` of every watcher is one of them."""


class ActorProcess:
    """Hosts one desk actor. See the module docstring; subclasses only give it the name people look for.

    `told` is its pickled `ProcessSpec`: to unpickle it loads most of what the actor needs.
    """

    def __init__(self, told: bytes) -> None:
        spare_what_is_loaded()
        self.spec: ProcessSpec = pickle.loads(told)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.host: Any = None
        self.finished: asyncio.Task[ExitReason] | None = None
        self._watchers: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        if ray.get_runtime_context().was_current_actor_reconstructed:
            threading.Thread(target=self._begin_again, daemon=True).start()

    def _begin_again(self) -> None:
        """Ray restarts only the root, and constructs it without calling `begin`: nobody is there to do so."""
        ray.get_actor(self.spec.address, namespace=self.spec.namespace).begin.remote()

    def __repr__(self) -> str:
        """What the dashboard and Ray's logs show: the address, and what it stands for.

        Ray asks even when the constructor has raised, and would tell an exception of ours instead of that one.
        """
        spec = getattr(self, "spec", None)
        if spec is None:
            return type(self).__name__
        return f"{spec.address} ({spec.about})" if spec.about else spec.address

    async def begin(self) -> Started:
        """Claim, recover and start to work. Returns when the actor is ready; raises what kept it from it."""
        from cluster.host.assembly import assemble  # the actor's own imports, in its own process only

        self.loop = asyncio.get_running_loop()
        if self.host is None:
            self.host = await assemble(self.spec)
            self.finished = asyncio.create_task(self.host.run())
            self.finished.add_done_callback(self._end)
        assert self.finished is not None
        ready = asyncio.create_task(self.host.ready.wait())
        await asyncio.wait({ready, self.finished}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self.finished.done():
            self.finished.result()
        spare_what_is_loaded()
        return self._started()

    def _end(self, task: asyncio.Task[ExitReason]) -> None:
        """The actor's life is over: so is the process's, a moment later, when the last answers are out."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, FencedError):
            log.info("fenced", extra={"actor": self.spec.address, "detail": str(error)})
        elif isinstance(error, DeskError):
            log.error("stopped: %s", error, extra={"actor": self.spec.address, "reason": error.reason_code})
        elif error is not None:
            log.error("crashed", exc_info=error, extra={"actor": self.spec.address})
        orderly = error is None or isinstance(error, FencedError)
        asyncio.get_running_loop().call_later(0.05, self._vanish, orderly)

    def _vanish(self, orderly: bool) -> None:
        """End the process. An orderly end, or having been replaced, is told to Ray as one: no actor comes back."""
        if not orderly:
            os._exit(1)
        for loop, over in self._watchers:
            loop.call_soon_threadsafe(over.set)
        ray.get_runtime_context().current_actor.__ray_terminate__.remote()
        asyncio.get_running_loop().call_later(_LINGER_S, os._exit, 0)

    @ray.method(concurrency_group="control")
    async def hold(self) -> None:
        """Return at the end of the actor's life, not before: whoever waits for this learns of it at once.

        The death of the process makes the call fail.
        """
        over = asyncio.Event()
        self._watchers.append((asyncio.get_running_loop(), over))
        await over.wait()

    @ray.method(concurrency_group="control")
    async def identify(self) -> Started | None:
        """Who this is and whether it works; None while it is not ready."""
        if self.host is None or not self.host.epoch:
            return None
        return self._started()

    def _started(self) -> Started:
        spec = self.spec
        return Started(
            address=spec.address,
            epoch=self.host.epoch,
            pid=os.getpid(),
            node=socket.gethostname(),
            config_hash=spec.config_hash,
            code_version=spec.code_version,
            kind=spec.kind,
            parent=spec.parent[0] if spec.parent else None,
        )

    @ray.method(concurrency_group="control")
    async def stop(self, reason: str = ExitReason.SHUTDOWN.value) -> None:
        """Finish the step, snapshot, write the exit reason and end. Returns when that is done."""
        if self.loop is None or self.finished is None:
            os._exit(0)
        self.loop.call_soon_threadsafe(self.host.stop, ExitReason(reason))
        await self._there(_outcome(self.finished))

    @ray.method(concurrency_group="control")
    async def call(self, method: str, *arguments: Any) -> Any:
        """Call one of the host's coroutine methods on its own loop (the replay clock and tools use this)."""
        return await self._there(getattr(self.host, method)(*arguments))

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        assert self.loop is not None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    def __ray_shutdown__(self) -> None:
        """SIGTERM and Ray's own termination: drain as `stop` does, within Ray's patience."""
        if self.loop is None or self.finished is None or self.finished.done():
            return
        self.loop.call_soon_threadsafe(self.host.stop, ExitReason.SHUTDOWN)
        done = asyncio.run_coroutine_threadsafe(_outcome(self.finished), self.loop)
        done.result(timeout=10)


async def _outcome(task: asyncio.Task[ExitReason]) -> None:
    await asyncio.wait({task})


class StrategyActor(ActorProcess):
    """Decides for one symbol."""


class RiskActor(ActorProcess):
    """Approves for the whole portfolio."""


class ExecutionActor(ActorProcess):
    """Trades on one venue account."""


class UniverseActor(ActorProcess):
    """Decides which symbols are traded."""


class SupervisorActor(ActorProcess):
    """Keeps its children alive."""


class LocalVenue(ActorProcess):
    """A venue of the desk's own: a paper venue, or a local exchange."""


class MarketRelay(ActorProcess):
    """Holds a venue's market streams for all strategies."""


class ReplayClock(ActorProcess):
    """Grants desk time to a replayed desk."""


class MetricsExporter(ActorProcess):
    """Serves the desk's metrics."""


_CLASSES = {
    "strategy": StrategyActor,
    "risk": RiskActor,
    "execution": ExecutionActor,
    "universe": UniverseActor,
    "supervisor": SupervisorActor,
    "venue": LocalVenue,
    "relay": MarketRelay,
    "clock": ReplayClock,
    "metrics": MetricsExporter,
}


def remote_class(address: str, *, root: bool = False) -> Any:
    """The Ray actor class that hosts `address`.

    Children are never restarted by Ray (`max_restarts=0`): their supervisor does that. Only the root is.
    """
    return _remote_class(role_of(address), root)


@cache
def _remote_class(role: str, root: bool) -> Any:
    """One for each kind: Ray stores each class that is made in its cluster, and keeps it."""
    plain = _CLASSES[role]
    decorate: Any = ray.remote(
        num_cpus=0,
        max_restarts=-1 if root else 0,
        max_task_retries=0,
        concurrency_groups={"control": CONTROL_CALLS},
    )
    return decorate(plain)
