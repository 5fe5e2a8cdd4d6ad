"""The kill switch over HTTP: `POST /halt` beside the metrics, for whoever can reach that page and knows the token.

It halts and never resumes: that takes a person with `raydesk resume`. Without a token in the settings it is not there.
"""

from __future__ import annotations

import hmac
import time
from typing import Annotated

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from cluster.store.redis_store import RedisStore
from messages.base import CONTROL, Address, Envelope
from messages.control import Halt
from messages.errors import StoreUnavailableError

OPERATOR: Address = "operator"
LARGEST = 4_096
"""Bytes of a body that are read; there is nothing long to say."""

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class HaltRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /halt`, JSON; any of it may be left out. `by` is who says so, `flatten` closes positions."""

    by: Words = "http"
    reason: Words = "halted over HTTP"
    flatten: bool = False


class Halting:
    """Serves the route."""

    def __init__(self, store: RedisStore, token: str) -> None:
        self._store = store
        self._token = token.encode()

    def routes(self) -> list[Route]:
        """What to serve."""
        return [Route("/halt", self.halt, methods=["POST"])]

    async def halt(self, request: Request) -> Response:
        """202 once the kill switch is in the desk's control stream; 401, 400 or 503 where nothing was done."""
        if not self._knows(request.headers.get("authorization", "")):
            return _answer(401, error="give the token of metrics.control_token: Authorization: Bearer TOKEN")
        try:
            asked = await _body(request)
        except (msgspec.MsgspecError, ClientDisconnect, ValueError) as error:
            return _answer(
                400, error=f'{error}; send JSON such as {{"by": "anna", "reason": "flood"}}, or nothing'
            )
        message = Halt(f"{asked.by} over HTTP", asked.reason, asked.flatten)
        envelope = Envelope(OPERATOR, 0, CONTROL, "operator", "operator", time.time_ns(), message)
        try:
            message_id = await self._store.post(envelope)
        except StoreUnavailableError:
            # fail closed all the same: without its store no actor commits, so that no new order leaves
            return _answer(503, error="the desk's store does not answer: nothing was halted; try again")
        return _answer(202, message_id=message_id)

    def _knows(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token)


async def _body(request: Request) -> HaltRequest:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST:
            raise ValueError(f"the body is longer than {LARGEST} bytes")
    return msgspec.json.decode(data, type=HaltRequest) if data.strip() else HaltRequest()


def _answer(status: int, **told: str) -> Response:
    return Response(msgspec.json.encode(told), status_code=status, media_type="application/json")
