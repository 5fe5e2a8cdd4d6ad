"""Markdown as the generated pages need it: headings, tables, and text that can't break out of a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def page(*parts: str) -> str:
    """The parts with a blank line between them, ending in a line feed."""
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are text or Markdown, and a `|` in them stays within its cell."""
    lines = [_row(header), "|---" * len(header) + "|", *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(text: str) -> str:
    """Text in the type of code; a dash when there is none."""
    return f"`{text}`" if text else "-"


def codes(texts: Iterable[str]) -> str:
    """Several names in the type of code; a dash when there is none."""
    return ", ".join(map(code, texts)) or "-"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
