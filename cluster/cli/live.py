"""The live view of a running desk: desk time with its end in sight, money, positions, orders, actors, last events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table

from cluster.cli.connections import feeds_entry, feeds_line, venue_entries, venue_line
from cluster.cli.documents import Progress
from cluster.cli.fitting import Fitted
from cluster.cli.output import clock, moment, money, percent, shown, span
from cluster.cli.pictures import is_alive
from cluster.observe.connections import Connections
from cluster.observe.health import Pulses
from cluster.observe.latency import Hop
from cluster.observe.projection import Projection
from cluster.store.port import ActorStatus
from messages.control import Mode
from messages.events import Severity
from messages.intents import Verdict

EVENTS_SHOWN = 8

_MODE_COLOURS = {
    Mode.NORMAL: "green",
    Mode.REDUCE: "yellow",
    Mode.HALTED: "bold red",
    Mode.OBSERVE: "bold red",
}
_SPARKS = "▁▂▃▄▅▆▇█"


def live_view(
    projection: Projection,
    statuses: Sequence[ActorStatus],
    pulses: Pulses,
    progress: Progress | None,
    *,
    elapsed_s: float,
    fresh_within_s: float,
    for_s: float | None = None,
    connections: Connections | None = None,
    note: str = "",
) -> Group:
    """One frame. `elapsed_s` is machine time since the session began, `for_s` how long it was given (`--for`), `note` a
    line about what goes wrong."""
    parts: list[Any] = [_head(projection, *nearest_end(progress, elapsed_s, for_s))]
    if note:
        parts.append(f"[bold red]{shown(note)}[/]")
    if connections is not None and (connections.feeds or connections.venues):
        parts.append(_connections(connections))
    parts += [
        _money(projection),
        Panel(_positions(projection), title="positions", title_align="left"),
        _trades(projection),
        Panel(_actors(projection, statuses, pulses, fresh_within_s), title="actors", title_align="left"),
        Panel(_events(projection), title="last events", title_align="left"),
    ]
    return Group(*parts)


def time_left_s(progress: Progress | None, elapsed_s: float) -> float | None:
    """Seconds of machine time until the session's end, if it goes on as it has; None when that can't be told."""
    done = share_done(progress)
    return None if done is None or done <= 0 else elapsed_s * (1 - done) / done


def nearest_end(
    progress: Progress | None, elapsed_s: float, for_s: float | None
) -> tuple[float | None, float | None]:
    """Which part of a session is over, 0 to 1, and the seconds left: by its data or by the time it was given, whichever
    ends first; None for one without end."""
    done, left = share_done(progress), time_left_s(progress, elapsed_s)
    if for_s is None:
        return done, left
    rest = max(0.0, for_s - elapsed_s)
    if left is not None and left < rest:
        return done, left
    return (min(1.0, elapsed_s / for_s) if for_s > 0 else 1.0), rest


def share_done(progress: Progress | None) -> float | None:
    """Which part of a bounded session is over, 0 to 1; None for one without end."""
    if progress is None or progress.end is None or progress.end <= progress.start:
        return None
    return min(1.0, max(0.0, (progress.time - progress.start) / (progress.end - progress.start)))


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """A row of bars for these values, at most `width` of them; empty without any."""
    if not values:
        return ""
    chosen = (
        [values[index * len(values) // width] for index in range(width)]
        if len(values) > width
        else list(values)
    )
    low, high = min(chosen), max(chosen)
    scale = (len(_SPARKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_SPARKS[int((value - low) * scale)] for value in chosen)


def _head(projection: Projection, done: float | None, left: float | None) -> Table:
    row = Table.grid(padding=(0, 2))
    mode = projection.mode.mode
    colour = "dim" if mode is None else _MODE_COLOURS[mode]
    cells: list[Any] = [
        f"desk time [bold]{moment(projection.now)}[/]",
        f"mode [{colour}]{'UNKNOWN' if mode is None else mode.value.upper()}[/]",
    ]
    if done is not None:
        cells += [ProgressBar(total=1.0, completed=done, width=30), f"{done:.0%}"]
        cells.append("" if left is None else f"{span(int(left * 1e9))} left")
    row.add_row(*cells)
    return row


def _connections(told: Connections) -> str:
    feeds = feeds_entry(told)
    parts = [f"[bold]{shown(name)}[/] {venue_line(venue)}" for name, venue in venue_entries(told).items()]
    if feeds is not None:
        parts.insert(0, f"feeds {feeds_line(feeds)}")
    return "  ".join(parts)


def _money(projection: Projection) -> str:
    books = projection.books
    curve = sparkline([float(point.nav) for point in books.curve])
    return (
        f"equity [bold]{money(books.nav)}[/] {curve}  cash {money(books.cash)}  realised {money(books.realised)}  "
        f"unrealised {money(books.unrealised)}  drawdown {percent(books.drawdown)}"
    )


def _positions(projection: Projection) -> Fitted | str:
    held = projection.books.open_positions()
    if not held:
        return "flat"
    rows = Fitted(
        "!symbol",
        ">quantity",
        ">cost",
        ">value",
        ">unrealised",
        ">realised",
        spare=("cost", "realised"),
        elsewhere=None,
    )
    for each in held:
        known = each.value is not None and each.cost is not None
        gain = (each.value or 0) - (each.cost or 0) if known else None
        rows.add_row(
            each.symbol,
            shown(each.position),
            money(each.cost),
            money(each.value),
            "unknown" if gain is None else f"{gain:,.2f}",
            money(each.realised),
        )
    return rows


def _trades(projection: Projection) -> str:
    desk = projection.orders
    orders = "  ".join(f"{state.value} {count}" for state, count in sorted(desk.states().items()) if count)
    rejected = "  ".join(f"{reason.value} {count}" for reason, count in desk.rejected.most_common(6))
    decided = projection.latencies[Hop.INTENT_TO_DECISION].quantile(0.5)
    hop = "" if decided is None else f"  intent to decision ≤ {span(int(decided * 1e9))}"
    return (
        f"intents {desk.intents_seen}  approved {desk.verdicts[Verdict.APPROVED]}  "
        f"resized {desk.verdicts[Verdict.RESIZED]}  fills {desk.fills_seen}{hop}\n"
        f"orders {orders or 'none'}\nrejected {rejected or 'none'}"
    )


def _actors(
    projection: Projection, statuses: Sequence[ActorStatus], pulses: Pulses, fresh_within_s: float
) -> Fitted:
    rows = Fitted(
        "!actor",
        ">steps",
        ">restarts",
        ">epoch",
        ">mail",
        ">owes",
        "",
        spare=("owes", "epoch", "steps"),
        elsewhere=None,
    )
    restarts = projection.family.restarts()
    given_up = {row.address for row in projection.family.rows() if row.status == "given_up"}
    for status in statuses:
        alive = is_alive(status, pulses, fresh_within_s)
        state = {True: "[green]alive[/]", False: "[bold red]silent[/]", None: "-"}[alive]
        rows.add_row(
            shown(status.address),
            str(status.step),
            str(restarts.get(status.address, 0)),
            str(status.epoch),
            str(status.urgent_depth + status.mailbox_depth),
            str(status.outstanding),
            "[bold red]GIVEN UP[/]" if status.address in given_up else state,
        )
    return rows


_LOUD = {Severity.WARNING: "yellow", Severity.ERROR: "red", Severity.CRITICAL: "bold red"}


def _events(projection: Projection) -> Table:
    rows = Table.grid(padding=(0, 1))
    newest = sorted(projection.happenings, key=lambda each: each.time)
    told = [each for each in newest if each.severity is not Severity.DEBUG][-EVENTS_SHOWN:]
    for each in told:
        colour = _LOUD.get(each.severity, "default")
        rows.add_row(
            clock(each.time), shown(each.address), f"[{colour}]{each.event_type.value}[/]", shown(each.text)
        )
    return rows
