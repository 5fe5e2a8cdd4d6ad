"""What a drill's run left behind, and questions to it: journals, requests that left, the venues' own records."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from cluster.drill.arrangement import Arrangement, Span
from cluster.drill.line import Request
from cluster.drill.stage import DrillDesk
from cluster.host.settings_map import traded_symbols
from cluster.observe.fingerprint import fingerprint
from cluster.observe.projection import Projection
from cluster.observe.views import OrderView
from messages.base import Address, Message
from messages.control import Mode
from messages.decisions import IntentRaised
from messages.errors import InvariantError
from messages.modes import ModeDecided
from messages.order_events import OrderTransitioned
from messages.orders import TERMINAL, OrderState
from messages.venue import PlaceOrder
from messages.venue_stream import VenueEvent

E = TypeVar("E", bound=Message)
ZERO = Decimal(0)


class Happened(NamedTuple, Generic[E]):
    """One event of an actor's journal; `time` is desk time, ns UTC."""

    time: int
    address: Address
    event: E


class Evidence:
    """A run that has ended. Raises `InvariantError` when its journals were trimmed: then nothing is proven."""

    def __init__(self, desk: DrillDesk) -> None:
        self.desk = desk
        self.requests: tuple[Request, ...] = tuple(desk.requests)
        self.happened: list[Happened[Message]] = []
        for address in desk.hosts:
            journal = desk.store.actors[address].journal
            if journal and journal[0].step != 1:
                raise InvariantError(
                    "the drill's journals were trimmed",
                    field=address,
                    value=journal[0].step,
                    remedy="raise supervision.journal_retention_steps",
                )
            self.happened += [
                Happened(record.now, address, event) for record in journal for event in record.events
            ]
        self.happened.sort(key=lambda each: each.time)

    # ------------------------------------------------------------------ the run

    @property
    def arrangement(self) -> Arrangement:
        """What was arranged."""
        return self.desk.arrangement

    @property
    def fault(self) -> Span:
        """When the fault was in force."""
        return self.arrangement.fault

    @property
    def subject(self) -> str:
        """The symbol that the drill is about."""
        return self.arrangement.subject

    @property
    def span(self) -> Span:
        """The whole run, with the time in which it came to rest."""
        return Span(self.desk.plan.start, self.desk.clock.now + 1)

    @property
    def symbols(self) -> list[str]:
        """The symbols that are traded."""
        return traded_symbols(self.desk.config)

    @cached_property
    def projection(self) -> Projection:
        """All journals in one picture."""
        return self.desk.projection()

    @cached_property
    def fingerprint(self) -> str:
        """64 hex digits over all orders and fills."""
        return fingerprint(self.projection)

    # ------------------------------------------------------------------ what happened

    def events(self, kind: type[E], span: Span | None = None) -> list[Happened[E]]:
        """The events of this kind, in order of time."""
        return [
            each  # type: ignore[misc]
            for each in self.happened
            if type(each.event) is kind and (span is None or each.time in span)
        ]

    def entries(self, symbol: str | None = None, span: Span | None = None) -> list[Happened[IntentRaised]]:
        """Intents to open or grow a position; of all symbols, or of one."""
        return [
            each
            for each in self.events(IntentRaised, span)
            if not each.event.leaving and symbol in (None, each.event.intent.terms.symbol)
        ]

    def placements(self, span: Span | None = None) -> list[tuple[Request, PlaceOrder]]:
        """The requests to place an order that reached a venue."""
        return [
            (each, each.effect)
            for each in self.requests
            if isinstance(each.effect, PlaceOrder) and each.arrived and (span is None or each.time in span)
        ]

    def modes(self) -> Iterator[tuple[Span, ModeDecided]]:
        """Every mode that was decided, with the span in which it was in force."""
        decided = self.events(ModeDecided)
        ends = [each.time for each in decided[1:]] + [self.span.end]
        for each, end in zip(decided, ends, strict=True):
            yield Span(each.time, end), each.event

    def mode_at(self, time: int) -> Mode:
        """The mode in force at a desk time; NORMAL before risk's first word."""
        return next((event.mode for span, event in self.modes() if time in span), Mode.NORMAL)

    def first_span_of(self, mode: Mode) -> Span | None:
        """When the desk came into this mode first since the fault began, and when it left it; None for never."""
        found = [span for span, event in self.modes() if event.mode is mode and span.begin < span.end]
        return next((span for span in found if span.begin >= self.fault.begin), None)

    # ------------------------------------------------------------------ orders and positions

    @property
    def orders(self) -> list[OrderView]:
        """All orders, in the order they were placed."""
        return list(self.projection.orders.orders.values())

    def working(self) -> list[tuple[str, Span]]:
        """When each order that came to work did, by client order id: until it ended, or the run did."""
        begun: dict[str, int] = {}
        found: list[tuple[str, Span]] = []
        for time, _, event in self.events(OrderTransitioned):
            name = event.client_order_id
            if event.state is OrderState.WORKING:
                begun.setdefault(name, time)
            elif event.state in TERMINAL and name in begun:
                found.append((name, Span(begun.pop(name), time)))
        return found + [(name, Span(time, self.span.end)) for name, time in begun.items()]

    def venue_events(self) -> list[VenueEvent]:
        """What the venues told of orders, in the order of each."""
        told = [event for venue in self.desk.venues.values() for event in venue.events_after(0)]
        return [event for event in told if isinstance(event, VenueEvent)]

    def positions(self, symbol: str) -> list[tuple[int, Decimal]]:
        """The position at the venue after each fill of this symbol, with the time of the fill (ns UTC)."""
        held, found = ZERO, []
        for event in self.venue_events():
            if event.symbol == symbol and event.fill is not None:
                held += event.side.sign * event.fill.quantity
                found.append((event.time, held))
        return found
