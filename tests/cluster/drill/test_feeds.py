"""Altered feeds: the same rows, in order, with what is wrong where it is wrong and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.drill.feeds import shocked, skewed, stalled
from cluster.feeds import NO_EVENT_TIME, Chunk, Feed, MarketShape, QueueFeed, SyntheticMarket
from cluster.feeds.columns import concatenate
from messages.market import TickKind

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000


def market() -> SyntheticMarket:
    return SyntheticMarket("BTC-USDT", 7, 100 * SECOND, 30 * SECOND, MarketShape(start_price=100.0))


def rows(feed: Feed, position: int = 0) -> Chunk:
    return concatenate(feed.symbol, list(feed.open(position)))


@pytest.mark.property
@given(begin=st.integers(0, 30), delay=st.integers(1, 10), lasting=st.integers(1, 15))
def test_a_stalled_feed_loses_nothing_and_never_goes_back(begin: int, delay: int, lasting: int) -> None:
    start = (100 + begin) * SECOND
    before = rows(market())
    after = rows(stalled(market(), start, delay * SECOND, lasting * SECOND))

    assert len(after) == len(before)
    assert (np.diff(after.time) >= 0).all()
    assert (after.event_time == before.event_time).all()
    late = after.time - before.time
    still = (after.time >= start) & (after.time < start + delay * SECOND)
    assert not still.any()
    assert (late[before.time < start] == 0).all()
    behind = (before.time >= start) & (before.time < start + lasting * SECOND)
    assert (late[behind] == delay * SECOND).all()
    assert (late[before.time >= start + (lasting + delay) * SECOND] == 0).all()


def test_a_feed_can_be_entered_anywhere() -> None:
    feed = stalled(market(), 110 * SECOND, 4 * SECOND, 5 * SECOND)
    whole, part = rows(feed), rows(feed, 200)
    assert (part.time == whole.time[200:]).all()
    assert (feed.symbol, feed.first_time) == ("BTC-USDT", 100 * SECOND)


def test_only_the_venues_clock_is_skewed_and_a_time_nobody_told_stays_unknown() -> None:
    feed = QueueFeed("BTC-USDT")
    for time, event_time in ((1, 1), (2, NO_EVENT_TIME), (3, 3), (4, 4)):
        feed.push(TickKind.QUOTE, time, 1.0, 1.0, 2.0, 1.0, event_time=event_time)

    found = rows(skewed(feed, 10, begin=3, end=4, jump=100))

    assert found.time.tolist() == [1, 2, 3, 4]
    assert found.event_time.tolist() == [11, NO_EVENT_TIME, 113, 14]


@pytest.mark.parametrize("factor", [0.2, 0.97, 1.5])
def test_a_shock_moves_every_price_from_its_time_on_and_leaves_a_market(factor: float) -> None:
    begin, tick = 115 * SECOND, 0.1
    before, after = rows(market()), rows(shocked(market(), begin, factor, tick))
    calm = before.time < begin
    quotes, trades = before.kind == TickKind.QUOTE, before.kind == TickKind.TRADE

    for name in ("v0", "v1", "v2", "v3"):
        np.testing.assert_array_equal(getattr(after, name)[calm], getattr(before, name)[calm])
    assert after.v0[~calm] == pytest.approx(before.v0[~calm] * factor, abs=tick)
    assert (after.v2[quotes] > after.v0[quotes]).all()
    assert after.v0[quotes] / tick == pytest.approx(np.round(after.v0[quotes] / tick), abs=1e-6)
    np.testing.assert_array_equal(after.v1, before.v1)
    np.testing.assert_array_equal(after.v2[trades], before.v2[trades])


def test_the_prices_of_bars_and_levels_move_and_their_sizes_stay() -> None:
    feed = QueueFeed("BTC-USDT")
    feed.push(TickKind.BAR, 1, 10.0, 12.0, 8.0, 11.0, 5.0)
    feed.push(TickKind.DEPTH, 2, 1.0, 10.0, 3.0, 1.0, 1.0)

    bar, level = list(
        zip(*(getattr(rows(shocked(feed, 1, 0.5, 0.1)), f"v{n}") for n in range(5)), strict=True)
    )

    assert bar == (5.0, 6.0, 4.0, 5.5, 5.0)
    assert level == (1.0, 5.0, 3.0, 1.0, 1.0)
