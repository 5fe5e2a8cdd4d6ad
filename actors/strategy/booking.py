"""What a strategy actor does with fills and the ends of its intents: book, arm exits, go on with what waited."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from actors.base import Context, receives
from actors.strategy import entering, judging, leaving
from actors.strategy.memory import StrategyMemory
from actors.strategy.position import ZERO, after_fill
from actors.strategy.settings import strategy_key
from actors.strategy.state import OpenIntent, StrategyState
from actors.strategy.strategy import Strategy
from messages.account_events import PositionCorrected
from messages.decisions import FillsAwaited, FillUnassigned, IntentClosed, PositionChanged
from messages.intents import IntentRejected, Refused
from messages.orders import Fill, Liquidity, OrderReport, OrderState
from messages.reasons import Layer, Reason

_TURNED_DOWN = frozenset({OrderState.REJECTED, OrderState.EXPIRED, OrderState.NOT_SENT})
"""Ends of an entry after which it is not tried again at once."""

_ONE = Decimal(1)
_EXECUTION = Layer.EXECUTION


class StrategyBooking(StrategyMemory):
    """The half of the strategy actor that hears from execution and risk; see `actors.strategy.actor`."""

    @receives(Fill)
    def _on_fill(self, fill: Fill, ctx: Context) -> None:
        key = strategy_key(fill.strategy, fill.symbol)
        if key not in self._slots and key not in self.state.strategies:
            self._share_out(fill, ctx)
            return
        slot = self._slots.get(key)
        state = slot.state if slot is not None else self.state.strategies[key]
        if fill.fill_id in state.fills:
            return
        self._book(fill, state, fill.quantity, ctx)
        intent = state.intents.get(fill.intent_id)
        if intent is not None and intent.final_filled is not None and intent.filled >= intent.final_filled:
            self._finish(fill.intent_id, intent, state, ctx)
        if (
            slot is not None
            and type(slot.strategy).on_fill is not Strategy.on_fill
            and slot.may_call("on_fill", ctx.now)
        ):
            slot.desk.within(ctx, partial(slot.strategy.on_fill, fill))

    @receives(PositionCorrected)
    def _on_correction(self, told: PositionCorrected, ctx: Context) -> None:
        """Somebody traded what a strategy of ours holds, or the venue never had it: an entry in its own book."""
        state = self.state.strategies.get(strategy_key(told.strategy, told.symbol))
        if state is None or told.price is None or told.correction_id in state.fills:
            return
        entry = Fill(
            told.correction_id,
            told.venue,
            told.symbol,
            told.strategy,
            "",
            "",
            "",
            told.side,
            told.price,
            told.quantity,
            ZERO,
            "",
            Liquidity.TAKER,
            told.event_time,
        )
        self._book(entry, state, told.quantity, ctx)

    def _share_out(self, fill: Fill, ctx: Context) -> None:
        """Book a fill of no strategy of ours (an operator's flatten) against the positions that it reduces.

        The first in order is reduced first.
        """
        states = [
            each for each in self.state.strategies.values() if each.symbol == fill.symbol and not each.shadow
        ]
        if any(fill.fill_id in each.fills for each in states):
            return
        left = fill.quantity
        for state in states:
            if left > 0 and state.position.direction == -fill.side.sign:
                part = min(left, state.position.size)
                left -= part
                self._book(fill, state, part, ctx)
        if left > 0:
            ctx.emit(FillUnassigned(fill.symbol, fill.fill_id, fill.side, left))

    def _book(self, fill: Fill, state: StrategyState, quantity: Decimal, ctx: Context) -> None:
        slot = self._slots.get(strategy_key(state.strategy, state.symbol))
        multiplier = _ONE if slot is None else slot.settings.instrument.multiplier
        before = state.position
        held = before.direction
        after = after_fill(before, fill.side, quantity, fill.price, ctx.now, multiplier=multiplier)
        ctx.emit(
            PositionChanged(
                strategy=state.strategy,
                symbol=state.symbol,
                fill_id=fill.fill_id,
                intent_id=fill.intent_id,
                side=fill.side,
                quantity=quantity,
                price=fill.price,
                position=after.quantity,
                average_price=after.average_price,
                opened_at=after.opened_at,
                realized=after.realized,
                time=ctx.now,
            )
        )
        if slot is None:
            return
        if slot.settings.intelligence is not None:
            judging.count(slot, ctx, fill, before, quantity)
        leaving.arm(slot, ctx)
        if held and not after.direction:
            entering.start_cooldown(slot, ctx, slot.settings.cooldown.after_close, Reason.COOLDOWN)

    @receives(OrderReport)
    def _on_report(self, report: OrderReport, ctx: Context) -> None:
        state = self._owner(report.intent_id) if report.final else None
        if state is None:
            return
        intent = state.intents[report.intent_id]
        if report.filled <= intent.filled:
            self._close(report.intent_id, state, report.state, report.filled, report.reason, _EXECUTION, ctx)
        elif intent.final_filled != report.filled:
            strategy, symbol = state.strategy, state.symbol
            ctx.emit(
                FillsAwaited(
                    strategy, symbol, report.intent_id, report.state, report.filled, report.reason, ctx.now
                )
            )

    @receives(IntentRejected)
    def _on_rejected(self, message: IntentRejected, ctx: Context) -> None:
        state = self._owner(message.intent_id)
        if state is not None:
            filled = state.intents[message.intent_id].filled
            self._close(
                message.intent_id, state, OrderState.REJECTED, filled, message.reason, message.layer, ctx
            )

    @receives(Refused)
    def _on_refused(self, message: Refused, ctx: Context) -> None:
        """An intent that found risk's mailbox full has ended; marks that did are followed by newer ones."""
        state = self._owner(message.message_id)
        if state is not None:
            filled = state.intents[message.message_id].filled
            self._close(
                message.message_id, state, OrderState.NOT_SENT, filled, message.reason, Layer.RUNTIME, ctx
            )

    def _owner(self, intent_id: str) -> StrategyState | None:
        for each in self.state.strategies.values():
            if intent_id in each.intents:
                return each
        return None

    def _finish(self, intent_id: str, intent: OpenIntent, state: StrategyState, ctx: Context) -> None:
        """Close an intent whose last fill has come after its end."""
        ended = intent.final_state or OrderState.FILLED
        reason = intent.final_reason or Reason.ACCEPTED
        self._close(intent_id, state, ended, intent.filled, reason, _EXECUTION, ctx)

    def _close(
        self,
        intent_id: str,
        state: StrategyState,
        ended: OrderState,
        filled: Decimal,
        reason: Reason,
        layer: Layer,
        ctx: Context,
    ) -> None:
        """Record an intent's end, then go on with what waited for it: the exit first, else a deferred target."""
        was_leaving = state.intents[intent_id].leaving
        ctx.emit(IntentClosed(state.strategy, state.symbol, intent_id, ended, filled, reason, layer, ctx.now))
        slot = self._slots.get(strategy_key(state.strategy, state.symbol))
        if slot is None:
            return
        if not was_leaving and ended in _TURNED_DOWN:
            entering.start_cooldown(slot, ctx, slot.settings.cooldown.after_rejection, reason)
        if state.exiting is None:
            entering.seek_deferred(slot, ctx)
        elif was_leaving and ended is not OrderState.FILLED:
            leaving.schedule_retry(slot, ctx, reason)
        else:
            leaving.pursue(slot, ctx)
