"""What an auditor raises: which invariant does not hold, of whom, and what was seen."""

from __future__ import annotations

from collections.abc import Iterable

from messages.base import Address
from messages.errors import InvariantError


class Finding(InvariantError):
    """An invariant of the desk is broken. `invariant` is its number, `actors` are those whose histories tell how."""

    reason_code = "invariant_broken"

    def __init__(self, invariant: int, message: str, *, actors: Iterable[Address], value: object) -> None:
        self.invariant = invariant
        self.actors = tuple(actors)
        super().__init__(
            f"invariant {invariant}: {message}",
            field=", ".join(self.actors),
            value=value,
            remedy="a defect of the desk: reproduce the seed and read the histories",
        )
