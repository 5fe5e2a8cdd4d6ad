"""A venue behind a network that fails: requests and answers are lost, late or doubled, the stream is cut.

The venue itself is the paper venue's; what the market and the matching engine do is never faulty. A request that was
written may arrive whatever its sender hears; exactly one result comes back for each, as the port promises.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

import msgspec

from actors.execution.actor import ExecutionActor
from cluster.paper.market import Market
from cluster.simulator.desk.amending import AmendingVenue
from cluster.simulator.desk.audit.transfers import Moved
from cluster.simulator.desk.faults import SECOND, DeskMisfortune
from cluster.simulator.desk.host import DeskHost, Reply
from cluster.simulator.desk.reached import Reached
from cluster.simulator.desk.streams import ForgetfulReader, StreamReader
from cluster.simulator.desk.venue_shape import VenueShape
from cluster.simulator.faults import MILLISECOND
from cluster.simulator.ports import VirtualClock
from cluster.simulator.venue import SimulatedVenue
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
    ReplaceResult,
)
from messages.venue_account import (
    AccountResult,
    ArmDeadMan,
    ConfigureAccount,
    ConfigureResult,
    DeadManResult,
    InstrumentsResult,
    QueryAccount,
    QueryInstruments,
)

_TIMEOUT = 400 * MILLISECOND


class ExchangeWorld(Protocol):
    """What an exchange needs of its world."""

    clock: VirtualClock
    chance: Random
    misfortune: DeskMisfortune
    reached: Reached

    def at(self, time: int, act: Callable[[], None]) -> None:
        """Call `act` when the clock reaches `time`."""

    def breaks_its_word(self, effect: Effect) -> None:
        """This request will arrive later than the venue says that requests can."""

    def arrives(self, venue: str, order: PlaceOrder, result: PlaceResult) -> None:
        """A request to place has reached the venue and was judged."""

    def changes(self, venue: str, wanted: ReplaceOrder, result: ReplaceResult) -> None:
        """A request to change an order has reached the venue and was judged."""


class Exchange:
    """One venue account, its market and its network. `skew` is how far its clock is ahead, ns.

    `shape` is what it is able to do: a forgetful one tells its stream once and lists fills under its own order ids.
    """

    def __init__(
        self, world: ExchangeWorld, venue: SimulatedVenue, market: Market, skew: int, shape: VenueShape
    ) -> None:
        self.venue = venue
        self.reached = world.reached
        self.out = False
        """whether nobody can reach it now"""
        self._world = world
        self._market = market
        self._skew = skew
        self._shape = shape
        self._countdowns: dict[str, int] = {}
        self._readers: dict[int, StreamReader] = {}
        self._alarm: int | None = None

    # ------------------------------------------------------------------ time and events

    @property
    def time(self) -> int:
        """The venue's own clock."""
        return max(self._world.clock.now + self._skew, self.venue.time)

    def go_on(self) -> None:
        """Let the market and the book come to now, and tell the readers what may be known."""
        now = self.time
        self._market.fold(now)
        self.venue.advance(now)
        told = self.venue.take()
        if told:
            for reader in list(self._readers.values()):
                reader.tell(told)
        self._set_alarm()

    def _set_alarm(self) -> None:
        upcoming = self.venue.next_time
        if upcoming is None:
            return
        due = upcoming - self._skew
        if self._alarm is None or due < self._alarm:
            self._alarm = due
            self._world.at(max(due, self._world.clock.now + 1), self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.go_on()

    # ------------------------------------------------------------------ requests

    def carry_out(self, effect: Effect, reply: Reply, now: int) -> None:
        """Send a request on its way at desk time `now`; how it ends is drawn."""
        world, misfortune = self._world, self._world.misfortune
        strikes = misfortune.strikes
        changes = isinstance(effect, ReplaceOrder)
        about_an_order = isinstance(effect, PlaceOrder | ReplaceOrder | CancelOrder)
        if about_an_order and strikes("request_unsent"):
            self._answer(reply, _failed(effect, Outcome.NOT_SENT, Reason.NOT_SENT))
        elif about_an_order and strikes("rate_limited"):
            self._answer(reply, _failed(effect, Outcome.NOT_SENT, Reason.RATE_LIMIT))
        elif not self.out and changes and strikes("change_answer_vanishes"):
            self._lose_answer(effect, reply, now)
        elif self.out or strikes("request_vanishes") or (changes and strikes("change_vanishes")):
            self._time_out(effect, reply)
        elif strikes("request_late") or (changes and strikes("change_late")):
            self._time_out(effect, reply)
            self._send(effect, world.chance.randrange(self._shape.request_expiry), now, lambda result: None)
        elif strikes("request_overdue"):
            world.breaks_its_word(effect)
            self._time_out(effect, reply)
            self._send(
                effect,
                self._shape.request_expiry + SECOND + world.chance.randrange(5 * SECOND),
                now,
                lambda result: None,
            )
        elif strikes("answer_vanishes"):
            self._lose_answer(effect, reply, now)
        elif strikes("server_error"):
            if world.chance.random() < 0.5:
                self._send(effect, self._travel(), now, lambda result: None)
            self._answer(reply, _failed(effect, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME))
        else:
            self._send(effect, self._travel(), now, reply)
            if not self._counts_twice(effect) and strikes("request_doubled"):
                self._send(effect, self._travel(), now, lambda result: None)

    def _lose_answer(self, effect: Effect, reply: Reply, now: int) -> None:
        """The request arrives, its answer does not; at times the stream breaks with it, on the same network."""
        world = self._world
        self._time_out(effect, reply)
        self._send(effect, self._travel(), now, lambda result: None)
        breaks = isinstance(effect, PlaceOrder) and "stream_cut" in world.misfortune.plan.intervals
        if breaks and world.chance.random() < 0.5:
            self.cut(world.chance.randrange(_TIMEOUT))

    def _counts_twice(self, effect: Effect) -> bool:
        """Whether a request that comes twice does something that its sender could not know of."""
        again = isinstance(effect, PlaceOrder) and self._shape.takes_ids_again
        return again or isinstance(effect, ReplaceOrder)

    def _travel(self) -> int:
        return 1 + self._world.chance.randrange(20 * MILLISECOND)

    def _send(self, effect: Effect, travel: int, now: int, reply: Reply) -> None:
        world = self._world

        def arrive() -> None:
            if self.out:
                self._time_out(effect, reply)
                return
            self.go_on()
            result = self._perform(effect, now)
            world.misfortune.victim = f"execution/{self.venue.name}"
            self._set_alarm()
            slow = world.misfortune.strikes("answer_slow")
            back = world.chance.randrange(_TIMEOUT) if slow else self._travel()
            world.at(world.clock.now + back, lambda: reply(result))

        world.at(world.clock.now + travel, arrive)

    def _answer(self, reply: Reply, result: Message) -> None:
        self._world.at(self._world.clock.now + self._travel(), lambda: reply(result))

    def _time_out(self, effect: Effect, reply: Reply) -> None:
        result = _failed(effect, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)
        self._world.at(self._world.clock.now + _TIMEOUT, lambda: reply(result))

    def _perform(self, effect: Effect, now: int) -> Message:
        venue = self.venue
        if isinstance(effect, PlaceOrder):
            result = venue.place(effect, now)
            self._world.arrives(venue.name, effect, result)
            return result
        if isinstance(effect, ReplaceOrder):
            assert isinstance(venue, AmendingVenue), "this venue changes no orders"
            changed = venue.replace(effect)
            self._world.changes(venue.name, effect, changed)
            return changed
        if isinstance(effect, CancelOrder):
            return venue.cancel(effect, now)
        if isinstance(effect, ConfigureAccount):
            return ConfigureResult(effect.venue, Outcome.ACCEPTED)
        if isinstance(effect, QueryOrder):
            return venue.query(effect)
        if isinstance(effect, QueryAccount):
            return venue.account(effect)
        if isinstance(effect, QueryFills):
            return self._listed(venue.fills(effect))
        if isinstance(effect, QueryInstruments):
            return venue.instruments(effect)
        if isinstance(effect, ArmDeadMan):
            return self._arm(effect)
        raise TypeError(f"a venue does not perform {type(effect).__name__}")

    def _listed(self, result: FillsResult) -> FillsResult:
        """A list of fills as this venue tells it."""
        if not self._shape.forgetful:
            return result
        bare = tuple(msgspec.structs.replace(trade, client_order_id=None) for trade in result.trades)
        return msgspec.structs.replace(result, trades=bare)

    # ------------------------------------------------------------------ the dead-man switch

    def _arm(self, effect: ArmDeadMan) -> DeadManResult:
        for symbol in effect.symbols:
            if not effect.countdown:
                self._countdowns.pop(symbol, None)
                continue
            ends = self._countdowns[symbol] = self._world.clock.now + effect.countdown
            self._world.at(ends, lambda symbol=symbol, ends=ends: self._run_out(symbol, ends))  # type: ignore[misc]
        return DeadManResult(effect.venue, Outcome.ACCEPTED, effect.symbols)

    def trade_by_hand(self, order: PlaceOrder) -> bool:
        """A person places an order on the account, at the venue itself; whether it was taken."""
        if self.out:
            return False
        self.go_on()
        result = self.venue.place(order, self.time)
        self._set_alarm()
        return result.outcome is Outcome.ACCEPTED

    def move_by_hand(self, moved: Moved) -> None:
        """A person moves money into the account or out of it."""
        self.go_on()
        self.venue.transfer(moved.transfer_id, moved.currency, moved.amount, told=moved.told)
        self._set_alarm()

    def cancel_by_hand(self, client_order_id: str, symbol: str) -> None:
        """A person cancels at the venue itself."""
        self.venue.cancel(CancelOrder(client_order_id, symbol), self.time)
        self._set_alarm()

    def _run_out(self, symbol: str, ends: int) -> None:
        """Nobody was heard from in time: what works on the symbol goes, but for what waits for a price."""
        if self._countdowns.get(symbol) != ends:
            return
        del self._countdowns[symbol]
        for record in self.venue.ledger.open_orders:
            request = record.request
            if request.symbol == symbol and request.stop_price is None:
                self.reached.count("a dead-man switch cancelled an order")
                self.venue.cancel(CancelOrder(request.client_order_id, symbol), self.time)
        self._set_alarm()

    # ------------------------------------------------------------------ the stream

    def follow(self, host: DeskHost, after: int) -> None:
        """Read the private stream for `host` from the event after sequence `after`, instead of what it read before."""
        kind = ForgetfulReader if self._shape.forgetful else StreamReader
        reader = kind(self._world, self.venue, host, after)
        self._readers[host.machine.incarnation.pid] = reader
        reader.begin(self.time)

    def heard_for(self, host: DeskHost) -> int:
        """For how long (ns) `host` has heard the private stream without a break; 0 when it does not."""
        reader = self._readers.get(host.machine.incarnation.pid)
        if reader is None or reader.is_cut or reader.began_at is None:
            return 0
        return self._world.clock.now - reader.began_at

    def unfollow(self, host: DeskHost) -> None:
        """Nobody reads for `host` any more."""
        reader = self._readers.pop(host.machine.incarnation.pid, None)
        if reader is not None:
            reader.void = True

    def cut(self, duration: int) -> bool:
        """Cut all streams; they stand again after `duration` ns. False when there is none to cut."""
        readers = [reader for reader in self._readers.values() if not reader.is_cut]
        for reader in readers:
            reader.is_cut = True
            self._world.at(self._world.clock.now + duration, lambda reader=reader: self._resume(reader))  # type: ignore[misc]
        return bool(readers)

    def _resume(self, reader: StreamReader) -> None:
        if reader in self._readers.values():
            reader.begin(self.time)


class VenueErrands:
    """The outside of an execution process; see `cluster.simulator.desk.host.Errands`."""

    def __init__(self, exchange: Exchange, actor: ExecutionActor) -> None:
        self._exchange = exchange
        self._actor = actor

    def latency(self, effect: Effect) -> tuple[int, int]:
        """See `Outside.latency`; not used, as errands take the time they take."""
        return 0, 0

    def perform(self, effect: Effect, now: int) -> Message | None:
        """See `Outside.perform`; nothing is performed at once here."""
        raise NotImplementedError("a venue behind a network answers later")

    def held(self, effect: Effect, now: int) -> Message | None:
        """See `Errands.held`."""
        if not isinstance(effect, PlaceOrder | ReplaceOrder):
            return None
        reason = self._actor.gate(effect, now)
        return None if reason is None else _failed(effect, Outcome.NOT_SENT, reason)

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """See `Outside.withheld`."""
        if not isinstance(effect, PlaceOrder | ReplaceOrder):
            return None
        self._exchange.reached.count("a request was withheld without a lease")
        return _failed(effect, Outcome.NOT_SENT, reason)

    def carry_out(self, host: DeskHost, effect: Effect, reply: Reply) -> None:
        """See `Errands.carry_out`."""
        self._exchange.carry_out(effect, reply, host.desk_clock.now)

    def begun(self, host: DeskHost) -> None:
        """See `Errands.begun`."""
        after = host.intake.venue_seen = self._actor.resume_after()
        self._exchange.follow(host, after)

    def interrupted(self, host: DeskHost) -> None:
        """See `Errands.interrupted`."""
        self._exchange.unfollow(host)

    def store_away(self) -> list[Effect]:
        """See `Errands.store_away`."""
        cancels = self._actor.cancels_when_store_away()
        if cancels:
            self._exchange.reached.count("a cancel left while the store was away")
        return list(cancels)


def _failed(effect: Effect, outcome: Outcome, reason: Reason) -> Message:
    """The result of a request that did not reach the venue, or whose answer did not reach us."""
    if isinstance(effect, PlaceOrder):
        return PlaceResult(effect.client_order_id, outcome, reason)
    if isinstance(effect, ReplaceOrder):
        return ReplaceResult(effect.client_order_id, outcome, reason)
    if isinstance(effect, CancelOrder):
        return CancelResult(effect.client_order_id, outcome, reason)
    if isinstance(effect, QueryOrder):
        return QueryResult(effect.client_order_id, Outcome.NO_ANSWER)
    if isinstance(effect, QueryFills):
        return FillsResult(
            effect.venue,
            effect.symbol,
            Outcome.NO_ANSWER,
            since=effect.since,
            client_order_id=effect.client_order_id,
            venue_order_id=effect.venue_order_id,
        )
    if isinstance(effect, QueryInstruments):
        return InstrumentsResult(effect.venue, Outcome.NO_ANSWER)
    if isinstance(effect, ArmDeadMan):
        return DeadManResult(effect.venue, Outcome.NO_ANSWER)
    if isinstance(effect, ConfigureAccount):
        return ConfigureResult(effect.venue, Outcome.NO_ANSWER)
    assert isinstance(effect, QueryAccount), effect
    return AccountResult(effect.venue, Outcome.NO_ANSWER)
