"""One cycle: from the market's figures to how every candidate stands, and who comes and goes by that.

Pure functions. Slowness is part of it: a symbol must be fit, or not, for several cycles in a row before anything
happens, and not more happens in a day than the settings let.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from actors.operations.universe.eligibility import Fitness, fitness
from actors.operations.universe.scoring import known, ranked, scores
from actors.operations.universe.settings import DAY, TierRule, UniverseSettings
from messages.reasons import Reason
from messages.universe import SymbolFigures, SymbolStanding, Tier


class Before(msgspec.Struct, frozen=True):
    """How things were before a cycle: who is in, streaks, when who left, when changes happened (ns UTC).

    `is_first` says that nothing was judged before; then nobody is in by figures but those of the start.
    """

    members: frozenset[str]
    streaks: Mapping[str, int]
    left_at: Mapping[str, int]
    changes: Sequence[int]
    is_first: bool = False


class Moves(msgspec.Struct, frozen=True):
    """Who comes and who goes by the figures, in the order in which it counts."""

    enter: tuple[str, ...]
    leave: tuple[str, ...]


def silent_venues(settings: UniverseSettings, figures: Sequence[SymbolFigures]) -> frozenset[str]:
    """Symbols of venues of which nothing is known at all: an outage is no reason to give up what is held there."""
    told = {
        each.symbol
        for each in figures
        if known(each.volume) is not None or known(each.spread_bps) is not None
    }
    talking = {each.venue for each in settings.candidates if each.symbol in told}
    return frozenset(each.symbol for each in settings.candidates if each.venue not in talking)


def judge(
    settings: UniverseSettings,
    figures: Sequence[SymbolFigures],
    excluded: Mapping[str, Reason],
    before: Before,
    regime: str | None = None,
) -> tuple[SymbolStanding, ...]:
    """How the candidates stand, the best score first. `excluded` are those that may not be traded, and why; in a
    `regime` each tier has as many places as that lets it have.

    Symbols of silent venues are not judged: they keep what they had.
    """
    silent = silent_venues(settings, figures)
    told = {each.symbol: each for each in figures}
    judged = [
        told.get(each.symbol, SymbolFigures(each.symbol))
        for each in settings.candidates
        if each.symbol not in silent
    ]
    found = scores(judged, settings.weights)
    fit = {
        each.symbol: fitness(
            each,
            settings.tiers,
            settings.near,
            override=settings.overrides.get(each.symbol),
            slack=settings.steadiness.exit_slack if each.symbol in before.members else 1.0,
        )
        for each in judged
    }
    order = ranked(judged, found)
    placed = _placed(settings, [each.symbol for each in order if each.symbol not in excluded], fit, regime)
    return tuple(
        _standing(each.symbol, found[each.symbol], fit[each.symbol], placed, excluded, before, settings)
        for each in order
    )


def moves(settings: UniverseSettings, standings: Sequence[SymbolStanding], before: Before, now: int) -> Moves:
    """Who comes and goes: first who leaves, the worst first, then who comes, the best first, as far as the day lets.

    With the very first figures whoever is fit comes at once: there is nothing yet that could be unsteady.
    """
    steady = settings.steadiness
    if before.is_first:
        return Moves(tuple(each.symbol for each in standings if each.fit), ())
    room = steady.changes_a_day - sum(now - time < DAY for time in before.changes)
    leaving = [
        each.symbol
        for each in reversed(standings)
        if each.symbol in before.members and each.streak <= -steady.exit_cycles
    ][: max(room, 0)]
    coming = [
        each.symbol
        for each in standings
        if each.symbol not in before.members
        and each.streak >= steady.enter_cycles
        and now - before.left_at.get(each.symbol, -steady.reentry) >= steady.reentry
    ][: max(room - len(leaving), 0)]
    return Moves(tuple(coming), tuple(leaving))


def places(settings: UniverseSettings, rule: TierRule, regime: str | None) -> int:
    """How many symbols a tier holds at most in a regime, None for none."""
    factor = 1.0 if regime is None else settings.regimes.get(rule.tier, {}).get(regime, 1.0)
    return int(rule.most * factor + 1e-9)


def _placed(
    settings: UniverseSettings, symbols: Sequence[str], fit: Mapping[str, Fitness], regime: str | None
) -> dict[str, tuple[Tier, Reason]]:
    """A place for each symbol in the best tier that takes it, as long as there are places; near misses come last."""
    left = {rule.tier: places(settings, rule, regime) for rule in settings.tiers}
    near: Counter[Tier] = Counter()
    placed: dict[str, tuple[Tier, Reason]] = {}
    for symbol in symbols:
        own = fit[symbol]
        wanted = [(tier, own.reason) for tier in own.tiers]
        wanted += [miss for miss in own.near if not own.tiers and near[miss[0]] < settings.near.most]
        for tier, reason in wanted:
            if left[tier] > 0 and len(placed) < settings.size:
                left[tier] -= 1
                near[tier] += reason is not Reason.ELIGIBLE
                placed[symbol] = (tier, reason)
                break
    return placed


def _standing(
    symbol: str,
    score: float,
    own: Fitness,
    placed: Mapping[str, tuple[Tier, Reason]],
    excluded: Mapping[str, Reason],
    before: Before,
    settings: UniverseSettings,
) -> SymbolStanding:
    streak = before.streaks.get(symbol, 0)
    if symbol in placed:
        tier, reason = placed[symbol]
        detail = own.detail if reason is not Reason.ELIGIBLE else ""
        return SymbolStanding(symbol, True, tier, score, reason, detail, max(streak, 0) + 1)
    reason, detail = own.reason, own.detail
    if symbol in excluded:
        reason, detail = excluded[symbol], ""
    elif own.tiers:
        reason, detail = (
            Reason.TIER_FULL,
            f"{', '.join(tier.value for tier in own.tiers)} or size {settings.size}",
        )
    return SymbolStanding(symbol, False, None, score, reason, detail, min(streak, 0) - 1)
