"""What a stream's name says: which listing, what of it, how often, and on which path it is served."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from cluster.exchange.fronts.binance_usdm.market import INTERVALS


class StreamClass(StrEnum):
    """The path a stream belongs to. A subscription on another path is accepted and stays silent."""

    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"
    LEGACY = "legacy"
    """the paths without a class: only private streams are served there"""


class StreamKind(StrEnum):
    """What a stream tells."""

    BOOK_TICKER = "bookTicker"
    DEPTH = "depth"
    PARTIAL_DEPTH = "partialDepth"
    AGGREGATE_TRADE = "aggTrade"
    KLINE = "kline"
    MARK_PRICE = "markPrice"


class StreamName(msgspec.Struct, frozen=True, kw_only=True):
    """A name taken apart. `listing` is None for streams over all listings; `cadence` ms, 0 = at once."""

    kind: StreamKind
    stream_class: StreamClass
    listing: str | None
    cadence: int
    levels: int = 0
    interval: str = ""


_DEPTH = re.compile(r"^depth(?P<levels>5|10|20)?(?:@(?P<cadence>100|250|500)ms)?$")
_KLINE = re.compile(r"^kline_(?P<interval>\w+)$")
_MARK = re.compile(r"^markPrice(?P<second>@1s)?$")
_ALL_MARKS = re.compile(r"^!markPrice@arr(?P<second>@1s)?$")


def parse_stream(name: str) -> StreamName | None:
    """A name taken apart; None for one that means nothing."""
    if name == "!bookTicker":
        return StreamName(
            kind=StreamKind.BOOK_TICKER, stream_class=StreamClass.PUBLIC, listing=None, cadence=0
        )
    if found := _ALL_MARKS.match(name):
        return _mark(None, found)
    symbol, _, rest = name.partition("@")
    if not symbol or symbol != symbol.lower():
        return None
    listing = symbol.upper()
    if rest == "bookTicker":
        return StreamName(
            kind=StreamKind.BOOK_TICKER, stream_class=StreamClass.PUBLIC, listing=listing, cadence=0
        )
    if found := _DEPTH.match(rest):
        levels = int(found["levels"] or 0)
        return StreamName(
            kind=StreamKind.PARTIAL_DEPTH if levels else StreamKind.DEPTH,
            stream_class=StreamClass.PUBLIC,
            listing=listing,
            cadence=int(found["cadence"] or 250),
            levels=levels,
        )
    if rest == "aggTrade":
        return StreamName(
            kind=StreamKind.AGGREGATE_TRADE, stream_class=StreamClass.MARKET, listing=listing, cadence=100
        )
    if (found := _KLINE.match(rest)) and found["interval"] in INTERVALS:
        return StreamName(
            kind=StreamKind.KLINE,
            stream_class=StreamClass.MARKET,
            listing=listing,
            cadence=250,
            interval=found["interval"],
        )
    if found := _MARK.match(rest):
        return _mark(listing, found)
    return None


def _mark(listing: str | None, found: re.Match[str]) -> StreamName:
    return StreamName(
        kind=StreamKind.MARK_PRICE,
        stream_class=StreamClass.MARKET,
        listing=listing,
        cadence=1_000 if found["second"] else 3_000,
    )
