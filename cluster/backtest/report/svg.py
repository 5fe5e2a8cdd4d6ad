"""A small SVG writer: just the shapes the charts need. Colours are CSS classes: light and dark are one drawing."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np

from cluster.backtest.record import Values


def drawing(width: int, height: int, title: str, content: Iterable[str]) -> str:
    """A drawing that is as wide as the page allows. `title` is what screen readers say."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(content)}</svg>"
    )


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """A straight line."""
    return f'<path class="{style}" d="M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"/>'


def path(x: Values, y: Values, style: str) -> str:
    """A line through points; nan breaks it."""
    return f'<path class="{style}" d="{polyline(x, y)}"/>' if len(x) else ""


def area(x: Values, y: Values, base: float, style: str) -> str:
    """The area between points and a level; nan leaves a gap."""
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    stretches = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    return shape("".join(_closed(x[each], y[each], base) for each in stretches if len(each)), style)


def shape(outline: str, style: str) -> str:
    """A path given by its commands."""
    return f'<path class="{style}" d="{outline}"/>' if outline else ""


def box(x: float, y: float, width: float, height: float, style: str, hint: str = "") -> str:
    """A rectangle, with a hint shown when pointed at."""
    start = f'<rect class="{style}" x="{number(x)}" y="{number(y)}"'
    size = f' width="{number(max(width, 0.0))}" height="{number(max(height, 0.0))}"'
    return f"{start}{size}><title>{escape(hint)}</title></rect>" if hint else f"{start}{size}/>"


def label(x: float, y: float, text: str, style: str = "tick", anchor: str = "start") -> str:
    """Text that stands at, ends at or is centred on a place (`anchor`: start, end, middle)."""
    return (
        f'<text class="{style}" x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def polyline(x: Values, y: Values) -> str:
    """Path commands through points; nan breaks the line."""
    commands, pen = [], "M"
    known = np.isfinite(x) & np.isfinite(y)
    for px, py, here in zip(np.round(x, 1).tolist(), np.round(y, 1).tolist(), known.tolist(), strict=True):
        if here:
            commands.append(f"{pen}{px:g} {py:g}")
        pen = "L" if here else "M"
    return "".join(commands)


def _closed(x: Values, y: Values, base: float) -> str:
    return f"{polyline(x, y)}L{number(x[-1])} {number(base)}L{number(x[0])} {number(base)}Z"


def number(value: float) -> str:
    """A coordinate, to a tenth of a unit."""
    return f"{round(float(value), 1):g}"
