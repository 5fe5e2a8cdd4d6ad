"""A venue in the simulation: the paper venue's gateway, ledger and matching engine, without sockets and without a disk.

Whoever runs the simulation folds the market into `engine` and moves time on with `advance`; what may be known by
then is told by `take`. An order meets the same rules here as at the paper venue, in the same order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import Event
from actors.venues.matching.instruments import AccountSettings, EngineSettings, Instrument, MarketKind
from actors.venues.matching.orders import CancelRequest, venue_order_id
from cluster.paper.gateway import Refusal, check_is_new, check_order
from cluster.paper.ledger import Ledger
from cluster.paper.lines import EventLine, FundingLine
from cluster.paper.lines import StreamLine as RecordedLine
from cluster.paper.records import OrderRecord, OrderRequest, new_order
from cluster.simulator.alarms import NEVER
from messages.base import Effect, Message
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    CancelResult,
    FillsResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    QueryResult,
    ReplaceOrder,
    VenueFill,
    VenueOrder,
    VenueTrade,
)
from messages.venue_account import (
    AccountResult,
    InstrumentsResult,
    ListingStatus,
    QueryAccount,
    QueryInstruments,
    VenueInstrument,
)
from messages.venue_stream import StreamEvent, VenueEvent, VenueFunding, VenueTransfer


class TransferLine(msgspec.Struct, frozen=True, gc=False):
    """Money that came into the account, or left it; times as in `cluster.paper.lines.EventLine`."""

    sequence: int
    time: int
    report_time: int
    transfer_id: str
    currency: str
    amount: Decimal


StreamLine = RecordedLine | TransferLine

Gate = Callable[[PlaceOrder | ReplaceOrder, int], Reason | None]
"""Why an order may not leave at this desk time, by the newest mode known; None when it may."""


class SimulatedVenue:
    """One venue account. `time` is how far its market is folded, ns UTC.

    With `keep_events` its stream can be read again from any sequence, as a restarted reader must; else an event is
    forgotten once it was taken.
    """

    def __init__(
        self,
        name: str,
        instruments: Sequence[Instrument],
        account: AccountSettings,
        settings: EngineSettings,
        *,
        start: int = 0,
        keep_events: bool = True,
    ) -> None:
        self.name = name
        self.time = start
        self.engine = MatchingEngine(instruments, settings, [account])
        self.ledger = Ledger()
        self.published = 0
        """The sequence of the last event that may be known by `time`."""
        self.due = NEVER
        """`next_time` as of the last command or the last `take`, `NEVER` for nothing: for whoever asks all the time."""
        self._account = account.account
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        self._arrival_time = settings.arrival_time
        self._unreported: deque[StreamLine] = deque()
        self._told: list[StreamEvent] | None = [] if keep_events else None
        self._trades: list[VenueTrade] | None = [] if keep_events else None
        self.witness: Callable[[EventLine], None] | None = None
        """Is shown every event of an order as it happens in the book, before anybody may know of it."""

    def market_kind(self, symbol: str) -> MarketKind:
        """What the book of a symbol lives on."""
        return self._instruments[symbol].market.kind

    # ------------------------------------------------------------------ time and events

    @property
    def next_time(self) -> int | None:
        """When the next thing that is under way becomes due, ns UTC: an arrival or a report; None for nothing."""
        arrival = self.engine.next_arrival()
        if not self._unreported:
            return arrival
        report = self._unreported[0].report_time
        return report if arrival is None or report < arrival else arrival

    def advance(self, until: int) -> list[Event]:
        """The market is folded up to `until`: commands that have arrived by then meet it. Returns what happened in the
        book, which nobody may know before it is told."""
        self.engine.advance(until)
        self.time = until
        happened = self.engine.drain()
        for event in happened:
            line = self._entered(event)
            if line is None:
                continue
            self._unreported.append(line)
            if self._trades is not None and isinstance(line, EventLine) and line.fill is not None:
                self._trades.append(_trade(line))
            if self.witness is not None and isinstance(line, EventLine):
                self.witness(line)
        return happened

    def _entered(self, event: Event) -> RecordedLine | None:
        """Enter an event of the book; the line that tells it, None for one that concerns nobody outside."""
        return self.ledger.apply(event)

    def _book_id(self, client_order_id: str) -> str:
        """The id by which the book knows an order."""
        return client_order_id

    def transfer(self, transfer_id: str, currency: str, amount: Decimal, *, told: bool) -> None:
        """Move money into the account, or out of it when below 0; `told`: its stream tells of it."""
        self.engine.deposit(self._account, currency, amount)
        if told:
            self.ledger.sequence += 1
            latest = self._unreported[-1].report_time if self._unreported else self.time
            self._unreported.append(
                TransferLine(
                    self.ledger.sequence, self.time, max(latest, self.time), transfer_id, currency, amount
                )
            )

    def take(self) -> list[StreamEvent]:
        """The events that may be known by now and were not told yet, in order of their sequence."""
        unreported, told = self._unreported, []
        while unreported and unreported[0].report_time <= self.time:
            told.append(_told(self.name, unreported.popleft()))
        if told:
            self.published = told[-1].sequence
            if self._told is not None:
                self._told += told
        due = self.next_time
        self.due = NEVER if due is None else due
        return told

    def events_after(self, sequence: int) -> Sequence[StreamEvent]:
        """What was told behind `sequence`, for a reader that begins anew; only with `keep_events`."""
        told = self._told or []
        return told[bisect_right(told, sequence, key=lambda event: event.sequence) :]

    # ------------------------------------------------------------------ commands and questions

    def place(self, order: PlaceOrder, now: int) -> PlaceResult:
        """Take an order that was sent at `now` (ns UTC), or refuse it."""
        request = OrderRequest(
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            order_type=order.order_type,
            quantity=order.quantity,
            limit_price=order.limit_price,
            stop_price=order.stop_price,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            reduce_only=order.reduce_only,
            sent_at=now,
        )
        try:
            check_is_new(request, self.ledger)
            check_order(request, self._instruments)
        except Refusal as refusal:
            return PlaceResult(order.client_order_id, Outcome.REJECTED, refusal.reason, None, str(refusal))
        arrival = self._arrival_time(max(now, self.time))
        record = OrderRecord(
            request=request,
            venue_order_id=venue_order_id(self._account, request.client_order_id),
            arrival=arrival,
        )
        self.ledger.add(record)
        self.engine.submit(new_order(self._account, request), arrival)
        if arrival < self.due:
            self.due = arrival
        return PlaceResult(order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED, record.venue_order_id)

    def cancel(self, cancel: CancelOrder, now: int) -> CancelResult:
        """Take a cancel; a second one while the first is under way changes nothing."""
        record = self.ledger.find(cancel.client_order_id)
        if record is None or record.ended:
            return CancelResult(cancel.client_order_id, Outcome.REJECTED, Reason.UNKNOWN_ORDER)
        if not record.cancel_wanted:
            record.cancel_wanted = True
            arrival = max(self._arrival_time(max(now, self.time)), record.arrival)
            self.engine.cancel(CancelRequest(self._account, self._book_id(cancel.client_order_id)), arrival)
            if arrival < self.due:
                self.due = arrival
        return CancelResult(cancel.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED)

    def query(self, query: QueryOrder) -> QueryResult:
        """What is known of one order."""
        record = self.ledger.find(query.client_order_id)
        order = None if record is None else _shown(record)
        return QueryResult(query.client_order_id, Outcome.ACCEPTED, order)

    def account(self, query: QueryAccount) -> AccountResult:
        """Open orders, balances and positions as they stand in the book."""
        view = self.engine.account(self._account)
        return AccountResult(
            query.venue,
            Outcome.ACCEPTED,
            open_orders=tuple(_shown(record) for record in self.ledger.open_orders),
            balances=view.balances,
            positions={symbol: held.quantity for symbol, held in view.positions.items()},
            time=self.time,
        )

    def fills(self, query: QueryFills) -> FillsResult:
        """What was filled in the book, told in the stream or not; NO_ANSWER of a venue that does not keep events."""
        return FillsResult(
            query.venue,
            query.symbol,
            Outcome.NO_ANSWER if self._trades is None else Outcome.ACCEPTED,
            tuple(trade for trade in self._trades or () if _is_wanted(trade, query)),
            query.since,
            query.client_order_id,
            query.venue_order_id,
        )

    def instruments(self, query: QueryInstruments) -> InstrumentsResult:
        """The rules of the symbols that were asked for."""
        known = (self._instruments.get(symbol) for symbol in query.symbols)
        listed = tuple(_listing(instrument) for instrument in known if instrument is not None)
        return InstrumentsResult(query.venue, Outcome.ACCEPTED, listed)


class VenueOutside:
    """The outside of a simulated execution actor: its venue at once, with the last gate before it.

    See `cluster.simulator.ports.Outside`.
    """

    def __init__(self, venue: SimulatedVenue, gate: Gate) -> None:
        self.venue = venue
        self._gate = gate

    def latency(self, effect: Effect) -> tuple[int, int]:
        """See `Outside.latency`: the way to the book is the engine's."""
        return 0, 0

    def perform(self, effect: Effect, now: int) -> Message | None:
        """See `Outside.perform`. Raises `TypeError` for an effect that is none of an execution actor's."""
        if isinstance(effect, PlaceOrder):
            reason = self._gate(effect, now)
            return self.venue.place(effect, now) if reason is None else _not_sent(effect, reason)
        if isinstance(effect, CancelOrder):
            return self.venue.cancel(effect, now)
        if isinstance(effect, QueryOrder):
            return self.venue.query(effect)
        if isinstance(effect, QueryAccount):
            return self.venue.account(effect)
        if isinstance(effect, QueryFills):
            return self.venue.fills(effect)
        if isinstance(effect, QueryInstruments):
            return self.venue.instruments(effect)
        raise TypeError(f"a venue does not perform {type(effect).__name__}")

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """See `Outside.withheld`: an order that must not leave was never sent."""
        return _not_sent(effect, reason) if isinstance(effect, PlaceOrder) else None


def _not_sent(effect: PlaceOrder, reason: Reason) -> PlaceResult:
    return PlaceResult(effect.client_order_id, Outcome.NOT_SENT, reason)


def _shown(record: OrderRecord) -> VenueOrder:
    request = record.request
    return VenueOrder(
        request.client_order_id,
        record.venue_order_id,
        request.symbol,
        request.side,
        record.state,
        request.quantity,
        record.filled,
        request.limit_price,
    )


def _trade(line: EventLine) -> VenueTrade:
    fill = line.fill
    assert fill is not None
    told = VenueFill(fill.fill_id, fill.price, fill.quantity, fill.fee, fill.fee_currency, fill.liquidity)
    return VenueTrade(line.venue_order_id, line.client_order_id, line.symbol, line.side, line.time, told)


def _is_wanted(trade: VenueTrade, query: QueryFills) -> bool:
    return (
        trade.symbol == query.symbol
        and (query.since is None or trade.time >= query.since)
        and query.client_order_id in (None, trade.client_order_id)
        and query.venue_order_id in (None, trade.venue_order_id)
    )


def _listing(instrument: Instrument) -> VenueInstrument:
    return VenueInstrument(
        symbol=instrument.symbol,
        listing=instrument.symbol,
        status=ListingStatus.TRADING,
        base_currency=instrument.symbol.partition("-")[0],
        quote_currency=instrument.quote_currency,
        settle_currency=instrument.quote_currency,
        tick=instrument.tick,
        lot=instrument.lot,
        min_quantity=instrument.min_quantity,
        min_notional=instrument.min_notional or None,
        multiplier=instrument.multiplier,
        maker_fee=instrument.maker_fee,
        taker_fee=instrument.taker_fee,
    )


def _told(venue: str, line: StreamLine) -> StreamEvent:
    return _order_told(venue, line) if isinstance(line, EventLine) else _money_told(venue, line)


def _money_told(venue: str, line: FundingLine | TransferLine) -> StreamEvent:
    if isinstance(line, FundingLine):
        return VenueFunding(
            venue,
            line.sequence,
            line.time,
            line.payment_id,
            line.symbol,
            line.currency,
            line.amount,
            line.rate,
        )
    return VenueTransfer(
        venue, line.sequence, line.time, line.transfer_id, line.currency, line.amount, "TRANSFER"
    )


def _order_told(venue: str, line: EventLine) -> StreamEvent:
    fill = line.fill
    return VenueEvent(
        venue,
        line.sequence,
        line.time,
        line.client_order_id,
        line.venue_order_id,
        line.symbol,
        line.side,
        line.state,
        line.filled,
        None
        if fill is None
        else VenueFill(fill.fill_id, fill.price, fill.quantity, fill.fee, fill.fee_currency, fill.liquidity),
        line.reason,
    )
