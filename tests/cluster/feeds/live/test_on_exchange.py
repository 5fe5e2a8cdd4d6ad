"""The live feed over the local exchange: direct and through a relay, the same market."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.venues.market_port import Subscription
from cluster.feeds.live.feed import LiveFeed
from cluster.feeds.live.relay import RelayService, RelaySettings
from cluster.feeds.live.relay_client import RelayClient
from cluster.feeds.live.settings import FeedMode, LiveFeedSettings
from cluster.feeds.live.sources import relay_socket
from messages.market import TickKind
from tests.actors.venues.binance_usdm.exchange_market import BTC, connected, serving
from tests.cluster.exchange.rig import settings_of
from tests.cluster.feeds.live.market import SECOND, until

pytestmark = pytest.mark.integration

WANTED = [Subscription(BTC, "BTCUSDT")]


@asynccontextmanager
async def doing(*works: Any) -> AsyncIterator[None]:
    """These, beside the test; what fails of them is the test's failure."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def fold(feed: LiveFeed) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    feed.cursor(BTC).fold(lambda *row: rows.append(row) is not None)
    return rows


def test_direct_and_relayed_feeds_tell_the_same_market(tmp_path: Path) -> None:
    async def work() -> None:
        settings = settings_of(tmp_path)
        async with (
            serving(settings) as server,
            connected(server, settings) as market,
            connected(server, settings) as own,
        ):
            relay = RelayService(own, WANTED, RelaySettings(socket=relay_socket(tmp_path, "binance")))
            made = LiveFeedSettings(warm_up=300 * SECOND)
            direct = LiveFeed(WANTED, market, market, made, time.time_ns)
            client = RelayClient(relay_socket(tmp_path, "binance"))
            relayed = LiveFeed(WANTED, client, market, made, time.time_ns)
            await asyncio.gather(direct.begin(), relayed.begin())
            async with doing(relay.run(), direct.run(), relayed.run()):
                await until(lambda: direct.cursor(BTC).waiting > 20 and relayed.cursor(BTC).waiting > 20, 60)
                await until(lambda: relayed.health().clock_offset is not None)
                healths = [direct.health(), relayed.health()]
                told = [fold(direct), fold(relayed)]
        for health in healths:
            assert (health.mode, health.shed, health.stale, health.clock_refused) == (
                FeedMode.STREAM,
                0,
                [],
                False,
            )
            assert health.stream.connected == health.stream.connections
            assert health.clock_offset is not None
            assert abs(health.clock_offset) < SECOND
            assert health.warm_up == "complete"
        for kind in (TickKind.QUOTE, TickKind.TRADE):
            spans = [[(row[3], *map(repr, row[4:])) for row in rows if row[1] == kind] for rows in told]
            if kind == TickKind.TRADE and not all(spans):
                continue  # nothing traded in the moments that both have seen
            begin, end = max(span[0][0] for span in spans), min(span[-1][0] for span in spans)
            direct_rows, relayed_rows = ([row for row in span if begin < row[0] < end] for span in spans)
            assert direct_rows == relayed_rows
            assert len(direct_rows) > 3 or kind == TickKind.TRADE

    asyncio.run(work())


def test_a_feed_that_polls_sees_each_quote_once(tmp_path: Path) -> None:
    async def work() -> None:
        settings = settings_of(tmp_path)
        async with serving(settings) as server, connected(server, settings) as market:
            made = LiveFeedSettings(mode=FeedMode.POLL, poll_s=0.02)
            feed = LiveFeed(WANTED, market, market, made, time.time_ns)
            async with doing(feed.run()):
                await until(lambda: feed.cursor(BTC).waiting > 3, 60)
                assert feed.health().mode is FeedMode.POLL
            times = [row[3] for row in fold(feed)]
        assert times == sorted(set(times))

    asyncio.run(work())
