"""The crash loop: a chain of actors in a world of misfortune, seed after seed.

Safety is checked after every step; then faults stop, everything must come to rest, and every number must have been
counted once. Run it with `python -m cluster.simulator.crash_loop --seeds 200`; a failure names its seed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from random import Random
from typing import Any

import msgspec
import numpy as np

from cluster.feeds.columns import NO_EVENT_TIME, Chunk
from cluster.simulator.chain import CAST, LOOK_EVERY, MILLISECOND, REMIND_EVERY, STAMP_EVERY, StampOffice
from cluster.simulator.chain_messages import BeginChain
from cluster.simulator.faults import KINDS, POISON, FaultPlan
from cluster.simulator.world import Build, Role, World
from messages.base import Address
from messages.errors import DeskError, InvariantError
from messages.market import TickKind

_ROW_EVERY = MILLISECOND // 2


class Outcome(msgspec.Struct, frozen=True):
    """One seed's history: a hash over all that happened, how long it was, and which faults struck how often."""

    seed: int
    trace: str
    turns: int
    steps: int
    struck: dict[str, int]


class Campaign(msgspec.Struct, frozen=True):
    """Many seeds: how often each fault struck in all, and which never did."""

    seeds: int
    steps: int
    struck: dict[str, int]
    never: tuple[str, ...]


class SeedFailedError(InvariantError):
    """An invariant broke under a seed; `reproduce` is the command that shows it again."""

    reason_code = "seed_failed"

    def __init__(self, seed: int, cause: DeskError) -> None:
        self.reproduce = f"python -m cluster.simulator.crash_loop --seed {seed}"
        super().__init__(f"seed {seed}: {cause}", remedy=f"reproduce with: {self.reproduce}")


class RowFeed:
    """A feed of so many rows at a steady pace; only their number matters."""

    symbol = "ROWS"
    first_time = 0

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.last_time: int | None = rows * _ROW_EVERY

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """See `Feed.open`."""
        count = self.rows - position
        times = np.arange(position + 1, self.rows + 1, dtype=np.int64) * _ROW_EVERY
        nothing = np.full(count, np.nan)
        yield Chunk(
            self.symbol,
            times,
            np.full(count, NO_EVENT_TIME, dtype=np.int64),
            np.full(count, TickKind.TRADE, dtype=np.int8),
            *(nothing for _ in range(5)),
        )


def run_seed(seed: int, *, build: Build | None = None, plan: FaultPlan | None = None) -> Outcome:
    """One seed's whole history. Raises `SeedFailedError` when something that must hold does not."""
    shape = Random(f"shape {seed}")
    plan = plan or FaultPlan.drawn(shape, until=shape.randrange(20, 80) * MILLISECOND)
    parcels, leaflets = shape.randrange(5, 40), shape.randrange(0, 20)
    rotten = tuple(sorted(shape.sample(range(1, parcels + 1), shape.randrange(1, 3)))) if plan.rotten else ()
    build = build or Build(capacity=shape.choice((3, 10, 10_000)))
    feed = RowFeed(shape.randrange(10, 100))
    try:
        world = World(seed, plan, partial(_cast, feed), build)
        world.post(BeginChain(parcels=parcels, leaflets=leaflets, rotten=rotten), "producer")
        world.back_up()
        world.run()
        world.misfortune.struck[POISON] += len(rotten)
        _check_sums(world, parcels, leaflets, rotten, feed.rows)
    except DeskError as error:
        raise SeedFailedError(seed, error) from error
    return Outcome(
        seed, world.trace, world.turns, world.watch.steps, dict(sorted(world.misfortune.struck.items()))
    )


def run_campaign(seeds: range) -> Campaign:
    """All these seeds, one after the other. Raises `SeedFailedError` at the first that fails."""
    struck: Counter[str] = Counter()
    steps = 0
    for seed in seeds:
        outcome = run_seed(seed)
        struck.update(outcome.struck)
        steps += outcome.steps
    return Campaign(len(seeds), steps, dict(struck), tuple(kind for kind in KINDS if not struck[kind]))


def _cast(feed: RowFeed, world: World) -> Mapping[Address, Role]:
    office = StampOffice(lambda: world.chance.randrange(3 * MILLISECOND))
    return {
        address: Role(
            make,
            outside=office if address == "counter" else None,
            feed=feed if address == "watcher" else None,
        )
        for address, make in CAST.items()
    }


def _check_sums(world: World, parcels: int, leaflets: int, rotten: tuple[int, ...], rows: int) -> None:
    """Every number was counted once, nothing is owed, and the outside gave what the desk thinks it was given."""
    good = [number for number in range(1, parcels + 1) if number not in rotten]
    stamped = [number for number in good if number % STAMP_EVERY == 0]
    reminded = [number for number in good if number % REMIND_EVERY == 0]
    looked = list(range(LOOK_EVERY, rows + 1, LOOK_EVERY))
    counter, listener = (world.watch.shadows[name].actor.state for name in ("counter", "listener"))
    office = world.roles["counter"].outside
    assert isinstance(office, StampOffice)
    found_and_expected: dict[str, tuple[Any, Any]] = {
        "parcels counted, in order": (counter.parcels, good),
        "receipts heard, in order": (listener.receipts, good),
        "leaflets counted": (sorted(counter.leaflets), list(range(1, leaflets + 1))),
        "stamps noted": (sorted(counter.stamped), stamped),
        "stamps owed": (counter.asked, {}),
        "stamps given by the outside": (sorted(office.given), stamped),
        "reminders sent": (sorted(counter.reminded), reminded),
        "reminders heard": (sorted(listener.reminders), reminded),
        "looks taken, in order": (world.watch.shadows["watcher"].actor.state.looked, looked),
        "looks heard of, in order": (listener.sightings, looked),
        "dead letters noted": (len(set(world.watch.shadows["risk"].actor.state.buried)), len(rotten)),
        "dead letters noted twice": (len(world.watch.shadows["risk"].actor.state.buried), len(rotten)),
    }
    for what, (found, expected) in found_and_expected.items():
        if found != expected:
            raise InvariantError(f"{what}: expected {expected}", field=f"seed {world.seed}", value=found)


def main(arguments: list[str] | None = None) -> int:
    """The command line; prints one JSON object. Exit code 1 when a seed fails or a fault never struck."""
    parser = argparse.ArgumentParser(prog="crash_loop", description=__doc__)
    parser.add_argument("--seed", type=int, help="run one seed")
    parser.add_argument("--seeds", type=int, default=200, help="run this many seeds")
    parser.add_argument("--first", type=int, default=0, help="begin with this seed")
    options = parser.parse_args(arguments)
    try:
        if options.seed is not None:
            print(json.dumps(msgspec.to_builtins(run_seed(options.seed))))
            return 0
        campaign = run_campaign(range(options.first, options.first + options.seeds))
    except SeedFailedError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(msgspec.to_builtins(campaign)))
    return 1 if campaign.never else 0


if __name__ == "__main__":
    sys.exit(main())
