"""Recorded and synthetic market data as column chunks, and the cursor that feeds it to an actor row by row."""

from cluster.feeds.columns import CHUNK_ROWS, NO_EVENT_TIME, Chunk, Feed, Observe
from cluster.feeds.cursor import END_OF_TIME, FeedCursor
from cluster.feeds.data_paths import expand_data, expand_funding
from cluster.feeds.funding import FundingRates, funding_listing, read_funding
from cluster.feeds.queued import QueueFeed
from cluster.feeds.readers import read
from cluster.feeds.recording import RecordedFeed, Recording
from cluster.feeds.synthetic import MarketShape, SyntheticMarket

__all__ = [
    "CHUNK_ROWS",
    "END_OF_TIME",
    "NO_EVENT_TIME",
    "Chunk",
    "Feed",
    "FeedCursor",
    "FundingRates",
    "MarketShape",
    "Observe",
    "QueueFeed",
    "RecordedFeed",
    "Recording",
    "SyntheticMarket",
    "expand_data",
    "expand_funding",
    "funding_listing",
    "read",
    "read_funding",
]
