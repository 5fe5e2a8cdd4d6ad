"""Small pieces of HTML: tables, cards and coloured figures. All text is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Cell = str | Markup


def text(content: Cell) -> str:
    """The content as HTML."""
    return content if isinstance(content, Markup) else escape(content)


def coloured(content: str, value: float | Decimal | None) -> Markup:
    """A figure in the colour of a gain or a loss."""
    style = "gain" if value is not None and value > 0 else "loss" if value is not None and value < 0 else ""
    return Markup(f'<span class="{style}">{escape(content)}</span>' if style else escape(content))


def code(content: str) -> Markup:
    """An id or hash."""
    return Markup(f"<code>{escape(content)}</code>")


def card(name: str, figure: Cell) -> str:
    """One key figure."""
    return f'<div class="card"><span>{escape(name)}</span><b>{text(figure)}</b></div>'


def facts(rows: Iterable[tuple[str, Cell]]) -> str:
    """A table of names and what they are."""
    lines = "".join(f"<tr><th>{escape(name)}</th><td>{text(value)}</td></tr>" for name, value in rows)
    return f'<table class="facts">{lines}</table>'


def figures(rows: Iterable[tuple[str, Cell]]) -> str:
    """A table of names and figures, figures to the right."""
    lines = "".join(
        f'<tr><td>{escape(name)}</td><td class="n">{text(value)}</td></tr>' for name, value in rows
    )
    return f"<table>{lines}</table>"


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    words: int = 1,
    sums: bool = False,
    dense: bool = False,
) -> str:
    """A table whose first `words` columns are words and whose others are figures; with `sums` the last row is one.
    `dense` is for tables of many columns."""
    kinds = ["t" if index < words else "n" for index in range(len(heads))]
    head = "".join(f'<th class="{kind}">{escape(name)}</th>' for kind, name in zip(kinds, heads, strict=True))
    lines = [
        "".join(f'<td class="{kind}">{text(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))
        for row in rows
    ]
    body = [
        f'<tr class="sum">{line}</tr>' if sums and index == len(lines) - 1 else f"<tr>{line}</tr>"
        for index, line in enumerate(lines)
    ]
    style = ' class="dense"' if dense else ""
    return f'<div class="wide"><table{style}><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def section(title: str, *content: str) -> str:
    """A part of the page under its heading."""
    return f"<h2>{escape(title)}</h2>{''.join(content)}"


def note(content: str) -> str:
    """A remark below what it is about."""
    return f'<p class="note">{escape(content)}</p>'
