"""The desk as a strategy sees it while it decides: its position, the quote, orders, timers and a small memory."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING

import msgspec

from actors.base import Context
from actors.randomness import Randomness
from actors.strategy.budget import budget_of
from actors.strategy.entering import Explained, seek, seek_worth, trade
from actors.strategy.gates import ENTRY_GATES, is_fresh, refusal
from actors.strategy.intents import cancel_entries, record, traced
from actors.strategy.judgement import Judgement, judgement, size_factor_of
from actors.strategy.position import Position
from actors.strategy.settings import ExitSettings, Instrument, OrderStyle
from actors.strategy.slot import Slot
from actors.strategy.state import VALUES_REMEMBERED
from actors.strategy.strategy import StrategyParameters
from actors.strategy.view import SymbolView
from messages.base import Message
from messages.control import Mode
from messages.decisions import (
    ChosenExits,
    Decision,
    ExitsChosen,
    RememberedValue,
    StrategyTimerDue,
    TraceValue,
    ValueRemembered,
)
from messages.errors import InvariantError
from messages.intents import Route, Side
from messages.market import QuoteSnapshot
from messages.reasons import Reason
from messages.stages import StageRecords

if TYPE_CHECKING:
    from actors.strategy.pipeline.memory import PipelineMemory  # brings numpy


class Desk:
    """What a strategy may read and do within `decide`, `on_fill` and `on_timer`; of no use outside of them.

    Orders are wishes: they pass the gates (mode, stale quote, open intent, cooldown), then risk, then the venue.
    What came of one shows in `position` later, never at once.
    """

    __slots__ = ("_ctx", "_explained", "_lent", "_slot")

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._ctx: Context | None = None
        self._explained: Explained = {}
        self._lent: list[Desk] = []

    def within(self, ctx: Context, callback: Callable[[Desk], None]) -> None:
        """Call one of the strategy's methods with this desk open for the step of `ctx` (actor only)."""
        self._ctx = ctx
        self._explained = {}
        try:
            callback(self)
        except Exception as error:
            name = getattr(callback, "func", callback).__name__
            self._slot.raised = (error, name)
            raise
        finally:
            self._ctx = self._slot.stages = None
            if self._lent:
                self._take_back()

    def _take_back(self) -> None:
        """Close the desks that were lent to this call."""
        for desk in self._lent:
            desk._ctx = desk._slot.stages = None
        self._lent.clear()

    def of(self, symbol: str) -> Desk:
        """The desk of another symbol of the group, open as long as this one.

        Raises `InvariantError` for a symbol that is none of the strategy's.
        """
        ctx = self._step()
        slot = self._slot.siblings.get(symbol)
        if slot is None:
            raise InvariantError(
                "the strategy does not trade this symbol here",
                field=self._slot.key,
                value=symbol,
                remedy=f"its symbols are {', '.join(self._slot.siblings)}",
            )
        desk = slot.desk
        if desk._ctx is None:
            desk._ctx, desk._explained = ctx, {}
            self._lent.append(desk)
        return desk

    @property
    def now(self) -> int:
        """Desk time of this step, ns UTC."""
        return self._step().now

    @property
    def random(self) -> Randomness:
        """Reproducible random numbers; the only ones a strategy may use."""
        return self._step().random

    @property
    def view(self) -> SymbolView:
        """The market as the callbacks see it."""
        return self._slot.view

    @property
    def quote(self) -> QuoteSnapshot | None:
        """The last quote; None before the first."""
        return self._slot.view.quote

    @property
    def position(self) -> Position:
        """The strategy's own position, from its own fills."""
        return self._slot.state.position

    @property
    def parameters(self) -> StrategyParameters:
        """The strategy's parameters."""
        return self._slot.strategy.parameters

    @property
    def mode(self) -> Mode:
        """The desk's mode as last heard from risk."""
        return self._slot.actor_state.mode

    @property
    def strategy(self) -> str:
        """The strategy's id."""
        return self._slot.settings.id

    @property
    def instrument(self) -> Instrument:
        """What is traded, and in which steps."""
        return self._slot.settings.instrument

    @property
    def exits(self) -> ExitSettings:
        """When positions are closed without the strategy's asking."""
        return self._slot.settings.exits

    @property
    def is_fresh(self) -> bool:
        """Whether there is a quote that may be decided on."""
        return is_fresh(self._slot, self._step().now)

    @property
    def strict(self) -> bool:
        """Whether what is missing must raise: always in live."""
        return self._slot.actor_settings.strict

    @property
    def probed(self) -> bool:
        """Whether somebody only asks what would be decided: nothing comes of it, and everything is to be told."""
        return self._slot.probed

    @property
    def last_reason(self) -> Reason | None:
        """The reason of the decision that was recorded last."""
        return self._slot.state.decision_reason

    @property
    def watch(self) -> Callable[[str], None]:
        """To be called at the end of each stage of a decision with its name; does nothing where nobody measures."""
        return self._slot.watch

    @property
    def symbol(self) -> str:
        """The symbol that this desk trades."""
        return self._slot.settings.instrument.symbol

    @property
    def budget(self) -> Decimal | None:
        """What the strategy's positions in this actor may be worth together, in base currency; None for no bound."""
        return budget_of(self._slot)

    @property
    def waiting(self) -> bool:
        """Whether an intent of this strategy is open."""
        return bool(self._slot.state.intents)

    def target(self, direction: int) -> None:
        """Be long (+1), short (-1) or flat (0), with the configured order size.

        From the other side it turns in one order. Does nothing when the position or an open order is there already;
        an order that works the other way is cancelled first. Raises `InvariantError` for another number.
        """
        seek(self._slot, self._step(), direction, self._explained)

    def target_notional(self, notional: Decimal) -> None:
        """Hold a position worth `notional` in base currency, negative for short, at the price an order would get now.

        One order brings it there: it grows, reduces, or turns. While an order is open, the target waits for its end,
        no longer than an order's deadline. What is within a lot of it is left alone; growth stays within the
        budget.
        """
        seek_worth(self._slot, self._step(), notional, self._explained)

    def target_weight(self, weight: float) -> None:
        """Hold a position worth `weight` times the budget, negative for short; see `target_notional`.

        Raises `InvariantError` without a budget, and for a weight beyond it or that is no number.
        """
        budget = self.budget
        if budget is None:
            raise InvariantError(
                "a weight needs a budget that it is part of",
                field=f"strategies.{self._slot.settings.id}.budget",
                remedy="set a budget in base currency, or use target_notional",
            )
        if not abs(weight) <= 1.0:
            raise InvariantError(
                "a weight is a part of the budget, from -1 to 1", field=self._slot.key, value=weight
            )
        self.target_notional(budget * Decimal(repr(float(weight))))

    def choose_exits(
        self,
        direction: int,
        *,
        stop: float | None = None,
        target: float | None = None,
        max_holding: int | None = None,
    ) -> None:
        """Give the next position in `direction` (+1, -1) exits of its own; asked before the order that opens it.

        `stop` and `target` are fractions of its average price, `max_holding` ns; what is None is as configured. They
        hold until it is closed. A position that is held in that direction keeps those it has: then nothing is done.
        Raises `InvariantError` for another direction, or a figure that is not above zero.
        """
        if direction not in (-1, 1):
            raise InvariantError(
                "a position is long (+1) or short (-1)", field=self._slot.key, value=direction
            )
        for name, value in (("stop", stop), ("target", target), ("max_holding", max_holding)):
            if value is not None and not 0 < value < inf:
                raise InvariantError(
                    "must be above zero",
                    field=f"{self._slot.key}.{name}",
                    value=value,
                    remedy="use None for none",
                )
        state = self._slot.state
        if state.position.direction == direction:
            return
        chosen = ChosenExits(_ratio(stop), _ratio(target), max_holding)
        wanted = None if chosen == ChosenExits() else chosen
        if wanted == (state.long_exits if direction > 0 else state.short_exits):
            return
        ctx = self._step()
        ctx.emit(ExitsChosen(self.strategy, self.symbol, direction, wanted, ctx.now))

    def buy(self, *, notional: Decimal | None = None, quantity: Decimal | None = None) -> None:
        """Buy for a value (quote currency) or a quantity (base units); the configured value when both are None."""
        trade(self._slot, self._step(), Side.BUY, notional, quantity, self._explained)

    def sell(self, *, notional: Decimal | None = None, quantity: Decimal | None = None) -> None:
        """Sell for a value (quote currency) or a quantity (base units); the configured value when both are None."""
        trade(self._slot, self._step(), Side.SELL, notional, quantity, self._explained)

    def rest(
        self,
        side: Side,
        *,
        offset_ticks: int,
        time_to_live: int,
        notional: Decimal | None = None,
        quantity: Decimal | None = None,
    ) -> None:
        """Rest an order that never takes, for `time_to_live` ns at most, whatever style is configured.

        `offset_ticks` is its distance from the best price of its own side, positive being further from the market; one
        that would cross rests a tick before the other side. Sizes are those of `buy` and `sell`.
        """
        order = msgspec.structs.replace(
            self._slot.settings.order,
            style=OrderStyle.POST_ONLY,
            route=Route.DIRECT,
            offset_ticks=offset_ticks,
            time_to_live=time_to_live,
        )
        trade(self._slot, self._step(), side, notional, quantity, self._explained, order)

    @property
    def order_notional(self) -> Decimal:
        """The value of one order as configured, in base currency."""
        return self._slot.settings.order.notional

    def close(self) -> None:
        """Close the position at the market and cancel open entries; pursued until it is flat."""
        self.target(0)

    def cancel(self) -> None:
        """Cancel the open entry, if there is one."""
        ctx = self._step()
        if not self._slot.observing:
            cancel_entries(self._slot, ctx, Reason.CANCEL_REQUESTED)

    def after(self, delay: int, name: str) -> None:
        """Have `on_timer(name)` called once `delay` ns of desk time have passed; survives a crash.

        Replaces the timer of that name. Raises `InvariantError` for a negative delay.
        """
        message = StrategyTimerDue(self._slot.settings.id, self._slot.settings.instrument.symbol, name)
        self._step().after(delay, message, key=self._timer_key(name))

    def cancel_timer(self, name: str) -> None:
        """Forget the timer of that name; harmless when there is none."""
        self._step().cancel_timer(self._timer_key(name))

    def remember(self, name: str, value: RememberedValue) -> None:
        """Keep a value through crashes (what is left on `self` is not); None forgets it.

        Raises `InvariantError` when more values are kept than an actor has room for.
        """
        kept = self._slot.state.values
        if kept.get(name) == value and type(kept.get(name)) is type(value):
            return
        if value is not None and name not in kept and len(kept) >= VALUES_REMEMBERED:
            raise InvariantError(
                f"a strategy can keep {VALUES_REMEMBERED} values",
                field=f"{self._slot.key}.{name}",
                value=len(kept) + 1,
                remedy="forget some with None",
            )
        settings = self._slot.settings
        self._step().emit(ValueRemembered(settings.id, settings.instrument.symbol, name, value))

    def recall(self, name: str) -> RememberedValue:
        """The value kept under this name; None when there is none."""
        return self._slot.state.values.get(name)

    def explain(self, **figures: TraceValue | int) -> None:
        """Put figures into the trace of the decisions that follow in this call."""
        self._explained = self._explained | {name: traced(value) for name, value in figures.items()}

    def trace(self, stages: StageRecords) -> None:
        """Put what each stage of a pipeline saw into the trace of the decisions that follow in this call."""
        self._slot.stages = stages

    def decline(self, decision: Decision, reason: Reason, *, sampled: bool = False) -> None:
        """Record that nothing is traded, and why: when that is news, or always as one of the samples.

        That nothing is to be changed (HOLD) is no news.
        """
        if decision is Decision.HOLD and not sampled:
            return
        record(self._slot, self._step(), decision, reason, self._explained, sampled=sampled)

    @property
    def learner(self) -> PipelineMemory | None:
        """What a pipeline of this strategy has learned; None before it began."""
        return self._slot.learners.get(self._slot.settings.id)

    @property
    def promoted_sizer(self) -> str | None:
        """The sizer that a person promoted from shadow; None while the configured one decides."""
        return self._slot.state.sizer

    def learn(self, event: Message) -> None:
        """Journal one of the events of `messages.learning`; it is applied at once."""
        self._step().emit(event)

    @property
    def intelligence(self) -> Judgement | None:
        """What the closed trades of the symbol say; None while there are too few, or where they are not judged."""
        return judgement(self._slot, self._step().now)

    @property
    def size_factor(self) -> float:
        """What sizes are to be multiplied by, before any cap, for what closed trades have shown; 1 for nothing.

        Orders of the configured size have it in them already.
        """
        return float(size_factor_of(self._slot, self._step().now))

    def may_enter(self) -> Reason | None:
        """Why nothing may be entered on this symbol now; None when something may."""
        return refusal(ENTRY_GATES, self._slot, self._step().now)

    def _timer_key(self, name: str) -> str:
        return f"strategy/{self._slot.key}/{name}"

    def _step(self) -> Context:
        if self._ctx is None:
            raise InvariantError(
                "the desk is only open within decide, on_fill and on_timer",
                field=self._slot.key,
                remedy="don't keep the desk; return True from on_quote to be asked for a decision",
            )
        return self._ctx


def _ratio(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(float(value)))
