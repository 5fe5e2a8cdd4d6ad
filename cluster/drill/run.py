"""Runs a drill: once without the fault, twice with it, and looks for what must have followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cluster.backtest.market import MarketData, open_market
from cluster.drill.arrangement import Arrangement, Span
from cluster.drill.document import CheckEntry, DrillDocument
from cluster.drill.drill import Check, Drill
from cluster.drill.evidence import Evidence
from cluster.drill.stage import DrillDesk
from cluster.drill.standing import STANDING
from config import LoadedConfig
from config.duration import format_duration
from messages.errors import ConfigurationError

RUNS = 3


def run_drill(
    drill: Drill,
    loaded: LoadedConfig,
    data: Sequence[Path],
    cache: Path,
    *,
    start: int | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> DrillDocument:
    """Run a drill on the data from `start` (ns UTC; None = its beginning). `loaded` has the drill's overrides in it.

    `progress` is told how many runs are done and the share (0 to 1) of the one under way. Raises
    `ConfigurationError` when there is too little data, and what `open_market` raises.
    """
    loaded = loaded.simulated
    market = _market(drill, loaded, data, cache, start)
    end = market.start + drill.length
    runs = _Runs(loaded, market, end, progress)
    calm = runs.run(Arrangement(Span(end, end)))
    arrangement = drill.arrange(calm)
    if arrangement is None:
        entry = CheckEntry("there is a place for the fault", False, "none: nothing was tested")
        return _document(drill, loaded, calm, None, (entry,))
    first, second = runs.run(arrangement), runs.run(arrangement)
    checks = [_entry(check, first, calm) for check in (*drill.checks, *STANDING)]
    repeats = first.fingerprint == second.fingerprint
    observed = f"{first.fingerprint[:12]} and {second.fingerprint[:12]}"
    checks.append(CheckEntry("the same drill gives the same fingerprint", repeats, observed))
    return _document(drill, loaded, first, arrangement.fault, tuple(checks))


class _Runs:
    def __init__(
        self,
        loaded: LoadedConfig,
        market: MarketData,
        end: int,
        progress: Callable[[int, float], None] | None,
    ) -> None:
        self._loaded = loaded
        self._market = market
        self._end = end
        self._progress = progress
        self._done = 0

    def run(self, arrangement: Arrangement) -> Evidence:
        """The desk's whole run with these faults."""
        desk = DrillDesk(self._loaded.config, self._market, self._end, arrangement)
        desk.run(self._shown)
        self._done += 1
        return Evidence(desk)

    def _shown(self, time: int) -> None:
        if self._progress is not None:
            start = self._market.start
            self._progress(self._done, min(1.0, (time - start) / (self._end - start)))


def _market(
    drill: Drill, loaded: LoadedConfig, data: Sequence[Path], cache: Path, start: int | None
) -> MarketData:
    config = loaded.config
    market = open_market(config, data, cache, start=start)
    covered = market.end - market.start
    if covered < drill.length:
        raise ConfigurationError(
            f"the drill needs {format_duration(drill.length)} of market data",
            field="--data",
            value=f"{covered / 1e9:.0f}s",
            remedy="give more data, begin earlier, or raise feed.synthetic.duration",
        )
    idle = [name for name in config.venues if name not in {config.symbols[s].venue for s in market.feeds}]
    if idle:
        raise ConfigurationError(
            "nothing is traded at this venue",
            field=f"venues.{idle[0]}",
            remedy="remove it, or let a strategy trade one of its symbols",
        )
    return market


def _entry(check: Check, run: Evidence, calm: Evidence) -> CheckEntry:
    passed, observed = check.judge(run, calm)
    return CheckEntry(check.says, passed, observed)


def _document(
    drill: Drill, loaded: LoadedConfig, run: Evidence, fault: Span | None, checks: tuple[CheckEntry, ...]
) -> DrillDocument:
    return DrillDocument(
        drill.name,
        drill.says,
        all(each.passed for each in checks),
        loaded.hash,
        run.span.begin,
        run.span.end,
        None if fault is None else fault.begin,
        None if fault is None else fault.end,
        run.subject,
        run.fingerprint,
        checks,
    )
