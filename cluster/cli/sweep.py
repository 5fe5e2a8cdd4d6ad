"""`raydesk sweep`: many backtests as Ray tasks, ranked, walked forward, and compared with a stored baseline."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.backtesting import CacheOption, DataOption, FundingOption, Source, instant
from cluster.cli.desks import JsonFlag, SetOption, existing, load
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.gate import BaselineOption, Gate, ToleranceOption, gate_of
from cluster.cli.output import console, counting_bar, say, stdout_kept_clean
from cluster.cli.sweep_text import sweep_text
from messages.errors import ConfigurationError

if TYPE_CHECKING:
    from cluster.sweep.document import SweepDocument
    from cluster.sweep.space import Point
    from cluster.sweep.sweep import SweepPlan
    from config import LoadedConfig

GridOption = Annotated[
    list[str] | None, typer.Option("--grid", help="path=value,value,... May be repeated: every combination.")
]
RangeOption = Annotated[
    list[str] | None,
    typer.Option("--range", help="With --random: path=low..high[:log][:int]. May be repeated."),
]
WalkForwardOption = Annotated[
    str | None,
    typer.Option(
        "--walk-forward", help="train=2d,test=1d[,step=1d]: try the best of each train on its test."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command(epilog=EPILOG)(sweep)


def sweep(
    config: Source,
    data: DataOption = None,
    grid: GridOption = None,
    random: Annotated[
        int | None, typer.Option("--random", min=1, help="Draw so many points instead of trying all.")
    ] = None,
    ranges: RangeOption = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of --random.")] = 7,
    walk_forward: WalkForwardOption = None,
    objective: Annotated[
        str, typer.Option("--objective", help="The figure to rank by: net_return, sharpe, max_drawdown, ...")
    ] = "net_return",
    start: Annotated[
        str | None, typer.Option("--from", help="Begin here: a date or time in UTC, as 2024-08-08T12:00.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="End here (inclusive).")] = None,
    funding: FundingOption = None,
    baseline: BaselineOption = None,
    tolerance: ToleranceOption = "0%",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write sweep.json and sweep.csv into this folder.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Rows of the table.")] = 20,
    local: Annotated[
        bool, typer.Option("--local", help="One after the other in this process, no Ray.")
    ] = False,
    cache: CacheOption = None,
    overrides: SetOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Backtest a desk under many settings, each as a Ray task; rank them, walk forward, hold them to a baseline."""
    from cluster.sweep.document import sweep_json, write_sweep

    base = load(config, overrides)
    existing(data or ())
    plan = _plan(data, grid, random, ranges, seed, walk_forward, objective, start, end, funding, cache)
    gate = gate_of(baseline, tolerance)
    with stdout_kept_clean() if as_json else nullcontext():
        document = _run(base, lambda point: _point(config, overrides, point), plan, local, quiet=as_json)
    if out is not None:
        write_sweep(document, out)
    if as_json:
        sys.stdout.write(sweep_json(document).decode())
        sys.stdout.flush()
    else:
        console().print(sweep_text(document, top))
    return _judged(document, gate)


def _judged(document: SweepDocument, gate: Gate | None) -> Exit:
    """What the sweep comes to: trouble when it is not complete, and when a run failed or the baseline is not met.

    With a baseline it is the one to say which runs may fail, such as combinations that a strategy refuses.
    """
    if not document.complete:
        say("[bold red]stopped[/] before all runs had ended")
        return Exit.TROUBLE
    if gate is not None:
        from cluster.sweep.gate import runs_of_sweep

        return gate(runs_of_sweep(document))
    walk = document.walk_forward
    entries = document.points if walk is None else walk.folds
    return Exit.TROUBLE if any(each.error for each in entries) else Exit.OK


def _plan(
    data: list[Path] | None,
    grid: list[str] | None,
    random: int | None,
    ranges: list[str] | None,
    seed: int,
    walk_forward: str | None,
    objective: str,
    start: str | None,
    end: str | None,
    funding: list[Path] | None,
    cache: Path | None,
) -> SweepPlan:
    from cluster.feeds import expand_data
    from cluster.sweep.figures import objective_named
    from cluster.sweep.folds import parse_walk_forward
    from cluster.sweep.sweep import SweepPlan

    return SweepPlan(
        points=_points(grid or [], random, ranges or [], seed, alone=walk_forward is not None),
        objective=objective_named(objective),
        # workers have another working directory
        data=tuple(str(path.resolve()) for path in expand_data(data)) if data else (),
        cache=str((cache or Path.home() / ".raydesk" / "cache").resolve()),
        start=None if start is None else instant("--from", start),
        end=None if end is None else instant("--to", end, last=True),
        walk_forward=None if walk_forward is None else parse_walk_forward(walk_forward),
        funding=tuple(str(path.resolve()) for path in funding or ()),
    )


def _points(
    grid: list[str], random: int | None, ranges: list[str], seed: int, *, alone: bool
) -> tuple[Point, ...]:
    from cluster.sweep.space import grid_points, parse_axis, parse_range, random_points

    axes = [parse_axis(text) for text in grid]
    if random is not None:
        return random_points(axes, [parse_range(text) for text in ranges], random, seed)
    if ranges:
        raise UsageError(
            "a range has no end of points",
            field="--range",
            value=ranges[0],
            remedy="say with --random how many are drawn, or list values with --grid",
        )
    if not axes and not alone:
        raise UsageError(
            "there is nothing to sweep over",
            field="--grid",
            remedy="name settings with --grid path=value,value or --random N --range path=low..high",
        )
    return grid_points(axes)


def _point(config: str, overrides: list[str] | None, point: Point) -> LoadedConfig:
    swept = {path for path, _ in point.settings}
    twice = [each for each in overrides or () if each.partition("=")[0].strip() in swept]
    if twice:
        raise ConfigurationError(
            "is both set and swept over", field="--set", value=twice[0], remedy="remove one of the two"
        )
    return load(config, [*(overrides or ()), *point.overrides])


def _run(
    base: LoadedConfig,
    load_point: Callable[[Point], LoadedConfig],
    plan: SweepPlan,
    local: bool,
    *,
    quiet: bool,
) -> SweepDocument:
    from cluster.sweep.running import ray_runner, run_here
    from cluster.sweep.sweep import sweep as run

    runner = nullcontext(run_here) if local else ray_runner(base.config)
    with runner as chosen, counting_bar("sweep", quiet=quiet) as progress:
        return run(base, load_point, plan, runner=chosen, progress=progress)
