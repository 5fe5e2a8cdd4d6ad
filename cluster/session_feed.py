"""How desk time runs in a session: between which bounds, how fast, on which market data. Decided once per session."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from cluster.host.clocks import PaceAnchor
from cluster.host.launch import FeedPlan
from config import DeskConfig
from messages.child_specs import SECOND
from messages.errors import ConfigurationError

SYNTHETIC_START = 1_767_225_600_000_000_000
"""2026-01-01T00:00:00Z: when a synthetic market begins whose time is granted, so that runs can be repeated."""

PLAN_FILE = "feed.json"


def session_feed(config: DeskConfig, data: Sequence[Path], speed: str | None, home: Path) -> FeedPlan:
    """The plan of the session in `home`: the one it began with, or a new one that is written down.

    Raises `ConfigurationError` for a speed or data that make no sense, or that differ from what the session began
    with; `DataProviderError` for data that can't be read.
    """
    path = home / PLAN_FILE
    wanted = _plan(config, data, speed, home)
    if not path.exists():
        path.write_bytes(msgspec.json.encode(wanted))
        return wanted
    begun = msgspec.json.decode(path.read_bytes(), type=FeedPlan)
    for field, before, now in (("--data", begun.files, wanted.files), ("--speed", begun.speed, wanted.speed)):
        if before != now:
            raise ConfigurationError(
                "this desk's history began with another",
                field=field,
                value=now,
                remedy=f"go on with {before}, or begin afresh in another folder",
            )
    return begun


def _plan(config: DeskConfig, data: Sequence[Path], speed: str | None, home: Path) -> FeedPlan:
    chosen = speed if speed is not None else f"{config.feed.speed}"
    files = tuple(str(path.resolve()) for path in data)
    cache = str(home.parent.parent / "cache" if home.parent.name == "runs" else home / "cache")
    granted = chosen in ("lockstep", "max")
    factor = 0.0 if granted else _factor(chosen)
    ready = time.time_ns() + _time_to_start(config)
    if config.feed.mode == "recorded":
        start, end = _recorded_bounds(config, files, cache)
    else:
        start, end = _synthetic_bounds(config, SYNTHETIC_START if granted else ready, granted=granted)
    step = config.feed.slice
    start -= start % step  # slices lie on round times, so that runs can be compared
    # a synthetic market begins at its own wall time, so that at speed 1 desk time is wall time
    anchor = (
        None if granted else PaceAnchor(ready if config.feed.mode == "recorded" else start, start, factor)
    )
    return FeedPlan(files, cache, chosen, start, end, step, anchor)


def _time_to_start(config: DeskConfig) -> int:
    """About how long it takes until all processes are up, in ns: the market begins when there is someone to see it."""
    processes = 8 + 2 * len(config.venues) + len(config.symbols)
    return processes * SECOND // 2


def _synthetic_bounds(config: DeskConfig, start: int, *, granted: bool) -> tuple[int, int | None]:
    duration = config.feed.synthetic.duration
    if duration is None and granted:
        raise ConfigurationError(
            "an endless market can't be replayed",
            field="feed.synthetic.duration",
            remedy="give it a duration, or use a speed such as 1",
        )
    return start, start + duration if duration is not None else None


def _recorded_bounds(config: DeskConfig, files: Sequence[str], cache: str) -> tuple[int, int | None]:
    """The window of the recordings. They are read whole, so that they are known to be sound before anything starts."""
    from cluster.feeds import Recording

    if not files:
        raise ConfigurationError(
            "a recorded market needs files",
            field="--data",
            remedy="give one or more recordings with --data FILE",
        )
    listings = {each.listing: symbol for symbol, each in config.symbols.items()}
    recording = Recording([Path(file) for file in files], listings, cache_folder=Path(cache))
    missing = [symbol for symbol in config.symbols if symbol not in recording.symbols]
    if missing:
        raise ConfigurationError(
            "the recordings have no data for every symbol",
            field="symbols",
            value=", ".join(missing),
            remedy="give their files with --data, or remove them from symbols",
        )
    return recording.first_time, recording.last_time


def _factor(speed: str) -> float:
    try:
        factor = float(speed.removesuffix("x"))
    except ValueError:
        factor = 0.0
    if factor <= 0:
        raise ConfigurationError(
            "not a speed",
            field="speed",
            value=speed,
            remedy="give a factor such as 1 or 10, max, or lockstep",
        )
    return factor
