"""The emptiest process a supervisor's executor could start: a Ray actor that only says it is there.

Its start and its recovery are the floor of all others. It imports nothing of the desk.
"""

from __future__ import annotations

import asyncio
import os
import socket
from functools import cache
from typing import Any, NamedTuple

import ray


class EmptyStarted(NamedTuple):
    """An empty process's answer once it runs; without mailbox and journal it has no epoch."""

    epoch: int
    pid: int
    node: str


class EmptyProcess:
    """Answers like the process of a desk actor, and hosts none."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __repr__(self) -> str:
        return self.address

    async def begin(self) -> EmptyStarted:
        """Nothing is claimed, loaded or recovered."""
        return EmptyStarted(0, os.getpid(), socket.gethostname())

    @ray.method(concurrency_group="control")
    async def hold(self) -> None:
        """Never return: the caller learns of this process's end by the failure of this call."""
        await asyncio.Event().wait()

    @ray.method(concurrency_group="control")
    async def identify(self) -> None:
        """Never adopted: it gives no answer that could be."""


@cache
def empty_class(control_calls: int) -> Any:
    """The Ray class, with the options of a desk's processes."""
    remote: Any = ray.remote
    decorate = remote(
        num_cpus=0, max_restarts=0, max_task_retries=0, concurrency_groups={"control": control_calls}
    )
    return decorate(EmptyProcess)
