"""The stub backtest: every order goes all the way, at full speed the desk loses nothing, and the figures are there."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from cluster.simulator.rounds import Rounds
from cluster.simulator.stub_backtest import EXECUTION, RISK, STRATEGY, StubDesk, measure
from cluster.simulator.unrecorded import UnrecordedRounds
from messages.errors import DeskError

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module", params=[False, True], ids=["unrecorded", "recorded"])
def desk(request: pytest.FixtureRequest) -> StubDesk:
    desk = StubDesk(quotes=8_000, every=4, recorded=request.param)
    desk.run()
    return desk


def test_every_order_goes_all_the_way(desk: StubDesk) -> None:
    orders = 2_000
    assert desk.orders == orders
    assert desk.rounds.actors[STRATEGY].state.counts == {
        "raised": orders,
        "filled": orders,
        "reported": orders,
    }
    assert desk.rounds.actors[RISK].state.counts == {
        "reserved": orders,
        "filled": orders,
        "released": orders,
    }
    assert desk.rounds.actors[EXECUTION].state.quantities == {
        what: Decimal("0.01") * orders for what in ("placing", "placed", "filled")
    }


def test_an_order_takes_a_handful_of_steps(desk: StubDesk) -> None:
    assert 6 <= desk.steps / desk.orders <= 10


def test_memory_stays_flat(desk: StubDesk) -> None:
    """What is taken is dropped; nothing is journalled."""
    if isinstance(desk.rounds, UnrecordedRounds):
        assert [host.inbox for host in desk.rounds.hosts.values()] == [[], [], []]
        return
    for actor in desk.rounds.store.actors.values():
        assert len(actor.urgent.entries) < 5_000
        assert len(actor.mailbox.entries) < 5_000
        assert actor.journal == []


def test_the_feed_position_is_committed_with_the_decision(desk: StubDesk) -> None:
    if isinstance(desk.rounds, Rounds):
        assert desk.rounds.hosts[STRATEGY].machine.position.feed == 8_000


def test_what_ends_an_actor_at_full_speed_is_raised() -> None:
    desk = StubDesk(quotes=4, every=2, recorded=True)
    assert isinstance(desk.rounds, Rounds)
    desk.rounds.settle(RISK)
    desk.rounds.hosts[RISK].trouble = DeskError("the store is gone")
    with pytest.raises(DeskError, match="the store is gone"):
        desk.run()


def test_a_posting_store_knows_whom_it_gave_mail(desk: StubDesk) -> None:
    if isinstance(desk.rounds, Rounds):
        assert desk.rounds.store.addressed == {}


def test_measuring_gives_figures() -> None:
    figures = measure(quotes=4_000, orders=200)
    assert figures["steps_per_order"] == pytest.approx(6.0, abs=0.02)
    assert all(value > 0 for value in figures.values())


def test_the_backtest_imports_neither_ray_nor_redis() -> None:
    program = (
        "import sys, cluster.simulator.stub_backtest, cluster.simulator.crash_loop\n"
        "print([name for name in ('ray', 'redis', 'asyncio') if name in sys.modules])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
