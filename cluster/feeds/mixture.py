"""Which files can be one market: not two exchanges, not one series at two resolutions, not the same bars twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cluster.feeds.columns import Rows
from cluster.feeds.readers import Origin
from cluster.feeds.readers.base import data_error
from messages.market import TickKind


class Mixture:
    """Remembers what the files of each symbol are, as far as their names tell (`Origin`)."""

    def __init__(self) -> None:
        self._markets: dict[str, tuple[str, Path]] = {}
        self._steps: dict[tuple[str, str], tuple[str, Path]] = {}

    def add(self, symbol: str, path: Path, origin: Origin) -> None:
        """Take one more file of `symbol`. Raises `DataProviderError` when it can't be mixed with an earlier one."""
        if origin.market:
            market, other = self._markets.setdefault(symbol, (origin.market, path))
            if market != origin.market:
                raise data_error(
                    path,
                    f"{symbol} is of {market} in {other}",
                    field="market",
                    value=origin.market,
                    remedy="give the files of one market; two venues of one pair are two symbols",
                )
        if origin.series:
            step, other = self._steps.setdefault((symbol, origin.series), (origin.step, path))
            if step != origin.step:
                raise data_error(
                    path,
                    f"the {origin.series} of {symbol} are of another resolution, {step}, in {other}: "
                    "the same trades would count twice",
                    field=origin.series,
                    value=origin.step,
                    remedy="give one resolution of each series",
                )


def refuse_bars_twice(symbol: str, tables: Sequence[tuple[Path, Rows]]) -> None:
    """Raises `DataProviderError` when two bars of the symbol have one time: its files overlap.

    Of ticks nothing can be said: many may be of one instant. Tables that begin with one are passed over, as looking for
    bars among them would read all of them.
    """
    bars = [
        (path, rows["time"][rows["kind"] == TickKind.BAR])
        for path, rows in tables
        if len(rows) and rows["kind"][0] == TickKind.BAR
    ]
    if len(bars) < 2:
        return
    times = np.concatenate([column for _, column in bars])
    order = np.argsort(times, kind="stable")
    twice = np.flatnonzero(np.diff(times[order]) == 0)
    if not len(twice):
        return
    ends = np.cumsum([len(column) for _, column in bars])
    at = order[twice[0] : twice[0] + 2]
    first, second = (bars[int(index)][0] for index in np.searchsorted(ends, at, side="right"))
    raise data_error(
        second,
        f"it holds bars of {symbol} of the same time as {first}",
        field="time",
        value=int(times[at[0]]),
        remedy="give each stretch of time once",
    )
