"""The lockstep of the replay clock, in one process: the order of steps is the one real processes are granted.

What `cluster.host.replay_clock` grants over Ray and Redis is done here with simulated hosts, slice by slice: strategies
fold the slice's market data and decide, in the order of the rows; the venues match up to its end; then mail is worked
off one step of one actor at a time. A recorded session therefore gives the same orders and fills on both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cluster.feeds import Feed, FundingRates
from cluster.feeds.grouped import cursor_of
from cluster.host import settings_map
from cluster.host.strategy_places import strategy_places
from cluster.observe.projection import Projection
from cluster.paper.market import Market
from cluster.session_feed import SETTLE_NS, FeedPlan, replay_generation
from cluster.simulator.cast import (
    RISK,
    execution_addresses,
    make_funding,
    make_host,
    make_venue,
    open_market,
)
from cluster.simulator.driver import SimulatedHost
from cluster.simulator.ports import VirtualClock
from cluster.simulator.venue import SimulatedVenue
from cluster.steps.settings import StepSettings
from cluster.store.memory import MemoryStore
from config import DeskConfig
from messages.base import CONTROL, Address, Envelope, Message
from messages.control import Drain, SessionStarted
from messages.market import ObservationDue
from messages.venue_stream import StreamEvent


class LockstepDesk:
    """A replayed desk whose every step is taken in the order of the replay clock.

    `market` are the feeds by symbol, by default those of the plan; `seen` is what strategies see instead of some;
    `store` is where the desk keeps its mail and journals, `steps` how; `funding` are rates by symbol, which take the
    place of constant ones in the settings.
    """

    def __init__(
        self,
        config: DeskConfig,
        plan: FeedPlan,
        *,
        market: Mapping[str, Feed] | None = None,
        seen: Mapping[str, Feed] | None = None,
        store: MemoryStore | None = None,
        steps: StepSettings | None = None,
        funding: Mapping[str, FundingRates] | None = None,
    ) -> None:
        self.config = config
        self.plan = plan
        self.store = store or MemoryStore(capacity=config.redis.mailbox_capacity)
        self._steps = steps or settings_map.step_settings(config)
        self.clock = VirtualClock(plan.start)
        self.store.open(replay_generation(config))
        self._post(SessionStarted(by="clock"))
        feeds = open_market(config, plan) if market is None else market
        views = {**feeds, **(seen or {})}
        self._cursors = {
            place.address: cursor_of([views[symbol] for symbol in place.symbols])
            for place in strategy_places(config)
        }
        self.venues: dict[Address, SimulatedVenue] = {}
        self._markets: dict[Address, Market] = {}
        for address in execution_addresses(config):
            name = _rest(address)
            venue = self.venues[address] = make_venue(config, name, start=plan.start)
            own = {symbol: feed for symbol, feed in feeds.items() if config.symbols[symbol].venue == name}
            payments = make_funding(config, venue, after=plan.start, rates=funding)
            self._markets[address] = Market(own, {}, venue.engine, payments)
        addresses = [*self.venues, RISK, *self._cursors]
        self.hosts = {address: self._host(address) for address in addresses}
        for host in self.hosts.values():
            host.begin()

    def _host(self, address: Address) -> SimulatedHost:
        """One actor with its step machine and its outside."""
        venue = self.venues.get(address)
        return make_host(self.config, address, self.store, self.clock, venue, self._steps)

    @property
    def rows(self) -> int:
        """Rows the strategies have seen so far, over all symbols."""
        return sum(cursor.position for cursor in self._cursors.values())

    def run(self, progress: Callable[[int], None] | None = None) -> None:
        """Play the whole plan and let the desk come to rest; `progress` is told the desk time after each slice."""
        plan, time = self.plan, self.plan.start
        assert plan.end is not None
        draining = False
        while not draining or time < plan.end + SETTLE_NS:
            if not draining and time >= plan.end:
                draining = True
                self.clock.now = time
                self._post(Drain(by="clock", reason="the recording has ended"))
            time += plan.slice_ns
            self._slice(time)
            if progress is not None:
                progress(time)

    def projection(self) -> Projection:
        """All journals folded into one picture."""
        found = Projection()
        for address in self.hosts:
            for record in self.store.actors[address].journal:
                found.apply(address, record)
        return found

    # ------------------------------------------------------------------ one slice

    def _slice(self, until: int) -> None:
        due: dict[Address, int] = {}
        for address in self._cursors:
            self._fold(address, until, due)
        while due:
            row, address = min((time, address) for address, time in due.items())
            del due[address]
            cursor, host = self._cursors[address], self.hosts[address]
            host.intake.observation(ObservationDue(cursor.symbol, cursor.position, row))
            host.step(row, observe=True)
            self._fold(address, until, due)
        for address, venue in self.venues.items():
            self._markets[address].fold(until)
            venue.advance(until)
            for event in self._news(address):
                self.hosts[address].intake.venue_event(event)
        self._work_off(until)

    def _news(self, address: Address) -> Sequence[StreamEvent]:
        """What a venue has to tell its execution actor by now."""
        return self.venues[address].take()

    def _fold(self, address: Address, until: int, due: dict[Address, int]) -> None:
        cursor, host = self._cursors[address], self.hosts[address]
        row = cursor.fold(host.machine.actor.observe, until)
        host.intake.folded(cursor.position - (row is not None))
        if row is not None:
            due[address] = row

    def _work_off(self, until: int) -> None:
        idle: set[Address] = set()
        while True:
            candidates = [
                (not urgent, address)
                for address in self.hosts
                if address not in idle and (urgent := self._work(address, until)) is not None
            ]
            if not candidates:
                return
            _, chosen = min(candidates)
            if self.hosts[chosen].step(until):
                idle.clear()
            else:
                idle.add(chosen)

    def _work(self, address: Address, until: int) -> bool | None:
        """Whether the most urgent work that waits for this actor is urgent; None when nothing waits."""
        [status] = self.store.status([address])
        urgent = status.urgent_depth > 0 or status.outstanding > 0
        timer_due = status.next_timer is not None and status.next_timer <= until
        venue = self.venues.get(address)
        venue_ahead = venue is not None and status.venue < venue.published
        waits = urgent or status.mailbox_depth > 0 or status.control_behind or timer_due or venue_ahead
        return urgent if waits else None

    def _post(self, message: Message) -> None:
        self.store.post(Envelope("clock", 0, CONTROL, "", "", self.clock.now, message))


def _rest(address: Address) -> str:
    return address.split("/", 1)[1]
