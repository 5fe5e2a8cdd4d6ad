"""The desk as a strategy sees it while it decides: its position, the quote, orders, timers and a small memory."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from actors.base import Context
from actors.randomness import Randomness
from actors.strategy.entering import Explained, seek, trade
from actors.strategy.intents import cancel_entries, traced
from actors.strategy.position import Position
from actors.strategy.slot import Slot
from actors.strategy.state import VALUES_REMEMBERED
from actors.strategy.strategy import StrategyParameters
from actors.strategy.view import SymbolView
from messages.control import Mode
from messages.decisions import RememberedValue, StrategyTimerDue, TraceValue, ValueRemembered
from messages.errors import InvariantError
from messages.intents import Side
from messages.market import QuoteSnapshot
from messages.reasons import Reason


class Desk:
    """What a strategy may read and do within `decide`, `on_fill` and `on_timer`; of no use outside of them.

    Orders are wishes: they pass the gates (mode, stale quote, open intent, cooldown), then risk, then the venue.
    What came of one shows in `position` later, never at once.
    """

    __slots__ = ("_ctx", "_explained", "_slot")

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._ctx: Context | None = None
        self._explained: Explained = {}

    def within(self, ctx: Context, callback: Callable[[Desk], None]) -> None:
        """Call one of the strategy's methods with this desk open for the step of `ctx` (actor only)."""
        self._ctx = ctx
        self._explained = {}
        try:
            callback(self)
        finally:
            self._ctx = None

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
    def waiting(self) -> bool:
        """Whether an intent of this strategy is open."""
        return bool(self._slot.state.intents)

    def target(self, direction: int) -> None:
        """Be long (+1), short (-1) or flat (0), with the configured order size.

        From the other side it turns in one order. Does nothing when the position or an open order is there already;
        an order that works the other way is cancelled first. Raises `InvariantError` for another number.
        """
        seek(self._slot, self._step(), direction, self._explained)

    def buy(self, *, notional: Decimal | None = None, quantity: Decimal | None = None) -> None:
        """Buy for a value (quote currency) or a quantity (base units); the configured value when both are None."""
        trade(self._slot, self._step(), Side.BUY, notional, quantity, self._explained)

    def sell(self, *, notional: Decimal | None = None, quantity: Decimal | None = None) -> None:
        """Sell for a value (quote currency) or a quantity (base units); the configured value when both are None."""
        trade(self._slot, self._step(), Side.SELL, notional, quantity, self._explained)

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
