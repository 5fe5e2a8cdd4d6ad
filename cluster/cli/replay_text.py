"""What replay and parity found, as people read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape

from cluster.cli.documents import ReplayDocument
from cluster.cli.output import moment, shown, table
from cluster.replaying.results import (
    ActorReplay,
    ActorWhatIf,
    ChangedDecision,
    ChangedStep,
    Difference,
    ParityDocument,
    Row,
    Side,
    VerdictView,
)
from messages.intents import Verdict

_SHOWN = 50
"""Changed decisions printed; `--json` has them all."""


def replay_text(document: ReplayDocument) -> Group:
    """A line per actor, then the first difference with both sides."""
    rows = table("actor", "from", ">steps", ">events", "result")
    for each in document.actors:
        rows.add_row(shown(each.actor), _start(each), str(each.steps), str(each.events), _result(each))
    parts: list[RenderableType] = [*_heading(document), rows, *_notes(document.actors)]
    first = min(
        (each.difference for each in document.actors if each.difference is not None),
        key=lambda each: (each.actor.startswith("supervisor"), each.time),
        default=None,
    )
    if first is not None:
        parts += _difference(first)
    elif document.identical:
        skipped = sum(each.skipped is not None for each in document.actors)
        rest = f", but {skipped} of {len(document.actors)} actors were not replayed" if skipped else ""
        parts.append(f"[green]bit-identical[/]{rest}")
    else:
        parts.append("[bold red]nothing could be replayed[/]")
    return Group(*parts)


def what_if_text(document: ReplayDocument) -> Group:
    """Which decisions change under other settings."""
    parts: list[RenderableType] = [*_heading(document), f"what if: {shown(document.changes)}"]
    changed = [decision for each in document.what_if for decision in each.changed]
    decided = sum(each.decisions for each in document.what_if)
    parts.append(
        f"[bold]{len(changed)}[/] of {decided} decisions on intents change, each on the recorded state"
    )
    if changed:
        parts.append(_decisions(changed[:_SHOWN]))
    if len(changed) > _SHOWN:
        parts.append(f"and {len(changed) - _SHOWN} more: see --json")
    others = [step for each in document.what_if for step in each.other]
    if others:
        parts.append(f"[bold]{len(others)}[/] other steps change")
        parts += [_other(step) for step in others[:_SHOWN]]
    return Group(*parts, *_notes(document.what_if))


def parity_text(document: ParityDocument) -> Group:
    """Both fingerprints, and the first row in which the runs differ."""
    rows = table("run", "!fingerprint", ">orders", ">fills", "")
    for side in (document.first, document.second):
        rows.add_row(
            shown(side.source), side.fingerprint, shown(side.orders), shown(side.fills), _remark(side)
        )
    parts: list[RenderableType] = [rows]
    if document.equal:
        return Group(*parts, "[green]the same orders and fills[/]")
    if document.first.empty or document.second.empty:
        parts.append("[bold red]a run that traded nothing proves nothing[/]")
    elif document.difference is None:
        parts.append("[bold red]they differ[/]; give exports of both to see where")
    if document.difference is not None:
        parts.append(
            f"[bold red]they differ[/] first in {document.difference.kind} {document.difference.number}"
        )
        for side, row in (
            (document.first, document.difference.first),
            (document.second, document.difference.second),
        ):
            parts.append(f"  {shown(side.source)}: {_row(row)}")
    return Group(*parts)


# ---------------------------------------------------------------------- parts


def _heading(document: ReplayDocument) -> Iterable[str]:
    yield f"desk {shown(document.desk)}, config {document.config_hash[:12]}"
    if document.recorded_by and document.recorded_by != document.replayed_by:
        yield f"[yellow]recorded by code {document.recorded_by}, replayed by {document.replayed_by}[/]"


def _notes(actors: Iterable[ActorReplay | ActorWhatIf]) -> Iterable[str]:
    skipped: dict[str, list[str]] = {}
    for each in actors:
        if each.skipped is not None:
            skipped.setdefault(each.skipped, []).append(each.actor)
    for why, names in skipped.items():
        yield f"[yellow]not replayed: {shown(names)}:[/] {escape(why)}"
    for each in actors:
        for note in each.notes:
            yield f"{shown(each.actor)}: {escape(note)}"


def _start(each: ActorReplay) -> str:
    if each.skipped is not None:
        return "-"
    return f"the snapshot at step {each.from_step}" if each.from_step else "the beginning"


def _result(each: ActorReplay) -> str:
    if each.skipped is not None:
        return "[yellow]not replayed[/]"
    if each.difference is not None:
        return f"[bold red]differs at step {each.difference.step}[/]"
    return "[green]identical[/]"


def _difference(found: Difference) -> Iterable[str]:
    yield (
        f"[bold red]{shown(found.actor)} differs in its {escape(found.what)}[/] at step {found.step}, "
        f"{moment(found.time)}, decided on {shown(found.inputs)}"
    )
    for line in found.lines:
        colour = {"-": "red", "+": "green"}.get(line[:1])
        yield f"[{colour}]{escape(line)}[/]" if colour else escape(line)


def _decisions(changed: Iterable[ChangedDecision]) -> RenderableType:
    rows = table("time", "intent", "symbol", "side", ">asked", "recorded", "with these settings")
    for each in changed:
        rows.add_row(
            moment(each.time),
            shown(each.intent_id),
            shown(each.symbol),
            shown(each.side),
            shown(each.requested),
            _verdict(each.before),
            _verdict(each.after),
        )
    return rows


def _verdict(view: VerdictView) -> str:
    refused = view.verdict is Verdict.REJECTED  # two answers may differ in the reason alone
    words = f"{view.verdict.value} {view.reason.value if refused else shown(view.quantity)}"
    if view.check is None:
        return words
    words += f"; tightest: {escape(view.check)}"
    if view.limit is None and view.observed is None:
        return words
    return f"{words}, limit {shown(view.limit)}, observed {shown(view.observed)} {view.unit}".rstrip()


def _other(step: ChangedStep) -> str:
    names = [", ".join(str(each["type"]) for each in side) or "nothing" for side in (step.before, step.after)]
    after = f"fails: {step.error}" if step.error is not None else names[1]
    return f"  {shown(step.actor)} step {step.step} on {shown(step.inputs)}: {names[0]} -> {escape(after)}"


def _remark(side: Side) -> str:
    if side.empty:
        return "[bold red]empty[/]"
    return "" if side.complete else "[yellow]its beginning is gone[/]"


def _row(row: Row | None) -> str:
    return (
        "none" if row is None else escape(", ".join(f"{name}={_value(value)}" for name, value in row.items()))
    )


def _value(value: Any) -> str:
    return "-" if value is None else str(value)
