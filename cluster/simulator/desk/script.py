"""Faults by script: named passings strike, and nothing else, so that a failing history can be made smaller.

A fault that is drawn disturbs every draw behind it. Here the schedule is drawn from the seed alone and the faults are
given beside it: `(kind, n)` strikes at the n-th passing of that kind, so that each can be left out by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Final

from cluster.simulator.desk.faults import HOST_PASSING, SUPERVISION_PASSING, VENUE_PASSING, DeskMisfortune
from cluster.simulator.faults import FaultPlan

Script = tuple[tuple[str, int], ...]

SCRIPTED: Final = (*HOST_PASSING, *SUPERVISION_PASSING, *VENUE_PASSING)
"""The kinds that a script can name: those that strike as their place is passed."""


class ScriptedMisfortune(DeskMisfortune):
    """Strikes where the script says; see the module docstring."""

    def __init__(self, plan: FaultPlan, chance: Random, script: Iterable[tuple[str, int]]) -> None:
        super().__init__(plan, chance)
        self._script = dict.fromkeys(script)
        self._passed: Counter[str] = Counter()

    def strikes(self, kind: str) -> bool:
        """See `DeskMisfortune.strikes`; draws nothing."""
        self._passed[kind] += 1
        if self.calm or (kind, self._passed[kind]) not in self._script:
            return False
        self.struck_by(kind, self.victim.partition("/")[0])
        return True
