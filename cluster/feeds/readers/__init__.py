"""Readers of recorded market data files, one module per format, chosen by what the file holds."""

from cluster.feeds.readers.base import UNNAMED, BarTime, Coverage, OneSided, ReadOptions
from cluster.feeds.readers.names import Origin
from cluster.feeds.readers.registry import FORMATS, Format, format_of, origin_of, read

__all__ = [
    "FORMATS",
    "UNNAMED",
    "BarTime",
    "Coverage",
    "Format",
    "OneSided",
    "Origin",
    "ReadOptions",
    "format_of",
    "origin_of",
    "read",
]
