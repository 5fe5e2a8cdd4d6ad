"""What a drill is: which fault, on which settings, and what must follow. The files in `drills` are made of this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cluster.drill.arrangement import Arrangement
from cluster.drill.evidence import Evidence


class Finding(NamedTuple):
    """Whether something that must follow did, and what was seen."""

    passed: bool
    observed: str


@dataclass(frozen=True)
class Check:
    """One assertion. `judge` gets the run with the fault and the same run without it."""

    says: str
    judge: Callable[[Evidence, Evidence], Finding]


@dataclass(frozen=True)
class Drill:
    """A drill. `length` is how much market data it needs, in ns; `overrides` are laid over the settings.

    `arrange` is given the run without a fault, which is the same up to the fault: so the fault can be put where it
    hurts. It returns None when that run has no such place.
    """

    name: str
    says: str
    length: int
    arrange: Callable[[Evidence], Arrangement | None]
    checks: tuple[Check, ...]
    overrides: tuple[str, ...] = ()


def counted(count: int, least: int = 1) -> Finding:
    """Passes when there are at least so many."""
    return Finding(count >= least, f"{count}")


def none_of(found: list[str]) -> Finding:
    """Passes when there is none; else says which, the first few of them."""
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return Finding(not found, f"{', '.join(found[:3])}{more}" if found else "none")
