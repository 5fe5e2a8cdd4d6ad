"""The regression gate: runs of today against stored ones, figure by figure.

A stored run is the JSON of a sweep or the report.json of a backtest. With a tolerance of zero everything must be
equal, the fingerprint of all orders and fills too; with more, figures may differ by that part of the stored value,
and a changed fingerprint is told but does not fail.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from cluster.sweep.document import SweepDocument
from cluster.sweep.figures import Figure, Figures, figures_of, figures_of_report
from messages.errors import ConfigurationError

if TYPE_CHECKING:
    from cluster.backtest.result import BacktestResult

BACKTEST = "backtest"
"""The name of the only run of a backtest."""
WALK_FORWARD = "walk-forward"
"""The name of the chained out-of-sample account of a sweep."""
FINGERPRINT = "fingerprint"


class Run(msgspec.Struct, frozen=True):
    """What is compared of one run; `error` is set for one that failed."""

    figures: Figures
    fingerprint: str
    error: str | None = None


Runs = Mapping[str, Run]
"""Runs by name: the points of a sweep by their label."""


class Difference(msgspec.Struct, frozen=True):
    """One figure that is not as stored. `fails` is False for what is told only."""

    run: str
    figure: str
    stored: Figure | str
    found: Figure | str
    fails: bool = True


def runs_of_backtest(result: BacktestResult) -> Runs:
    """A backtest as the one run that it is."""
    return {BACKTEST: Run(figures_of(result), result.record.fingerprint)}


def runs_of_sweep(document: SweepDocument) -> Runs:
    """The runs of a sweep by their label, and its out-of-sample account."""
    runs = {each.point: Run(each.figures, each.fingerprint, each.error) for each in document.points}
    walk = document.walk_forward
    if walk is not None:
        runs[WALK_FORWARD] = Run(walk.out_of_sample, walk.fingerprint)
    return runs


def read_baseline(path: Path) -> Runs:
    """The stored runs. Raises `ConfigurationError` for a file that is missing or is neither a sweep nor a report."""
    try:
        document = json.loads(path.read_bytes())
        if "statistics" in document:
            return {BACKTEST: Run(figures_of_report(document), document["run"]["fingerprint"])}
        return runs_of_sweep(msgspec.convert(document, SweepDocument))
    except OSError as error:
        why = error.strerror or str(error)
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
        why = f"{type(error).__name__}: {error}"
    raise ConfigurationError(
        f"no baseline can be read: {why}",
        field="--baseline",
        value=str(path),
        remedy="name the JSON of an earlier sweep (--out or --json) or the report.json of a backtest",
    )


def compare(found: Runs, stored: Runs, tolerance: Decimal = Decimal(0)) -> tuple[Difference, ...]:
    """Everything that differs, by run and figure; `tolerance` is a fraction of the stored value.

    A run that only one side has differs, and so does a figure that is undefined on one side.
    """
    return tuple(
        difference
        for name in sorted({*found, *stored})
        for difference in _compare_run(name, found.get(name), stored.get(name), tolerance)
    )


def passes(differences: tuple[Difference, ...]) -> bool:
    """Whether nothing that differs fails."""
    return not any(each.fails for each in differences)


def _compare_run(
    name: str, found: Run | None, stored: Run | None, tolerance: Decimal
) -> Iterator[Difference]:
    if found is None or stored is None:
        yield Difference(name, "run", _presence(stored), _presence(found))
        return
    if found.error != stored.error:
        yield Difference(name, "error", stored.error, found.error)
    for figure in sorted({*found.figures, *stored.figures}):
        here, there = found.figures.get(figure), stored.figures.get(figure)
        if not _alike(here, there, tolerance):
            yield Difference(name, figure, there, here)
    if found.fingerprint != stored.fingerprint:
        yield Difference(name, FINGERPRINT, stored.fingerprint, found.fingerprint, fails=not tolerance)


def _alike(found: Figure, stored: Figure, tolerance: Decimal) -> bool:
    if found is None or stored is None:
        return found is stored
    here, there = Decimal(repr(found)), Decimal(repr(stored))
    return abs(here - there) <= tolerance * abs(there)


def _presence(run: Any) -> str:
    return "missing" if run is None else "there"
