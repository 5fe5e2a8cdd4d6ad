"""One way to the venue's REST API for everything: budget, breaker, signature, one attempt, the answer's meaning."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from actors.venues.binance_usdm import endpoints as at
from actors.venues.binance_usdm.codes import CLOCK_SKEWED, TOO_MANY_ORDERS, VenueWords, meaning, words_of
from actors.venues.binance_usdm.endpoints import Endpoint, Security
from actors.venues.binance_usdm.limits import ADDRESS, default_limits, stated_limits, used_units
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from actors.venues.binance_usdm.signing import Credentials, query_string
from actors.venues.port import FAILURES, Failure
from actors.venues.transport.breaker import Breaker
from actors.venues.transport.budget import Budget, Priority
from actors.venues.transport.http import NoReply, Reply, Transport, exchange, origin_of
from actors.venues.transport.lean import LeanTransport
from actors.venues.transport.rate_gate import RateGate
from actors.venues.transport.server_clock import ServerClock, clock_sample
from messages.errors import DataProviderError, VenueConnectionError
from messages.reasons import Reason
from messages.venue import Outcome

T = TypeVar("T")

_MILLISECOND = 1_000_000
_SECOND = 1_000_000_000
_LONGEST_DETAIL = 300
_FIRST_SAMPLES = 3
_JSON = frozenset({b"{", b"["})
_NEEDED_NOW = frozenset({at.TIME.path, "/fapi/v1/ticker/bookTicker"})
"""Without the venue's time no price is believed, and polled prices stand in for a broken stream: histories wait."""
_PAUSES_S = {403: 30.0, 418: 120.0, 429: 10.0}
"""How long to leave the venue alone when it does not say."""


class Answer(msgspec.Struct, frozen=True):
    """The end of one request: `failure` None means that `body` is what was asked for; `code` is the venue's own."""

    failure: Failure | None
    reason: Reason
    detail: str = ""
    code: int = 0
    body: bytes = b""

    @property
    def outcome(self) -> Outcome:
        """How an attempt that ended so is told to the desk."""
        return Outcome.ACCEPTED if self.failure is None else FAILURES[self.failure][0]


class BinanceRest:
    """The venue's REST API. Belongs to the event loop it is first used on.

    Without credentials only public endpoints can be asked. `gate` is shared by all who use the same address from
    this process.
    """

    def __init__(
        self,
        settings: BinanceUsdmSettings,
        credentials: Credentials | None,
        *,
        gate: RateGate | None = None,
        transport: Transport | None = None,
        local: Callable[[], int] = time.monotonic_ns,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        limits = default_limits(settings.address_limit, settings.orders_10s, settings.orders_1m)
        self.gate = gate or RateGate(Budget(limits, safety=settings.budget_safety))
        self.breaker = Breaker()
        self.clock = ServerClock(bound_ns=settings.clock_bound_ns)
        self._settings = settings
        self._credentials = credentials
        self._transport = transport or LeanTransport(connections=settings.connections)
        self._origin = origin_of(settings.rest_url)
        self._key = {"x-mbx-apikey": credentials.key} if credentials else {}
        self._local = local
        self._wall = wall
        self._syncing = asyncio.Lock()

    async def close(self) -> None:
        """Let go of all connections."""
        await self._transport.aclose()

    async def call(
        self,
        endpoint: Endpoint,
        parameters: Mapping[str, str | int] | None = None,
        *,
        priority: Priority,
        patience_s: float,
        weight: int | None = None,
        within_s: float | None = None,
        expires_s: float | None = None,
    ) -> Answer:
        """One request, written at most once; whatever happens is in the answer. Raises only for defects.

        `patience_s` is how long it may wait for the budget; one that is not signed after `within_s`, or not on a
        connection after `expires_s`, is not sent.
        """
        began = self._local()
        costs = self._costs(endpoint, endpoint.weight if weight is None else weight)
        if not await self.gate.enter(costs, priority, patience_s):
            return _failed(Failure.RATE_LIMIT, "our own budget of requests is spent")
        # what gets out of a position is tried: a venue that throttles new orders takes it all the same
        essential = not endpoint.orders or priority is Priority.EXIT
        if not self.breaker.allows(self._local(), essential=essential):
            return Answer(Failure.TRANSIENT, Reason.CIRCUIT_OPEN, "the venue has not been answering")
        target = await self._target(endpoint, parameters or {})
        if isinstance(target, Answer):
            return target
        if within_s is not None and self._local() - began > within_s * _SECOND:
            return _failed(Failure.TRANSIENT, f"it was not ready within {within_s:g} s")
        headers = {} if endpoint.security is Security.NONE else self._key
        phases = self._settings.phases
        if expires_s is not None:
            left_s = expires_s - (self._local() - began) / _SECOND
            phases = msgspec.structs.replace(phases, start_s=max(0.0, left_s))
        reply = await exchange(self._transport, endpoint.method, self._origin, target, headers, phases)
        if isinstance(reply, NoReply):
            self.breaker.failed(self._local())
            return _failed(reply.failure, reply.detail)
        return await self._weigh(reply, endpoint)

    async def get(self, path: str, parameters: Mapping[str, str | int], weight: int) -> bytes:
        """A public question, within the budget. Raises `VenueConnectionError` when there is no answer or it says
        "not now", `DataProviderError` when the venue says that the question is wrong."""
        answer = await self.call(
            Endpoint("GET", path, weight, Security.NONE),
            parameters,
            priority=Priority.QUERY if path in _NEEDED_NOW else Priority.BACKGROUND,
            patience_s=self._settings.query_patience_s,
        )
        if answer.failure is None:
            return answer.body
        if answer.failure in (Failure.REJECT, Failure.FATAL):
            raise DataProviderError(
                "the venue does not understand the question", field=path, value=answer.detail
            )
        raise unanswered(self._settings.venue, answer)

    async def server_time(self) -> int:
        """The venue's clock, ns UTC, asked for now. Raises `VenueConnectionError` when there is no answer."""
        answer = await self._sample()
        if answer.failure is not None:
            raise unanswered(self._settings.venue, answer)
        return decoded(answer, _Time).server_time * _MILLISECOND

    def learn_limits(self, exchange_info: bytes) -> None:
        """Take over the limits that the venue states."""
        self.gate.budget.learn(stated_limits(exchange_info))

    async def sync(self, samples: int = _FIRST_SAMPLES) -> bool:
        """Ask for the venue's time; whether it is now known within the bound. One at a time does it for all."""
        async with self._syncing:
            for _ in range(samples):
                if (await self._sample()).failure is not None:
                    break
        return self.clock.now(self._local()) is not None

    def offset(self) -> int | None:
        """The venue's clock minus this machine's, ns; None when it is not known."""
        local = self._local()
        offset = self.clock.offset(local)
        return None if offset is None else local + offset - self._wall()

    def clock_error(self) -> int | None:
        """How far `offset` may be off, ns."""
        return self.clock.error(self._local())

    def venue_now(self) -> int | None:
        """The venue's time now, ns UTC, as far as it is known within the bound."""
        return self.clock.now(self._local())

    async def ask_venue_now(self) -> int | None:
        """As `venue_now`; the venue is asked when it is not known."""
        now = self.venue_now()
        if now is None and await self.sync():
            now = self.venue_now()
        return now

    def circuit_open_until(self) -> int | None:
        """Until when orders are held back, by this machine's clock; None when they are not."""
        until = self.breaker.open_until
        return None if until is None else until - self._local() + self._wall()

    async def _sample(self) -> Answer:
        sent = self._local()
        answer = await self.call(at.TIME, priority=Priority.QUERY, patience_s=self._settings.query_patience_s)
        # Waiting for the budget counts as time on the wire: a wider bound, never a wrong one.
        if answer.failure is None:
            try:
                told = decoded(answer, _Time).server_time * _MILLISECOND
            except DataProviderError as error:
                return _failed(Failure.UNCERTAIN, str(error))
            self.clock.take(clock_sample(sent, self._local(), told, _MILLISECOND))
        return answer

    def _costs(self, endpoint: Endpoint, weight: int) -> dict[str, int]:
        costs = {ADDRESS: weight} if weight else {}
        if endpoint.orders:
            costs |= {limit.name: 1 for limit in self.gate.budget.limits if limit.name.startswith("orders/")}
        return costs

    async def _target(self, endpoint: Endpoint, parameters: Mapping[str, str | int]) -> str | Answer:
        """Path and query as they are sent; the time stamp is taken last of all."""
        if endpoint.security is not Security.SIGNED:
            query = query_string(parameters)
        else:
            if self._credentials is None:
                return _failed(Failure.AUTH, "no credentials are given for this venue")
            now = await self.ask_venue_now()
            if now is None or (endpoint.orders and self._is_too_far_off()):
                return Answer(
                    Failure.TRANSIENT, Reason.CLOCK_SKEW, "the venue's clock is not known within its bound"
                )
            stamp = {"recvWindow": self._settings.recv_window_ms, "timestamp": now // _MILLISECOND}
            query = self._credentials.signed(query_string({**parameters, **stamp}))
        return f"{endpoint.path}?{query}" if query else endpoint.path

    def _is_too_far_off(self) -> bool:
        bound, offset = self._settings.offset_bound_ns, self.offset()
        return bound is not None and offset is not None and abs(offset) > bound

    async def _weigh(self, reply: Reply, endpoint: Endpoint) -> Answer:
        """What an answer means, and what is learned from it."""
        for name, used in used_units(
            reply.headers, frozenset(limit.name for limit in self.gate.budget.limits)
        ):
            self.gate.observed(name, used)
        well = 200 <= reply.status < 300
        senseless = well and reply.body.lstrip()[:1] not in _JSON
        if reply.status >= 500 or senseless:
            self.breaker.failed(self._local())
        else:
            self.breaker.succeeded()
        if senseless:  # a page of what stands between: nobody knows what the venue did
            return _failed(Failure.UNCERTAIN, f"{reply.status}, but the answer is no JSON")
        if well:
            return Answer(None, Reason.ACCEPTED, body=reply.body)
        words = words_of(reply.body)
        failure, reason = meaning(reply.status, words) or (Failure.UNCERTAIN, Reason.UNKNOWN_OUTCOME)
        if failure is Failure.RATE_LIMIT:
            self._leave_alone(reply, words)
        if words.code in CLOCK_SKEWED and endpoint.security is Security.SIGNED:
            self.clock.distrust()
            await self.sync()
        detail = f"{reply.status} {words.code} {words.msg}"[:_LONGEST_DETAIL]
        return Answer(failure, reason, detail, words.code, reply.body)

    def _leave_alone(self, reply: Reply, words: VenueWords) -> None:
        told = reply.headers.get("retry-after", "")
        seconds = float(told) if told.isdecimal() else _PAUSES_S.get(reply.status, _PAUSES_S[429])
        if words.code == TOO_MANY_ORDERS:
            orders = [limit.name for limit in self.gate.budget.limits if limit.name.startswith("orders/")]
            self.gate.pause(seconds, orders)
        else:
            self.gate.pause(seconds)


class _Time(msgspec.Struct, rename="camel"):
    server_time: int


def decoded(answer: Answer, kind: type[T]) -> T:
    """The body of a good answer. Raises `DataProviderError` when it is not what was expected."""
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError as error:
        raise DataProviderError(
            f"the venue's answer can't be read: {error}",
            field="answer",
            value=answer.body[:200],
            remedy="its protocol may have changed; see its change log",
        ) from error


def unanswered(venue: str, answer: Answer) -> VenueConnectionError:
    """The error for a question without an answer."""
    return VenueConnectionError(
        f"the venue did not answer: {answer.detail}",
        field=f"venues.{venue}",
        value=None if answer.failure is None else answer.failure.value,
        remedy="check address, network, API key and its permissions",
    )


def _failed(failure: Failure, detail: str) -> Answer:
    return Answer(failure, FAILURES[failure][1], detail[:_LONGEST_DETAIL])
