"""How commands speak: one JSON object or rich text, colour only to a terminal, errors as one line."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TextIO

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cluster.observe.wording import number

WIDTH = 160
"""Columns when the output is no terminal, so that pipes get whole lines."""


def console(stream: TextIO | None = None) -> Console:
    """A console on stdout (or `stream`) that colours only a terminal."""
    target = stream or sys.stdout
    if target.isatty():
        return Console(file=target, highlight=False)
    return Console(file=target, highlight=False, no_color=True, force_terminal=False, width=WIDTH)


def print_json(document: object) -> None:
    """One JSON object on stdout, indented, keys in the document's own order."""
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Whatever is printed meanwhile goes to stderr, also by libraries that write to the descriptor.

    For commands whose stdout is one JSON object: Ray prints what its daemons say.
    """
    sys.stdout.flush()
    try:
        kept: int | None = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # this process has no descriptors of its own to turn
        kept = None
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


def say(text: str) -> None:
    """A line to the operator, on stderr, so that stdout stays the command's result."""
    console(sys.stderr).print(text, soft_wrap=True)


@contextlib.contextmanager
def counting_bar(name: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal that counts what has ended of how many, with the time left; else nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda ended, known: bar.update(task, completed=ended, total=known)


def table(*columns: str, title: str | None = None) -> Table:
    """A plain table; columns whose name begins with `>` are aligned to the right, with `!` are never cut, with `>!` are
    aligned to the right on one line, on which an ellipsis shows that it was cut."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        whole = column.startswith("!")
        made.add_column(
            column.lstrip(">!"),
            justify="right" if column.startswith(">") else "left",
            no_wrap=whole or column.startswith(">!"),
            overflow="ignore" if whole else "ellipsis" if column.startswith(">!") else "fold",
        )
    return made


def shown(value: object) -> str:
    """A value as people read it; `-` for what is not known. Safe to print as markup."""
    if value is None:
        return "-"
    if isinstance(value, Decimal | float):
        return number(value)
    if isinstance(value, tuple | list):
        return escape(", ".join(map(str, value))) or "-"
    return escape(str(value))


def pairs(values: Mapping[str, object]) -> str:
    """Names, each with its value; `none` without any. Safe to print as markup."""
    return ", ".join(f"{shown(name)} {shown(value)}" for name, value in values.items()) or "none"


def money(value: Decimal | None) -> str:
    """An amount with two decimals and thousands separated; `unknown` when it is not known."""
    return "unknown" if value is None else f"{value:,.2f}"


def percent(value: Decimal | None) -> str:
    """A fraction in percent; `unknown` when it is not known."""
    return "unknown" if value is None else f"{value * 100:.2f}%"


def moment(time_ns: int | None) -> str:
    """A time in UTC to the millisecond; `-` when there is none."""
    if not time_ns:
        return "-"
    stamp = datetime.fromtimestamp(time_ns // 1_000_000_000, tz=UTC)
    return f"{stamp:%Y-%m-%d %H:%M:%S}.{time_ns // 1_000_000 % 1_000:03d}"


def clock(time_ns: int | None) -> str:
    """The time of day in UTC to the millisecond; `-` when there is none."""
    return moment(time_ns).partition(" ")[2] or "-"


def span(span_ns: int | None) -> str:
    """A span of time in the unit that suits it; `-` when it is not known."""
    if span_ns is None:
        return "-"
    for size, unit in (
        (3_600_000_000_000, "h"),
        (60_000_000_000, "min"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
    ):
        if abs(span_ns) >= size:
            return f"{span_ns / size:.3g} {unit}"
    return f"{span_ns / 1_000:.3g} µs" if span_ns else "0"


def size(count: int | None) -> str:
    """Bytes as MB; `-` when not known."""
    return "-" if count is None else f"{count / 1e6:.0f} MB"
