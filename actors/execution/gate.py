"""The last gate: whether an order may leave, judged right before the socket and before it is promised.

A pure function over one table of checks in fixed order; the host calls it with what it knows at that moment.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.execution.settings import ExecutionSettings
from messages.control import ALLOWED, Action, Mode
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import PlaceOrder, ReplaceOrder

Sending = PlaceOrder | ReplaceOrder
"""What must pass the gate."""

Check = Callable[[Sending, int, Mode, int, ExecutionSettings], bool]

_INCREASE, _DECREASE = Action.INCREASE, Action.DECREASE

MODE_REASON: dict[Mode, Reason] = {
    Mode.REDUCE: Reason.MODE_REDUCE,
    Mode.HALTED: Reason.HALTED,
    Mode.OBSERVE: Reason.MODE_OBSERVE,
}


def _forbidden(effect: Sending, now: int, mode: Mode, version: int, settings: ExecutionSettings) -> bool:
    return (_INCREASE if effect.increases_exposure else _DECREASE) not in ALLOWED[mode]


def _read_only(effect: Sending, now: int, mode: Mode, version: int, settings: ExecutionSettings) -> bool:
    return settings.read_only


def _expired(effect: Sending, now: int, mode: Mode, version: int, settings: ExecutionSettings) -> bool:
    return now > effect.deadline


def _outdated(effect: Sending, now: int, mode: Mode, version: int, settings: ExecutionSettings) -> bool:
    return effect.mode_version < version


def _dry_run(effect: Sending, now: int, mode: Mode, version: int, settings: ExecutionSettings) -> bool:
    return settings.dry_run


CHECKS: tuple[tuple[Reason | None, Check], ...] = (
    (Reason.EXPIRED, _expired),
    (Reason.MODE_OUTDATED, _outdated),
    (None, _forbidden),
    (Reason.READ_ONLY, _read_only),
    (Reason.DRY_RUN, _dry_run),
)
"""In order; the first that is true is the reason. None = the reason is the mode's (`MODE_REASON`)."""

ENDING: dict[Reason, OrderState] = {
    Reason.EXPIRED: OrderState.EXPIRED,
    Reason.MODE_OUTDATED: OrderState.EXPIRED,
    Reason.MODE_REDUCE: OrderState.REJECTED,
    Reason.HALTED: OrderState.REJECTED,
    Reason.MODE_OBSERVE: OrderState.REJECTED,
    Reason.READ_ONLY: OrderState.REJECTED,
    Reason.DRY_RUN: OrderState.SIMULATED,
}
"""How an intent ends that the gate does not let pass."""


def refusal(
    effect: Sending, now: int, mode: Mode, mode_version: int, settings: ExecutionSettings
) -> Reason | None:
    """Why this order, or this change of one, may not leave at desk time `now` (ns UTC), or None when it may.

    `mode` and `mode_version` are the newest known; an order approved under a newer version than known passes
    as far as the version goes, as risk knew more than we do.
    """
    for reason, applies in CHECKS:
        if applies(effect, now, mode, mode_version, settings):
            return reason or MODE_REASON[mode]
    return None
