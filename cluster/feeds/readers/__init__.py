"""Readers of recorded market data files, one module per format, chosen by what the file holds."""

from cluster.feeds.readers.base import UNNAMED, Coverage, ReadOptions
from cluster.feeds.readers.registry import FORMATS, Format, format_of, read

__all__ = ["FORMATS", "UNNAMED", "Coverage", "Format", "ReadOptions", "format_of", "read"]
