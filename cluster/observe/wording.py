"""Events in one line each, for logs, the live view and the list of what happened last.

A table by type for what people look for; anything else is its name and its short fields.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from messages import (
    anomalies,
    control,
    decisions,
    isolation,
    modes,
    order_events,
    orders,
    portfolio,
    routing,
    supervision_events,
    transfers,
)
from messages.base import Message

_LONGEST = 160


def describe(event: Message) -> str:
    """The event in one line; numbers without trailing zeros."""
    wording = _WORDINGS.get(type(event))
    text = wording(event) if wording is not None else _plainly(event)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def number(value: Decimal | float | None) -> str:
    """A number as people read it: no trailing zeros, no exponent; `unknown` for None."""
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value.normalize():f}" if value else "0"


def subject(event: Message) -> dict[str, str]:
    """The ids and names an event carries that logs are searched by; only those it has."""
    found: dict[str, str] = {}
    sources: list[Any] = [event, *_carried(event)]
    for source in sources:
        for name in _present(source.__class__, _NAMES):
            value = getattr(source, name)
            if isinstance(value, str) and value and name not in found:
                found[name] = value
    return found


_NAMES = ("symbol", "venue", "strategy", "intent_id", "client_order_id", "fill_id", "child", "message_id")
_PARTS = ("fill", "terms", "intent", "submit", "activity", "funding")


@cache
def _present(kind: type, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those names that instances of a type have; kept, for every line that is logged asks."""
    return tuple(name for name in names if hasattr(kind, name))


def _carried(event: Message) -> list[Any]:
    """The structs inside an event that name what it is about."""
    names = _present(type(event), _PARTS)
    if not names:
        return []
    inner = [part for part in (getattr(event, name) for name in names) if part is not None]
    return [*inner, *(part.terms for part in inner if hasattr(part, "terms"))]


def _plainly(event: Message) -> str:
    shown = []
    for name in type(event).__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, Enum):
            shown.append(f"{name}={value.value}")
        elif isinstance(value, Decimal):
            shown.append(f"{name}={number(value)}")
        elif isinstance(value, str | int | bool) and value != "" and name != "time":
            shown.append(f"{name}={value}")
    return f"{type(event).__name__} {' '.join(shown)}".strip()


def _raised(event: Any) -> str:
    terms = event.intent.terms
    return (
        f"{terms.side.value} {number(terms.quantity)} {terms.symbol} {terms.order_type.value} "
        f"({terms.purpose.value}, {event.intent.reason})"
    )


def _decided(event: Any) -> str:
    amount = f"{event.side.value} {number(event.requested)} {event.symbol}"
    if event.verdict.value == "rejected":
        return f"{amount} rejected: {event.reason.value}"
    return f"{amount} {event.verdict.value} {number(event.quantity)}"


def _filled(event: Any) -> str:
    fill = event.fill
    return (
        f"{fill.side.value} {number(fill.quantity)} {fill.symbol} at {number(fill.price)} "
        f"({fill.liquidity.value}, fee {number(fill.fee)} {fill.fee_currency})"
    )


def _placing(event: Any) -> str:
    terms = event.terms
    at = "" if terms.limit_price is None else f" at {number(terms.limit_price)}"
    return f"placing {terms.side.value} {number(terms.quantity)} {terms.symbol} {terms.order_type.value}{at}"


def _anomaly(anomaly: Any) -> str:
    bounds = ""
    if anomaly.observed is not None and anomaly.limit is not None:
        bounds = f" ({number(anomaly.observed)}, limit {number(anomaly.limit)})"
    return f"anomaly {anomaly.name}, {anomaly.severity.value}: {anomaly.detail}{bounds}"


_WORDINGS: dict[type[Message], Callable[[Any], str]] = {
    decisions.DecisionMade: lambda e: f"{e.symbol} {e.strategy}: {e.decision.value} ({e.reason.value})",
    decisions.IntentRaised: _raised,
    decisions.StageOverran: lambda e: (
        f"the stage {e.stage} took {e.took / 1e6:.0f} ms, its limit is {e.limit / 1e6:.0f} ms"
        + (f" ({e.times} times)" if e.times > 1 else "")
    ),
    isolation.StrategyFaulted: lambda e: f"{e.symbol} {e.strategy} failed in {e.callback}: {e.error}",
    isolation.StrategyParked: lambda e: f"{e.symbol} {e.strategy} is parked: {e.error}",
    isolation.StrategyUnparked: lambda e: f"{e.symbol} {e.strategy} decides again ({e.by})",
    decisions.IntentClosed: lambda e: f"{e.symbol} intent {e.state.value}, filled {number(e.filled)}",
    portfolio.IntentDecided: _decided,
    portfolio.FillBooked: lambda e: (
        f"booked {e.side.value} {number(e.quantity)} {e.symbol}, position {number(e.desk.position)}, "
        f"cash {number(e.cash)} {e.currency}"
    ),
    portfolio.FundingBooked: lambda e: (
        f"funding {number(e.amount)} {e.currency} on {e.symbol}, cash {number(e.cash)} {e.currency}"
    ),
    transfers.TransferBooked: lambda e: (
        f"{'deposit' if e.amount > 0 else 'withdrawal'} {number(abs(e.amount))} {e.currency} at {e.venue}, "
        f"cash {number(e.cash)} {e.currency}{f' ({e.by}: {e.note})' if e.by else ''}"
    ),
    transfers.TransferRefused: lambda e: (
        f"transfer {e.transfer_id} at {e.venue} not booked: {e.reason.value}"
    ),
    anomalies.AnomalyDetected: lambda e: _anomaly(e.anomaly),
    anomalies.AnomalyCleared: lambda e: f"no anomaly any more: {e.name}",
    anomalies.DegradeChanged: lambda e: (
        f"degrade level {max(e.found, e.manual)}, new orders at {number(e.factor * 100)} %: {e.because}"
    ),
    control.ArmingDecided: lambda e: (
        f"{'ARMED' if e.armed else 'NOT_ARMED'} in {e.environment}{': ' if e.reasons else ''}{', '.join(e.reasons)}"
    ),
    modes.ModeDecided: lambda e: f"mode {e.mode.value}: {e.reason}",
    control.ModeChanged: lambda e: f"mode {e.mode.value}: {e.reason}",
    control.DecisionFailed: lambda e: f"{e.reason}: {e.error}",
    control.DeadLettered: lambda e: f"{e.kind} put aside: {e.error}",
    order_events.OrderPlacing: _placing,
    order_events.OrderTransitioned: lambda e: (
        f"{e.client_order_id} {e.state.value} ({e.reason.value}) {e.detail}".strip()
    ),
    order_events.FillReceived: _filled,
    order_events.OrderSettled: lambda e: f"{e.client_order_id} settled, filled {number(e.filled)}",
    routing.RouterRecord: lambda e: (
        f"{e.symbol} routed {e.route.value}: {e.orders} order{'s' * (e.orders != 1)}, "
        f"filled {number(e.filled)} of {number(e.quantity)}, "
        f"{'all as maker' if e.is_maker_final else 'with fallback' if e.used_fallback else e.reason.value}"
    ),
    orders.OrderReport: lambda e: f"{e.symbol} {e.state.value}, filled {number(e.filled)}",
    supervision_events.ChildStarted: lambda e: (
        f"{e.child} {'adopted' if e.adopted else 'started'}, pid {e.pid}, epoch {e.incarnation}"
    ),
    supervision_events.ChildFailed: lambda e: f"{e.child} {e.reason.value}: {e.detail}",
    supervision_events.ChildStopped: lambda e: f"{e.child} stopped ({e.reason.value})",
    supervision_events.ChildBackingOff: lambda e: f"{e.child} is restarted, failure {e.failures} in a row",
    supervision_events.ChildGivenUp: lambda e: f"{e.child} given up: {e.detail}",
}
