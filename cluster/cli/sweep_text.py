"""A sweep for people: the best points, what walking forward kept of them, and what differs from a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cluster.cli.output import moment, shown, table

if TYPE_CHECKING:
    from cluster.sweep.document import FoldEntry, PointEntry, SweepDocument, WalkForwardEntry
    from cluster.sweep.gate import Difference

_SHARES = frozenset(
    {"total_return", "annualised_return", "volatility", "max_drawdown", "win_rate", "exposure_time"}
)
_LONGEST_ERROR = 160
_COLUMNS = ("total_return", "sharpe", "max_drawdown", "trades", "win_rate", "fees")


def sweep_text(document: SweepDocument, top: int) -> Group:
    """The best `top` points and all that failed; with walk-forward the pairs of windows and their sum."""
    walk = document.walk_forward
    parts: list[RenderableType] = [_header(document)]
    if walk is None:
        ranked = sorted((each for each in document.points if each.rank), key=lambda each: each.rank or 0)
        failed = [each for each in document.points if each.error]
        undefined = len(document.points) - len(ranked) - len(failed)
        parts.append(_points(document, ranked[:top]))
        if undefined:
            parts.append(Text(f"{undefined} without a rank: {document.objective} is undefined for them"))
        parts += [Text(f"failed: {each.point}: {_short(each.error)}", style="red") for each in failed]
    else:
        parts += [_folds(document.objective, walk), _in_sum(document.objective, walk)]
    return Group(*parts)


def gate_text(differences: Sequence[Difference]) -> str:
    """What differs from the baseline, one line each; markup."""
    if not differences:
        return "[bold green]baseline met[/]: nothing differs"
    lines = [
        f"{'[red]differs[/]' if each.fails else '[yellow]changed[/]'} {shown(each.run)}: {each.figure} "
        f"{_exact(each.stored)} -> {_exact(each.found)}"
        for each in differences
    ]
    failing = sum(each.fails for each in differences)
    verdict = f"[bold red]baseline not met[/]: {failing} differ" if failing else "[bold green]baseline met[/]"
    return "\n".join([*lines, verdict])


def _header(document: SweepDocument) -> Text:
    runs = len(document.points) or len(document.walk_forward.folds if document.walk_forward else ())
    what = "points" if document.walk_forward is None else "pairs of windows"
    window = f"{moment(document.start)[:19]} to {moment(document.end)[:19]}"
    return Text(f"{document.name}: {runs} {what} over {window}, by {document.objective}")


def _points(document: SweepDocument, ranked: Sequence[PointEntry]) -> Table:
    names = _columns(document.objective)
    lines = table(">rank", "point", *(f">{name}" for name in names))
    for each in ranked:
        lines.add_row(shown(each.rank), shown(each.point), *(_cell(name, each.figures) for name in names))
    return lines


def _folds(objective: str, walk: WalkForwardEntry) -> Table:
    lines = table("test from", "to", "best in train", ">in sample", ">out of sample", ">gap", ">trades")
    for each in walk.folds:
        lines.add_row(
            moment(each.windows.test_start)[:19],
            moment(each.windows.test_end)[:19],
            shown(each.error or each.point),
            _cell(objective, each.in_sample),
            _cell(objective, each.out_of_sample),
            _gap(objective, each),
            _cell("trades", each.out_of_sample),
        )
    return lines


def _in_sum(objective: str, walk: WalkForwardEntry) -> Table:
    names = [name for name in _columns(objective) if name in walk.out_of_sample]
    lines = table("", *(f">{name}" for name in names))
    lines.add_row("in sample, mean", *(_cell(name, walk.in_sample) for name in names))
    lines.add_row("out of sample, chained", *(_cell(name, walk.out_of_sample) for name in names))
    return lines


def _columns(objective: str) -> tuple[str, ...]:
    return (objective, *(name for name in _COLUMNS if name != objective))


def _gap(objective: str, fold: FoldEntry) -> str:
    return _cell(objective, {objective: fold.gap})


def _cell(name: str, figures: dict[str, float | int | None]) -> str:
    value = figures.get(name)
    if value is None:
        return "-"
    return (
        f"{value:.3%}" if name in _SHARES else f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"
    )


def _short(error: str | None) -> str:
    """An error on one line; --json has all of it."""
    text = " ".join((error or "").split())
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]} …"


def _exact(value: object) -> str:
    return "undefined" if value is None else shown(f"{value}")
