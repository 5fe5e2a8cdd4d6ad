"""The live feed: rows for cursors, polling while the stream is unhealthy, bars, warm-up, and what health tells."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest

from actors.strategy.bars import BarBuilder, BarSource
from actors.venues.market_port import Bar, Subscription, TopOfBook
from cluster.feeds.live.feed import LiveFeed
from cluster.feeds.live.settings import FeedMode, LiveFeedSettings
from cluster.feeds.live.warm_up import reaching
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.live.market import SECOND, ByHand, until

pytestmark = pytest.mark.unit

Q, T, BAR = TickKind.QUOTE, TickKind.TRADE, TickKind.BAR
X, Y = Subscription("X", "XUSDT"), Subscription("Y", "YUSDT")


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def fold(feed: LiveFeed, symbol: str = "X") -> list[tuple[Any, ...]]:
    """Everything that waits, as (kind, event time, values)."""
    rows: list[tuple[Any, ...]] = []
    feed.cursor(symbol).fold(lambda *row: rows.append((row[1], *row[3:])) is not None)
    return rows


@asynccontextmanager
async def running(market: ByHand, *subscriptions: Subscription, **settings: Any) -> AsyncIterator[LiveFeed]:
    made = LiveFeedSettings(**{"poll_s": 0.01, "grace_s": 0.03, "settle_s": 0.1, "clock_s": 0.05} | settings)
    feed = LiveFeed(subscriptions or (X,), market, market, made, time.time_ns)
    task = asyncio.create_task(feed.run())
    if made.mode is not FeedMode.POLL:
        await market.streaming.wait()
    try:
        yield feed
    finally:
        task.cancel()
        for result in await asyncio.gather(task, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def test_rows_reach_the_cursor_of_their_symbol_with_the_desks_time_and_the_host_is_woken() -> None:
    async def work() -> None:
        market = ByHand()
        feed = LiveFeed((X, Y), market, market, LiveFeedSettings(mode=FeedMode.STREAM), count(100).__next__)
        woken: list[int] = []
        feed.on_rows = lambda: woken.append(1)
        task = asyncio.create_task(feed.run())
        await market.streaming.wait()
        market.quote("X", 7)
        market.tell("X", T, 8, 100.0, 0.5, 1.0)
        market.quote("Y", 9)
        assert len(woken) == 3
        seen: list[tuple[Any, ...]] = []
        cursor = feed.cursor("X")
        assert cursor.next_time == 100
        cursor.fold(lambda *row: seen.append(row) is not None)
        assert [row[:4] for row in seen] == [("X", Q, 100, 7), ("X", T, 101, 8)]
        assert feed.cursor("Y").next_time == 102
        with pytest.raises(DataProviderError, match="does not have this symbol"):
            feed.cursor("Z")
        task.cancel()

    run(work())


def test_a_stream_that_is_down_is_replaced_by_polling_and_taken_again_when_it_has_settled() -> None:
    async def work() -> None:
        market = ByHand()
        async with running(market, X, Y, grace_s=0.5) as feed:
            assert market.sink is not None
            market.sink.restored(["X", "Y"])
            market.quote("X", 10)
            assert feed.health().mode is FeedMode.STREAM
            await asyncio.sleep(0.05)
            assert market.asked == []
            market.quotes["X"] = TopOfBook("X", 20, 98.0, 1.0, None, None)
            market.sink.interrupted(["X"], "gone")
            await until(lambda: market.asked)
            assert market.asked[0] == ["X"]
            await until(lambda: feed.cursor("X").waiting == 2)
            assert feed.health().mode is None
            assert feed.health().symbols["X"].polled
            market.quotes["X"] = TopOfBook("X", 20, 98.0, 1.0, None, None)  # no news
            polls = feed.health().polls
            await until(lambda: feed.health().polls > polls + 2)
            market.sink.restored(["X"])
            market.quote("X", 15)  # older than what was polled
            market.quote("X", 21)
            await until(lambda: feed.health().mode is FeedMode.STREAM)
            asked = len(market.asked)
            await asyncio.sleep(0.05)
            assert len(market.asked) == asked
            rows = fold(feed)
            health = feed.health()
        assert [row[1] for row in rows] == [10, 20, 21]
        assert rows[1][2:4] == (98.0, 1.0)
        assert math.isnan(rows[1][4])
        assert (health.outdated, health.switches) == (1, 1)
        assert health.stream.reconnects == 3

    run(work())


def test_a_poll_without_an_answer_is_counted_and_tried_again() -> None:
    async def work() -> None:
        market = ByHand()
        market.away = True
        async with running(market, mode=FeedMode.POLL) as feed:
            await until(lambda: feed.health().polls_failed >= 2)
            market.away = False
            market.quotes["X"] = TopOfBook("X", 20, 98.0, 1.0, 99.0, 1.0)
            await until(lambda: feed.cursor("X").waiting)
            assert feed.health().mode is FeedMode.POLL
            assert market.sink is None

    run(work())


def test_age_and_staleness_go_by_the_venues_clock_and_an_offset_beyond_its_bound_is_refused() -> None:
    async def work() -> None:
        market = ByHand()
        market.offset, market.away = -3 * SECOND, True
        async with running(market, X, Y, max_age=SECOND, max_clock_offset=4 * SECOND) as feed:
            assert feed.health().clock_refused
            assert feed.health().stale == ["X", "Y"]
            market.away = False
            await until(lambda: feed.health().clock_offset is not None)
            market.quote("X", time.time_ns() - 3 * SECOND)
            market.quote("Y", time.time_ns() - 5 * SECOND)
            health = feed.health()
            assert health.clock_offset == pytest.approx(-3 * SECOND, abs=SECOND // 2)
            assert not health.clock_refused
            assert health.stale == ["Y"]
            age = health.symbols["Y"].age
            assert age is not None
            assert age == pytest.approx(2 * SECOND, abs=SECOND // 2)
            market.offset = 10 * SECOND
            await until(lambda: feed.health().clock_refused)

    run(work())


def test_what_is_shed_is_counted_and_its_share_shown() -> None:
    async def work() -> None:
        market = ByHand()
        async with running(market, capacity=10) as feed:
            for number in range(11):
                market.quote("X", number + 1)
            health = feed.health()
            assert (health.received, health.shed, health.shed_share) == (11, 10, 10 / 11)
            assert health.symbols["X"].waiting == 1

    run(work())


def test_bars_are_made_of_trades_and_closed_by_the_venues_clock() -> None:
    async def work() -> None:
        market = ByHand()
        length = SECOND // 5
        wanted = Subscription("X", "XUSDT", trades=False, bar_ns=length)
        async with running(market, wanted, bar_grace=SECOND // 100) as feed:
            assert market.wanted == [Subscription("X", "XUSDT", trades=True, bar_ns=None)]
            await until(lambda: feed.venue_time() is not None)
            start = time.time_ns() // length * length
            market.tell("X", T, start, 100.0, 0.5, 1.0)
            market.tell("X", T, start + 1, 102.0, 0.5, 1.0)
            await until(lambda: feed.cursor("X").waiting == 3)
            bar = fold(feed)[2]
        assert bar[:7] == (BAR, start + length, 100.0, 102.0, 100.0, 102.0, 1.0)

    run(work())


def test_older_history_is_read_as_long_bars_and_what_is_recent_as_short_ones() -> None:
    minute, hour = 60 * SECOND, 3_600 * SECOND
    five = 5 * minute

    class Asked(ByHand):
        async def bars(self, symbol: str, length: int, start: int, end: int) -> tuple[Bar, ...]:
            begins = range(-(-start // length) * length, end, length)
            return tuple(
                Bar(symbol, begin, length, 1.0, 3.0, 0.5, 2.0, length / minute)
                for begin in begins
                if begin + length <= now
            )

    now = 1_000 * hour + 7 * minute + 5
    settings = reaching(LiveFeedSettings(warm_up=hour), [(252, five), (20, minute)])
    assert (settings.history, settings.history_bar) == (254 * five, minute), "of the length that suits both"
    settings = reaching(LiveFeedSettings(warm_up=hour), [(252, five)])
    assert (settings.history, settings.history_bar) == (254 * five, five)
    assert reaching(LiveFeedSettings(), [(252, five)]) == LiveFeedSettings(), "0 reads none"
    assert reaching(LiveFeedSettings(warm_up=hour), [(10, five)]) == LiveFeedSettings(warm_up=hour)

    async def work(bar_ns: int | None) -> list[tuple[Any, ...]]:
        market = Asked()
        feed = LiveFeed((Subscription("X", "XUSDT", bar_ns=bar_ns),), market, market, settings, lambda: now)
        await feed.begin()
        rows: list[tuple[Any, ...]] = []
        feed.cursor("X").rebuild(lambda *row: rows.append(row) is None, 0)
        assert [row[2] for row in rows] == sorted(row[2] for row in rows)
        return rows

    for bar_ns in (None, five):
        rows = asyncio.run(work(bar_ns))
        builder, built = BarBuilder(five, BarSource.TRADES), []
        for _, kind, at, _, price, size, *_ in rows:
            if kind == T:
                built += [bar for bar in [builder.close_before(at)] if bar is not None]
                builder.add(at, price, size)
        assert len(built) >= 252
        assert {bar.volume for bar in built} == {5.0}
        assert {bar.gap for bar in built} == {0}
        told = [row for row in rows if row[1] == BAR]
        assert len(told) == (0 if bar_ns is None else len(built))
        assert {row[-1] for row in told} <= {5.0}


@pytest.mark.parametrize("away", [False, True])
def test_history_is_read_before_the_start_if_the_venue_answers(away: bool) -> None:
    async def work() -> None:
        market = ByHand()
        market.away = away
        now = 1_000 * 60 * SECOND + 5
        minute = 60 * SECOND
        market.history = [
            Bar("X", number * minute, minute, 1.0, 3.0, 0.5, 2.0, 8.0) for number in range(1_000)
        ]
        settings = LiveFeedSettings(warm_up=10 * minute)
        feed = LiveFeed((Subscription("X", "XUSDT", bar_ns=minute),), market, market, settings, lambda: now)
        await feed.begin()
        rows: list[tuple[Any, ...]] = []
        feed.cursor("X").rebuild(lambda *row: rows.append(row) is None, 55)
        assert feed.cursor("X").position == 55
        kinds = [row[1] for row in rows]
        whole = 10 - 1  # the first of the ten had begun before
        expected = (0, 0, 0) if away else (4 * whole, 4 * whole, whole)
        assert (kinds.count(Q), kinds.count(T), kinds.count(BAR)) == expected
        assert feed.health().warm_up.startswith("incomplete: away" if away else "complete")

    run(work())
