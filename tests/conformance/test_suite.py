"""Every venue port passes every scenario that its venue can be asked for; what it can't be asked for is fixed here."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path

import pytest

from cluster.conformance import venue_log
from cluster.conformance.bench import Offer, Tuning, offers_of
from cluster.conformance.benches import VENUES
from cluster.conformance.scenarios import SCENARIOS
from cluster.conformance.suite import Cell, Report, Verdict, run_suite

pytestmark = [pytest.mark.conformance, pytest.mark.integration]

_NOT_AT_THE_PAPER_VENUE = {
    Offer.CLOSE_POSITION: "stops have a quantity",
    Offer.AMEND: "orders are cancelled and placed anew",
    Offer.MARGIN: "one account, one margin ratio",
    Offer.HEDGE_MODE: "positions net",
    Offer.DEAD_MAN_SWITCH: "it never cancels by itself",
    Offer.STREAM_BEGINS_ANEW: "its stream is resumed by sequence",
    Offer.INSTRUMENTS_CHANGE: "its rules are fixed",
    Offer.ID_IS_FREE_AGAIN: "an id is good for one order for ever",
    Offer.TAKE_PROFIT: "stops guard one side",
    Offer.PRICE_BAND: "no such rule",
    Offer.MAX_QUANTITY: "no such rule",
    Offer.MAX_ORDERS: "no such rule",
    Offer.CLOSED_LISTING: "listings never close",
    Offer.STOP_CHECK: "such a stop triggers at once",
    Offer.REQUEST_LIMITS: "it counts no requests",
    Offer.OPEN_ENDED_REFUSALS: "it has no words for them",
    Offer.TIME_STAMPS: "its clock is the market's",
    Offer.STREAM_KEYS: "a token opens its stream",
    Offer.LOOSE_EVENTS: "its events are numbered",
    Offer.LIQUIDATION: "it never closes a position",
}
"""From docs and traits of the paper venue (`actors/venues/paper_traits.py`)."""

NOT_OFFERED: dict[str, dict[Offer, str]] = {
    "paper": {**_NOT_AT_THE_PAPER_VENUE, Offer.GRANTED_TIME: "it goes at the machine's pace"},
    "replay": _NOT_AT_THE_PAPER_VENUE,
    "binance_usdm": {
        Offer.NEVER_ACCEPTS_ID_TWICE: "sheet, section 7: unique among open orders only",
        Offer.STREAM_RESUMES: "sheet, section 9: after a reconnect one asks",
        Offer.GRANTED_TIME: "its time is real",
    },
}
"""What each venue does not have, and why: only scenarios that need it may read "not offered"."""


@pytest.fixture(scope="module")
def report() -> Report:
    """The whole table, run once."""
    return asyncio.run(run_suite(list(VENUES.values()), SCENARIOS))


@pytest.fixture(scope="module")
def cells(report: Report) -> dict[tuple[str, str, str], Cell]:
    return {(cell.venue, cell.group, cell.scenario): cell for cell in report.cells}


@pytest.mark.parametrize(
    ("venue", "number"),
    [
        pytest.param(venue, number, id=f"{venue}-{each.group}-{each.name}")
        for number, each in enumerate(SCENARIOS)
        for venue in VENUES
    ],
)
def test_the_port_passes(venue: str, number: int, cells: dict[tuple[str, str, str], Cell]) -> None:
    scenario = SCENARIOS[number]
    cell = cells[venue, scenario.group, scenario.name]

    may_be_missing = bool(scenario.needs & set(NOT_OFFERED[venue]))
    assert cell.verdict is (Verdict.NOT_OFFERED if may_be_missing else Verdict.GREEN), cell.detail


@pytest.mark.parametrize("venue", VENUES)
def test_a_venue_lacks_exactly_what_is_said_here(venue: str) -> None:
    assert set(Offer) - VENUES[venue].offers == set(NOT_OFFERED[venue])


@pytest.mark.parametrize("venue", VENUES)
def test_the_ports_own_traits_are_what_the_venue_is_said_to_offer(venue: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with VENUES[venue].open(tmp_path, Tuning()) as bench:
            told, traits = offers_of(bench.port.traits), bench.port.traits
            assert told <= VENUES[venue].offers
            assert {offer for offer in VENUES[venue].offers if hasattr(traits, offer.value)} <= told

    asyncio.run(work())


def test_there_are_enough_scenarios_and_each_has_a_name_of_its_own() -> None:
    names = Counter((scenario.group, scenario.name) for scenario in SCENARIOS)

    assert len(names) >= 60
    assert max(names.values()) == 1


def test_everything_that_can_be_offered_is_tried_somewhere() -> None:
    tried = frozenset().union(*(scenario.needs for scenario in SCENARIOS))
    offered = frozenset().union(*(venue.offers for venue in VENUES.values()))

    assert tried == offered == set(Offer)


def test_the_venues_logs_are_read_by_code_that_knows_nothing_of_the_desk() -> None:
    source = Path(venue_log.__file__).read_text()

    assert not re.search(
        r"^\s*(from|import) (actors|cluster|messages|config|supervisors)\b", source, re.MULTILINE
    )
