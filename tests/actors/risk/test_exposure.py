"""The worst fate of a listing, by a table, and what is kept incrementally against a scan of everything."""

from __future__ import annotations

import pytest

from actors.risk.exposure import long_fate, recompute, reducible, short_fate, symbol_exposure
from messages.intents import Side
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("position", "buys", "value", "unit", "expected"),
    [
        ("0", "0", "0", "100", "0"),
        ("3", "0", "0", "100", "300"),
        ("-3", "0", "0", "100", "0"),
        # orders at what they were reserved at, and never below the ask of now
        ("0", "2", "210", "100", "210"),
        ("0", "2", "210", "110", "220"),
        ("3", "2", "210", "100", "510"),
        # what goes beyond flat, at the orders' average
        ("-3", "3", "330", "100", "0"),
        ("-3", "4", "440", "100", "110"),
        ("-1", "3", "301", "100", "200.66666667"),
        ("-2", "3", "100", "0", "33.33333334"),  # rounded up, never down
        # what opens nothing but new is exact
        ("0", "3", "100.0000000001", "0", "100.0000000001"),
        # without a mark orders are worth what they were reserved at
        ("0", "2", "210", "0", "210"),
    ],
)
def test_the_long_fate(position: str, buys: str, value: str, unit: str, expected: str) -> None:
    assert long_fate(D(position), D(buys), D(value), D(unit)) == D(expected)
    assert short_fate(-D(position), D(buys), D(value), D(unit)) == D(expected)


@pytest.mark.parametrize(
    ("position", "buys", "sells", "side", "expected"),
    [
        ("5", "0", "0", SELL, "5"),
        ("5", "3", "0", SELL, "5"),
        ("5", "0", "3", SELL, "2"),
        ("5", "0", "7", SELL, "0"),
        ("5", "0", "0", BUY, "0"),
        ("-5", "2", "0", BUY, "3"),
        ("-5", "2", "9", BUY, "3"),
        ("0", "0", "4", BUY, "0"),
    ],
)
def test_what_reduces_under_every_fate(
    position: str, buys: str, sells: str, side: Side, expected: str
) -> None:
    assert reducible(D(position), D(buys), D(sells), side) == D(expected)


def test_totals_follow_every_change() -> None:
    desk = Desk().seed().mark(bid=99, ask=101).mark("ETH-USDT", 50)
    totals = desk.risk.state.totals
    intent_id = desk.intend(BUY, 2, worst=101)
    assert (totals.exposure, totals.value, list(totals.active)) == (D(202), 0, ["paper/BTC-USDT"])
    desk.fill(intent_id, BUY, 2, 101)
    assert (totals.exposure, totals.value) == (D(202), D(198))
    desk.intend(SELL, 4, "ETH-USDT", 50)
    assert totals.exposure == D(402)
    desk.mark(bid=109, ask=110)
    assert (totals.exposure, totals.value) == (D(420), D(218))
    desk.report(intent_id, filled=2)
    assert len(totals.active) == 2
    holdings, scanned = recompute(desk.risk.state, "USDT")
    assert scanned == totals
    assert holdings == desk.risk.state.holdings


def test_a_position_that_was_never_marked_is_not_valued_at_zero() -> None:
    desk = Desk().seed(BTC_USDT="1")
    state = desk.risk.state
    assert state.holdings["paper/BTC-USDT"].value is None
    assert list(state.totals.unvalued) == ["paper/BTC-USDT"]
    desk.mark()
    assert state.holdings["paper/BTC-USDT"].value == D(100)
    assert not state.totals.unvalued


def test_a_symbol_s_exposure_is_that_of_all_its_listings() -> None:
    two = bench.settings(instruments=(instrument("BTC-USDT"), instrument("BTC-USDT", "other")))
    desk = Desk(two).seed().seed(venue="other").mark()
    desk.intend(BUY, 2)
    desk.intend(SELL, 3, venue="other")
    assert symbol_exposure(desk.risk.state, "BTC-USDT") == D(500)
    assert symbol_exposure(desk.risk.state, "ETH-USDT") == 0
