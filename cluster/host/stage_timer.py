"""How long the stages of a decision take on this machine, against their budgets.

Actors have no clock: they tell whoever hosts them that a stage has ended, and only the real desk's processes measure
it. A replay or a backtest has nobody to tell, and decides the same.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping

import msgspec

from messages.decisions import StageOverran

LOG = logging.getLogger("raydesk.stages")

BEGIN, END = "begin", "decision"
"""What is told when a decision begins and when the whole of it has ended."""

_MILLISECOND = 1_000_000

EVERY = 60_000 * _MILLISECOND
"""How often a stage that is always too slow is told of, in ns of machine time."""


class StageBudget(msgspec.Struct, frozen=True):
    """What a stage should take, and from when on it is a warning; ns."""

    target: int
    limit: int


_SMALL = StageBudget(10 * _MILLISECOND, 50 * _MILLISECOND)

BUDGETS: Mapping[str, StageBudget] = {
    "inference": StageBudget(100 * _MILLISECOND, 200 * _MILLISECOND),
    "prediction": _SMALL,
    "blending": _SMALL,
    "arbitration": _SMALL,
    "gating": _SMALL,
    "sizing": _SMALL,
    END: StageBudget(500 * _MILLISECOND, 2_000 * _MILLISECOND),
}


class StageTimer:
    """Measures one decision after the other; `missed` counts stages beyond their target, `breached` beyond their limit.

    `clock` is in ns and never goes back. `tell` is told of what is beyond its limit, of each stage at most once in
    `EVERY`; it is set by whoever has somebody to tell.
    """

    def __init__(self, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock = clock
        self._began = self._last = 0
        self._told_at: dict[str, int] = {}
        self._untold: Counter[str] = Counter()
        self.tell: Callable[[StageOverran], None] = lambda overrun: None
        self.missed: Counter[str] = Counter()
        self.breached: Counter[str] = Counter()

    def __call__(self, stage: str) -> None:
        """A stage has ended; see `StrategyActor`."""
        now = self._clock()
        if stage == BEGIN:
            self._began = self._last = now
            return
        took = now - (self._began if stage == END else self._last)
        self._last = now
        budget = BUDGETS.get(stage)
        if budget is None or took <= budget.target:
            return
        self.missed[stage] += 1
        if took > budget.limit:
            self.breached[stage] += 1
            self._untold[stage] += 1
            if stage not in self._told_at or now - self._told_at[stage] >= EVERY:
                self._told_at[stage] = now
                self._report(stage, took, budget.limit)

    def _report(self, stage: str, took: int, limit: int) -> None:
        LOG.warning(
            "the stage %s took %.0f ms, its limit is %.0f ms",
            stage,
            took / _MILLISECOND,
            limit / _MILLISECOND,
            extra={"stage": stage, "took_ns": took, "limit_ns": limit},
        )
        self.tell(StageOverran(stage, took, limit, self._untold.pop(stage)))
