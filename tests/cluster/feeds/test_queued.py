"""The feed that tests push rows into."""

from __future__ import annotations

import pytest

from cluster.feeds.columns import concatenate
from cluster.feeds.queued import QueueFeed
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.recordings import chunk_at

pytestmark = pytest.mark.unit


@pytest.fixture
def feed() -> QueueFeed:
    feed = QueueFeed("BTC-USDT")
    feed.push(TickKind.QUOTE, 1, 1.0, 2.0, 3.0, 4.0)
    feed.push_chunk(chunk_at([2, 3, 4], symbol="other"))
    return feed


@pytest.mark.parametrize("position", range(5))
def test_it_opens_at_any_position(feed: QueueFeed, position: int) -> None:
    rows = concatenate("", list(feed.open(position)))
    assert rows.time.tolist() == [1, 2, 3, 4][position:]


def test_it_knows_its_bounds_and_symbol(feed: QueueFeed) -> None:
    assert (feed.first_time, feed.last_time, feed.rows) == (1, 4, 4)
    assert {chunk.symbol for chunk in feed.open()} == {"BTC-USDT"}
    assert QueueFeed("X").last_time is None
    with pytest.raises(DataProviderError, match="no rows yet"):
        _ = QueueFeed("X").first_time


def test_time_can_not_go_backwards(feed: QueueFeed) -> None:
    with pytest.raises(DataProviderError, match="goes backwards"):
        feed.push(TickKind.QUOTE, 3, 1.0)
    with pytest.raises(DataProviderError, match="goes backwards"):
        feed.push_chunk(chunk_at([9, 8]))
    assert feed.rows == 4


def test_a_position_beyond_the_rows_is_refused(feed: QueueFeed) -> None:
    with pytest.raises(DataProviderError, match="the feed has 4 rows"):
        feed.open(5)
