"""HTTP for adapters: one exchange whose end is always a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from actors.venues.failures import failure_of_exception
from actors.venues.port import Failure
from actors.venues.transport.http1 import Origin, Request, origin_of, unpacked
from actors.venues.transport.http_errors import HttpError
from actors.venues.transport.lean import Phases

__all__ = ["NoReply", "Origin", "Phases", "Reply", "Transport", "exchange", "origin_of"]

_LONGEST_DETAIL = 300


class Reply(msgspec.Struct, frozen=True):
    """What the server answered, whatever its status. Header names are in lower case, repeated ones joined."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoReply(msgspec.Struct, frozen=True):
    """There is no answer. TRANSIENT: nothing was written; UNCERTAIN: perhaps it was carried out."""

    failure: Failure
    detail: str


class Answer(Protocol):
    """What a transport gives back: the body as it came, header names in any case."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]: ...

    @property
    def body(self) -> bytes: ...


class Transport(Protocol):
    """Who writes a request and reads its answer: `lean` for orders, `pooled` (httpx) for everything else."""

    async def send(self, request: Request, phases: Phases) -> Answer:
        """Write one request, at most once, and read its answer whole. Raises `HttpError`."""

    async def aclose(self) -> None:
        """Close every connection."""


async def exchange(
    transport: Transport,
    method: str,
    origin: Origin,
    target: str,
    headers: Mapping[str, str],
    phases: Phases,
    body: bytes = b"",
) -> Reply | NoReply:
    """One request to `target` (path and query, percent-encoded) of a server, written at most once.

    The target is sent byte for byte, as signatures are over it. Raises only for defects. Details carry no target: a
    signed one is secret.
    """
    told = {"user-agent": "raydesk", "accept-encoding": "gzip, deflate", **headers}
    try:
        answer = await transport.send(Request(method, origin, target, told, body), phases)
        named = _named(answer.headers)
        return Reply(answer.status, named, unpacked(answer.body, named.get("content-encoding", "")))
    except HttpError as error:
        failure = failure_of_exception(error) or Failure.UNCERTAIN
        return NoReply(failure, f"{type(error).__name__}: {error}"[:_LONGEST_DETAIL])


def _named(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
