"""The strategy actor: sees the feed, decides with the strategies of one symbol (or a group), books their fills.

Of a step in which an observation is due, the marks for risk come first, so that it judges by the market the decision
was made on; then exits, then the strategies that are due in their order. A due observation belongs to the last row
folded: the host takes it before it folds the next one.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from actors.base import Context, Observer, receives
from actors.strategy import entering, leaving
from actors.strategy.desk import Desk
from actors.strategy.gates import is_fresh
from actors.strategy.intents import RISK, cancel_entries, forget_deferred
from actors.strategy.lane import Lane, MarksClock
from actors.strategy.memory import StrategyMemory
from actors.strategy.position import ZERO, after_fill
from actors.strategy.settings import StrategyActorSettings, check_settings, strategy_key
from actors.strategy.slot import Slot
from actors.strategy.state import OpenIntent, StrategyActorState, StrategyState
from actors.strategy.strategy import Strategy
from messages.account_events import PositionCorrected
from messages.base import Address
from messages.control import Halt, Mode, ModeChanged
from messages.decisions import (
    DisableStrategy,
    EnableStrategy,
    ExitRetryDue,
    FillsAwaited,
    FillUnassigned,
    HaltSeen,
    HoldingTimeUp,
    IntentClosed,
    ModeSeen,
    PositionChanged,
    QuoteFreshAgain,
    QuoteWentStale,
    StrategySwitched,
    StrategyTimerDue,
)
from messages.intents import IntentRejected, Refused, Route
from messages.market import Mark, Marks, ObservationDue
from messages.orders import Fill, Liquidity, OrderReport, OrderState
from messages.reasons import Layer, Reason

_TURNED_DOWN = frozenset({OrderState.REJECTED, OrderState.EXPIRED, OrderState.NOT_SENT})
"""Ends of an entry after which it is not tried again at once."""

_ONE = Decimal(1)
_EXECUTION = Layer.EXECUTION


class StrategyActor(StrategyMemory):
    """One or more strategies on one symbol, or on a group of them.

    Raises `ConfigurationError` for settings, strategy names or parameters that can't be worked with.
    """

    def __init__(
        self, address: Address, settings: StrategyActorSettings, state: StrategyActorState | None = None
    ) -> None:
        check_settings(settings)
        super().__init__(address, settings, StrategyActorState() if state is None else state)
        self.settings = settings
        grouped: dict[str, list[Slot]] = {}
        for slot in self._slots.values():
            slot.desk = Desk(slot)
            grouped.setdefault(slot.settings.instrument.symbol, []).append(slot)
        self._marks = MarksClock(settings.marks_interval)
        self._routes = any(one.order.route is not Route.DIRECT for one in settings.strategies)
        self._lanes = {symbol: Lane(symbol, tuple(slots), self._marks) for symbol, slots in grouped.items()}

    # seeing

    def forget_view(self) -> None:
        """Begin anew with the feed: strategies, indicators and bars as if nothing had been seen."""
        self._bind()
        self._marks.due_at = 0
        for lane in self._lanes.values():
            lane.begin()

    def observe(
        self,
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        """Fold one row; True when a strategy, an exit or the marks are due. See `messages.market`."""
        if self.state is not self._bound:
            self._bind()
        lane = self._lanes.get(symbol)
        return lane is not None and lane.observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)

    def observer(self, symbol: str) -> Observer:
        """What folds the rows of one symbol, for whoever has a million of them: `observe` without the way there."""
        lane = self._lanes.get(symbol)
        return super().observe if lane is None else lane.observe

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """The strategies as they run now, in the order in which they decide; for tests and measurements."""
        return tuple(slot.strategy for slot in self._slots.values())

    @receives(ObservationDue)
    def _on_observation(self, message: ObservationDue, ctx: Context) -> None:
        lane = self._lanes.get(message.symbol)
        if lane is None:
            return
        row = lane.row
        if lane.marks_row == row:
            self._send_marks(ctx)
        for slot in lane.slots:
            leaving.check_levels(slot, ctx)
        due = [slot for slot in lane.slots if slot.due_row == row and slot.enabled]
        if due and self._decidable(due[0], ctx):
            for slot in due:
                slot.desk.within(ctx, slot.strategy.decide)

    def _decidable(self, slot: Slot, ctx: Context) -> bool:
        """Whether the symbol's quote is fresh; says so once when that changes."""
        symbol, fresh = slot.settings.instrument.symbol, is_fresh(slot, ctx.now)
        known = self.state.symbols.get(symbol)
        was_stale = known is not None and known.stale
        if not fresh and not was_stale:
            ctx.emit(QuoteWentStale(symbol, slot.view.quote_age(ctx.now), Reason.STALE_QUOTE, ctx.now))
        elif fresh and was_stale:
            ctx.emit(QuoteFreshAgain(symbol, ctx.now))
        return fresh

    def _send_marks(self, ctx: Context) -> None:
        views = [(symbol, lane.view) for symbol, lane in self._lanes.items() if lane.view.has_quote]
        marks = tuple(Mark(symbol, view.bid, view.ask, view.quote_time) for symbol, view in views)
        ctx.send(RISK, Marks(marks))
        if self._routes:
            self._send_quotes(ctx, marks)

    def _send_quotes(self, ctx: Context, marks: tuple[Mark, ...]) -> None:
        """Execution has no feed of its own: it is told the quotes of symbols on which a routed intent may be open."""
        venues: dict[str, dict[str, None]] = {}
        for slot in self._slots.values():
            settings = slot.settings
            if settings.order.route is not Route.DIRECT and slot.state.intents:
                venues.setdefault(settings.instrument.venue, {})[settings.instrument.symbol] = None
        for venue, symbols in venues.items():
            told = tuple(mark for mark in marks if mark.symbol in symbols)
            if told:
                ctx.send(f"execution/{venue}", Marks(told))

    # fills and the ends of intents

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
        if slot is not None:
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
        states = [each for each in self.state.strategies.values() if each.symbol == fill.symbol]
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
        held = state.position.direction
        after = after_fill(state.position, fill.side, quantity, fill.price, ctx.now, multiplier=multiplier)
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

    # timers

    @receives(ExitRetryDue)
    def _on_exit_retry(self, message: ExitRetryDue, ctx: Context) -> None:
        slot = self._slots.get(strategy_key(message.strategy, message.symbol))
        if slot is None or slot.state.retry_due != message.due:
            return
        if slot.view.has_quote:
            leaving.pursue(slot, ctx)
        else:
            leaving.schedule_retry(slot, ctx, Reason.STALE_QUOTE)

    @receives(HoldingTimeUp)
    def _on_holding_time_up(self, message: HoldingTimeUp, ctx: Context) -> None:
        slot = self._slots.get(strategy_key(message.strategy, message.symbol))
        if slot is None or slot.state.levels is None or slot.state.exiting is not None:
            return
        if slot.state.levels.hold_until == message.hold_until:
            leaving.leave(slot, ctx, Reason.TIME_EXIT)

    @receives(StrategyTimerDue)
    def _on_strategy_timer(self, message: StrategyTimerDue, ctx: Context) -> None:
        slot = self._slots.get(strategy_key(message.strategy, message.symbol))
        if slot is not None:
            slot.desk.within(ctx, partial(slot.strategy.on_timer, message.name))

    # control

    @receives(ModeChanged)
    def _on_mode(self, message: ModeChanged, ctx: Context) -> None:
        """Take the mode over; when it forbids to add exposure, what would add some is cancelled."""
        if message.version <= self.state.mode_version:
            return
        ctx.emit(ModeSeen(message.mode, message.version))
        if message.mode is Mode.OBSERVE:
            return
        for slot in self._slots.values():
            if message.mode is not Mode.NORMAL:
                forget_deferred(slot, ctx)
                reason = Reason.MODE_REDUCE if message.mode is Mode.REDUCE else Reason.HALTED
                cancel_entries(slot, ctx, reason, adding_only=True)
            leaving.pursue(slot, ctx)

    @receives(Halt)
    def _on_halt(self, message: Halt, ctx: Context) -> None:
        """Stop entering at once; positions are closed, if at all, by risk, and orders cancelled by execution."""
        if self.state.mode.strictness < Mode.HALTED.strictness and not self.state.halt_heard:
            ctx.emit(HaltSeen(message.by, message.reason))

    @receives(EnableStrategy, DisableStrategy)
    def _on_switch(self, message: EnableStrategy | DisableStrategy, ctx: Context) -> None:
        """Switch a strategy; one that is disabled cancels its entries, its exits go on."""
        enabled = isinstance(message, EnableStrategy)
        for slot in self._slots.values():
            settings = slot.settings
            concerned = (
                message.symbol in (None, settings.instrument.symbol) and message.strategy == settings.id
            )
            if not concerned or slot.enabled is enabled:
                continue
            ctx.emit(StrategySwitched(settings.id, settings.instrument.symbol, enabled, message.by))
            if not enabled and not slot.observing:
                forget_deferred(slot, ctx)
                cancel_entries(slot, ctx, Reason.DISABLED, adding_only=True)

    def summary(self) -> str:
        """Positions, open intents and mode, for the process list."""
        parts = []
        for state in self.state.strategies.values():
            position = state.position
            held = (
                f"{position.quantity:f} @ {position.average_price:.8g}" if position.average_price else "flat"
            )
            waits = f", {len(state.intents)} open" if state.intents else ""
            leaves = f", leaving ({state.exiting.value})" if state.exiting is not None else ""
            parts.append(f"{state.strategy} {state.symbol} {held}{waits}{leaves}")
        return "; ".join([*parts, self.state.mode.value])
