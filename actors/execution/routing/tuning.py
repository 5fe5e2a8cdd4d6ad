"""Where proposals for a symbol's routing policy come in: taken within bounds, step by step, with before and after.

Who proposes is not known here. A symbol that nobody may tune, that is routed badly, or a desk that is not in its
normal mode keeps its policy.
"""

from __future__ import annotations

import msgspec

from actors.base import Context
from actors.execution.memory import ExecutionMemory
from actors.execution.routing.quality import judged, policy_set
from actors.execution.routing.settings import RoutingSettings
from messages.control import Mode
from messages.routing import RoutePolicy, RouterQuality, RouterTuned, TuneRouter

_TUNABLE = frozenset({RouterQuality.GOOD, RouterQuality.OK})


def on_tune(actor: ExecutionMemory, ctx: Context, wish: TuneRouter) -> None:
    """Take a proposal as far as the bounds allow, and journal what was made of it."""
    routing, settings = actor.state.routing, actor.settings.routing
    before = policy_set(routing, wish.symbol, settings)
    against = _against(actor, wish.symbol)
    after = before if against else bounded(before, wish.policy, settings)
    detail = against or ("" if after != before else "nothing to change")
    applied = after != before
    ctx.emit(RouterTuned(wish.symbol, before, wish.policy, after, applied, detail, wish.rationale, ctx.now))


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


def _near(wanted: float, known: float, step: float) -> float:
    return max(known - step, min(known + step, wanted))
