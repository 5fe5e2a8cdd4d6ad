"""One sample under way at a time: the last process of a path tells the first when it is done with one.

Sent at a fixed pace instead, samples would queue behind each other on a busy machine, and the figures tell of the
queue. The word goes over a pipe, after the moment at which the span ends.
"""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection


class Turns:
    """The first process's end of the pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._told = asyncio.Event()

    def open(self) -> None:
        """Begin to listen, on the running loop."""
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._told.set)

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._pipe.fileno())

    async def done(self) -> None:
        """Wait until the sample under way has arrived."""
        while not self._pipe.poll():
            self._told.clear()
            await self._told.wait()
        self._pipe.recv_bytes()


def tell_done(pipe: Connection | None) -> None:
    """The last process has answered for one sample; nobody may have asked to be told."""
    if pipe is not None:
        pipe.send_bytes(b".")
