"""`raydesk shadow`: strategies that run beside those that trade, held to them decision by decision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape

from cluster.cli.desks import JsonFlag
from cluster.cli.exits import EPILOG, Exit, UsageError
from cluster.cli.output import console, moment, print_json, say, shown, table
from cluster.shadow.comparing import Comparison, Distribution
from cluster.shadow.comparing import compare as compared
from config.duration import parse_duration

if TYPE_CHECKING:
    from cluster.replaying.recorded import Recorded

shadow = typer.Typer(
    help="Strategies whose orders are simulated, beside those that trade.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EPILOG,
)


@shadow.callback()
def shadows() -> None:
    """Strategies whose orders are simulated, beside those that trade."""


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    shadow.command(epilog=EPILOG)(compare)
    app.add_typer(shadow, name="shadow")


def compare(
    live_export: Annotated[Path, typer.Argument(help="Export of the desk that traded.", metavar="EXPORT")],
    shadow_export: Annotated[
        Path | None,
        typer.Argument(help="Export of the desk with the shadow; default: the same.", metavar="SHADOW"),
    ] = None,
    live: Annotated[str | None, typer.Option("--live", help="The strategy that traded.")] = None,
    shadow: Annotated[
        str | None, typer.Option("--shadow", help="The strategy in shadow; default: --live, of SHADOW.")
    ] = None,
    within: Annotated[
        str, typer.Option("--within", help="How far apart in time two decisions may be that are compared.")
    ] = "1s",
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", help="Run of models of the shadow: write what it has shown beside it."),
    ] = None,
    as_json: JsonFlag = False,
) -> Exit:
    """Hold a strategy in shadow to one that traded: equal decisions, vetoes, sizes, prices.

    Exports come from `raydesk export` and `raydesk backtest --export`. With --evidence `shadow.json` is written for
    `raydesk models promote`. Exit code 1 when the two differ.
    """
    from cluster.replaying.export_file import read_export
    from cluster.shadow.reading import decisions_of

    name, other = _names(live, shadow, two=shadow_export is not None)
    traded = read_export(live_export)
    watched = traded if shadow_export is None else read_export(shadow_export)
    document = compared(
        decisions_of(traded, name),
        decisions_of(watched, other),
        names=(name, other),
        within=_span(within),
    )
    if as_json:
        print_json(document)
    else:
        console().print(Group(*_pieces(document)))
    if evidence is not None:
        _write(watched, other, evidence)
    return Exit.OK if document.is_equal else Exit.TROUBLE


def _names(live: str | None, shadow: str | None, *, two: bool) -> tuple[str, str]:
    if live is None:
        raise UsageError("it must be known which strategy traded", field="--live", remedy="name it")
    if shadow is None and not two:
        raise UsageError(
            "within one export both strategies must be named", field="--shadow", remedy="name the shadow"
        )
    return live, shadow or live


def _span(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error), field="--within", value=text, remedy="write 500ms or 1s") from error


def _write(watched: Recorded, strategy: str, run: Path) -> None:
    from cluster.models.evidence import write_evidence
    from cluster.models.loading import run_folder
    from cluster.shadow.evidence import evidence_of

    path = write_evidence(run_folder(run), evidence_of(watched, strategy, run))
    say(f"evidence: {shown(path)}")


# ---------------------------------------------------------------------- the screen


def _pieces(document: Comparison) -> Iterator[RenderableType]:
    verdict = "[green]decided alike[/]" if document.is_equal else "[yellow]differ[/]"
    yield f"[bold]{escape(document.live)}[/] and its shadow [bold]{escape(document.shadow)}[/]: {verdict}"
    yield f"from {moment(document.started)} to {moment(document.ended)}"
    if document.orders_sent:
        yield f"[bold red]the shadow sent {document.orders_sent} orders: it was none[/]"
    rows = table("", ">live", ">shadow")
    rows.add_row("decisions recorded", str(document.live_decisions), str(document.shadow_decisions))
    rows.add_row("orders", str(document.live_trades), str(document.shadow_trades))
    rows.add_row("without a counterpart", str(document.only_live), str(document.only_shadow))
    yield rows
    yield (
        f"Of {document.aligned} decisions at the same time {_share(document.equal_share)} are equal; in "
        f"{document.veto_mismatches} ({_share(document.veto_mismatch_share)}) one traded and the other did not, in "
        f"{document.side_mismatches} they traded against each other."
    )
    yield _distributions(document)
    if document.differences:
        yield "The first that differ:"
        differing = table("at", "symbol", "live", "shadow")
        for each in document.differences:
            differing.add_row(moment(each.time), escape(each.symbol), shown(each.live), shown(each.shadow))
        yield differing


def _distributions(document: Comparison) -> RenderableType:
    rows = table("where both traded", ">count", ">mean", ">p50", ">p95", ">largest")
    for name, each, factor in (
        ("size, % apart", document.size, 100.0),
        ("price, bps the shadow's is worse", document.price, 1.0),
    ):
        rows.add_row(name, str(each.count), *(_number(value, factor) for value in _figures(each)))
    return rows


def _figures(each: Distribution) -> tuple[float | None, ...]:
    return each.mean, each.p50, each.p95, each.largest


def _number(value: float | None, factor: float) -> str:
    return "-" if value is None else f"{value * factor:.3f}"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value * 100:.2f}%"
