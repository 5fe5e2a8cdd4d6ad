"""One request from its first byte to its answer: limits, who it is from, its fate, its handler, the headers."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cluster.exchange.api import Refusal
from cluster.exchange.faults import PERHAPS_DONE, Fate, Fault, FaultPlan
from cluster.exchange.fronts.binance_usdm.context import Call, FrontState
from cluster.exchange.fronts.binance_usdm.endpoints import ENDPOINTS, Endpoint, Security
from cluster.exchange.fronts.binance_usdm.errors import (
    BEHIND_TEXT,
    INTERNAL_TEXT,
    THROTTLED_TEXT,
    TIMEOUT_TEXT,
    UNKNOWN_TEXT,
    ApiError,
    missing,
    refused,
    unavailable,
)
from cluster.exchange.fronts.binance_usdm.parameters import Parameters, parse
from cluster.exchange.fronts.binance_usdm.signing import (
    DEFAULT_WINDOW_MS,
    bad_key,
    require_signature,
    require_time,
    require_window,
)
from cluster.http_faults import HalfAnswer

_encoder = msgspec.json.Encoder()
_PATHS = {path for _, path in ENDPOINTS}
_BEFORE = {Fault.TIMEOUT_BEFORE, Fault.RESET_BEFORE}
_AFTER = {Fault.TIMEOUT_AFTER, Fault.RESET_AFTER}
_PAGES = {
    Fault.GATEWAY: HTTPStatus.BAD_GATEWAY,
    Fault.PAGE: HTTPStatus.OK,
    Fault.FIREWALL: HTTPStatus.FORBIDDEN,
}
"""What stands between client and exchange answers with pages for people."""
_KEY_HEADER = "x-mbx-apikey"


class SentRequest(msgspec.Struct, frozen=True):
    """A request as it was sent: query string and form body undecoded."""

    method: str
    path: str
    query: str
    body: str


class RestFront:
    """Answers all requests. `cut` ends the connection of a client without an answer."""

    def __init__(
        self,
        front: FrontState,
        faults: FaultPlan,
        cut: Callable[[tuple[str, int]], None],
        answered: Counter[tuple[str, int]],
    ) -> None:
        self._front = front
        self._faults = faults
        self._cut = cut
        self.sent: deque[SentRequest] = deque(maxlen=front.settings.keep_requests)
        self._answered = answered
        """How many answers of each endpoint and status were given; -1 counts those that never came."""

    async def answer(self, request: Request) -> Response:
        """The answer to a request, or nothing but a cut connection."""
        path = request.url.path
        endpoint = ENDPOINTS.get((request.method, path))
        if endpoint is None:
            status = HTTPStatus.METHOD_NOT_ALLOWED if path in _PATHS else HTTPStatus.NOT_FOUND
            self._answered[f"{request.method} (unknown)", int(status)] += 1
            return Response(status_code=status)
        subject = f"{endpoint.method} {endpoint.path}"
        query, body = request.scope["query_string"], await request.body()
        if self.sent.maxlen:
            self.sent.append(
                SentRequest(request.method, path, query.decode("latin-1"), body.decode("latin-1"))
            )
        fate = self._faults.of_request(subject)
        if fate is not None:
            if fate.kind is Fault.LATENCY or fate.kind is Fault.TIMEOUT_BEFORE:
                await asyncio.sleep(fate.wait_s)
            if fate.kind in _BEFORE:
                return self._silence(request, subject)
        self._front.catch_up()
        response = self._carried_out(endpoint, request, query, body, fate)
        if fate is not None:
            if fate.kind is Fault.LATE or fate.kind is Fault.TIMEOUT_AFTER:
                await asyncio.sleep(fate.wait_s)
            if fate.kind in _AFTER:
                return self._silence(request, subject)
            if fate.kind is Fault.HALF_ANSWER:
                self._answered[subject, -1] += 1
                return HalfAnswer(response, lambda: self._end(request))
        self._answered[subject, response.status_code] += 1
        return response

    def _carried_out(
        self, endpoint: Endpoint, request: Request, query: bytes, body: bytes, fate: Fate | None
    ) -> Response:
        """Limits, then the fate that prevents or hides what is done, then the handler."""
        front = self._front
        address = "" if request.client is None else request.client.host
        account = ""
        try:
            parameters = Parameters(parse(query, body))
            front.limits.admit(address, endpoint.weight(parameters), front.now)
            if fate is not None:
                self._suffer(fate, address)
            key = request.headers.get(_KEY_HEADER)
            account = self._authorised(endpoint, key, parameters, query, body)
            if endpoint.orders is not None:
                front.limits.count_orders(account, endpoint.orders(parameters), front.now)
            answer = endpoint.handler(Call(front, parameters, account, key or ""))
            if fate is not None and fate.kind in PERHAPS_DONE:
                raise _failure(fate.kind)
            response = _json(answer, HTTPStatus.OK)
        except ApiError as error:
            response = _json(error.body, error.status)
            if error.retry_after is not None:
                response.headers["Retry-After"] = str(error.retry_after)
        except Refusal as refusal:
            told = refused(refusal.reason)
            response = _json(told.body, told.status)
        if fate is not None and fate.kind in _PAGES:
            return _page(fate)
        response.headers["X-MBX-USED-WEIGHT-1M"] = str(front.limits.used(address, front.now))
        if endpoint.orders is not None and account:
            ten_seconds, minute = front.limits.orders(account, front.now)
            response.headers["X-MBX-ORDER-COUNT-10S"] = str(ten_seconds)
            response.headers["X-MBX-ORDER-COUNT-1M"] = str(minute)
        return response

    def _suffer(self, fate: Fate, address: str) -> None:
        """Raises the answer of a fault that prevents the request."""
        if fate.kind is Fault.RATE_LIMIT:
            limit = self._front.settings.limits.weight_per_minute
            raise ApiError(
                -1003,
                f"Too many requests; current limit is {limit} requests per minute. "
                "Please use the websocket for live updates to avoid polling the API.",
                HTTPStatus.TOO_MANY_REQUESTS,
                retry_after=max(1, round(fate.wait_s)),
            )
        if fate.kind is Fault.BAN:
            limits, now = self._front.limits, self._front.now
            limits.ban(address, now, max(1, round(fate.wait_s)))
            limits.admit(address, 0, now)
        if fate.kind is Fault.UNAVAILABLE:
            raise unavailable()
        if fate.kind is Fault.THROTTLED:
            raise ApiError(-1008, THROTTLED_TEXT, HTTPStatus.SERVICE_UNAVAILABLE)
        if fate.kind is Fault.SKEW:
            raise ApiError(-1021, BEHIND_TEXT)
        if fate.kind is Fault.FIREWALL or (fate.kind in PERHAPS_DONE and not fate.done):
            raise _failure(fate.kind)

    def _authorised(
        self, endpoint: Endpoint, key: str | None, parameters: Parameters, query: bytes, body: bytes
    ) -> str:
        """The account a request is for. Raises `ApiError` unless it may be."""
        if endpoint.security is Security.NONE:
            return ""
        known = None if not key else self._front.exchange.account_of(key)
        if known is None:
            raise bad_key(key)
        account, secret = known
        if endpoint.security is Security.SIGNED:
            timestamp = parameters.required_whole("timestamp")
            window = require_window(parameters.whole("recvWindow", DEFAULT_WINDOW_MS) or 0)
            given = parameters.optional("signature")
            if given is None:
                raise missing("signature")
            require_time(timestamp, window, self._front.now)
            require_signature(secret, query, body, given)
        return account

    def _silence(self, request: Request, subject: str) -> Response:
        self._answered[subject, -1] += 1
        self._end(request)
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)

    def _end(self, request: Request) -> None:
        if request.client is not None:
            self._cut((request.client.host, request.client.port))


def _failure(kind: Fault) -> ApiError:
    """The answer that leaves open whether anything was done."""
    if kind is Fault.UNKNOWN:
        return ApiError(-1000, UNKNOWN_TEXT, HTTPStatus.SERVICE_UNAVAILABLE)
    if kind is Fault.BACKEND_TIMEOUT:
        return ApiError(-1007, TIMEOUT_TEXT, HTTPStatus.REQUEST_TIMEOUT)
    return ApiError(-1001, INTERNAL_TEXT, HTTPStatus.INTERNAL_SERVER_ERROR)


def _page(fate: Fate) -> Response:
    status = _PAGES[fate.kind]
    page = f"<html><head><title>{status.value} {status.phrase}</title></head><body></body></html>"
    waits = {"Retry-After": str(max(1, round(fate.wait_s)))} if fate.kind is Fault.FIREWALL else {}
    return Response(page, status, waits, media_type="text/html")


def _json(value: object, status: int) -> Response:
    return Response(_encoder.encode(value), int(status), media_type="application/json")
