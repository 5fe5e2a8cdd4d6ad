"""What the router's own record proposes for a symbol's policy: signals with weights, summed and bounded. Pure.

Thresholds and weights after the router sheets of the desks this one learned from. Theirs moved orders that did not
fill away from the market; ours go nearer, as `quality` does. Who knows more of a symbol than its record, such as what
its trades earn, sends that as `messages.routing.RouterEvidence`: an edge is worth paying for, the lack of one is not.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from actors.execution.routing.plan import Evidence, Quality
from actors.execution.routing.quality import judged
from actors.execution.routing.settings import RoutingSettings
from messages.routing import RoutePolicy, RouterQuality

_NO_EVIDENCE = Evidence()
_LADDER = tuple[tuple[float, float], ...]
"""Pairs of (bound, weight), the outermost first."""

_HIGH_EXPECTANCY: _LADDER = ((5.0, 1.5), (1.0, 0.75))
_LOW_EXPECTANCY: _LADDER = ((-3.0, -1.5), (-1.0, -0.75))
_HIGH_HIT_RATE: _LADDER = ((0.65, 0.25),)
_LOW_HIT_RATE: _LADDER = ((0.45, -0.25),)
_HIGH_SCORE: _LADDER = ((0.7, 0.75),)
_LOW_SCORE: _LADDER = ((0.3, -0.75),)

_FALLBACK_HEAVY, _SLIPPAGE_HOT_BPS = 0.55, 12.0
_STRONG_MAKER, _STRONG_FALLBACK, _STRONG_SLIPPAGE_BPS = 0.7, 0.3, 5.0


class Signal(NamedTuple):
    """One reason to change: towards taking (`bias`) and towards the market (`nearer`), positive or negative."""

    name: str
    bias: float
    nearer: float


def signals(quality: Quality, verdict: RouterQuality, evidence: Evidence = _NO_EVIDENCE) -> list[Signal]:
    """Every signal that a symbol gives now."""
    found = [
        Signal("quality broken", 1.0, 1.0) if verdict is RouterQuality.BROKEN else None,
        Signal("quality degraded", 0.5, 0.5) if verdict is RouterQuality.DEGRADED else None,
        Signal("fallback heavy", 0.75, 0.5) if quality.fallback >= _FALLBACK_HEAVY else None,
        Signal("slippage hot", 0.5, 0.75) if quality.slippage_bps >= _SLIPPAGE_HOT_BPS else None,
        Signal("maker strong", -0.75, -0.5) if _is_strong(quality) else None,
    ]
    worth = [
        ("expectancy", _weight(evidence.expectancy_bps, _HIGH_EXPECTANCY, _LOW_EXPECTANCY)),
        ("hit rate", _weight(evidence.hit_rate, _HIGH_HIT_RATE, _LOW_HIT_RATE)),
        ("score", _weight(evidence.score, _HIGH_SCORE, _LOW_SCORE)),
    ]
    told = [Signal(f"{name} {weight:+g}", weight, weight) for name, weight in worth if weight]
    return [signal for signal in found if signal is not None] + told


def propose(
    before: RoutePolicy, quality: Quality, evidence: Evidence, settings: RoutingSettings
) -> tuple[RoutePolicy, tuple[str, ...]]:
    """A policy at most one step from `before`, and why, a text for each signal."""
    given = signals(quality, judged(quality, settings), evidence)
    bias = _one(sum(signal.bias for signal in given)) * settings.tuning_bias_step
    nearer = round(_one(sum(signal.nearer for signal in given)) * settings.tuning_offset_step)
    proposed = msgspec.structs.replace(
        before, taker_bias=before.taker_bias + bias, offset_ticks=before.offset_ticks - nearer
    )
    seen = (
        f"maker {quality.maker:.2f}, fallback {quality.fallback:.2f}, slippage {quality.slippage_bps:.1f} bps "
        f"over {quality.orders} orders"
    )
    return proposed, (seen, *(signal.name for signal in given))


def _is_strong(quality: Quality) -> bool:
    return (
        quality.maker >= _STRONG_MAKER
        and quality.fallback <= _STRONG_FALLBACK
        and quality.slippage_bps <= _STRONG_SLIPPAGE_BPS
    )


def _weight(value: float | None, high: _LADDER, low: _LADDER) -> float:
    """The weight of the outermost bound that the value reaches; what is not known weighs nothing."""
    if value is None:
        return 0.0
    above = (weight for bound, weight in high if value >= bound)
    below = (weight for bound, weight in low if value <= bound)
    return next(above, None) or next(below, 0.0)


def _one(value: float) -> float:
    return max(-1.0, min(1.0, value))
