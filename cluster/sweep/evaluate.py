"""One point of a sweep: one backtest in this process, as a Ray task or not, and the small record it leaves.

A process opens market data once and keeps it: the points of a sweep differ in what is made of it, not in it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cluster.backtest.market import MarketData, open_market
from cluster.backtest.record import DataFile
from cluster.backtest.result import BacktestResult
from cluster.backtest.runner import prepare, result_of
from cluster.host import settings_map
from cluster.sweep.figures import Figures, figures_of
from config import LoadedConfig
from messages.errors import DeskError

_MARKETS_KEPT = 4
"""Windows of market data a process holds open; walk-forward goes from one to the next."""


@dataclass(frozen=True)
class Task:
    """What is to be run: settings over a window of data (ns UTC, both inclusive, None = all of it).

    `funding` are files of funding rates, `cache` is where decoded files are kept. With `curve` the record has the
    account over time, to be chained.
    """

    loaded: LoadedConfig
    data: tuple[str, ...]
    cache: str
    start: int | None = None
    end: int | None = None
    funding: tuple[str, ...] = ()
    curve: bool = False


class Curve(msgspec.Struct, frozen=True):
    """An account over time: `nav` in base currency at `times` (ns UTC), and the return of each day as a fraction."""

    times: tuple[int, ...]
    nav: tuple[float, ...]
    daily: tuple[tuple[str, float], ...]


class RunResult(msgspec.Struct, frozen=True):
    """What a run leaves. A run that failed has an `error` and no figures."""

    config_hash: str = ""
    fingerprint: str = ""
    figures: Figures = {}
    error: str | None = None
    files: tuple[DataFile, ...] = ()
    curve: Curve | None = None


def evaluate(task: Task) -> RunResult:
    """Run one task. What goes wrong in it is its result: other points are not to suffer."""
    try:
        result = _run(task)
        figures = figures_of(result)
        curve = curve_of(result) if task.curve else None
    except DeskError as error:
        return RunResult(task.loaded.hash, error=str(error))
    except Exception as error:  # noqa: BLE001 — a strategy is foreign code, and one that raises fails its own point only
        return RunResult(task.loaded.hash, error=f"{type(error).__name__}: {error}")
    record = result.record
    return RunResult(task.loaded.hash, record.fingerprint, figures, None, record.files, curve)


def curve_of(result: BacktestResult) -> Curve:
    """The account of a run over time."""
    equity = result.equity
    daily = tuple((day.period, day.value) for day in result.statistics.daily)
    return Curve(tuple(equity.times.tolist()), tuple(equity.nav.tolist()), daily)


def market_of(task: Task) -> MarketData:
    """The market data of a task, opened when this process did not have it yet. Raises as `open_market`."""
    config = task.loaded.config.simulated
    traded = settings_map.traded_symbols(config)
    shape = config.model_dump_json(include={"symbols", "venues", "feed"})
    key = (task.data, task.cache, task.start, task.end, tuple(traded), shape)
    known = _markets.pop(key, None)
    if known is None:
        paths = [Path(each) for each in task.data]
        known = open_market(config, paths, Path(task.cache), start=task.start, end=task.end)
    _markets[key] = known
    while len(_markets) > _MARKETS_KEPT:
        _markets.popitem(last=False)
    return known


_markets: OrderedDict[tuple[object, ...], MarketData] = OrderedDict()
"""What this process has open; the last used is at the end."""


def _run(task: Task) -> BacktestResult:
    loaded = task.loaded.simulated
    desk, market = prepare(loaded, task.data, funding=task.funding, market=market_of(task))
    desk.run()
    return result_of(loaded, desk, market)
