"""How an intent that was routed is told: its plan, each stage of it, and the router's record, a line each."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from cluster.observe.wording import number
from messages import routing as r
from messages.base import Message

ROUTE_EVENTS = (r.RouteStarted, r.RouteStaged, r.RouteStopped, r.RouteEnded, r.RouterRecord)
"""What is kept of a routed intent."""


class RouteMoment(NamedTuple):
    """One moment of a plan: desk time (ns UTC), a headline, and what else is known."""

    time: int
    title: str
    told: dict[str, str | int | float | bool | Decimal | None]


def route_moments(events: list[Message]) -> Iterator[RouteMoment]:
    """The moments of a plan, in the order they were journalled."""
    for event in events:
        match event:
            case r.RouteStarted():
                yield _started(event)
            case r.RouteStaged():
                yield _staged(event)
            case r.RouteStopped():
                yield RouteMoment(event.time, f"stopped: {event.reason.value}", {})
            case r.RouteEnded():
                told = {"reason": event.reason.value, "filled": event.filled}
                yield RouteMoment(event.time, f"ended: {event.state.value}", {**told})
            case r.RouterRecord():
                yield _recorded(event)


def _started(event: r.RouteStarted) -> RouteMoment:
    slices, policy = event.slices, event.policy
    parts = ", ".join(number(each.quantity) for each in slices)
    title = f"{event.submit.terms.route.value}: {parts}, {slices[0].stage.value} first"
    return RouteMoment(
        event.time,
        title,
        {
            "arrival_mid": None if event.arrival is None else event.arrival.mid,
            "offset_ticks": policy.offset_ticks,
            "taker_bias": policy.taker_bias,
            "quality": policy.quality.value,
        },
    )


def _staged(event: r.RouteStaged) -> RouteMoment:
    title = f"slice {event.slice + 1} goes on as {event.stage.value}: {event.reason.value}"
    return RouteMoment(event.time, title, {"reprices": event.reprices, "rejects": event.rejects})


def _recorded(event: r.RouterRecord) -> RouteMoment:
    """The record, without what the trace says elsewhere."""
    begun = "maker" if event.maker_start else "taker"
    how = (
        "all of it passive" if event.is_maker_final else "fallback taken" if event.used_fallback else "taken"
    )
    title = f"record: began as {begun}, {how if event.filled else 'nothing filled'}"
    return RouteMoment(
        event.time,
        title,
        {
            "orders": event.orders,
            "reprices": event.reprices,
            "rejects": event.rejects,
            "maker_quantity": event.maker_quantity,
            "average_price": event.average_price,
            "slippage_bps": _short(event.slippage_bps),
            "spread_bps": _short(event.spread_bps),
            "fees": ", ".join(f"{number(fee)} {currency}" for currency, fee in sorted(event.fees.items()))
            or None,
            "ack_latency_ns": event.ack_latency_ns,
            "first_fill_ns": event.first_fill_ns,
            "total_ns": event.total_ns,
            "quality_after": event.policy_after.quality.value,
            "offset_ticks_after": event.policy_after.offset_ticks,
        },
    )


def _short(bps: float | None) -> float | None:
    return None if bps is None else round(bps, 2)
