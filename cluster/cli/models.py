"""The commands about models: models train, models verify, models promote."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.markup import escape

from cluster.cli.backtesting import CacheOption, DataOption, Source, instant
from cluster.cli.desks import JsonFlag, SetOption, load
from cluster.cli.exits import EPILOG, Exit, UsageError, require_known
from cluster.cli.output import (
    console,
    counting_bar,
    moment,
    print_json,
    say,
    shown,
    stdout_kept_clean,
    table,
)
from config.duration import MINUTE, parse_duration

if TYPE_CHECKING:
    from actors.strategy.models import Calibration
    from cluster.models.bars import Source as BarChoice
    from cluster.models.manifest import RunManifest
    from cluster.models.trainers import Parameter
    from cluster.models.training import TrainedRun, TrainingPlan
    from cluster.models.verifying import VerifyDocument
    from config import LoadedConfig

RunArgument = Annotated[Path, typer.Argument(help="Run directory, or a place with a promoted run in use.")]
PickleOption = Annotated[
    str | None,
    typer.Option(
        "--allow-pickle", help='Open pickled models, which can run any code: "I trust these files".'
    ),
]
T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(
        name="models",
        help="Train models, verify them, put them into use.",
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (train, verify, promote):
        group.command(epilog=EPILOG)(command)
    app.add_typer(group)


def train(
    config: Source,
    data: DataOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the run; must not be there yet.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Learn from here on: a date or time in UTC.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Learn up to here (inclusive).")] = None,
    interval: Annotated[str, typer.Option("--interval", help="Length of the bars, whole minutes.")] = "5m",
    horizons: Annotated[
        str, typer.Option("--horizons", help="How far ahead: 5m,15m,1h,1d. A model for each.")
    ] = "5m,15m,30m,60m",
    targets: Annotated[
        str, typer.Option("--targets", help="forward_return, peak, valley: what is predicted.")
    ] = "forward_return",
    family: Annotated[str, typer.Option("--family", help="lightgbm or xgboost.")] = "lightgbm",
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the models; default: the family.")
    ] = None,
    folds: Annotated[
        int, typer.Option("--folds", min=1, help="Parts of time that are predicted unseen.")
    ] = 4,
    embargo: Annotated[
        str | None, typer.Option("--embargo", help="Time left out before each fold; default: the horizon.")
    ] = None,
    bars: Annotated[
        str, typer.Option("--bars", help="What bars are made of: auto, feed, trades, quotes.")
    ] = "auto",
    features: Annotated[
        str | None, typer.Option("--features", help="Names with commas; default: all that the data has.")
    ] = None,
    ranked: Annotated[
        bool, typer.Option("--ranked", help="Scores count beside those of other symbols: five or more.")
    ] = False,
    barrier: Annotated[
        float, typer.Option("--barrier", min=0.01, help="Of peaks and valleys, in standard deviations.")
    ] = 1.0,
    parameters: Annotated[
        list[str] | None, typer.Option("--parameter", help="name=value of the library. May be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the fits.")] = 7,
    local: Annotated[
        bool, typer.Option("--local", help="One after the other in this process, no Ray.")
    ] = False,
    cache: CacheOption = None,
    overrides: SetOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Train models on recorded data: walk forward to see what they are worth, then fit them to all of it.

    CONFIG says which symbols of the data are meant. Folds run as Ray tasks. With --json the manifest is printed.
    """
    from actors.strategy.models import Target
    from cluster.models.bars import SOURCES
    from cluster.models.training import TrainingPlan

    if out is None:
        raise UsageError("it must be known where to put the run", field="--out", remedy="name a new folder")
    plan = TrainingPlan(
        interval_minutes=_minutes("--interval", interval),
        horizons=_words("--horizons", horizons),
        targets=tuple(_one_of("--targets", each, tuple(Target)) for each in _words("--targets", targets)),
        family=family,
        name=name,
        folds=folds,
        embargo_minutes=None if embargo is None else _minutes("--embargo", embargo, least=0),
        features=None if features is None else _words("--features", features),
        barrier=barrier,
        ranked=ranked,
        parameters=_parameters(parameters or ()),
        seed=seed,
    )
    loaded = load(config, overrides)
    source = _one_of("--bars", bars, SOURCES)
    window = (
        None if start is None else instant("--from", start),
        None if end is None else instant("--to", end, last=True),
    )
    with stdout_kept_clean() if as_json else nullcontext():
        trained = _train(loaded, data or [], cache, window, plan, source, local, quiet=as_json)
    return _stored(trained, out, as_json)


def _stored(trained: TrainedRun, out: Path, as_json: bool) -> Exit:
    from cluster.models.training import write_run

    place = write_run(out, trained)
    if as_json:
        print_json(trained.manifest)
    else:
        _print_trained(trained.manifest)
        say(f"run: {shown(place)}")
    return Exit.OK


def verify(
    run: RunArgument,
    interval: Annotated[
        str | None, typer.Option("--interval", help="Length of the bars that the desk has, such as 5m.")
    ] = None,
    allow_pickle: PickleOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Check a run of models: manifest, checksums, features, interval; open each model and run it once.

    Exit code 1 when it is unfit for use.
    """
    from cluster.models.verifying import verify as check

    minutes = None if interval is None else _minutes("--interval", interval)
    document = check(run, interval_minutes=minutes, allow_pickle=allow_pickle)
    if as_json:
        print_json(document)
    else:
        _print_verified(document)
    return Exit.OK if document.sound else Exit.TROUBLE


def promote(
    run: RunArgument,
    to: Annotated[Path, typer.Option("--to", help="Folder whose `current` is the run in use.")],
    at_least: Annotated[
        str, typer.Option("--shadow-at-least", help="How long it must have traded in shadow.")
    ] = "1d",
    without_shadow: Annotated[
        str | None, typer.Option("--without-shadow", help="Why it need not have: a reason in words, kept.")
    ] = None,
    allow_pickle: PickleOption = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Put a run of models into use: it is verified, copied, and `current` is swapped in one instant.

    A run without evidence from a shadow run is refused. Promote an earlier run of PLACE/runs again to go back.
    """
    from cluster.models.promoting import promote as put_into_use

    promotion = put_into_use(
        run,
        to,
        now=time.time_ns(),
        at_least=_duration("--shadow-at-least", at_least),
        without_shadow=without_shadow,
        allow_pickle=allow_pickle,
    )
    if as_json:
        print_json(promotion)
    else:
        before = "nothing" if promotion.previous is None else promotion.previous
        say(f"in use: {escape(promotion.run)}, instead of {escape(before)}")
    return Exit.OK


# ---------------------------------------------------------------------- training


def _train(
    loaded: LoadedConfig,
    data: list[Path],
    cache: Path | None,
    window: tuple[int | None, int | None],
    plan: TrainingPlan,
    source: BarChoice,
    local: bool,
    *,
    quiet: bool,
) -> TrainedRun:
    from cluster.backtest.market import open_market
    from cluster.models.bars import bars_of
    from cluster.models.fitting import fit_here, fit_on_ray
    from cluster.models.training import train as fit_all

    config = loaded.simulated.config
    start, end = window
    market = open_market(config, data, cache or Path.home() / ".raydesk" / "cache", start=start, end=end)
    interval = plan.interval_minutes * MINUTE
    series = [bars_of(feed, interval, source) for _, feed in sorted(market.feeds.items())]
    runner = nullcontext(fit_here) if local else fit_on_ray(config)
    with runner as run, counting_bar("fits", quiet=quiet) as progress:
        return fit_all(series, plan, data=market.files, run=run, progress=progress)


# ---------------------------------------------------------------------- text


def _print_trained(manifest: RunManifest) -> None:
    from actors.strategy.pipeline.features import FEATURES

    rows = table("model", "target", "horizon", ">IC", ">IC by fold", ">slope", ">RMSE", ">pairs")
    for entry in manifest.models:
        folds = [each.ic for each in manifest.folds if each.model == entry.label]
        rows.add_row(
            escape(entry.name),
            entry.target.value,
            entry.horizon,
            *_worth(entry.calibration, ", ".join("-" if ic is None else f"{ic:+.3f}" for ic in folds)),
        )
    console().print(rows)
    period = f"{moment(manifest.trained_from)} to {moment(manifest.trained_to)}"
    used = manifest.models[0].features
    left = [name for name in FEATURES if name not in used]
    say(f"run {manifest.run_id}: learnt from {period}, {len(used)} features")
    if left:
        say(f"features left out: {', '.join(left)}")


def _worth(calibration: Calibration | None, folds: str) -> tuple[str, ...]:
    if calibration is None:
        return "-", folds, "-", "-", "-"
    return (
        f"{calibration.ic:+.3f}",
        folds,
        f"{calibration.slope * 1e4:+.2f} bps",
        f"{calibration.rmse * 1e4:.1f} bps",
        f"{calibration.pairs:,}",
    )


def _print_verified(document: VerifyDocument) -> None:
    rows = table("model", "target", "horizon", "family", ">inputs", ">IC", ">slope", ">pairs", "finding")
    for each in document.models:
        ic, _, slope, _, pairs = _worth(each.calibration, "")
        finding = "[green]sound[/]" if each.problem is None else f"[red]{escape(each.problem)}[/]"
        rows.add_row(
            escape(each.name),
            each.target,
            each.horizon,
            each.family,
            str(each.inputs),
            ic,
            slope,
            pairs,
            finding,
        )
    if document.models:
        console().print(rows)
    for problem in document.problems:
        say(f"[red]{escape(problem)}[/]")
    for name in document.unlisted:
        say(f"not in the manifest, never opened: {escape(name)}")
    say("sound" if document.sound else "unfit for use")


# ---------------------------------------------------------------------- arguments


def _duration(option: str, text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error), field=option, value=text, remedy="write 5m, 1h or 1d") from error


def _minutes(option: str, text: str, least: int = 1) -> int:
    minutes, rest = divmod(_duration(option, text), MINUTE)
    if rest or minutes < least:
        raise UsageError("must be whole minutes", field=option, value=text, remedy="write 1m, 5m or 1h")
    return minutes


def _words(option: str, text: str) -> tuple[str, ...]:
    words = tuple(filter(None, (each.strip() for each in text.split(","))))
    if not words or len(set(words)) != len(words):
        raise UsageError(
            "must be some names, each once", field=option, value=text, remedy="part them by commas"
        )
    return words


def _one_of(option: str, text: str, choices: Sequence[T]) -> T:
    require_known(option, text, map(str, choices), "no such choice")
    return next(each for each in choices if each == text)


def _parameters(texts: list[str] | tuple[str, ...]) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not (name and mark and value) or name in found:
            raise UsageError(
                "not name=value, or given twice", field="--parameter", value=text, remedy="rounds=300"
            )
        found[name] = _number(value)
    return found


def _number(text: str) -> Parameter:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
