"""Everything at once: random orders, lost, late and doubled news, crashes at any step; and what must always hold.

After the storm the venue answers again: then every intent has ended, and the desk's fills are the venue's fills.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from actors.execution.settings import SECOND, ExecutionSettings
from messages.account_events import StreamGapFound
from messages.base import Effect, Message
from messages.control import Halt, Mode, ModeChanged
from messages.intents import CancelIntent, IntentRejected, OrderIntent, Side, SubmitOrder
from messages.order_events import FillReceived, OrderResent, OrderTransitioned
from messages.orders import Fill, OrderReport
from messages.reasons import Layer, Reason
from messages.supervision import GiveUpPolicy, StrategyGivenUp
from messages.venue import (
    CancelOrder,
    CancelResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    QueryResult,
)
from messages.venue_account import AccountResult, QueryAccount
from tests.actors.execution.fake_venue import OPEN, FakeVenue
from tests.actors.execution.rig import SAFE, STRATEGY, WARY, Rig, approved, intent

pytestmark = pytest.mark.property

SYMBOLS = ("BTC-USDT", "ETH-USDT")
LATENESS = {"delayed": 3 * SECOND, "far_too_late": 50 * SECOND}
CALM = ("answered", "traded", "rejected")
FATES = (
    *("answered",) * 4,
    *("unwritten",) * 3,
    *("traded", "rejected", "lost_before", "lost_after", *LATENESS),
)
reached: Counter[str] = Counter()


class Storm(RuleBasedStateMachine):
    """One actor, one venue, and the host between them: effects of a lane are serial, results come once."""

    execution: ExecutionSettings
    opened_first = True

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(self.execution, seeded=False)
        traits = self.execution.traits
        self.venue = FakeVenue(traits.never_accepts_id_twice, now=self.rig.now + 1)
        self.lanes: dict[str, list[Effect]] = {}
        self.answers: dict[str, Message] = {}
        self.delivered: set[int] = set()
        self.intents = 0
        self.version = 0
        self.written: Counter[str] = Counter()
        self.told_fills: dict[str, Decimal] = {}
        self.fill_ids: Counter[str] = Counter()
        self.wishes: dict[str, OrderIntent] = {}
        self.checked = 0
        self.collect(list(self.rig.actor.outstanding()))
        if self.opened_first:
            self.perform("account:paper", "answered")
            self.answer("account:paper")

    # --- the host

    def collect(self, effects: list[Effect]) -> None:
        for effect in effects:
            self.lanes.setdefault(effect.lane, []).append(effect)

    def take(self, message: Message, sender: str = "venue") -> None:
        self.rig.take(message, sender=sender)
        self.collect(self.rig.effects)
        for envelope in self.rig.envelopes:
            if isinstance(envelope.message, OrderIntent):
                self.wishes[envelope.id] = envelope.message

    def ready(self) -> list[str]:
        return [lane for lane, effects in self.lanes.items() if effects and lane not in self.answers]

    def perform(self, lane: str, fate: str) -> None:
        effect = self.lanes[lane].pop(0)
        if isinstance(effect, PlaceOrder):
            self.answers[lane] = self.place(effect, fate)
        elif isinstance(effect, CancelOrder):
            self.answers[lane] = self.cancel_at_venue(effect, fate)
        elif isinstance(effect, QueryOrder):
            silent = QueryResult(effect.client_order_id, Outcome.NO_ANSWER)
            self.answers[lane] = self.venue.query(effect) if fate in CALM else silent
        elif isinstance(effect, QueryFills):
            told = self.venue.fills(effect)
            silent_fills = msgspec.structs.replace(told, outcome=Outcome.NO_ANSWER, trades=())
            self.answers[lane] = told if fate in CALM else silent_fills
        else:
            assert isinstance(effect, QueryAccount)
            silent_account = AccountResult("paper", Outcome.NO_ANSWER)
            self.answers[lane] = self.venue.account() if fate in CALM else silent_account

    def place(self, effect: PlaceOrder, fate: str) -> PlaceResult:
        name, now = effect.client_order_id, self.rig.now
        refused = self.rig.actor.gate(effect, now)
        if refused is not None:
            return PlaceResult(name, Outcome.NOT_SENT, refused)
        if fate == "rejected" and name not in self.venue.orders:
            return PlaceResult(name, Outcome.REJECTED, Reason.INSUFFICIENT_BALANCE)
        if fate == "unwritten":
            return PlaceResult(name, Outcome.NOT_SENT, Reason.NOT_SENT)
        self.written[name] += 1
        if fate in LATENESS:
            self.venue.delayed.append((now + LATENESS[fate], effect))
        elif fate == "lost_after":
            self.venue.place(effect)
        elif fate != "lost_before":
            result = self.venue.place(effect)
            if fate == "traded":
                self.venue.trade(name, Decimal("0.5"))
            return result
        return PlaceResult(name, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)

    def cancel_at_venue(self, effect: CancelOrder, fate: str) -> CancelResult:
        name = effect.client_order_id
        if fate == "unwritten":
            return CancelResult(name, Outcome.NOT_SENT, Reason.NOT_SENT)
        if fate in ("lost_before", *LATENESS):
            return CancelResult(name, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)
        result = self.venue.cancel(effect)
        return (
            CancelResult(name, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME) if fate == "lost_after" else result
        )

    def answer(self, lane: str) -> None:
        self.take(self.answers.pop(lane))

    def deliver(self, index: int) -> None:
        self.delivered.add(index)
        self.take(self.venue.stream[index])

    def undelivered(self) -> list[int]:
        return [index for index in range(len(self.venue.stream)) if index not in self.delivered]

    def pass_time(self, delay: int) -> None:
        until = self.rig.now + delay
        while True:
            times = [timer.due for timer in self.rig.timers.values()]
            times += [arrival for arrival, _ in self.venue.delayed]
            due = [time for time in times if time <= until]
            if not due:
                break
            now = max(self.rig.now, min(due))
            self.rig.ctx.now = now
            self.venue.now = now + 1
            for key in sorted(key for key, timer in self.rig.timers.items() if timer.due <= now):
                timer = self.rig.timers.pop(key, None)
                if timer is not None:
                    self.take(timer.message, self.rig.actor.address)
            self.venue.arrive(now)
        self.rig.ctx.now = until
        self.venue.now = until + 1

    # --- what may happen

    @rule(
        quantity=st.integers(1, 3),
        side=st.sampled_from(Side),
        symbol=st.sampled_from(SYMBOLS),
        time_to_live=st.sampled_from([None, 2 * SECOND]),
        patience=st.sampled_from([1, 20]),
        increases=st.booleans(),
        fate=st.sampled_from([*FATES, None]),
    )
    def submit(
        self,
        quantity: int,
        side: Side,
        symbol: str,
        time_to_live: int | None,
        patience: int,
        increases: bool,
        fate: str | None,
    ) -> None:
        """An intent arrives; with a fate its order goes as far as its answer in one go."""
        self.intents += 1
        changes: dict[str, Any] = {"quantity": Decimal(quantity), "side": side, "symbol": symbol}
        changes |= {"time_to_live": time_to_live, "deadline": self.rig.now + patience * SECOND}
        message = approved(self.intents, mode_version=self.version, increases_exposure=increases, **changes)
        self.take(message, "risk")
        order = self.rig.state.order_of(intent(self.intents))
        if fate is not None and order is not None:
            self.perform(order.client_order_id, fate)
            self.answer(order.client_order_id)

    @precondition(lambda self: self.ready())
    @rule(choice=st.integers(0, 50), fate=st.sampled_from(FATES))
    def work(self, choice: int, fate: str) -> None:
        lanes = self.ready()
        self.perform(lanes[choice % len(lanes)], fate)

    @precondition(lambda self: self.answers)
    @rule(choice=st.integers(0, 50))
    def result(self, choice: int) -> None:
        lanes = list(self.answers)
        self.answer(lanes[choice % len(lanes)])

    @precondition(lambda self: self.undelivered())
    @rule(ahead=st.sampled_from([0, 0, 1, 1, 2]))
    def event(self, ahead: int) -> None:
        waiting = self.undelivered()
        self.deliver(waiting[min(ahead, len(waiting) - 1)])

    @precondition(lambda self: self.undelivered())
    @rule()
    def stream_catches_up(self) -> None:
        for index in self.undelivered():
            self.deliver(index)

    @precondition(lambda self: self.delivered)
    @rule(choice=st.integers(0, 50))
    def event_again(self, choice: int) -> None:
        known = sorted(self.delivered)
        self.deliver(known[choice % len(known)])
        assert self.rig.events == []

    @precondition(lambda self: self.venue.orders)
    @rule(choice=st.integers(0, 50), quantity=st.sampled_from(["0.5", "1", "3"]))
    def market_trades(self, choice: int, quantity: str) -> None:
        names = list(self.venue.orders)
        self.venue.trade(names[choice % len(names)], Decimal(quantity))

    @precondition(lambda self: self.venue.orders)
    @rule(choice=st.integers(0, 50))
    def venue_expires(self, choice: int) -> None:
        names = list(self.venue.orders)
        self.venue.expire(names[choice % len(names)])

    @rule(ahead=st.sampled_from([0, 0, 0, 1]), choice=st.integers(0, 50))
    def cancel(self, ahead: int, choice: int) -> None:
        number = choice % (self.intents + 1) + ahead
        self.take(intent_cancel(number), "strategy/BTC-USDT")

    @rule(seconds=st.sampled_from([0.3, 1, 4, 10, 40]))
    def time_passes(self, seconds: float) -> None:
        self.pass_time(int(seconds * SECOND))

    @rule(
        mode=st.sampled_from([*[Mode.NORMAL] * 6, Mode.REDUCE, Mode.HALTED, Mode.OBSERVE]), halt=st.booleans()
    )
    def mode_changes(self, mode: Mode, halt: bool) -> None:
        self.version += 1
        if halt and mode is Mode.HALTED:
            self.take(Halt("ana", "storm"), "operator")
        self.take(ModeChanged(mode, self.version, {"any": mode}, "storm"), "risk")

    @rule()
    def give_up(self) -> None:
        self.take(StrategyGivenUp(STRATEGY, (), GiveUpPolicy.FLATTEN, 0.0), "supervisor")

    @precondition(lambda self: self.wishes)
    @rule(approve=st.booleans())
    def risk_decides(self, approve: bool) -> None:
        """Risk answers an exit that execution asked for."""
        intent_id = next(iter(self.wishes))
        wish = self.wishes.pop(intent_id)
        if approve:
            address = self.rig.actor.address
            self.take(SubmitOrder(intent_id, address, wish.strategy, wish.terms, self.version, False), "risk")
        else:
            self.take(IntentRejected(intent_id, Reason.MARK_STALE, Layer.RISK), "risk")

    @rule()
    def crash(self) -> None:
        """What was not performed is lost, and so are answers that were not taken; the venue keeps what it has."""
        self.lanes, self.answers = {}, {}
        self.collect(self.rig.restart())

    # --- what always holds

    @invariant()
    def no_id_lives_twice(self) -> None:
        assert all(count == 1 for count in self.venue.accepted.values())
        if not self.execution.traits.never_accepts_id_twice:
            assert all(count == 1 for count in self.written.values())

    @invariant()
    def what_is_told_adds_up(self) -> None:
        """Each fill once; a final word never names another quantity than the fills before it."""
        for envelope in self.rig.sent[self.checked :]:
            message = envelope.message
            if envelope.recipient != "risk":
                continue
            if isinstance(message, Fill):
                self.fill_ids[message.fill_id] += 1
                before = self.told_fills.get(message.intent_id, Decimal(0))
                self.told_fills[message.intent_id] = before + message.quantity
            elif isinstance(message, OrderReport) and message.final:
                assert message.filled == self.told_fills.get(message.intent_id, Decimal(0))
        self.checked = len(self.rig.sent)
        assert all(count == 1 for count in self.fill_ids.values())

    @invariant()
    def unknown_orders_freeze_their_symbol(self) -> None:
        orders = self.rig.state.orders.values()
        frozen = Counter(order.symbol for order in orders if order.state.value == "unknown")
        assert dict(frozen) == self.rig.state.frozen

    # --- the calm after

    def teardown(self) -> None:
        self.version += 1
        self.take(ModeChanged(Mode.NORMAL, self.version, {}, "calm"), "risk")
        for _ in range(300):
            for number in range(1, self.intents + 1):
                if self.rig.final(number) is None:
                    self.take(intent_cancel(number), "strategy/BTC-USDT")
            while self.wishes:
                self.risk_decides(approve=True)
            for name, order in self.venue.orders.items():
                if order.request.reduce_only:
                    self.venue.trade(name, Decimal(99))
            while self.ready() or self.answers or self.undelivered():
                for lane in self.ready():
                    self.perform(lane, "answered")
                for lane in list(self.answers):
                    self.answer(lane)
                for index in self.undelivered():
                    self.deliver(index)
            if self.at_rest():
                break
            times = [timer.due for timer in self.rig.timers.values()]
            times += [arrival for arrival, _ in self.venue.delayed]
            self.pass_time(max(0, min(times, default=0) - self.rig.now))
        self.what_is_told_adds_up()
        self.no_id_lives_twice()
        self.everything_has_ended_and_adds_up()
        self.count_what_was_reached()

    def at_rest(self) -> bool:
        exits_open = any(
            each.request.reduce_only and each.state in OPEN for each in self.venue.orders.values()
        )
        return not (self.rig.timers or self.venue.delayed or self.wishes or exits_open)

    def everything_has_ended_and_adds_up(self) -> None:
        state = self.rig.state
        assert (state.live, state.frozen, state.waiting) == ({}, {}, {})
        for number in range(1, self.intents + 1):
            final = self.rig.final(number)
            assert final is not None
            name = final.client_order_id
            there = self.venue.orders.get(name) if name is not None else None
            assert final.filled == (there.filled if there is not None else 0)
            assert final.filled <= final.quantity
        positions = {symbol: held for symbol, held in self.venue.positions.items() if held != 0}
        assert state.positions == positions
        venue_fills = [event.fill.fill_id for event in self.venue.stream if event.fill is not None]
        assert sorted(self.fill_ids) == sorted(venue_fills)
        assert state.exits == {}
        assert state.wards == {} or any(ward.abandoned for ward in state.wards.values())
        self.rig.restart()

    def count_what_was_reached(self) -> None:
        for transition in self.rig.happened(OrderTransitioned):
            reached[transition.trigger] += 1
        reached["resent"] += len(self.rig.happened(OrderResent))
        exits = [each for each in self.rig.happened(FillReceived) if "execution/" in each.fill.intent_id]
        reached["exit filled"] += len(exits)
        reached["gap"] += len(self.rig.happened(StreamGapFound))


def intent_cancel(number: int) -> Message:
    return CancelIntent(intent(number), Reason.SIGNAL)


def by_hand(kind: type[Storm]) -> None:
    """Reach what random steps reach seldom: whether they ever do hangs on the version of Hypothesis."""
    for fate, patience in (("far_too_late", 1), ("unwritten", 20)):  # given up and then there; sent again
        storm = kind()
        storm.submit(1, Side.BUY, SYMBOLS[0], None, patience, True, fate)
        for seconds in (2, *(1,) * 8):
            storm.time_passes(seconds)
            while lanes := storm.ready():
                storm.perform(lanes[0], "answered")
                storm.answer(lanes[0])
        storm.teardown()
    storm = kind()
    for side in Side:
        storm.submit(1, side, SYMBOLS[0], None, 20, True, "answered")
    storm.event(1)  # before the one that came first
    storm.teardown()


STORM = settings(
    max_examples=120,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(("execution", "name"), [(SAFE, "safe"), (WARY, "wary")], ids=["safe", "wary"])
def test_nothing_is_lost_or_doubled_whatever_happens(execution: ExecutionSettings, name: str) -> None:
    reached.clear()
    machine = type(f"Storm_{name}", (Storm,), {"execution": execution})
    by_hand(machine)
    run_state_machine_as_test(machine, settings=STORM)
    wanted = {"doubted", "cancel_sent", "part_filled", "filled", "not_sent", "rejected", "expired", "gap"}
    wanted |= {"exit filled", "late_accepted", "resent"}
    assert {each for each in wanted if not reached[each]} == set()
