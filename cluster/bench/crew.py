"""The processes of a measurement: each runs one role on an event loop of its own and answers over a pipe.

On a desk every actor has a process of its own, so a hop is measured between processes. Their output goes to files,
as that of a desk's processes does, never among the results.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Protocol

import uvloop

from messages.errors import DeskError

ANSWER_TIMEOUT_S = 60.0
_END_TIMEOUT_S = 15.0


class BenchError(DeskError):
    """A measurement could not be made, or would not be of what it claims to measure."""

    reason_code: ClassVar[str] = "bench_failed"


class Role(Protocol):
    """What a process of a measurement does; its public coroutine methods can be asked for by name."""

    async def open(self) -> None:
        """Begin to work."""

    async def close(self) -> None:
        """End."""


class Member:
    """One running process, as its crew sees it."""

    def __init__(
        self,
        name: str,
        make: Callable[..., Role],
        arguments: tuple[Any, ...],
        log: Path,
        answer_timeout_s: float,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.name = name
        self._log = log
        self._answer_timeout_s = answer_timeout_s
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_live, args=(make, arguments, theirs, str(log)), name=name, daemon=True
        )
        self._process.start()
        theirs.close()

    def ask(self, question: str, *arguments: Any) -> Any:
        """Call a coroutine method of the role; raises `BenchError` when it fails, dies or takes too long."""
        try:
            self._pipe.send((question, arguments))
            return self.answer()
        except (EOFError, BrokenPipeError) as error:
            raise self._failed("its process ended") from error

    def answer(self) -> Any:
        """Wait for the answer to what was asked last (or for the word that the role has begun)."""
        if not self._pipe.poll(self._answer_timeout_s):
            raise self._failed(f"no answer within {self._answer_timeout_s:.0f} s")
        try:
            fine, value = self._pipe.recv()
        except EOFError as error:
            raise self._failed("its process ended") from error
        if not fine:
            raise self._failed(value)
        return value

    def end(self) -> None:
        """Let the process end; kill it when it does not."""
        self._pipe.close()
        self._process.join(_END_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _failed(self, why: str) -> BenchError:
        written = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
        return BenchError(
            f"the measurement failed: {why}",
            field=f"bench.{self.name}",
            value=written[-1][-300:] if written else None,
        )


class Crew:
    """Starts processes and ends all of them with its block; their logs are in `folder`."""

    def __init__(self, folder: Path, *, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._folder = folder
        self._answer_timeout_s = answer_timeout_s
        self._members: list[Member] = []
        self._pipes: list[Connection] = []

    def start(self, name: str, make: Callable[..., Role], *arguments: Any) -> Member:
        """Start a process whose role is `make(*arguments)`; returns once it has begun."""
        member = Member(name, make, arguments, self._folder / f"{name}.log", self._answer_timeout_s)
        self._members.append(member)
        member.answer()
        return member

    def pipe(self) -> tuple[Connection, Connection]:
        """A one-way pipe between two processes still to be started: where to read, where to write."""
        ends = multiprocessing.get_context("spawn").Pipe(duplex=False)
        self._pipes += ends
        return ends

    def __enter__(self) -> Crew:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self._members:
            member.end()
        for pipe in self._pipes:
            pipe.close()


def _live(make: Callable[..., Role], arguments: tuple[Any, ...], pipe: Connection, log: str) -> None:
    """The process's main function."""
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(make, arguments, pipe))


async def _serve(make: Callable[..., Role], arguments: tuple[Any, ...], pipe: Connection) -> None:
    """Answer what is asked, one thing after the other, until the crew closes its end of the pipe."""
    role = make(*arguments)
    asked, given = "open", ()
    with suppress(EOFError, BrokenPipeError):
        while True:
            try:
                answer = (True, await getattr(role, asked)(*given))
            except DeskError as error:
                answer = (False, str(error))
            pipe.send(answer)
            asked, given = await asyncio.to_thread(pipe.recv)
    await role.close()
