"""Risk with every check at work on a thousand symbols: what a decision costs by itself, and how many go through.

The actor's own work is measured in this process, in CPU time, with a full window of samples, marks and ended orders in
between; how many go through, with the real process on Redis, beside the bare commits of the same steps.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.base import Context
from actors.risk.actor import RiskActor
from cluster.bench.bare import BareRole
from cluster.bench.crew import BenchError, Crew
from cluster.bench.figures import Figures, percentile, rates
from cluster.bench.hosted import RequesterRole, RiskRole, TakerRole
from cluster.bench.paths import FLOOR_DESK
from cluster.bench.risk_load import (
    LIMITS,
    MIN_SAMPLES,
    SPACING_S,
    SYMBOLS,
    Market,
    intents,
    opening,
    wide_launch,
)
from cluster.bench.throughput import between_commits, between_steps
from cluster.bench.workload import DESK, EXECUTION, RISK, STRATEGY, Requester
from cluster.host.launch import Launch
from cluster.host.risk_map import risk_settings
from cluster.store.redis_store import RedisStore, connect
from messages.base import Address, Envelope, Message
from messages.intents import OrderIntent, Verdict
from messages.orders import OrderReport, OrderState
from messages.portfolio import IntentDecided
from messages.reasons import Reason

_SECOND: Final = 1_000_000_000
_BATCH: Final = 100
_OPEN: Final = 50
"""Orders that are open at the same time; the oldest ends when another is approved."""

_PER_SECOND: Final = 10_000
"""Intents in a second of desk time."""

_MARKS_EVERY: Final = 25
"""Intents between two messages of marks."""


class AllChecksPlan(msgspec.Struct, frozen=True):
    """How many intents are decided on in this process, after how many samples, and how many go through Redis."""

    decisions: int = 20_000
    samples: int = 500
    intents: int = 10_000


def measure_own_work(folder: Path, plan: AllChecksPlan) -> Figures:
    """One intent after the other through the actor alone: `own_p50_us`, `own_p99_us` of a decision; checks; a sample.

    Raises `BenchError` when an intent was not approved: then not all of its way was measured.
    """
    scene = _Scene(folder)
    sampling = [scene.sample() for _ in range(plan.samples)]
    scene.decide(len(SYMBOLS))  # what holds for a symbol is resolved when it is first asked about
    spans = scene.decide(plan.decisions)
    return {
        "own_p50_us": round(percentile(spans, 0.5) / 1e3, 1),
        "own_p99_us": round(percentile(spans, 0.99) / 1e3, 1),
        "own_decided_per_s": round(len(spans) / sum(spans) * 1e9),
        "checks_per_intent": scene.checks,
        "sample_p50_ms": round(percentile(sampling[len(sampling) // 2 :], 0.5) / 1e6, 2),
        "decisions": len(spans),
    }


class _Scene:
    """An actor in this process, in the midst of a market."""

    def __init__(self, folder: Path) -> None:
        self._actor = RiskActor(risk_settings(wide_launch("", folder).config))
        self._context = Context(self._actor)
        self._context.now = time.time_ns() // _SECOND * _SECOND
        self._market, self._number, self._ending = Market(), 0, [""] * _OPEN
        self.checks = 0
        for sender, message in opening(DESK):
            self._give(sender, message)

    def sample(self) -> int:
        """All symbols move, and a sample is taken; how long that took, in ns of CPU time."""
        self._context.now += SPACING_S * _SECOND
        return self._give(STRATEGY, self._market.all_marks(self._context.now))

    def decide(self, count: int) -> list[int]:
        """Decide on so many intents; how long each took, in ns of CPU time."""
        spans, wanted = [], intents(self._context.now)
        for number in range(count):
            self._context.now += _SECOND // _PER_SECOND
            if not number % _MARKS_EVERY:
                self._give(STRATEGY, self._market.some_marks(self._context.now))
            intent = next(wanted)
            spans.append(self._give(STRATEGY, intent))
            self._end_oldest(intent)
        return spans

    def _end_oldest(self, intent: OrderIntent) -> None:
        """See that the intent was approved, and let the oldest one end unfilled."""
        decided = self._decided()
        if decided.verdict is not Verdict.APPROVED:
            failed = ", ".join(check.check for check in decided.checks if not check.passed)
            raise BenchError("an intent was not approved", field="risk", value=failed)
        self.checks = len(decided.checks)
        self._ending.append(decided.intent_id)
        oldest = self._ending.pop(0)
        if oldest:
            terms = intent.terms
            report = OrderReport(
                oldest,
                terms.symbol,
                None,
                OrderState.CANCELLED,
                terms.quantity,
                terms.quantity * 0,
                True,
                Reason.ACCEPTED,
                self._context.now,
            )
            self._give(EXECUTION, report)

    def _decided(self) -> IntentDecided:
        for event in self._context.events:
            if isinstance(event, IntentDecided):
                return event
        raise BenchError("an intent was passed over", field="risk")

    def _give(self, sender: Address, message: Message) -> int:
        self._number += 1
        context, name = self._context, f"{sender}#{self._number}"
        context.clear()
        context.begin(sender, name, name)
        began = time.thread_time_ns()
        self._actor.receive(message, context)
        return time.thread_time_ns() - began


# --- through Redis ----------------------------------------------------------------------------------------------


class WideRequester(Requester):
    """The stand-in of a strategy that trades the wide desk's symbols."""

    def __init__(self) -> None:
        super().__init__(RISK, time.perf_counter_ns)
        self._wanted: Iterator[OrderIntent] | None = None

    def next_intent(self, now: int) -> OrderIntent:
        """See `Requester.next_intent`."""
        if self._wanted is None:
            self._wanted = intents(now)
        return next(self._wanted)


class WideRequesterRole(RequesterRole):
    """Hosts it."""

    def __init__(self, url: str, folder: str) -> None:
        super().__init__(url, folder, RISK)
        self._requester = WideRequester()


class WideRiskRole(RiskRole):
    """The real risk actor of the wide desk, put together as on a desk."""

    def launch(self) -> Launch:
        """See `RiskRole.launch`."""
        return wide_launch(self.url, self.folder)


def measure_all_checks(url: str, folder: Path, plan: AllChecksPlan) -> dict[str, Any]:
    """Intents per second through the real process, from a full mailbox in batches, every one approved and reserved.

    As `throughput.measure_risk` does: who asks has ended before the first of its intents is decided on, for otherwise
    it is measured how two processes share the machine. Every order is read at the venue's end afterwards.
    """
    own = measure_own_work(folder, plan)
    with Crew(folder / "logs") as crew:
        asyncio.run(_open(url))
        _until_returns_are_known(url, folder, crew)
        requester = crew.start("requester", WideRequesterRole, url, str(folder))
        requester.ask("send", plan.intents // _BATCH, _BATCH)
        filling = requester.ask("commit_call", FLOOR_DESK, False)
        requester.end()
        risk = crew.start("risk", WideRiskRole, url, str(folder))
        steps = risk.ask("committed_inputs", plan.intents)
        deciding = risk.ask("commit_call", FLOOR_DESK, True)
        risk.end()
        taker = crew.start("taker", TakerRole, url, str(folder), EXECUTION)
        taker.ask("taken", plan.intents)
        taker.end()
        bare = crew.start("bare-requester", BareRole, url, filling, False)
        bare.ask("send", plan.intents // _BATCH)
        reader = crew.start("bare-risk", BareRole, url, deciding, True)
        _, committed = reader.ask("taken", plan.intents)
    return {
        **rates("intents", between_steps(steps), between_commits(committed)),
        **own,
        "says": _says(own),
    }


def _until_returns_are_known(url: str, folder: Path, crew: Crew) -> None:
    """Let a first life of risk take samples, in real time: marks that wait in a mailbox are one sample."""
    risk, market = crew.start("sampling-risk", WideRiskRole, url, str(folder)), Market()
    known = 1 + len(opening(DESK))  # the store's birth is one, too
    for _ in range(MIN_SAMPLES + 2):
        asyncio.run(_post(url, ((STRATEGY, market.all_marks(time.time_ns())),)))
        known += 1
        risk.ask("committed_inputs", known)
        time.sleep(SPACING_S)
    risk.end()


def _says(own: Figures) -> str:
    names = ", ".join(name for name in LIMITS if name not in ("tiers", "themes", "overrides"))
    return (
        f"{len(SYMBOLS):,} symbols, half of them held, {own['checks_per_intent']} checks an intent; set: {names}; "
        f"limits of tiers, themes, a strategy, a symbol and the venue; a full mailbox is decided on in batches, by a "
        f"risk that has started anew, once who asks has ended; then every order is read at the venue's end"
    )


async def _open(url: str) -> None:
    """The store is born, and risk's account opened."""
    store = RedisStore(connect(url), DESK)
    try:
        generation = await store.open(DESK)
    finally:
        await store.close()
    await _post(url, opening(generation))


async def _post(url: str, mail: tuple[tuple[Address, Message], ...]) -> None:
    now, store = time.time_ns(), RedisStore(connect(url), DESK)
    try:
        for sender, message in mail:
            await store.post(Envelope(sender, 0, RISK, sender, sender, now, message))
    finally:
        await store.close()
