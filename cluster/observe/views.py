"""What the projection remembers of intents, orders, fills and actors, in the terms people ask for them.

They are filled in whatever order the journals are read, so every part that has not been heard of is None.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.base import Address, Message
from messages.decisions import DecisionMade
from messages.events import EventType, Severity
from messages.intents import CheckResult, OrderTerms, OrderType, Purpose, Route, Side, Verdict
from messages.market import QuoteSnapshot
from messages.orders import TERMINAL, Fill, OrderState
from messages.portfolio import FillBooked
from messages.reasons import Layer, Reason

ZERO = Decimal(0)

HISTORY_KEPT = 64
"""State changes kept of one order; a sane order has fewer than ten."""


class IntentView(msgspec.Struct):
    """One intent, from the quote it was raised on to its end. Times are desk time in ns UTC.

    `requested` and `approved` are in base units; `outcome` is the state its requester or execution ended it in.
    `routed`: it may be several orders, and its own end is told apart from theirs; `route` is how, `routing` the events
    of its plan.
    """

    intent_id: str
    strategy: str | None = None
    requester: Address | None = None
    symbol: str | None = None
    venue: str | None = None
    side: Side | None = None
    purpose: Purpose | None = None
    terms: OrderTerms | None = None
    reason: str | None = None
    quote: QuoteSnapshot | None = None
    decision: DecisionMade | None = None
    requested: Decimal | None = None
    raised_at: int | None = None
    verdict: Verdict | None = None
    verdict_reason: Reason | None = None
    approved: Decimal | None = None
    checks: tuple[CheckResult, ...] = ()
    decided_at: int | None = None
    cancel_asked_at: int | None = None
    orders: list[str] = []
    ledger: list[FillBooked] = []
    outcome: OrderState | None = None
    outcome_reason: Reason | None = None
    outcome_layer: Layer | None = None
    outcome_filled: Decimal | None = None
    closed_at: int | None = None
    routed: bool = False
    route: Route | None = None
    routing: list[Message] = []

    def note_route(self, event: Message) -> None:
        """Keep one event of its plan; the second oldest goes when there are too many."""
        self.routing.append(event)
        if len(self.routing) > HISTORY_KEPT:
            del self.routing[1]

    @property
    def ended(self) -> bool:
        """Whether nothing more can come of it, as far as the journals tell."""
        return self.outcome is not None or self.verdict is Verdict.REJECTED


class OrderChange(msgspec.Struct, frozen=True):
    """One step of an order's life at desk time `time` (ns UTC)."""

    time: int
    trigger: str
    state: OrderState
    reason: Reason
    detail: str


class OrderView(msgspec.Struct):
    """One order. Quantities in base units, `value` and prices in quote currency, fees by currency.

    `replacing`: the price and quantity it is being given, until it is known whether it was.
    """

    client_order_id: str
    intent_id: str | None = None
    venue: str | None = None
    requester: Address | None = None
    strategy: str | None = None
    symbol: str | None = None
    side: Side | None = None
    order_type: OrderType | None = None
    post_only: bool = False
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    replacing: tuple[Decimal, Decimal] | None = None
    stop_price: Decimal | None = None
    purpose: Purpose | None = None
    venue_order_id: str | None = None
    state: OrderState = OrderState.PLACING
    reason: Reason = Reason.ACCEPTED
    placed_at: int | None = None
    acknowledged_at: int | None = None
    first_fill_at: int | None = None
    settled_at: int | None = None
    sends: int = 1
    filled: Decimal = ZERO
    value: Decimal = ZERO
    fees: dict[str, Decimal] = {}
    history: list[OrderChange] = []
    dropped_history: int = 0

    @property
    def open(self) -> bool:
        """Whether it may still fill."""
        return self.state not in TERMINAL

    @property
    def average_price(self) -> Decimal | None:
        """What was paid or got per base unit; None without a fill."""
        return self.value / self.filled if self.filled else None

    def change(self, change: OrderChange) -> None:
        """Add one step of its life; the oldest but the first goes when there are too many."""
        self.history.append(change)
        if len(self.history) > HISTORY_KEPT:
            del self.history[1]
            self.dropped_history += 1


class FillView(msgspec.Struct, frozen=True):
    """One fill and when execution took it (desk time, ns UTC)."""

    fill: Fill
    seen_at: int


class HappeningView(msgspec.Struct, frozen=True):
    """One event that has a name for operators, in a line."""

    time: int
    address: Address
    event_type: EventType
    severity: Severity
    step: int
    text: str


class ActorView(msgspec.Struct):
    """How far one actor's journal was read.

    `complete` is False when its beginning had been trimmed away before it was read; `epochs` counts the different
    epochs seen, `observations` the decisions on market data, `damaged` the records that could not be read.
    """

    address: Address
    step: int = 0
    epoch: int = 0
    epochs: int = 0
    now: int = 0
    records: int = 0
    events: int = 0
    observations: int = 0
    faults: int = 0
    damaged: int = 0
    last_damage: str = ""
    complete: bool = True
    recovered_from: int | None = None
