"""The fill models, each as one table computed by hand: what the market does, row by row, and what an order gets.

Tick 0.1, lot 0.01, no fees. Each table is one run; a row is a step and the fills (quantity, price) it causes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors.venues.matching.events import Event
from actors.venues.matching.instruments import MarketKind
from messages.intents import TimeInForce
from tests.actors.venues.matching.builders import Desk, amount, fills, instrument

pytestmark = pytest.mark.golden

BUYER, SELLER = 1, -1
IOC = TimeInForce.IOC
Row = tuple[Callable[[Desk], list[Event]], list[tuple[float, float]]]


def quote(*values: float) -> Callable[[Desk], list[Event]]:
    return lambda desk: desk.quote(*values)


def trade(*values: Any) -> Callable[[Desk], list[Event]]:
    return lambda desk: desk.trade(*values)


def depth(bids: list[tuple[float, float]], asks: list[tuple[float, float]]) -> Callable[[Desk], list[Event]]:
    return lambda desk: desk.depth(bids, asks)


def bar(*values: float) -> Callable[[Desk], list[Event]]:
    return lambda desk: desk.bar(*values)


def buy(*values: Any, **more: Any) -> Callable[[Desk], list[Event]]:
    return lambda desk: desk.buy(*values, **more)


def sell(*values: Any, **more: Any) -> Callable[[Desk], list[Event]]:
    return lambda desk: desk.sell(*values, **more)


TOP_WITH_QUEUE: list[Row] = [
    (quote(100.0, 5, 100.2, 4), []),
    (buy(2, "100.0"), []),  # behind 5
    (trade(100.0, 3, SELLER), []),  # 5 - 3 = 2 ahead
    (quote(100.0, 2, 100.2, 4), []),  # the quote tells of the same 3
    (trade(100.0, 3, SELLER), [(1, 100.0)]),  # 2 ahead, 1 of ours
    (quote(100.0, 9, 100.2, 4), []),  # 9 behind us
    (trade(100.0, 0.5, SELLER), [(0.5, 100.0)]),  # nobody ahead any more
    (trade(99.9, 7, SELLER), [(0.5, 100.0)]),  # through our price
    (sell(1, "100.3"), []),  # not displayed: an unknown queue
    (trade(100.3, 50, BUYER), []),
    (quote(100.1, 5, 100.3, 6), []),  # displayed now: behind 6
    (trade(100.3, 6.25, BUYER), [(0.25, 100.3)]),
    (quote(100.3, 0.75, 100.4, 5), [(0.75, 100.3)]),  # the bid has come to us and offers what is left
    (buy(8), [(5, 100.4)]),  # the displayed 5; the rest waits
    (quote(100.3, 5, 100.6, 9), [(3, 100.6)]),
]
"""Quotes and prints: the displayed size at our price trades before us."""

TOP_WITH_SLIPPAGE: list[Row] = [
    (quote(100.0, 2, 100.2, 3), []),
    # 1 permille of 1002 ticks is 1.002, rounded up 2: 3 at 100.2, 3 at 100.4, 1 at 100.6
    (buy(7), [(3, 100.2), (3, 100.4), (1, 100.6)]),
    (buy(4, "100.6", tif=IOC), [(2, 100.6)]),  # what is left of the level behind; 100.8 is beyond the limit
    # 1 permille of 1000 ticks is 1: 2 at 100.0, 2 at 99.9, 1 at 99.8
    (sell(5), [(2, 100.0), (2, 99.9), (1, 99.8)]),
    (quote(100.0, 2, 100.2, 3), []),  # new liquidity
    (buy(1), [(1, 100.2)]),
]
"""The same with what is not displayed behind the best: a displayed size more for each step of slippage."""

DEPTH_WALK: list[Row] = [
    (depth([(100.0, 1), (99.9, 2), (99.7, 3)], [(100.1, 1), (100.3, 2), (100.6, 3)]), []),
    (buy(4), [(1, 100.1), (2, 100.3), (1, 100.6)]),
    (buy(3, "100.6", tif=IOC), [(2, 100.6)]),  # 3 - 1 are left of the last level
    (sell("2.5"), [(1, 100.0), (1.5, 99.9)]),
    (depth([], [(100.3, 0.5)]), []),  # one level is shown anew, the others stay taken
    (buy(1, tif=IOC), [(0.5, 100.3)]),
    (buy(1, "99.9"), []),  # behind the 2 that are displayed there, taken or not
    (trade(99.9, 2, SELLER), []),
    (trade(99.9, 0.4, SELLER), [(0.4, 99.9)]),
    (depth([], [(99.8, 5)]), [(0.6, 99.9)]),  # an ask below our bid fills it at its price
    (buy(1, "99.8", tif=IOC), [(1, 99.8)]),  # 5 - 0.6 are left there
]
"""Displayed levels: takers walk them, and what was taken stays taken until the level is shown again."""

TRADE_THROUGH: list[Row] = [
    (trade(100.0, 2, SELLER), []),
    (trade(100.1, 3, BUYER), []),
    (buy(1, "99.9"), []),
    (trade(99.9, 50, SELLER), []),  # at our price: the queue is never visible
    (trade(99.8, 0.4, SELLER), [(0.4, 99.9)]),  # through it: up to its size, at our price
    (trade(99.8, 5, SELLER), [(0.6, 99.9)]),
    (sell(1, "100.4"), []),
    (trade(100.4, 50, BUYER), []),
    (trade(100.5, 50, BUYER), [(1, 100.4)]),
    (buy(2), [(2, 100.5)]),  # a taker meets the last print of a buyer, 49 of it are left
    (sell(6), [(4.4, 99.8)]),  # of the seller's last print 5 - 0.6 are left; the rest waits
    (trade(99.7, 5, SELLER), [(1.6, 99.7)]),
]
"""Prints only: a resting order fills when the market trades beyond its price."""

BARS: list[Row] = [
    (bar(100.0, 101.0, 99.0, 100.0, 50), []),
    (buy(3), []),
    (buy(2, "99.0"), []),
    (sell(3, stop="98.5", reduce_only=True), []),
    # open 1001 ticks and 1 permille, rounded up 2: 100.3; 99.0 is touched, not traded through
    (bar(100.1, 100.5, 99.0, 99.5, 50), [(3, 100.3)]),
    # 20 % of 10: the stop at 98.5 minus 1 tick (985 * 0.001 rounded up) before the limit order; 1 of it waits
    (bar(99.0, 99.2, 98.0, 98.4, 10), [(2, 98.4)]),
    # the rest of the stop at the open 97.0 less 1 tick, then the limit order at the open, as it gapped
    (bar(97.0, 97.5, 96.0, 97.2, 10), [(1, 96.9), (1, 97.0)]),
    (sell(1, "97.9"), []),
    # 97.9 is traded through by a tick and reduces, so it comes first; the rest of the buy gaps once more
    (bar(97.2, 98.0, 97.0, 97.5, 10), [(1, 97.9), (1, 97.2)]),
]
"""Bars with slippage 1 permille and 20 % of the volume."""


@pytest.mark.parametrize(
    ("traded", "rows"),
    [
        pytest.param(instrument(), TOP_WITH_QUEUE, id="book top with queue position"),
        pytest.param(
            instrument(model_slippage=amount("0.001")), TOP_WITH_SLIPPAGE, id="book top with slippage"
        ),
        pytest.param(instrument(MarketKind.DEPTH), DEPTH_WALK, id="depth walk"),
        pytest.param(instrument(MarketKind.TRADES), TRADE_THROUGH, id="trade-through"),
        pytest.param(
            instrument(
                MarketKind.BARS,
                model_slippage=amount("0.001"),
                model_max_participation=amount("0.2"),
            ),
            BARS,
            id="bars",
        ),
    ],
)
def test_the_fills_are_those_computed_by_hand(traded: Any, rows: list[Row]) -> None:
    desk = Desk(traded)
    found = [fills(step(desk)) for step, _ in rows]
    assert list(enumerate(found)) == list(enumerate(expected for _, expected in rows))
