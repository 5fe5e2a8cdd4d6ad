"""What file names tell beyond the content: freqtrade's `ADA_BTC-5m.feather`, `XRP_ETH-trades.feather`.

Tables of bars and trades often name neither their listing nor the length of their bars. freqtrade writes both into
the file name, so that name is read, whatever the table's format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cluster.feeds.readers.base import UNNAMED, data_error

_UNITS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SECOND: Final = 1_000_000_000

_FREQTRADE: Final = re.compile(
    r"(?P<listing>[A-Za-z0-9]+(?:_[A-Z0-9]+)+)-"
    r"(?:(?P<timeframe>[1-9]\d{0,3}[smhdw])(?:-(?P<candle>[A-Za-z_]+))?|trades)\Z"
)

FUNDING_CANDLE: Final = "funding_rate"

_FUNDING: Final = re.compile(rf"(?P<listing>[A-Za-z0-9_]+)-{FUNDING_CANDLE}\Z")
"""What `raydesk record history` writes: `BTCUSDT-funding_rate.parquet`."""

_TRADED: Final = frozenset({None, "spot", "futures"})
"""The kinds of freqtrade candles that are prices somebody traded at."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file's name or folders tell that its content does not.

    Files with the same content but another `identity` are different recordings. `market` is where it was
    recorded. `series` (bars, trades, quotes) and `step` (their resolution) tell which files can't be mixed: the
    bars of a minute and of five minutes are the same trades twice. All empty when the name tells nothing.
    """

    identity: str = ""
    market: str = ""
    series: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class TableName:
    """What the name of a table tells: its listing, how long its bars last (ns), the kind of candle."""

    listing: str = UNNAMED
    bar_length: int | None = None
    timeframe: str = ""
    candle: str | None = None

    @property
    def is_market_data(self) -> bool:
        """Whether the table can hold market data: funding rates and mark or index prices are none."""
        return self.candle in _TRADED

    @property
    def is_funding(self) -> bool:
        """Whether the table holds funding rates."""
        return self.candle == FUNDING_CANDLE


def table_name(path: Path) -> TableName:
    """What the name of `path` tells; nothing when it is of none of these forms."""
    name = path.name.partition(".")[0]
    match = _FREQTRADE.match(name)
    if match is None:
        funding = _FUNDING.match(name)
        return TableName() if funding is None else TableName(funding["listing"], candle=FUNDING_CANDLE)
    timeframe = match["timeframe"] or ""
    length = int(timeframe[:-1]) * _UNITS[timeframe[-1]] * _SECOND if timeframe else None
    return TableName(match["listing"], length, timeframe, match["candle"])


def market_table_name(path: Path) -> TableName:
    """The same for a table that is to give market data. Raises `DataProviderError` when its name says it can't."""
    name = table_name(path)
    if name.is_market_data:
        return name
    if name.is_funding:
        remedy = "read it with cluster.feeds.read_funding; it is not part of the market data"
    else:
        remedy = "nobody traded at these prices: give the file of the traded candles"
    raise data_error(path, "the file holds no traded prices", field="name", value=name.candle, remedy=remedy)


def table_origin(path: Path) -> Origin:
    """The origin of a table, by its name."""
    name = table_name(path)
    if not name.listing:
        return Origin()
    identity = f"{name.listing}-{name.timeframe or 'trades'}-{name.candle or ''}"
    series, step = ("bars", name.timeframe) if name.timeframe else ("trades", "tick")
    return Origin(identity, series=series, step=step)
