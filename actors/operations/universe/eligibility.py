"""Which tier a candidate's market is good enough for: one table of checks, asked in its order for each tier.

A missing figure is a refusal of its own. A market that misses its volume or its depth by little is a near miss: it may
have a place all the same, if there are not too many of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from actors.operations.universe.scoring import known
from actors.operations.universe.settings import Floors, NearMiss, Override, TierRule
from messages.reasons import Reason
from messages.universe import SymbolFigures, Tier


class Check(NamedTuple):
    """One row: which figure, why it is refused, whether `figure` is good enough, and by how much of the floor not."""

    figure: str
    reason: Reason
    override: Reason | None
    passes: Callable[[float, Floors], bool]
    short: Callable[[float, Floors], float]
    says: Callable[[float, Floors, Tier], str]


CHECKS: tuple[Check, ...] = (
    Check(
        "volume",
        Reason.LOW_VOLUME,
        Reason.OVERRIDE_VOLUME,
        lambda volume, floors: volume >= floors.volume,
        lambda volume, floors: 1 - volume / floors.volume,
        lambda volume, floors, tier: f"volume {volume:,.0f} < {floors.volume:,.0f} ({tier.value})",
    ),
    Check(
        "spread_bps",
        Reason.WIDE_SPREAD,
        None,
        lambda spread, floors: spread <= floors.spread_bps,
        lambda spread, floors: 1.0,
        lambda spread, floors, tier: f"spread {spread:.1f} bps > {floors.spread_bps:.1f} bps ({tier.value})",
    ),
    Check(
        "depth",
        Reason.LOW_DEPTH,
        Reason.OVERRIDE_DEPTH,
        lambda depth, floors: depth >= floors.depth,
        lambda depth, floors: 1 - depth / floors.depth,
        lambda depth, floors, tier: f"depth {depth:,.0f} < {floors.depth:,.0f} ({tier.value})",
    ),
)
"""The checks in their order. A figure's near miss has a reason of its own, where there is one."""

NEEDED = ("volume", "spread_bps", "depth", "volatility")
"""Figures without which nothing is judged."""


class Fitness(msgspec.Struct, frozen=True):
    """Which tiers a market is good enough for, from the best; `near` those that it misses by little.

    `reason` and `detail` say what the lowest tier it could have lacks; ELIGIBLE where it lacks nothing.
    """

    tiers: tuple[Tier, ...]
    near: tuple[tuple[Tier, Reason], ...]
    reason: Reason
    detail: str = ""


def fitness(
    figures: SymbolFigures,
    rules: Sequence[TierRule],
    near: NearMiss,
    *,
    override: Override | None = None,
    slack: float = 1.0,
) -> Fitness:
    """Judge one market. `slack` is the part of the floors that is enough: below 1 for one that is in already."""
    missing = [name for name in NEEDED if known(getattr(figures, name)) is None]
    if missing:
        return Fitness((), (), Reason.MISSING, f"missing: {', '.join(missing)}")
    tiers: list[Tier] = []
    misses: list[tuple[Tier, Reason]] = []
    reason, detail = Reason.ELIGIBLE, ""
    for rule in rules:
        if override is not None and override.tier not in (None, rule.tier):
            continue
        floors = _floors(rule.floors, override, slack)
        failed = [check for check in CHECKS if not check.passes(getattr(figures, check.figure), floors)]
        if not failed:
            tiers.append(rule.tier)
            continue
        first = failed[0]
        reason, detail = first.reason, first.says(getattr(figures, first.figure), floors, rule.tier)
        if len(failed) == 1 and _is_near(first, figures, floors, near):
            assert first.override is not None
            misses.append((rule.tier, first.override))
    return (
        Fitness(tuple(tiers), tuple(misses), Reason.ELIGIBLE)
        if tiers
        else Fitness((), tuple(misses), reason, detail)
    )


def _is_near(check: Check, figures: SymbolFigures, floors: Floors, near: NearMiss) -> bool:
    if check.override is None or check.short(getattr(figures, check.figure), floors) > near.tolerance:
        return False
    spread = figures.spread_bps
    return check.figure != "volume" or (spread is not None and spread <= near.spread_bps)


def _floors(floors: Floors, override: Override | None, slack: float) -> Floors:
    """The floors of one symbol, made easier by `slack`."""
    own = override or Override()
    return Floors(
        volume=(floors.volume if own.volume is None else own.volume) * slack,
        spread_bps=(floors.spread_bps if own.spread_bps is None else own.spread_bps) / slack,
        depth=(floors.depth if own.depth is None else own.depth) * slack,
    )
