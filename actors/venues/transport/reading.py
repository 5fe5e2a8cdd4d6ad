"""A transport that only reads: the last thing before the socket where nothing may be changed at a venue.

For dry runs, monitors and venues that are read only. Execution plans no such request there; this is for the one that a
mistake would plan.
"""

from __future__ import annotations

from collections.abc import Collection

from actors.venues.transport.http import Answer, Phases, Transport
from actors.venues.transport.http1 import Request
from actors.venues.transport.http_errors import NothingWritten


class WriteWithheld(NothingWritten):
    """The request would have changed something, and was not written."""


class ReadingTransport:
    """Lets GET through, and those paths of `allowed` whatever the method: a key to listen with changes nothing."""

    def __init__(self, inner: Transport, allowed: Collection[str] = ()) -> None:
        self._inner = inner
        self._allowed = frozenset(allowed)

    async def send(self, request: Request, phases: Phases) -> Answer:
        """See `Transport.send`. Raises `WriteWithheld`."""
        path = request.target.partition("?")[0]
        if request.method != "GET" and path not in self._allowed:
            raise WriteWithheld(f"{request.method} {path} is withheld: nothing may be changed here")
        return await self._inner.send(request, phases)

    async def aclose(self) -> None:
        """See `Transport.aclose`."""
        await self._inner.aclose()
