"""The short way to Redis, for what happens in every step: commits, heartbeats, and waiting for mail.

The connections are redis-py's, and with them sign-in, TLS and reconnecting. What is left out is what its client puts
around every single command: a pool with a lock, a look whether the connection is still good, packing in Python, a
task and two timers. That is two thirds of a commit's time, and more than Redis itself needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha1
from typing import Any

import hiredis
from redis import exceptions
from redis.asyncio.connection import AbstractConnection, ConnectionPool

_IDLE_S = 1.0
"""A connection that was used within that time is taken to be good. If it is not, the call is in doubt, as always."""


class Script:
    """A Lua script, and the name under which a server that has seen it knows it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()


class Commands:
    """Sends commands to where `pool` leads, over connections of its own: one, unless several calls are under way.

    An answer may take as long as the pool's `socket_timeout` says, connecting included. Nothing is ever sent twice by
    itself.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool: Any = pool  # the methods used here have no types
        self._timeout_s: float = pool.connection_kwargs["socket_timeout"]
        self._free: list[tuple[AbstractConnection, float]] = []

    async def call(self, *command: Any, wait_s: float = 0.0) -> Any:
        """Send one command, which the server may hold for `wait_s`; returns its answer, undecoded.

        Raises what redis-py raises: `ResponseError` when the server refuses, `ConnectionError` or `TimeoutError` when
        no answer came. Whether the command was carried out is then not known.
        """
        packed = hiredis.pack_command(command)
        connection = await self._take()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_s + wait_s):
                await connection.send_packed_command(packed, check_health=False)
                answer = await connection.read_response()
        except exceptions.ResponseError:
            self._free.append((connection, loop.time()))  # the answer was read whole
            raise
        except BaseException as error:
            # also when the caller gave up: the rest of this answer must not be read as one to another question
            await connection.disconnect(nowait=True)
            if isinstance(error, TimeoutError):
                raise exceptions.TimeoutError(f"no answer within {self._timeout_s + wait_s:g} s") from None
            if isinstance(error, exceptions.ConnectionError):
                await self.close()  # the server has gone: none of them is good any more
            raise
        self._free.append((connection, loop.time()))
        return answer

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run a script; a server that does not know it, such as one that was started again, is given its text."""
        try:
            return await self.call("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except exceptions.NoScriptError:
            return await self.call("EVAL", script.text, len(keys), *keys, *arguments)

    async def close(self) -> None:
        """Close the connections that are not in use."""
        while self._free:
            connection, _ = self._free.pop()
            await connection.disconnect(nowait=True)

    async def _take(self) -> AbstractConnection:
        """A connection to send on: the one used last, or one that connects with the first command."""
        if not self._free:
            new: AbstractConnection = self._pool.make_connection()
            new.socket_timeout = None  # the whole call has one deadline, not each part of it
            return new
        connection, used = self._free.pop()
        if asyncio.get_running_loop().time() - used > _IDLE_S:
            await _drop_if_stale(connection)
        return connection


async def _drop_if_stale(connection: Any) -> None:
    """Disconnect what the server has left meanwhile; the next command then connects again."""
    if not connection.is_connected:
        return
    try:
        stale = await connection.can_read_destructive()
    except (exceptions.ConnectionError, OSError):
        stale = True
    if stale:
        await connection.disconnect(nowait=True)
