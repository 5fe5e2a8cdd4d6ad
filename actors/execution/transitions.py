"""The canonical order state machine: one table of (state, trigger) -> state, and nothing else.

A row that leads back to its own state is old news (an acknowledgement that arrives after the fill) and is taken
without a change. What has no row contradicts what is known; it raises and is never logged away.
"""

from __future__ import annotations

from enum import StrEnum

from messages.errors import IllegalTransitionError
from messages.orders import OrderState as S


class Trigger(StrEnum):
    """What can happen to an order."""

    ACCEPTED = "accepted"
    """the venue has it and nothing is filled"""
    PART_FILLED = "part_filled"
    """the venue has it and some of it is filled"""
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_SENT = "not_sent"
    """nothing reached the venue, or it is proven absent there"""
    DOUBTED = "doubted"
    """nobody knows: no answer, or an order known to exist can't be found"""
    RESENT = "resent"
    """placed again under the same client order id"""
    LATE_ACCEPTED = "late_accepted"
    """an order thought never to have lived turns out to be at the venue"""
    CANCEL_SENT = "cancel_sent"
    REPLACE_SENT = "replace_sent"
    REPLACED = "replaced"
    SIMULATED = "simulated"


T = Trigger

_ROWS: tuple[tuple[S, dict[Trigger, S]], ...] = (
    (
        S.PLACING,
        {
            T.ACCEPTED: S.WORKING,
            T.PART_FILLED: S.PARTIALLY_FILLED,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.CANCELLED,
            T.REJECTED: S.REJECTED,
            T.EXPIRED: S.EXPIRED,
            T.NOT_SENT: S.NOT_SENT,
            T.DOUBTED: S.UNKNOWN,
            T.RESENT: S.PLACING,
            T.SIMULATED: S.SIMULATED,
        },
    ),
    (
        S.WORKING,
        {
            T.ACCEPTED: S.WORKING,
            T.PART_FILLED: S.PARTIALLY_FILLED,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.CANCELLED,
            T.REJECTED: S.REJECTED,
            T.EXPIRED: S.EXPIRED,
            T.DOUBTED: S.UNKNOWN,
            T.CANCEL_SENT: S.PENDING_CANCEL,
            T.REPLACE_SENT: S.PENDING_REPLACE,
        },
    ),
    (
        S.PARTIALLY_FILLED,
        {
            T.ACCEPTED: S.PARTIALLY_FILLED,
            T.PART_FILLED: S.PARTIALLY_FILLED,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.CANCELLED,
            T.REJECTED: S.CANCELLED,
            T.EXPIRED: S.EXPIRED,
            T.DOUBTED: S.UNKNOWN,
            T.CANCEL_SENT: S.PENDING_CANCEL,
            T.REPLACE_SENT: S.PENDING_REPLACE,
        },
    ),
    (
        S.PENDING_CANCEL,
        {
            T.ACCEPTED: S.PENDING_CANCEL,
            T.PART_FILLED: S.PENDING_CANCEL,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.CANCELLED,
            T.REJECTED: S.REJECTED,
            T.EXPIRED: S.EXPIRED,
            T.DOUBTED: S.UNKNOWN,
            T.CANCEL_SENT: S.PENDING_CANCEL,
        },
    ),
    (
        S.PENDING_REPLACE,
        {
            T.ACCEPTED: S.PENDING_REPLACE,
            T.PART_FILLED: S.PENDING_REPLACE,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.CANCELLED,
            T.REJECTED: S.REJECTED,
            T.EXPIRED: S.EXPIRED,
            T.DOUBTED: S.UNKNOWN,
            T.CANCEL_SENT: S.PENDING_CANCEL,
            T.REPLACED: S.WORKING,
        },
    ),
    (
        S.UNKNOWN,
        {
            T.ACCEPTED: S.WORKING,
            T.PART_FILLED: S.PARTIALLY_FILLED,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.CANCELLED,
            T.REJECTED: S.REJECTED,
            T.EXPIRED: S.EXPIRED,
            T.NOT_SENT: S.NOT_SENT,
            T.DOUBTED: S.UNKNOWN,
            T.RESENT: S.PLACING,
        },
    ),
    (
        S.FILLED,
        {
            T.ACCEPTED: S.FILLED,
            T.PART_FILLED: S.FILLED,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.FILLED,
            T.EXPIRED: S.FILLED,
        },
    ),
    (
        S.CANCELLED,
        {
            T.ACCEPTED: S.CANCELLED,
            T.PART_FILLED: S.CANCELLED,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.CANCELLED,
            T.EXPIRED: S.CANCELLED,
            T.LATE_ACCEPTED: S.WORKING,
        },
    ),
    (
        S.EXPIRED,
        {
            T.ACCEPTED: S.EXPIRED,
            T.PART_FILLED: S.EXPIRED,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.EXPIRED,
            T.EXPIRED: S.EXPIRED,
            T.LATE_ACCEPTED: S.WORKING,
        },
    ),
    (
        S.REJECTED,
        {
            T.ACCEPTED: S.REJECTED,
            T.PART_FILLED: S.CANCELLED,
            T.FILLED: S.FILLED,
            T.CANCELLED: S.REJECTED,
            T.REJECTED: S.REJECTED,
            T.EXPIRED: S.REJECTED,
            T.LATE_ACCEPTED: S.WORKING,
        },
    ),
    (
        S.NOT_SENT,
        {
            T.CANCELLED: S.CANCELLED,
            T.REJECTED: S.REJECTED,
            T.EXPIRED: S.EXPIRED,
            T.NOT_SENT: S.NOT_SENT,
            T.LATE_ACCEPTED: S.WORKING,
        },
    ),
    (S.SIMULATED, {}),
)

TRANSITIONS: dict[tuple[S, Trigger], S] = {
    (state, trigger): after for state, row in _ROWS for trigger, after in row.items()
}
"""The whole machine. Everything that is not here is illegal."""


def transition(state: S, trigger: Trigger) -> S:
    """The state after `trigger`. Raises `IllegalTransitionError` when the table has no such row."""
    after = TRANSITIONS.get((state, trigger))
    if after is None:
        raise IllegalTransitionError(
            f"an order that is {state.value} can't be {trigger.value}",
            field="order.state",
            value=f"{state.value} + {trigger.value}",
            remedy="the venue contradicts itself or two orders share an id; compare the account by hand",
        )
    return after


def table() -> str:
    """The machine as a Markdown table, states down and triggers across; `.` is illegal, `=` old news."""
    triggers = list(Trigger)
    lines = [
        "| state | " + " | ".join(trigger.value for trigger in triggers) + " |",
        "|---" * (len(triggers) + 1) + "|",
    ]
    for state in S:
        cells = []
        for trigger in triggers:
            after = TRANSITIONS.get((state, trigger))
            cells.append("." if after is None else "=" if after is state else after.value)
        lines.append(f"| {state.value} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
