"""The small parts of a host: desk clocks, the lease, lanes, failpoints, the lock on a desk's folder."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cluster.folders import FolderLock, session_folder
from cluster.host.clocks import GrantedClock, PaceAnchor, PacedClock
from cluster.host.failpoints import VARIABLE, failpoints_for
from cluster.host.lanes import Lanes
from cluster.host.lease import Lease, proven_gone, this_incarnation
from cluster.store.port import Claimed, Incarnation
from messages.base import Effect
from messages.errors import DeskLockedError
from tests.samples import Ask

pytestmark = pytest.mark.integration

SECOND = 1_000_000_000


def test_a_paced_clock_runs_so_many_times_as_fast_from_its_anchor() -> None:
    began = time.time_ns()
    clock = PacedClock(PaceAnchor(began - SECOND, 50 * SECOND, 10.0))
    assert 60 * SECOND <= clock.now() < 160 * SECOND
    assert clock.now() <= clock.now()
    assert clock.wait_s(0) == 0


def test_a_granted_clock_moves_forward_only_and_by_grants_only() -> None:
    clock = GrantedClock(5)
    clock.grant(9)
    clock.grant(7)
    assert clock.now() == 9
    assert clock.wait_s(9) == 0
    assert clock.wait_s(10) is None


def claimed(predecessor: Incarnation | None, *earlier: Incarnation) -> Claimed:
    return Claimed(2, "g", predecessor, None, 0, earlier)


def test_a_lease_acts_at_once_when_there_is_no_predecessor() -> None:
    lease = Lease(60.0)
    lease.begin(claimed(None), time.monotonic())
    assert lease.wait_s() == 0
    assert lease.may_act()


def test_a_lease_acts_at_once_when_the_predecessor_is_proven_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    mine = this_incarnation()
    process.wait()
    lease = Lease(60.0)
    lease.begin(claimed(Incarnation(mine.node, mine.boot, process.pid, 1)), time.monotonic())
    assert lease.may_act()


@pytest.mark.parametrize("where", ["here and alive", "another machine"])
def test_a_lease_waits_out_a_predecessor_that_may_live(where: str) -> None:
    mine = this_incarnation()
    predecessor = mine if where == "here and alive" else Incarnation("elsewhere", mine.boot, 1, 1)
    assert not proven_gone(predecessor)
    lease = Lease(60.0)
    lease.begin(claimed(predecessor), time.monotonic())
    assert lease.wait_s() > 50
    assert not lease.may_act()


def test_a_lease_waits_out_one_that_may_live_behind_a_predecessor_that_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    mine = this_incarnation()
    process.wait()
    gone = Incarnation(mine.node, mine.boot, process.pid, 1)
    lease = Lease(60.0)
    lease.begin(claimed(gone, gone, Incarnation("elsewhere", mine.boot, 1, 1)), time.monotonic())
    assert lease.wait_s() > 50


def test_a_lease_that_was_not_renewed_for_half_its_time_does_not_act() -> None:
    lease = Lease(60.0)
    lease.begin(claimed(None), time.monotonic() - 31)
    assert not lease.may_act()
    lease.renew(time.monotonic())
    assert lease.may_act()


def test_a_recycled_pid_is_not_taken_for_the_process_that_had_it() -> None:
    mine = this_incarnation()
    assert proven_gone(Incarnation(mine.node, mine.boot, mine.pid, mine.started + 1))
    assert proven_gone(Incarnation(mine.node, "an earlier boot", mine.pid, mine.started))


def test_effects_of_a_lane_are_serial_and_lanes_run_at_once() -> None:
    async def scenario() -> list[str]:
        told: list[str] = []
        gate = asyncio.Event()

        async def perform(effect: Effect, ordinal: int) -> None:
            told.append(f"begin {effect.lane} {ordinal}")
            if ordinal == 1:
                await gate.wait()
            told.append(f"end {effect.lane} {ordinal}")

        lanes = Lanes(perform)
        lanes.start([Ask(number=7), Ask(number=7), Ask(number=8)])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not lanes.idle
        gate.set()
        await lanes.settle()
        assert lanes.idle
        return told

    assert asyncio.run(scenario()) == [
        "begin 7 1",
        "begin 8 3",
        "end 8 3",
        "end 7 1",
        "begin 7 2",
        "end 7 2",
    ]


def test_a_failpoint_kills_once_after_the_passes_it_lets_go_by(tmp_path: Path) -> None:
    shot = tmp_path / "after_commit@risk@1"
    shot.write_text("2")
    program = (
        "from cluster.host.failpoints import failpoints_for\n"
        "point = failpoints_for('risk')\n"
        "for turn in range(5):\n"
        "    point('before_commit'); point('after_commit'); print(turn, flush=True)\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, VARIABLE: str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[3],
        )
        for _ in range(2)
    ]
    assert (runs[0].returncode, runs[0].stdout.split()) == (-9, ["0", "1"])
    assert (runs[1].returncode, runs[1].stdout.split()) == (0, ["0", "1", "2", "3", "4"])
    assert [path.name for path in tmp_path.iterdir()] == ["after_commit@risk@1.taken"]


def test_without_the_variable_a_failpoint_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    failpoints_for("risk")("before_commit")


def test_a_desk_that_runs_is_named_to_whoever_wants_to_run_it_too(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.take("desk")
    with pytest.raises(DeskLockedError, match=f"pid {os.getpid()}"):
        second.take("desk")
    first.release()
    second.take("desk")
    second.release()


def test_a_fresh_session_begins_beside_the_earlier_ones(tmp_path: Path) -> None:
    history = session_folder(tmp_path, fresh=False)
    assert session_folder(tmp_path, fresh=False) == history
    fresh = session_folder(tmp_path, fresh=True)
    assert fresh != history
