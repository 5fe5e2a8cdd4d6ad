"""A rig for intents with a route: quotes in ticks of 1, a patience of 4 s, three slices 3 s apart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from actors.execution.order import Order
from actors.execution.routing.plan import Plan
from actors.execution.routing.settings import RoutingSettings
from actors.execution.settings import SECOND, ExecutionSettings
from actors.venues.port import VenueTraits
from messages.base import Effect
from messages.intents import OrderType, Route, Side
from messages.market import Mark, Marks, QuoteSnapshot
from messages.orders import Liquidity, OrderReport, OrderState
from messages.reasons import Reason
from messages.routing import RouterRecord
from messages.venue import Outcome, PlaceOrder, PlaceResult
from messages.venue_account import InstrumentsResult
from tests.actors.execution.rig import STRATEGY, SYMBOL, Rig, approved, intent, kinds, venue_event
from tests.actors.execution.routing.rules import rules_of

ROUTING = RoutingSettings(
    maker_patience_ns=4 * SECOND,
    reprice_interval_ns=SECOND,
    max_reprices=2,
    cost_budget=Decimal("0.03"),
    quote_age_ns=20 * SECOND,
    twap_notional=Decimal(200),
    twap_slices=3,
    twap_interval_ns=3 * SECOND,
)
TRAITS = VenueTraits(
    never_accepts_id_twice=True,
    post_only=True,
    immediate_or_cancel=True,
    reduce_only=True,
    stops=True,
    close_position=True,
    amend=True,
    stream_resumes=True,
)
AMENDING = ExecutionSettings(
    "paper", TRAITS, symbols=(SYMBOL,), instruments_interval_ns=86_400 * SECOND, routing=ROUTING
)
PATIENT = msgspec.structs.replace(
    AMENDING, routing=msgspec.structs.replace(ROUTING, maker_patience_ns=300 * SECOND)
)
REPLACING = msgspec.structs.replace(AMENDING, traits=msgspec.structs.replace(TRAITS, amend=False))


class RoutedRig(Rig):
    """A rig whose venue has told its rules; `route` submits, `quote` moves the market."""

    def __init__(self, settings: ExecutionSettings = AMENDING, **rules: Any) -> None:
        super().__init__(settings)
        self.take(InstrumentsResult("paper", Outcome.ACCEPTED, (rules_of(SYMBOL, **rules),)))
        self.mid = 100.0
        self.told = 0

    def route(
        self, route: Route, quantity: str = "2", side: Side = Side.BUY, *, quoted: bool = True, **changes: Any
    ) -> list[Effect]:
        """An approved intent with this route, bounded 10 away; the effects it led to."""
        worst = Decimal(110) if side is Side.BUY else Decimal(90)
        fields = {"order_type": OrderType.MARKET, "limit_price": None, "worst_price": worst} | changes
        message = approved(1, self.now, route=route, quantity=Decimal(quantity), side=side, **fields)
        if quoted:
            quote = QuoteSnapshot(self.mid - 1, self.mid + 1, None, None, self.now, self.now)
            message = msgspec.structs.replace(message, quote=quote)
        return self.take(message, sender="risk").effects

    def quote(self, mid: float) -> list[Effect]:
        """The market is one tick around `mid` now; the effects that led to."""
        self.ctx.now += 1
        self.mid = mid
        return self.take(Marks((Mark(SYMBOL, mid - 1, mid + 1, self.now),)), sender=STRATEGY).effects

    @property
    def plan(self) -> Plan:
        return self.state.routing.plans[intent(1)]

    @property
    def order(self) -> Order:
        """The plan's newest order."""
        return self.state.orders_of(self.plan)[-1]

    def accept(self) -> None:
        """The venue takes the newest order."""
        name = self.order.client_order_id
        self.take(PlaceResult(name, Outcome.ACCEPTED, Reason.ACCEPTED, f"v-{name[-4:]}"))

    def refuse_to_rest(self) -> list[Effect]:
        """The venue refuses the newest order, as it would take."""
        return self.place_result(self.order, Outcome.REJECTED, Reason.POST_ONLY_WOULD_TAKE).effects

    def fill(self, quantity: str, price: str, state: OrderState, *, maker: bool = True) -> list[Effect]:
        """So much of the newest order is filled."""
        self.told += 1
        filled = self.order.filled + Decimal(quantity)
        event = venue_event(
            self.order,
            state,
            self.state.stream_sequence + 1,
            filled=str(filled),
            fill=f"fill-{self.told}",
            price=price,
            quantity=quantity,
        )
        if maker and event.fill is not None:
            passive = msgspec.structs.replace(event.fill, liquidity=Liquidity.MAKER)
            event = msgspec.structs.replace(event, fill=passive)
        return self.take(event).effects

    def ended(self, state: OrderState, reason: Reason = Reason.ACCEPTED) -> list[Effect]:
        """The newest order ends at the venue with what is filled."""
        return self.event(self.order, state, filled=str(self.order.filled), reason=reason).effects

    @property
    def outcome(self) -> OrderReport:
        """The intent's final report."""
        final = self.final()
        assert final is not None
        return final

    @property
    def record(self) -> RouterRecord:
        """The newest router record."""
        return self.happened(RouterRecord)[-1]


def placed(effects: list[Effect]) -> PlaceOrder:
    """The one order that is to be placed."""
    (found,) = [effect for effect in effects if isinstance(effect, PlaceOrder)]
    return found


def changing() -> RoutedRig:
    """A passive order of 2 at 99 whose price is being changed to 100; nothing hurries."""
    rig = RoutedRig(PATIENT)
    rig.route(Route.MAKER_FIRST, deadline=rig.now + 600 * SECOND)
    rig.accept()
    rig.wait(SECOND)
    rig.quote(101)
    assert kinds(rig.effects) == ["ReplaceOrder"]
    return rig
