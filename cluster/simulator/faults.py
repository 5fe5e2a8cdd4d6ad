"""What can go wrong in a simulation: the kinds of faults, a seed's own mixture of them, and a count of what happened.

Swarm testing: every seed draws which kinds it has at all and how often each strikes, so that rare combinations
come up; the counts fail a campaign that never reached what it claims to test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Final

import msgspec

MILLISECOND = 1_000_000

CRASH_POINTS: Final = (
    "before_commit",
    "after_commit",
    "before_effect",
    "during_effect",
    "after_effect",
    "in_recovery",
    "in_snapshot",
    "in_claim",
)
"""The failpoints of a host's life, by the names of `cluster.host.failpoints`."""

_HIGHEST: Final[Mapping[str, float]] = {
    **dict.fromkeys(CRASH_POINTS, 0.08),
    "request_lost": 0.08,
    "commit_reply_lost": 0.15,
    "late_commit": 0.1,
    "reply_lost": 0.08,
}
"""Faults that strike as their place is passed: the highest probability of each."""

_SHORTEST: Final[Mapping[str, int]] = {
    "store_away": 30 * MILLISECOND,
    "store_rolled_back": 40 * MILLISECOND,
    "double_incarnation": 15 * MILLISECOND,
    "paused_zombie": 20 * MILLISECOND,
}
"""Faults that come over the world from time to time: the shortest mean time between two of each, in ns."""

POISON = "poison"
KINDS: Final = (*_HIGHEST, *_SHORTEST, POISON)
"""Every kind of fault, in a fixed order."""


class FaultPlan(msgspec.Struct, frozen=True):
    """One seed's mixture.

    `rates` are probabilities per passing, `intervals` mean ns between two, `rotten` says whether there is poison;
    all of it ends at desk time `until`, and everything must then come to rest.
    """

    rates: dict[str, float]
    intervals: dict[str, int]
    rotten: bool
    until: int

    @classmethod
    def drawn(cls, chance: Random, until: int) -> FaultPlan:
        """Draw a mixture: each kind is in with probability one half, and rare or frequent."""
        rates = {kind: chance.uniform(0.005, top) for kind, top in _HIGHEST.items() if chance.random() < 0.5}
        intervals = {
            kind: round(shortest * chance.uniform(1.0, 5.0))
            for kind, shortest in _SHORTEST.items()
            if chance.random() < 0.5
        }
        return cls(rates, intervals, chance.random() < 0.5, until)

    @classmethod
    def none(cls) -> FaultPlan:
        """Nothing goes wrong."""
        return cls({}, {}, False, 0)


class Misfortune:
    """Draws faults by a plan and counts what struck; `calm` ends them."""

    def __init__(self, plan: FaultPlan, chance: Random) -> None:
        self.plan = plan
        self.calm = False
        self.struck: Counter[str] = Counter()
        self._chance = chance

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind happens here and now."""
        if self.calm or self._chance.random() >= self.plan.rates.get(kind, 0.0):
            return False
        self.struck[kind] += 1
        return True

    def wait(self, kind: str) -> int:
        """How long until the next fault of a kind that comes from time to time, in ns."""
        return round(self._chance.expovariate(1.0) * self.plan.intervals[kind])
