"""The end of a seed: faults stop, people put the desk in order, it trades on, drains, and must come to rest.

What is still open then is named, actor by actor; the final audit compares what everybody believes.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from actors.execution.state import ExecutionState
from actors.operations.universe.actor import UNIVERSE
from actors.risk.state import RiskState
from actors.strategy.state import StrategyActorState
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.faults import SECOND
from cluster.simulator.desk.hands import clear_by_hand
from cluster.simulator.desk.limits import changes_taken_back
from cluster.simulator.desk.money import record
from cluster.simulator.desk.world import DeskWorld
from cluster.simulator.faults import MILLISECOND
from cluster.steps import requests as ask
from messages.anomalies import OverrideDegrade
from messages.base import Address, Envelope
from messages.control import Drain, Mode, Resume, SessionStarted, SetMode
from messages.decisions import EnableStrategy
from messages.intents import (
    IntentRejected,
    OrderIntent,
    OrderTerms,
    OrderType,
    Purpose,
    Refused,
    Side,
    TimeInForce,
)
from messages.orders import OrderReport, OrderState
from messages.supervision import RetryChild
from supervisors.lifecycle import ChildStatus
from supervisors.state import Phase, SupervisorState
from supervisors.tree import ROOT, STRATEGIES

PROBE: Address = "probe"
"""Who asks, once all is calm, for a little of every symbol: a healthy one must answer."""

_ORDERED_AT = 1_500 * MILLISECOND
_AGAIN = SECOND
_PROBED_AT = 3 * SECOND
_TRADED_UNTIL = 4 * SECOND
"""From when symbols that are to be out in the end leave: until then they are traded, so that something is held."""
_BELIEVED = SECOND
"""How long a process may believe what is not true any more once nothing is in its way."""
_PATIENCE = 60 * SECOND
"""How long healthy symbols may take to answer while a venue is out; processes are still being restarted."""


class Calm:
    """See the module docstring; begins at the end of the plan's faults."""

    def __init__(self, world: DeskWorld) -> None:
        self._world = world
        self.probes: dict[str, str] = {}
        """by intent id, the symbol asked for"""
        until, end = world.shape.plan.until, world.shape.feed.start + world.shape.trading
        world.at(until, self._stop_faults)
        world.at(until + _ORDERED_AT, self._put_in_order)
        world.at(until + _PROBED_AT, self._probe)
        world.at(end, self._drain)

    def _stop_faults(self) -> None:
        """No more faults: store and venues are there, clocks are right, what stood still goes on, what is lost ends.

        Between clocks that are further apart than an order's deadline every exit would expire for ever.
        """
        world = self._world
        world.misfortune.calm = True
        world.store_away = False
        for name, exchange in world.exchanges.items():
            exchange.out = name == world.shape.lame
        for host in list(world.hosts.values()):
            host.skew.offset = 0
            if host.paused:
                host.resume()
            world.wake(host)

    def _put_in_order(self) -> None:
        """A person clears what waits for a person, and brings back what was given up; until the desk has settled."""
        world = self._world
        if ROOT not in world.named and world.root_left:
            world.root_life += 1
            world.start_root()
        if not self.probes:
            world.post(SessionStarted("operator", universe=world.membership.exists))
            for strategy in world.shape.config.strategies:
                world.post(EnableStrategy(strategy, "operator"))
            world.post(SetMode("operator", Mode.NORMAL, "calm"))
            world.post(Resume("operator", "calm"))
            if world.misfortune.struck["limit_set"]:
                for command in changes_taken_back(world.shape.config):
                    world.post(command, to="risk")
            if world.shape.config.risk.anomalies.enabled:
                world.post(OverrideDegrade("operator", 0, "calm"), to="risk")
            for moved in world.moved:
                record(world, moved)
        for supervisor, child in self._given_up():
            if not self._may_stay_parked(supervisor):
                world.post(RetryChild(child), to=supervisor)
        if not self.probes or any(world.membership.unsettled(world.named, self._parked())):
            all_in = world.clock.now < world.shape.plan.until + _TRADED_UNTIL
            for word in world.membership.last_words(all_in=all_in):
                world.post(word, to=UNIVERSE)
        world.at(world.clock.now + _AGAIN, self._put_in_order)

    def _given_up(self) -> Iterator[tuple[Address, Address]]:
        for address in self._world.cast.tree:
            for child in self._state(address).children.values():
                if child.status in (ChildStatus.GIVEN_UP, ChildStatus.STOPPED, ChildStatus.DONE):
                    yield address, child.id

    def _may_stay_parked(self, supervisor: Address) -> bool:
        """Whether the operator leaves what this supervisor gave up; without a venue or risk no desk is in order."""
        return supervisor == STRATEGIES and not self._world.shape.retries_strategies

    def _parked(self) -> set[Address]:
        """Who was given up, and is left so."""
        return {child for supervisor, child in self._given_up() if self._may_stay_parked(supervisor)}

    def _state(self, address: Address) -> SupervisorState:
        state = self._world.watch.shadows[address].actor.state
        assert isinstance(state, SupervisorState)
        return state

    def _drain(self) -> None:
        """The session ends; until then everybody has believed what is true."""
        clear_by_hand(self._world)
        self._compare_beliefs()
        self._world.post(Drain("operator", "the session ends"))

    def _compare_beliefs(self) -> None:
        """Execution knows of the end of an order soon after its stream stands, whatever was told while it did not.

        Raises `Finding`. Draining cancels what works and so finds out what has ended: this is asked before.
        """
        world = self._world
        for name, exchange in world.exchanges.items():
            host = world.named.get(f"execution/{name}")
            state = world.watch.shadows[f"execution/{name}"].actor.state
            assert isinstance(state, ExecutionState)
            if host is None or exchange.out or state.account_due or exchange.heard_for(host) < _BELIEVED:
                continue
            for order in state.live_orders():
                ended = world.watch.orders.ended.get(order.client_order_id)
                if ended is None or ended > world.clock.now - _BELIEVED or order.asking:
                    continue
                if order.state in (OrderState.WORKING, OrderState.PARTIALLY_FILLED):
                    what = f"an order is taken to work that has ended: {order.client_order_id}"
                    raise Finding(4, what, actors=(host.address,), value=order.state)

    # ------------------------------------------------------------------ probes

    def _probe(self) -> None:
        """Ask risk for the least of every symbol, as a strategy would."""
        world = self._world
        for symbol in world.shape.config.symbols:
            terms = self._terms(symbol)
            intent = OrderIntent("probe", terms, None, "probe")
            self.probes[world.post(intent, to="risk", by=PROBE)] = symbol
        self._heal()

    def _heal(self) -> None:
        """The venue that stayed out comes back once all symbols elsewhere have answered: they must, without it."""
        world, lame = self._world, self._world.shape.lame
        if lame is None:
            return
        symbols = world.shape.config.symbols
        waiting = [symbol for symbol in self.unanswered() if symbols[symbol].venue != lame]
        if not waiting:
            world.exchanges[lame].out = False
            world.reached.count("a venue traded while another was out")
        elif world.clock.now > world.shape.plan.until + _PATIENCE:
            actors = ["risk", *(f"strategy/{symbol}" for symbol in waiting)]
            raise Finding(8, f"nothing trades elsewhere while {lame} is out", actors=actors, value=waiting)
        else:
            world.at(world.clock.now + _AGAIN, self._heal)

    def _terms(self, symbol: str) -> OrderTerms:
        world = self._world
        listed = world.shape.config.symbols[symbol]
        mark = world.watch.limits.portfolio.marks.get(symbol)
        price = world.shape.config.feed.synthetic.start_prices[symbol] if mark is None else mark[1]
        worst = (price * Decimal("1.005") / listed.tick).to_integral_value(ROUND_FLOOR) * listed.tick
        least = listed.min_notional * 2
        quantity = (least / price / listed.lot).to_integral_value(ROUND_CEILING) * listed.lot
        return OrderTerms(
            symbol=symbol,
            venue=listed.venue,
            side=Side.BUY,
            quantity=quantity,
            order_type=OrderType.MARKET,
            worst_price=worst,
            deadline=world.clock.now + 30 * SECOND,
            time_in_force=TimeInForce.IOC,
            purpose=Purpose.ENTRY,
        )

    def unanswered(self) -> list[str]:
        """The symbols whose probe has not ended yet."""
        actor = self._world.store.actors.get(PROBE)
        ended = {
            intent: None
            for envelope in (actor.urgent.entries if actor is not None else ())
            if (intent := _ended(envelope)) is not None
        }
        return [symbol for intent, symbol in self.probes.items() if intent not in ended]

    # ------------------------------------------------------------------ rest

    def unsettled(self) -> Iterator[str]:
        """What is not at rest yet, in words; nothing when everything is."""
        world = self._world
        if not self.probes:
            yield "the probes are not sent"
            return
        parked = self._parked()
        for address in world.cast.addresses:
            if address in parked or world.membership.is_absent(address):
                continue
            host = world.named.get(address)
            if host is None or not host.ready or type(host.request) is not ask.Take:
                yield f"{address} does not run"
                continue
            [status] = world.store.status([address])
            if status.urgent_depth or status.mailbox_depth or status.control_behind:
                yield f"{address} has unread mail"
            if status.outstanding or not host.lanes.idle:
                yield f"{address} waits for the outside"
            yield from self._owed(address)
        yield from world.membership.unsettled(world.named, parked)
        for symbol in self.unanswered():
            yield f"the probe of {symbol} is not answered"
        for name, exchange in world.exchanges.items():
            resting = self._protective(name)
            unknown = [
                each
                for each in exchange.venue.ledger.open_orders
                if each.request.client_order_id not in resting
            ]
            if unknown or exchange.venue.next_time is not None:
                yield f"{name} has open orders"

    def _protective(self, venue: str) -> dict[str, None]:
        """The orders that may rest at a venue for ever: stops that protect what nobody else looks after."""
        state = self._world.watch.shadows[f"execution/{venue}"].actor.state
        assert isinstance(state, ExecutionState)
        return {order.client_order_id: None for order in state.live_orders() if order.protective}

    def _owed(self, address: Address) -> Iterator[str]:
        state = self._world.watch.shadows[address].actor.state
        if isinstance(state, SupervisorState):
            if state.phase is not Phase.SUPERVISING:
                yield f"{address} is {state.phase.value}"
            for child in state.children.values():
                parked = child.status is ChildStatus.GIVEN_UP and self._may_stay_parked(address)
                if child.status is not ChildStatus.RUNNING and not parked:
                    yield f"{address}: {child.id} is {child.status.value}"
        elif isinstance(state, ExecutionState):
            live = [
                f"{order.client_order_id} {order.state.value} {order.reason.value}"
                for order in state.live_orders()
                if not (order.protective and order.state is OrderState.WORKING)
            ]
            if live or state.waiting or state.account_due or state.placing_held:
                yield f"{address} has live orders {live}, waiting {list(state.waiting)}"
            published = self._world.exchanges[state.venue].venue.published
            yield from _misfits(address, state)
            if state.at_venue.fills_due:
                yield f"{address} waits for the fills of {list(state.at_venue.fills_due)}"
            if self._world.shape.venues[state.venue].forgetful:
                return  # what it has not heard it will not hear: the books say whether it asked
            if state.stream_sequence < published or state.stream_missing:
                yield f"{address} has read the stream to {state.stream_sequence} of {published}"
        elif isinstance(state, RiskState):
            if state.degrade.level and not state.degrade.active:
                yield f"{address} trades less, at level {state.degrade.level}, and nothing is wrong"
        elif isinstance(state, StrategyActorState):
            for each in state.strategies.values():
                if each.intents:
                    yield f"{address} has open intents {list(each.intents)}"


def _misfits(address: Address, state: ExecutionState) -> Iterator[str]:
    """Stops that execution keeps at the venue and that are not for what is held, but for those of wards."""
    for key, kept in state.protections.items():
        order = state.order_of(kept.intent_id) if kept.intent_id else None
        if order is None or order.settled or kept.owner in state.wards:
            continue
        holding = state.holdings.get(key)
        own = Decimal(0) if holding is None else holding.quantity
        account = state.positions.get(kept.symbol, Decimal(0))
        covered = min(abs(own), abs(account)) if own * account > 0 else Decimal(0)
        if order.leaves != covered:
            yield f"{address} keeps a stop over {order.leaves} of {key} where {covered} is held"


def _ended(envelope: Envelope | bytes) -> str | None:
    """The intent that a message to the probe ends."""
    message = envelope.message if isinstance(envelope, Envelope) else None
    if isinstance(message, IntentRejected) or (isinstance(message, OrderReport) and message.final):
        return message.intent_id
    return message.message_id if isinstance(message, Refused) else None
