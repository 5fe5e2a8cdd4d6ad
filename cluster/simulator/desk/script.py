"""Faults by script: named passings strike, and nothing else, so that a failing history can be made smaller.

A fault that is drawn disturbs every draw behind it. Here the schedule is drawn from the seed alone and the faults are
given beside it: `(kind, n)` strikes at the n-th passing of that kind, so that each can be left out by itself.

A failing script is made as small as it goes in three passes: whole kinds are left out, then ever smaller parts of what
is left (ddmin: Zeller, Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002), and in the end one fault
of the kinds that remain is looked for that does it alone. The last pass is needed because a fault changes the history
behind it: of two that only fail together the first may do no more than shift the passings of the second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import Final

from cluster.simulator.desk.faults import HOST_PASSING, SUPERVISION_PASSING, VENUE_PASSING, DeskMisfortune
from cluster.simulator.faults import FaultPlan

Script = tuple[tuple[str, int], ...]

SCRIPTED: Final = (*HOST_PASSING, *SUPERVISION_PASSING, *VENUE_PASSING)
"""The kinds that a script can name: those that strike as their place is passed."""


LAST_PASSING: Final = 60
"""Scripts name passings up to this one."""


def shrunk(script: Script, fails: Callable[[Script], bool]) -> Script:
    """The smallest script found that `fails` as `script` does, itself if none is smaller. Asks a few hundred times."""
    for kind in dict.fromkeys(kind for kind, _ in script):
        fewer = tuple(fault for fault in script if fault[0] != kind)
        if fewer != script and fails(fewer):
            script = fewer
    script = _parts_left_out(script, fails)
    if len(script) < 2:
        return script
    alone = (
        ((kind, passing),)
        for kind in dict.fromkeys(kind for kind, _ in script)
        for passing in range(1, LAST_PASSING + 1)
    )
    return next((each for each in alone if fails(each)), script)


def _parts_left_out(script: Script, fails: Callable[[Script], bool]) -> Script:
    """`script` without any part that it fails without, from halves down to single faults."""
    parts = 2
    while len(script) > 1:
        size = -(-len(script) // parts)
        starts = range(0, len(script), size)
        fewer = next(
            (left for at in starts if fails(left := script[:at] + script[at + size :])),
            None,
        )
        if fewer is not None:
            script, parts = fewer, max(2, parts - 1)
        elif size == 1:
            break
        else:
            parts = min(len(script), 2 * parts)
    return script


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
