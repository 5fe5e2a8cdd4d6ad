"""Runs scenarios on venues: every cell of the table is a scenario on a venue of its own, several at a time."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from cluster.conformance.bench import Venue
from cluster.conformance.desk import Desk
from cluster.conformance.scenario import Scenario, Violation

AT_ONCE = 8
LONGEST_S = 60.0
_LONGEST_DETAIL = 500


class Verdict(StrEnum):
    """How a scenario ended on a venue."""

    GREEN = "green"
    RED = "red"
    NOT_OFFERED = "not offered"


class Cell(msgspec.Struct, frozen=True):
    """One scenario on one venue. `detail` says why it is red, or what the venue does not offer."""

    group: str
    scenario: str
    venue: str
    verdict: Verdict
    seconds: float
    detail: str = ""


class Report(msgspec.Struct, frozen=True):
    """All cells, scenario by scenario."""

    venues: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def red(self) -> tuple[Cell, ...]:
        """The cells that must not be."""
        return tuple(cell for cell in self.cells if cell.verdict is Verdict.RED)

    @property
    def counts(self) -> dict[str, int]:
        """How many cells ended in each way."""
        return {verdict.value: sum(cell.verdict is verdict for cell in self.cells) for verdict in Verdict}


async def run_suite(
    venues: Sequence[Venue], scenarios: Sequence[Scenario], *, at_once: int = AT_ONCE
) -> Report:
    """Run each scenario on each venue. Scenarios that need the machine for themselves come last, one by one."""
    room = asyncio.Semaphore(at_once)

    async def one(scenario: Scenario, venue: Venue) -> Cell:
        async with room:
            return await run_one(scenario, venue)

    pairs = [(scenario, venue) for scenario in scenarios for venue in venues]
    together = [pair for pair in pairs if not pair[0].alone]
    cells = dict(zip(together, await asyncio.gather(*(one(*pair) for pair in together)), strict=True))
    for pair in pairs:
        if pair[0].alone:
            cells[pair] = await run_one(*pair)
    return Report(tuple(venue.name for venue in venues), tuple(cells[pair] for pair in pairs))


async def run_one(scenario: Scenario, venue: Venue) -> Cell:
    """Run one scenario on a new venue of its own; every error that ends it makes the cell red."""
    missing = scenario.needs - venue.offers
    if missing:
        detail = ", ".join(sorted(offer.value for offer in missing))
        return Cell(scenario.group, scenario.name, venue.name, Verdict.NOT_OFFERED, 0.0, detail)
    began = time.monotonic()
    (error,) = await asyncio.gather(_attempt(scenario, venue), return_exceptions=True)
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
        raise error
    took = round(time.monotonic() - began, 3)
    if error is None:
        return Cell(scenario.group, scenario.name, venue.name, Verdict.GREEN, took)
    told = str(error) if isinstance(error, Violation) else f"{type(error).__name__}: {error}"
    return Cell(scenario.group, scenario.name, venue.name, Verdict.RED, took, told[:_LONGEST_DETAIL])


async def _attempt(scenario: Scenario, venue: Venue) -> None:
    with tempfile.TemporaryDirectory(prefix="raydesk-conformance-") as folder:
        async with asyncio.timeout(LONGEST_S), venue.open(Path(folder), scenario.tuning) as bench:
            desk = Desk(bench)
            try:
                await desk.opened()
                await scenario.run(desk)
            finally:
                await desk.close()
