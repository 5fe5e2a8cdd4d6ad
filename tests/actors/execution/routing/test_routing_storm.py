"""The storm over intents with a route: many orders of one intent, prices changed under way, quotes that run away.

At every moment, by the venue's own books: what all orders of an intent have filled or may still fill is within what
was approved, requests under way included, and no order is priced worse than approved. In the end every intent ended.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from actors.execution.routing.settings import RoutingSettings
from actors.execution.settings import SECOND, ExecutionSettings
from actors.venues.port import VenueTraits
from messages.base import Effect
from messages.control import Mode, ModeChanged
from messages.intents import OrderType, Route, Side, SubmitOrder
from messages.market import Mark, Marks, QuoteSnapshot
from messages.order_events import OrderPlacing
from messages.orders import OrderState
from messages.reasons import Reason
from messages.routing import ReplaceEnded, ReplaceStarted, RouteEnded, RouteStaged, RouteStarted
from messages.venue import Outcome, PlaceOrder, PlaceResult, ReplaceOrder, ReplaceResult
from messages.venue_account import InstrumentsResult, QueryInstruments
from tests.actors.execution.fake_venue import OPEN
from tests.actors.execution.rig import approved, intent
from tests.actors.execution.routing.rules import rules_of
from tests.actors.execution.test_dour_storm import DourStorm
from tests.actors.execution.test_storm import FATES, LATENESS, STORM, SYMBOLS, Storm, reached

pytestmark = pytest.mark.property

ROUTING = RoutingSettings(
    maker_patience_ns=4 * SECOND,
    reprice_interval_ns=SECOND // 2,
    max_reprices=2,
    cost_budget=Decimal("0.03"),
    quote_age_ns=20 * SECOND,
    twap_notional=Decimal(1),
    twap_slices=3,
    twap_interval_ns=3 * SECOND,
)
TRAITS = VenueTraits(
    never_accepts_id_twice=True,
    post_only=True,
    immediate_or_cancel=True,
    reduce_only=True,
    stops=True,
    amend=True,
    stream_resumes=True,
)
AMENDING = ExecutionSettings(
    "paper", TRAITS, routing=ROUTING, symbols=SYMBOLS, instruments_interval_ns=3_600 * SECOND
)
REPLACING = msgspec.structs.replace(
    AMENDING, traits=msgspec.structs.replace(TRAITS, never_accepts_id_twice=False, amend=False)
)
DOUR = msgspec.structs.replace(
    AMENDING,
    traits=msgspec.structs.replace(TRAITS, never_accepts_id_twice=False, stream_resumes=False),
    fills_overlap_ns=SECOND,
)
MILD = ("answered",) * 8 + ("traded",) * 4 + ("rejected",) * 5
WORST = {Side.BUY: Decimal(103), Side.SELL: Decimal(97)}


class Routed(Storm):
    """As `Storm`, with routed intents of `quantity` 1 to 4 and a market that moves in ticks of 1."""

    execution = AMENDING

    def __init__(self) -> None:
        super().__init__()
        self.approved: dict[str, SubmitOrder] = {}
        self.sent: dict[str, tuple[str, Decimal]] = {}
        """by client order id, the intent of each order that was written and its quantity"""
        self.mid = 100

    @initialize(calm=st.booleans())
    def rules_are_told(self, calm: bool) -> None:
        for lane in [lane for lane in self.lanes if lane.startswith("instruments")]:
            self.perform(lane, "answered")
            self.answer(lane)
        self.calm = calm

    @precondition(lambda self: not self.calm)
    @rule()
    def crash(self) -> None:
        """In every other run."""
        super().crash()

    # --- the host

    def perform(self, lane: str, fate: str) -> None:
        effect = self.lanes[lane][0]
        if isinstance(effect, ReplaceOrder):
            self.lanes[lane].pop(0)
            self.answers[lane] = self.replace(effect, fate)
        elif isinstance(effect, QueryInstruments):
            self.lanes[lane].pop(0)
            told = tuple(rules_of(symbol) for symbol in effect.symbols)
            self.answers[lane] = InstrumentsResult("paper", Outcome.ACCEPTED, told)
        else:
            super().perform(lane, fate)

    def place(self, effect: PlaceOrder, fate: str) -> PlaceResult:
        order = self.rig.state.orders.get(effect.client_order_id)
        if order is not None:
            self.sent[effect.client_order_id] = (order.intent_id, effect.quantity)
        if fate == "rejected" and effect.post_only and effect.client_order_id not in self.venue.orders:
            refused = self.rig.actor.gate(effect, self.rig.now)
            reason = refused or Reason.POST_ONLY_WOULD_TAKE
            outcome = Outcome.REJECTED if refused is None else Outcome.NOT_SENT
            return PlaceResult(effect.client_order_id, outcome, reason)
        result = super().place(effect, fate)
        if effect.client_order_id in self.venue.orders:
            self.venue.end_what_may_not_rest(effect.client_order_id)
        return result

    def replace(self, effect: ReplaceOrder, fate: str) -> ReplaceResult:
        name, now = effect.client_order_id, self.rig.now
        refused = self.rig.actor.gate(effect, now)
        if refused is not None:
            return ReplaceResult(name, Outcome.NOT_SENT, refused)
        if fate == "rejected":
            return ReplaceResult(name, Outcome.REJECTED, Reason.VENUE_REJECTED)
        if fate == "unwritten":
            return ReplaceResult(name, Outcome.NOT_SENT, Reason.NOT_SENT)
        if fate in LATENESS:
            self.venue.delayed.append((now + LATENESS[fate], effect))
        elif fate == "lost_after":
            self.venue.replace(effect)
        elif fate != "lost_before":
            return self.venue.replace(effect)
        return ReplaceResult(name, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)

    def collect(self, effects: list[Effect]) -> None:
        super().collect(effects)
        for effect in effects:
            if isinstance(effect, PlaceOrder | ReplaceOrder) and effect.limit_price is not None:
                order = self.rig.state.orders[effect.client_order_id]
                whole = self.approved.get(order.intent_id)
                if whole is not None:
                    worse = (effect.limit_price - whole.terms.worst_price) * effect.side.sign
                    assert worse <= 0

    # --- what may happen

    @rule(
        route=st.sampled_from([Route.MAKER_FIRST, Route.MAKER_FIRST, Route.TWAP, Route.FLIP]),
        quantity=st.integers(1, 4),
        side=st.sampled_from(Side),
        time_to_live=st.sampled_from([None, None, 6 * SECOND]),
        patience=st.sampled_from([3, 30, 30]),
        quoted=st.sampled_from([True, True, True, False]),
        fate=st.sampled_from([*MILD, *FATES, None]),
        symbol=st.sampled_from(SYMBOLS),
    )
    def submit_routed(
        self,
        route: Route,
        quantity: int,
        side: Side,
        time_to_live: int | None,
        patience: int,
        quoted: bool,
        fate: str | None,
        symbol: str,
    ) -> None:
        """An intent with a route arrives; with a fate its first order goes as far as its answer."""
        self.intents += 1
        now = self.rig.now
        changes: dict[str, Any] = {"quantity": Decimal(quantity), "side": side, "route": route}
        changes |= {"symbol": symbol, "time_to_live": time_to_live, "deadline": now + patience * SECOND}
        changes |= {"worst_price": WORST[side], "limit_price": None, "order_type": OrderType.MARKET}
        message = approved(self.intents, mode_version=self.version, **changes)
        if quoted:
            quote = QuoteSnapshot(self.mid - 1.0, self.mid + 1.0, None, None, now, now)
            message = msgspec.structs.replace(message, quote=quote)
        self.approved[message.intent_id] = message
        self.take(message, "risk")
        order = self.rig.state.order_of(intent(self.intents))
        if fate is not None and order is not None and order.client_order_id in self.ready():
            self.perform(order.client_order_id, fate)
            self.answer(order.client_order_id)

    def submit(self, *_: Any, **__: Any) -> None:
        """No plain intents here, nor wards: they have storms of their own."""

    def give_up(self) -> None:
        """See `submit`."""

    @rule(mode=st.sampled_from([Mode.NORMAL, Mode.REDUCE, Mode.HALTED]), often=st.integers(0, 4))
    def mode_changes(self, mode: Mode, often: int) -> None:
        """Now and then, as it ends every plan."""
        if often == 0:
            self.version += 1
            self.take(ModeChanged(mode, self.version, {"any": mode}, "storm"), "risk")
            self.version += 1
            self.take(ModeChanged(Mode.NORMAL, self.version, {}, "storm"), "risk")

    @precondition(lambda self: self.rig.state.routing.working)
    @rule(fate=st.sampled_from([*MILD, "lost_after"]))
    def everything_is_answered(self, fate: str) -> None:
        """The venue answers all that is under way, and its stream catches up."""
        for lane in self.ready():
            self.perform(lane, fate)
        for lane in list(self.answers):
            self.answer(lane)
        for index in self.undelivered():
            self.deliver(index)

    @rule(by=st.sampled_from([-2, -1, -1, 1, 1, 2]))
    def market_moves(self, by: int) -> None:
        self.mid = max(90, min(110, self.mid + by))
        self.rig.ctx.now += 1
        bid, ask, now = self.mid - 1.0, self.mid + 1.0, self.rig.now
        self.take(Marks(tuple(Mark(symbol, bid, ask, now) for symbol in SYMBOLS)), "strategy/BTC-USDT")

    @precondition(lambda self: self.rig.state.routing.working)
    @rule(seconds=st.sampled_from([0.6, 0.6, 1, 3]), by=st.sampled_from([-3, 3]))
    def market_runs(self, seconds: float, by: int) -> None:
        """Long enough for a new price, and all that is ready is answered."""
        self.pass_time(int(seconds * SECOND))
        self.market_moves(by)
        self.everything_is_answered("answered")

    # --- what always holds

    @invariant()
    def no_intent_is_exceeded(self) -> None:
        exposed: dict[str, Decimal] = {}
        for name, (intent_id, quantity) in self.sent.items():
            resting = self.venue.orders.get(name)
            under_way = any(each.client_order_id == name for _, each in self.venue.delayed)
            most = quantity if under_way and resting is None else Decimal(0)
            if resting is not None:
                most = resting.request.quantity if resting.state in OPEN else resting.filled
            exposed[intent_id] = exposed.get(intent_id, Decimal(0)) + most
        for intent_id, most in exposed.items():
            if intent_id in self.approved:
                assert most <= self.approved[intent_id].terms.quantity, intent_id

    @invariant()
    def one_order_of_a_plan_lives(self) -> None:
        state = self.rig.state
        for plan in state.routing.plans.values():
            living = [order for order in state.orders_of(plan) if not order.settled]
            revived = [order for order in living if order.cancel_reason is Reason.LATE_ACCEPTANCE]
            assert len(living) - len(revived) <= 1
            assert not (plan.ended and living)

    # --- the calm after

    def everything_has_ended_and_adds_up(self) -> None:
        state = self.rig.state
        assert (state.live, state.frozen, state.waiting) == ({}, {}, {})
        assert (state.routing.working, state.routing.quotes) == ({}, {})
        booked: dict[str, Decimal] = {}
        for name, order in self.venue.orders.items():
            intent_id = state.orders[name].intent_id
            booked[intent_id] = booked.get(intent_id, Decimal(0)) + order.filled
        for number in range(1, self.intents + 1):
            final = self.rig.final(number)
            assert final is not None
            assert final.filled == booked.get(intent(number), Decimal(0))
            assert final.filled <= final.quantity
        positions = {symbol: held for symbol, held in self.venue.positions.items() if held != 0}
        assert state.positions == positions
        self.rig.restart()

    def count_what_was_reached(self) -> None:
        super().count_what_was_reached()
        for staged in self.rig.happened(RouteStaged):
            reached[f"{staged.stage.value} after {staged.reason.value}"] += 1
        for ended in self.rig.happened(ReplaceEnded):
            reached[f"replaced: {ended.applied}"] += 1
        reached["replace"] += len(self.rig.happened(ReplaceStarted))
        for started in self.rig.happened(RouteStarted):
            reached[f"slices: {len(started.slices)}"] += 1
        whole = [each for each in self.rig.happened(RouteEnded) if each.state is OrderState.FILLED]
        reached["whole"] += len(whole)
        reached["children"] += sum(each.attempt > 0 for each in self.rig.happened(OrderPlacing))


class RoutedDour(Routed, DourStorm):
    """The same where the stream tells nothing twice."""

    execution = DOUR


def by_hand(kind: type[Routed]) -> None:
    """As `test_storm.by_hand`: what random steps reach seldom."""

    def begun(route: Route, quantity: int, fate: str) -> Routed:
        storm = kind()
        storm.rules_are_told(True)
        storm.submit_routed(route, quantity, Side.BUY, None, 30, True, fate, SYMBOLS[0])
        return storm

    for fate in ("answered", "unwritten"):  # the new price is taken, or never leaves
        storm = begun(Route.MAKER_FIRST, 2, "answered")
        for _ in range(3):
            storm.everything_is_answered("answered")
            storm.pass_time(SECOND * 6 // 10)
            storm.market_moves(2)
            for lane in storm.ready():
                storm.perform(lane, fate)
                storm.answer(lane)
        storm.teardown()
    begun(Route.MAKER_FIRST, 2, "rejected").teardown()
    storm = begun(Route.TWAP, 3, "traded")
    while storm.rig.state.routing.working:
        storm.everything_is_answered("traded")
        storm.market_moves(1)
        storm.pass_time(SECOND)
    storm.teardown()


WANTED = {
    "maker after post_only_would_take",
    "taker after maker_fallback",
    "slices: 2",
    "slices: 3",
    "whole",
    "children",
    "doubted",
}


@pytest.mark.parametrize(
    ("kind", "execution", "wanted"),
    [
        (Routed, AMENDING, WANTED | {"replaced: True", "replaced: False", "resent"}),
        (Routed, REPLACING, WANTED | {"maker after repriced"}),
        (RoutedDour, DOUR, WANTED | {"stream begun", "list taken"}),
    ],
    ids=["amending", "replacing", "dour"],
)
def test_no_intent_is_exceeded_and_every_one_ends_whatever_happens(
    kind: type[Routed], execution: ExecutionSettings, wanted: set[str]
) -> None:
    reached.clear()
    machine = type(f"{kind.__name__}_{execution.traits.amend}", (kind,), {"execution": execution})
    by_hand(machine)
    run_state_machine_as_test(machine, settings=settings(STORM, max_examples=120, stateful_step_count=50))
    assert {each for each in wanted if not reached[each]} == set()
