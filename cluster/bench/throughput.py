"""How much goes through: messages per second over one hop by batch size, and intents per second through risk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from actors.base import Context
from actors.risk.actor import RiskActor
from cluster.bench.bare import BareRole
from cluster.bench.crew import Crew
from cluster.bench.figures import Figures, rates
from cluster.bench.hosted import RequesterRole, RiskRole, TakerRole
from cluster.bench.paths import FLOOR_DESK, prepare_risk
from cluster.bench.workload import DESK, EXECUTION, RISK, STRATEGY, bench_launch, opening_mail, sample_intent
from cluster.host.risk_map import risk_settings

BATCHES = (1, 10, 100)

_OPENING = 1 + len(opening_mail(DESK, 0))
"""Messages in risk's mail before the load, the store's birth among them."""


class ThroughputPlan(msgspec.Struct, frozen=True):
    """How much to send: commits per batch size, at least `messages` in all; intents through risk."""

    commits: int = 400
    messages: int = 3_000
    intents: int = 10_000


def measure_messages(url: str, folder: Path, plan: ThroughputPlan) -> dict[str, Figures]:
    """Messages per second from one process to another, the sender committing `batch` of them at a time.

    The floor commits the same bytes and reads them, one commit per full step of the receiver.
    """
    return {f"batch_{batch}": _measure_batch(url, folder, plan, batch) for batch in BATCHES}


def _measure_batch(url: str, folder: Path, plan: ThroughputPlan, batch: int) -> Figures:
    commits = max(plan.commits, plan.messages // batch)
    receiver = f"{EXECUTION}-{batch}"
    with Crew(folder / "logs") as crew:
        taker = crew.start(f"taker-{batch}", TakerRole, url, str(folder), receiver)
        requester = crew.start(f"requester-{batch}", RequesterRole, url, str(folder), receiver)
        began = requester.ask("send", commits, batch)
        received, _ = taker.ask("taken", commits * batch)
        per_s = _per_second(list(began.values()), list(received.values()))
        sending = requester.ask("commit_call", f"{FLOOR_DESK}-{batch}", False)
        taking = taker.ask("commit_call", f"{FLOOR_DESK}-{batch}", True)
        last = crew.start(f"bare-taker-{batch}", BareRole, url, taking, True)
        first = crew.start(f"bare-requester-{batch}", BareRole, url, sending, False)
        sent = first.ask("send", commits)
        read, _ = last.ask("taken", commits * batch)
    return rates("messages", per_s, _per_second(sent, read, batch))


def _per_second(began: Sequence[int], ended: Sequence[int], each: int = 1) -> float:
    return len(began) * each / (max(ended) - min(began)) * 1e9


def measure_risk(url: str, folder: Path, plan: ThroughputPlan) -> Figures:
    """Intents per second through the real risk actor, from a full mailbox, every one approved and reserved.

    Beside it its floor, the reads and commits of the very same steps with nothing in between, and how many the actor
    decides on without any runtime. Reservations are not released meanwhile: the state grows with the load.
    """
    batch = 100
    prepare_risk(url)
    with Crew(folder / "logs") as crew:
        requester = crew.start("requester", RequesterRole, url, str(folder), RISK)
        requester.ask("send", plan.intents // batch, batch)
        filling = requester.ask("commit_call", FLOOR_DESK, False)
        requester.end()
        risk = crew.start("risk", RiskRole, url, str(folder))
        steps = risk.ask("committed_inputs", plan.intents + _OPENING)
        deciding = risk.ask("commit_call", FLOOR_DESK, True)
        risk.end()
        bare = crew.start("bare-requester", BareRole, url, filling, False)
        bare.ask("send", plan.intents // batch)
        reader = crew.start("bare-risk", BareRole, url, deciding, True)
        _, committed = reader.ask("taken", plan.intents)
    found = rates("intents", between_steps(steps), between_commits(committed))
    return {**found, "decided_per_s": round(decisions_per_second(folder, plan.intents))}


def between_steps(steps: Sequence[tuple[int, int]]) -> float:
    """Inputs per second from the answer of the first commit to that of the last."""
    times, inputs = zip(*steps, strict=True)
    return float(sum(inputs[1:]) / (times[-1] - times[0]) * 1e9)


def between_commits(committed: Sequence[int]) -> float:
    """Messages per second by when each was committed, those of the first commit left out."""
    first, last = committed[0], committed[-1]
    return (len(committed) - committed.count(first)) / (last - first) * 1e9


def decisions_per_second(folder: Path, intents: int) -> float:
    """How many intents the risk actor decides on per second by itself, with nothing read or stored."""
    actor = RiskActor(risk_settings(bench_launch("", folder).config))
    context = Context(actor)
    context.now = time.time_ns()
    for sender, message in opening_mail(DESK, context.now):
        context.begin(sender, sender, sender)
        actor.receive(message, context)
    intent = sample_intent(context.now)
    began = time.perf_counter_ns()
    for number in range(intents):
        context.clear()
        context.begin(STRATEGY, f"{STRATEGY}#{number}", "")
        actor.receive(intent, context)
    return intents / (time.perf_counter_ns() - began) * 1e9
