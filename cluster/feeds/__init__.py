"""Recorded and synthetic market data as column chunks, and the cursor that feeds it to an actor row by row."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "CHUNK_ROWS": "columns",
    "END_OF_TIME": "cursor",
    "NO_EVENT_TIME": "columns",
    "Chunk": "columns",
    "Feed": "columns",
    "FeedCursor": "cursor",
    "FundingRates": "funding",
    "MarketShape": "synthetic",
    "Observe": "columns",
    "QueueFeed": "queued",
    "RecordedFeed": "recording",
    "Recording": "recording",
    "SyntheticMarket": "synthetic",
    "expand_data": "data_paths",
    "expand_funding": "data_paths",
    "funding_listing": "funding",
    "read": "readers",
    "read_funding": "funding",
}
"""Imported when first asked for: a process that reads one kind of feed does not wait for the readers of all."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
