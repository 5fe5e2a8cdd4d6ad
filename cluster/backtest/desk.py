"""A backtest's desk: the real actors in one process, driven by the market data's own time.

Whenever something is due — a decision on a row, a command at a venue, a report, a timer — it happens at its exact
desk time, and everything that follows from it at that instant happens before the next row is seen. So nobody acts
on what lies ahead, and an actor that has nothing to do costs nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from actors.base import Actor
from cluster.backtest.audience import Audience
from cluster.backtest.books import Books
from cluster.backtest.harvest import Harvest
from cluster.backtest.tape import Tape
from cluster.feeds import Feed, FundingRates
from cluster.host import paper_map, settings_map
from cluster.session_feed import SETTLE_NS, replay_generation
from cluster.simulator.cast import (
    RISK,
    add_unrecorded,
    execution_addresses,
    make_funding,
    make_host,
    make_venue,
    strategy_addresses,
)
from cluster.simulator.ports import Intake, VirtualClock
from cluster.simulator.rounds import PostingStore, Rounds
from cluster.simulator.unrecorded import UnrecordedRounds
from cluster.simulator.venue import SimulatedVenue
from config import DeskConfig
from messages.base import Address, Message
from messages.control import Drain, SessionStarted
from messages.market import ObservationDue
from messages.venue_stream import StreamEvent

_WAYS = 10
"""How many ways to a venue and back a drain is given, besides the usual time."""

_REPORTS = 400
"""How often progress is told in a run, about."""


class BacktestDesk:
    """See the module docstring. `feeds` are by symbol; time runs from `start` to `end`, ns UTC.

    With `keep_journal` every step is recorded: all journals and mail are kept in `store`, to be exported. `funding` are
    rates by symbol, which take the place of constant ones in the settings.
    """

    def __init__(
        self,
        config: DeskConfig,
        feeds: Mapping[str, Feed],
        start: int,
        end: int,
        *,
        keep_journal: bool = False,
        funding: Mapping[str, FundingRates] | None = None,
    ) -> None:
        self.config = config
        self.start = start
        self.end = end
        self.clock = VirtualClock(start)
        self.harvest = Harvest()
        self.venues: dict[Address, SimulatedVenue] = {
            address: make_venue(config, _rest(address), start=start, keep_events=False)
            for address in execution_addresses(config)
        }
        self._strategies = strategy_addresses(config)
        self.store: PostingStore | None = None
        self._intakes: Mapping[Address, Intake]
        self.rounds: Rounds | UnrecordedRounds
        self.rounds, self._intakes = self._recorded() if keep_journal else self._unrecorded()
        symbols = settings_map.traded_symbols(config)
        self.audience = Audience(config, self.actors, symbols)
        self.tape = Tape([feeds[symbol] for symbol in symbols], self.audience.observers)
        self._has_funding = bool(funding) or any(
            paper_map.paper_funding(config, name) for name in config.venues
        )
        self.books = Books(
            self.tape,
            self.venues,
            [(symbol, f"execution/{config.symbols[symbol].venue}") for symbol in symbols],
            self._tell,
            {
                address: make_funding(config, venue, after=start, rates=funding)
                for address, venue in self.venues.items()
            },
        )

    def _recorded(self) -> tuple[Rounds, Mapping[Address, Intake]]:
        config = self.config
        self.store = PostingStore(config.redis.mailbox_capacity, True, self.harvest.take)
        steps = settings_map.step_settings(config)
        hosts = {
            address: make_host(config, address, self.store, self.clock, self.venues.get(address), steps)
            for address in self._addresses
        }
        return Rounds(self.store, hosts), {address: host.intake for address, host in hosts.items()}

    def _unrecorded(self) -> tuple[UnrecordedRounds, Mapping[Address, Intake]]:
        config = self.config
        rounds = UnrecordedRounds(
            self.clock, capacity=config.redis.mailbox_capacity, takers=self.harvest.takers
        )
        for address in self._addresses:
            add_unrecorded(config, rounds, address, self.venues.get(address))
        return rounds, rounds.hosts

    @property
    def _addresses(self) -> tuple[Address, ...]:
        return (*self.venues, RISK, *self._strategies)

    @property
    def actors(self) -> Mapping[Address, Actor[Any]]:
        """All actors by address."""
        return self.rounds.actors

    @property
    def has_funding(self) -> bool:
        """Whether any rate of funding is known."""
        return self._has_funding

    @property
    def rows(self) -> int:
        """Rows played so far, over all symbols."""
        return self.tape.rows

    # ------------------------------------------------------------------ running

    def run(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Play the market to its end and let the desk come to rest.

        `progress` is told from time to time, in equal spans of desk time, how many rows were played and the time.
        Raises what ended an actor.
        """
        with _few_collections():
            self._run(progress)

    def _run(self, progress: Callable[[int, int], None] | None) -> None:
        self.rounds.begin(replay_generation(self.config))
        self._post(SessionStarted(by="backtest"))
        self.rounds.settle_addressed()
        self._catch_up(self.start)
        self._play(self.end, progress)
        self.clock.now = self.end
        self.books.end_funding()
        self._post(Drain(by="backtest", reason="the recording has ended"))
        self.rounds.settle_addressed()
        self._catch_up(self.end)
        self._play(self.end + self._settling(), progress, rows=False)

    def _settling(self) -> int:
        """How long after the last row what is under way may take: a few ways to a venue and back, at least."""
        venues = self.config.venues.values()
        return SETTLE_NS + _WAYS * max(
            (each.latency_order + each.latency_report for each in venues), default=0
        )

    def _play(self, end: int, progress: Callable[[int, int], None] | None, *, rows: bool = True) -> None:
        tape, books, clock, recorded = self.tape, self.books, self.clock, self.store is not None
        stride = max(1, (end - clock.now) // _REPORTS)
        report_at = clock.now + stride if progress is not None else end
        upcoming = self._catch_up(clock.now)
        while True:
            until = min(end, upcoming, report_at)
            if rows and tape.play(until, books.watched):
                now = tape.time
                clock.now = now
                if recorded:
                    self._tell_positions()
                if tape.matched:
                    self._news(now)
                if tape.due:
                    for address in self.audience.due(tape.feed):
                        position = self.audience.position(address, tape)
                        self._intakes[address].observation(ObservationDue(tape.symbol, position, now))
                        self.rounds.settle(address)
            else:
                if recorded:
                    self._tell_positions()
                now = clock.now = max(clock.now, until)
                if until >= end and upcoming > end:
                    return
            upcoming = self._catch_up(now)
            if progress is not None and now >= report_at:
                report_at = now + stride
                progress(tape.rows, now)

    def _tell_positions(self) -> None:
        """Each step is recorded with the rows its strategy had seen: a replay folds as many."""
        for address, position in self.audience.positions(self.tape):
            self._intakes[address].folded(position)

    def _catch_up(self, now: int) -> int:
        """Let everything happen that is due by `now`, and what follows from it; returns when something is due next."""
        alarms, books = self.rounds.alarms, self.books
        while True:
            due, alarm = books.next_time, alarms.first
            if due <= now:
                self._news(now)
            elif alarm <= now:
                for address in alarms.take(now):
                    self.rounds.settle(address)
            else:
                return due if due < alarm else alarm

    def _news(self, now: int) -> None:
        for address in self.books.advance(now):
            self.rounds.settle(address)

    def _tell(self, address: Address, event: StreamEvent) -> None:
        self._intakes[address].venue_event(event)

    def _post(self, message: Message) -> None:
        self.rounds.post(message, "backtest", self.clock.now)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Have Python look for garbage in cycles a hundred times less often: a run makes next to none, and each look goes
    through all that is kept for the report."""
    before = gc.get_threshold()
    gc.set_threshold(100 * before[0], *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _rest(address: Address) -> str:
    return address.split("/", 1)[1]
