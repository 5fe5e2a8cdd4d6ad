"""What can go wrong around a desk: the kinds of faults, a seed's own mixture, and whom each has struck.

Swarm testing, as in `cluster.simulator.faults`: half the kinds are absent from a seed, the others rare or frequent.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Final

from cluster.simulator.faults import CRASH_POINTS, MILLISECOND, FaultPlan, Misfortune
from messages.base import Address

SECOND: Final = 1_000 * MILLISECOND

HOST_PASSING: Final = {
    **dict.fromkeys(CRASH_POINTS, 0.04),
    "in_recovery": 0.15,
    "in_claim": 0.15,
    "in_snapshot": 0.15,
    "request_lost": 0.02,
    "commit_reply_lost": 0.04,
    "late_commit": 0.03,
    "reply_lost": 0.02,
    "actor_raises": 0.01,
}
"""Faults of a process and its line to the store: the highest probability per passing."""

SUPERVISION_PASSING: Final = {"start_fails": 0.25, "start_hangs": 0.15, "kill_missed": 0.6}
"""Faults of what supervisors do: a start that fails or takes for ever, a kill that does not reach its process."""

VENUE_PASSING: Final = {
    "request_unsent": 0.12,
    "request_vanishes": 0.15,
    "answer_vanishes": 0.15,
    "request_late": 0.12,
    "request_overdue": 0.08,
    "request_doubled": 0.12,
    "change_vanishes": 0.5,
    "change_late": 0.5,
    "change_answer_vanishes": 0.7,
    "rate_limited": 0.12,
    "server_error": 0.12,
    "answer_slow": 0.2,
    "events_late": 0.2,
    "events_doubled": 0.2,
}
"""Faults between execution and a venue, per request, or per batch of its stream's events.

Changes of orders are rare beside everything else: what befalls them has kinds of its own.
"""

RECURRING: Final = {
    "killed": 350 * MILLISECOND,
    "paused": 450 * MILLISECOND,
    "believed_dead": 700 * MILLISECOND,
    "root_doubled": 900 * MILLISECOND,
    "store_away": 800 * MILLISECOND,
    "store_rolled_back": 1_000 * MILLISECOND,
    "stream_cut": 400 * MILLISECOND,
    "venue_out": 1_000 * MILLISECOND,
    "clock_jumps": 400 * MILLISECOND,
    "garbage_mail": 700 * MILLISECOND,
    "operator": 400 * MILLISECOND,
    "halted": 250 * MILLISECOND,
    "traded_by_hand": 600 * MILLISECOND,
    "symbol_moved": 200 * MILLISECOND,
    "limit_set": 250 * MILLISECOND,
    "money_moved": 500 * MILLISECOND,
    "halted_at_approval": 1_000 * MILLISECOND,
}
"""Faults (and people) that come over the desk from time to time: the shortest mean time between two, ns."""

KINDS: Final = (*HOST_PASSING, *SUPERVISION_PASSING, *VENUE_PASSING, *RECURRING)
"""Every kind of fault, in a fixed order."""

_AT_VENUES: Final = frozenset({*VENUE_PASSING, "stream_cut", "venue_out", "traded_by_hand", "symbol_moved"})
"""Kinds that leave processes, the store and people's commands to the whole desk alone."""

_OFTEN: Final = {"change_answer_vanishes": 0.9}
"""Kinds that few desks can meet, and so are in most seeds."""

_APART: Final = {"money_moved": 0.35, "halted_at_approval": 0.35}
"""Kinds that are drawn from a source of their own, and their shares; see `cluster.simulator.desk.risk_shape`."""

_EVERYBODY = ("strategy", "risk", "execution", "supervisor")
_PROCESSES = (*_EVERYBODY, "universe")
_DECIDERS = ("strategy", "risk", "execution")

STRIKES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(HOST_PASSING, _PROCESSES),
    **dict.fromkeys(("before_effect", "during_effect", "after_effect"), ("execution", "supervisor")),
    **dict.fromkeys(SUPERVISION_PASSING, _PROCESSES),
    "actor_raises": (*_DECIDERS, "universe"),
    **dict.fromkeys(VENUE_PASSING, ("execution",)),
    **dict.fromkeys(("killed", "paused", "believed_dead"), _PROCESSES),
    "clock_jumps": (*_DECIDERS, "universe"),
    "root_doubled": ("supervisor",),
    "store_away": ("store",),
    "store_rolled_back": ("store",),
    "stream_cut": ("execution",),
    "venue_out": ("execution",),
    "garbage_mail": _DECIDERS,
    "operator": ("operator",),
    "halted": ("operator",),
    "traded_by_hand": ("operator",),
    "symbol_moved": ("operator",),
    "limit_set": ("operator",),
    "money_moved": ("operator",),
    "halted_at_approval": ("operator",),
}
"""Whom each kind can strike, by role."""


def drawn_plan(chance: Random, until: int) -> FaultPlan:
    """A seed's mixture: each kind is in with probability one half; all end at `until`.

    In two seeds of five hardly anything goes wrong but at the venues: there a desk gets to trade a lot in spite of it.
    """
    elsewhere = chance.choice((0.5, 0.5, 0.5, 0.05, 0.05))
    passing = {**HOST_PASSING, **SUPERVISION_PASSING, **VENUE_PASSING}

    def is_in(kind: str) -> bool:
        return chance.random() < (_OFTEN.get(kind, 0.5) if kind in _AT_VENUES else elsewhere)

    rates = {kind: chance.uniform(0.1, 1.0) * top for kind, top in passing.items() if is_in(kind)}
    intervals = {
        kind: round(shortest * chance.uniform(1.0, 4.0))
        for kind, shortest in RECURRING.items()
        if kind not in _APART and is_in(kind)
    }
    return FaultPlan(rates, intervals, False, until)


def with_rare_people(plan: FaultPlan, chance: Random) -> FaultPlan:
    """A seed's mixture with people who move money, or halt the desk at the worst moment, each in a third."""
    intervals = {
        kind: round(RECURRING[kind] * chance.uniform(1.0, 4.0))
        for kind, share in _APART.items()
        if chance.random() < share
    }
    return FaultPlan(plan.rates, plan.intervals | intervals, plan.rotten, plan.until)


def role_of(address: Address) -> str:
    """The role of an actor, by its address."""
    return address.partition("/")[0]


class DeskMisfortune(Misfortune):
    """Draws faults and counts whom they struck: `victim` is who is at work."""

    def __init__(self, plan: FaultPlan, chance: Random) -> None:
        super().__init__(plan, chance)
        self.victim: Address = ""
        self.victims: Counter[tuple[str, str]] = Counter()

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind happens here and now, to `victim`."""
        if not super().strikes(kind):
            return False
        self.victims[kind, role_of(self.victim)] += 1
        return True

    def struck_by(self, kind: str, role: str) -> None:
        """A fault that came over the desk has struck an actor of this role."""
        self.struck[kind] += 1
        self.victims[kind, role] += 1
