"""Kills: what is killed when, how long it stays away, and which failpoints were really hit."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cluster.host.failpoints import NAMES
from messages.base import Address
from messages.errors import StoreUnavailableError
from tests.chaos.desks import (
    BTC,
    CLOCK,
    ETH,
    EXECUTION,
    RISK,
    ROOT,
    SECOND,
    STRATEGIES,
    VENUE,
    VENUES,
    Session,
)

T = TypeVar("T")

EVERYTHING = "everything"
REDIS = "redis"
VICTIMS: tuple[str, ...] = (
    BTC,
    RISK,
    EXECUTION,
    VENUE,
    STRATEGIES,
    ROOT,
    REDIS,
    EVERYTHING,
    ETH,
    VENUES,
    CLOCK,
)

SHOOTABLE: dict[str, tuple[Address, ...]] = {
    "before_commit": (BTC, RISK, EXECUTION, STRATEGIES),
    "after_commit": (RISK, ETH, EXECUTION, VENUES),
    "before_effect": (EXECUTION,),
    "during_effect": (EXECUTION,),
    "after_effect": (EXECUTION,),
    "in_recovery": (RISK, EXECUTION, BTC),
    "in_snapshot": (RISK, EXECUTION, ETH),
    "in_claim": (EXECUTION, ETH, RISK),
}
"""Which actors each failpoint is armed for; an actor without effects has none to die in."""

NEEDS_A_DEATH = frozenset({"in_recovery", "in_claim"})
"""Failpoints that are passed only by a successor: arming them comes with a kill."""


@dataclass(frozen=True)
class Kill:
    """At desk time `at` (ns since the session's beginning): kill `victim` with -9, or arm `point` for it."""

    at: int
    victim: str
    point: str | None = None


@dataclass
class Report:
    """What was done to a session and how long the victims were away, in machine seconds."""

    killed: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    away: dict[str, list[float]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Deaths by direct kill and by failpoint."""
        return self.killed.total() + self.hit.total()

    def add(self, other: Report) -> None:
        """Add another session's."""
        self.killed += other.killed
        self.hit += other.hit
        for victim, seconds in other.away.items():
            self.away.setdefault(victim, []).extend(seconds)

    def __str__(self) -> str:
        lines = [f"{self.total} deaths"]
        lines += [f"  kill -9 {victim}: {count}" for victim, count in sorted(self.killed.items())]
        lines += [f"  failpoint {point}: {self.hit[point]}" for point in NAMES]
        lines += [
            f"  {victim} back after {min(each):.2f}..{max(each):.2f} s"
            for victim, each in sorted(self.away.items())
        ]
        return "\n".join(lines)


async def patient(ask: Callable[[], Awaitable[T]], timeout_s: float = 60.0) -> T:
    """Ask until Redis answers."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return await ask()
        except StoreUnavailableError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)


class Killer:
    """Carries a plan out on one session; `folder` is where shots are armed."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session = session
        self.folder = folder
        self.report = Report()
        self._armed: dict[Path, str] = {}
        self._watches: list[asyncio.Task[None]] = []

    async def carry_out(self, plan: Sequence[Kill]) -> None:
        """Strike at each desk time of the plan; returns when the last blow has been dealt."""
        for kill in sorted(plan, key=lambda each: each.at):
            while await patient(self.session.time) < kill.at:
                await asyncio.sleep(0.005)
            if kill.point is not None:
                self.arm(kill.point, kill.victim)
            if kill.point is None or kill.point in NEEDS_A_DEATH:
                await self.strike(kill.victim)

    async def finish(self) -> Report:
        """Wait until all victims are back, and count the shots that were taken. None stays armed."""
        await asyncio.gather(*self._watches)
        for shot, point in self._armed.items():
            if shot.with_suffix(".taken").exists():
                self.report.hit[point] += 1
                shot.with_suffix(".taken").unlink()
            else:
                shot.unlink(missing_ok=True)
        return self.report

    def arm(self, point: str, address: Address, passes: int = 0, signal_name: str = "KILL") -> Path:
        """Let the actor get the signal at the failpoint, after letting it pass `passes` times."""
        shot = self.folder / f"{point}@{address.replace('/', '+')}@{time.monotonic_ns()}"
        self._armed[shot] = point
        staged = shot.with_name(f".{shot.name}")
        staged.write_text(f"{passes} {signal_name}")
        staged.rename(shot)
        return shot

    async def strike(self, victim: str) -> None:
        """Kill -9 one victim, or all processes of the desk, its Redis and its venue at the same time."""
        names = await self._all() if victim == EVERYTHING else [victim]
        pids = {name: await self._pid(name) for name in names}
        struck = time.monotonic()
        for pid in pids.values():
            if pid is not None:
                _kill(pid)
        self.report.killed[victim] += 1
        for name, pid in pids.items():
            self._watches.append(asyncio.create_task(self._await_successor(victim, name, pid, struck)))

    async def _pid(self, name: str) -> int | None:
        return await patient(lambda: self.session.pid(name))

    async def _all(self) -> list[str]:
        return [*await patient(self.session.desk.addresses), REDIS]

    async def _await_successor(self, victim: str, name: str, old: int | None, struck: float) -> None:
        while await self._pid(name) in (old, None):
            assert time.monotonic() - struck < 60, f"{name} did not come back within 60 s"
            await asyncio.sleep(0.01)
        label = name if victim == name else f"{name} ({victim})"
        self.report.away.setdefault(label, []).append(time.monotonic() - struck)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def campaign(seed: int, sessions: int, shots: int, blows: int, duration: int) -> list[list[Kill]]:
    """Plans for several sessions: every failpoint `shots` times and `blows` direct kills, spread at random times.

    `duration` is the session's in ns. Victims take turns, so that each is struck about equally often.
    """
    draw = random.Random(seed)
    kills: list[tuple[str, str | None]] = [
        (addresses[shot % len(addresses)], point)
        for point, addresses in SHOOTABLE.items()
        for shot in range(shots)
    ]
    kills += [(VICTIMS[blow % len(VICTIMS)], None) for blow in range(blows)]
    draw.shuffle(kills)
    plans: list[list[Kill]] = [[] for _ in range(sessions)]
    for index, (victim, point) in enumerate(kills):
        # shots need some of the session left to be passed by
        at = draw.randint(SECOND, duration * (7 if point else 9) // 10)
        plans[index % sessions].append(Kill(at, victim, point))
    return plans
