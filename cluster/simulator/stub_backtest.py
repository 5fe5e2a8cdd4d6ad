"""A stub backtest: quotes -> strategy -> risk -> execution -> a venue that fills at once, run as backtests are.

Its actors decide next to nothing, so that what it measures is the price of the runtime itself: what a quote costs,
what a step costs, and how many orders a second there is room for. `measure()` returns the figures.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec
import numpy as np

from actors.base import Actor, Context, applies, receives
from cluster.feeds.columns import Chunk
from cluster.feeds.cursor import FeedCursor
from cluster.simulator.driver import MemoryMail, SimulatedHost
from cluster.simulator.ports import Intake, VirtualClock
from cluster.simulator.rounds import PostingStore, Rounds
from cluster.simulator.unrecorded import UnrecordedRounds
from cluster.steps.machine import StepMachine
from cluster.steps.settings import StepSettings
from cluster.store.port import Incarnation
from messages.base import Address, Effect, Message, message_type
from messages.intents import OrderIntent, OrderTerms, OrderType, Side, SubmitOrder
from messages.market import ObservationDue, TickKind
from messages.orders import Fill, Liquidity, OrderReport, OrderState
from messages.reasons import Reason
from messages.venue import Outcome, PlaceOrder, PlaceResult, VenueFill
from messages.venue_stream import VenueEvent

SYMBOL, VENUE = "BTC-USDT", "stub"
STRATEGY, RISK, EXECUTION = f"strategy/{SYMBOL}", "risk", f"execution/{VENUE}"
_CHUNK = 4096
_SECOND = 1_000_000_000
_QUANTITY, _PRICE, _WORST, _FEE = Decimal("0.01"), Decimal("60000.0"), Decimal("60060.0"), Decimal("0.3")

BACKTEST = StepSettings(
    snapshot_every=2**62, digest_every=0, trim_every=2**62, hash_outputs=False, report_steps=False
)
"""How a step machine is set when nothing can be lost and nobody reads along."""


@message_type
class StubBooked(Message, frozen=True):
    """A quantity was raised, approved, placed or filled."""

    what: str
    quantity: Decimal


class StubState(msgspec.Struct):
    """How often, and how much in all, by what happened."""

    counts: dict[str, int] = {}
    quantities: dict[str, Decimal] = {}


class _StubActor(Actor[StubState]):
    @applies(StubBooked)
    def book(self, event: StubBooked) -> None:
        """Add it up."""
        counts, quantities, what = self.state.counts, self.state.quantities, event.what
        counts[what] = counts.get(what, 0) + 1
        quantities[what] = quantities.get(what, Decimal(0)) + event.quantity


class StubStrategy(_StubActor):
    """Looks at every quote and raises an intent on every so-many-eth."""

    every = 20
    seen = 0
    spread = 0.0

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
        """Keep the smoothed spread."""
        self.spread += 0.1 * (v2 - v0 - self.spread)
        self.seen += 1
        return self.seen % self.every == 0

    @receives(ObservationDue)
    def on_due(self, due: ObservationDue, ctx: Context) -> None:
        """Buy."""
        ctx.emit(StubBooked(what="raised", quantity=_QUANTITY))
        terms = OrderTerms(
            symbol=SYMBOL,
            venue=VENUE,
            side=Side.BUY,
            quantity=_QUANTITY,
            order_type=OrderType.MARKET,
            worst_price=_WORST,
            deadline=ctx.now + _SECOND,
        )
        ctx.send(RISK, OrderIntent(strategy="stub", terms=terms, quote=None, reason="stub"))

    @receives(Fill)
    def on_fill(self, fill: Fill, ctx: Context) -> None:
        """Book it."""
        ctx.emit(StubBooked(what="filled", quantity=fill.quantity))

    @receives(OrderReport)
    def on_report(self, report: OrderReport, ctx: Context) -> None:
        """Book it."""
        ctx.emit(StubBooked(what="reported", quantity=report.filled))


class StubRisk(_StubActor):
    """Approves everything."""

    @receives(OrderIntent)
    def on_intent(self, intent: OrderIntent, ctx: Context) -> None:
        """Reserve and pass on."""
        ctx.emit(StubBooked(what="reserved", quantity=intent.terms.quantity))
        approved = SubmitOrder(
            intent_id=ctx.message_id,
            requester=ctx.sender,
            strategy=intent.strategy,
            terms=intent.terms,
            mode_version=1,
            increases_exposure=True,
        )
        ctx.send(EXECUTION, approved)

    @receives(Fill)
    def on_fill(self, fill: Fill, ctx: Context) -> None:
        """Book it."""
        ctx.emit(StubBooked(what="filled", quantity=fill.quantity))

    @receives(OrderReport)
    def on_report(self, report: OrderReport, ctx: Context) -> None:
        """Let go of the reservation."""
        ctx.emit(StubBooked(what="released", quantity=report.filled))


class StubExecution(_StubActor):
    """Places what it is given and passes fills on; keeps the open orders outside its state, which a stub may."""

    def __init__(self, address: str, state: StubState) -> None:
        super().__init__(address, state)
        self.open: dict[str, SubmitOrder] = {}

    @receives(SubmitOrder)
    def on_submit(self, order: SubmitOrder, ctx: Context) -> None:
        """Place it under its intent's id."""
        ctx.emit(StubBooked(what="placing", quantity=order.terms.quantity))
        self.open[order.intent_id] = order
        ctx.perform(
            PlaceOrder(
                client_order_id=order.intent_id,
                symbol=order.terms.symbol,
                side=order.terms.side,
                quantity=order.terms.quantity,
                order_type=order.terms.order_type,
                time_in_force=order.terms.time_in_force,
                post_only=False,
                reduce_only=False,
                limit_price=None,
                stop_price=None,
                deadline=order.terms.deadline,
                mode_version=order.mode_version,
                increases_exposure=order.increases_exposure,
            )
        )

    @receives(PlaceResult)
    def on_placed(self, result: PlaceResult, ctx: Context) -> None:
        """Book it."""
        ctx.emit(StubBooked(what="placed", quantity=_QUANTITY))

    @receives(VenueEvent)
    def on_venue_event(self, event: VenueEvent, ctx: Context) -> None:
        """Pass the fill on, with the final report, to risk and requester."""
        order, execution = self.open.pop(event.client_order_id), event.fill
        assert execution is not None
        ctx.emit(StubBooked(what="filled", quantity=execution.quantity))
        fill = Fill(
            fill_id=execution.fill_id,
            venue=VENUE,
            symbol=event.symbol,
            strategy=order.strategy,
            intent_id=order.intent_id,
            client_order_id=event.client_order_id,
            venue_order_id=event.venue_order_id,
            side=event.side,
            price=execution.price,
            quantity=execution.quantity,
            fee=execution.fee,
            fee_currency=execution.fee_currency,
            liquidity=execution.liquidity,
            event_time=event.time,
        )
        report = OrderReport(
            intent_id=order.intent_id,
            symbol=event.symbol,
            client_order_id=event.client_order_id,
            state=event.state,
            quantity=order.terms.quantity,
            filled=event.filled,
            final=True,
            reason=event.reason,
            time=event.time,
        )
        for recipient in (RISK, order.requester):
            ctx.send(recipient, fill)
            ctx.send(recipient, report)


class InstantVenue:
    """An outside that accepts and fills every order in full at once."""

    def __init__(self) -> None:
        self.intake: Intake | None = None
        self._sequence = 0

    def latency(self, effect: Effect) -> tuple[int, int]:
        """See `Outside.latency`."""
        return 0, 0

    def perform(self, effect: Effect, now: int) -> Message | None:
        """Accept the order and report its fill on the private stream."""
        assert isinstance(effect, PlaceOrder)
        assert self.intake is not None
        self._sequence += 1
        fill_id = str(self._sequence)
        fill = VenueFill(fill_id, _PRICE, effect.quantity, _FEE, "USDT", Liquidity.TAKER)
        self.intake.venue_event(
            VenueEvent(
                venue=VENUE,
                sequence=self._sequence,
                time=now,
                client_order_id=effect.client_order_id,
                venue_order_id=fill_id,
                symbol=effect.symbol,
                side=effect.side,
                state=OrderState.FILLED,
                filled=effect.quantity,
                fill=fill,
                reason=Reason.ACCEPTED,
            )
        )
        return PlaceResult(effect.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED, fill_id)

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """See `Outside.withheld`; here nothing is."""
        return None


class QuoteFeed:
    """A feed of so many equal quotes, a millisecond apart."""

    symbol = SYMBOL
    first_time = 0

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.last_time: int | None = None

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """See `Feed.open`."""
        for start in range(position, self.rows, _CHUNK):
            count = min(_CHUNK, self.rows - start)
            times = np.arange(start, start + count, dtype=np.int64) * 1_000_000
            bid, ask, size = (np.full(count, value) for value in (60_000.0, 60_000.1, 1.5))
            kinds = np.full(count, TickKind.QUOTE, dtype=np.int8)
            yield Chunk(SYMBOL, times, times, kinds, bid, size, ask, size, size)


class StubDesk:
    """Three actors, one symbol, one venue, at full speed; `every` quotes there is an order. `recorded` steps are those
    of the step machine, over a store that drops what was taken."""

    def __init__(self, quotes: int, every: int, *, recorded: bool = False) -> None:
        self.clock = VirtualClock()
        self.venue = InstantVenue()
        strategy = StubStrategy(STRATEGY, StubState(counts={}, quantities={}))
        strategy.every = every
        self.feed = FeedCursor(QuoteFeed(quotes))
        actors: tuple[_StubActor, ...] = (
            strategy,
            StubRisk(RISK, StubState(counts={}, quantities={})),
            StubExecution(EXECUTION, StubState(counts={}, quantities={})),
        )
        self.strategy = strategy
        outsides = {EXECUTION: self.venue}
        self.rounds: Rounds | UnrecordedRounds
        self._intakes: Mapping[Address, Intake]
        if recorded:
            store = PostingStore(keep_journal=False)
            hosts = {
                actor.address: SimulatedHost(
                    StepMachine(actor, Incarnation("here", "now", 1, 0), BACKTEST),
                    store,
                    self.clock,
                    mail=MemoryMail(store),
                    outside=outsides.get(actor.address),
                )
                for actor in actors
            }
            self.rounds = Rounds(store, hosts)
            self._intakes = {address: host.intake for address, host in hosts.items()}
        else:
            self.rounds = UnrecordedRounds(self.clock, capacity=10_000, takers={})
            for actor in actors:
                self.rounds.add(actor, outside=outsides.get(actor.address))
            self._intakes = self.rounds.hosts
        self.venue.intake = self._intakes[EXECUTION]

    def run(self) -> None:
        """Fold the whole feed; whenever a decision is due, let the desk come to rest before the next quote."""
        self.rounds.begin("stub")
        observe, clock, fold = self.strategy.observe, self.clock, self.feed.fold
        intake = self._intakes[STRATEGY]
        while (due := fold(observe)) is not None:
            clock.now = due
            intake.observation(ObservationDue(SYMBOL, self.feed.position, due))
            self.rounds.settle(STRATEGY)

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return self.rounds.steps

    @property
    def orders(self) -> int:
        """How many orders went all the way."""
        return self.strategy.state.counts.get("reported", 0)


def measure(quotes: int = 400_000, orders: int = 10_000) -> dict[str, float]:
    """Figures on this machine: quotes per second, µs per step, orders per second, steps per order."""
    idle = StubDesk(quotes, every=2**62)
    quote_seconds = _timed(idle)
    busy = StubDesk(orders * 2, every=2)
    order_seconds = _timed(busy) - quote_seconds * (orders * 2 / quotes)
    half = StubDesk(orders, every=2)
    half_seconds = _timed(half) - quote_seconds * (orders / quotes)
    return {
        "quotes_per_second": round(quotes / quote_seconds),
        "quote_us": round(quote_seconds / quotes * 1e6, 3),
        "step_us": round(order_seconds / busy.steps * 1e6, 2),
        "steps_per_order": round(busy.steps / busy.orders, 2),
        "order_us": round(order_seconds / busy.orders * 1e6, 2),
        "orders_per_second": round(busy.orders / order_seconds),
        "order_us_first_half": round(half_seconds / half.orders * 1e6, 2),
    }


def _timed(desk: StubDesk) -> float:
    gc.collect()
    started = time.process_time()
    desk.run()
    return time.process_time() - started
