"""A zombie: stopped right before its request leaves, replaced, and then let go on. It must neither commit nor act."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from cluster.host.handles import Handles
from cluster.host.launch import ChildLaunch
from messages.base import Address
from messages.order_events import OrderPlacing
from messages.supervision import RestartChild
from tests.chaos.desks import (
    BTC,
    CLOCK,
    EXECUTION,
    ROOT,
    STRATEGIES,
    VENUES,
    Session,
    session,
    settings,
    until,
)
from tests.chaos.evidence import require_digests, require_sound
from tests.chaos.kills import Killer

pytestmark = pytest.mark.chaos

LEASE_S = 5
"""Longer than a busy machine holds up a sound process, which ends itself when it is over."""


def test_a_zombie_neither_commits_nor_acts(tmp_path: Path, failpoints: Path) -> None:
    asyncio.run(_replace_a_stopped_process(tmp_path, failpoints))


async def _replace_a_stopped_process(folder: Path, failpoints: Path) -> None:
    # nobody but us replaces it
    supervision = {"digest_every": 1, "lease": f"{LEASE_S}s", "hang_timeout": "120s"}
    loaded = settings(folder, "zombie", "feed.synthetic.duration=10s", supervision=supervision)
    async with session(folder, loaded) as desk:
        ending = asyncio.create_task(desk.ended(120))
        zombie = await _stopped_before_an_order(desk, failpoints)
        epoch, orders = (await desk.status(EXECUTION)).epoch, _orders(desk)

        successor = await _start_successor(desk, EXECUTION)
        assert await desk.pid(EXECUTION) == successor.pid != zombie.pid
        assert successor.epoch == epoch + 1
        await asyncio.sleep(LEASE_S)  # from here on nobody but the successor may act

        clock = await desk.pid(CLOCK)
        assert clock is not None
        os.kill(clock, signal.SIGSTOP)  # what happens now is the zombie's doing: nobody is granted a step
        os.kill(zombie.pid, signal.SIGCONT)
        await until(lambda: _gone(zombie), 60, "the zombie ends by itself")
        assert _orders(desk) == orders, "the zombie sent an order"
        os.kill(clock, signal.SIGCONT)
        await ending
        records = (await desk.desk.store.load(EXECUTION, 0)).records
        epochs = [record.epoch for record in records]
        assert epochs == sorted(epochs), "an older epoch committed behind a newer one"
        require_sound(await desk.outcome())
        await require_digests(desk, EXECUTION)


@pytest.mark.long
def test_a_zombie_supervisor_stops_no_child_of_its_successor(tmp_path: Path, failpoints: Path) -> None:
    asyncio.run(_replace_a_stopped_supervisor(tmp_path, failpoints))


async def _replace_a_stopped_supervisor(folder: Path, failpoints: Path) -> None:
    supervision = {"digest_every": 1, "lease": f"{LEASE_S}s", "hang_timeout": "120s"}
    loaded = settings(folder, "wraith", "feed.synthetic.duration=null", supervision=supervision)
    async with session(folder, loaded, speed="1") as desk:
        first = await desk.status(BTC)
        pid = await desk.pid(STRATEGIES)
        zombie = psutil.Process(pid)
        # it stands still between the commit that promises to stop the child and the stop
        Killer(desk, failpoints).arm("before_effect", STRATEGIES, signal_name="STOP")
        await desk.desk.post(RestartChild(child=BTC), to=STRATEGIES)
        await until(lambda: _stopped(zombie), 60, "the supervisor stands still before an effect")

        successor = await _start_successor(desk, STRATEGIES, "supervisor", ROOT)
        assert successor.pid != zombie.pid
        await until(lambda: _runs_anew(desk, first.epoch), 60, "the successor has restarted the child")
        renewed = await desk.status(BTC)

        os.kill(zombie.pid, signal.SIGCONT)
        await until(lambda: _gone(zombie), 60, "the zombie ends by itself")
        await asyncio.sleep(LEASE_S)
        after = await desk.status(BTC)
        assert after.incarnation == renewed.incarnation, "the zombie stopped its successor's child"
        assert after.epoch == renewed.epoch, "the zombie fenced its successor's child"
        assert after.heartbeat > renewed.heartbeat


async def _runs_anew(desk: Session, before: int) -> bool:
    status, row = await desk.status(BTC), await desk.row(BTC)
    return status.epoch > before and row.get("status") == "running" and row.get("incarnation") == status.epoch


async def _stopped_before_an_order(desk: Session, failpoints: Path) -> psutil.Process:
    """The execution actor's process, standing still between the commit of an order and its request."""
    pid = await desk.pid(EXECUTION)
    process = psutil.Process(pid)
    await until(lambda: _has_placed(desk, 2), 60, "the desk trades")
    while True:
        shot = Killer(desk, failpoints).arm("before_effect", EXECUTION, signal_name="STOP")
        await until(lambda: _stopped(process), 60, "the execution actor stands still before an effect")
        shot.with_suffix(".taken").unlink()
        records = (await desk.desk.store.load(EXECUTION, 0)).records
        if any(isinstance(event, OrderPlacing) for event in records[-1].events):
            return process
        os.kill(process.pid, signal.SIGCONT)  # it was a cancel or a question: those may be asked by anybody


async def _start_successor(  # type: ignore[no-untyped-def]
    desk: Session, address: Address, kind: str = "execution", supervisor: Address = VENUES
):
    """Another process for the same actor, as a supervisor elsewhere would start it; it can't end the first one."""
    launch = desk.desk.launch
    parent = (supervisor, (await desk.status(supervisor)).epoch)
    child = ChildLaunch(launch, address, kind, {"life": 0}, parent)
    return await Handles(f"{launch.namespace}-elsewhere").create(child).begin.remote()


async def _stopped(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


async def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def _has_placed(desk: Session, orders: int) -> bool:
    return _orders(desk) >= orders


def _orders(desk: Session) -> int:
    """How many orders the venue was sent, the refused ones included; cancels are harmless."""
    lines = desk.orders_file.read_text().splitlines() if desk.orders_file.exists() else []
    return sum('"order_type"' in line or '"refused":"order"' in line for line in lines)
