"""A scenario: a name, what it needs, and what it does; grouped by subject, collected in the order they are written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from cluster.conformance.bench import Offer, Tuning

if TYPE_CHECKING:
    from cluster.conformance.desk import Desk

Run = Callable[["Desk"], Awaitable[None]]


class Violation(AssertionError):
    """The port, or the venue behind it, did not do what the scenario demands."""


def demand(holds: bool, told: object) -> None:
    """Raises `Violation` with what was seen unless it holds."""
    if not holds:
        raise Violation(str(told))


def equal(found: object, wanted: object, what: str) -> None:
    """Raises `Violation` unless both are equal."""
    demand(found == wanted, f"{what}: {found!r} instead of {wanted!r}")


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """`alone`: it keeps the machine busy, so that nothing else should be timed beside it."""

    group: str
    name: str
    run: Run
    needs: frozenset[Offer]
    tuning: Tuning
    alone: bool


class Group:
    """Collects the scenarios of one subject."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._scenarios: list[Scenario] = []

    def __iter__(self) -> Iterator[Scenario]:
        return iter(self._scenarios)

    def scenario(
        self, *needs: Offer, alone: bool = False, tuning: Tuning | None = None
    ) -> Callable[[Run], Run]:
        """Take a function in, under its own name."""

        def take(run: Run) -> Run:
            self.add(getattr(run, "__name__", "").replace("_", " "), run, *needs, alone=alone, tuning=tuning)
            return run

        return take

    def add(
        self, name: str, run: Run, *needs: Offer, alone: bool = False, tuning: Tuning | None = None
    ) -> None:
        """Take a scenario in under a name."""
        self._scenarios.append(
            Scenario(
                group=self.name,
                name=name,
                run=run,
                needs=frozenset(needs),
                tuning=tuning or Tuning(),
                alone=alone,
            )
        )
