"""One of two strategies on a symbol fails on its host: the other misses no quote, and a replay is bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.strategy import Desk, Strategy, SymbolView
from actors.strategy.actor import StrategyActor
from actors.strategy.settings import FaultSettings, StrategyActorSettings
from cluster.feeds import Feed, FeedCursor
from cluster.replaying.cast import View
from cluster.replaying.recorded import Recorded
from cluster.replaying.replay import replay
from cluster.session_feed import replay_plan
from cluster.simulator.cast import open_market
from cluster.simulator.driver import SimulatedHost
from cluster.steps.machine import StepMachine
from cluster.store.port import Incarnation
from messages.base import Address
from messages.control import DecisionFailed
from messages.decisions import ValueRemembered
from messages.isolation import StrategyFaulted, StrategyParked
from tests.actors.strategy.stage import SECOND, strategy
from tests.chaos.desks import PROFILE, settings
from tests.cluster.replaying.sessions import StageCast, stage_recording
from tests.cluster.steps.stage import ByteMail, Stage

pytestmark = pytest.mark.unit

RULES = FaultSettings(failures=2, period=60 * SECOND, rest_min=SECOND // 10)


class Counts(Strategy):
    """Counts its decisions, one for each quote."""

    def on_start(self) -> None:
        self.quotes = 0

    def on_quote(self, view: SymbolView) -> bool:
        self.quotes += 1
        return True

    def decide(self, desk: Desk) -> None:
        desk.remember("quotes", self.quotes)


class Raises(Counts):
    """Remembers something, sets a timer, and raises on every second quote."""

    def decide(self, desk: Desk) -> None:
        super().decide(desk)
        desk.after(SECOND, "never")
        if self.quotes % 2:
            raise ZeroDivisionError("an odd quote")


def actor() -> StrategyActor:
    both = (strategy(f"{__name__}:Raises", "raises"), strategy(f"{__name__}:Counts", "counts"))
    return StrategyActor(
        "strategy/BTC-USDT", StrategyActorSettings(both, max_quote_age=3600 * SECOND, faults=RULES)
    )


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    folder = tmp_path_factory.mktemp("market")
    synthetic = {**PROFILE["feed"]["synthetic"], "duration": "5s"}
    loaded = settings(folder, "market", feed={**PROFILE["feed"], "synthetic": synthetic})
    return open_market(loaded.config, replay_plan(loaded.config, (), Path("cache")))["BTC-USDT"]


class Session(Stage):
    """The stage of one strategy actor with its feed."""

    def __init__(self, feed: Feed) -> None:
        super().__init__(actor)
        self.feed = feed
        self.clock.now = feed.first_time

    def life(self) -> SimulatedHost:
        self.incarnations += 1
        machine = StepMachine(self.make(), Incarnation("node", "boot", self.incarnations, 0), self.settings)
        mail, feed = ByteMail(self.store), FeedCursor(self.feed)
        return SimulatedHost(machine, self.line, self.clock, mail=mail, feed=feed)  # type: ignore[arg-type]

    def run(self, host: SimulatedHost, until: int) -> None:
        while self.clock.now < until:
            self.clock.now += SECOND // 50
            host.settle()
            assert host.ended is None


class SessionCast(StageCast):
    """That actor with its feed, made anew."""

    def __init__(self, feed: Feed) -> None:
        super().__init__(actor)
        self.feed = feed

    def view(self, address: Address) -> View:
        return View(FeedCursor(self.feed))


def events(recorded: Recorded) -> list[object]:
    return [event for record in recorded.actors["strategy/BTC-USDT"].records() for event in record.events]


def test_its_neighbour_misses_nothing_and_what_was_recorded_is_replayed(feed: Feed) -> None:
    stage = Session(feed)
    stage.run(stage.life(), feed.first_time + 6 * SECOND)
    recorded = stage_recording(stage)
    told = events(recorded)
    values = [each for each in told if isinstance(each, ValueRemembered)]
    counted = [each.value for each in values if each.strategy == "counts"]
    assert counted == list(range(1, len(counted) + 1))
    assert len(counted) > 50
    assert all(
        isinstance(each.value, int) and each.value % 2 == 0 for each in values if each.strategy == "raises"
    )
    assert sum(isinstance(each, StrategyFaulted) for each in told) == RULES.failures + 1
    assert sum(isinstance(each, DecisionFailed) for each in told) == RULES.failures + 1
    assert sum(isinstance(each, StrategyParked) for each in told) == 1
    [result] = replay(recorded, SessionCast(feed))
    assert (result.difference, result.skipped) == (None, None)
    assert result.steps == len(recorded.actors["strategy/BTC-USDT"].journal)


def test_a_kill_changes_nothing_of_it(feed: Feed) -> None:
    plain, killed = Session(feed), Session(feed)
    plain.run(plain.life(), feed.first_time + 6 * SECOND)
    for part in range(1, 7):  # every life ends without a word, in the midst of rests and after it was parked
        killed.run(killed.life(), feed.first_time + part * SECOND)
    assert events(stage_recording(killed)) == events(stage_recording(plain))
