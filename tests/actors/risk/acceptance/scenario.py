"""One scenario that a reference system was accepted by, and the tests that hold this desk to it."""

from __future__ import annotations

from typing import NamedTuple


class Scenario(NamedTuple):
    """`tests` by file below `tests/`, without names all of it; `why`: what differs here, or why nothing applies."""

    told: str
    tests: dict[str, tuple[str, ...]]
    why: str = ""
