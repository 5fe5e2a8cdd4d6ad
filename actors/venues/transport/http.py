"""HTTP for adapters: one exchange whose end is always a value, and a client for what is not in a hurry."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx
import msgspec

from actors.venues.failures import failure_of_exception
from actors.venues.port import Failure
from actors.venues.transport.lean import LeanTransport

_LONGEST_DETAIL = 300


class Phases(msgspec.Struct, frozen=True):
    """How long each phase of a request may take, in seconds."""

    connect_s: float = 2.0
    pool_s: float = 1.0
    write_s: float = 2.0
    read_s: float = 5.0

    def as_httpx(self) -> dict[str, float]:
        """As transports of httpx want it."""
        return {"connect": self.connect_s, "pool": self.pool_s, "write": self.write_s, "read": self.read_s}


class Reply(msgspec.Struct, frozen=True):
    """What the server answered, whatever its status. Header names count in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoReply(msgspec.Struct, frozen=True):
    """There is no answer. TRANSIENT: nothing was written; UNCERTAIN: perhaps it was carried out."""

    failure: Failure
    detail: str


def http_client(
    phases: Phases,
    *,
    connections: int = 64,
    keep_alive_s: float = 30.0,
    verify: ssl.SSLContext | None = None,
) -> httpx.AsyncClient:
    """A client over `LeanTransport`; it follows no redirects and reads nothing from the environment."""
    return httpx.AsyncClient(
        transport=LeanTransport(connections=connections, keep_alive_s=keep_alive_s, verify=verify),
        timeout=httpx.Timeout(**phases.as_httpx()),
        trust_env=False,
    )


async def exchange(
    transport: httpx.AsyncBaseTransport,
    method: str,
    base: httpx.URL,
    target: str,
    headers: Mapping[str, str],
    phases: Phases,
) -> Reply | NoReply:
    """One request to `target` (path and query, percent-encoded) at `base`, written at most once.

    The target is sent byte for byte, as signatures are over it. Raises only for defects. Details carry no target: a
    signed one is secret.
    """
    # Below the client, whose merging of defaults and parsing of the query cost as much as all the rest.
    request = httpx.Request(
        method,
        base,
        headers={"user-agent": "raydesk", "accept-encoding": "gzip, deflate", **headers},
        extensions={"timeout": phases.as_httpx(), "target": target.encode("ascii")},
    )
    try:
        response = await transport.handle_async_request(request)
        body = await response.aread()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = failure_of_exception(error) or Failure.UNCERTAIN
        return NoReply(failure, f"{type(error).__name__}: {error}"[:_LONGEST_DETAIL])
    return Reply(response.status_code, response.headers, body)
