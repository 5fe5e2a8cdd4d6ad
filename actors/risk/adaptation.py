"""Limits that adapt to what recent cycles were like: tighter at once, looser after a while, never beyond the settings.

After sheet B 8, in terms of this desk's own limits:

| a cycle had                                     | then                          |
|-------------------------------------------------|-------------------------------|
| orders rejected, `reject_spike` or more         | `max_order_notional` x 0.95   |
| refusals for rates, `throttle_spike` or more    | `max_open_orders` - 1         |
| a fall of `drawdown_part` of `drawdown_reduce`  | `max_gross_exposure` x 0.95   |
| something held without a mark                   | `max_open_positions` - 1      |
| none of these, `healthy_cycles` times in a row  | each of them back by a step   |

Only in NORMAL, and at most `max_changes` at a time. What was loosened is watched: when a later cycle has too many
rejects or a deep fall, or three of them lose `worse_loss` of NAV or are refused for rates, it is taken back, once. A
tightening is never taken back for that: it would loosen just when things go badly. Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from actors.risk.allocation_settings import AdaptationSettings
from messages.statistics import CycleFigures

if TYPE_CHECKING:
    from actors.risk.limits import RiskLimits

ADAPTATION = "adaptation"
"""The scope under which what was adapted is kept among the changes of limits, and who has changed it."""

WORSE_CYCLES = 3
"""So many cycles that lose `worse_loss`, or are refused for rates, since a loosening take it back."""

_QUANTUM = Decimal("0.0001")


class Trigger(NamedTuple):
    """One row of the table: the sign that a cycle had, and what becomes of which limit, by a factor or a step."""

    sign: str
    limit: str
    tighter: Decimal | int
    looser: Decimal | int


TRIGGERS: tuple[Trigger, ...] = (
    Trigger("rejects", "max_order_notional", Decimal("0.95"), Decimal("1.05")),
    Trigger("throttled", "max_open_orders", -1, 1),
    Trigger("drawdown", "max_gross_exposure", Decimal("0.95"), Decimal("1.05")),
    Trigger("missing_marks", "max_open_positions", -1, 1),
)


class Step(NamedTuple):
    """A limit that becomes another. `after` None: the settings' own again."""

    limit: str
    before: Decimal | int
    after: Decimal | int | None
    sign: str


class Loosening(msgspec.Struct):
    """The last loosening: what the limits were adapted to before, and the cycles since."""

    before: dict[str, str] = {}
    cycles: list[CycleFigures] = []


class AdaptationState(msgspec.Struct):
    """The present cycle's counts, and what NAV and deposits were when it began; the latest cycles, the last one last.

    `ends_at` is desk time, ns UTC; 0 before the first cycle.
    """

    ends_at: int = 0
    nav: Decimal | None = None
    deposits: Decimal = Decimal(0)
    rejects: int = 0
    throttled: int = 0
    cycles: list[CycleFigures] = []
    loosening: Loosening | None = None


def signs_of(cycle: CycleFigures, settings: AdaptationSettings) -> frozenset[str]:
    """The signs of a cycle that speak against it."""
    rows = (
        ("rejects", cycle.rejects >= settings.reject_spike),
        ("throttled", cycle.throttled >= settings.throttle_spike),
        ("drawdown", cycle.drawdown is not None and cycle.drawdown >= settings.drawdown_part),
        ("missing_marks", cycle.missing_marks),
    )
    return frozenset(name for name, shows in rows if shows)


def proposed(
    cycles: Sequence[CycleFigures],
    configured: RiskLimits,
    present: Mapping[str, Decimal | int],
    settings: AdaptationSettings,
) -> list[Step]:
    """What the latest cycles ask for; `present` are the limits that are adapted now."""
    if not cycles:
        return []
    signs = signs_of(cycles[-1], settings)
    if signs:
        steps = [_tighter(row, configured, present, settings) for row in TRIGGERS if row.sign in signs]
    elif len(cycles) >= settings.healthy_cycles and not any(
        signs_of(each, settings) for each in cycles[-settings.healthy_cycles :]
    ):
        steps = [_looser(row, configured, present, settings) for row in TRIGGERS if row.limit in present]
    else:
        steps = []
    return [step for step in steps if step is not None][: settings.max_changes]


def has_become_worse(cycles: Sequence[CycleFigures], settings: AdaptationSettings) -> bool:
    """Whether the cycles since a loosening speak for taking it back."""
    signs = [signs_of(each, settings) for each in cycles]
    if any(each & {"rejects", "drawdown"} for each in signs):
        return True
    losses = [each for each in cycles if each.profit is not None and each.profit <= -settings.worse_loss]
    return len(losses) >= WORSE_CYCLES or sum("throttled" in each for each in signs) >= WORSE_CYCLES


def least(limit: str, configured: RiskLimits, settings: AdaptationSettings) -> Decimal | int:
    """How far a limit may fall, as people have left it; one adapted before they raised it may lie below."""
    whole: Decimal | int = getattr(configured, limit)
    if isinstance(whole, int):
        return max(1, int(whole * settings.floor))
    floor = whole * settings.floor
    return max(floor, configured.min_notional) if limit == "max_order_notional" else floor


def _tighter(
    row: Trigger, configured: RiskLimits, present: Mapping[str, Decimal | int], settings: AdaptationSettings
) -> Step | None:
    whole: Decimal | int = getattr(configured, row.limit)
    before = present.get(row.limit, whole)
    if isinstance(row.tighter, int):
        after: Decimal | int = int(before) + row.tighter
    else:
        after = (before * row.tighter).quantize(_QUANTUM, ROUND_FLOOR)
    after = max(after, least(row.limit, configured, settings))
    return Step(row.limit, before, after, row.sign) if after < before else None


def _looser(
    row: Trigger, configured: RiskLimits, present: Mapping[str, Decimal | int], settings: AdaptationSettings
) -> Step | None:
    whole: Decimal | int = getattr(configured, row.limit)
    before = present[row.limit]
    if isinstance(row.looser, int):
        after: Decimal | int = int(before) + row.looser
    else:
        after = (before * row.looser).quantize(_QUANTUM, ROUND_FLOOR)
    after = max(after, least(row.limit, configured, settings))
    return Step(row.limit, before, None if after >= whole else after, "healthy")
