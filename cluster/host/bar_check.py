"""Whether market data has the bars that strategies decide on: one that waits for bars that never come is silent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import gcd
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from actors.strategy.bars import BarSource
from config.duration import format_duration
from config.problems import Problem, configuration_error
from messages.market import TickKind

if TYPE_CHECKING:
    from actors.strategy.strategy import Strategy
    from cluster.feeds.columns import Feed
    from config import DeskConfig

_BARS_LOOKED_AT = 10_000
"""So many bars of a feed tell how long they are."""


class WantedBars(NamedTuple):
    """Bars without which a strategy never decides on a symbol; `interval` in ns, None for any length."""

    strategy: str
    symbol: str
    source: BarSource
    interval: int | None


class Available(NamedTuple):
    """What a market's rows of one symbol are; `bar_length` (ns) is None where none of them are bars."""

    quotes: bool
    trades: bool
    bar_length: int | None

    def makes(self, wanted: WantedBars) -> bool:
        """Whether these rows give such bars."""
        if wanted.source is BarSource.QUOTES:
            return self.quotes
        if wanted.source is BarSource.TRADES:
            return self.trades
        length = self.bar_length
        return length is not None and (wanted.interval is None or wanted.interval % length == 0)

    def __str__(self) -> str:
        parts = ["quotes"] * self.quotes + ["trades"] * self.trades
        if self.bar_length is not None:
            parts.append(f"bars of {format_duration(self.bar_length)}")
        return " and ".join(parts) or "nothing"


def wanted_by(strategy: str, made: Strategy) -> tuple[WantedBars, ...]:
    """The bars without which `made`, started under this id, never decides."""
    if not made.bars_only:
        return ()
    return tuple(
        WantedBars(strategy, symbol, each.source, each.interval)
        for symbol in made.symbols
        for each in made.subscriptions
    )


def bar_problems(wanted: Iterable[WantedBars], available: Callable[[str], Available]) -> Iterator[Problem]:
    """One problem per strategy and symbol that would wait for ever; `available` tells what a symbol has."""
    for each in wanted:
        found = available(each.symbol)
        if not found.makes(each):
            yield Problem(
                f"strategies.{each.strategy}",
                f"never decides on {each.symbol}: it needs {_named(each)}",
                f"{found}",
                remedy=_remedy(each, found),
            )


def require_bars(wanted: Iterable[WantedBars], feeds: Mapping[str, Feed]) -> None:
    """Raises `ConfigurationError` that lists what would wait for bars that these feeds do not have."""
    wanted = [each for each in wanted if each.symbol in feeds]
    known = {
        symbol: available_in(feeds[symbol], [each.source for each in wanted if each.symbol == symbol])
        for symbol in {each.symbol for each in wanted}
    }
    problems = tuple(bar_problems(wanted, known.__getitem__))
    if problems:
        raise configuration_error(problems)


def available_in(feed: Feed, sources: Iterable[BarSource]) -> Available:
    """What a feed has, read as far as it takes to know that of these sources."""
    asked = set(sources)
    seen: set[int] = set()
    ends: list[int] = []
    for chunk in feed.open(0):
        seen.update(np.unique(chunk.kind).tolist())
        if TickKind.BAR in seen and len(ends) < _BARS_LOOKED_AT:
            ends += chunk.time[chunk.kind == TickKind.BAR].tolist()
        if all(_KINDS[each] in seen for each in asked) and (
            BarSource.FEED not in asked or len(ends) >= _BARS_LOOKED_AT
        ):
            break
    length = gcd(*np.diff(np.unique(np.array(ends, dtype=np.int64))).tolist()) or None
    return Available(TickKind.QUOTE in seen, TickKind.TRADE in seen, length)


def available_from_settings(config: DeskConfig) -> Available | None:
    """What the settings themselves say of every symbol's market; None where only recorded data can tell."""
    if config.feed.live:
        return Available(quotes=True, trades=True, bar_length=config.feed.bar_interval)
    return Available(quotes=True, trades=True, bar_length=None) if config.feed.mode == "synthetic" else None


_KINDS = {
    BarSource.QUOTES: TickKind.QUOTE,
    BarSource.TRADES: TickKind.TRADE,
    BarSource.FEED: TickKind.BAR,
}


_PREFERRED = (BarSource.FEED, BarSource.TRADES, BarSource.QUOTES)


def _named(wanted: WantedBars) -> str:
    length = "bars" if wanted.interval is None else f"bars of {format_duration(wanted.interval)}"
    if wanted.source is BarSource.FEED:
        return f"{length} that the market data brings"
    return f"{length} made of {wanted.source.value}"


def _remedy(wanted: WantedBars, found: Available) -> str:
    if wanted.source is BarSource.FEED and found.bar_length is not None:
        return f"choose an interval that is a multiple of {format_duration(found.bar_length)}"
    others = [each.value for each in _PREFERRED if found.makes(wanted._replace(source=each))]
    other = f"have bars made otherwise, as parameters.bars: {others[0]} does, or " if others else ""
    own = "set feed.bar_interval where prices are live, or " if wanted.source is BarSource.FEED else ""
    return f"{other}{own}give data that has them"
