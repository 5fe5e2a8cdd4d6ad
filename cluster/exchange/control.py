"""The exchange's back door: faults, maintenance, rules and statistics, on a socket of its own with a token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cluster.exchange.api import Refusal
from cluster.exchange.fault_specs import parse_fault
from cluster.exchange.faults import FaultRule, FaultSettings
from messages.errors import DeskError

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


class AddFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Faults to add, as on the command line."""

    specs: tuple[str, ...]


class SetMaintenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Close or open the exchange."""

    on: bool


class ChangeRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """New values of a listing's rules, by field of `cluster.exchange.api.Rules`."""

    listing: str
    changes: dict[str, str | int | bool]


class SetClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the server's clock is ahead of the machine's, in seconds."""

    offset_s: float


class Deposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money for an account; negative takes it away."""

    account: str
    currency: str
    amount: str


class Controlled(Protocol):
    """What can be done to an exchange that runs."""

    def statistics(self) -> dict[str, object]:
        """What was asked, answered, traded, and injected."""

    def sent_requests(self) -> list[object]:
        """The latest requests as they were sent."""

    def faults(self) -> FaultSettings:
        """The faults in force."""

    def replace_faults(self, settings: FaultSettings) -> None:
        """Go on with these faults; timed ones count from now."""

    def set_maintenance(self, on: bool) -> None:
        """Close or open the exchange."""

    def change_rules(self, listing: str, changes: dict[str, str | int | bool]) -> None:
        """Change rules of a listing."""

    def deposit(self, account: str, currency: str, amount: str) -> None:
        """Give an account money."""

    def cut_streams(self) -> int:
        """Reset all stream connections."""

    def expire_listen_keys(self) -> int:
        """End all listen keys."""


class Control:
    """The routes under `/control`."""

    def __init__(self, exchange: Controlled, token: str) -> None:
        self._exchange = exchange
        self._credentials = f"Bearer {token}".encode()
        guarded = self._guarded
        self.application = Starlette(
            routes=[
                Route("/control/stats", guarded(self._statistics), methods=["GET"]),
                Route("/control/requests", guarded(self._requests), methods=["GET"]),
                Route("/control/faults", guarded(self._faults), methods=["GET"]),
                Route("/control/faults", guarded(self._replace_faults), methods=["PUT"]),
                Route("/control/faults", guarded(self._add_faults), methods=["POST"]),
                Route("/control/faults", guarded(self._clear_faults), methods=["DELETE"]),
                Route("/control/maintenance", guarded(self._maintenance), methods=["POST"]),
                Route("/control/rules", guarded(self._rules), methods=["POST"]),
                Route("/control/clock", guarded(self._clock), methods=["POST"]),
                Route("/control/deposit", guarded(self._deposit), methods=["POST"]),
                Route("/control/streams/cut", guarded(self._cut), methods=["POST"]),
                Route("/control/listen-keys/expire", guarded(self._expire), methods=["POST"]),
            ]
        )

    def _guarded(
        self, handler: Callable[[Request], Awaitable[object]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, self._credentials):
                return _json({"error": "give the control token"}, HTTPStatus.UNAUTHORIZED)
            try:
                return _json(await handler(request), HTTPStatus.OK)
            except (DeskError, Refusal) as error:
                return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
            except msgspec.DecodeError as error:
                return _json({"error": f"malformed request: {error}"}, HTTPStatus.BAD_REQUEST)

        return answer

    async def _statistics(self, request: Request) -> object:
        return self._exchange.statistics()

    async def _requests(self, request: Request) -> object:
        return self._exchange.sent_requests()

    async def _faults(self, request: Request) -> object:
        return self._exchange.faults()

    async def _replace_faults(self, request: Request) -> object:
        self._exchange.replace_faults(await _body(request, FaultSettings))
        return self._exchange.faults()

    async def _add_faults(self, request: Request) -> object:
        added = [parse_fault(spec) for spec in (await _body(request, AddFaults)).specs]
        now = self._exchange.faults()
        rules = tuple(each for each in added if isinstance(each, FaultRule))
        timed = tuple(each for each in added if not isinstance(each, FaultRule))
        self._exchange.replace_faults(msgspec.structs.replace(now, rules=(*now.rules, *rules), timed=timed))
        return self._exchange.faults()

    async def _clear_faults(self, request: Request) -> object:
        now = self._exchange.faults()
        self._exchange.replace_faults(msgspec.structs.replace(now, rules=(), timed=(), clock_offset_s=0.0))
        return self._exchange.faults()

    async def _maintenance(self, request: Request) -> object:
        self._exchange.set_maintenance((await _body(request, SetMaintenance)).on)
        return {}

    async def _rules(self, request: Request) -> object:
        change = await _body(request, ChangeRules)
        self._exchange.change_rules(change.listing, change.changes)
        return {}

    async def _clock(self, request: Request) -> object:
        offset = (await _body(request, SetClock)).offset_s
        now = self._exchange.faults()
        self._exchange.replace_faults(msgspec.structs.replace(now, timed=(), clock_offset_s=offset))
        return {}

    async def _deposit(self, request: Request) -> object:
        given = await _body(request, Deposit)
        self._exchange.deposit(given.account, given.currency, given.amount)
        return {}

    async def _cut(self, request: Request) -> object:
        return {"cut": self._exchange.cut_streams()}

    async def _expire(self, request: Request) -> object:
        return {"expired": self._exchange.expire_listen_keys()}


async def _body(request: Request, kind: type[T]) -> T:
    return msgspec.json.decode(await request.body(), type=kind)


def _json(value: Any, status: HTTPStatus) -> Response:
    return Response(_encoder.encode(value), int(status), media_type="application/json")
