"""Where proposals for a symbol's routing policy come in: taken within bounds, step by step, with before and after.

They come from the symbol's own router records (`autotune`), and from whoever sends a `TuneRouter`. A symbol that nobody
may tune, that is routed badly, or a desk that is not in its normal mode keeps its policy.
"""

from __future__ import annotations

import msgspec

from actors.base import Context
from actors.execution.memory import ExecutionMemory
from actors.execution.routing.autotune import propose
from actors.execution.routing.plan import Evidence
from actors.execution.routing.quality import judged, policy_set
from actors.execution.routing.settings import RoutingSettings
from messages.control import Mode
from messages.routing import (
    RoutePolicy,
    RouterEvidence,
    RouterEvidenceTaken,
    RouterQuality,
    RouterTuned,
    TuneRouter,
)

_TUNABLE = frozenset({RouterQuality.GOOD, RouterQuality.OK})


def on_tune(actor: ExecutionMemory, ctx: Context, wish: TuneRouter) -> None:
    """Somebody's proposal."""
    _consider(actor, ctx, wish.symbol, wish.policy, wish.rationale)


def on_evidence(ctx: Context, told: RouterEvidence) -> None:
    """What somebody knows of a symbol's trades: it counts when its record next proposes."""
    ctx.emit(RouterEvidenceTaken(told.symbol, told.expectancy_bps, told.hit_rate, told.score, ctx.now))


def on_record(actor: ExecutionMemory, ctx: Context, symbol: str) -> None:
    """A router record was added: propose what the symbol's record says, once there are enough new ones."""
    routing, settings = actor.state.routing, actor.settings.routing
    quality = routing.quality.get(symbol)
    if not settings.tuning_every or symbol not in settings.tuning_symbols or quality is None:
        return
    if quality.orders < settings.quality_orders or quality.untuned < settings.tuning_every:
        return
    before = policy_set(routing, symbol, settings)
    evidence = routing.evidence.get(symbol, Evidence())
    _consider(actor, ctx, symbol, *propose(before, quality, evidence, settings))


def _consider(
    actor: ExecutionMemory, ctx: Context, symbol: str, proposed: RoutePolicy, rationale: tuple[str, ...]
) -> None:
    """Take a proposal as far as the bounds allow, and journal what was made of it."""
    settings = actor.settings.routing
    before = policy_set(actor.state.routing, symbol, settings)
    against = _against(actor, symbol)
    after = before if against else bounded(before, proposed, settings)
    applied = _effect(after) != _effect(before)
    if not applied:
        after = before
    detail = against or ("" if applied else "nothing to change")
    ctx.emit(RouterTuned(symbol, before, proposed, after, applied, detail, rationale, ctx.now))


def bounded(before: RoutePolicy, proposed: RoutePolicy, settings: RoutingSettings) -> RoutePolicy:
    """`proposed`, at most one step from `before` and within the bounds of all."""
    step, most = settings.tuning_offset_step, settings.max_offset_ticks
    offset = _near(proposed.offset_ticks, before.offset_ticks, step)
    bias = _near(proposed.taker_bias, before.taker_bias, settings.tuning_bias_step)
    return msgspec.structs.replace(
        before,
        maker_first=proposed.maker_first,
        offset_ticks=max(-most, min(most, int(offset))),
        taker_bias=max(0.0, min(1.0, bias)),
        reason="tuned",
    )


def _against(actor: ExecutionMemory, symbol: str) -> str:
    """Why a symbol's policy is not tuned now; "" when it may be."""
    settings = actor.settings.routing
    if symbol not in settings.tuning_symbols:
        return "the symbol is not among those that may be tuned"
    if actor.state.effective_mode is not Mode.NORMAL:
        return f"the desk is in mode {actor.state.effective_mode.value}"
    quality = judged(actor.state.routing.quality.get(symbol), settings)
    return "" if quality in _TUNABLE else f"its quality is {quality.value}"


def _effect(policy: RoutePolicy) -> tuple[bool, int, float]:
    """What of a policy changes how orders are worked."""
    return policy.maker_first, policy.offset_ticks, policy.taker_bias


def _near(wanted: float, known: float, step: float) -> float:
    return max(known - step, min(known + step, wanted))
