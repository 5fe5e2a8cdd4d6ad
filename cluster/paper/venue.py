"""The paper venue itself, without sockets and without a clock: gateway, book, ledger and their durability.

A command is in the journal before it is answered, and so is the time before anything that happened by then is told.
The engine is a function of its commands and of the market, so a restart that repeats the journal is where the
venue was, and tells the same events under the same sequences.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from actors.venues.matching.account import AccountView
from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.orders import CancelRequest, venue_order_id
from cluster.feeds.columns import Feed
from cluster.paper.funding import FundingTimes
from cluster.paper.gateway import Refusal, check_is_new, check_order
from cluster.paper.ledger import Ledger
from cluster.paper.lines import CancelLine, OrderLine, RefusedLine, encode_line
from cluster.paper.market import Market
from cluster.paper.order_log import OrderLog
from cluster.paper.records import (
    FORMAT,
    CancelTaken,
    JournalRecord,
    OrderRecord,
    OrderRequest,
    OrderTaken,
    TimePassed,
    Unreported,
    VenueSnapshot,
    new_order,
)
from cluster.paper.settings import PaperSettings, TimeMode, market_digest
from cluster.paper.store import VenueStore
from messages.errors import ConfigurationError, InvariantError
from messages.reasons import Reason

_FIRST_STRIDE = 1_000_000_000
_ROWS_PER_STRIDE = 4_000
_SHORTEST_STRIDE = 1_000
_LONGEST_STRIDE = 3_600_000_000_000


class PaperVenue:
    """One venue account over one store. `time` is how far the market is folded, ns UTC.

    Not for several threads; whoever hosts it calls it from one.
    """

    def __init__(self, settings: PaperSettings, feeds: Mapping[str, Feed], *, machine_time: int) -> None:
        """Opens the store and repeats what is in it; `machine_time` (ns UTC) is the hour of birth of a new one.

        Raises `ConfigurationError` when the store was made under other settings, `JournalCorruptError` when it is
        damaged, `DeskLockedError` when it is in use.
        """
        self._settings = settings
        self._account = settings.account.account
        self._instruments = {instrument.symbol: instrument for instrument in settings.instruments}
        self._stride = _FIRST_STRIDE
        self._is_broken = False
        self._store = VenueStore(Path(settings.folder), fsync=settings.fsync)
        try:
            self._log = OrderLog(Path(settings.folder) / "orders.jsonl", fsync=settings.fsync)
            try:
                self._open(feeds, machine_time)
            except BaseException:
                self._log.close()
                raise
        except BaseException:
            self._store.close()
            raise

    @property
    def published(self) -> int:
        """The sequence of the last event that may be known by now."""
        return self._published

    @property
    def next_time(self) -> int | None:
        """When the next thing that is under way becomes due, ns UTC: an arrival or a report; None for nothing."""
        arrival = self._engine.next_arrival()
        report = self._unreported[0].report_time if self._unreported else None
        known = [due for due in (arrival, report) if due is not None]
        return min(known) if known else None

    @property
    def next_market_time(self) -> int | None:
        """The time of the next row of market data, ns UTC; None when the feeds have ended."""
        return self._market.next_time

    def look_again(self) -> None:
        """Feeds that had ended have grown, by rows later than `time`."""
        self._market.look_again()

    def place(self, request: OrderRequest) -> OrderRecord:
        """Take an order. Durable when this returns. Raises `Refusal` or `StoreError`; it is not taken then."""
        try:
            check_is_new(request, self._ledger)
            check_order(request, self._instruments)
        except Refusal as refusal:
            self._note_refusal("order", request.client_order_id, refusal)
            raise
        with self._wholly():
            taken = OrderTaken(self._commands + 1, self.time, self._arrival(request.sent_at), request)
            self._store.append(taken)
            order = self._enter_order(taken)
            self._log.flush()
            self._snapshot_when_due()
        return order

    def cancel(self, client_order_id: str, sent_at: int) -> OrderRecord:
        """Take a cancel; a second one while the first is under way changes nothing.

        Raises `Refusal` (UNKNOWN_ORDER) when there is no such order or it has ended, and `StoreError`.
        """
        order = self._ledger.find(client_order_id)
        if order is None or order.ended:
            refusal = Refusal(
                Reason.UNKNOWN_ORDER,
                "there is no such order, or it has ended",
                field="client_order_id",
                value=client_order_id,
            )
            self._note_refusal("cancel", client_order_id, refusal)
            raise refusal
        if order.cancel_wanted:
            return order
        with self._wholly():
            arrival = max(self._arrival(sent_at), order.arrival)
            taken = CancelTaken(self._commands + 1, self.time, arrival, client_order_id, sent_at)
            self._store.append(taken)
            self._enter_cancel(taken)
            self._log.flush()
            self._snapshot_when_due()
        return order

    def advance(self, until: int) -> bool:
        """Go on towards `until` (ns UTC), as far as one call should take; True when it is reached.

        An `until` that has passed changes nothing. Raises `StoreError`.
        """
        if until < self.time:
            return True
        target = min(until, self.time + self._stride)
        with self._wholly():
            rows = self._market.rows
            self._step(target, granted=target == until)
            folded = self._market.rows - rows
            if folded > 2 * _ROWS_PER_STRIDE:
                self._stride = max(_SHORTEST_STRIDE, self._stride // 2)
            elif folded < _ROWS_PER_STRIDE // 2:
                self._stride = min(self._stride * 2, _LONGEST_STRIDE)
            self._snapshot_when_due()
        return target == until

    def find(self, client_order_id: str) -> OrderRecord | None:
        """The order of this id, None when the gateway never took one."""
        return self._ledger.find(client_order_id)

    def open_orders(self) -> tuple[OrderRecord, ...]:
        """The orders that something can still come of, those on their way to the book included."""
        return self._ledger.open_orders

    def account(self) -> AccountView:
        """Balances and positions as they stand in the book."""
        return self._engine.account(self._account)

    def events(self, after: int, *, limit: int = 1_000) -> list[bytes]:
        """The lines of the events that may be known, from the one behind `after`."""
        return self._log.read(after, self._published, limit=limit)

    def write_snapshot(self) -> None:
        """Put the whole state into the store, so that a restart need not repeat the journal."""
        self._log.sync()
        self._store.write_snapshot(
            VenueSnapshot(
                format=FORMAT,
                market_digest=market_digest(self._settings),
                born_at=self.born_at,
                time=self.time,
                positions=self._market.positions,
                commands=self._commands,
                sequence=self._sequence,
                published=self._published,
                unreported=tuple(self._unreported),
                orders=self._ledger.orders,
                engine=self._engine.snapshot(),
            )
        )
        self._commands_at_snapshot = self._commands
        self._rows_at_snapshot = self._market.rows

    def close(self) -> None:
        """Let go of the store. Harmless to repeat; what was acknowledged is in the journal already."""
        self._log.close()
        self._store.close()

    @contextmanager
    def _wholly(self) -> Generator[None, None, None]:
        """What is begun is ended, or nothing is done any more: memory and journal might disagree.

        Raises `InvariantError` when something before was left half done; only a restart helps then.
        """
        if self._is_broken:
            raise InvariantError(
                "an earlier request was left half done",
                field=f"paper.{self._settings.venue}",
                remedy="start the venue again; it recovers from its journal",
            )
        self._is_broken = True
        yield
        self._is_broken = False

    def _open(self, feeds: Mapping[str, Feed], machine_time: int) -> None:
        snapshot = self._store.load()
        if snapshot is None:
            self._be_born(feeds, machine_time)
            self.write_snapshot()
            return
        if snapshot.market_digest != market_digest(self._settings):
            raise ConfigurationError(
                "the venue's store was made under other settings",
                field="paper.folder",
                value=self._settings.folder,
                remedy="give an empty folder, or the instruments, account, feed and latencies it was made with",
            )
        self._restore(snapshot, feeds)
        for record in self._store.records():
            self._repeat(record)
        self._log.flush()
        self._log.check_commands(self._commands)
        self._store.begin()

    def _be_born(self, feeds: Mapping[str, Feed], machine_time: int) -> None:
        self._engine = MatchingEngine(
            self._settings.instruments, self._settings.engine, [self._settings.account]
        )
        self._market = Market(feeds, {}, self._engine, self._funding(self._settings.time.start))
        self._ledger = Ledger()
        self._unreported: deque[Unreported] = deque()
        self._commands = self._sequence = self._published = 0
        self.time = self._settings.time.start
        self.born_at = machine_time

    def _restore(self, snapshot: VenueSnapshot, feeds: Mapping[str, Feed]) -> None:
        self._engine = MatchingEngine.restore(snapshot.engine)
        self._market = Market(feeds, snapshot.positions, self._engine, self._funding(snapshot.time))
        self._ledger = Ledger(snapshot.orders, snapshot.sequence)
        self._unreported = deque(snapshot.unreported)
        self._commands = snapshot.commands
        self._sequence = snapshot.sequence
        self._published = snapshot.published
        self.time = snapshot.time
        self.born_at = snapshot.born_at
        self._commands_at_snapshot = snapshot.commands
        self._rows_at_snapshot = self._market.rows
        self._log.check_events(self._sequence)

    def _funding(self, after: int) -> FundingTimes:
        return FundingTimes(self._engine, self._settings.funding, after=after)

    def _repeat(self, record: JournalRecord) -> None:
        """Do again what the journal says was done."""
        if isinstance(record, TimePassed):
            self._fold(record.time)
            self._publish()
            return
        if record.time > self.time:
            # Only then: at one instant the engine orders commands by their ids, so they must be handed in together.
            self._fold(record.time)
        if isinstance(record, OrderTaken):
            self._enter_order(record)
        else:
            self._enter_cancel(record)

    def _step(self, until: int, *, granted: bool) -> None:
        """Go to `until` and tell what happened, the journal first."""
        before, told = self.time, self._sequence
        self._fold(until)
        due = bool(self._unreported) and self._unreported[0].report_time <= self.time
        moved = granted and self.time != before and self._settings.time.mode is TimeMode.GRANTED
        if due or moved or self._sequence != told:
            self._store.append(TimePassed(self.time))
        self._log.flush()
        self._publish()

    def _fold(self, until: int) -> None:
        """Bring market, book and ledger to `until`; the lines are put on record but not written yet."""
        self._market.fold(until)
        self._engine.advance(until)
        self.time = until
        for event in self._engine.drain():
            line = self._ledger.apply(event)
            self._log.event(line)
            self._unreported.append(Unreported(line.sequence, line.report_time))
            self._sequence = line.sequence

    def _publish(self) -> None:
        while self._unreported and self._unreported[0].report_time <= self.time:
            self._published = self._unreported.popleft().sequence

    def _enter_order(self, taken: OrderTaken) -> OrderRecord:
        self._commands = taken.number
        request = taken.request
        order = OrderRecord(
            request=request,
            venue_order_id=venue_order_id(self._account, request.client_order_id),
            arrival=taken.arrival,
        )
        self._ledger.add(order)
        self._engine.submit(new_order(self._account, request), taken.arrival)
        self._log.command(taken.number, encode_line(_order_line(taken, order)))
        return order

    def _enter_cancel(self, taken: CancelTaken) -> None:
        self._commands = taken.number
        order = self._ledger.find(taken.client_order_id)
        if order is not None:
            order.cancel_wanted = True
        self._engine.cancel(CancelRequest(self._account, taken.client_order_id), taken.arrival)
        line = CancelLine(
            taken.number, "cancel_received", taken.time, taken.arrival, taken.sent_at, taken.client_order_id
        )
        self._log.command(taken.number, encode_line(line))

    def _arrival(self, sent_at: int) -> int:
        return self._settings.engine.arrival_time(max(sent_at, self.time))

    def _note_refusal(self, what: str, client_order_id: str, refusal: Refusal) -> None:
        line = RefusedLine(what, self.time, client_order_id[:100], refusal.reason, str(refusal))
        self._log.note(encode_line(line))
        self._log.flush()

    def _snapshot_when_due(self) -> None:
        # A snapshot holds all orders ever taken: the interval grows with them, so that the cost per order does not.
        commands = max(self._settings.snapshot_commands, self._commands_at_snapshot // 2)
        many_commands = self._commands - self._commands_at_snapshot >= commands
        many_rows = self._market.rows - self._rows_at_snapshot >= self._settings.snapshot_rows
        if many_commands or many_rows:
            self.write_snapshot()


def _order_line(taken: OrderTaken, order: OrderRecord) -> OrderLine:
    request = taken.request
    return OrderLine(
        command=taken.number,
        event="received",
        time=taken.time,
        arrival=taken.arrival,
        sent_at=request.sent_at,
        client_order_id=request.client_order_id,
        venue_order_id=order.venue_order_id,
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        time_in_force=request.time_in_force,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
    )
