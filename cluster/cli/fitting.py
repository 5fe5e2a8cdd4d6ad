"""Tables that fit their terminal: what matters less is left out, and named, before a cell is cut in pieces."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from cluster.cli.output import table

_BETWEEN = 2


class Fitted:
    """A table whose `spare` columns go, the first named first, until the others are as wide as their cells.

    Columns are written as for `output.table`, `spare` without the marks. A line below names what was left out, and
    `elsewhere` says where it is to be had; without that there is no such line.
    """

    def __init__(
        self, *columns: str, spare: Sequence[str], elsewhere: str | None = "a wider terminal, or --json"
    ) -> None:
        self._columns = columns
        self._names = [each.lstrip(">!") for each in columns]
        self._spare = [self._names.index(name) for name in spare]
        self._elsewhere = elsewhere
        self._rows: list[tuple[str, ...]] = []

    def add_row(self, *cells: str) -> None:
        """Add a row: one cell for each column, with markup."""
        self._rows.append(cells)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        chosen = self._chosen(options.max_width)
        rows = table(*(self._columns[index] for index in chosen))
        for cells in self._rows:
            rows.add_row(*(cells[index] for index in chosen))
        yield rows
        left_out = [name for index, name in enumerate(self._names) if index not in chosen]
        if left_out and self._elsewhere is not None:
            yield Text(f"left out: {', '.join(left_out)} ({self._elsewhere})", style="dim")

    def _chosen(self, width: int) -> list[int]:
        """The columns that are shown, by their places."""
        widths = [
            max([len(name), *(Text.from_markup(row[index]).cell_len for row in self._rows)])
            for index, name in enumerate(self._names)
        ]
        chosen = list(range(len(widths)))
        for index in self._spare:
            if sum(widths[each] + _BETWEEN for each in chosen) - _BETWEEN <= width:
                break
            chosen.remove(index)
        return chosen
