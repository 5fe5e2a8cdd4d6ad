"""What keeps a strategy from entering: one table of gates in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable

from actors.strategy.schedule import closes_at
from actors.strategy.slot import Slot
from messages.control import ALLOWED, Action, Mode
from messages.decisions import Decision
from messages.reasons import Reason

Gate = Callable[[Slot, int], Reason | None]

_INCREASE = Action.INCREASE


def _retiring(slot: Slot, now: int) -> Reason | None:
    retiring = slot.actor_state.retiring
    return Reason.NOT_IN_UNIVERSE if retiring and slot.settings.instrument.symbol in retiring else None


def _switched_off(slot: Slot, now: int) -> Reason | None:
    return None if slot.enabled else Reason.DISABLED


def _faulty(slot: Slot, now: int) -> Reason | None:
    return None if slot.may_call("decide", now) else Reason.GIVEN_UP


def _mode(slot: Slot, now: int) -> Reason | None:
    state = slot.actor_state
    if _INCREASE not in ALLOWED[state.mode]:
        return _MODE_REASONS[state.mode]
    return Reason.HALTED if state.halt_heard else None


def _suspended(slot: Slot, now: int) -> Reason | None:
    return Reason.SYMBOL_DISABLED if now < slot.state.suspended_until else None


def _quote(slot: Slot, now: int) -> Reason | None:
    return None if is_fresh(slot, now) else Reason.STALE_QUOTE


def _open_intent(slot: Slot, now: int) -> Reason | None:
    return Reason.INTENT_OPEN if slot.state.intents or slot.state.exiting is not None else None


def _cooldown(slot: Slot, now: int) -> Reason | None:
    return Reason.COOLDOWN if now < slot.state.cooldown_until else None


def _window(slot: Slot, now: int) -> Reason | None:
    windows = slot.settings.schedule.windows
    return Reason.OUTSIDE_WINDOW if windows and closes_at(windows, now) is None else None


_MODE_REASONS = {
    Mode.REDUCE: Reason.MODE_REDUCE,
    Mode.HALTED: Reason.HALTED,
    Mode.OBSERVE: Reason.MODE_OBSERVE,
}

NAMED_ENTRY_GATES: tuple[tuple[str, Gate], ...] = (
    ("universe", _retiring),
    ("switch", _switched_off),
    ("fault", _faulty),
    ("drawdown", _suspended),
    ("mode", _mode),
    ("window", _window),
    ("quote", _quote),
    ("open_intent", _open_intent),
    ("cooldown", _cooldown),
)

ENTRY_GATES: tuple[Gate, ...] = tuple(gate for _, gate in NAMED_ENTRY_GATES)
"""What an order has to pass that could open or grow a position."""

REDUCE_GATES: tuple[Gate, ...] = (_quote, _open_intent)
"""What an order has to pass that can only reduce one."""

_NO_TRADE = frozenset(
    {
        Reason.NOT_IN_UNIVERSE,
        Reason.DISABLED,
        Reason.GIVEN_UP,
        Reason.SYMBOL_DISABLED,
        Reason.MODE_REDUCE,
        Reason.HALTED,
        Reason.MODE_OBSERVE,
        Reason.OUTSIDE_WINDOW,
        Reason.STALE_QUOTE,
    }
)


def refusal(gates: tuple[Gate, ...], slot: Slot, now: int) -> Reason | None:
    """The first gate's answer that is no; None when all let it pass."""
    for gate in gates:
        reason = gate(slot, now)
        if reason is not None:
            return reason
    return None


def decision_for(reason: Reason) -> Decision:
    """NO_TRADE when the strategy could not have traded whatever it decided, else BLOCKED."""
    return Decision.NO_TRADE if reason in _NO_TRADE else Decision.BLOCKED


def is_fresh(slot: Slot, now: int) -> bool:
    """Whether the last quote may be decided on at `now`.

    It may not when there is none, it is too old by the venue's clock, or that clock is too far from ours to be
    believed.
    """
    settings, view = slot.actor_settings, slot.view
    age = view.quote_age(now)
    if age is None or age > settings.max_quote_age:
        return False
    offset = view.clock_offset
    return offset is None or abs(offset) <= settings.max_clock_offset
