"""The settings of a paper venue: plain data, read from a JSON file or made by the process that hosts the venue.

They are apart from the desk's configuration because the venue is a system of its own, as an exchange would be.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import msgspec

from actors.venues.matching.instruments import AccountSettings, EngineSettings, Instrument
from cluster.json_files import read_json
from cluster.paper.faults import FaultSettings
from cluster.paper.funding import ConstantFunding
from messages.codec import digest
from messages.errors import ConfigurationError


class RecordedSource(msgspec.Struct, frozen=True, kw_only=True, tag="recorded", forbid_unknown_fields=True):
    """The market comes from recorded files; `listings` maps the names in the files to symbols."""

    paths: tuple[str, ...]
    listings: dict[str, str]
    cache_folder: str
    include_depth: bool = False
    bar_time: Literal["auto", "open", "close"] = "auto"
    one_sided: Literal["absent", "carry"] = "absent"


class MarketShapeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one symbol's synthetic market looks like; see `cluster.feeds.MarketShape` for the units."""

    start_price: float
    volatility: float = 1e-4
    minimum_spread_ticks: int = 1
    quotes_per_second: float = 20.0
    median_size: float = 1.0


class SyntheticSource(msgspec.Struct, frozen=True, kw_only=True, tag="synthetic", forbid_unknown_fields=True):
    """The market is drawn from a seed, from `start_time` (ns UTC) for `duration` ns (None = without end)."""

    seed: int
    start_time: int
    shapes: dict[str, MarketShapeSettings]
    duration: int | None = None


MarketSource = RecordedSource | SyntheticSource


class TimeMode(StrEnum):
    """Who moves the venue's time."""

    GRANTED = "granted"
    """a replay clock, by `POST /clock/advance`"""
    PACED = "paced"
    """the machine's clock, also while nobody is connected"""


class TimeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How desk time passes at the venue.

    `start` is the desk time (ns UTC) the venue is born at. PACED: desk time = `start` + (wall - `wall_start`)
    x `speed`; with `wall_start` (machine time, ns UTC) None it is the moment of birth, which the store keeps.
    """

    mode: TimeMode
    start: int
    speed: float = 1.0
    wall_start: int | None = None


class PaperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a paper venue needs.

    - `folder`: its own store; made when missing. One process at a time.
    - `port`: 0 takes a free one, and the same again after a restart.
    - `fsync`: wait for the disk before an answer is given: nothing acknowledged is lost at a power failure.
    - `snapshot_commands`, `snapshot_rows`: how much may happen between two snapshots, and so how much a restart
      has to do again: commands taken, rows of market data folded.
    """

    folder: str
    venue: str
    instruments: tuple[Instrument, ...]
    account: AccountSettings
    source: MarketSource
    time: TimeSettings
    funding: tuple[ConstantFunding, ...] = ()
    engine: EngineSettings = EngineSettings()
    faults: FaultSettings = FaultSettings()
    host: str = "127.0.0.1"
    port: int = 0
    fsync: bool = False
    snapshot_commands: int = 2_000
    snapshot_rows: int = 500_000


def market_digest(settings: PaperSettings) -> str:
    """What history depends on, as 64 hex digits: a store may be opened again only under the same digest."""
    identity: list[Any] = [
        settings.venue,
        settings.instruments,
        settings.account,
        settings.source,
        settings.time.mode,
        settings.time.start,
        settings.engine,
    ]
    if settings.funding:
        identity.append(settings.funding)
    return digest(msgspec.json.encode(identity, order="deterministic"))


def load_settings(path: Path) -> PaperSettings:
    """Read settings from a JSON file. Raises `ConfigurationError` naming the file and the field."""
    return checked(read_json(path, PaperSettings, what="settings", field="settings"))


def checked(settings: PaperSettings) -> PaperSettings:
    """The settings themselves. Raises `ConfigurationError` naming the first field that makes no sense."""
    names = [instrument.symbol for instrument in settings.instruments]
    rules: tuple[tuple[str, object, bool, str], ...] = (
        ("venue", settings.venue, bool(settings.venue), "give the venue's name in the desk"),
        ("folder", settings.folder, bool(settings.folder), "give a folder for the venue's store"),
        ("instruments", len(names), bool(names), "give at least one"),
        ("instruments", names, len(set(names)) == len(names), "give each symbol once"),
        ("port", settings.port, 0 <= settings.port < 65_536, "give 0 (any) to 65535"),
        ("time.speed", settings.time.speed, settings.time.speed > 0, "give a factor above 0"),
        ("time.start", settings.time.start, settings.time.start > 0, "give ns UTC"),
        (
            "engine.order_latency",
            settings.engine.order_latency,
            settings.engine.order_latency >= 0,
            "ns >= 0",
        ),
        (
            "engine.report_latency",
            settings.engine.report_latency,
            settings.engine.report_latency >= 0,
            "ns >= 0",
        ),
        ("snapshot_commands", settings.snapshot_commands, settings.snapshot_commands > 0, "give 1 or more"),
        ("snapshot_rows", settings.snapshot_rows, settings.snapshot_rows > 0, "give 1 or more"),
    )
    for name, value, holds, remedy in rules:
        if not holds:
            raise ConfigurationError("not allowed", field=f"paper.{name}", value=value, remedy=remedy)
    return settings
