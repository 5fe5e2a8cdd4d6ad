"""A pipeline has all of its bars before its first live row, whatever their length."""

from __future__ import annotations

import asyncio

import pytest

from actors.strategy.actor import StrategyActor
from actors.strategy.pipeline.strategy import Pipeline
from actors.strategy.settings import StrategyActorSettings
from actors.venues.market_port import Bar, Subscription
from cluster.feeds.live.feed import LiveFeed
from cluster.feeds.live.settings import LiveFeedSettings
from cluster.feeds.live.warm_up import reaching
from config.duration import MINUTE
from tests.actors.strategy.pipeline.pipelines import pipeline
from tests.actors.strategy.stage import START
from tests.cluster.feeds.live.market import ByHand

pytestmark = pytest.mark.unit

NOW = START + 7 * MINUTE + 5


class Venue(ByHand):
    """Has bars of every length, as many as are asked for, none of which is still open."""

    async def bars(self, symbol: str, length: int, start: int, end: int) -> tuple[Bar, ...]:
        begins = range(-(-start // length) * length, end, length)
        return tuple(
            Bar(symbol, begin, length, 100.0, 101.0, 99.0, 100.0 + begin // length % 2, 5.0)
            for begin in begins
            if begin + length <= NOW
        )


@pytest.mark.parametrize("source", ["trades", "quotes", "feed"])
@pytest.mark.parametrize("minutes", [1, 5, 60])
def test_the_window_is_full_when_the_feed_begins(minutes: int, source: str) -> None:
    chosen = pipeline("Wave", interval=f"{minutes}m", horizons=["5m"], gates={}, bars=source)
    actor = StrategyActor("strategy/BTC-USDT", StrategyActorSettings((chosen,)))
    assert actor.histories == ((100, minutes * MINUTE),)
    settings = reaching(LiveFeedSettings(warm_up=60 * MINUTE), actor.histories)
    wanted = Subscription("BTC-USDT", "BTCUSDT", bar_ns=minutes * MINUTE if source == "feed" else None)
    market = Venue()
    feed = LiveFeed((wanted,), market, market, settings, lambda: NOW)
    asyncio.run(feed.begin())
    feed.cursor("BTC-USDT").rebuild(actor.observe, 0)
    strategy = actor.strategies[0]
    assert isinstance(strategy, Pipeline)
    known = strategy.bars("BTC-USDT")[1:]  # the last one closes with the first live row
    assert len(known) == 99
    assert not (known[:, :4] != known[:, :4]).any()
