"""httpx under the face of a transport: for all questions that no order waits for.

The lean transport is for orders, where httpx's cost per request would be seen; see `lean`.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx
import msgspec

from actors.venues.transport import http_errors as ends
from actors.venues.transport.http1 import Origin, Request
from actors.venues.transport.lean import Phases

_ENDS: tuple[tuple[type[httpx.HTTPError], type[ends.HttpError]], ...] = (
    (httpx.ConnectTimeout, ends.ConnectTimeout),
    (httpx.ConnectError, ends.ConnectError),
    (httpx.PoolTimeout, ends.PoolTimeout),
    (httpx.WriteTimeout, ends.WriteTimeout),
    (httpx.ReadTimeout, ends.ReadTimeout),
    (httpx.LocalProtocolError, ends.LocalProtocolError),
    (httpx.RemoteProtocolError, ends.RemoteProtocolError),
    (httpx.NetworkError, ends.ReadError),
    (httpx.HTTPError, ends.ReadError),
)
"""httpx's failures and ours, the most special first."""


class PooledAnswer(msgspec.Struct, frozen=True):
    """One answer, its body as it came: a content coding is undone by whoever asked."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class PooledTransport:
    """Kept connections of httpx. `connections` bounds how many are open, `keep_alive_s` how long one may be idle.

    Redirects are not followed and proxies of the environment not used: a signed request goes where it was made for.
    """

    def __init__(
        self, *, connections: int = 8, keep_alive_s: float = 30.0, verify: ssl.SSLContext | None = None
    ) -> None:
        limits = httpx.Limits(
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=keep_alive_s,
        )
        self._client = httpx.AsyncClient(
            limits=limits, verify=True if verify is None else verify, trust_env=False, follow_redirects=False
        )

    async def send(self, request: Request, phases: Phases) -> PooledAnswer:
        """Write one request and read its answer whole. Raises `HttpError`."""
        made = self._client.build_request(
            request.method,
            _url(request.origin, request.target),
            headers=_headers(request.headers),
            content=request.body or None,
            timeout=httpx.Timeout(
                connect=min(phases.connect_s, phases.start_s),
                pool=min(phases.pool_s, phases.start_s),
                write=phases.write_s,
                read=phases.read_s,
            ),
        )
        try:
            answer = await self._client.send(made, stream=True)
            try:
                body = b"".join([part async for part in answer.aiter_raw()])
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise _end_of(error) from error
        return PooledAnswer(answer.status_code, answer.headers.raw, body)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


def _url(origin: Origin, target: str) -> httpx.URL:
    """The target goes out byte for byte, as it was given."""
    return httpx.URL(
        scheme=origin.scheme, host=origin.host, port=origin.port, raw_path=target.encode("ascii")
    )


def _headers(told: Mapping[str, str]) -> dict[str, str]:
    return {"accept": "*/*", **told}


def _end_of(error: httpx.HTTPError) -> ends.HttpError:
    kind = next(ours for theirs, ours in _ENDS if isinstance(error, theirs))
    return kind(str(error) or type(error).__name__)
