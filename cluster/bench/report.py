"""Shows what was measured as tables, and compares it with an earlier measurement, figure by figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from cluster.bench.crew import BenchError
from cluster.bench.figures import flatten, ratio

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_ASIDE = ("machine", "quick", "aims")
"""Parts of a result that are no figures of a section."""


def read_result(path: Path) -> dict[str, Any]:
    """An earlier result, as `raydesk bench --json` printed it. Raises `BenchError` when it is none."""
    try:
        document = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(document, dict) or not flatten(_sections(document)):
        raise _unreadable(path, "it holds no figures")
    return document


def _unreadable(path: Path, why: str) -> BenchError:
    return BenchError(
        f"not a result of `raydesk bench --json`: {why}",
        field="--against",
        value=str(path),
        remedy="give a file that its output was written to",
    )


def compare(result: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Every figure that both have, by dotted name: now, then, and now over then (0 where then was not above 0)."""
    now, then = flatten(_sections(result)), flatten(_sections(earlier))
    return {
        name: {"now": figure, "then": then[name], "ratio": ratio(figure, then[name])}
        for name, figure in now.items()
        if name in then
    }


def render(result: Mapping[str, Any], against: Mapping[str, Any] | None = None) -> Group:
    """One table per section, one of the aims, and with `against` one of the comparison; for a rich console."""
    from rich.console import Group

    tables: list[Table | str] = []
    for name, section in _sections(result).items():
        tables += [_table(name, section), *_settings(section)]
    if result.get("aims"):
        tables.append(_aims(result["aims"]))
    if against is not None:
        tables.append(_comparison(compare(result, against)))
    return Group(*tables)


def _sections(result: Mapping[str, Any]) -> dict[str, Any]:
    return {name: section for name, section in result.items() if name not in _ASIDE}


def _table(name: str, section: Mapping[str, Any]) -> Table:
    """Cases as columns, figures as rows; a section without cases has one column."""
    cases = _cases(section)
    table = _new(name, "figure", *(f">{case}" for case in cases))
    rows = list(dict.fromkeys(figure for figures in cases.values() for figure in figures))
    for row in rows:
        table.add_row(row, *(_shown(figures.get(row)) for figures in cases.values()))
    return table


def _settings(section: Mapping[str, Any]) -> list[str]:
    """What the cases of a section are, where they say so."""
    cases = {case: part for case, part in section.items() if isinstance(part, Mapping)}
    return [f"{case}: {part['says']}" for case, part in cases.items() if "says" in part]


def _cases(section: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    nested = {case: flatten(part) for case, part in section.items() if isinstance(part, Mapping)}
    return nested or {"": flatten(section)}


def _aims(aims: list[dict[str, Any]]) -> Table:
    table = _new("aims", "figure", "aim", ">found", "met")
    for aim in aims:
        table.add_row(
            aim["figure"], aim["aim"], _shown(aim["found"]), "[green]yes[/]" if aim["met"] else "[red]no[/]"
        )
    return table


def _comparison(compared: Mapping[str, Mapping[str, float]]) -> Table:
    table = _new("against the earlier measurement", "figure", ">then", ">now", ">now / then")
    for name, row in compared.items():
        table.add_row(name, _shown(row["then"]), _shown(row["now"]), f"{row['ratio']:.2f}")
    return table


def _new(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    return table


def _shown(figure: float | None) -> str:
    if figure is None:
        return ""
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.3f}".rstrip("0").rstrip(".")
