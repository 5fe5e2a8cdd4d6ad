"""The page of tables that operators and authors look things up in, each printed from the table that the code uses."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

import messages
from actors.execution import gate, transitions
from actors.risk import anomalies, modes
from actors.risk.checks import CHECKS
from actors.venues.matching import bars
from actors.venues.matching.instruments import MarketKind
from cluster import arming, preflight
from cluster.cli.exits import MEANINGS
from cluster.docs.markdown import code, codes, page, table
from cluster.docs.meanings import FAILPOINTS, REASONS
from cluster.host.failpoints import NAMES
from cluster.metrics import DeskCollector, Picture
from messages.base import registered_types
from messages.control import ALLOWED, Action, Mode
from messages.events import EventType, severity
from messages.reasons import Layer, Reason

_HEAD = """\
# Reference

*Written by `python -m cluster.docs` from the tables the code works with; a test compares it with the code.*

[Modes](#modes) · [Risk checks](#risk-checks) · [Arming](#arming) · [The last gate](#the-last-gate) ·
[Order states](#order-states) · [Fill models](#fill-models) · [Reason codes](#reason-codes) ·
[Event types](#event-types) · [Metrics](#metrics) · [Failpoints](#failpoints) · [Exit codes](#exit-codes)"""


def reference_page() -> str:
    """The whole page."""
    return page(
        _HEAD,
        _modes(),
        _mode_sources(),
        _anomalies(),
        _checks(),
        _arming(),
        _gate(),
        _transitions(),
        _fill_models(),
        _reasons(),
        _events(),
        _metrics(),
        _failpoints(),
        _exit_codes(),
    )


def _modes() -> str:
    rows = (
        (code(mode.value), *("yes" if action in ALLOWED[mode] else "no" for action in Action))
        for mode in Mode
    )
    header = ("mode", *(action.value for action in Action))
    return page(
        "## Modes",
        "From free to tied; the strictest source wins. `decrease` is an order that can't increase exposure whatever "
        "becomes of everything open. HALTED also cancels working orders, except protective ones.",
        table(header, rows),
    )


def _mode_sources() -> str:
    rows = (
        (
            code(row.source),
            " or ".join(mode.value.upper() for mode in row.modes) or "any",
            row.comes_with,
            row.ends_with,
            codes(each.value for each in row.clearing),
        )
        for row in modes.SOURCES
    )
    return page(
        "### What asks for a mode",
        "What is cleared by `person` waits for `raydesk resume` with an acknowledgement. With several venues the way "
        f"to one ({codes(sorted(modes.HEALTH))}) holds the orders of that venue only.",
        table(("source", "mode", "comes with", "ends with", "cleared by"), rows),
    )


def _anomalies() -> str:
    about = inspect.cleandoc(anomalies.__doc__ or "")
    rows = (
        (code(cause), code(name.value), grade.value) for cause, (name, grade) in anomalies.CONDITIONS.items()
    )
    return page(
        "### Anomalies and degrade levels",
        about.split("\n\n", 1)[1],
        "What execution finds about its venue counts as well:",
        table(("condition", "anomaly", "severity"), rows),
    )


def _checks() -> str:
    return page(
        "## Risk checks",
        f"Every intent is judged by up to {len(CHECKS)} of them: [risk.md](risk.md#checks).",
    )


def _arming() -> str:
    rows = ((code(row.reason.value), row.says) for row in arming.TABLE)
    checks = (
        (code(check.name), check.group, check.says, "starts held" if check.holds else "refused")
        for check in preflight.CHECKS
    )
    return page(
        "## Arming",
        "A desk is ARMED when none of these holds; else NOT_ARMED with every reason that does, in the start's banner "
        "and in `raydesk status`.",
        table(("reason", "holds when"), rows),
        "### Preflight",
        "`raydesk preflight CONFIG`, and every start of a live desk. A group is looked at once the one before holds.",
        table(("check", "group", "passes when", "a live start otherwise"), checks),
    )


def _gate() -> str:
    rows = (
        (codes(_gate_reasons(reason)), codes({gate.ENDING[each].value: None for each in _members(reason)}))
        for reason, _ in gate.CHECKS
    )
    return page(
        "## The last gate",
        "Asked when an approved intent arrives at execution and again right before the socket, in this order.",
        table(("reason", "the intent ends"), rows),
    )


def _members(reason: Reason | None) -> tuple[Reason, ...]:
    return tuple(gate.MODE_REASON.values()) if reason is None else (reason,)


def _gate_reasons(reason: Reason | None) -> tuple[str, ...]:
    return tuple(each.value for each in _members(reason))


def _transitions() -> str:
    return page(
        "## Order states",
        "States down, what happens across. `=` is old news and changes nothing; `.` contradicts what is known: it "
        "raises, and is never logged away.",
        transitions.table(),
    )


def _fill_models() -> str:
    rule = inspect.cleandoc(bars.__doc__ or "").split("\n\n", 1)[1]
    return page(
        "## Fill models",
        "What stands for the market in `venues.*.fill.market`, in paper venues, simulator and backtests alike.",
        inspect.cleandoc(MarketKind.__doc__ or "").split("\n\n", 1)[1],
        "### Inside a bar",
        rule,
    )


def _reasons() -> str:
    parts = ["## Reason codes", "A code never changes its meaning. Grouped by the layer that gives it first."]
    for layer in Layer:
        rows = ((code(reason.value), says) for reason, says in REASONS[layer].items())
        parts.append(page(f"### {layer.value.capitalize()}", table(("code", "meaning"), rows)))
    return page(*parts)


def _events() -> str:
    carriers = _carriers()
    rows = ((code(event.value), severity(event).value, codes(carriers.get(event, ()))) for event in EventType)
    return page(
        "## Event types",
        "The names under which journals, logs and metrics speak of what happened. Without a message the name is "
        "kept for a part that is not built yet.",
        table(("event", "severity", "messages that carry it"), rows),
    )


def _carriers() -> dict[EventType, list[str]]:
    for module in pkgutil.iter_modules(messages.__path__):
        importlib.import_module(f"messages.{module.name}")  # types register when they are imported
    found = defaultdict(list)
    for name, kind in sorted(registered_types().items()):
        if kind.__module__.startswith("messages.") and kind.event_type is not None:
            found[kind.event_type].append(name)
    return found


def _metrics() -> str:
    families = DeskCollector(Picture("", "", "")).collect()
    rows = (
        (
            code(f"{family.name}_total" if family.type == "counter" else family.name),
            family.type,
            family.documentation,
        )
        for family in families
    )
    return page(
        "## Metrics",
        "Served at `/metrics`; the address is in `raydesk status`. Those of feeds and venues are what their processes "
        "told last, and a restart begins their counts anew; all others are read from the journals, so that it loses "
        "nothing. Labels are named in [operating.md](operating.md#metrics).",
        table(("metric", "type", "what it is"), rows),
    )


def _failpoints() -> str:
    return page(
        "## Failpoints",
        "Places in a process's life at which a test lets it die or stand still; see "
        "[operating.md](operating.md#a-failure-drill).",
        table(("failpoint", "when"), ((code(name), FAILPOINTS[name]) for name in NAMES)),
    )


def _exit_codes() -> str:
    rows: Iterator[tuple[str, str]] = ((code(str(each.value)), says) for each, says in MEANINGS.items())
    return page("## Exit codes", table(("code", "meaning"), rows))
