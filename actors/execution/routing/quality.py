"""What routing has taught of a symbol, and the policy that follows from it.

Means that forget: each new intent counts for 1/n, n being how many ended so far, at most `quality_orders`. Thresholds
after the router sheets of the desks this one learned from; slippage in basis points, latency in ns.
"""

from __future__ import annotations

import msgspec

from actors.execution.routing.plan import Quality, RoutingState
from actors.execution.routing.settings import RoutingSettings
from messages.routing import RoutePolicy, RouterQuality, RouterRecord

_MILLISECOND = 1_000_000
_GOOD, _OK = RouterQuality.GOOD, RouterQuality.OK
_DEGRADED, _BROKEN = RouterQuality.DEGRADED, RouterQuality.BROKEN

_BAD: tuple[tuple[RouterQuality, float, float, float], ...] = (
    (_BROKEN, 0.9, 20.0, 2_500 * _MILLISECOND),
    (_DEGRADED, 0.6, 8.0, 1_500 * _MILLISECOND),
)
"""From the worst: the quality of a symbol whose fallback, slippage or latency reaches one of these."""
_GOOD_MAKER, _GOOD_FALLBACK, _GOOD_SLIPPAGE, _GOOD_LATENCY = 0.7, 0.4, 4.0, 800 * _MILLISECOND

_WIDE_SPREAD = 10.0
"""Where spreads are at least this wide on average, orders that don't fill well step one tick further inside."""

_EFFECTS: dict[RouterQuality, tuple[bool, int, float]] = {
    _GOOD: (True, 1, 0.0),
    _OK: (True, 0, 0.0),
    _DEGRADED: (True, -1, 0.5),
    _BROKEN: (False, 0, 1.0),
}
"""Maker first?, ticks added to the offset, the least taker bias. Orders that fill well can ask for more; those that
don't step closer, and where that failed too passive orders only lose time."""


def note_record(state: RoutingState, record: RouterRecord, settings: RoutingSettings) -> None:
    """Take over what one routed intent showed; one that was filled in no part says nothing of prices."""
    quality = state.quality.get(record.symbol)
    if quality is None:
        if len(state.quality) >= settings.keep_symbols:
            del state.quality[next(iter(state.quality))]
        quality = state.quality[record.symbol] = Quality()
    if not record.orders:
        return
    quality.orders = min(quality.orders + 1, settings.quality_orders)
    quality.untuned += 1
    weight = 1.0 / quality.orders
    passive = float(record.maker_quantity / record.filled) if record.filled else 0.0
    quality.maker += weight * (passive - quality.maker)
    quality.fallback += weight * (record.used_fallback - quality.fallback)
    quality.rejected += weight * ((record.rejects > 0) - quality.rejected)
    if record.slippage_bps is not None:
        quality.slippage_bps += weight * (record.slippage_bps - quality.slippage_bps)
    if record.spread_bps is not None:
        quality.spread_bps += weight * (record.spread_bps - quality.spread_bps)
    if record.ack_latency_ns is not None:
        quality.latency_ns += weight * (record.ack_latency_ns - quality.latency_ns)


def judged(quality: Quality | None, settings: RoutingSettings) -> RouterQuality:
    """How well a symbol is routed; OK until enough is known."""
    if quality is None or quality.orders < settings.quality_orders:
        return _OK
    for verdict, fallback, slippage, latency in _BAD:
        if quality.fallback >= fallback or quality.slippage_bps >= slippage or quality.latency_ns >= latency:
            return verdict
    good = (
        quality.maker >= _GOOD_MAKER
        and quality.fallback <= _GOOD_FALLBACK
        and quality.slippage_bps <= _GOOD_SLIPPAGE
        and quality.latency_ns <= _GOOD_LATENCY
    )
    return _GOOD if good else _OK


def policy_set(state: RoutingState, symbol: str, settings: RoutingSettings) -> RoutePolicy:
    """The symbol's policy as it is set: tuned, or by default."""
    tuned = state.policies.get(symbol)
    return RoutePolicy(offset_ticks=settings.offset_ticks) if tuned is None else tuned


def policy_of(state: RoutingState, symbol: str, settings: RoutingSettings) -> RoutePolicy:
    """What the symbol's quality makes of its policy."""
    base = policy_set(state, symbol, settings)
    quality = state.quality.get(symbol)
    verdict = judged(quality, settings)
    maker_first, offset, bias = _EFFECTS[verdict]
    known = quality is not None and quality.orders >= settings.quality_orders
    wide = quality is not None and known and quality.spread_bps >= _WIDE_SPREAD
    offset -= wide and verdict is not _GOOD
    most = settings.max_offset_ticks
    return msgspec.structs.replace(
        base,
        maker_first=base.maker_first and maker_first,
        offset_ticks=max(-most, min(most, base.offset_ticks + offset)),
        taker_bias=max(base.taker_bias, bias),
        quality=verdict,
        reason=f"quality {verdict.value}",
    )
