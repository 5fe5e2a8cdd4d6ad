"""The funding rates of a backtest: from which files, and for which symbols."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cluster.backtest.record import DataFile
from cluster.feeds import FundingRates, expand_funding, funding_listing, read_funding
from cluster.feeds.recording import normal_listing
from cluster.host import settings_map
from config import DeskConfig
from messages.errors import ConfigurationError, DataProviderError


def open_funding(
    config: DeskConfig, paths: Sequence[Path | str]
) -> tuple[dict[str, FundingRates], tuple[DataFile, ...]]:
    """The rates by symbol, and the files they came from.

    A file belongs to the traded symbol whose listing its name tells (`XRP_USDT_USDT-8h-funding_rate.feather`), one that
    tells none to the only traded symbol; files of other listings are passed over. In folders and patterns only files
    named as freqtrade names them are looked for. Raises `DataProviderError` for a file that can't be read or that no
    symbol can be told of, and for two rates of one symbol at one time; `ConfigurationError` when nothing is left.
    """
    parts: dict[str, list[FundingRates]] = {}
    files: list[DataFile] = []
    for path in _files(paths):
        symbol = _symbol_of(config, path)
        if symbol is None:
            continue
        rates = read_funding(path)
        parts.setdefault(symbol, []).append(rates)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        files.append(DataFile(path.name, digest, len(rates.times), int(rates.times[0]), int(rates.times[-1])))
    if paths and not parts:
        raise ConfigurationError(
            "no file holds funding rates of a traded symbol",
            field="--funding",
            value=", ".join(map(str, paths)),
            remedy="give files named by the listing of a symbol, such as BTC_USDT_USDT-8h-funding_rate.feather",
        )
    return {symbol: _joined(symbol, found) for symbol, found in parts.items()}, tuple(files)


def _files(paths: Sequence[Path | str]) -> list[Path]:
    """A file that is named stands for itself, whatever it is called."""
    named = [path for path in map(Path, paths) if path.is_file()]
    return sorted({*named, *expand_funding(path for path in map(Path, paths) if not path.is_file())})


def _symbol_of(config: DeskConfig, path: Path) -> str | None:
    traded = settings_map.traded_symbols(config)
    listing = funding_listing(path)
    if listing:
        wanted = normal_listing(listing)
        return next(
            (symbol for symbol in traded if normal_listing(config.symbols[symbol].listing) == wanted), None
        )
    if len(traded) == 1:
        return traded[0]
    raise DataProviderError(
        "the file's name does not say whose funding rates it holds",
        field="--funding",
        value=str(path),
        remedy="name it by a listing, such as BTC_USDT_USDT-8h-funding_rate.csv",
    )


def _joined(symbol: str, parts: Sequence[FundingRates]) -> FundingRates:
    times = np.concatenate([part.times for part in parts])
    rates = np.concatenate([part.rates for part in parts])
    order = np.argsort(times, kind="stable")
    times, rates = times[order], rates[order]
    twice = np.flatnonzero(np.diff(times) == 0)
    if len(twice):
        raise DataProviderError(
            f"two funding rates of {symbol} are for one time",
            field="--funding",
            value=int(times[twice[0]]),
            remedy="give each period once",
        )
    return FundingRates(times, rates)
