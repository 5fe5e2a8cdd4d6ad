"""The suite finds faults: ports that are wrong in the ways ports are wrong in practice turn cells red."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.conformance.bench import Bench, Tuning, Venue
from cluster.conformance.benches import VENUES
from cluster.conformance.scenario import Scenario
from cluster.conformance.scenarios import SCENARIOS
from cluster.conformance.suite import Verdict, run_suite
from messages.errors import VenueConnectionError
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    CancelResult,
    FillsResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    QueryResult,
)
from messages.venue_account import AccountResult, QueryAccount
from messages.venue_stream import StreamEvent, VenueEvent

pytestmark = [pytest.mark.conformance, pytest.mark.integration]


class Sound:
    """The port as it is."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


class SendsAgain(Sound):
    """No answer: send it again."""

    async def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        result = await self._port.place(order, now)
        return result if result.outcome is not Outcome.NO_ANSWER else await self._port.place(order, now)


class TakesSilenceForFailure(Sound):
    """No answer: it failed."""

    async def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        result = await self._port.place(order, now)
        if result.outcome is Outcome.NO_ANSWER:
            return msgspec.structs.replace(result, outcome=Outcome.REJECTED, reason=Reason.VENUE_REJECTED)
        return result


class TakesSilenceForAbsence(Sound):
    """No answer: no order."""

    async def query(self, query: QueryOrder) -> QueryResult:
        return msgspec.structs.replace(await self._port.query(query), outcome=Outcome.ACCEPTED)


class TakesSilenceForAnEmptyAccount(Sound):
    """No answer: nothing is open."""

    async def account(self, query: QueryAccount) -> AccountResult:
        return msgspec.structs.replace(await self._port.account(query), outcome=Outcome.ACCEPTED)


class CountsInFloats(Sound):
    """Numbers are near enough."""

    async def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        near = Decimal(float(order.quantity) * 1.1).quantize(Decimal("0.001"))
        return await self._port.place(msgspec.structs.replace(order, quantity=near), now)


class ReadsOnePage(Sound):
    """Lists have one page."""

    async def fills(self, query: QueryFills) -> FillsResult:
        result = await self._port.fills(query)
        return msgspec.structs.replace(result, trades=result.trades[:1_000])


class CallsEveryCancelDone(Sound):
    """A cancel is a cancel."""

    async def cancel(self, cancel: CancelOrder, now: int) -> CancelResult:
        result = await self._port.cancel(cancel, now)
        return msgspec.structs.replace(result, outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)


class TellsTwice(Sound):
    """Events may be repeated."""

    async def events(self, after_sequence: int) -> AsyncIterator[StreamEvent]:
        async for event in self._port.events(after_sequence):
            yield event
            yield event


class ForgetsFills(Sound):
    """Fills are in the cumulative quantity anyway."""

    async def events(self, after_sequence: int) -> AsyncIterator[StreamEvent]:
        async for event in self._port.events(after_sequence):
            yield msgspec.structs.replace(event, fill=None) if isinstance(event, VenueEvent) else event


class RaisesWhatTheNetworkDoes(Sound):
    """Errors are exceptions."""

    async def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        result = await self._port.place(order, now)
        if result.outcome is Outcome.NO_ANSWER:
            raise VenueConnectionError("no answer", field="place")
        return result


WRONG: tuple[tuple[type[Sound], str, str], ...] = (
    (SendsAgain, "binance_usdm", "uncertain orders"),
    (SendsAgain, "paper", "uncertain orders"),
    (TakesSilenceForFailure, "paper", "uncertain orders"),
    (TakesSilenceForAbsence, "binance_usdm", "uncertain orders"),
    (TakesSilenceForAnEmptyAccount, "paper", "uncertain orders"),
    (CountsInFloats, "paper", "precision"),
    (ReadsOnePage, "binance_usdm", "fills"),
    (CallsEveryCancelDone, "paper", "cancels"),
    (TellsTwice, "paper", "stream"),
    (ForgetsFills, "binance_usdm", "partial fills"),
    (RaisesWhatTheNetworkDoes, "replay", "uncertain orders"),
)


def with_port(venue: Venue, wrong: Callable[[Any], Any]) -> Venue:
    """The venue behind another port."""

    @asynccontextmanager
    async def opened(folder: Path, tuning: Tuning) -> AsyncIterator[Bench]:
        async with venue.open(folder, tuning) as bench:
            bench.port = wrong(bench.port)  # type: ignore[misc]
            yield bench

    def open(folder: Path, tuning: Tuning) -> AbstractAsyncContextManager[Bench]:
        return opened(folder, tuning)

    return Venue(venue.name, venue.offers, open)


def of_group(name: str) -> list[Scenario]:
    return [scenario for scenario in SCENARIOS if scenario.group == name]


@pytest.mark.parametrize(
    ("wrong", "venue", "group"), WRONG, ids=[f"{wrong.__name__}-{venue}" for wrong, venue, _ in WRONG]
)
def test_a_port_that_is_wrong_is_found_out(wrong: type[Sound], venue: str, group: str) -> None:
    report = asyncio.run(run_suite([with_port(VENUES[venue], wrong)], of_group(group)))

    assert report.red


def test_a_port_that_is_sound_passes_behind_the_same_wrapper() -> None:
    report = asyncio.run(run_suite([with_port(VENUES["paper"], Sound)], of_group("cancels")))

    assert {cell.verdict for cell in report.cells} == {Verdict.GREEN}
