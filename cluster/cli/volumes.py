"""`raydesk volumes`: what is traded a day of the symbols of a desk with live prices."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.desks import ConfigOption, DeskName, FolderOption, JsonFlag, Watch, on_desk
from cluster.cli.documents import VolumeEntry, VolumesDocument
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.output import console, print_json, span, table

if TYPE_CHECKING:
    from cluster.feeds.volumes import VolumeCache


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EPILOG)(volumes)


def volumes(
    desk: DeskName = None,
    config: ConfigOption = None,
    folder: FolderOption = None,
    as_json: JsonFlag = False,
    days: Annotated[int, typer.Option("--days", min=1, help="Mean of so many whole days.")] = 7,
) -> Exit:
    """Show the average daily volume of each traded symbol, and how old that figure is.

    The venue is asked only for what is older than feed.volume_max_age.
    """
    document = on_desk(desk, config, folder, lambda watch: _volumes(watch, days))
    if as_json:
        print_json(document)
        return Exit.OK
    rows = table("symbol", "venue", f">volume a day, of {days}", ">age")
    for each in document.volumes:
        rows.add_row(each.symbol, each.venue, f"{each.volume:,.8g}", span(each.age))
    console().print(rows)
    return Exit.OK


async def _volumes(watch: Watch, days: int) -> VolumesDocument:
    from cluster.host.settings_map import traded_symbols

    config = watch.config
    if not config.feed.live:
        raise UsageError(
            "this desk has no live prices, so there is no venue to ask",
            field="feed.mode",
            value=config.feed.mode,
            remedy="ask a desk with feed.mode auto, stream or poll",
        )
    caches: dict[str, VolumeCache] = {}
    found: list[VolumeEntry] = []
    for symbol in traded_symbols(config):
        venue = config.symbols[symbol].venue
        if venue not in caches:
            caches[venue] = await _cache(watch, venue)
        told = await caches[venue].volume(symbol, days)
        found.append(VolumeEntry(symbol, venue, told.volume, told.days, told.time, told.age(time.time_ns())))
    return VolumesDocument(config.desk.name, tuple(found))


async def _cache(watch: Watch, venue: str) -> VolumeCache:
    """The volumes of a venue, asked for within the desk's one budget of requests."""
    from cluster.feeds.volumes import VolumeCache, volumes_file
    from cluster.host.venue_access import BinanceUsdmAccess, market_port
    from cluster.host.venue_map import access_of

    launch = watch.desk.launch
    access = access_of(launch, venue)
    assert isinstance(access, BinanceUsdmAccess), venue  # with live prices no other venue is accepted
    market = await market_port(access, desk=launch.desk, redis_url=launch.redis_url)
    path = volumes_file(Path(launch.folder), venue)
    return VolumeCache(path, market, max_age=launch.config.feed.volume_max_age)
