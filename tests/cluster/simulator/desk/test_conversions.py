"""Desks that must exchange money before they can buy live through drawn crashes and faults, between the legs as well.

The auditor compares cash of both currencies, positions and orders with the venue's in the end, as in any seed.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from cluster.simulator.desk import reached
from cluster.simulator.desk.seed import run_seed
from cluster.simulator.desk.shape import drawn_shape
from messages.treasury import ConversionEnded, ConversionStarted

pytestmark = pytest.mark.unit

SEEDS = 12


def converting() -> list[int]:
    """The first seeds whose desks convert."""
    drawn = (seed for seed in range(1_000) if _converts(seed))
    return [next(drawn) for _ in range(SEEDS)]


def _converts(seed: int) -> bool:
    return drawn_shape(Random(f"desk {seed}")).config.treasury.convert.enabled


def test_two_legs_survive_whatever_strikes_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[str] = Counter()

    def note(kind: type) -> Any:
        before = reached._LOOKS.get(kind)

        def look(counters: reached.Reached, event: Any, section: Any) -> None:
            seen.update([f"{kind.__name__} {getattr(event, 'reason', '')}"])
            if before is not None:
                before(counters, event, section)

        return look

    for kind in (ConversionStarted, ConversionEnded):
        monkeypatch.setitem(reached._LOOKS, kind, note(kind))
    crashes = 0
    for seed in converting():
        outcome = run_seed(seed)
        crashes += sum(count for name, count in outcome.struck.items() if name.endswith("/risk"))
    assert seen["ConversionStarted "] > SEEDS / 2, seen
    assert seen["ConversionEnded conversion"] > SEEDS / 3, seen
    assert crashes > SEEDS
