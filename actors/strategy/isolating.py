"""One strategy fails, its neighbours trade on: what a strategy actor does about those that raise or can't be made.

Of a failed step nothing remains: the host discards it, tells the actor whose fault it was, and gives it the input
again. Where several strategies share the actor the failed one rests, longer each time; after too many failures it is
parked, as a child is given up by its supervisor, and by the same rules. What it holds is looked after meanwhile. One
that is alone in its actor has no neighbour to spare: it is left to the supervisor, whole.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.base import Context, applies, receives
from actors.strategy import leaving
from actors.strategy.intents import cancel_entries, forget_deferred
from actors.strategy.retiring import Retiring
from actors.strategy.settings import strategy_key
from actors.strategy.slot import Slot
from actors.strategy.state import FaultState
from messages.base import Address, Message
from messages.child_specs import GiveUpPolicy
from messages.control import DecisionFailed
from messages.decisions import ChosenExits, ExitsChosen
from messages.isolation import (
    ParkedTimeOver,
    StrategyFailed,
    StrategyFaulted,
    StrategyParked,
    StrategyUnparked,
)
from messages.reasons import Reason
from messages.supervision import RestartChild

SUPERVISOR: Address = "supervisor/strategies"
"""Who starts the actor anew when a strategy can only come back with it."""

_REASON = Reason.GIVEN_UP
_ERROR_LENGTH = 500


def described(error: Exception) -> str:
    """What a strategy raised, as journals keep it."""
    return f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]


class Isolating(Retiring):
    """The part of the strategy actor that lets one strategy fail alone; see `actors.strategy.actor`."""

    def receive(self, message: Message, ctx: Context) -> None:
        """Decide on one input; before that, park what has broken, afterwards look after what is parked."""
        if self.state is not self._bound:
            self._bind()
        if self._faulted or self.settings.isolates:
            for slot in self._slots.values():
                if slot.broken is not None or slot.state.fault is not None:
                    self._follow_view(slot, ctx)
        super().receive(message, ctx)
        if self._faulted:
            for slot in self._slots.values():
                fault = slot.state.fault
                if fault is not None and fault.parked:
                    _look_after(slot, ctx)

    def _bind(self) -> None:
        super()._bind()
        self._faulted = any(each.fault is not None for each in self.state.strategies.values())
        """Whether any strategy has ever failed: nearly always none, and every input passes here."""

    def blamed(self, error: Exception) -> Message | None:
        """See `Actor.blamed`: the strategy that raised, where others are to go on without it."""
        for slot in self._slots.values():
            if slot.isolated and slot.raised is not None and slot.raised[0] is error:
                settings, callback = slot.settings, slot.raised[1]
                slot.raised = None
                return StrategyFailed(settings.id, settings.instrument.symbol, callback, described(error))
        return None

    @receives(StrategyFailed)
    def _on_failed(self, message: StrategyFailed, ctx: Context) -> None:
        """Let it rest, or park it when it has failed too often within the period."""
        slot = self._slots.get(strategy_key(message.strategy, message.symbol))
        if slot is None:
            return
        if message.callback == _DECIDE:
            kind = message.error.partition(":")[0]
            ctx.emit(DecisionFailed(slot.key, f"exception:{kind}", message.error))
        rules, before = self.settings.faults, slot.state.fault
        since = ctx.now - rules.period
        failures = 1 + (0 if before is None else sum(each > since for each in before.times))
        rest = min(rules.rest_min << min(failures - 1, 32), max(rules.rest_min, rules.rest_max))
        rest = max(rest, 1)  # what it failed on is taken again at this very moment
        ctx.emit(
            StrategyFaulted(
                message.strategy,
                message.symbol,
                message.callback,
                message.error,
                since,
                ctx.now + rest,
                ctx.now,
            )
        )
        if failures > rules.failures:
            self._park(slot, ctx, message.error, broken=False)

    def _follow_view(self, slot: Slot, ctx: Context) -> None:
        """Park what can't be made or failed on the feed; bring back what is whole again, or has nobody beside it."""
        fault = slot.state.fault
        parked = fault is not None and fault.parked
        if slot.broken is not None and not parked:
            self._park(slot, ctx, slot.broken, broken=True)
        elif fault is not None and parked and ((slot.broken is None and fault.broken) or not slot.isolated):
            ctx.emit(StrategyUnparked(slot.settings.id, slot.settings.instrument.symbol, "restart", ctx.now))

    def _park(self, slot: Slot, ctx: Context, error: str, *, broken: bool) -> None:
        strategy, symbol = slot.settings.id, slot.settings.instrument.symbol
        quiet = self.settings.faults.quiet_time
        until = None if quiet is None else ctx.now + quiet
        ctx.emit(StrategyParked(strategy, symbol, error, broken, until, ctx.now))
        if quiet is not None and until is not None:
            ctx.after(quiet, ParkedTimeOver(strategy, symbol, until), key=f"parked/{slot.key}")

    @receives(ParkedTimeOver)
    def _on_parked_time_over(self, message: ParkedTimeOver, ctx: Context) -> None:
        slot = self._slots.get(strategy_key(message.strategy, message.symbol))
        if slot is None or slot.state.fault is None or slot.state.fault.until != message.until:
            return
        if slot.broken is not None:  # should a new start not mend it, it is tried once more after as long
            self._park(slot, ctx, slot.broken, broken=True)
        self._try_again(slot, ctx, "quiet_time")

    def _try_again(self, slot: Slot, ctx: Context, by: str) -> None:
        """A person wants it to decide again, or its time is over."""
        fault = slot.state.fault
        if fault is None or not fault.parked:
            return
        if slot.broken is not None:
            ctx.send(SUPERVISOR, RestartChild(self.address))
        else:
            ctx.emit(StrategyUnparked(slot.settings.id, slot.settings.instrument.symbol, by, ctx.now))

    def _fault_of(self, strategy: str, symbol: str) -> FaultState:
        state = self._of(strategy, symbol)
        if state.fault is None:
            state.fault = FaultState()
            self._faulted = True
        return state.fault

    @applies(StrategyFaulted)
    def _remember_fault(self, event: StrategyFaulted) -> None:
        fault = self._fault_of(event.strategy, event.symbol)
        fault.times = [*(each for each in fault.times if each > event.since), event.time]
        fault.total += 1
        fault.error, fault.callback, fault.rests_until = event.error, event.callback, event.rests_until

    @applies(StrategyParked)
    def _remember_parked(self, event: StrategyParked) -> None:
        fault = self._fault_of(event.strategy, event.symbol)
        fault.parked, fault.broken, fault.until, fault.error = True, event.broken, event.until, event.error

    @applies(StrategyUnparked)
    def _remember_unparked(self, event: StrategyUnparked) -> None:
        fault = self._fault_of(event.strategy, event.symbol)
        fault.times, fault.rests_until = [], 0
        fault.parked = fault.broken = False
        fault.until = None


_DECIDE = "decide"


def _look_after(slot: Slot, ctx: Context) -> None:
    """Enter nothing more; close the position, or see that it has a stop, as the settings say. Harmless to repeat."""
    state = slot.state
    if slot.observing or state.exiting is not None:
        return
    flatten = slot.settings.on_give_up is GiveUpPolicy.FLATTEN
    if flatten and state.position.direction:
        leaving.leave(slot, ctx, _REASON)
        return
    forget_deferred(slot, ctx)
    cancel_entries(slot, ctx, _REASON, adding_only=not flatten)
    if state.position.direction:
        _require_stop(slot, ctx)


def _require_stop(slot: Slot, ctx: Context) -> None:
    """A stop no further away than `give_up_stop`, beside the exits that the position has."""
    farthest: Decimal = slot.settings.give_up_stop
    stop = slot.exits.stop
    if stop is not None and stop <= farthest:
        return
    state = slot.state
    direction = state.position.direction
    chosen = state.long_exits if direction > 0 else state.short_exits
    held = msgspec.structs.replace(chosen or ChosenExits(), stop=farthest)
    ctx.emit(ExitsChosen(slot.settings.id, slot.settings.instrument.symbol, direction, held, ctx.now))
    leaving.arm(slot, ctx)
