"""Whatever the market, risk and the venue do: the position is that of the fills, exits never sell too much, one
intent that is no exit at a time, every intent ends, and the journal gives the state back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.settings import ExitSettings, OrderSettings, OrderStyle
from messages.control import Halt, Mode, ModeChanged
from messages.intents import IntentRejected, OrderTerms
from messages.orders import Fill, OrderState
from messages.reasons import Layer, Reason
from tests.actors.strategy.stage import BTC, MILLISECOND, SECOND, Stage, strategy

pytestmark = pytest.mark.property

ZERO = Decimal(0)
MOVES = (-15, -8, -1, 0, 0, 1, 8, 15)
ORDERS = (1, 1, 1, 101, 101, 102, 102, 103, 104, 105, 106, 108)
ENDS = (OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED, OrderState.NOT_SENT)
MODES = (Mode.NORMAL, Mode.NORMAL, Mode.NORMAL, Mode.REDUCE, Mode.HALTED, Mode.OBSERVE)


class Trading:
    """A stage whose counterparts do as they please, within what a venue can do; checked after every action.

    Each action takes a number that makes its choices.
    """

    def __init__(self) -> None:
        exits = ExitSettings(
            stop=Decimal("0.01"), target=Decimal("0.02"), trailing=Decimal("0.012"), max_holding=20 * SECOND
        )
        order = OrderSettings(Decimal(1_000), style=OrderStyle.LIMIT)
        self.stage = Stage(strategy(exits=exits, order=order, parameters={"part": 0.1}))
        self.price = 1_000.0
        self.booked: dict[str, Decimal] = {}
        self.ended: dict[str, Decimal] = {}
        self.total = ZERO
        self.last_fill: Fill | None = None
        self.version = 0

    def quote(self, choice: int) -> None:
        self.price = max(self.price + MOVES[choice % len(MOVES)], 500.0)
        order = float(ORDERS[choice // len(MOVES) % len(ORDERS)])
        self.stage.quote(self.price, order=order, after=(choice % 97 + 1) * 5 * MILLISECOND)

    def wait(self, choice: int) -> None:
        self.stage.wait((choice * 7 + 1) * MILLISECOND)

    def fill(self, choice: int) -> None:
        for intent_id in self._chosen(choice):
            part = choice % 3 + 1
            left = self._fillable(intent_id)
            quantity = left if part == 3 else (left * part / 3 // BTC.lot) * BTC.lot
            if quantity > 0:
                self._fill(intent_id, quantity)

    def fill_all(self, choice: int) -> None:
        for intent_id in self._chosen(choice):
            left = self._fillable(intent_id)
            if left > 0:
                self._fill(intent_id, left)
            self._end(intent_id, OrderState.CANCELLED)

    def fill_again(self, choice: int) -> None:
        if self.last_fill is not None:
            self.stage.take(self.last_fill, sender="execution/paper")

    def end(self, choice: int) -> None:
        for intent_id in self._chosen(choice):
            self._end(intent_id, ENDS[choice % len(ENDS)])

    def report_before_fills(self, choice: int) -> None:
        """The final report overtakes the last fill."""
        for intent_id in self._chosen(choice):
            left = self._fillable(intent_id)
            if left > 0:
                self.stage.report(OrderState.CANCELLED, self.booked.get(intent_id, ZERO) + left, intent_id)
                self._fill(intent_id, left)
                self.ended[intent_id] = self.booked[intent_id]

    def mode(self, choice: int) -> None:
        mode = MODES[choice % len(MODES)]
        if mode is Mode.HALTED:
            self.stage.take(Halt("ann", "test"), sender="operator")
        self.version += 1
        self.stage.take(ModeChanged(mode, self.version, {}, "test"))

    def crash(self, choice: int) -> None:
        self.stage.crash(fold=choice % 2 == 0)

    def open_ids(self) -> list[str]:
        return [each for each in self.stage.intents if each not in self.ended]

    def _chosen(self, choice: int) -> list[str]:
        found = self.open_ids()
        return [found[choice % len(found)]] if found else []

    def _terms(self, intent_id: str) -> OrderTerms:
        return self.stage.intents[intent_id].terms

    def _fillable(self, intent_id: str) -> Decimal:
        terms = self._terms(intent_id)
        left = terms.quantity - self.booked.get(intent_id, ZERO)
        # a venue takes no more of a reducing order than is held
        return min(left, max(-terms.side.sign * self.total, ZERO)) if terms.reduce_only else left

    def _fill(self, intent_id: str, quantity: Decimal) -> None:
        self.booked[intent_id] = self.booked.get(intent_id, ZERO) + quantity
        self.total += self._terms(intent_id).side.sign * quantity
        self.last_fill = self.stage.fill(intent_id, quantity, self.price)

    def _end(self, intent_id: str, end: OrderState) -> None:
        filled = self.booked.get(intent_id, ZERO)
        self.ended[intent_id] = filled
        if end is OrderState.REJECTED and not filled:
            self.stage.take(IntentRejected(intent_id, Reason.CASH_RESERVE, Layer.RISK))
        else:
            whole = filled == self._terms(intent_id).quantity
            self.stage.report(OrderState.FILLED if whole else end, filled, intent_id)

    def check(self) -> None:
        """What must hold after every action."""
        state, stage = self.stage.state(), self.stage
        intents = state.intents.values()
        assert stage.held == self.total
        assert list(state.intents) == self.open_ids()
        assert sum(not each.leaving for each in intents) <= 1
        assert sum(each.leaving for each in intents) <= 1
        against = [each for each in intents if each.side.sign * stage.held < 0]
        if any(each.leaving for each in against):
            assert sum(each.left for each in against) <= abs(stage.held)
        if state.exiting is not None and stage.actor.state.mode is not Mode.OBSERVE:
            # something brings the exit on: an open intent, a timer, or the next quote
            timed = any(key.startswith("exit_retry/") for key in stage.timers)
            assert state.intents or timed or stage.actor._slots["obey/BTC-USDT"].watched

    def settle(self) -> None:
        """When all obstacles are gone the position is closed and every intent ends."""
        self.version += 1
        self.stage.take(ModeChanged(Mode.NORMAL, self.version, {}, "test"))
        for _ in range(8):
            for intent_id in self.open_ids():
                left = self._fillable(intent_id)
                if self._terms(intent_id).reduce_only and left > 0:
                    self._fill(intent_id, left)
                self._end(intent_id, OrderState.CANCELLED)
                self.check()
            self.stage.wait(30 * SECOND)
            self.stage.quote(self.price, order=103.0)
        assert self.stage.held == 0
        assert not self.stage.state().intents
        assert self.stage.state().exiting is None


WEIGHTS: tuple[tuple[Callable[[Trading, int], None], int], ...] = (
    (Trading.quote, 40),
    (Trading.fill_all, 16),
    (Trading.fill, 12),
    (Trading.end, 10),
    (Trading.report_before_fills, 5),
    (Trading.wait, 7),
    (Trading.fill_again, 3),
    (Trading.crash, 4),
    (Trading.mode, 3),
)
ACTIONS = tuple(action for action, weight in WEIGHTS for _ in range(weight))

WANTED = {
    *("stop", "trailing", "target", "time_exit", "signal"),
    *("ExitRetryScheduled", "TargetDeferred", "FillsAwaited", "CancelAsked", "ExitArmed", "HaltSeen"),
}
"""What a campaign must have reached at least five times: one that never got to an exit would prove nothing."""


def test_trading_keeps_its_invariants() -> None:
    reached: Counter[str] = Counter()

    @settings(max_examples=120, deadline=None, derandomize=True)
    @given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2_000)), min_size=30, max_size=70))
    def campaign(actions: list[tuple[Callable[[Trading, int], None], int]]) -> None:
        trading = Trading()
        for action, choice in actions:
            action(trading, choice)
            trading.check()
        trading.settle()
        reached.update(type(each).__name__ for each in trading.stage.journal)
        reached.update(each.reason for each in trading.stage.intents.values())

    campaign()
    assert {name: reached[name] for name in WANTED if reached[name] < 5} == {}
