"""A campaign: many seeds over several processes, results in the order of the seeds, and whether it reached enough."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

import msgspec

from cluster.simulator.desk.faults import STRIKES
from cluster.simulator.desk.reached import COUNTERS
from cluster.simulator.desk.seed import SeedFailedError, SeedOutcome, run_seed
from messages.codec import digest

ENFORCED_FROM: Final = 1_000
"""With so many seeds a counter that was not reached fails the campaign; fewer may miss the rare ones."""

_SHARE = 8
"""How many seeds a worker is handed at a time."""


class Failure(msgspec.Struct, frozen=True):
    """A seed that failed: the invariant's number, what was found, how to see it again, and what happened last."""

    seed: int
    step: int
    invariant: str
    problem: str
    reproduce: str
    history: str


class CampaignResult(msgspec.Struct, frozen=True):
    """Many seeds: sums, how often each fault struck whom (`kind/role`), what was reached how often.

    `unreached` are counters that stand at 0, faults and sometimes-counters alike. `trace` is a digest over the
    histories of all seeds in order, so that two runs can be compared.
    """

    seeds: int
    first_seed: int
    turns: int
    steps: int
    orders: int
    fills: int
    struck: dict[str, int]
    reached: dict[str, int]
    unreached: tuple[str, ...]
    failures: tuple[Failure, ...]
    trace: str

    @property
    def passed(self) -> bool:
        """Whether no invariant broke and, with enough seeds, everything was reached."""
        return not self.failures and not (self.seeds >= ENFORCED_FROM and self.unreached)


def run_campaign(
    seeds: int, first_seed: int = 0, *, workers: int = 1, progress: Callable[[int], None] | None = None
) -> CampaignResult:
    """Run `seeds` seeds from `first_seed` on; `progress` is told after each. `workers` don't change the result."""
    chosen = range(first_seed, first_seed + seeds)
    outcomes: list[SeedOutcome] = []
    failures: list[Failure] = []
    for result in _results(chosen, workers):
        if isinstance(result, Failure):
            failures.append(result)
        else:
            outcomes.append(result)
        if progress is not None:
            progress(1)
    return _summed(chosen, outcomes, failures)


def _results(seeds: range, workers: int) -> Iterator[SeedOutcome | Failure]:
    if workers <= 1:
        yield from map(_one, seeds)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(_one, seeds, chunksize=max(1, min(_SHARE, len(seeds) // workers)))


def _one(seed: int) -> SeedOutcome | Failure:
    try:
        return run_seed(seed)
    except SeedFailedError as error:
        problem = f"{type(error.cause).__name__}: {error.cause}"
        return Failure(seed, error.step, error.invariant, problem, error.reproduce, error.history)


def _summed(seeds: range, outcomes: Sequence[SeedOutcome], failures: Sequence[Failure]) -> CampaignResult:
    struck: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    for outcome in outcomes:
        struck.update(outcome.struck)
        reached.update(outcome.reached)
    possible = [f"{kind}/{role}" for kind, roles in STRIKES.items() for role in roles]
    unreached = [name for name in possible if not struck[name]]
    unreached += [name for name in COUNTERS if not reached[name]]
    return CampaignResult(
        seeds=len(seeds),
        first_seed=seeds.start,
        turns=sum(each.turns for each in outcomes),
        steps=sum(each.steps for each in outcomes),
        orders=sum(each.orders for each in outcomes),
        fills=sum(each.fills for each in outcomes),
        struck={name: struck[name] for name in possible},
        reached={name: reached[name] for name in COUNTERS},
        unreached=tuple(unreached),
        failures=tuple(failures),
        trace=_digest([each.trace for each in outcomes]),
    )


def _digest(traces: Sequence[str]) -> str:
    return digest(*(trace.encode() for trace in traces))[:16]
