"""Strategies in shadow: the same feed, the same decisions, and orders that are simulated instead of sent.

The rule by which they are filled: at once, whole, at the price that taking costs at the decision's quote, the ask for a
buy and the bid for a sell, with the venue's taker fee. Where that side shows less than a lot, nothing is filled, and
the order has ended. So it is with orders that would rest as well: what waiting for a better price earns or misses, a
shadow does not tell. Risk and execution never hear of any of it.

Strategies in shadow make way for none that trades, and none that trades makes way for them.
"""

from __future__ import annotations

from functools import partial

from actors.base import Context, applies, receives
from actors.strategy.booking import StrategyBooking
from actors.strategy.entering import seek_deferred, start_cooldown
from actors.strategy.leaving import pursue, schedule_retry
from actors.strategy.position import Position
from actors.strategy.settings import strategy_key
from actors.strategy.slot import Slot
from actors.strategy.state import StrategyState
from messages.base import Message
from messages.reasons import Reason
from messages.shadow import IntentSimulated, ShadowSwitched, SimulatedFillDue, SimulationEnded


class Shadowing(StrategyBooking):
    """The part of the strategy actor that plays what shadows would have traded; see `actors.strategy.actor`."""

    def receive(self, message: Message, ctx: Context) -> None:
        """Decide on one input; before that, strategies go into shadow or come out of it as the settings say."""
        if self.state is not self._bound:
            self._bind()
        for slot in self._switching:
            self._switch(slot, ctx)
        super().receive(message, ctx)

    def _bind(self) -> None:
        super()._bind()
        self._note_switching()

    def _note_switching(self) -> None:
        """Which strategies are not yet what the settings want: nearly always none."""
        self._switching = tuple(
            slot for slot in self._slots.values() if slot.settings.shadow is not slot.state.shadow
        )

    def _switch(self, slot: Slot, ctx: Context) -> None:
        """Into shadow only when nothing real is held or open any more: until then exits go on, and nothing enters."""
        state = slot.state
        if slot.settings.shadow and (state.position.direction or state.intents):
            return
        ctx.emit(
            ShadowSwitched(slot.settings.id, slot.settings.instrument.symbol, slot.settings.shadow, ctx.now)
        )

    @receives(SimulatedFillDue)
    def _on_simulated_fill(self, message: SimulatedFillDue, ctx: Context) -> None:
        fill = message.fill
        slot = self._slots.get(strategy_key(fill.strategy, fill.symbol))
        if slot is None or not slot.state.shadow or fill.intent_id not in slot.state.intents:
            return
        state = slot.state
        was_leaving = state.intents[fill.intent_id].leaving
        if fill.quantity:
            self._book(fill, state, fill.quantity, ctx)
        ctx.emit(
            SimulationEnded(
                fill.strategy, fill.symbol, fill.intent_id, fill.quantity, fill.price, fill.fee, ctx.now
            )
        )
        if not fill.quantity:
            self._missed(slot, ctx, was_leaving=was_leaving)
            return
        if slot.may_call("on_fill", ctx.now):
            slot.desk.within(ctx, partial(slot.strategy.on_fill, fill))
        if state.exiting is None:
            seek_deferred(slot, ctx)
        elif not was_leaving:
            pursue(slot, ctx)

    def _missed(self, slot: Slot, ctx: Context, *, was_leaving: bool) -> None:
        """Nothing was there to be taken: go on as after a real order that ended so."""
        reason = Reason.IMMEDIATE_OR_CANCEL
        if not was_leaving:
            start_cooldown(slot, ctx, slot.settings.cooldown.after_rejection, reason)
        if slot.state.exiting is None:
            seek_deferred(slot, ctx)
        elif was_leaving:
            schedule_retry(slot, ctx, reason)
        else:
            pursue(slot, ctx)

    @applies(ShadowSwitched)
    def _remember_switch(self, event: ShadowSwitched) -> None:
        state = self._of(event.strategy, event.symbol)
        fresh = StrategyState(event.strategy, event.symbol)
        for name in ("levels", "long_exits", "short_exits", "exiting", "exit_attempts", "retry_due"):
            setattr(state, name, getattr(fresh, name))
        state.shadow, state.deferred, state.deferred_notional = event.shadow, None, None
        state.position = Position(realized=state.position.realized)
        state.intents.clear()
        self._refresh(event.strategy, event.symbol)
        self._note_switching()

    @applies(IntentSimulated)
    def _remember_simulated(self, event: IntentSimulated) -> None:
        self._intent_raised(event)
        self._of(event.intent.strategy, event.intent.terms.symbol).simulated += 1

    @applies(SimulationEnded)
    def _remember_end(self, event: SimulationEnded) -> None:
        self._of(event.strategy, event.symbol).intents.pop(event.intent_id, None)
        self._refresh(event.strategy, event.symbol)
