"""The market data of a backtest: which files and feeds, in which window, and the prices a report is drawn on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from actors.venues.matching.instruments import MarketKind
from cluster.backtest.record import DataFile, PriceSeries
from cluster.backtest.report.wording import moment
from cluster.feeds import Feed, RecordedFeed, expand_data
from cluster.feeds.columns import Chunk
from cluster.feeds.window import Window, priced
from cluster.host import paper_map, settings_map
from cluster.paper.market import open_feeds
from cluster.session_feed import open_recording, synthetic_plan
from config import DeskConfig
from messages.errors import ConfigurationError
from messages.market import TickKind


class MarketData(msgspec.Struct, frozen=True):
    """The feeds of a run by symbol, the window it covers (ns UTC), the files they came from and where these lie."""

    feeds: dict[str, Feed]
    start: int
    end: int
    files: tuple[DataFile, ...]
    paths: tuple[str, ...] = ()


def open_market(
    config: DeskConfig, data: Sequence[Path], cache: Path, *, start: int | None = None, end: int | None = None
) -> MarketData:
    """Open the feeds of every traded symbol; without files the synthetic market of the settings.

    `start` and `end` (ns UTC, both inclusive) narrow what the data covers. Raises `DataProviderError` for data that
    can't be read or lacks a symbol, `ConfigurationError` for a recorded market without data, an endless one, or a
    window with nothing in it.
    """
    if not data and config.feed.mode == "recorded":
        raise ConfigurationError(
            "these settings trade a recorded market, and no data is given",
            field="--data",
            remedy="give files, folders or patterns with --data, or set feed.mode=synthetic, as profile synthetic does",
        )
    symbols = settings_map.traded_symbols(config)
    paths = expand_data(data) if data else []
    if paths:
        feeds, first, last, files = _recorded(config, symbols, paths, cache)
    else:
        feeds, first, last, files = _synthetic(config, symbols)
    begin, stop = (
        max(first, start if start is not None else first),
        min(last, end if end is not None else last),
    )
    if begin >= stop:
        raise ConfigurationError(
            f"what is traded has data from {moment(first)} to {moment(last)} UTC, and none in the window asked for",
            field="window",
            value=f"{_bound(start, 'its beginning')} to {_bound(end, 'its end')}",
            remedy="choose --from and --to within the data, --from before --to",
        )
    if (begin, stop) != (first, last):
        feeds = {symbol: Window(feed, begin, stop) for symbol, feed in feeds.items()}
    return MarketData(
        {symbol: priced(feed, _kind(config, symbol)) for symbol, feed in feeds.items()},
        begin,
        stop,
        files,
        tuple(str(path.resolve()) for path in paths),
    )


def _bound(time: int | None, otherwise: str) -> str:
    return otherwise if time is None else moment(time)


def _recorded(
    config: DeskConfig, symbols: Sequence[str], paths: Sequence[Path], cache: Path
) -> tuple[dict[str, Feed], int, int, tuple[DataFile, ...]]:
    recording = open_recording(config, symbols, paths, cache)
    feeds: dict[str, Feed] = {symbol: RecordedFeed.of(recording, symbol) for symbol in symbols}
    files = tuple(
        DataFile(
            file.path.name,
            file.digest[:12],
            sum(map(len, file.tables.values())),
            file.first_time,
            file.last_time,
        )
        for file in recording.files
        if file.tables
    )
    return feeds, recording.first_time, recording.last_time, files


def _synthetic(
    config: DeskConfig, symbols: Sequence[str]
) -> tuple[dict[str, Feed], int, int, tuple[DataFile, ...]]:
    plan = synthetic_plan(config)
    instruments = tuple(each for each in paper_map.paper_instruments(config) if each.symbol in symbols)
    feeds = open_feeds(paper_map.market_source(config, plan), instruments)
    assert plan.end is not None
    return feeds, plan.start, plan.end, ()


def _kind(config: DeskConfig, symbol: str) -> MarketKind:
    return MarketKind(config.venues[config.symbols[symbol].venue].simulated.fill.market)


def prices_of(feeds: Mapping[str, Feed]) -> dict[str, PriceSeries]:
    """The mid of every quote; where a feed has none, the price of every trade."""
    return {symbol: _prices(feed) for symbol, feed in feeds.items()}


def _prices(feed: Feed) -> PriceSeries:
    for pick in (_mids, _prints):
        found = [pick(chunk) for chunk in feed.open(0)]
        series = PriceSeries(
            np.concatenate([times for times, _ in found]) if found else np.zeros(0, np.int64),
            np.concatenate([prices for _, prices in found]) if found else np.zeros(0),
        )
        if len(series):
            break
    return series


def _mids(chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    quotes = (chunk.kind == TickKind.QUOTE) & (chunk.v0 > 0) & (chunk.v2 >= chunk.v0) & np.isfinite(chunk.v2)
    return chunk.time[quotes], (chunk.v0[quotes] + chunk.v2[quotes]) / 2


def _prints(chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    trades = (chunk.kind == TickKind.TRADE) & (chunk.v0 > 0) & np.isfinite(chunk.v0)
    return chunk.time[trades], chunk.v0[trades]
