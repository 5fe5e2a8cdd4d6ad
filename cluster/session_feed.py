"""How desk time runs in a session: between which bounds, how fast, on which market data. Decided once per session."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cluster.durable_files import write_atomically
from cluster.host.clocks import DeskClock, GrantedClock, PaceAnchor, PacedClock
from messages.child_specs import SECOND
from messages.errors import ConfigurationError

if TYPE_CHECKING:
    from cluster.feeds import Recording
    from config import DeskConfig  # every process of a desk loads this module, and most do without the schema

SYNTHETIC_START = 1_767_225_600_000_000_000
"""2026-01-01T00:00:00Z: when a synthetic market begins whose time is granted, so that runs can be repeated."""

SETTLE_NS = 3_000_000_000
"""Desk time granted after the last row, in which working orders are cancelled and everything comes to rest."""

PLAN_FILE = "feed.json"


class FeedPlan(msgspec.Struct, frozen=True):
    """Where market data comes from and how desk time runs.

    `speed` is `lockstep`, `max`, `backtest` or a number (1 = as recorded); `start` and `end` bound the replay in ns
    UTC; `anchor` ties desk time to machine time when a number is given; `slice_ns` is how much time one grant gives.
    """

    files: tuple[str, ...] = ()
    cache: str = ""
    speed: str = "1"
    start: int = 0
    end: int | None = None
    slice_ns: int = 100_000_000
    anchor: PaceAnchor | None = None

    @property
    def granted(self) -> bool:
        """Whether the replay clock grants desk time, slice by slice."""
        return self.speed in ("lockstep", "max")

    @property
    def lockstep(self) -> bool:
        """Whether it grants every step as well."""
        return self.speed == "lockstep"

    @property
    def backtest(self) -> bool:
        """Whether the session was a backtest: it sees its window alone, and a quote before each bar."""
        return self.speed == "backtest"

    def clock(self) -> DeskClock:
        """A desk clock that follows this plan."""
        if self.granted:
            return GrantedClock(self.start)
        return PacedClock(self.anchor) if self.anchor is not None else PacedClock.live()


def session_feed(config: DeskConfig, data: Sequence[Path], speed: str | None, home: Path) -> FeedPlan:
    """The plan of the session in `home`: the one it began with, or a new one, to be kept once it does begin.

    Raises `ConfigurationError` for a speed or data that make no sense, or that differ from what the session began
    with; `DataProviderError` for data that can't be read.
    """
    path = home / PLAN_FILE
    wanted = _plan(config, data, speed, home)
    if not path.exists():
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


def keep_plan(plan: FeedPlan, home: Path) -> None:
    """Write down what the session in `home` begins with, so that it goes on with the same.

    To be done last before anybody trades: a start that was refused must not fix the speed, nor when the market begins.
    """
    write_atomically(home / PLAN_FILE, msgspec.json.encode(plan))


def _plan(config: DeskConfig, data: Sequence[Path], speed: str | None, home: Path) -> FeedPlan:
    chosen = speed if speed is not None else f"{config.feed.speed}"
    cache = home.parent.parent / "cache" if home.parent.name == "runs" else home / "cache"
    if chosen in ("lockstep", "max"):
        if config.feed.live:
            raise _not_at_will(chosen)
        return replay_plan(config, data, cache, chosen)
    factor = _factor(chosen)
    if config.feed.live:
        return _live_plan(config, data, chosen, factor)
    ready = time.time_ns() + _time_to_start(config)
    files = tuple(str(path.resolve()) for path in data)
    if config.feed.mode == "recorded":
        start, end = _recorded_bounds(config, files, str(cache))
    else:
        start, end = _synthetic_bounds(config, ready, granted=False)
    start -= start % config.feed.slice
    # a synthetic market begins at its own wall time, so that at speed 1 desk time is wall time
    anchor = PaceAnchor(ready if config.feed.mode == "recorded" else start, start, factor)
    return FeedPlan(files, str(cache), chosen, start, end, config.feed.slice, anchor)


def _live_plan(config: DeskConfig, data: Sequence[Path], speed: str, factor: float) -> FeedPlan:
    """Desk time is wall time, and goes on until the desk is stopped: nothing of the plan is tied to this start."""
    if data:
        raise ConfigurationError(
            "live prices come from the venues",
            field="--data",
            value=", ".join(str(path) for path in data),
            remedy="leave it away, or replay the files with `raydesk backtest`",
        )
    if factor != 1:
        raise _not_at_will(speed)
    return FeedPlan(speed=speed, slice_ns=config.feed.slice, anchor=PaceAnchor(0, 0, 1.0))


def _not_at_will(speed: str) -> ConfigurationError:
    return ConfigurationError(
        "live prices come as they happen",
        field="speed",
        value=speed,
        remedy="leave speed at 1; `raydesk backtest` plays recordings with these settings",
    )


def replay_plan(config: DeskConfig, data: Sequence[Path], cache: Path, speed: str = "lockstep") -> FeedPlan:
    """The plan of a session whose time is granted: a function of settings and data alone.

    Raises `ConfigurationError` or `DataProviderError` as `session_feed`.
    """
    files = tuple(str(path.resolve()) for path in data)
    if config.feed.mode == "recorded":
        start, end = _recorded_bounds(config, files, str(cache))
    else:
        start, end = _synthetic_bounds(config, SYNTHETIC_START, granted=True)
    step = config.feed.slice
    start -= start % step  # slices lie on round times, so that runs can be compared
    return FeedPlan(files, str(cache), speed, start, end, step, None)


def synthetic_plan(config: DeskConfig) -> FeedPlan:
    """The plan of a synthetic market that is played from its beginning to its end.

    Raises `ConfigurationError` when it has no end.
    """
    start, end = _synthetic_bounds(config, SYNTHETIC_START, granted=True)
    step = config.feed.slice
    return FeedPlan(start=start - start % step, end=end, slice_ns=step)  # where that of a replay begins


def replay_generation(config: DeskConfig) -> str:
    """The store's generation in a session whose time is granted: part of every client order id, so it must repeat."""
    return hashlib.sha256(f"generation/{config.desk.seed}".encode()).hexdigest()[:8]


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
    """The window of what is traded. The recordings are read whole, so that they are known to be sound before anything
    starts."""
    if not files:
        raise ConfigurationError(
            "a recorded market needs files",
            field="--data",
            remedy="give one or more recordings with --data FILE",
        )
    from cluster.host.settings_map import traded_symbols

    recording = open_recording(config, list(config.symbols), [Path(file) for file in files], Path(cache))
    return recording.bounds(traded_symbols(config))


def open_recording(
    config: DeskConfig, symbols: Sequence[str], files: Sequence[Path], cache: Path
) -> Recording:
    """The recordings of these symbols, read as the settings say. Raises `ConfigurationError` when one has no data,
    `DataProviderError` for data that can't be read.
    """
    from cluster.feeds import Recording
    from cluster.host import paper_map

    recording = Recording(
        files,
        {config.symbols[symbol].listing: symbol for symbol in symbols},
        cache_folder=cache,
        include_depth=paper_map.needs_depth(config),
        bar_time=config.feed.bar_time,
        one_sided=config.feed.one_sided,
    )
    missing = [symbol for symbol in symbols if symbol not in recording.symbols]
    if missing:
        raise ConfigurationError(
            "the data has nothing for these symbols",
            field="symbols",
            value=", ".join(missing),
            remedy="give their files with --data, or take them out of symbols and strategies",
        )
    return recording


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
