"""The view: what counts as a quote, and how old it is by the venue's clock."""

from __future__ import annotations

from math import inf, isnan, nan

import pytest

from actors.strategy.view import OFFSET_WINDOW, SymbolView
from tests.actors.strategy.stage import MILLISECOND, SECOND, START

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("bid", "ask"), [(0.0, 1.0), (nan, 1.0), (1.0, nan), (2.0, 1.0), (-1.0, 1.0), (1.0, inf), (1.0, 0.0)]
)
def test_what_is_no_quote_changes_nothing_but_the_count(bid: float, ask: float) -> None:
    view = SymbolView("BTC-USDT")
    view.fold_quote(START, START, 10.0, 1.0, 11.0, 1.0)
    assert not view.fold_quote(START + 1, START + 1, bid, 1.0, ask, 1.0)
    assert (view.bid, view.ask, view.quote_time, view.refused) == (10.0, 11.0, START, 1)


def test_a_locked_quote_is_one() -> None:
    assert SymbolView("X").fold_quote(START, START, 10.0, 1.0, 10.0, 1.0)


@pytest.mark.parametrize(("price", "size"), [(0.0, 1.0), (nan, 1.0), (1.0, nan), (1.0, -1.0), (inf, 1.0)])
def test_what_is_no_trade_changes_nothing(price: float, size: float) -> None:
    view = SymbolView("X")
    assert not view.fold_trade(START, price, size, 1.0)
    assert view.last_trade is None


def test_before_the_first_row_everything_is_missing_and_nothing_zero() -> None:
    view = SymbolView("X")
    assert (view.quote, view.last_trade, view.quote_age(START), view.clock_offset) == (None,) * 4
    assert isnan(view.mid)
    assert isnan(view.spread)


def test_unknown_sizes_are_none_in_a_message() -> None:
    view = SymbolView("X")
    view.fold_quote(START, START, 10.0, nan, 11.0, 2.0)
    quote = view.quote
    assert quote is not None
    assert (quote.bid_size, quote.ask_size, quote.mid) == (None, 2.0, 10.5)


def test_a_quote_is_aged_by_the_venues_clock() -> None:
    view = SymbolView("X")
    ahead = 1_270 * MILLISECOND
    view.fold_quote(START, START + ahead, 1.0, 1.0, 2.0, 1.0)
    view.fold_quote(START + 300, START + ahead - 700, 1.0, 1.0, 2.0, 1.0)
    assert view.clock_offset == ahead
    # it was told 1,000 ns after the venue had it, by the fastest way seen
    assert view.quote_age(START + 300) == 1_000


def test_a_quote_without_the_venues_time_is_aged_by_its_arrival() -> None:
    view = SymbolView("X")
    view.fold_quote(START, 0, 1.0, 1.0, 2.0, 1.0)
    assert view.clock_offset is None
    assert view.quote_age(START + 7) == 7


def test_the_estimate_of_the_venues_clock_follows_when_it_falls_back() -> None:
    view = SymbolView("X")
    view.fold_quote(START, START + SECOND, 1.0, 1.0, 2.0, 1.0)
    for step in range(1, 4):
        time = START + step * OFFSET_WINDOW
        view.fold_quote(time, time, 1.0, 1.0, 2.0, 1.0)
    assert view.clock_offset == 0
