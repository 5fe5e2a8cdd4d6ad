"""Measures scenarios, each run in a fresh process: its memory is its own, and nothing is warm from the run before."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from cluster.bench.backtests.scenarios import SCENARIOS
from cluster.bench.crew import BenchError

RUNS = 3
_TIMEOUT_S = 600.0

Figures = dict[str, Any]


def measure_backtests(names: Sequence[str] = tuple(SCENARIOS), *, quick: bool = False) -> dict[str, Figures]:
    """What each scenario costs, by name: of three runs the one of median time; of one when `quick`.

    Raises `BenchError` for an unknown scenario, a run that fails, and for runs that did not do the same.
    """
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise BenchError(
            "no such scenario",
            field="--scenario",
            value=", ".join(unknown),
            remedy=f"choose of {', '.join(SCENARIOS)}",
        )
    return {name: _median([_run(name, quick) for _ in range(1 if quick else RUNS)]) for name in names}


def _run(name: str, quick: bool) -> Figures:
    command = [sys.executable, "-m", "cluster.bench.backtests.measure", name]
    try:
        done = subprocess.run(
            [*command, "--quick"] if quick else command,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
        found: Figures = msgspec.json.decode(done.stdout)
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BenchError("a scenario failed", field=name, value=" ".join(last)) from error
    except (subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        raise BenchError("a scenario did not come to its end", field=name, value=str(error)) from error
    return found


def _median(runs: Sequence[Figures]) -> Figures:
    traded = {run["fingerprint"] for run in runs}
    if len(traded) > 1:
        raise BenchError(
            "equal runs traded differently", field="fingerprint", value=", ".join(sorted(traded))
        )
    return sorted(runs, key=lambda run: float(run["seconds"]))[len(runs) // 2]
