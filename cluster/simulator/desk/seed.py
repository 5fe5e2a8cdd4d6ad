"""One seed's whole history: a desk is drawn, lives through its faults, comes to rest, and its books are compared."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec

from cluster.simulator.desk.audit.books import check_books
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.calm import Calm
from cluster.simulator.desk.faults import SECOND, DeskMisfortune
from cluster.simulator.desk.shape import DeskShape, drawn_shape, settled_after
from cluster.simulator.desk.troubles import Troubles
from cluster.simulator.desk.world import DeskWorld
from messages.errors import DeskError, InvariantError

_MOST_TURNS = 200_000
_BROKEN = (DeskError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What a seed ends with that found something: a broken invariant, or a defect that shows as any other error."""


class SeedOutcome(msgspec.Struct, frozen=True):
    """One seed's history: a hash over all that happened, its length, what struck whom, what was reached.

    `struck` counts faults as `kind/role`; `rested_after` is how long after the market's end all was at rest, ns.
    """

    seed: int
    trace: str
    turns: int
    steps: int
    orders: int
    fills: int
    rested_after: int
    struck: dict[str, int]
    reached: dict[str, int]


class SeedFailedError(InvariantError):
    """An invariant broke under a seed. `reproduce` shows it again, `history` is what the actors involved did last."""

    reason_code = "seed_failed"

    def __init__(self, seed: int, step: int, invariant: str, cause: Exception, history: str) -> None:
        self.seed = seed
        self.step = step
        self.invariant = invariant
        self.cause = cause
        self.history = history
        self.reproduce = f"raydesk chaos --simulated --seeds 1 --first-seed {seed}"
        super().__init__(
            f"seed {seed}, step {step}: {type(cause).__name__}: {cause}\n{history}",
            remedy=f"reproduce with: {self.reproduce}",
        )


def run_seed(
    seed: int,
    *,
    chance: Random | None = None,
    shape: DeskShape | None = None,
    misfortune: Callable[[DeskShape, Random], DeskMisfortune] = lambda shape, chance: DeskMisfortune(
        shape.plan, chance
    ),
) -> SeedOutcome:
    """One seed's whole history. Raises `SeedFailedError` when something that must hold does not.

    `chance` takes the place of the seed's own, `shape` that of the drawn desk, `misfortune` decides what strikes.
    """
    chance = chance or Random(f"desk {seed}")
    shape = shape or drawn_shape(chance)
    world = DeskWorld(shape, chance, misfortune(shape, chance))
    try:
        rested = _live(world)
    except _BROKEN as error:
        raise _failed(world, seed, error) from error
    return SeedOutcome(
        seed,
        world.trace,
        world.turns,
        world.watch.steps,
        len(world.watch.orders.promises),
        len(world.watch.orders.fills),
        rested,
        {f"{kind}/{role}": count for (kind, role), count in sorted(world.misfortune.victims.items())},
        dict(sorted(world.reached.counts.items())),
    )


def _live(world: DeskWorld) -> int:
    """Run to rest and compare the books; returns how long after the market's end rest came, ns."""
    calm = Calm(world)
    Troubles(world)
    world.begin()
    world.backups.take()
    end, latest = world.shape.feed.start + world.shape.trading, settled_after(world.shape)
    looked = end + SECOND
    while world.turns < _MOST_TURNS:
        world.step()
        now = world.clock.now
        if now < looked or not world.idle:
            continue
        looked = now + SECOND // 2
        unsettled = next(calm.unsettled(), None)
        if unsettled is None:
            _compare_books(world)
            return now - end
        if now > latest:
            break
    open_ends = list(calm.unsettled())
    addresses = [name for name in world.cast.addresses if any(name in each for each in open_ends)]
    raise Finding(4, "the desk does not come to rest", actors=addresses or ["risk"], value=open_ends[:8])


def _compare_books(world: DeskWorld) -> None:
    world.membership.check_left()
    watch, config = world.watch, world.shape.config
    check_books(
        {address: shadow.actor.state for address, shadow in watch.shadows.items()},
        {name: exchange.venue for name, exchange in world.exchanges.items()},
        watch.orders,
        watch.limits.portfolio,
        {name: venue.starting_balances for name, venue in config.venues.items()},
        strategies=watch.renewals == 0,
        moved=world.moved,
        conversions=[symbol for symbol, listed in config.symbols.items() if listed.converts],
    )


def _failed(world: DeskWorld, seed: int, error: Exception) -> SeedFailedError:
    invariant = _invariant(error)
    if isinstance(error, Finding):
        actors = list(error.actors)
    else:
        field = getattr(error, "field", None)
        actors = [field] if field in world.watch.shadows else ["risk", *world.watch.shadows]
    return SeedFailedError(seed, world.watch.steps, invariant, error, world.history.told(actors))


def _invariant(error: Exception) -> str:
    """The number of the invariant that broke; `error` for one that nobody planned, which breaks them all."""
    if isinstance(error, Finding):
        return str(error.invariant)
    if not isinstance(error, InvariantError):
        return "error"
    return "6" if any(word in error.message for word in ("claim", "acted")) else "5"
