"""What the folders and names of LEAN's data files tell: security, market, resolution, symbol, day and kind.

`equity/usa/minute/aig/20131007_quote.zip` holds one text, `20131007_aig_minute_quote.csv` (ticks:
`20131007_aig_Quote_Tick.csv`; perpetuals: `..._perp.csv`). The rows tell none of it, so the folders must be kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cluster.feeds.readers.base import data_error
from cluster.feeds.readers.names import Origin
from messages.errors import DataProviderError

Kind = Literal["trade", "quote"]

_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Market:
    """What holds for all files of a security and market: the wall clock's zone and the factor on prices."""

    zone: str
    price_scale: float = 1.0


MARKETS: Final[Mapping[str, Market]] = {
    "crypto": Market("UTC"),
    "cryptofuture": Market("UTC"),
    "equity/usa": Market("America/New_York", 10_000.0),
}
"""By security, or by security and market where that decides."""

RESOLUTIONS: Final[Mapping[str, int]] = {"tick": 0, "second": _SECOND, "minute": 60 * _SECOND}
"""How long a row's interval lasts in ns; 0 for ticks."""

_FILE: Final = re.compile(r"(?P<day>\d{8})_(?P<kind>trade|quote)\.zip\Z", re.IGNORECASE)
_BARS: Final = re.compile(
    r"(?P<day>\d{8})_(?P<symbol>.+?)_(?P<resolution>second|minute)_(?P<kind>trade|quote)(_\w+)?\.csv\Z",
    re.IGNORECASE,
)
_TICKS: Final = re.compile(
    r"(?P<day>\d{8})_(?P<symbol>.+?)_(?P<kind>trade|quote)_(?P<resolution>tick)(_\w+)?\.csv\Z", re.IGNORECASE
)
_TICKS_OTHERWISE: Final = re.compile(
    r"(?P<day>\d{8})_(?P<symbol>.+?)_(?P<resolution>tick)_(?P<kind>trade|quote)(_\w+)?\.csv\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class LeanFile:
    """What the place of one file tells."""

    security: str
    market: str
    resolution: str
    listing: str
    day: date
    kind: Kind

    @property
    def interval(self) -> int:
        """How long the interval of a row lasts, ns; 0 for ticks."""
        return RESOLUTIONS[self.resolution]

    @property
    def price_scale(self) -> float:
        """What the file's prices are divided by."""
        return _market(self.security, self.market).price_scale

    def zone(self, path: Path) -> ZoneInfo:
        """The zone of the file's wall clock. Raises `DataProviderError` when this machine does not know it."""
        name = _market(self.security, self.market).zone
        try:
            return ZoneInfo(name)
        except ZoneInfoNotFoundError as error:
            raise data_error(
                path,
                "this machine does not know the time zone of the file",
                field="zone",
                value=name,
                remedy="install the system's time zone data, or the tzdata package",
            ) from error

    @property
    def origin(self) -> Origin:
        """What can't be mixed with it, see `Origin`."""
        market = f"{self.security}/{self.market}"
        series = "quotes" if self.kind == "quote" else "bars" if self.interval else "trades"
        identity = f"{market}/{self.resolution}/{self.listing}/{self.day:%Y%m%d}_{self.kind}"
        return Origin(identity, market, series, self.resolution)


def lean_file(path: Path) -> LeanFile:
    """What the path tells. Raises `DataProviderError` when it is none of LEAN's, or of a kind not read here."""
    match = _FILE.match(path.name)
    folders = path.absolute().parts[-5:-1]
    if match is None or len(folders) < 4:
        raise _misplaced(path, "path", str(path))
    security, market, resolution, listing = (folder.lower() for folder in folders)
    if security not in MARKETS and f"{security}/{market}" not in MARKETS:
        raise _misplaced(path, "security", f"{security}/{market}")
    if resolution not in RESOLUTIONS:
        raise _misplaced(path, "resolution", resolution)
    return LeanFile(
        security, market, resolution, listing, _day(path, match["day"]), cast(Kind, match["kind"].lower())
    )


def check_member(path: Path, file: LeanFile, member: str) -> None:
    """Compare with the name of the text inside. Raises `DataProviderError` when they tell different things."""
    match = _BARS.match(member) or _TICKS.match(member) or _TICKS_OTHERWISE.match(member)
    told = (
        None
        if match is None
        else (match["day"], *(match[name].lower() for name in ("symbol", "resolution", "kind")))
    )
    if told != (f"{file.day:%Y%m%d}", file.listing, file.resolution, file.kind):
        raise data_error(
            path,
            f"the text inside is not the {file.resolution} {file.kind}s of {file.listing} on {file.day}",
            field="name",
            value=member,
            remedy="the file was renamed or moved: put it back where LEAN has it",
        )


def _market(security: str, market: str) -> Market:
    known = MARKETS.get(f"{security}/{market}") or MARKETS.get(security)
    assert known is not None  # `lean_file` lets no other pass
    return known


def _day(path: Path, text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError as error:
        raise _misplaced(path, "day", text) from error


def _misplaced(path: Path, field: str, value: str) -> DataProviderError:
    return data_error(
        path,
        "not one of LEAN's files that are read here, by its folders and name",
        field=field,
        value=value,
        remedy="keep LEAN's folders, such as equity/usa/minute/aig/20131007_quote.zip; read are "
        + ", ".join(MARKETS)
        + " in "
        + ", ".join(RESOLUTIONS),
    )
