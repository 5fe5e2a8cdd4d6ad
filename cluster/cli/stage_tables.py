"""The stages of a decision on the screen: what it came to in sentences, then the figures stage by stage."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from cluster.cli.output import shown, table
from cluster.observe.stage_words import in_words
from messages.stages import StageRecords


def stage_tables(stages: StageRecords) -> Iterator[RenderableType]:
    """One piece per stage that was reached."""
    yield escape("\n".join(in_words(stages)))
    if stages.predictions is not None:
        yield _predictions(stages)
    if stages.arbitration is not None:
        yield _horizons(stages)
    if stages.gates:
        yield _gates(stages)


def _predictions(stages: StageRecords) -> Table:
    rows = table("horizon", "model", ">raw", ">z", ">confidence", ">expected bps", ">weight")
    weights = {each.horizon: each.weights for each in stages.blends}
    assert stages.predictions is not None
    for horizon in stages.predictions.horizons:
        for each in horizon.models:
            expected = None if each.expected is None else each.expected * 1e4
            rows.add_row(
                escape(horizon.horizon),
                escape(each.model),
                *(_number(value) for value in (each.raw, each.z, each.confidence, expected)),
                _number(weights.get(horizon.horizon, {}).get(each.model)),
            )
    return rows


def _horizons(stages: StageRecords) -> Table:
    made = stages.arbitration
    assert made is not None
    learned = any(each.preference is not None for each in made.horizons)
    head = ("horizon", ">alpha bps", ">spread", ">timing", ">impact", ">net bps", ">score")
    rows = table(*head, *([">counts for"] if learned else []), "")
    for each in made.horizons:
        figures = (
            each.alpha,
            each.spread_cost,
            each.timing_cost,
            each.impact_cost,
            each.net,
            each.score,
        )
        rows.add_row(
            escape(each.horizon),
            *(_number(value) for value in figures),
            *([_number(each.preference)] if learned else []),
            "[green]chosen[/]" if each.horizon == made.horizon else "",
        )
    return rows


def _gates(stages: StageRecords) -> Table:
    rows = table("", "gate", ">size factor", "reason")
    for each in stages.gates:
        rows.add_row(
            "[green]ok[/]" if each.allowed else "[red]no[/]",
            escape(each.gate),
            _number(each.factor),
            each.reason.value,
        )
    return rows


def _number(value: float | None) -> str:
    return shown(value) if value is None else f"{value:.4g}"
