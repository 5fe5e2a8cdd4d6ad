"""A trace as a tree on the screen: each moment with its time, the time since the one before, and what was seen."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from cluster.cli.output import moment, shown, span, table
from cluster.cli.stage_tables import stage_tables
from cluster.observe.check_views import CheckView
from cluster.observe.trace import Detail, Trace, TraceStep

_COLOURS = {
    "quote": "cyan",
    "decision": "blue",
    "intent": "blue",
    "risk": "magenta",
    "route": "yellow",
    "order": "yellow",
    "fill": "green",
    "ledger": "green",
    "funding": "green",
    "outcome": "bold",
}


def render_trace(trace: Trace) -> Tree:
    """The trace as a rich tree."""
    head = (
        f"[bold]{escape(trace.intent_id or 'decision')}[/] {shown(trace.symbol)} {shown(trace.strategy)}: "
        f"{trace.outcome}"
    )
    if trace.total_ns is not None:
        head += f", {span(trace.total_ns)} from first to last"
    if not trace.complete:
        head += " [yellow](parts of the journals are gone)[/]"
    tree = Tree(head)
    for step in trace.steps:
        branch = tree.add(_headline(step))
        details = {name: value for name, value in step.details.items() if value is not None}
        if details:
            branch.add(", ".join(f"{name} {_detail(name, value)}" for name, value in details.items()))
        if step.checks:
            branch.add(_checks(step.checks))
        if step.stages is not None:
            for piece in stage_tables(step.stages):
                branch.add(piece)
    return tree


def _detail(name: str, value: Detail) -> str:
    """Times as times and spans as spans; everything else as it is."""
    if isinstance(value, int) and name in _TIMES:
        return moment(value)
    if isinstance(value, int) and name.endswith("_ns"):
        return span(value)
    return shown(value)


_TIMES = frozenset({"deadline", "venue_time"})


def _headline(step: TraceStep) -> str:
    after = "" if step.after_ns is None else f" [dim]+{span(step.after_ns)}[/]"
    who = "" if step.actor is None else f" [dim]{escape(step.actor)}[/]"
    colour = _COLOURS[step.kind]
    return f"{moment(step.time)}{after} [{colour}]{step.kind}[/] {escape(step.title)}{who}"


def _checks(checks: tuple[CheckView, ...]) -> Table:
    rows = table("", "check", "reason", ">limit", ">observed", ">room", "unit", ">allowed")
    for check in checks:
        rows.add_row(
            "[green]ok[/]" if check.passed else "[red]no[/]",
            escape(check.check),
            check.reason.value,
            shown(check.limit),
            shown(check.observed),
            shown(check.room),
            escape(check.unit),
            shown(check.allowed),
        )
    return rows
